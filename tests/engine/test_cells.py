"""Reading raw cells: the same value, whatever dtype it comes in."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_components.engine.cells import find_decimal, label, parse_numbers, to_labels, to_numbers
from automl_components.engine.dates import clock, find_formats, find_unit, to_dates

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.decimals(),
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sets(st.text(max_size=2), max_size=2),
    st.just(pd.NA),
    st.just(pd.NaT),
    st.just(np.array([1, 2])),
)


@given(st.lists(anything, max_size=6))
def test_any_cell_can_be_read(cells):
    column = pd.Series(cells, dtype=object, name="c", index=range(5, 5 + len(cells)))
    numbers, labels, dates = to_numbers(column), to_labels(column), to_dates(column)
    assert numbers.dtype == float
    assert not np.isinf(numbers).any()
    assert dates.dtype == "datetime64[us]"
    assert labels.astype(object).fillna("?").tolist() == [label(cell) or "?" for cell in cells]
    for read in (numbers, labels, dates):
        assert read.index.equals(column.index)
        assert read.name == "c"


@given(st.lists(anything, min_size=1, max_size=6))
def test_a_label_does_not_depend_on_its_company(cells):
    together = to_labels(pd.Series(cells, dtype=object)).astype(object)
    alone = pd.concat([to_labels(pd.Series([cell], dtype=object)) for cell in cells]).astype(object)
    assert together.fillna("?").tolist() == alone.fillna("?").tolist()


@given(st.one_of(st.text(), st.integers(), st.floats()))
def test_a_label_is_its_own_label(value):
    once = label(value)
    assert once is None or label(once) == once


@pytest.mark.parametrize(
    "same",
    [
        [1, 1.0, "1", "1.0", " 1 ", np.int8(1), np.float32(1), Decimal("1.00"), b"1"],
        [0.1, np.float32(0.1), "0.1", Decimal("0.1")],
        [True, np.bool_(True), "true", "TRUE"],
        [pd.Timestamp("2020-01-02"), "2020-01-02T00:00:00"],
        [None, np.nan, pd.NA, pd.NaT, "", "  ", np.inf, Decimal("NaN")],
        [["a", 1], ("a", 1), np.array(["a", 1], dtype=object), '["a", 1]'],
        [{"b": 1, "a": 2}, {"a": 2, "b": 1}],
    ],
)
def test_one_label_for_one_value(same):
    assert {label(value) for value in same} == {label(same[0])}


@pytest.mark.parametrize(
    "dtype", [object, "str", "string", "category", pd.ArrowDtype(pa.string()), "Int64", "float32", "int8"]
)
def test_labels_and_numbers_are_the_same_in_every_dtype(dtype):
    values = ["3", "1", "3"] if not pd.api.types.is_numeric_dtype(dtype) else [3, 1, 3]
    column = pd.Series(values, dtype=dtype)
    assert to_labels(column).tolist() == ["3", "1", "3"]
    assert to_numbers(column).tolist() == [3.0, 1.0, 3.0]


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        (" 1e3 ", ".", 1000),
        ("1,234", ".", 1234),
        ("1.234", ",", 1234),
        ("1,5", ",", 1.5),
        ("1.5", ",", 1.5),
        ("1 234 567,8", ",", 1234567.8),
        ("-$5.50", ".", -5.5),
        ("€ 12", ".", 12),
        ("12%", ".", 12),
        ("+.5", ".", 0.5),
        ("False", ".", 0),
        ("1,5", ".", None),
        ("1 2", ".", None),
        ("12kg", ".", None),
        ("0x1A", ".", None),
        ("--5", ".", None),
        ("1.2.3", ".", None),
        ("nan", ".", None),
        ("inf", ".", None),
    ],
)
def test_numbers_as_text(text, decimal, number):
    found = parse_numbers([text.strip()], decimal)[0]
    assert np.isnan(found) if number is None else found == number


def test_the_decimal_sign_is_the_one_that_reads_more():
    assert find_decimal(["1,234", "5,678"]) == "."
    assert find_decimal(["1,234", "5,67"]) == ","
    assert find_decimal(["1,234.5", "5"]) == "."


@pytest.mark.parametrize(
    "written",
    [
        pd.Series(pd.to_datetime(["2020-07-01 10:00"])),
        pd.Series(pd.to_datetime(["2020-07-01 10:00"])).astype("datetime64[ns]"),
        pd.Series(pd.to_datetime(["2020-07-01 10:00"]).tz_localize("Europe/Berlin")),
        pd.Series(pd.to_datetime(["2020-07-01 08:00"]).tz_localize("UTC")),
        pd.Series(["2020-07-01 10:00"]),
        pd.Series(["2020-07-01T10:00:00"], dtype="category"),
        pd.Series(["2020-07-01T08:00:00Z"]),
        pd.Series(["2020-07-01T04:00:00-04:00"]),
        pd.Series(["01.07.2020 10:00"]),
        pd.Series([pd.Timestamp("2020-07-01 10:00").to_pydatetime()], dtype=object),
    ],
)
def test_one_time_on_the_clock_of_training(written):
    found = to_dates(written, ["%d.%m.%Y %H:%M"], "Europe/Berlin")
    assert found.tolist() == [pd.Timestamp("2020-07-01 10:00")]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+05:30", "-03:00"])
def test_a_zone_is_kept_by_a_name_that_reads_back(zone):
    column = pd.Series(pd.to_datetime(["2020-07-01 12:00"]).tz_localize(zone))
    assert to_dates(column, (), clock(column)).tolist() == [pd.Timestamp("2020-07-01 12:00")]
    assert to_dates(column.astype(str), (), clock(column)).tolist() == [pd.Timestamp("2020-07-01 12:00")]


def test_day_first_is_told_from_month_first():
    assert find_formats(["01/02/2020", "02/03/2020"]) == ("%m/%d/%Y",)
    assert find_formats(["01/02/2020", "13/03/2020"]) == ("%d/%m/%Y",)
    assert find_formats(["2020-01-05", "05.01.2020", "Jan 5, 2020"]) == ("ISO8601", "%d.%m.%Y", "%b %d, %Y")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "D"])
def test_units_are_told_by_their_size(unit):
    since = pd.Timestamp("2021-05-06") - pd.Timestamp(0)
    numbers = np.array([since / pd.Timedelta(1, unit)])
    assert find_unit(numbers) == f"unit={unit}"
    for written in (pd.Series(numbers), pd.Series([f"{numbers[0]:.0f}"])):
        assert to_dates(written, [f"unit={unit}"]).tolist() == [pd.Timestamp("2021-05-06")]


def test_numbers_beyond_the_calendar_are_no_dates():
    column = pd.Series([1e308, -1e308, -1e15, 1e15, np.inf, np.nan, 0.0])
    assert to_dates(column, ["unit=s"]).isna().tolist() == [True] * 6 + [False]
