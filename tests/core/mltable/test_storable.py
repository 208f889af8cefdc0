"""Columns of every dtype that pandas has: what Parquet cannot hold is carried as what it says."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from automl_components.core.mltable.storable import storable
from automl_components.core.tables import read_table, write_mltable
from automl_components.engine import cells

N = 40


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def objects(value: Any) -> pd.Series:
    """A column of ``value(i)``, with a missing one."""
    made = pd.Series([None] * N, dtype=object)
    for i in range(1, N):
        made.iat[i] = value(i)
    return made


ODD: dict[str, pd.Series] = {
    "lists of words": objects(lambda i: ["a", "b"][: i % 3]),
    "lists of numbers": objects(lambda i: [i, 1]),
    "lists with gaps": objects(lambda i: [i, None]),
    "lists of lists": objects(lambda i: [[1, 2], [i]]),
    "lists of times": objects(lambda i: [pd.Timestamp(2020, 1, 1 + i % 28)]),
    "lists of things": objects(lambda i: [i, "x", None]),
    "tuples": objects(lambda i: (i, "b")),
    "sets": objects(lambda i: {i % 3, "b"}),
    "frozen sets": objects(lambda i: frozenset([i])),
    "dicts": objects(lambda i: {"a": i} if i % 2 else {"b": str(i)}),
    "dicts that clash": objects(lambda i: {"a": i if i % 2 else "x"}),
    "deep": objects(lambda i: {"a": [{"b": (1, i)}]}),
    "arrays": objects(lambda i: np.array([i, 2.5], dtype="float32")),
    "matrices": objects(lambda i: np.full((2, 2), i)),
    "decimals": objects(lambda i: Decimal(i) / 3),
    "decimals that are none": objects(lambda i: Decimal("NaN") if i == 3 else Decimal(i)),
    "bytes": objects(lambda i: b"\xff%d" % (i % 3)),
    "durations": pd.Series(pd.to_timedelta(range(N), unit="s")),
    "durations of Python": objects(lambda i: dt.timedelta(seconds=i)),
    "periods": pd.Series(pd.period_range("2020-01", periods=N, freq="M")),
    "intervals": pd.Series(pd.interval_range(0, N, periods=N)),
    "bins": pd.Series(pd.cut(np.arange(N), 4)),
    "complex": pd.Series(np.arange(N) + 1j),
    "complex objects": objects(lambda i: complex(i, 1)),
    "ids": objects(lambda i: uuid.UUID(int=i)),
    "times of day": objects(lambda i: dt.time(i % 24, 1)),
    "dates": objects(lambda i: dt.date(2020, 1, 1 + i % 28)),
    "dates far away": objects(lambda i: dt.date(9999, 1, 1 + i % 28)),
    "zones": pd.Series(pd.date_range("2020", periods=N, tz="Europe/Berlin")),
    "sparse": pd.Series(pd.arrays.SparseArray([0] * (N - 1) + [1])),
    "sparse gaps": pd.Series(pd.arrays.SparseArray([np.nan] * (N - 1) + [1.0])),
    "huge integers": objects(lambda i: 10**30 + i),
    "unsigned": pd.Series(np.full(N, 2**64 - 1, dtype="uint64")),
    "half floats": pd.Series(np.arange(N, dtype="float16")),
    "extended floats": pd.Series(np.arange(N, dtype="longdouble")),
    "truths with gaps": pd.Series([True, None] * (N // 2), dtype="boolean"),
    "Arrow lists": pd.Series([["a", str(i)] for i in range(N)], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
    "Arrow structs": pd.Series([{"a": i} for i in range(N)], dtype=pd.ArrowDtype(pa.struct([("a", pa.int64())]))),
    "Arrow decimals": pd.Series([Decimal(i) for i in range(N)], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
    "Arrow dictionaries": pd.Series(["a", "b"] * (N // 2), dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
    "Arrow nothing": pd.Series([None] * N, dtype=pd.ArrowDtype(pa.null())),
    "categories of tuples": pd.Series(pd.Categorical(objects(lambda i: (1, i % 2)))),
    "categories of periods": pd.Series(pd.Categorical(pd.period_range("2020-01", periods=N, freq="M"))),
    "categories of ids": pd.Series(pd.Categorical(objects(lambda i: uuid.UUID(int=i % 3)))),
    "categories of things": pd.Series(pd.Categorical(objects(lambda i: 1 if i % 2 else "a"))),
    "categories of the same text": pd.Series(pd.Categorical(objects(lambda i: 1 if i % 2 else "1"))),
    "things": objects(lambda i: [1, "a", 2.5, True, dt.datetime(2020, 1, 1)][i % 5]),
    "enums": objects(lambda i: Colour(1 + i % 2)),
    "classes": objects(lambda i: Colour),
    "broken text": objects(lambda i: "\ud800" if i == 1 else "a"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_no_column_ends_a_run_and_none_changes_its_meaning(tmp_path: Path, name: str) -> None:
    """What a model sees of a value is the same whether it came by way of a folder or straight from memory."""
    frame = pd.DataFrame({"x": ODD[name]})
    write_mltable(frame, tmp_path / "once")
    once = read_table(tmp_path / "once")
    write_mltable(once, tmp_path / "twice")
    twice = read_table(tmp_path / "twice")
    assert once["x"].dtype == twice["x"].dtype
    expected = ["a?" if name == "broken text" else cells.label(value) for value in frame["x"]]
    for read in (once, twice):
        assert read["x"].isna().tolist() == frame["x"].isna().tolist()
        found = [cells.label(value) for value in read["x"]]
        assert name == "broken text" or found == expected
    numbers = cells.to_numbers(frame["x"])
    pd.testing.assert_series_equal(cells.to_numbers(once["x"]), numbers)


@pytest.mark.parametrize(
    "name", ["periods", "intervals", "durations", "zones", "dates", "times of day", "bytes"]
)
def test_what_parquet_holds_stays_what_it_is(name: str) -> None:
    assert storable(ODD[name]) is ODD[name]


def test_bins_keep_their_order(tmp_path: Path) -> None:
    write_mltable(pd.DataFrame({"x": ODD["bins"]}), tmp_path / "t")
    read = read_table(tmp_path / "t")["x"]
    assert read.cat.ordered
    assert read.cat.categories.tolist() == [
        "(-0.039, 9.75]",
        "(9.75, 19.5]",
        "(19.5, 29.25]",
        "(29.25, 39.0]",
    ]


def test_a_table_of_them_all_is_checked_and_written(tmp_path: Path) -> None:
    from automl_components import validate_data

    frame = pd.DataFrame({**ODD, "y": ["p", "q"] * (N // 2)})
    made = validate_data(
        training_data=frame, task="classification", target_column_name="y", output=tmp_path / "run"
    )
    checked = read_table(made.checked_data.path)
    assert set(ODD) <= set(checked)
    missing = {name: column.isna().astype(bool) for name, column in ODD.items()}
    pd.testing.assert_frame_equal(checked[list(ODD)].isna(), pd.DataFrame(missing))
