"""Snapshots: the files of a growing folder in a store, as of its last commit, readable at any moment.

::

    files/<session>/<number>       bytes: a whole file, or what was appended to one; never changed
    commits/<epoch>-<number>.json  which files there are, and which parts they are made of

Bytes come first and the commit that names them last, so nothing half-written is ever read. Who takes over begins a new
epoch with a commit that names everything; what an earlier writer adds later to its own epoch counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from automl_components.core import storage
from automl_components.core.artifacts import digest_of

_CHUNK = 4 << 20
_COMMIT = re.compile(r"(\d{6})-(\d{6})\.json")


@dataclass(frozen=True)
class StoredFile:
    """One file: its bytes' number and SHA-256, and the parts that hold them, in order."""

    size: int
    sha: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """What the commits of an epoch add up to.

    Attributes
    ----------
    newest : int
        The highest epoch that was ever begun.
    session : str
        Who wrote it; empty where there is nothing.
    note : object
        What is being written.
    files : mapping of relative path to StoredFile
    """

    newest: int = 0
    session: str = ""
    note: Any = None
    files: Mapping[str, StoredFile] = field(default_factory=dict)


class Snapshots:
    """Where snapshots are kept; one writer at a time, which others must see to."""

    def __init__(self, place: str) -> None:
        self._fs, self._place = storage.filesystem(place)
        self.session = uuid4().hex
        self._epoch, self._commits, self._parts = 1, 0, 0

    def latest(self) -> Snapshot:
        """The newest epoch with a first commit; its commits count up to one that is absent or half-written."""
        self._fs.invalidate_cache()
        numbers: dict[int, list[int]] = {}
        with suppress(FileNotFoundError):
            for path in self._fs.ls(self._path("commits"), detail=False):
                if found := _COMMIT.fullmatch(posixpath.basename(path)):
                    numbers.setdefault(int(found[1]), []).append(int(found[2]))
        newest = max(numbers, default=0)
        self._epoch = newest + 1
        for epoch in sorted(numbers, reverse=True):
            snapshot = Snapshot(newest)
            for expected, number in enumerate(sorted(numbers[epoch])):
                said = _read(self._fs.cat_file(self._commit_path(epoch, number)))
                if said is None or number != expected:
                    break
                files = {name: file for name, file in {**snapshot.files, **said["files"]}.items() if file}
                snapshot = Snapshot(newest, said["session"], said["note"], files)
            if snapshot.session:
                return snapshot
        return Snapshot(newest)

    @property
    def is_begun(self) -> bool:
        """Whether this writer's epoch has a commit."""
        return self._commits > 0

    def commit(self, note: Mapping[str, Any], files: Mapping[str, StoredFile | None]) -> None:
        """Name files, None for one that is gone: all there are in the first commit, then those that changed."""
        listed = {name: None if file is None else asdict(file) for name, file in sorted(files.items())}
        said = {"session": self.session, "note": dict(note), "files": listed}
        self._fs.makedirs(self._path("commits"), exist_ok=True)
        path = self._commit_path(self._epoch, self._commits)
        self._fs.pipe_file(path, json.dumps({**said, "digest": digest_of(said)}).encode())
        self._commits += 1

    def put(self, path: Path, size: int, known: StoredFile | None = None) -> StoredFile:
        """Store the first ``size`` bytes of a file: nothing, or its end alone, where the rest is known already.

        Raises
        ------
        FileNotFoundError
            There is no such file any more.
        """
        with path.open("rb") as stream:
            sha = hashlib.sha256()
            if known is not None and known.size <= size:
                _copy(stream, known.size, sha)
                if sha.hexdigest() == known.sha:
                    if known.size == size:
                        return known
                    part = self._put_part(stream, size - known.size, sha)
                    return StoredFile(size, sha.hexdigest(), (*known.parts, part))
                stream.seek(0)
                sha = hashlib.sha256()
            part = self._put_part(stream, size, sha)
            return StoredFile(size, sha.hexdigest(), (part,))

    def get(self, file: StoredFile, target: Path) -> bool:
        """Fetch a file; whether it is what was put there."""
        target.parent.mkdir(parents=True, exist_ok=True)
        sha = hashlib.sha256()
        with target.open("wb") as sink, suppress(FileNotFoundError):
            for part in file.parts:
                with self._fs.open(self._path("files", part), "rb") as source:
                    _copy(source, file.size, sha, sink)
        return sha.hexdigest() == file.sha

    def clear(self) -> None:
        """Delete every snapshot, what they say first."""
        for folder in ("commits", "files"):
            with suppress(FileNotFoundError):
                self._fs.rm(self._path(folder), recursive=True)

    def _put_part(self, stream: IO[bytes], size: int, sha: Any) -> str:
        self._parts += 1
        part = f"{self.session}/{self._parts:06d}"
        target = self._path("files", part)
        self._fs.makedirs(posixpath.dirname(target), exist_ok=True)
        with self._fs.open(target, "wb") as sink:
            _copy(stream, size, sha, sink)
        return part

    def _commit_path(self, epoch: int, number: int) -> str:
        return self._path("commits", f"{epoch:06d}-{number:06d}.json")

    def _path(self, *parts: str) -> str:
        return posixpath.join(self._place, *parts)


def _read(text: bytes) -> dict[str, Any] | None:
    """What a commit says; None when only part of it was written."""
    try:
        said: dict[str, Any] = json.loads(text)
        digest = said.pop("digest")
    except (ValueError, KeyError, AttributeError):
        return None
    if digest_of(said) != digest:
        return None
    files = {name: file and StoredFile(file["size"], file["sha"], tuple(file["parts"]))
             for name, file in said["files"].items()}  # fmt: skip
    return {**said, "files": files}


def _copy(source: IO[bytes], size: int, sha: Any, sink: IO[bytes] | None = None) -> None:
    """Read up to ``size`` bytes, into a digest and a file."""
    while size > 0 and (chunk := source.read(min(size, _CHUNK))):
        sha.update(chunk)
        size -= len(chunk)
        if sink is not None:
            sink.write(chunk)
