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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_components.core import checkpoints, storage
from automl_components.core.artifacts import MARKER, Marker, redacted
from automl_components.core.checkpoints import Checkpoints
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


@dataclass(frozen=True)
class Draft:
    """Where an output is written, and what keeps it for other machines while it grows.

    Attributes
    ----------
    folder : Path
    store : Checkpoints or None
        Of a remote output of a resumable component.
    """

    folder: Path
    store: Checkpoints | None = None

    @property
    def note(self) -> Path:
        """The file that says what is being written."""
        return self.folder.with_name(f"{self.folder.name}.json")


@contextmanager
def drafting(
    addresses: Iterable[str], note: Mapping[str, Any], *, resumable: bool
) -> Iterator[dict[str, Draft]]:
    """Drafts by address, locked against other writers; empty, or what an interrupted writer left.

    The drafts of remote outputs that can be continued are locked and kept for other machines, too.

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
    with ExitStack() as stack:
        drafts = {address: stack.enter_context(_held(address, note, resumable)) for address in addresses}
        kept = resumable and all(d.folder.is_dir() and _read(d.note) == note for d in drafts.values())
        for address, draft in drafts.items():
            with storage.writing(address, draft.folder.parent):
                if not kept:
                    _remove(draft)
                draft.folder.mkdir(exist_ok=True)
                draft.note.write_text(json.dumps(note), encoding="utf-8")
                if draft.store is not None:
                    draft.store.begin(kept=kept)
        try:
            yield drafts
        except BaseException:
            if not resumable:
                for draft in drafts.values():
                    _remove(draft)
            raise
        for draft in drafts.values():
            _remove(draft)


@contextmanager
def _held(address: str, note: Mapping[str, Any], resumable: bool) -> Iterator[Draft]:
    """The draft of one output, for this process alone; up to date where another machine wrote last."""
    folder = draft_folder(address)
    with ExitStack() as stack:
        with storage.writing(address, folder.parent):
            _check_replaceable(address)
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(folder, address))
        place = checkpoints.place_of(address) if resumable and storage.is_remote(address) else None
        if place is None:
            yield Draft(folder)
            return
        store = Checkpoints(address, place, folder, note)
        try:
            with storage.writing(address, folder.parent):
                if not (store.open() and folder.is_dir()):
                    _catch_up(Draft(folder), store, note)
            yield Draft(folder, store)
        except BaseException:
            store.close(finished=False)
            raise
        store.close(finished=True)


def _catch_up(draft: Draft, store: Checkpoints, note: Mapping[str, Any]) -> None:
    """Replace a draft that another machine has left behind by what the store has."""
    _remove(draft)
    fresh = draft.folder.with_name(f"{draft.folder.name}.new")
    _discard(fresh)
    fresh.mkdir()
    if store.download(fresh):
        fresh.rename(draft.folder)
        draft.note.write_text(json.dumps(note), encoding="utf-8")
    _discard(fresh)


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
    folder = draft_folder(address)
    Draft(folder).note.unlink(missing_ok=True)
    if storage.is_remote(address):
        checkpoints.forget(folder)


def _read(note: Path) -> Any:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _remove(draft: Draft) -> None:
    draft.note.unlink(missing_ok=True)  # first: a draft that is half deleted must not be continued
    if draft.folder.exists():
        shutil.rmtree(draft.folder)


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
    """Fill a folder that was begun; the marker comes last. The draft stays whole for as long as its note is there."""
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
