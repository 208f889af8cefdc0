"""Drafts: outputs are written beside their place, one writer at a time, and moved there when all are finished."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import posixpath
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from automl_components.core import storage
from automl_components.core.artifacts import MARKER, Marker, redacted
from automl_components.core.errors import ArtifactError

BEGUN = "_incomplete.json"
"""Stands in a folder that cannot be replaced as a whole, while its files are being replaced."""
_IN_PLACE = (errno.EXDEV, errno.EBUSY, errno.ENOTEMPTY)  # a mounted folder, or a layer of a container's image


def draft_folder(address: str) -> Path:
    """Where the draft of an output is written: beside it, or in the cache for a remote one.

    >>> draft_folder("/runs/bank/trials/").as_posix()
    '/runs/bank/.trials.draft'
    """
    if storage.is_remote(address):
        key = hashlib.sha256(address.rstrip("/").encode()).hexdigest()[:24]
        return storage.cache_folder() / "drafts" / key
    place = _place(address)
    return place.with_name(f".{place.name}.draft")


def _place(address: str) -> Path:
    """A local address without links, so that a draft lies on the disk of what it will replace."""
    return Path(os.path.realpath(storage.local_path(address)))


@contextmanager
def drafting(
    addresses: Iterable[str], note: Mapping[str, Any], *, resumable: bool
) -> Iterator[dict[str, Path]]:
    """Draft folders by address, locked against other writers; empty, or what an interrupted writer left.

    Parameters
    ----------
    addresses : iterable of str
    note : mapping
        JSON values that say what is being written. Drafts are continued only where all of them carry the same note.
    resumable : bool
        Whether drafts are continued, and kept when the block fails.

    Raises
    ------
    ArtifactError
        An output is being written by another process, cannot be written, or would replace what is no artifact.
    """
    drafts = {address: draft_folder(address) for address in addresses}
    notes = {address: draft.with_name(f"{draft.name}.json") for address, draft in drafts.items()}
    with ExitStack() as stack:
        for address, draft in drafts.items():
            with storage.writing(address, draft.parent):
                _check_replaceable(address)
                draft.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_locked(draft, address))
        kept = resumable and all(
            draft.is_dir() and _read(notes[address]) == note for address, draft in drafts.items()
        )
        for address, draft in drafts.items():
            with storage.writing(address, draft.parent):
                if not kept:
                    _remove(draft, notes[address])
                draft.mkdir(exist_ok=True)
                notes[address].write_text(json.dumps(note), encoding="utf-8")
        try:
            yield drafts
        except BaseException:
            if not resumable:
                for address, draft in drafts.items():
                    _remove(draft, notes[address])
            raise
        for address, draft in drafts.items():
            _remove(draft, notes[address])


@contextmanager
def _locked(draft: Path, address: str) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(draft.with_name(f"{draft.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ArtifactError(
            f"{redacted(address)} is being written by another process; wait for it, or give another place"
        ) from None
    try:
        yield
    finally:
        # before it is released: whoever opened it in the meantime locks a file without a name, which filelock sees
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def forget(address: str) -> None:
    """See to it that what an interrupted writer left for an address is not continued."""
    draft = draft_folder(address)
    draft.with_name(f"{draft.name}.json").unlink(missing_ok=True)


def _read(note: Path) -> Any:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _remove(draft: Path, note: Path) -> None:
    note.unlink(missing_ok=True)  # first: a draft that is half deleted must not be continued
    if draft.exists():
        shutil.rmtree(draft)


def _check_replaceable(address: str) -> None:
    """Refuse to replace what no component wrote."""
    shown = redacted(address)
    if storage.is_remote(address):
        fs, path = storage.filesystem(address)
        found = fs.info(path)["type"] if fs.exists(path) else None
        names = (
            {posixpath.basename(name.rstrip("/")) for name in fs.ls(path, detail=False)} if found else set()
        )
    else:
        place = _place(address)
        found = None if not place.exists() else "directory" if place.is_dir() else "file"
        names = set(os.listdir(place)) if found == "directory" else set()
    if found == "file":
        raise ArtifactError(
            f"cannot write {shown}: a file is in the way of a folder; remove it or give another place"
        )
    if names and not names & {MARKER, BEGUN}:
        raise ArtifactError(
            f"cannot write {shown}: the folder is not empty, and no component wrote what is in it, so it is not "
            "replaced; remove it or give another place"
        )


def publish(finished: Sequence[tuple[Path, str, Marker]]) -> None:
    """Move finished drafts to their addresses.

    All earlier artifacts are taken away before the first new one appears, so that nobody sees old and new together.

    Parameters
    ----------
    finished : sequence of (draft folder, address, marker)
    """
    for draft, address, marker in finished:
        (draft / MARKER).write_text(marker.to_json(), encoding="utf-8")
        _retire(address)
    for draft, address, marker in finished:
        if storage.is_remote(address):
            _upload(draft, *storage.filesystem(address), marker)
        else:
            _move(draft, _place(address), marker)


def _retire(address: str) -> None:
    """Make an earlier artifact invisible."""
    if storage.is_remote(address):
        fs, path = storage.filesystem(address)
        _begin(fs, path)
        return
    place = _place(address)
    if place.exists():
        _discard(old := place.with_name(f".{place.name}.old"))
        try:
            place.rename(old)
        except OSError as error:
            if error.errno not in _IN_PLACE:
                raise
            _begin(_local(), str(place))


def _move(draft: Path, place: Path, marker: Marker) -> None:
    try:
        draft.rename(place)
    except OSError as error:
        if error.errno not in _IN_PLACE:
            raise
        _upload(draft, _local(), str(place), marker)
    _discard(place.with_name(f".{place.name}.old"))


def _local() -> Any:
    import fsspec

    return fsspec.filesystem("file")


def _discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _begin(fs: Any, path: str) -> None:
    """From here on what lies at the path is incomplete."""
    fs.makedirs(path, exist_ok=True)
    fs.pipe_file(posixpath.join(path, BEGUN), b"{}\n")
    if fs.exists(posixpath.join(path, MARKER)):
        fs.rm_file(posixpath.join(path, MARKER))


def _upload(draft: Path, fs: Any, path: str, marker: Marker) -> None:
    """Fill a folder that was begun; the marker comes last."""
    _begin(fs, path)
    for name in fs.ls(path, detail=False):
        if posixpath.basename(name.rstrip("/")) != BEGUN:
            fs.rm(name, recursive=True)
    targets = [posixpath.join(path, name) for name in marker.files]
    for folder in sorted({posixpath.dirname(target) for target in targets}):
        fs.makedirs(folder, exist_ok=True)
    fs.put([str(draft / name) for name in marker.files], targets)
    fs.pipe_file(posixpath.join(path, MARKER), marker.to_json().encode("utf-8"))
    fs.rm_file(posixpath.join(path, BEGUN))
    _discard(draft)
