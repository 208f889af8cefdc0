"""Addresses, markers and local views, on disk and on a file system of fsspec."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from automl_components.core import storage
from automl_components.core.artifacts import MARKER, Marker, list_files
from automl_components.core.errors import ArtifactError
from automl_components.core.tables import write_mltable

BASES = ["disk", "memory"]


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder of its own, on disk or in fsspec's memory."""
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "cache"))
    if request.param == "disk":
        yield str(tmp_path / "base")
        return
    yield "memory://storage"
    fs = fsspec.filesystem("memory")
    if fs.exists("/storage"):
        fs.rm("/storage", recursive=True)


def put(
    base: str, tmp_path: Path, files: dict[str, str], *, kind: str = "uri_folder", name: str = "thing"
) -> str:
    """An artifact at ``base/name``."""
    draft = tmp_path / "put"
    for file, text in files.items():
        (draft / file).parent.mkdir(parents=True, exist_ok=True)
        (draft / file).write_text(text)
    marker = Marker(kind, name, "maker", "1", "f", list_files(draft))
    address = storage.join(base, name)
    for file, text in {**files, MARKER: marker.to_json()}.items():
        storage.write_text(storage.join(address, file), text)
    return address


def test_small_files_are_read_as_they_were_written(base: str) -> None:
    where = storage.join(storage.join(base, "deep"), "note.txt")
    assert storage.read_text(where) is None
    assert not storage.exists(where)
    storage.write_text(where, "hä\n")
    assert storage.read_text(where) == "hä\n"
    assert storage.exists(where)
    assert storage.is_folder(storage.join(base, "deep"))
    assert not storage.is_folder(where)


def test_a_driver_that_is_not_installed_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ArtifactError, match=r"s3://box/run: .*; pip install 'automl-components\[s3\]'"):
        storage.exists("s3://box/run")


def test_a_store_that_does_not_answer_a_reader_is_named() -> None:
    address = "ftp://127.0.0.1:1/t.csv"
    with (
        pytest.raises(ArtifactError, match=f"input 'table': {address}: the storage does not answer"),
        storage.reading("table", address),
    ):
        storage.exists(address)


def test_an_unknown_scheme_is_named() -> None:
    with pytest.raises(ArtifactError, match=r"nosuch://\*\*\*@x/y: .*nosuch"):
        storage.exists("nosuch://me:pw@x/y")


@pytest.mark.parametrize("address", ["{}", "file://{}", "local://{}"])
def test_local_addresses_are_local(address: str, tmp_path: Path) -> None:
    given = address.format(tmp_path)
    assert not storage.is_remote(given)
    assert storage.local_path(given) == tmp_path
    assert storage.localise(given) == tmp_path


def test_the_cache_is_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AUTOML_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert storage.cache_folder() == tmp_path / ".cache" / "automl-components"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert storage.cache_folder() == tmp_path / "xdg" / "automl-components"
    monkeypatch.setenv("AUTOML_CACHE", "~/mine")
    assert storage.cache_folder() == tmp_path / "mine"


def test_changes_of_an_artifact_are_found(base: str, tmp_path: Path) -> None:
    address = put(base, tmp_path, {"a": "1", "deep/b": "2"})
    marker = storage.read_marker(address)
    assert marker is not None
    assert storage.is_intact(address, marker)
    storage.write_text(storage.join(address, "unlisted"), "x")  # not one of its files
    assert storage.is_intact(address, marker)
    storage.write_text(storage.join(address, "deep/b"), "3")
    assert storage.changed_file(address, marker) == "deep/b"
    storage.write_text(storage.join(address, "deep/b"), "22")
    assert storage.changed_file(address, marker) == "deep/b"


def test_the_digest_of_an_artifact_is_that_of_its_marker(base: str, tmp_path: Path) -> None:
    address = put(base, tmp_path, {"a": "1"})
    marker = storage.read_marker(address)
    assert marker is not None
    assert (
        storage.digest(address, "uri_folder") == storage.digest(address + "/", "uri_folder") == marker.digest
    )


def test_a_folder_without_a_marker_has_the_digest_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("1")
    marker = Marker("uri_folder", "d", "c", "1", "f", list_files(tmp_path / "d"))
    assert storage.digest(str(tmp_path / "d"), "uri_folder") == marker.digest


@pytest.mark.parametrize("kind", ["uri_folder", "uri_file", "mltable"])
def test_new_content_or_names_are_a_new_digest(base: str, kind: str) -> None:
    file = storage.join(base, "in/a.csv")
    given = file if kind == "uri_file" else storage.join(base, "in")
    storage.write_text(file, "a\n1\n")
    first = storage.digest(given, kind)
    assert storage.digest(given, kind) == first
    storage.write_text(file, "a\n2\n")  # as many bytes
    second = storage.digest(given, kind)
    assert second != first
    if kind != "uri_file":
        storage.write_text(storage.join(base, "in/b.csv"), "a\n2\n")
        assert storage.digest(given, kind) not in (first, second)


def test_a_table_has_the_same_digest_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("x", "y/z"):
        write_mltable(pd.DataFrame({"a": [1, 2]}), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert storage.digest("x", "mltable") == storage.digest(str(tmp_path / "y/z") + "/", "mltable")


def test_the_files_of_a_remote_table_are_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "cache"))
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/storage/t.csv", b"a\n1\n")
    with monkeypatch.context() as patch:
        patch.setattr(type(fs), "_open", lambda *a, **k: pytest.fail("it was opened"))
        patch.setattr(type(fs), "cat_file", lambda *a, **k: (_ for _ in ()).throw(FileNotFoundError))
        assert storage.digest("memory://storage/t.csv", "mltable")
    fs.rm("/storage", recursive=True)


def test_a_local_view_holds_the_files_of_the_artifact(base: str, tmp_path: Path) -> None:
    address = put(base, tmp_path, {"a": "1", "deep/b": "2"})
    marker = storage.read_marker(address)
    view = storage.localise(address, marker)
    assert view.name == "thing"
    assert (view / "deep" / "b").read_text() == "2"
    assert storage.read_marker(str(view)) == marker
    assert storage.localise(address, marker) == view


def test_a_view_of_what_has_no_marker_follows_its_content(base: str) -> None:
    storage.write_text(storage.join(base, "d/sub/a"), "1")
    assert (storage.localise(storage.join(base, "d")) / "sub" / "a").read_text() == "1"
    storage.write_text(storage.join(base, "d/sub/a"), "2")
    assert (storage.localise(storage.join(base, "d")) / "sub" / "a").read_text() == "2"
    assert storage.localise(storage.join(base, "d/sub/a")).read_text() == "2"


def test_a_download_that_fails_leaves_no_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "cache"))
    fs = fsspec.filesystem("memory")
    address = put("memory://storage", tmp_path, {"a": "1", "b": "2"})
    fs.rm("/storage/thing/b")
    for _ in range(2):
        with pytest.raises((ArtifactError, FileNotFoundError)):
            storage.localise(address, storage.read_marker(address))
        assert not list((tmp_path / "cache").rglob("a"))
    storage.write_text("memory://storage/thing/b", "2")
    assert (storage.localise(address, storage.read_marker(address)) / "b").read_text() == "2"
    fs.rm("/storage", recursive=True)


def test_a_pattern_is_a_table_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a1.csv").write_text("a\n1\n")
    pattern = str(tmp_path / "a*.csv")
    storage.check_input("training_data", pattern, "mltable", made_here=False)
    with pytest.raises(ArtifactError, match="nothing at"):
        storage.check_input("folder", pattern, "uri_folder", made_here=False)


def test_errors_while_writing_are_told_only_of_what_is_written(tmp_path: Path) -> None:
    place, draft = tmp_path / "run" / "out", tmp_path / "run" / ".out.draft"

    def failing(number: int, name: Path | None) -> None:
        with storage.writing(str(place), draft):
            raise OSError(number, "no", None if name is None else str(name))

    for number, name in (
        (28, None),
        (28, Path("/elsewhere")),
        (13, draft / "x"),
        (20, tmp_path),
        (30, place),
        (2, place.parent),
    ):
        with pytest.raises(ArtifactError, match=f"cannot write {place}: "):
            failing(number, name)
    for number, name in ((13, tmp_path / "run" / "input"), (2, draft / "x"), (5, draft)):
        with pytest.raises(OSError, match="no"):
            failing(number, name)
