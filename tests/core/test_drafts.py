"""Drafts: one writer, continued only as a whole, published all at once, nothing foreign replaced."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import fsspec
import pytest

from automl_components.core import drafts
from automl_components.core.artifacts import MARKER, Marker, list_files
from automl_components.core.drafts import BEGUN, drafting, publish
from automl_components.core.errors import ArtifactError

NOTE = {"component": "c", "fingerprint": "1"}


def finish(draft: Path, address: str | Path, text: str = "new") -> tuple[Path, str, Marker]:
    """A draft with one file, ready to be published."""
    draft.mkdir(parents=True, exist_ok=True)
    (draft / "file").write_text(text)
    files = list_files(draft)
    return draft, str(address), Marker("uri_folder", "x", "c", "1", "f", files)


def write_and_stop(places: list[str], note: dict[str, str], file: str) -> None:
    """An interrupted writer; the interruption carries what it found."""
    with drafting(places, note, resumable=True) as made:
        seen = [sorted(os.listdir(made[place].folder)) for place in places]
        for place in places:
            (made[place].folder / file).touch()
        raise KeyboardInterrupt(seen)


def test_a_draft_lies_beside_its_place_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    assert drafts.draft_folder(f"{tmp_path}/link/out/") == tmp_path / "disk" / ".out.draft"
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "real")
    assert drafts.draft_folder(str(tmp_path / "out")) == tmp_path / "disk" / ".real.draft"


def test_the_same_remote_place_has_one_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path))
    assert drafts.draft_folder("memory://a/b") == drafts.draft_folder("memory://a/b/")
    assert drafts.draft_folder("memory://a/b") != drafts.draft_folder("memory://a/c")


def test_there_is_one_writer_at_a_time(tmp_path: Path) -> None:
    with (
        drafting([str(tmp_path / "a")], NOTE, resumable=False),
        pytest.raises(ArtifactError, match=r"/a is being written by another process"),
        drafting([str(tmp_path / "b"), str(tmp_path / "a")], NOTE, resumable=False),
    ):
        pass
    assert os.listdir(tmp_path) == []  # nor is anything of b left


def _count_holders(place: str, rounds: int, folder: str) -> int:
    """Take the place again and again; how often somebody else was there at the same time."""
    clashes = 0
    for _ in range(rounds):
        try:
            with drafting([place], NOTE, resumable=False):
                flag = Path(folder) / "held"
                try:
                    os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    clashes += 1
                    continue
                flag.unlink()
        except ArtifactError:
            continue
    return clashes


def test_a_lock_that_is_deleted_on_release_still_excludes(tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path / "out"), "100", str(tmp_path)]
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [other.communicate(timeout=100)[0].strip() for other in others] == ["0", "0", "0"]


def test_drafts_are_continued_only_when_all_are_there(tmp_path: Path) -> None:
    places = [str(tmp_path / "a"), str(tmp_path / "b")]

    def interrupted(note: dict[str, str]) -> list[list[str]]:
        with pytest.raises(KeyboardInterrupt) as stop:
            write_and_stop(places, note, note["fingerprint"])
        return stop.value.args[0]

    assert interrupted(NOTE) == [[], []]
    assert interrupted(NOTE) == [["1"], ["1"]]
    assert interrupted({**NOTE, "fingerprint": "2"}) == [[], []]
    assert interrupted(NOTE) == [[], []]
    (tmp_path / ".b.draft" / "1").unlink()
    (tmp_path / ".b.draft").rmdir()  # it was published before the kill, say
    assert interrupted(NOTE) == [[], []]
    (tmp_path / ".a.draft.json").write_text('{"compon')  # a kill while the note was written
    assert interrupted(NOTE) == [[], []]


def test_the_note_goes_before_the_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill while an old draft is deleted must not leave what looks like a draft to go on from."""
    place = str(tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        write_and_stop([place], NOTE, "old")

    def killed(path: Path) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(drafts.shutil, "rmtree", killed)
        with pytest.raises(SystemExit), drafting([place], {**NOTE, "fingerprint": "2"}, resumable=True):
            pass
    with drafting([place], NOTE, resumable=True) as made:
        assert os.listdir(made[place].folder) == []


def test_nothing_old_is_seen_beside_something_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    publish([finish(tmp_path / "d1", first, "old"), finish(tmp_path / "d2", second, "old")])
    seen: list[tuple[bool, bool]] = []

    def watched(draft: Path, place: Path, marker: Marker) -> None:
        seen.append(((first / MARKER).exists(), (second / MARKER).exists()))
        move(draft, place, marker)

    move = drafts._move
    monkeypatch.setattr(drafts, "_move", watched)
    publish([finish(tmp_path / "d1", first), finish(tmp_path / "d2", second)])
    assert seen == [(False, False), (True, False)]
    assert sorted(os.listdir(tmp_path)) == ["first", "second"]
    assert {(place / "file").read_text() for place in (first, second)} == {"new"}


def test_a_reader_sees_the_old_artifact_the_new_one_or_none(tmp_path: Path) -> None:
    place, mixed, stop = tmp_path / "out", [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                marker = Marker.from_json((place / MARKER).read_text(), "")
                size = len((place / "file").read_text())
                again = Marker.from_json((place / MARKER).read_text(), "")
            except FileNotFoundError:
                continue
            if again == marker:
                mixed.append(size != marker.files["file"][0])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(100):
            publish([finish(tmp_path / "draft", place, "x" * number)])
        while reader.is_alive() and not mixed:
            time.sleep(0.001)
    finally:
        stop.set()
        reader.join()
    assert mixed
    assert not any(mixed)


def test_a_folder_that_cannot_be_renamed_is_filled_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume mounted at the very place of an output: the folder stays, its files are replaced."""
    place = tmp_path / "mounted"
    rename = Path.rename

    def busy(self: Path, target: Path) -> Path:
        if place in (self, Path(target)):
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", busy)
    place.mkdir()
    inode = place.stat().st_ino
    for text in ("first", "second"):
        publish([finish(tmp_path / "draft", place, text)])
        assert place.stat().st_ino == inode
        assert sorted(os.listdir(place)) == [MARKER, "file"]
        assert (place / "file").read_text() == text
    assert sorted(os.listdir(tmp_path)) == ["draft", "mounted"]


def test_what_was_begun_and_not_finished_may_be_replaced(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (place / "half").touch()
    with (
        pytest.raises(ArtifactError, match="no component wrote"),
        drafting([str(place)], NOTE, resumable=False),
    ):
        pass
    (place / BEGUN).touch()
    with drafting([str(place)], NOTE, resumable=False) as made:
        publish([finish(made[str(place)].folder, place)])
    assert sorted(os.listdir(place)) == [MARKER, "file"]


def test_a_remote_marker_is_the_last_to_come_and_the_first_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs = fsspec.filesystem("memory")
    events: list[str] = []
    for name in ("pipe_file", "put_file", "rm_file"):
        real = getattr(type(fs), name)

        def spy(self: object, *args: str, real: object = real, name: str = name, **kwargs: object) -> object:
            path = args[1] if name == "put_file" else args[0]
            events.append(f"{name} {path.rpartition('/')[2]}")
            return real(self, *args, **kwargs)  # type: ignore[operator]

        monkeypatch.setattr(type(fs), name, spy)
    try:
        publish([finish(tmp_path / "draft", "memory://drafts/out")])
        events.clear()
        publish([finish(tmp_path / "draft", "memory://drafts/out")])
    finally:
        fs.rm("/drafts", recursive=True)
    marker, begun = f"pipe_file {MARKER}", f"rm_file {BEGUN}"
    assert events[:2] == [f"pipe_file {BEGUN}", f"rm_file {MARKER}"]
    assert events.index("put_file file") < events.index(marker) < events.index(begun)
    # whole until its note is gone, too: half of it, left by a kill, would be continued and published
    assert (tmp_path / "draft" / "file").exists()


if __name__ == "__main__":
    print(_count_holders(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
