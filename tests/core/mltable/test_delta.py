"""``read_delta_lake``: time travel, partitions, what is refused."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pyarrow as pa
import pytest

from automl_components.core import mltable
from automl_components.core.errors import DataError, SettingsError

deltalake = pytest.importorskip("deltalake")


@pytest.fixture
def table(tmp_path: Path) -> tuple[Path, str]:
    """A table of two versions, and a time between them."""
    folder = tmp_path / "events"
    deltalake.write_deltalake(folder, pa.table({"a": [1, 2], "p": ["x", "y"]}), partition_by=["p"])
    time.sleep(0.05)
    between = dt.datetime.now(dt.timezone.utc).isoformat()
    time.sleep(0.05)
    deltalake.write_deltalake(folder, pa.table({"a": [3], "p": ["x"]}), mode="append")
    return folder, between


def read(source: mltable.MLTable) -> list[tuple[int, str]]:
    return sorted((row["a"], row["p"]) for row in source.to_arrow().to_pylist())


def test_versions_and_times(table: tuple[Path, str]) -> None:
    folder, between = table
    old, new = [(1, "x"), (2, "y")], [(1, "x"), (2, "y"), (3, "x")]
    assert read(mltable.from_delta_lake(folder, version_as_of=0)) == old
    assert read(mltable.from_delta_lake(folder, version_as_of=1)) == new
    assert read(mltable.from_delta_lake(folder, timestamp_as_of=between)) == old
    assert read(mltable.from_delta_lake(folder, timestamp_as_of="2999-08-26T00:00:00Z")) == new
    assert read(mltable.from_delta_lake(folder, timestamp_as_of="2999-08-26T00:00:00+08:00")) == new


def test_transformations_and_path_column(table: tuple[Path, str]) -> None:
    source = mltable.from_delta_lake(table[0], version_as_of=1, include_path_column=True)
    assert source.columns() == ["Path", "a", "p"]
    paths = source.filter("p == 'y'").to_arrow()["Path"].to_pylist()
    assert len(paths) == 1
    assert paths[0].startswith(f"{table[0]}/p=y/part-")
    assert source.get_partition_count() == 3
    plain = mltable.from_delta_lake(table[0], version_as_of=1)
    assert sorted(plain.keep_columns("a").to_pandas_dataframe()["a"]) == [1, 2, 3]
    assert plain.select_partitions([0]).to_arrow().num_rows == 1


def test_in_memory(table: tuple[Path, str], memory: object) -> None:
    memory.put(f"{table[0]}/", "/lake/events/", recursive=True)  # type: ignore[attr-defined]
    assert len(read(mltable.from_delta_lake("memory://lake/events", version_as_of=1))) == 3
    with pytest.raises(DataError, match="memory://lake/none: there is no such folder"):
        mltable.from_delta_lake("memory://lake/none", version_as_of=1).to_arrow()


def test_what_is_not_there(table: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="events: cannot be read as of version 7"):
        mltable.from_delta_lake(table[0], version_as_of=7).to_arrow()
    with pytest.raises(DataError, match=r"events: has nothing as of 2001-01-01.*its first version is of 20"):
        mltable.from_delta_lake(table[0], timestamp_as_of="2001-01-01T00:00:00Z").to_arrow()
    with pytest.raises(DataError, match="nothing: there is no Delta table"):
        mltable.from_delta_lake(tmp_path / "nothing", version_as_of=0).to_arrow()


def test_contradictions(tmp_path: Path) -> None:
    for both in ({}, {"timestamp_as_of": "2999-01-01", "version_as_of": 1}):
        with pytest.raises(SettingsError, match="give exactly one of timestamp_as_of and version_as_of"):
            mltable.from_delta_lake("events", **both)  # type: ignore[arg-type]
    with pytest.raises(
        SettingsError, match="timestamp_as_of: 'yesterday' is not a time; write it as 2024-01-31T"
    ):
        mltable.from_delta_lake("events", timestamp_as_of="yesterday")
    with pytest.raises(SettingsError, match="a Delta table's partition columns are among its columns"):
        mltable.from_delta_lake("events", version_as_of=1).extract_columns_from_partition_format("/{p}/")
    (tmp_path / "MLTable").write_text(
        "paths: [{file: events}]\ntransformations: [{read_delta_lake: {version_as_of: 1}}]\n"
    )
    with pytest.raises(DataError, match="a Delta table is a folder; name it as `folder`, not as `file`"):
        mltable.load(tmp_path).to_arrow()
