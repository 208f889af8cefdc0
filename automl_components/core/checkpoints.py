"""Checkpoints: the draft of a remote output, kept in the store as it grows, so that another machine can go on.

Beside the output's place there is a folder ``.<name>.draft``::

    claims/<owner>.json           who may write, see ``leases``
    files/<session>/<number>      bytes: a whole file, or what was appended to one; never changed
    commits/<epoch>-<number>.json which files there are, and which parts they are made of

Bytes come first and the commit that names them last, so nothing half-written is ever read. Whoever takes over begins a
new epoch with a commit that names everything; what an earlier holder adds later to its own epoch counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from logging import WARNING
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from automl_components.core import storage
from automl_components.core.artifacts import digest_of, redacted
from automl_components.core.errors import ArtifactError
from automl_components.core.events import emit
from automl_components.core.leases import Lease

_CHUNK = 4 << 20
_COMMIT = re.compile(r"(\d{6})-(\d{6})\.json")


@dataclass(frozen=True)
class _File:
    """One file as it is in the store: its bytes, and the parts that hold them."""

    size: int
    sha: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class _State:
    """What the commits of an epoch add up to."""

    epoch: int = 0
    session: str = ""
    note: Any = None
    files: Mapping[str, _File] = field(default_factory=dict)


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
        self._what, self._draft, self._note = redacted(address), draft, dict(note)
        self._fs, self._place = storage.filesystem(place)
        self._memory = _memory_of(draft)
        remembered = _read(self._memory)
        self._owner, self._earlier = remembered.get("owner") or uuid4().hex, remembered.get("session")
        self._forgotten = bool(remembered.get("forget"))
        self._lease = Lease(f"{place}/claims", address, self._owner)
        self._session, self._commits, self._parts = uuid4().hex, 0, 0
        self._state = _State()
        self._files: dict[str, _File] = {}
        self._pending: dict[str, tuple[int, int]] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._uploader = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._uploads: list[tuple[Future[None], dict[str, tuple[int, int]]]] = []

    def open(self) -> bool:
        """Take the lease; whether the draft on this machine is as new as the store, or newer.

        Raises
        ------
        ArtifactError
            Another machine is writing.
        """
        self._lease.acquire()
        if self._forgotten:
            self._remove("commits")
        self._state = self._latest()
        if self._earlier == (self._state.session or None):
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
        if not self._state.session or self._state.note != self._note:
            return False
        for name, file in self._state.files.items():
            self._fetch(file, folder / name)
        emit("note", f"{self._what}: going on from what another machine has finished")
        return True

    def begin(self, *, kept: bool) -> None:
        """Start an epoch: from what the store has, or from nothing."""
        self._files = dict(self._state.files) if kept and self._state.note == self._note else {}
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
        for path in paths:
            for file in _files_of(self._draft / path):
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
            self._remove("commits")
            self._memory.unlink(missing_ok=True)
        self._lease.release()
        if finished:
            self._remove("")

    def _reap(self) -> None:
        """Tell of uploads that failed; what was uploaded is pending no more."""
        done = [item for item in self._uploads if item[0].done()]
        self._uploads = [item for item in self._uploads if not item[0].done()]
        for upload, wanted in done:
            error = upload.exception()
            if error is None:
                self._pending = {k: v for k, v in self._pending.items() if wanted.get(k) != v}
        if done and (error := done[-1][0].exception()) is not None:
            text = f"{self._what}: could not be saved on the way ({error}); it is tried again after the next step"
            emit("note", f"warning: {text}", level=WARNING)

    def _upload(self, wanted: Mapping[str, tuple[int, int]]) -> None:
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
        if changed or not self._commits:
            self._commit(changed if self._commits else files)
        self._files = files
        self._seen |= wanted

    def _stored(self, name: str, size: int) -> _File | None:
        """A file as the store has it after its new bytes were written there; None when it is gone."""
        known = self._files.get(name)
        try:
            with (self._draft / name).open("rb") as stream:
                sha = hashlib.sha256()
                if known is not None and known.size <= size:
                    _copy(stream, known.size, sha)
                    if sha.hexdigest() == known.sha:  # nothing is new, or it has grown
                        if known.size == size:
                            return known
                        part = self._write_part(stream, size - known.size, sha)
                        return _File(size, sha.hexdigest(), (*known.parts, part))
                    stream.seek(0)
                    sha = hashlib.sha256()
                part = self._write_part(stream, size, sha)
                return _File(size, sha.hexdigest(), (part,))
        except FileNotFoundError:
            return None

    def _write_part(self, stream: IO[bytes], size: int, sha: Any) -> str:
        self._parts += 1
        part = f"{self._session}/{self._parts:06d}"
        target = self._path("files", part)
        self._fs.makedirs(posixpath.dirname(target), exist_ok=True)
        with self._fs.open(target, "wb") as sink:
            _copy(stream, size, sha, sink)
        return part

    def _fetch(self, file: _File, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        sha = hashlib.sha256()
        with target.open("wb") as sink, suppress(FileNotFoundError):
            for part in file.parts:
                with self._fs.open(self._path("files", part), "rb") as source:
                    _copy(source, file.size, sha, sink)
        if sha.hexdigest() != file.sha:
            raise ArtifactError(
                f"{self._what}: what an interrupted run has left of {target.name} in the store was changed or deleted; "
                "start anew with --fresh (in Python: reuse=False)"
            )

    def _commit(self, files: Mapping[str, _File | None]) -> None:
        listed = {name: None if file is None else asdict(file) for name, file in sorted(files.items())}
        said = {"session": self._session, "note": self._note, "files": listed}
        name = f"{self._state.epoch + 1:06d}-{self._commits:06d}.json"
        self._fs.makedirs(self._path("commits"), exist_ok=True)
        self._fs.pipe_file(
            self._path("commits", name), json.dumps({**said, "digest": digest_of(said)}).encode()
        )
        self._commits += 1
        self._remember(self._session)

    def _latest(self) -> _State:
        """The newest epoch with a first commit; its commits count up to one that is absent or half-written."""
        numbers: dict[int, list[int]] = {}
        with suppress(FileNotFoundError):
            for path in self._fs.ls(self._path("commits"), detail=False):
                if found := _COMMIT.fullmatch(posixpath.basename(path)):
                    numbers.setdefault(int(found[1]), []).append(int(found[2]))
        newest = max(numbers, default=0)
        for epoch in sorted(numbers, reverse=True):
            state = _State(newest)
            for expected, number in enumerate(sorted(numbers[epoch])):
                said = _parsed(self._fs.cat_file(self._path("commits", f"{epoch:06d}-{number:06d}.json")))
                if said is None or number != expected:
                    break
                named = {
                    name: file and _File(file["size"], file["sha"], tuple(file["parts"]))
                    for name, file in said["files"].items()
                }
                files = {name: file for name, file in {**state.files, **named}.items() if file}
                state = _State(newest, said["session"], said["note"], files)
            if state.session:
                return state
        return _State(newest)

    def _remember(self, session: str | None) -> None:
        self._memory.write_text(json.dumps({"owner": self._owner, "session": session}), encoding="utf-8")

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            self._fs.rm(self._path(name) if name else self._place, recursive=True)

    def _path(self, *parts: str) -> str:
        return posixpath.join(self._place, *parts)


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


def _parsed(text: bytes) -> dict[str, Any] | None:
    """What a commit says; None when only part of it was written."""
    try:
        said: dict[str, Any] = json.loads(text)
        digest = said.pop("digest")
    except (ValueError, KeyError, AttributeError):
        return None
    return said if digest_of(said) == digest else None


def _files_of(path: Path) -> list[Path]:
    """A file, or all files of a folder; none where a unit of work has left nothing."""
    return [file for file in (path, *path.rglob("*")) if file.is_file()]


def _copy(source: IO[bytes], size: int, sha: Any, sink: IO[bytes] | None = None) -> None:
    """Read up to ``size`` bytes, into a digest and a file."""
    while size > 0 and (chunk := source.read(min(size, _CHUNK))):
        sha.update(chunk)
        size -= len(chunk)
        if sink is not None:
            sink.write(chunk)
