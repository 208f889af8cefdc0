"""Every transformation, alone and in order."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_components.core import mltable
from automl_components.core.errors import DataError, SettingsError
from automl_components.core.mltable import MLTable


@pytest.fixture
def people(tmp_path: Path) -> MLTable:
    """Ten people in two files."""
    lines = [f"{i},n{i},{20 + i},{'UK' if i % 3 else 'US'}" for i in range(10)]
    (tmp_path / "1.csv").write_text("\n".join(["id,name,age,country", *lines[:6]]))
    (tmp_path / "2.csv").write_text("\n".join(["id,name,age,country", *lines[6:]]))
    return mltable.from_delimited_files({"pattern": f"{tmp_path}/*.csv"})


def ids(table: MLTable) -> list[int]:
    return table.to_pandas_dataframe()["id"].tolist()


def test_keep_and_drop(people: MLTable) -> None:
    assert people.keep_columns("age").columns() == ["age"]
    assert people.keep_columns(["country", "id"]).columns() == ["id", "country"]
    assert people.keep_columns([]).columns() == people.columns()
    assert people.drop_columns(("age", "id")).columns() == ["name", "country"]
    assert people.drop_columns([]).columns() == people.columns()
    assert people.drop_columns({"name"}).keep_columns({"id", "age"}).to_arrow().column_names == ["id", "age"]


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ({"pattern": "a"}, ["name", "age"]),
        ({"pattern": "^a"}, ["age"]),
        ({"pattern": "^A"}, []),
        ({"pattern": "^A", "ignore_case": True}, ["age"]),
        ({"pattern": "a", "invert": True}, ["id", "country"]),
        (mltable.Pattern(pattern="^(id|age)$"), ["id", "age"]),
    ],
)
def test_patterns(people: MLTable, pattern: object, kept: list[str]) -> None:
    everything = people.columns()
    dropped = people.drop_columns(pattern)  # type: ignore[arg-type]
    assert (
        dropped.columns()
        == dropped.to_arrow().column_names
        == [name for name in everything if name not in kept]
    )
    if kept:
        table = people.keep_columns(pattern)  # type: ignore[arg-type]
        assert table.columns() == table.to_arrow().column_names == kept


def test_columns_that_cannot_be_chosen(people: MLTable) -> None:
    for table in (
        people.keep_columns(["id", "aeg"]),
        people.drop_columns("aeg"),
        people.take(3).drop_columns("aeg"),
    ):
        with pytest.raises(DataError, match="_columns: there is no column 'aeg'; did you mean 'age'"):
            table.to_arrow()
        with pytest.raises(DataError, match="there is no column 'aeg'"):
            table.columns()
    with pytest.raises(DataError, match="drop_columns: no column is left"):
        people.drop_columns({"pattern": "."}).to_arrow()
    with pytest.raises(SettingsError, match="keep_columns: 'id' is listed twice"):
        people.keep_columns(["id", "id"])
    with pytest.raises(SettingsError, match=r"drop_columns: found \{'a': 1\}|unknown key 'regex'"):
        people.drop_columns({"regex": "a"})
    with pytest.raises(SettingsError, match=r"'a\(' is not a regular expression"):
        people.drop_columns({"pattern": "a("})


def test_columns_of_the_traits_stay(people: MLTable) -> None:
    table = people.with_traits(index_columns=["id"], timestamp_column="age")
    assert table.keep_columns(["id", "age"]).columns() == ["id", "age"]
    for broken in (
        table.drop_columns("age"),
        table.keep_columns(["age", "name"]),
        table.drop_columns({"pattern": "i"}),
    ):
        with pytest.raises(DataError, match="is a column of the table's traits and must stay"):
            broken.to_arrow()


def test_take_and_skip(people: MLTable) -> None:
    assert ids(people.take(3)) == [0, 1, 2]
    assert ids(people.take(0)) == []
    assert ids(people.take(99)) == list(range(10))
    assert ids(people.skip(7)) == [7, 8, 9]
    assert ids(people.skip(99)) == []
    assert ids(people.skip(5).take(3)) == [5, 6, 7]
    assert ids(people.take(8).skip(5)) == [5, 6, 7]
    assert people.take().definition.steps[-1].given == 20
    assert people.show(2)["name"].tolist() == ["n0", "n1"]
    for bad in (-1, 1.5, True, "3", None):
        with pytest.raises(SettingsError, match="should be a number of rows"):
            people.take(bad)  # type: ignore[arg-type]


def test_order_matters(people: MLTable) -> None:
    assert ids(people.filter("id > 3").take(2)) == [4, 5]
    assert ids(people.take(5).filter("id > 3")) == [4]
    assert ids(people.filter("age > 25").keep_columns("id")) == [6, 7, 8, 9]
    with pytest.raises(DataError, match="there is no column 'age'"):
        people.keep_columns("id").filter("age > 25").to_arrow()


def test_tables_are_immutable(people: MLTable) -> None:
    before = repr(people)
    people.take(1)
    people.with_metadata(a=1).metadata["b"] = 2
    assert repr(people) == before


def test_random_sample(people: MLTable) -> None:
    assert ids(people.take_random_sample(0.0)) == []
    assert ids(people.take_random_sample(1.0, seed=3)) == list(range(10))
    assert ids(people.take_random_sample(0.5, seed=3)) == ids(people.take_random_sample(0.5, seed=3))
    assert ids(people.take_random_sample(0.5)) == ids(people.take_random_sample(0.5))
    draws = {tuple(ids(people.take_random_sample(0.5, seed=seed))) for seed in range(8)}
    assert len(draws) > 1
    for bad in (1.5, -0.1, "half", True):
        with pytest.raises(SettingsError, match=r"take_random_sample\.probability"):
            people.take_random_sample(bad)  # type: ignore[arg-type]


def test_a_sample_does_not_depend_on_how_files_are_cut(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("i\n" + "".join(f"{i}\n" for i in range(100)))
    (tmp_path / "parts").mkdir()
    for k in range(4):
        (tmp_path / "parts" / f"{k}.csv").write_text(
            "i\n" + "".join(f"{i}\n" for i in range(25 * k, 25 * k + 25))
        )
    one = mltable.from_delimited_files(tmp_path / "one.csv").take_random_sample(0.3, seed=1)
    parts = mltable.from_delimited_files(tmp_path / "parts").take_random_sample(0.3, seed=1)
    assert one.to_arrow()["i"].to_pylist() == parts.to_arrow()["i"].to_pylist()
    assert 15 < len(one.to_arrow()) < 45


@pytest.mark.parametrize("percent", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", [None, 7])
def test_random_split(people: MLTable, percent: float, seed: int | None) -> None:
    one, other = people.random_split(percent, seed)
    assert sorted(ids(one) + ids(other)) == list(range(10))
    assert ids(one) == ids(people.random_split(percent, seed)[0])


def test_sample_with_bounds(people: MLTable) -> None:
    def sample(lower: float, upper: float) -> list[int]:
        arguments = {"seed": 5, "probability": upper, "probability_lower_bound": lower}
        return ids(people._then("sample", {"sampler": "random_percent", "sampler_arguments": arguments}))

    assert sorted(sample(0.0, 0.4) + sample(0.4, 0.7) + sample(0.7, 1.0)) == list(range(10))
    with pytest.raises(SettingsError, match=r"sample\.sampler: found 'every'"):
        people._then("sample", {"sampler": "every", "sampler_arguments": {"probability": 0.5}})


def test_select_partitions(people: MLTable) -> None:
    assert people.get_partition_count() == 2
    assert ids(people.select_partitions([1])) == [6, 7, 8, 9]
    assert ids(people.select_partitions([1, 0])) == list(range(10))
    assert ids(people.select_partitions([1]).select_partitions([0])) == [6, 7, 8, 9]
    assert ids(people.take(7).select_partitions([1])) == [6]
    for bad in ([], [-1], 1, ["0"]):
        with pytest.raises(SettingsError, match="should be a list of partition numbers"):
            people._then("select_partitions", bad)


# ---------------------------------------------------------------- columns from addresses


def partitioned(folder: Path) -> MLTable:
    for month in ("01", "12"):
        place = folder / "puYear=2019" / f"puMonth={month}"
        place.mkdir(parents=True)
        (place / "part-0.csv").write_text(f"a\n{int(month)}\n")
    return mltable.from_delimited_files({"pattern": f"{folder}/**/*.csv"})


def test_text_columns_from_the_path(tmp_path: Path) -> None:
    table = partitioned(tmp_path).extract_columns_from_partition_format("/puYear={year}/puMonth={month}")
    assert table.columns() == ["a", "year", "month"]
    assert table.partition_keys == ["year", "month"]
    assert table.to_arrow().to_pylist() == [
        {"a": 1, "year": "2019", "month": "01"},
        {"a": 12, "year": "2019", "month": "12"},
    ]
    assert table.filter("month == '12'").to_arrow()["a"].to_pylist() == [12]
    assert table.drop_columns("a").take(1).to_arrow().to_pylist() == [{"year": "2019", "month": "01"}]


@pytest.mark.parametrize(
    ("form", "columns"),
    [
        ("/puYear={when:yyyy}/puMonth={when:MM}", {"when": pd.Timestamp("2019-01-01")}),
        (
            "puYear={y:yyyy}/puMonth={m}/{file}.csv",
            {"y": pd.Timestamp("2019-01-01"), "m": "01", "file": "part-0"},
        ),
        ("/{rest}/part-{n}.csv", {"rest": "puMonth=01", "n": "0"}),
        ("puYear={year}/", {"year": "2019"}),
    ],
)
def test_formats(tmp_path: Path, form: str, columns: dict[str, object]) -> None:
    frame = partitioned(tmp_path).extract_columns_from_partition_format(form).to_pandas_dataframe()
    assert {name: frame[name][0] for name in columns} == columns
    assert list(frame) == ["a", *columns]


def test_dates_of_every_part(memory: object) -> None:
    memory.pipe_file("/Accounts/2019/01/02/03/04/05/data.csv", b"a\n1\n")  # type: ignore[attr-defined]
    table = mltable.from_delimited_files("memory://Accounts").extract_columns_from_partition_format(
        "/{Department}/{PartitionDate:yyyy/MM/dd/HH/mm/ss}/data.csv"
    )
    assert table.partition_keys == ["Department", "PartitionDate"]
    assert table.to_pandas_dataframe().iloc[0].tolist() == [
        1,
        "Accounts",
        pd.Timestamp("2019-01-02 03:04:05"),
    ]
    late = table.filter("PartitionDate >= datetime(2019, 1, 2, 4)")
    assert len(late.to_pandas_dataframe()) == 0


def test_formats_that_do_not_fit(tmp_path: Path) -> None:
    table = partitioned(tmp_path)
    with pytest.raises(DataError, match=r"part-0\.csv does not have the format '/year=\{year\}/'"):
        table.extract_columns_from_partition_format("/year={year}/").to_arrow()
    with pytest.raises(DataError, match="there is a column 'a' already"):
        table.extract_columns_from_partition_format("/puYear={a}/").to_arrow()
    (tmp_path / "2019" / "13").mkdir(parents=True)
    (tmp_path / "2019" / "13" / "a.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"a\.csv: 'm' is not a date: month must be in"):
        mltable.from_delimited_files(
            {"folder": str(tmp_path / "2019")}
        ).extract_columns_from_partition_format("/{m:yyyy/MM}/a.csv").to_arrow()


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("/data/", "should name columns"),
        (None, "should name columns"),
        ("/{a}/{a}", "names 'a' twice"),
        ("/{a:yyyy}/{a:yyyy}", "names 'a' twice"),
        ("/{a:yyyy}/{a}", "names 'a' twice"),
        ("/{a:MM/dd}", "the date 'a' has no year"),
        ("/{a:yyyy/mmm}", "'mmm' is no part of a date; known: yyyy, MM, dd, HH, mm, ss"),
        ("/{a:}", "give the parts of the date"),
    ],
)
def test_formats_that_are_none(form: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        mltable.from_paths("x").extract_columns_from_partition_format(form)  # type: ignore[arg-type]


# ---------------------------------------------------------------- without a reader


def test_paths_alone(people: MLTable, tmp_path: Path) -> None:
    table = mltable.from_paths([{"pattern": f"{tmp_path}/*.csv"}])
    assert table.columns() == ["Path"]
    assert table.to_arrow().to_pydict() == {"Path": [f"{tmp_path}/1.csv", f"{tmp_path}/2.csv"]}
    numbered = table.extract_columns_from_partition_format("/{n}.csv").filter("n == '2'")
    assert numbered.to_arrow().to_pylist() == [{"Path": f"{tmp_path}/2.csv", "n": "2"}]
    assert table.get_partition_count() == 2


def test_validate(people: MLTable, tmp_path: Path) -> None:
    people.validate()
    people.with_traits(timestamp_column="age").validate()
    with pytest.raises(DataError, match="there is no column 'when'; known: age"):
        people.with_traits(timestamp_column="when").validate()
    with pytest.raises(DataError, match=r"none\.csv: there is no such file"):
        mltable.from_delimited_files(str(tmp_path / "none.csv")).validate()
