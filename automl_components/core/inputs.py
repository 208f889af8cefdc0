"""Where a job's tables come from: Azure's Input mapping, a path or address, or a table in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union

from pydantic import Field

from automl_components.core import storage
from automl_components.core.errors import SettingsError
from automl_components.core.settings import ProblemsError, Settings
from automl_components.core.settings.values import Text, spelled

if TYPE_CHECKING:
    import pandas as pd

Type = Literal["mltable", "uri_file", "uri_folder"]
MODES = ("download", "ro_mount", "rw_mount", "eval_mount", "eval_download", "direct", "mount")


class DataInput(Settings):
    """Azure's Input mapping. The path may also be that of a CSV or Parquet file."""

    type: Annotated[Type, spelled(["mltable", "uri_file", "uri_folder"])] = "mltable"
    path: Text = Field(description="Local path or fsspec address of an MLTable folder, CSV or Parquet file.")
    mode: Annotated[str, spelled(MODES)] | None = Field(
        None, description="Azure's access mode; data is read in place."
    )
    datastore: Text | None = Field(None, description="Azure's datastore; cannot be reached from here.")
    path_on_compute: Text | None = Field(None, description="Azure's mount point; no effect here.")

    def notes(self) -> list[str]:
        """What changes nothing here."""
        if self.path_on_compute is None:
            return []
        return [f"path_on_compute {self.path_on_compute!r} has no effect: data is read where it is"]


DataSource: TypeAlias = Union[DataInput, "pd.DataFrame"]


def read_input(name: str, value: object, base_folder: str | None = None) -> DataSource:
    """What a job was given for one input, with an absolute path or an address.

    Parameters
    ----------
    name : str
        The job's key, for messages.
    value : mapping, str, path, object with ``path`` and ``type``, or DataFrame
    base_folder : str, optional
        Folder or address that relative paths start from; by default the current folder.

    Raises
    ------
    SettingsError
        It is none of these, or lies in an Azure workspace.
    """
    if is_frame(value):
        return value  # type: ignore[return-value]
    given = DataInput.read(_mapping(name, value), where=name)
    problem = _unreachable(given)
    if problem:
        raise ProblemsError([f"{name}.path: {problem}"])
    return given.model_copy(update={"path": absolute(given.path, base_folder)})


def is_frame(value: object) -> bool:
    """Whether it is a DataFrame; pandas is not loaded to find out."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _mapping(name: str, value: object) -> Any:
    if isinstance(value, (str, os.PathLike)):
        return {"path": os.fspath(value)}
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "path") and hasattr(value, "type"):
        return {key: getattr(value, key, None) for key in DataInput.keys()}  # noqa: SIM118
    raise SettingsError(
        f"{name}: found a {type(value).__name__}; should be a path, an Input, "
        "a mapping with type and path, or a DataFrame"
    )


def _unreachable(given: DataInput) -> str:
    """Why a path leads nowhere from here; empty if it does not."""
    path = given.path
    if path.startswith("${{"):
        return f"found {path!r}, which only a pipeline job can fill in; give the path of the data"
    if path.startswith("azureml:") or given.datastore:
        return (
            f"{path!r} is in an Azure workspace, which is not reached from here; download the data and give "
            "the local path, or give the storage's own address (abfs://, https://, ...)"
        )
    return ""


def absolute(path: str, base_folder: str | None) -> str:
    """An address as it is, a path from that folder or, by default, the current one."""
    if "://" in path:
        return path
    if base_folder and storage.is_remote(base_folder) and not os.path.isabs(path):
        return storage.join(base_folder, os.path.normpath(path).replace(os.sep, "/"))
    return os.path.abspath(os.path.join(base_folder or "", os.path.expanduser(path)))
