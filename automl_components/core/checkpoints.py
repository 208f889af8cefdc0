"""Checkpoints: the draft of a remote output, kept in the store as it grows, so that another machine can go on.

They lie beside the output's place, in a folder ``.<name>.draft``: claims (see ``leases``), commits and files (see
``snapshots``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from logging import WARNING
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

from automl_components.core import storage
from automl_components.core.artifacts import redacted
from automl_components.core.errors import ArtifactError
from automl_components.core.events import emit
from automl_components.core.leases import Lease
from automl_components.core.snapshots import Snapshot, Snapshots, StoredFile

_Stamps: TypeAlias = dict[str, tuple[int, int]]  # bytes and time of last change, by relative path


def place_of(address: str) -> str | None:
    """The folder of a remote output's checkpoints; None where there is no place beside it.

    >>> place_of("s3://bucket/run/trials/"), place_of("s3://bucket")
    ('s3://bucket/run/.trials.draft', None)
    """
    scheme, _, path = address.rstrip("/").partition("://")
    folder, _, name = path.rpartition("/")
    return f"{scheme}://{folder}/.{name}.draft" if folder else None


class Checkpoints:
    """The draft of one remote output, in the store and here.

    Parameters
    ----------
    address, place : str
        Of the output, and of its checkpoints.
    draft : Path
        The draft on this machine; beside it lies what is remembered of the store.
    note : mapping
        JSON values that say what is being written.
    """

    def __init__(self, address: str, place: str, draft: Path, note: Mapping[str, Any]) -> None:
        self._what, self._place, self._draft, self._note = redacted(address), place, draft, dict(note)
        remembered = _read(_memory_of(draft))
        self._owner, self._earlier = remembered.get("owner") or uuid4().hex, remembered.get("session")
        self._forgotten = bool(remembered.get("forget"))
        self._lease = Lease(f"{place}/claims", address, self._owner)
        self._store = Snapshots(place)
        self._found = Snapshot()
        self._files: dict[str, StoredFile] = {}
        self._pending: _Stamps = {}
        self._seen: _Stamps = {}
        self._uploader = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._uploads: list[tuple[Future[None], _Stamps]] = []

    def open(self) -> bool:
        """Take the lease; whether the draft on this machine is as new as the store, or newer.

        Raises
        ------
        ArtifactError
            Another machine is writing.
        """
        self._lease.acquire()
        if self._forgotten:
            self._store.clear()
        self._found = self._store.latest()
        if self._earlier == (self._found.session or None):
            return True
        self._earlier = None  # it went on, was finished, or was begun anew elsewhere
        return False

    def download(self, folder: Path) -> bool:
        """Bring what the store has of the same work into a folder; False when it has nothing of it.

        Raises
        ------
        ArtifactError
            The files are not what was written.
        """
        if not self._found.session or self._found.note != self._note:
            return False
        for name, file in self._found.files.items():
            if not self._store.get(file, folder / name):
                raise ArtifactError(
                    f"{self._what}: what an interrupted run has left of {name} in the store was changed or deleted; "
                    "start anew with --fresh (in Python: reuse=False)"
                )
        emit("note", f"{self._what}: going on from what another machine has finished")
        return True

    def begin(self, *, kept: bool) -> None:
        """Start from what the store has, or from nothing."""
        self._files = dict(self._found.files) if kept and self._found.note == self._note else {}
        self._remember(self._earlier)

    def save(self, paths: Iterable[str | Path]) -> None:
        """Upload, in the background, what is new in these files and folders, which are finished or only grow.

        A store that does not answer is told of, and tried again with the next call.

        Raises
        ------
        ArtifactError
            Another machine has taken over.
        """
        self._lease.check()
        self._reap()
        for file in (file for path in paths for file in _files_of(self._draft / path)):
            status = file.stat()
            self._pending[file.relative_to(self._draft).as_posix()] = (status.st_size, status.st_mtime_ns)
        wanted = dict(self._pending)
        self._uploads.append((self._uploader.submit(self._upload, wanted), wanted))

    def settle(self) -> None:
        """Wait for the uploads; ArtifactError when another machine has taken over: then nothing may be published."""
        self._uploader.shutdown(wait=True)
        self._reap()
        self._lease.check(ask=True)

    def close(self, *, finished: bool) -> None:
        """Give the lease back; what is published needs no checkpoints any more."""
        self._uploader.shutdown(wait=True)
        if finished:
            with suppress(OSError):
                self._store.clear()
            _memory_of(self._draft).unlink(missing_ok=True)
        self._lease.release()
        if finished:
            with suppress(OSError):
                fs, path = storage.filesystem(self._place)
                fs.rm(path, recursive=True)

    def _reap(self) -> None:
        """Tell of uploads that failed; what was uploaded is pending no more."""
        done = [(upload.exception(), wanted) for upload, wanted in self._uploads if upload.done()]
        self._uploads = [item for item in self._uploads if not item[0].done()]
        for error, wanted in done:
            if error is None:
                self._pending = {k: v for k, v in self._pending.items() if wanted.get(k) != v}
        if done and done[-1][0] is not None:
            text = f"could not be saved on the way ({done[-1][0]}); it is tried again after the next step"
            emit("note", f"warning: {self._what}: {text}", level=WARNING)

    def _upload(self, wanted: _Stamps) -> None:
        """Bytes first, then the commit that names them."""
        found = {
            name: self._stored(name, size)
            for name, (size, at) in wanted.items()
            if self._seen.get(name) != (size, at)
        }
        found |= {
            name: None for name in self._files if name not in found and not (self._draft / name).is_file()
        }
        changed = {name: file for name, file in found.items() if file != self._files.get(name)}
        files = {name: file for name, file in {**self._files, **changed}.items() if file is not None}
        if not self._store.is_begun:
            self._store.commit(self._note, files)
            self._remember(self._store.session)
        elif changed:
            self._store.commit(self._note, changed)
        self._files = files
        self._seen |= wanted

    def _stored(self, name: str, size: int) -> StoredFile | None:
        """A file after its new bytes were stored; None when it is gone."""
        try:
            return self._store.put(self._draft / name, size, self._files.get(name))
        except FileNotFoundError:
            return None

    def _remember(self, session: str | None) -> None:
        said = {"owner": self._owner, "session": session}
        _memory_of(self._draft).write_text(json.dumps(said), encoding="utf-8")


def forget(draft: Path) -> None:
    """See to it that the next run on this machine does not go on from what the store has."""
    memory = _memory_of(draft)
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps({**_read(memory), "forget": True}), encoding="utf-8")


def _memory_of(draft: Path) -> Path:
    return draft.with_name(f"{draft.name}.store.json")


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _files_of(path: Path) -> list[Path]:
    """A file, or all files of a folder; none where a unit of work has left nothing."""
    return [file for file in (path, *path.rglob("*")) if file.is_file()]
