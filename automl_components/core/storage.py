"""Where artifacts live: a local path or any fsspec address, and the local view that a component works on."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from automl_components.core.artifacts import (
    ARTIFACT_TYPES,
    MARKER,
    Marker,
    digest_file,
    digest_of,
    digest_stream,
    list_files,
    redacted,
)
from automl_components.core.errors import ArtifactError

KEPT_DAYS = 7
"""Days after its last use when the local view of a remote artifact may be deleted."""

_used: set[Path] = set()  # local views that this process has asked for

_STAMPS = (
    "ETag", "etag", "md5Hash", "Content-MD5", "crc32c", "generation", "Last-Modified", "LastModified",
    "last_modified", "updated", "mtime", "modified", "created",
)  # fmt: skip
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than this process may write",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a file is in the way of a folder",
    errno.EEXIST: "a file is in the way of a folder",
    errno.EISDIR: "a folder is in the way of a file",
    errno.ENAMETOOLONG: "the name is too long",
}
_SILENT = (errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)
_NO_ANSWER = "the storage does not answer"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DRIVERS = {
    "aiohttp": "ClientError", "azure.core.exceptions": "AzureError", "botocore.exceptions": "BotoCoreError",
    "ftplib": "Error", "gcsfs.retry": "HttpError", "google.auth.exceptions": "GoogleAuthError",
}  # fmt: skip
"""By module, what drivers of stores raise besides OSError."""


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

    >>> join("memory://runs/", "features"), join("runs", "features"), join("memory://", "runs")
    ('memory://runs/features', 'runs/features', 'memory://runs')
    """
    return f"{address}{name}" if address.endswith("://") else f"{address.rstrip('/')}/{name}"


def cache_folder() -> Path:
    """Where local views of remote artifacts and their drafts are kept: ``AUTOML_CACHE`` or the user's cache."""
    chosen, caches = os.environ.get("AUTOML_CACHE"), os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return (Path(chosen) if chosen else Path(caches) / "automl-components").expanduser()


def filesystem(address: str) -> tuple[Any, str]:
    """The file system of a remote address and the path inside it; what it remembers of listings is dropped.

    Raises
    ------
    ArtifactError
        The scheme is unknown, or its driver is not installed.
    """
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        wanted = isinstance(error, ImportError) and address.startswith(("s3://", "s3a://"))
        remedy = "; pip install 'automl-components[s3]'" if wanted else ""
        raise ArtifactError(f"{redacted(address)}: {error}{remedy}") from None
    fs.invalidate_cache()  # another machine may have written there
    return fs, str(path).rstrip("/")


def exists(address: str) -> bool:
    """Whether a file or folder is there."""
    if not is_remote(address):
        return local_path(address).exists()
    fs, path = filesystem(address)
    return bool(fs.exists(path))


def is_folder(address: str) -> bool:
    """Whether it is a folder; an address on a web server never is."""
    if not is_remote(address):
        return local_path(address).is_dir()
    fs, path = filesystem(address)
    return not address.startswith("http") and bool(fs.isdir(path))


def read_text(address: str) -> str | None:
    """The text of a small file, or None when it is absent."""
    if not is_remote(address):
        path = local_path(address)
        return path.read_text(encoding="utf-8") if path.is_file() else None
    fs, path_ = filesystem(address)
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
    fs, path_ = filesystem(address)
    fs.makedirs(path_.rpartition("/")[0], exist_ok=True)
    fs.pipe_file(path_, text.encode("utf-8"))


def read_marker(address: str) -> Marker | None:
    """The marker of an artifact, or None where there is none."""
    where = join(address, MARKER)
    text = None if address.startswith("http") else read_text(where)
    return None if text is None else Marker.from_json(text, redacted(where))


def changed_file(address: str, marker: Marker) -> str | None:
    """The first file of an artifact that is gone or has other bytes than its marker says; None when all is well."""
    fs, path = filesystem(address) if is_remote(address) else (None, str(local_path(address)))
    for name, (size, sha) in marker.files.items():
        where = posixpath.join(path, name)
        try:
            if fs is None:
                same = os.path.getsize(where) == size and digest_file(Path(where)) == sha
            else:
                same = fs.size(where) == size and _digest_remote(fs, where) == sha
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            same = False
        if not same:
            return name
    return None


def _digest_remote(fs: Any, path: str) -> str:
    with fs.open(path, "rb") as stream:
        return digest_stream(stream)


def is_intact(address: str, marker: Marker) -> bool:
    """Whether every file that the marker lists is still there, unchanged."""
    return changed_file(address, marker) is None


def digest(address: str, kind: str) -> str:
    """The content digest of an input: from its marker, else from names and bytes of what was given.

    Of a remote file without a marker the storage's own version stamp is taken (ETag, checksum or time), so that
    nothing is downloaded.
    """
    marker = read_marker(address)
    if marker is not None:
        return marker.digest
    if kind == "mltable":
        from automl_components.core.tables import table_files

        files = table_files(address)
    elif not is_remote(address):
        path = local_path(address)
        if path.is_file():
            return digest_file(path)
        return digest_of({name: sha for name, (_, sha) in list_files(path).items()})
    elif is_folder(address):
        fs, path_ = filesystem(address)
        files = [str(fs.unstrip_protocol(name)) for name in sorted(fs.find(path_))]
    else:
        files = [address]
    base = address.rstrip("/") if is_remote(address) else local_path(address).as_posix()
    return digest_of([[name.removeprefix(base), _stamp(name)] for name in files])


def _stamp(address: str) -> Any:
    """What changes when the content of a file does."""
    if not is_remote(address):
        return digest_file(local_path(address))
    fs, path = filesystem(address)
    info = fs.info(path)
    found = next((str(info[key]) for key in _STAMPS if info.get(key)), None)
    return [info.get("size"), found if found is not None else str(fs.checksum(path))]


def check_input(name: str, address: str, kind: str, *, made_here: bool) -> None:
    """Refuse an input that is absent, of another type, incomplete, or changed since it was made.

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
    if not exists(address) and not (kind == "mltable" and any(sign in address for sign in "*?[")):
        raise ArtifactError(f"input {name!r}: nothing at {shown}")
    marker = read_marker(address)
    if marker is not None:
        _check_marker(name, address, kind, marker, made_here=made_here)
    elif made_here:
        raise ArtifactError(
            f"input {name!r}: {shown} has no marker file {MARKER}: it is incomplete, or no component wrote it; "
            "run the step that makes it again"
        )
    elif kind == "uri_file" and is_folder(address):
        raise ArtifactError(f"input {name!r}: {shown} is a folder, a file is needed")
    elif kind in ("uri_folder", "mlflow_model") and not is_folder(address):
        raise ArtifactError(f"input {name!r}: {shown} is a file, the folder of a {kind} is needed")
    elif kind == "mlflow_model" and not exists(join(address, str(ARTIFACT_TYPES[kind].entry))):
        raise ArtifactError(
            f"input {name!r}: {shown} is not a {kind}: it has no {ARTIFACT_TYPES[kind].entry} file"
        )


def _check_marker(name: str, address: str, kind: str, marker: Marker, *, made_here: bool) -> None:
    shown = redacted(address)
    if marker.type != kind:
        raise ArtifactError(f"input {name!r}: {shown} is a {marker.type}, a {kind} is needed")
    if made_here and marker.name != name:
        raise ArtifactError(f"input {name!r}: {shown} holds {marker.name!r} (made by {marker.component})")
    if not is_remote(address) and (file := changed_file(address, marker)):
        raise ArtifactError(f"input {name!r}: {_changed(address, file, marker)}")


def _changed(address: str, file: str, marker: Marker) -> str:
    return (
        f"{redacted(join(address, file))} is gone or was changed after {marker.component} wrote it; "
        "run that step again"
    )


def elapsed(address: str) -> float:
    """Seconds that an artifact and all before it took to make, along the longest way; 0 for what has no marker."""
    marker = read_marker(address)
    return marker.elapsed if marker else 0.0


def localise(address: str, marker: Marker | None = None) -> Path:
    """A local view of an artifact: itself, or a download that is kept as long as its content is the same.

    Raises
    ------
    ArtifactError
        What was downloaded is not what the marker says.
    """
    if not is_remote(address):
        return local_path(address)
    content = marker.digest if marker else digest(address, "uri_folder")
    key = hashlib.sha256(f"{address.rstrip('/')} {content}".encode()).hexdigest()[:24]
    place = cache_folder() / "inputs" / key
    target = place / (posixpath.basename(address.rstrip("/").split("://", 1)[1]) or "root")
    _used.add(place)
    if not target.exists() or (marker is not None and not is_intact(str(target), marker)):
        _download(address, target, marker)
        _forget_unused(place.parent)
    os.utime(place)
    return target


def _download(address: str, target: Path, marker: Marker | None) -> None:
    fs, path = filesystem(address)
    names = [""]
    if marker is not None:
        names = [*marker.files, MARKER]
    elif is_folder(address):
        names = [found.removeprefix(path).lstrip("/") for found in fs.find(path)]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        draft = Path(scratch) / target.name
        local = [draft / name if name else draft for name in names]
        for folder in {file.parent for file in local} | ({draft} if names != [""] else set()):
            folder.mkdir(parents=True, exist_ok=True)
        if names:
            fs.get([posixpath.join(path, name) if name else path for name in names], list(map(str, local)))
        if marker is not None and (file := changed_file(str(draft), marker)):
            raise ArtifactError(_changed(address, file, marker))
        if target.exists():
            target.rename(Path(scratch) / "broken")
        draft.rename(target)


def _forget_unused(folder: Path) -> None:
    """Delete local views that nobody has used for long; those of this process are kept, whatever the clock says."""
    for place in folder.iterdir():
        with suppress(FileNotFoundError):
            if place not in _used and place.stat().st_mtime < time.time() - KEPT_DAYS * 86_400:
                shutil.rmtree(place, ignore_errors=True)


@contextmanager
def reading(name: str, address: str) -> Iterator[None]:
    """Turn a missing permission, or a store that does not answer, into an ArtifactError that names the input."""
    try:
        yield
    except PermissionError as error:
        said = error.filename or (error if is_remote(address) else "")
        at = f" ({said})" if said else ""
        raise ArtifactError(f"input {name!r}: no permission to read {redacted(address)}{at}") from error
    except _driver_errors(ConnectionError, TimeoutError) as error:
        if not is_remote(address):
            raise
        raise ArtifactError(f"input {name!r}: {redacted(address)}: {_NO_ANSWER} ({error})") from error


def _driver_errors(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """What drivers raise besides OSError, of those that are loaded; and others."""
    loaded = ((sys.modules[module], name) for module, name in _DRIVERS.items() if module in sys.modules)
    return (*others, *(getattr(module, name) for module, name in loaded if hasattr(module, name)))


@contextmanager
def writing(address: str, *drafts: Path) -> Iterator[None]:
    """Turn a full disk, a missing permission or a file in the way into an ArtifactError that names the address.

    Parameters
    ----------
    address : str
        What is written, in the end.
    *drafts : Path
        Where it is written on the way. Errors of other places, such as an input that may not be read, pass.
    """
    if address.startswith(("http://", "https://")):
        raise ArtifactError(
            f"cannot write {redacted(address)}: nothing can be written to a web server; give a folder, or the "
            "storage's own address (s3://, gs://, abfs://, ...)"
        )
    try:
        yield
    except _driver_errors(OSError) as error:
        places = [*drafts, *([] if is_remote(address) else [local_path(address)])]
        reason = _reason(error, places, remote=is_remote(address))
        if reason is None:
            raise
        filename = getattr(error, "filename", None)
        at = f" ({filename})" if filename else ""
        remedy = "check the storage" if is_remote(address) else "make room"
        raise ArtifactError(
            f"cannot write {redacted(address)}: {reason}{at}; "
            f"{remedy} or give another --output, then start again: finished steps are kept"
        ) from error


def _reason(error: Exception, places: list[Path], *, remote: bool) -> str | None:
    """Why a place cannot be written, in words; None where the error is about something else."""
    if not isinstance(error, OSError):
        return f"{_NO_ANSWER} ({error})" if remote else None
    if remote and (error.errno in _SILENT or isinstance(error, (ConnectionError, TimeoutError))):
        return f"{_NO_ANSWER} ({error})"
    if remote and isinstance(error, PermissionError) and error.filename is None:
        return f"{_REASONS[errno.EACCES]} ({error})"
    if error.errno == errno.ENOENT and error.filename is not None:
        # of a folder that cannot be made, such as /proc/x; a file that a body misses is not about the output
        on_the_way = [
            place for place in places if Path(os.fsdecode(error.filename)) in (place, *place.parents)
        ]
        return "no folder can be made there" if on_the_way else None
    return _REASONS.get(error.errno or 0) if _concerns(error, places) else None


def _concerns(error: OSError, places: list[Path]) -> bool:
    """Whether an error is about one of the places: at it, in it, or on the way to it."""
    if error.errno in _FULL or not isinstance(error.filename, (str, bytes, os.PathLike)):
        return True
    path = Path(os.fsdecode(error.filename)).absolute()
    return any(path == place or place in path.parents or path in place.parents for place in places)
