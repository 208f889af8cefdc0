"""Reading a skops file: which types it names, and which of them may be restored without being asked for."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from automl_components.core.errors import ArtifactError, TrustError

PACKAGES = ("automl_components", "sklearn", "lightgbm", "xgboost", "catboost", "numpy", "scipy")
"""Packages whose types are restored without being named by the caller ..."""
PASSIVE = {"DTypeNode", "ObjectNode", "SparseMatrixNode", "TreeNode"}
"""... where skops only gives an object its state back. Functions, methods, constructor calls and foreign
containers are not covered: in each of those packages there are functions that run what they are given."""


def restore(file: Path, trusted: Sequence[str] = ()) -> Any:
    """The object in a skops file, if every type in it is harmless or was named by the caller.

    Raises
    ------
    TrustError
        The file holds other types, or functions; the message names them.
    ArtifactError
        The file cannot be read, or a package it needs is not installed.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        vouched = {*_passive_types(file), *trusted}
        try:
            return skops.io.load(file, trusted=sorted(vouched))
        except UntrustedTypesFoundException:
            refused = sorted(set(skops.io.get_untrusted_types(file=file)) - vouched)
    except ImportError as error:
        raise ArtifactError(
            f"{file} needs the package {error.name}: install it with pip install -r requirements.txt, "
            "the file beside MLmodel"
        ) from None
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"cannot read {file} ({type(error).__name__}: {error}); it is damaged, or was written with other "
            "versions of the packages in requirements.txt beside MLmodel"
        ) from error
    raise TrustError(
        f"{file} holds types that nobody vouched for: {', '.join(refused)}. Only if you know who made the "
        f"file and what they do, name them: load_model(path, trusted={tuple(refused)!r})"
    )


def nodes(file: Path) -> Iterator[tuple[str, str]]:
    """The type, as a dotted name, and the skops loader of every node of a skops file."""
    with zipfile.ZipFile(file) as archive:
        stack: list[Any] = [json.loads(archive.read("schema.json"))]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "__loader__" in value:
                yield f"{value['__module__']}.{value['__class__']}", str(value["__loader__"])
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _passive_types(file: Path) -> set[str]:
    """Types of the trusted packages that occur in passive places only."""
    loaders: dict[str, set[str]] = {}
    for name, loader in nodes(file):
        loaders.setdefault(name, set()).add(loader)
    return {name for name, used in loaders.items() if name.split(".")[0] in PACKAGES and used <= PASSIVE}
