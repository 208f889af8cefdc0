"""Tables from anywhere and back: sources, dtypes, what is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.core import mltable
from automl_components.core.errors import DataError
from automl_components.core.tables import read_table, scan_columns, table_files, write_mltable, write_table

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None]})


@pytest.fixture
def memory() -> Iterator[Any]:
    """fsspec's memory:// file system, empty before and after."""
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield fs
    fs.store.clear()


@pytest.fixture(params=["local", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path, memory: Any) -> str:
    """A folder's address."""
    return str(tmp_path) if request.param == "local" else "memory://place"


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv", "t.tab", "t.parquet", "t.pq", "t.jsonl", "t.ndjson", "T.CSV"]
)
def test_files_by_their_ending(place: str, name: str) -> None:
    write_table(FRAME, f"{place}/{name}")
    pd.testing.assert_frame_equal(read_table(f"{place}/{name}"), FRAME)
    assert scan_columns(f"{place}/{name}") == ["a", "b"]
    assert table_files(f"{place}/{name}") == [f"{place}/{name}"]


def test_paths_and_compressed_files(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,x\n2,\n"))
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1, "b": "x"}\n{"a": 2}\n'))
    for name in ("t.csv.gz", "t.jsonl.gz"):
        pd.testing.assert_frame_equal(read_table(tmp_path / name), FRAME)


WORDS = b'n,t,q\n1,NA,"NA"\n2,null,""\nNA,None,<NA>\n4,nan,N/A\n<NA>,na,x\n'


@pytest.mark.parametrize("limit", [64 << 20, 0])
def test_words_for_missing_values_in_a_plain_csv(
    tmp_path: Path, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pandas reads them, but for ``None``: the name of a category in too many tables."""
    monkeypatch.setattr("automl_components.core.mltable.delimited.WHOLE", limit)  # whole, or block by block
    (tmp_path / "t.csv").write_bytes(WORDS)
    frame = read_table(tmp_path / "t.csv")
    assert frame["n"].dtype == "float64"
    assert frame["n"].fillna(-1).tolist() == [1, 2, -1, 4, -1]
    assert frame["t"].fillna("?").tolist() == ["?", "?", "None", "?", "na"]
    assert frame["q"].fillna("?").tolist() == ["?", "?", "?", "?", "x"]
    expected = pd.read_csv(tmp_path / "t.csv")
    assert expected["t"].isna().tolist() == [True, True, True, True, False]
    assert frame[["n", "q"]].isna().equals(expected[["n", "q"]].isna())


def test_words_for_missing_values_mean_what_azure_says_where_there_is_an_mltable_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"n,t\n1,NA\nNA,null\n3,\n4,x\n")
    (tmp_path / "MLTable").write_text("paths: [{file: ./t.csv}]\ntransformations: [read_delimited]\n")
    assert read_table(tmp_path)["t"].fillna("?").tolist() == ["NA", "null", "?", "x"]
    (tmp_path / "MLTable").write_text(
        "paths: [{file: ./t.csv}]\ntransformations: [{read_delimited: {null_values: ['null']}}]\n"
    )
    assert read_table(tmp_path)["t"].fillna("?").tolist() == ["NA", "?", "?", "x"]
    mltable.load(tmp_path).save(tmp_path / "again")
    assert read_table(tmp_path / "again")["t"].fillna("?").tolist() == ["NA", "?", "?", "x"]


def test_the_penguins_without_a_sex(tmp_path: Path) -> None:
    from automl_components.demo import penguins_table

    assert read_table(penguins_table())["sex"].isna().sum() == 11


def test_a_folder_with_an_mltable_file(place: str, tmp_path: Path) -> None:
    write_table(FRAME, f"{place}/data/t.csv")
    fs, path = fsspec.core.url_to_fs(place)
    fs.pipe_file(
        f"{path}/MLTable", b"paths: [{file: ./data/t.csv}]\ntransformations: [read_delimited, {take: 1}]\n"
    )
    assert read_table(place)["a"].tolist() == [1]
    assert read_table(f"{place}/MLTable")["a"].tolist() == [1]
    assert read_table(mltable.load(place).drop_columns("b")).columns.tolist() == ["a"]
    assert scan_columns(mltable.load(place).drop_columns("b")) == ["a"]
    assert table_files(place) == [f"{place}/MLTable", f"{place}/data/t.csv"]


def test_folders_and_patterns(place: str) -> None:
    write_table(FRAME, f"{place}/csv/1.csv")
    write_table(FRAME, f"{place}/csv/sub/2.csv")
    write_table(FRAME, f"{place}/parquet/1.parquet")
    write_table(FRAME, f"{place}/parquet/2.parquet")
    assert (
        len(read_table(f"{place}/csv"))
        == len(read_table(f"{place}/csv/"))
        == len(read_table(f"{place}/parquet"))
        == 4
    )
    assert len(read_table(f"{place}/csv/*.csv")) == 2
    assert len(read_table(f"{place}/**/*.csv")) == 4
    assert len(read_table(f"{place}/*/1.parquet")) == 2
    assert table_files(f"{place}/parquet") == [f"{place}/parquet/1.parquet", f"{place}/parquet/2.parquet"]
    with pytest.raises(DataError, match=r"holds files of different kinds: .* give a pattern"):
        read_table(place)


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    write_table(FRAME, tmp_path / "t[1].csv")
    assert len(read_table(tmp_path / "t[1].csv")) == 2


def test_a_delta_table(tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    deltalake.write_deltalake(tmp_path / "t", pa.table({"a": [1, 2]}))
    assert sorted(read_table(tmp_path / "t")["a"]) == [1, 2]
    assert any("_delta_log" in name for name in table_files(tmp_path / "t"))


def test_parquet_under_another_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "part-0000")
    assert read_table(tmp_path / "part-0000")["a"].tolist() == [1]
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    with pytest.raises(
        DataError, match=r"t\.xlsx: what kind of table is it\? Known endings are \.csv, .*MLTable file"
    ):
        read_table(tmp_path / "t.xlsx")


def test_frames() -> None:
    assert read_table(FRAME) is FRAME
    odd = pd.DataFrame([[1, 2]], columns=[0, ("a", "b")])
    assert read_table(odd).columns.tolist() == scan_columns(odd) == ["0", "('a', 'b')"]
    assert odd.columns.tolist()[0] == 0
    with pytest.raises(
        DataError, match="the DataFrame: column names must be unique; more than once there are '1'"
    ):
        read_table(pd.DataFrame([[1, 2]], columns=[1, "1"]))
    with pytest.raises(DataError, match="has 2 rows of column names; join them into one"):
        read_table(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])))


def test_what_is_no_table(tmp_path: Path) -> None:
    for thing in (None, 3, [1], {"path": "a.csv"}):
        with pytest.raises(
            DataError, match="is no table; give a DataFrame, a path, an address or an MLTable"
        ):
            read_table(thing)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"none\.csv: there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"\*\.csv: no file matches"):
        read_table(tmp_path / "*.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: the folder holds no data files"):
        read_table(tmp_path / "empty")
    with pytest.raises(DataError, match="azureml addresses"):
        read_table("azureml://datastores/x/paths/y.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"a,b\n", "the table has no rows"),
        (b"a,b", "the table has no rows"),
        (b"a,b,a\n1,2,3\n", "column names must be unique; more than once there are 'a'"),
        (b"a,b\n1,2\n1,2,3\n", r"row 3 \(with the header\): expected 2 values, found 3"),
        ("a\né\n".encode("latin-1"), "is not utf-8: byte 0xe9 on line 2"),
        ("a\né\n".encode("utf-16"), "say encoding: utf16"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"bad\.csv.*{message}"):
        read_table(tmp_path / "bad.csv")


def test_no_rows_elsewhere(tmp_path: Path) -> None:
    write_mltable(FRAME[:0], tmp_path / "none")
    for source in (tmp_path / "none", FRAME[:0], mltable.load(tmp_path / "none")):
        with pytest.raises(DataError, match="the table has no rows"):
            read_table(source)
    assert scan_columns(tmp_path / "none") == ["a", "b"]


def test_wide_tables(tmp_path: Path) -> None:
    wide = pd.DataFrame(np.arange(6_000.0).reshape(2, 3_000) / 2, columns=[f"c{i}" for i in range(3_000)])
    write_mltable(wide, tmp_path / "t")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t"), wide)
    write_table(wide, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), wide, check_dtype=False)
    assert mltable.load(tmp_path / "t").keep_columns("c2999").to_arrow().num_columns == 1


# ---------------------------------------------------------------- dtypes

EVERY_DTYPE = pd.DataFrame(
    {
        "int8": np.array([1, 2, 3], "int8"),
        "uint64": np.array([1, 2, 2**63], "uint64"),
        "float32": np.array([1, np.nan, np.inf], "float32"),
        "float16": np.array([1, 2, 3], "float16"),
        "bool": [True, False, True],
        "Int32": pd.array([1, None, 3], "Int32"),
        "Float64": pd.array([1.5, None, 3], "Float64"),
        "boolean": pd.array([True, None, False], "boolean"),
        "object bool": pd.Series([True, None, False], dtype=object),
        "object int": pd.Series([2**60 + 1, None, 3], dtype=object),
        "object str": pd.Series(["a", None, "c"], dtype=object),
        "object date": [dt.date(2020, 1, 1)] * 3,
        "object null": pd.Series([None] * 3, dtype=object),
        "str": ["a", None, "c"],
        "string": pd.array(["a", None, "c"], "string"),
        # by NumPy: to_datetime of pandas 2 knows nanoseconds only, so no 1600
        "datetime s": np.array(["2020-01-01", "NaT", "1600-01-01"], "datetime64[s]"),
        "datetime ms": pd.to_datetime(["2020-01-01", None, "2021-01-01"]).as_unit("ms"),
        "datetime ns": pd.to_datetime(["2020-01-01", None, "2021-01-01"]).as_unit("ns"),
        "zoned": pd.to_datetime(["2020-01-01", None, "2021-01-01"]).tz_localize("Europe/Berlin"),
        "zoned s": pd.to_datetime(["2020-01-01", None, "2021-01-01"]).as_unit("s").tz_localize("UTC"),
        "offset": pd.to_datetime(["2020-01-01T00:00:00+02:00"] * 3),
        "timedelta": pd.to_timedelta([1, None, 3], unit="s"),
        "period": pd.period_range("2020", periods=3, freq="M"),
        "category": pd.Categorical(["b", None, "a"], ["z", "b", "a"]),
        "category ordered": pd.Categorical(["b", None, "a"], ["b", "a"], ordered=True),
        "category int": pd.Categorical([3, None, 1], [3, 2, 1]),
        "category float": pd.Categorical([0.5, None, 1.5]),
        "category bool": pd.Categorical([True, None, False]),
        "category date": pd.Categorical(pd.to_datetime(["2020-01-01", None, "2021-01-01"])),
        "category empty": pd.Categorical([None] * 3, ["a"]),
        "": [1, 2, 3],
        'naïve, "odd"\n.name': [1, 2, 3],
        "__index_level_x__": [1, 2, 3],
    }
)


def test_every_dtype_comes_back(tmp_path: Path) -> None:
    write_mltable(EVERY_DTYPE, tmp_path / "t", metadata={"by": "a test"})
    pd.testing.assert_frame_equal(read_table(tmp_path / "t"), EVERY_DTYPE, check_exact=True)
    assert mltable.load(tmp_path / "t").metadata == {"by": "a test"}
    for name in EVERY_DTYPE:  # and each alone, for pandas treats blocks of columns
        write_mltable(EVERY_DTYPE[[name]], tmp_path / "one")
        pd.testing.assert_frame_equal(read_table(tmp_path / "one"), EVERY_DTYPE[[name]], check_exact=True)


def test_dtypes_come_back_in_batches_and_after_transformations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_components.core.mltable import parquet

    monkeypatch.setattr(parquet, "ROWS", 2)
    write_mltable(EVERY_DTYPE, tmp_path / "t")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t"), EVERY_DTYPE)
    some = mltable.load(tmp_path / "t").filter("int8 > 1").drop_columns(["str"])
    expected = EVERY_DTYPE[1:].reset_index(drop=True).drop(columns="str")
    pd.testing.assert_frame_equal(some.to_pandas_dataframe(), expected)


def test_a_converted_category_is_none_any_more(tmp_path: Path) -> None:
    write_mltable(EVERY_DTYPE[["category int", "Int32"]], tmp_path / "t")
    table = mltable.load(tmp_path / "t").convert_column_types({"category int": "float", "Int32": "string"})
    frame = table.to_pandas_dataframe()
    assert frame["category int"].dtype == "float64"
    assert frame["category int"].tolist()[::2] == [3.0, 1.0]
    assert frame["Int32"].tolist()[::2] == ["1", "3"]


def test_many_categories(tmp_path: Path) -> None:
    values = pd.Categorical.from_codes(
        np.arange(200_000) % 70_000, categories=[f"category {i}" * 5 for i in range(70_000)]
    )
    frame = pd.DataFrame({"c": values})
    write_mltable(frame, tmp_path / "t")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t"), frame)


def test_the_index_is_not_kept_and_the_frame_not_changed(tmp_path: Path) -> None:
    frame = pd.DataFrame({0: [1, 2], "m": [1, "x"]}, index=[5, 6])
    write_mltable(frame, tmp_path / "t")
    assert read_table(tmp_path / "t").to_dict("list") == {"0": [1, 2], "m": ["1", "x"]}
    assert frame.columns.tolist() == [0, "m"]
    assert frame["m"].tolist() == [1, "x"]


@pytest.mark.parametrize(
    "values",
    [
        [1, "a", None],
        [dt.date(2020, 1, 1), 2.5, None],
        [1 + 2j, 2, None],
        [True, "x", None],
        [b"x", 1, None],
        [2**70, -1, None],
    ],
)
def test_mixed_values_become_text(tmp_path: Path, values: list[Any]) -> None:
    write_mltable(pd.DataFrame({"m": pd.Series(values, dtype=object)}), tmp_path / "t")
    read = read_table(tmp_path / "t")["m"]
    assert read.tolist()[:2] == ["x" if value == b"x" else str(value) for value in values[:2]]
    assert read.isna().tolist() == [False, False, True]


def test_sparse_columns_become_dense(tmp_path: Path) -> None:
    write_mltable(pd.DataFrame({"s": pd.arrays.SparseArray([0, 1, 0])}), tmp_path / "t")
    assert read_table(tmp_path / "t")["s"].tolist() == [0, 1, 0]


def test_arrow_tables(tmp_path: Path) -> None:
    write_mltable(pa.table({"a": [1], "b": [True]}), tmp_path / "t")
    assert read_table(tmp_path / "t").to_dict("list") == {"a": [1], "b": [True]}


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column names must be unique"):
        write_mltable(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "t")
    with pytest.raises(DataError, match="a list is no table"):
        write_mltable([1], tmp_path / "t")
    with pytest.raises(DataError, match=r"t\.xlsx: end the name in one of \.csv"):
        write_table(FRAME, tmp_path / "t.xlsx")
    assert not list(tmp_path.iterdir())


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_mltable(EVERY_DTYPE, tmp_path / name)
    assert (tmp_path / "one" / "data.parquet").read_bytes() == (
        tmp_path / "two" / "data.parquet"
    ).read_bytes()
    assert (tmp_path / "one" / "MLTable").read_bytes() == (tmp_path / "two" / "MLTable").read_bytes()


COLUMNS = st.one_of(
    st.tuples(
        st.just("Int64"), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3)
    ),
    st.tuples(st.just("float64"), st.lists(st.floats(), min_size=3, max_size=3)),
    st.tuples(st.just("boolean"), st.lists(st.none() | st.booleans(), min_size=3, max_size=3)),
    st.tuples(
        st.just("string"),
        st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=4), min_size=3, max_size=3),
    ),
    st.tuples(
        st.just("category"),
        st.lists(st.none() | st.sampled_from(string.ascii_letters), min_size=3, max_size=3),
    ),
    st.tuples(
        st.just("datetime64[us]"),
        st.lists(
            st.none() | st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1)), min_size=3, max_size=3
        ),
    ),
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), COLUMNS, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_frame_comes_back(columns: dict[str, tuple[str, list[Any]]]) -> None:
    import tempfile

    frame = pd.DataFrame({name: pd.Series(values, dtype=kind) for name, (kind, values) in columns.items()})
    with tempfile.TemporaryDirectory() as folder:
        write_mltable(frame, f"{folder}/t")
        pd.testing.assert_frame_equal(read_table(f"{folder}/t"), frame, check_exact=True)


def test_importing_is_cheap() -> None:
    code = (
        "import sys, automl_components.core.tables; "
        "print([m for m in ('pandas', 'numpy', 'pyarrow', 'fsspec', 'deltalake') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
