"""Addresses in MLTable files: local paths and fsspec addresses, and the data files they stand for."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from automl_components.core.errors import DataError

_WASB = re.compile(r"wasbs?://([^@/]+)@([^./]+)\.blob\.core\.windows\.net(/.*)?")


@dataclass(frozen=True)
class File:
    """One data file.

    Attributes
    ----------
    fs : fsspec.AbstractFileSystem
        The file system that holds it.
    path : str
        Its path there.
    address : str
        What a user would call it: an absolute local path, or the full remote address.
    """

    fs: Any
    path: str
    address: str

    def __str__(self) -> str:
        return shown(self.address)

    @property
    def is_local(self) -> bool:
        """Whether it can be opened without fsspec."""
        return "://" not in self.address

    def size(self) -> int:
        """Bytes, 0 where the server does not say."""
        return int(self.fs.info(self.path).get("size") or 0)

    def open(self) -> BinaryIO:
        """The bytes.

        Raises
        ------
        DataError
            The file is absent or cannot be read.
        """
        failures: tuple[type[Exception], ...] = (OSError, *_http_errors(self.address))
        try:
            return self.fs.open(self.path, "rb")  # type: ignore[no-any-return]
        except FileNotFoundError:
            raise DataError(f"{self}: there is no such file") from None
        except failures as error:
            raise DataError(f"{self}: cannot be read ({error})") from None


def _http_errors(address: str) -> tuple[type[Exception], ...]:
    if not address.startswith("http"):
        return ()
    from aiohttp import ClientError  # fsspec's own requirement for http addresses

    return (ClientError,)


def shown(address: str) -> str:
    """The address without what is secret in it, for messages."""
    from automl_components.core.artifacts import redacted

    return redacted(address)


def is_remote(address: str) -> bool:
    """Whether an address, as ``absolute`` gives it, needs fsspec."""
    return "://" in address


def absolute(address: str, base: str = "") -> str:
    """An absolute local path or a remote address.

    Parameters
    ----------
    address : str
        As written in an MLTable file or given by a caller.
    base : str
        What a relative address is relative to: a folder's address; empty for the working directory.

    Raises
    ------
    DataError
        An ``azureml:`` address: only Azure's own service can resolve it.

    >>> absolute("./a.csv", "/data/t"), absolute("../a.csv", "memory://box/t")
    ('/data/t/a.csv', 'memory://box/a.csv')
    """
    if address.startswith("azureml:"):
        raise DataError(
            f"{shown(address)}: azureml addresses can only be resolved inside Azure Machine Learning; "
            "give the storage's own address instead, such as abfss://<container>@<account>.dfs.core.windows.net/"
            "<path>, or download the data and give its path"
        )
    if match := _WASB.fullmatch(address):  # the same containers under the name that fsspec's driver knows
        return f"abfss://{match[1]}@{match[2]}.dfs.core.windows.net{match[3] or ''}"
    if address.startswith(("file://", "local://")):
        address = address.split("://", 1)[1]
    if "://" in address:
        return address
    address = os.path.expanduser(address)
    if is_remote(base) and not os.path.isabs(address):
        scheme, rest = base.split("://", 1)
        return f"{scheme}://{posixpath.normpath(posixpath.join(rest, address))}"
    return os.path.normpath(os.path.join(os.path.abspath(base), address))


def filesystem(address: str) -> tuple[Any, str]:
    """The file system of an absolute address, and the path inside it.

    Raises
    ------
    DataError
        The scheme is unknown, or its driver is not installed.
    """
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise DataError(f"{shown(address)}: {error}") from None
    return fs, str(path)


def is_folder(address: str) -> bool:
    """Whether an absolute address is a folder; an address on a web server never is."""
    if address.startswith("http"):
        return False
    fs, path = filesystem(address)
    return bool(fs.isdir(path))


def files_of(items: Iterable[tuple[str, str]], base: str = "") -> list[File]:
    """The data files that the items of ``paths`` stand for: in their order, inside an item by name.

    Parameters
    ----------
    items : pairs of str
        ``("file" | "folder" | "pattern", address)``.
    base : str
        Folder that relative addresses are relative to.

    Raises
    ------
    DataError
        Nothing is there, or a folder where a file is asked for.
    """
    files = [file for kind, address in items for file in _FIND[kind](absolute(address, base))]
    if not files:
        raise DataError("the table has no paths")
    return files


def _one(address: str) -> list[File]:
    fs, path = filesystem(address)
    if not address.startswith("http"):  # a web server is asked once, when the file is read
        if fs.isdir(path):
            raise DataError(f"{shown(address)}: is a folder; name it as `folder`, not as `file`")
        if not fs.exists(path):
            raise DataError(f"{shown(address)}: there is no such file")
    return [File(fs, path, address)]


def _below(address: str) -> list[File]:
    found = [file for file in all_below(address) if _is_data(file.address[len(address.rstrip("/")) :])]
    if not found:
        raise DataError(f"{shown(address)}: the folder holds no data files")
    return found


def all_below(address: str) -> list[File]:
    """Every file below a folder's absolute address, by name; its own address begins with the folder's."""
    fs, path = filesystem(address)
    if not fs.isdir(path):
        raise DataError(f"{shown(address)}: there is no such folder")
    start = len(path.rstrip("/"))
    return [File(fs, name, address.rstrip("/") + name[start:]) for name in sorted(fs.find(path))]


def _matching(address: str) -> list[File]:
    fs, path = filesystem(address)
    fixed = re.split(r"[*?\[]", address, maxsplit=1)[0].rpartition("/")[0]
    start = len(filesystem(f"{fixed}/")[1].rstrip("/"))
    asked = any(part.startswith(("_", ".")) for part in address[len(fixed) :].split("/"))
    infos = fs.glob(path, detail=True)
    names = [
        name for name in sorted(infos) if infos[name]["type"] == "file" and _is_data(name[start:], asked)
    ]
    if not names:
        raise DataError(f"{shown(address)}: no file matches this pattern")
    return [File(fs, name, f"{fixed}/{name[start:].lstrip('/')}") for name in names]


_FIND = {"file": _one, "folder": _below, "pattern": _matching}


def _is_data(path: str, hidden: bool = False) -> bool:
    """Not a mark or log of whoever wrote the folder (``_SUCCESS``, ``.crc``), nor the MLTable file itself."""
    parts = [part for part in path.split("/") if part]
    return parts[-1:] != ["MLTable"] and (hidden or not any(part.startswith(("_", ".")) for part in parts))
