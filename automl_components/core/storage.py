"""Where artifacts live: a local path or any fsspec address; drafts are renamed into place."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automl_components.core.artifacts import (
    ARTIFACT_TYPES,
    MARKER,
    Marker,
    digest_file,
    digest_of,
    list_files,
    redacted,
)
from automl_components.core.errors import ArtifactError


def is_remote(address: str) -> bool:
    """Whether an address needs fsspec.

    >>> is_remote("s3://bucket/data"), is_remote("runs/bank"), is_remote("file:///tmp/x")
    (True, False, False)
    """
    return "://" in address and not address.startswith(("file://", "local://"))


def local_path(address: str) -> Path:
    """A local address as an absolute path."""
    return Path(address.split("://", 1)[-1] if "://" in address else address).expanduser().absolute()


def join(address: str, name: str) -> str:
    """The address of a child.

    >>> join("memory://runs/", "features"), join("runs", "features")
    ('memory://runs/features', 'runs/features')
    """
    return f"{address.rstrip('/')}/{name}"


def cache_folder() -> Path:
    """Where local views of remote artifacts and their drafts are kept: ``AUTOML_CACHE`` or the user's cache."""
    base = os.environ.get("AUTOML_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "automl-components"
    return Path(base).expanduser()


def _filesystem(address: str) -> tuple[Any, str]:
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise ArtifactError(f"{redacted(address)}: {error}") from None
    return fs, path


def exists(address: str) -> bool:
    """Whether a file or folder is there."""
    if not is_remote(address):
        return local_path(address).exists()
    fs, path = _filesystem(address)
    return bool(fs.exists(path))


def read_text(address: str) -> str | None:
    """The text of a small file, or None when it is absent."""
    if not is_remote(address):
        path = local_path(address)
        return path.read_text(encoding="utf-8") if path.is_file() else None
    fs, path_ = _filesystem(address)
    try:
        return bytes(fs.cat_file(path_)).decode("utf-8")
    except FileNotFoundError:
        return None


def write_text(address: str, text: str) -> None:
    """Write a small file; its folder is made."""
    if not is_remote(address):
        path = local_path(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    fs, path_ = _filesystem(address)
    fs.makedirs(path_.rpartition("/")[0], exist_ok=True)
    fs.pipe_file(path_, text.encode("utf-8"))


def read_marker(address: str) -> Marker | None:
    """The marker of an artifact, or None where there is none."""
    where = join(address, MARKER)
    text = read_text(where)
    return None if text is None else Marker.from_json(text, redacted(where))


def is_intact(address: str, marker: Marker) -> bool:
    """Whether every file that the marker lists is still there, unchanged (remote: of the same size)."""
    if is_remote(address):
        fs, path = _filesystem(address)
        found = {name: info["size"] for name, info in fs.find(path, detail=True).items()}
        sizes = {name.removeprefix(fs._strip_protocol(path)).lstrip("/"): size for name, size in found.items()}
        return all(sizes.get(name) == size for name, (size, _) in marker.files.items())
    folder = local_path(address)
    for name, (size, sha) in marker.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size or digest_file(path) != sha:
            return False
    return True


def digest(address: str, kind: str) -> str:
    """The content digest of an input: from its marker, else from the bytes of what was given."""
    marker = read_marker(address) if _is_folder(address) else None
    if marker is not None:
        return marker.digest
    if kind == "mltable":
        from automl_components.core.tables import table_files

        files = table_files(address)
    elif is_remote(address):
        fs, path = _filesystem(address)
        files = [fs.unstrip_protocol(name) for name in sorted(fs.find(path))]
    else:
        path_ = local_path(address)
        return digest_file(path_) if path_.is_file() else digest_of({k: v[1] for k, v in list_files(path_).items()})
    return digest_of([_digest_one(name) for name in files])


def _digest_one(address: str) -> str:
    if not is_remote(address):
        return digest_file(local_path(address))
    fs, path = _filesystem(address)
    return str(fs.checksum(path))


def _is_folder(address: str) -> bool:
    if not is_remote(address):
        return local_path(address).is_dir()
    fs, path = _filesystem(address)
    return bool(fs.isdir(path))


def check_input(name: str, address: str, kind: str, *, made_here: bool) -> None:
    """Refuse an input that is absent, of another type, or incomplete.

    Parameters
    ----------
    made_here : bool
        Whether the input is what another component writes: then it must carry that component's marker.

    Raises
    ------
    ArtifactError
        Names the input, the address and what would be right.
    """
    shown = redacted(address)
    if not exists(address):
        raise ArtifactError(f"input {name!r}: nothing at {shown}")
    marker = read_marker(address) if _is_folder(address) else None
    if marker is not None:
        if marker.type != kind:
            raise ArtifactError(f"input {name!r}: {shown} is a {marker.type}, a {kind} is needed")
        if made_here and marker.name != name:
            raise ArtifactError(f"input {name!r}: {shown} holds {marker.name!r} (made by {marker.component})")
        return
    if made_here:
        raise ArtifactError(
            f"input {name!r}: {shown} has no marker file {MARKER}: it is incomplete, or no component wrote it; "
            "run the step that makes it again"
        )
    entry = ARTIFACT_TYPES[kind].entry
    if kind == "mlflow_model" and entry is not None and not exists(join(address, entry)):
        raise ArtifactError(f"input {name!r}: {shown} is not a {kind}: it has no {entry} file")


def localise(address: str, marker: Marker | None = None) -> Path:
    """A local view of an artifact: itself, or a download that is kept as long as its content is the same."""
    if not is_remote(address):
        return local_path(address)
    fs, path = _filesystem(address)
    key = hashlib.sha256(f"{address} {marker.digest if marker else fs.checksum(path)}".encode()).hexdigest()[:24]
    target = cache_folder() / "inputs" / key / Path(path).name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            draft = Path(scratch) / target.name
            fs.get(path.rstrip("/") + ("/" if fs.isdir(path) else ""), str(draft), recursive=True)
            if not target.exists():
                draft.rename(target)
    return target


def draft_folder(address: str) -> Path:
    """Where the draft of an output is written: beside it, or in the cache for a remote one."""
    if is_remote(address):
        return cache_folder() / "drafts" / hashlib.sha256(address.encode()).hexdigest()[:24]
    path = local_path(address)
    return path.parent / f".{path.name}.draft"


def publish(draft: Path, address: str, marker: Marker) -> None:
    """Move a finished draft to its address; its marker becomes visible last."""
    if not is_remote(address):
        (draft / MARKER).write_text(marker.to_json(), encoding="utf-8")
        target = local_path(address)
        old = target.parent / f".{target.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        draft.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        return
    fs, path = _filesystem(address)
    if fs.exists(join(path, MARKER)):
        fs.rm_file(join(path, MARKER))  # from here on the old artifact is incomplete
    if fs.exists(path):
        fs.rm(path, recursive=True)
    for name in marker.files:
        target_ = join(path, name)
        fs.makedirs(target_.rpartition("/")[0], exist_ok=True)
        fs.put_file(str(draft / name), target_)
    fs.pipe_file(join(path, MARKER), marker.to_json().encode())
    shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def writing(address: str) -> Iterator[None]:
    """Turn a full disk or a folder without permission into an ArtifactError that names it."""
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EACCES: "no permission to write there",
        errno.EPERM: "no permission to write there",
        errno.EROFS: "the file system is read-only",
        errno.ENOTDIR: "a file is in the way of a folder",
        errno.EEXIST: "a file is in the way of a folder",
    }
    try:
        yield
    except OSError as error:
        if error.errno not in reasons:
            raise
        at = f" ({error.filename})" if error.filename else ""
        raise ArtifactError(
            f"cannot write {redacted(address)}: {reasons[error.errno]}{at}; "
            "make room or give another --output, then start again: finished steps are kept"
        ) from error
