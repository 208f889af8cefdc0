"""``convert_column_types``: every type in every form, missing values kept, misfits named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_components.core import mltable
from automl_components.core.errors import DataError, SettingsError
from automl_components.core.mltable import DataType
from automl_components.core.mltable.column_types import parse_column_type
from automl_components.core.mltable.conversion import convert_columns


def convert(values: Any, kind: Any, base: str = "") -> list[Any]:
    column = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
    table = convert_columns(pa.table({"x": column}), ["x"], parse_column_type(kind, "t"), "file.csv", base)
    return table["x"].to_pylist()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1", " 2 ", "", None, "NA", "-3", "4.0", "1e3"], "int", [1, 2, None, None, None, -3, 4, 1000]),
        (["12345678901234567", "+2", "3.0"], "int", [12345678901234567, 2, 3]),
        ([1.0, None, float("nan")], "int", [1, None, None]),
        ([True, None], "int", [1, None]),
        (["1.5", "", "inf", " 2 "], "float", [1.5, None, float("inf"), 2.0]),
        ([1, None], "float", [1.0, None]),
        ([True, False], "float", [1.0, 0.0]),
        ([1, None], "string", ["1", None]),
        ([1.5, 2.0], "string", ["1.5", "2"]),
        ([True], "string", ["true"]),
        ([dt.datetime(2020, 1, 1, 10)], "string", ["2020-01-01 10:00:00.000000"]),
        ([[1, 2], None], "string", ["[1, 2]", None]),
        ([{"a": "é"}], "string", ['{"a": "é"}']),
        (["true", "FALSE", "1", "0", "", None], "boolean", [True, False, True, False, None, None]),
        ([1, 0, None], "boolean", [True, False, None]),
        ([1.0, 0.0], "boolean", [True, False]),
        ([True, None], "boolean", [True, None]),
        (["yes", "no"], {"boolean": {"true_values": ["yes"], "false_values": "no"}}, [True, False]),
        ([1, 2], {"boolean": {"true_values": [2], "false_values": [1]}}, [False, True]),
        (
            ["yes", "?", None],
            {"boolean": {"true_values": ["yes"], "false_values": ["no"], "mismatch_as": "true"}},
            [True, True, None],
        ),
        (
            ["yes", "?", None],
            {"boolean": {"true_values": ["yes"], "false_values": ["no"], "mismatch_as": "false"}},
            [True, False, None],
        ),
        (["2020-01-31", ""], "datetime", [dt.datetime(2020, 1, 31), None]),
        (["31/01/2020", None], {"datetime": {"formats": "%d/%m/%Y"}}, [dt.datetime(2020, 1, 31), None]),
        (
            ["31/01/2020", "2020"],
            {"datetime": {"formats": ["%d/%m/%Y", "%Y"]}},
            [dt.datetime(2020, 1, 31), dt.datetime(2020, 1, 1)],
        ),
        ([20200131], {"datetime": {"formats": "%Y%m%d"}}, [dt.datetime(2020, 1, 31)]),
        (
            ["Aug 3, 2020 01:02:03.5 PM"],
            {"datetime": {"formats": "%b %d, %Y %I:%M:%S.%f %p"}},
            [dt.datetime(2020, 8, 3, 13, 2, 3, 500000)],
        ),
        (
            ["10:30"],
            {"datetime": {"formats": "%H:%M", "date_constant": "2020-02-03"}},
            [dt.datetime(2020, 2, 3, 10, 30)],
        ),
        (
            ["10:30"],
            {"datetime": {"formats": "%H:%M", "date_constant": None}},
            [dt.datetime(1900, 1, 1, 10, 30)],
        ),
        (
            ["2019-01-01", "10:30"],
            {"datetime": {"formats": ["%Y-%m-%d", "%H:%M"], "date_constant": "2020-02-03"}},
            [dt.datetime(2019, 1, 1), dt.datetime(2020, 2, 3, 10, 30)],
        ),
        ([dt.date(2020, 1, 31)], "datetime", [dt.datetime(2020, 1, 31)]),
        ([dt.datetime(2020, 1, 31)], {"datetime": {"formats": "%d"}}, [dt.datetime(2020, 1, 31)]),
        (
            ["a.png", "./b/c.png", "s3://x/d.png", None, "/abs.png"],
            "stream_info",
            ["/home/a.png", "/home/b/c.png", "s3://x/d.png", None, "/abs.png"],
        ),
        (["a%20b.png"], {"stream_info": {"escaped": True}}, ["/home/a b.png"]),
    ],
)
def test_values(values: list[Any], kind: Any, expected: list[Any]) -> None:
    assert convert(values, kind, base="/home") == expected


def test_zones() -> None:
    found = convert(
        ["2020-01-01 10:00 +0200", "2020-01-01 10:00 -0100"], {"datetime": {"formats": "%Y-%m-%d %H:%M %z"}}
    )
    utc = dt.timezone.utc
    assert found == [dt.datetime(2020, 1, 1, 8, tzinfo=utc), dt.datetime(2020, 1, 1, 11, tzinfo=utc)]
    # without formats there is no saying whether all values have a zone, so none is kept
    found = convert(["2020-01-01T10:00:00+02:00", "2020-01-01"], "datetime")
    assert found == [dt.datetime(2020, 1, 1, 8), dt.datetime(2020, 1, 1)]


def test_categories_are_converted_by_their_values() -> None:
    assert convert(pa.array(["1", "2", "1"]).dictionary_encode(), "int") == [1, 2, 1]


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["1", "x1"], "int", "column 'x': 'x1' is not an integer"),
        (["1.5"], "int", "column 'x': 1.5 is not an integer; convert it to float"),
        ([1.5], "int", "1.5 is not an integer; convert it to float"),
        (["99999999999999999999"], "int", "is not an integer"),
        (["a"], "float", "'a' is not a number"),
        (["1,5"], "float", "'1,5' is not a number"),
        (
            ["yes"],
            "boolean",
            r"'yes' is none of the true values \['true', '1'\] and false values \['false', '0'\]",
        ),
        (["Y"], {"boolean": {"true_values": ["y"], "false_values": ["n"]}}, "'Y' is none of the true values"),
        ([2], "boolean", "'2' is none of the true values"),
        ([dt.datetime(2020, 1, 1)], "int", r"timestamp\[us\] values cannot become integers"),
        ([dt.datetime(2020, 1, 1)], "boolean", "cannot become truth values"),
        (
            ["31/01/2020", "2020-01-31"],
            {"datetime": {"formats": "%d/%m/%Y"}},
            "'2020-01-31' is not a date of the format '%d/%m/%Y'",
        ),
        (["soon"], "datetime", "'soon' is not a date of the format ISO 8601"),
        ([[1]], "datetime", "cannot become dates"),
        (["azureml://x/y.png"], "stream_info", "azureml addresses can only be resolved inside"),
    ],
)
def test_misfits(values: list[Any], kind: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        convert(values, kind)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("integer", "unknown column type 'integer'; did you mean 'int'"),
        (3, "unknown column type 3; known: int, float"),
        ({"int": {}}, "int has no options"),
        ({"int": 1, "float": 2}, "give one type"),
        ({"boolean": {"true_value": ["y"]}}, "unknown key 'true_value'; did you mean 'true_values'"),
        ({"boolean": {"true_values": ["y"]}}, "give both true_values and false_values, or neither"),
        ({"boolean": {"true_values": ["y"], "false_values": ["y"]}}, "'y' is both a true and a false value"),
        ({"boolean": {"true_values": [True], "false_values": ["n"]}}, "put it in quotes"),
        ({"boolean": {"mismatch_as": "null"}}, "mismatch_as"),
        (
            {"datetime": {"formats": "%Y", "date_constant": "May"}},
            "'May' is not a date; write it as 2024-01-31",
        ),
        ({"datetime": {"format": "%Y"}}, "unknown key 'format'; did you mean 'formats'"),
        (
            {"stream_info": {"datastore_name": "x"}},
            "datastore_name: Azure's datastores are not supported; put",
        ),
    ],
)
def test_refused(kind: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        mltable.from_paths("a.csv").convert_column_types({"x": kind})


def test_the_whole_step(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "id,day,ok,zip,n1,n2\n007,01022020,y,00501,1,2\n010,03042020,n,90210,,x\n"
    )
    table = mltable.from_delimited_files(str(tmp_path / "a.csv")).convert_column_types(
        {
            "id": DataType.to_string(),
            "day": DataType.to_datetime("%d%m%Y"),
            "ok": DataType.to_bool(["y"], ["n"], "error"),
            ("zip", "n2"): "string",
            "n1": DataType.to_float(),
        }
    )
    frame = table.to_pandas_dataframe()
    assert frame["id"].tolist() == ["007", "010"]  # the text of the file, not of an inferred number
    assert frame["zip"].tolist() == ["00501", "90210"]
    assert frame["day"].tolist() == [pd.Timestamp("2020-02-01"), pd.Timestamp("2020-04-03")]
    assert frame["ok"].tolist() == [True, False]
    assert frame["n1"].isna().tolist() == [False, True]
    assert table.drop_columns("day").columns() == ["id", "ok", "zip", "n1", "n2"]
    with pytest.raises(DataError, match="convert_column_types: there is no column 'ix'"):
        table.convert_column_types({"ix": "int"}).to_arrow()


def test_after_a_filter_types_are_settled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n007\n010\n")
    table = (
        mltable.from_delimited_files(str(tmp_path / "a.csv"))
        .filter("id > 7")
        .convert_column_types({"id": "string"})
    )
    assert table.to_arrow().to_pydict() == {"id": ["10"]}


def test_pieces_of_one_column_have_one_type(tmp_path: Path) -> None:
    for name, day in (
        ("1.csv", "2020-01-01"),
        ("2.csv", "2020-01-01T10:00:00Z"),
        ("3.csv", "soon"),
        ("4.csv", ""),
    ):
        (tmp_path / name).write_text(f"day,n\n{day},1\n")
    table = mltable.from_delimited_files({"folder": str(tmp_path)})
    for kind in ("int", "float", "string", "boolean"):
        converted = table.convert_column_types({"n": kind}).to_arrow()
        assert converted["n"].to_pylist() == [{"string": "1", "boolean": True}.get(kind, 1)] * 4
    known = (
        table.select_partitions([0, 1, 3])
        .convert_column_types({"day": DataType.to_datetime()})
        .to_arrow()["day"]
    )
    assert known.to_pylist() == [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 10), None]


def test_patterns(tmp_path: Path) -> None:
    (tmp_path / "MLTable").write_text(
        """
        paths: [{file: ./a.csv}]
        transformations:
        - read_delimited
        - convert_column_types:
          - {columns: {pattern: ^x_, ignore_case: true}, column_type: string}
          - {columns: [y], column_type: {datetime: {formats: ['%Y', '%d.%m.%Y'], date_constant: null}}}
          - {columns: ok, column_type: {boolean: {true_values: ['yes'], false_values: ['no'], mismatch_as: 'false'}}}
        """
    )
    (tmp_path / "a.csv").write_text("x_1,X_2,y,ok\n01,2,1999,yes\n02,3,01.02.2000,maybe\n")
    assert mltable.load(tmp_path).to_arrow().to_pylist() == [
        {"x_1": "01", "X_2": "2", "y": dt.datetime(1999, 1, 1), "ok": True},
        {"x_1": "02", "X_2": "3", "y": dt.datetime(2000, 2, 1), "ok": False},
    ]


def test_stream_columns_are_relative_to_the_mltable_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": ["img/1.png"]}), tmp_path / "a.parquet")
    table = mltable.from_parquet_files(str(tmp_path / "a.parquet")).convert_column_types(
        {"image": DataType.to_stream()}
    )
    table.save(tmp_path)
    assert mltable.load(tmp_path).to_arrow()["image"].to_pylist() == [f"{tmp_path}/img/1.png"]


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_integers_survive_text(values: list[int | None]) -> None:
    assert convert([*convert(pa.array(values, pa.int64()), "string"), "0"], "int")[:-1] == values


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=1))
def test_floats_survive_text(values: list[float | None]) -> None:
    assert convert([*convert(pa.array(values, pa.float64()), "string"), "0"], "float")[:-1] == values


@given(
    st.lists(st.one_of(st.none(), st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))), min_size=1)
)
def test_dates_survive_text(values: list[dt.datetime | None]) -> None:
    form = "%d|%m|%Y %H:%M:%S.%f"
    text = [None if value is None else value.strftime("%d|%m|%Y %H:%M:%S.%f") for value in values] + [
        "01|01|2000 00:00:00.0"
    ]
    assert convert(text, {"datetime": {"formats": form}})[:-1] == values
