"""Writing an MLTable file: paths as seen from the new folder, on request with copies of the data."""

from __future__ import annotations

import os
import posixpath
import shutil
import sys
from dataclasses import dataclass, field, replace
from typing import Any

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
    copies = _Copies(fs, path)
    try:
        if colocated:
            paths = [_copied(item, base, copies, show_progress) for item in definition.paths]
        else:
            paths = [_retold(item, base, target) for item in definition.paths]
        fs.makedirs(path, exist_ok=True)
        fs.pipe_file(file, replace(definition, paths=tuple(paths)).to_yaml().encode())
        copies.made.clear()
    except OSError as error:
        raise ArtifactError(f"{shown(target)}: cannot be written ({error})") from error
    finally:
        if if_err_remove_files:
            copies.remove()


@dataclass
class _Copies:
    """Files that are copied below a folder.

    Attributes
    ----------
    made : list of str
        Those that were not there before.
    """

    fs: Any
    root: str
    done: set[str] = field(default_factory=set)
    made: list[str] = field(default_factory=list)

    def copy(self, source_fs: Any, source: str, name: str, show_progress: bool) -> None:
        """Copy one file, once."""
        target = posixpath.join(self.root, name)
        if target in self.done or (source_fs == self.fs and source == target):
            return
        if show_progress:
            sys.stderr.write(f"{source} -> {target}\n")
        self.done.add(target)
        self.fs.makedirs(posixpath.dirname(target), exist_ok=True)
        if not self.fs.exists(target):
            self.made.append(target)
        with source_fs.open(source, "rb") as read, self.fs.open(target, "wb") as written:
            shutil.copyfileobj(read, written, 1 << 20)

    def remove(self) -> None:
        """Remove the files that were not there before."""
        for path in self.made:
            if self.fs.exists(path):
                self.fs.rm_file(path)


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


def _copied(item: Path, base: str, copies: _Copies, show_progress: bool) -> Path:
    """Copy what an item stands for below the new folder, and say where it is now.

    Folder names are kept, because ``extract_columns_from_partition_format`` may read them: what lies below
    the old MLTable file keeps its relative path, anything else its path without the scheme.
    """
    kind, address = item.item
    full, old = absolute(address, base), absolute(base or ".")
    fs, path = filesystem(full)
    home = f"{filesystem(old)[1].rstrip('/')}/" if is_remote(old) == is_remote(full) else None

    def name(path: str) -> str:
        inside = home is not None and path.startswith(home)
        return path[len(home or "") :] if inside else path.lstrip("/").replace(":", "_")

    for source in _sources(fs, kind, path):
        copies.copy(fs, source, name(source), show_progress)
    new = name(f"{path.rstrip('/')}/" if kind == "folder" else path).rstrip("/")
    return Path(**{kind: f"./{new}"})


def _sources(fs: Any, kind: str, path: str) -> list[str]:
    """Every file of an item, those that a reader leaves out (a Delta table's log) included."""
    if kind == "file":
        return [path]
    if kind == "folder":
        return sorted(fs.find(path))
    return sorted(name for name, info in fs.glob(path, detail=True).items() if info["type"] == "file")
