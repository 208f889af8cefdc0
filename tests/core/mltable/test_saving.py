"""``save``: paths as seen from the new folder, copies of the data, what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from automl_components.core import mltable
from automl_components.core.errors import ArtifactError, DataError
from automl_components.core.mltable import MLTable


@pytest.fixture
def table(tmp_path: Path) -> MLTable:
    """A table in ``old/`` over three kinds of paths, loaded from its folder."""
    old = tmp_path / "old"
    for name in ("a.csv", "sub/2020/b.csv", "sub/2021/c.csv", "notes.txt"):
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_text(f"a\n{name[0]}\n")
    (tmp_path / "out.csv").write_text("a\nout\n")
    (old / "MLTable").write_text(
        "paths: [{file: ./a.csv}, {pattern: './sub/**/*.csv'}, {folder: sub/2020}, {file: ../out.csv}]\n"
        "transformations: [{read_delimited: {path_column: p}}]\nmetadata: {x: 1}\n"
    )
    return mltable.load(old)


def values(table: MLTable) -> list[str]:
    return list(table.to_arrow()["a"].to_pylist())


def test_paths_are_told_from_the_new_folder(table: MLTable, tmp_path: Path) -> None:
    assert values(table) == ["a", "s", "s", "s", "out"]
    table.save(tmp_path / "new" / "deep")
    again = mltable.load(tmp_path / "new" / "deep")
    assert again.paths == [
        {"file": "../../old/a.csv"},
        {"pattern": "../../old/sub/**/*.csv"},
        {"folder": "../../old/sub/2020"},
        {"file": "../../out.csv"},
    ]
    assert values(again) == values(table)
    assert again.metadata == {"x": 1}
    again.save(tmp_path / "old")
    assert mltable.load(tmp_path / "old").paths[3] == {"file": "../out.csv"}
    assert values(mltable.load(tmp_path / "old")) == values(table)


def test_paths_of_python_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    Path("d/a.csv").write_text("a\n1\n")
    table = mltable.from_delimited_files([{"file": "d/a.csv"}])
    table.save("d")
    assert mltable.load("d").paths == [{"file": "./a.csv"}]
    table.save(".")
    assert mltable.load(tmp_path).paths == [{"file": "d/a.csv"}]
    monkeypatch.chdir("/")
    assert values(mltable.load(tmp_path / "d")) == values(mltable.load(tmp_path)) == [1]
    absolute = mltable.from_delimited_files([{"file": str(tmp_path / "d/a.csv")}])
    absolute.save(tmp_path / "d")
    assert mltable.load(tmp_path / "d").paths == [{"file": str(tmp_path / "d/a.csv")}]


@pytest.mark.parametrize("where", ["local", "memory"])
def test_copies(
    table: MLTable, tmp_path: Path, memory: object, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "new") if where == "local" else "memory://new"
    table.save(target, colocated=True, show_progress=True)
    again = mltable.load(target)
    outside = str(tmp_path / "out.csv").lstrip("/")
    assert again.paths == [
        {"file": "./a.csv"},
        {"pattern": "./sub/**/*.csv"},
        {"folder": "./sub/2020"},
        {"file": f"./{outside}"},
    ]
    assert values(again) == values(table)
    assert all(path.startswith(target) for path in again.to_arrow()["p"].to_pylist())
    assert f"{tmp_path}/old/a.csv -> " in capsys.readouterr().err
    if where == "local":
        assert not (tmp_path / "new" / "notes.txt").exists()


def test_copies_of_remote_data(tmp_path: Path, memory: object) -> None:
    memory.pipe_file("/box/k=1/a.csv", b"a\n1\n")  # type: ignore[attr-defined]
    memory.pipe_file("/box/k=2/a.csv", b"a\n2\n")  # type: ignore[attr-defined]
    table = mltable.from_delimited_files("memory://box/*/a.csv").extract_columns_from_partition_format(
        "/k={k}/a.csv"
    )
    table.save(tmp_path, colocated=True)
    memory.store.clear()  # type: ignore[attr-defined]
    assert mltable.load(tmp_path).paths == [{"pattern": "./box/*/a.csv"}]
    assert mltable.load(tmp_path).to_arrow().to_pylist() == [{"a": 1, "k": "1"}, {"a": 2, "k": "2"}]


def test_local_paths_in_a_remote_file(table: MLTable, tmp_path: Path, memory: object) -> None:
    table.save("memory://elsewhere")
    assert mltable.load("memory://elsewhere").paths[0] == {"file": f"{tmp_path}/old/a.csv"}
    assert values(mltable.load("memory://elsewhere")) == values(table)


def test_a_delta_table_is_copied_with_its_log(tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    deltalake.write_deltalake(tmp_path / "lake", pa.table({"a": [1]}))
    mltable.from_delta_lake(tmp_path / "lake", version_as_of=0).save(tmp_path / "new", colocated=True)
    assert mltable.load(tmp_path / "new").to_arrow().to_pydict() == {"a": [1]}
    assert mltable.load(tmp_path / "new").paths[0]["folder"].startswith("./")


def test_overwrite(table: MLTable, tmp_path: Path) -> None:
    table.take(1).save(tmp_path / "new")
    with pytest.raises(ArtifactError, match="holds an MLTable file already; say overwrite=True"):
        table.save(tmp_path / "new", overwrite=False)
    assert len(mltable.load(tmp_path / "new").to_arrow()) == 1
    table.save(tmp_path / "new")
    assert len(mltable.load(tmp_path / "new").to_arrow()) == 5


@pytest.mark.parametrize("remove", [True, False])
def test_a_failed_copy_is_cleaned_up(table: MLTable, tmp_path: Path, remove: bool) -> None:
    (tmp_path / "out.csv").unlink()
    with pytest.raises((ArtifactError, DataError), match=r"out\.csv"):
        table.save(tmp_path / "new", colocated=True, if_err_remove_files=remove)
    left = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert bool(left) is not remove
    assert not (tmp_path / "new" / "MLTable").exists()


def test_files_that_were_there_before_are_not_cleaned_up(table: MLTable, tmp_path: Path) -> None:
    (tmp_path / "out.csv").unlink()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.csv").write_text("mine")
    with pytest.raises(ArtifactError):
        table.save(tmp_path / "new", colocated=True)
    assert [path.name for path in (tmp_path / "new").rglob("*") if path.is_file()] == ["a.csv"]


def test_where_nothing_can_be_written(table: MLTable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="file/new: cannot be written"):
        table.save(tmp_path / "file" / "new")


def test_copies_onto_themselves(table: MLTable, tmp_path: Path) -> None:
    before = values(table)
    table.save(tmp_path / "old", colocated=True)
    assert values(mltable.load(tmp_path / "old")) == before
    assert os.path.exists(tmp_path / "old" / "a.csv")


def test_traits_and_notes_are_saved(table: MLTable, tmp_path: Path) -> None:
    made = table.with_traits(index_columns="a", timestamp_column="p").with_metadata(
        owner="Ada", since=pd.Timestamp(0).year
    )
    made.save(tmp_path / "new")
    again = mltable.load(tmp_path / "new")
    assert again.traits == made.traits
    assert again.metadata == {"x": 1, "owner": "Ada", "since": 1970}
