"""Writing an MLTable file, with its paths told from the new folder, and on request with copies of the data."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from automl_components.core.errors import ArtifactError
from automl_components.core.mltable.addresses import absolute, filesystem, is_remote, shown
from automl_components.core.mltable.definition import FILE, Definition, Path


def save(
    definition: Definition,
    base: str,
    folder: str,
    *,
    overwrite: bool = True,
    colocated: bool = False,
    show_progress: bool = False,
    if_err_remove_files: bool = True,
) -> None:
    """Write ``folder/MLTable``; see ``MLTable.save``."""
    target = absolute(folder)
    fs, path = filesystem(target)
    file = posixpath.join(path, FILE)
    if not overwrite and fs.exists(file):
        raise ArtifactError(
            f"{shown(target)}: holds an MLTable file already; say overwrite=True to replace it"
        )
    written: list[str] = []
    try:
        with _cleaned_up(fs, written, if_err_remove_files):
            if colocated:
                paths = [_copied(item, base, target, written, show_progress) for item in definition.paths]
            else:
                paths = [_retold(item, base, target) for item in definition.paths]
            fs.makedirs(path, exist_ok=True)
            fs.pipe_file(file, replace(definition, paths=tuple(paths)).to_yaml().encode())
    except OSError as error:
        raise ArtifactError(f"{shown(target)}: cannot be written ({error})") from error


@contextmanager
def _cleaned_up(fs: object, written: list[str], remove: bool) -> Iterator[None]:
    """Remove what was copied so far when something fails."""
    done = False
    try:
        yield
        done = True
    finally:
        if not done and remove:
            for path in written:
                fs.rm_file(path)  # type: ignore[attr-defined]


def _retold(item: Path, base: str, target: str) -> Path:
    """A relative path, relative to the new folder; an address or absolute path as it is."""
    kind, address = item.item
    full = absolute(address, base)
    if full == address or "://" in address or absolute(base or ".") == target:
        return item
    if is_remote(full) or is_remote(target):
        return Path(**{kind: full})
    relative = os.path.relpath(full, target).replace(os.sep, "/")
    return Path(**{kind: relative if relative.startswith("../") else f"./{relative}"})


def _copied(item: Path, base: str, target: str, written: list[str], show_progress: bool) -> Path:
    """Copy what an item stands for below the new folder, and say where it is now.

    Folder names are kept, because ``extract_columns_from_partition_format`` may read them: what lies below the old
    MLTable file keeps its relative path, anything else its path without the scheme.
    """
    kind, address = item.item
    full = absolute(address, base)
    source_fs, pattern = filesystem(full)
    target_fs, root = filesystem(target)
    home = (
        filesystem(absolute(base or "."))[1].rstrip("/")
        if is_remote(absolute(base or ".")) == is_remote(full)
        else ""
    )

    def below(path: str) -> str:
        inside = home and path.startswith(f"{home}/")
        return path[len(home) + 1 :] if inside else path.lstrip("/").replace(":", "_")

    if kind == "file":
        found = [pattern]
    elif kind == "folder":
        found = sorted(source_fs.find(pattern))
    else:
        found = sorted(
            path for path, info in source_fs.glob(pattern, detail=True).items() if info["type"] == "file"
        )
    for path in found:
        copy = posixpath.join(root, below(path))
        if source_fs == target_fs and copy == path:
            continue
        if show_progress:
            sys.stderr.write(f"{path} -> {copy}\n")
        target_fs.makedirs(posixpath.dirname(copy), exist_ok=True)
        written.append(copy)
        with source_fs.open(path, "rb") as source, target_fs.open(copy, "wb") as sink:
            while chunk := source.read(1 << 20):
                sink.write(chunk)
    return (
        Path(**{kind: f"./{below(pattern.rstrip('/'))}"})
        if below(pattern.rstrip("/"))
        else Path(**{kind: "./"})
    )
