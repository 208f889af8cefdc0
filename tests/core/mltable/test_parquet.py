"""``read_parquet``: columns, partitions, differing files, what pandas leaves in them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_components.core import mltable
from automl_components.core.errors import DataError
from automl_components.core.mltable import parquet
from automl_components.core.tables import read_table, write_mltable
from automl_components.engine import cells


def test_files_are_one_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"c": [True], "a": [2.5]}), tmp_path / "2.parquet")
    table = mltable.from_parquet_files({"folder": str(tmp_path)})
    assert table.columns() == ["a", "b", "c"]
    assert table.to_arrow().to_pylist() == [
        {"a": 1.0, "b": "x", "c": None},
        {"a": 2.0, "b": None, "c": None},
        {"a": 2.5, "b": None, "c": True},
    ]
    assert table.keep_columns("b").to_arrow().to_pydict() == {"b": ["x", None, None]}


def test_types_that_cannot_be_joined(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r"column 'a' .*int64 in .*1\.parquet, string in .*2\.parquet"):
        mltable.from_parquet_files({"folder": str(tmp_path)}).to_arrow()


def test_batches_are_read_as_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS", 7)
    pq.write_table(pa.table({"a": range(100)}), tmp_path / "1.parquet", row_group_size=30)
    pq.write_table(pa.table({"a": range(100, 120)}), tmp_path / "2.parquet")
    table = mltable.from_parquet_files({"pattern": f"{tmp_path}/*.parquet"})
    assert table.to_arrow()["a"].to_pylist() == list(range(120))
    assert table.skip(95).take(10).to_arrow()["a"].to_pylist() == list(range(95, 105))
    assert table.get_partition_count() == 2
    assert table.select_partitions([1]).to_arrow()["a"].to_pylist() == list(range(100, 120))
    (tmp_path / "2.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=r"2\.parquet: cannot be read as Parquet"):
        table.to_arrow()


def test_path_column(tmp_path: Path) -> None:
    file = tmp_path / "1.parquet"
    pq.write_table(pa.table({"a": [1]}), file)
    table = mltable.from_parquet_files(str(file), include_path_column=True)
    assert table.to_arrow().to_pylist() == [{"Path": str(file), "a": 1}]


def test_what_pandas_wrote(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["b", None, "a"], ["b", "a"]),
            "n": pd.array([1, None, 3], "Int32"),
            "o": [True, None, False],
        },
        index=pd.Index(["x", "y", "z"], name="key"),
    )
    frame.to_parquet(tmp_path / "named.parquet")
    read = mltable.from_parquet_files(str(tmp_path / "named.parquet"))
    assert read.columns() == ["c", "n", "o", "key"]
    pd.testing.assert_frame_equal(
        read.to_pandas_dataframe(), frame.assign(key=frame.index).reset_index(drop=True)
    )
    frame.set_axis([3, 4, 9]).to_parquet(tmp_path / "nameless.parquet")
    read = mltable.from_parquet_files(str(tmp_path / "nameless.parquet"))
    assert read.columns() == ["c", "n", "o"]
    assert read.to_pandas_dataframe().index.tolist() == [0, 1, 2]


def test_a_converted_column_forgets_what_pandas_knew(tmp_path: Path) -> None:
    pd.DataFrame({"n": pd.array([1, None], "Int32")}).to_parquet(tmp_path / "1.parquet")
    table = mltable.from_parquet_files(str(tmp_path / "1.parquet")).convert_column_types({"n": "string"})
    assert (
        table.to_pandas_dataframe()["n"].tolist() == ["1", None] or table.to_pandas_dataframe()["n"].isna()[1]
    )


def test_dates_become_datetimes(tmp_path: Path) -> None:
    pq.write_table(pa.table({"d": pa.array([18262], pa.date32())}), tmp_path / "1.parquet")
    frame = mltable.from_parquet_files(str(tmp_path / "1.parquet")).to_pandas_dataframe()
    assert frame["d"][0] == pd.Timestamp("2020-01-01")


def test_lists_are_read_or_made_text(tmp_path: Path) -> None:
    """Azure refuses them."""
    pq.write_table(pa.table({"a": [1, 2], "tags": [["x", "é"], None]}), tmp_path / "1.parquet")
    table = mltable.from_parquet_files(str(tmp_path / "1.parquet"))
    assert table.to_pandas_dataframe()["tags"].tolist() == [["x", "é"], None]
    assert table.drop_columns("tags").to_pandas_dataframe().columns.tolist() == ["a"]
    text = table.convert_column_types({"tags": "string"}).to_pandas_dataframe()["tags"]
    assert text[0] == '["x", "é"]'
    assert pd.isna(text[1])


def _extension(kind: Any, storage: Any) -> Any:
    return pa.ExtensionArray.from_storage(kind, storage)


@pytest.mark.parametrize(
    ("array", "first"),
    [
        (pa.array([Decimal("1.5"), None], pa.decimal256(50, 3)), Decimal("1.500")),
        (pa.array([[1], None], pa.large_list(pa.int64())), [1]),
        (pa.array([[1, None], None], pa.list_view(pa.int64())), [1, None]),
        (pa.array([[1.0, 2.0], [3.0, None]], pa.list_(pa.float32(), 2)), [1.0, 2.0]),
        (pa.array([[[1], []], None]), [[1], []]),
        (pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), [("a", 1)]),
        (pa.array([{"a": 1, "b": [2]}, None]), {"a": 1, "b": [2]}),
        (_extension(pa.json_(), pa.array(['{"a":1}', None])), '{"a":1}'),
        (_extension(pa.bool8(), pa.array([1, 0], pa.int8())), 1),
        (pa.array([b"ab", None], pa.binary(2)), b"ab"),
        (pa.array([1, None], pa.time32("s")), dt.time(0, 0, 1)),
        (pa.array([86_400_000, None], pa.date64()), pd.Timestamp("1970-01-02")),
        (pa.array([1, None], pa.duration("ns")), pd.Timedelta(1)),
        (pa.array([1.5, None], pa.float16()), 1.5),
        (pa.array(["a", None], pa.string_view()), "a"),
        (pa.nulls(2), None),
    ],
)
def test_every_type_of_arrow_is_read_and_can_be_written_again(tmp_path: Path, array: Any, first: Any) -> None:
    pq.write_table(pa.table({"x": array}), tmp_path / "1.parquet")
    frame = read_table(tmp_path / "1.parquet")
    assert frame["x"][0] == first
    write_mltable(frame, tmp_path / "again")
    again = read_table(tmp_path / "again")["x"]
    assert cells.label(again[0]) == cells.label(first)
    assert again.isna().tolist() == frame["x"].isna().tolist()


def test_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "1.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"1\.parquet: cannot be read as Parquet"):
        mltable.from_parquet_files(str(tmp_path / "1.parquet")).columns()


def test_column_twice(tmp_path: Path) -> None:
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "1.parquet")
    with pytest.raises(DataError, match=r"1\.parquet: column names must be unique.*'a'"):
        mltable.from_parquet_files(str(tmp_path / "1.parquet")).to_arrow()


def test_no_rows(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.int32())}), tmp_path / "1.parquet")
    assert (
        mltable.from_parquet_files(str(tmp_path / "1.parquet")).to_arrow().schema.field("a").type
        == pa.int32()
    )


def test_names_with_dots(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "a.b": [2], "": [3]}), tmp_path / "1.parquet")
    table = mltable.from_parquet_files(str(tmp_path / "1.parquet"))
    assert table.keep_columns(["a"]).to_arrow().to_pydict() == {"a": [1]}
    assert table.drop_columns("a").to_arrow().to_pydict() == {"a.b": [2], "": [3]}


def test_in_memory(memory: object) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), sink)
    memory.pipe_file("/data/x/1.parquet", sink.getvalue().to_pybytes())  # type: ignore[attr-defined]
    assert mltable.from_parquet_files("memory://data/*/*.parquet").to_arrow().to_pydict() == {"a": [1]}
    assert mltable.from_parquet_files("memory://data/x/1.parquet").to_arrow().to_pydict() == {"a": [1]}
    assert mltable.from_parquet_files("memory://data").to_arrow().to_pydict() == {"a": [1]}
