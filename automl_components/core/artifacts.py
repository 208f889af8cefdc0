"""Artifacts: typed folders that are complete if and only if their marker file exists."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, Union

from automl_components.core.errors import ArtifactError

if TYPE_CHECKING:
    import pandas as pd

MARKER = "_artifact.json"

_CREDENTIALS = re.compile(
    r"(?<=://)(?:[^/:@\s]+:(?!\d+(?:/|$))[^@\s]*(?:@[^/@\s]*)*"  # user:password, but not host:port
    r"|(?<!abfs://)(?<!abfss://)(?<!wasb://)(?<!wasbs://)[^/:@\s]+)@"  # a token; in Azure's addresses a container
)
_QUERY = re.compile(r"(?<=\?)[^?\s]*=\S*$")  # signatures of shared links


class ArtifactType:
    """Base of the four artifact types; a subclass is only ever used inside ``Input[...]`` and ``Output[...]``."""

    entry: str | None = None
    """The file that a folder of this type holds, whoever wrote it."""


class mltable(ArtifactType):  # noqa: N801 - Azure's type name
    """A table: a folder with an ``MLTable`` file. DataFrames, CSV and Parquet are taken for one, too."""

    entry = "MLTable"


class mlflow_model(ArtifactType):  # noqa: N801
    """A model in MLflow's format: a folder with an ``MLmodel`` file."""

    entry = "MLmodel"


class uri_folder(ArtifactType):  # noqa: N801
    """Any folder."""


class uri_file(ArtifactType):  # noqa: N801
    """Any single file. One that a component writes lies alone in its output's folder, whatever its name."""


ARTIFACT_TYPES: dict[str, type[ArtifactType]] = {
    t.__name__: t for t in (mltable, mlflow_model, uri_folder, uri_file)
}

A = TypeVar("A", bound=ArtifactType)


@dataclass(frozen=True)
class _Reference(Generic[A]):
    """An artifact by type and address.

    Attributes
    ----------
    type : str
        ``"mltable"``, ``"mlflow_model"``, ``"uri_folder"`` or ``"uri_file"``.
    path : str
        A local path or any fsspec address, such as ``"s3://bucket/run/features"``.
    mode : str or None
        Azure's access mode. Data is always used through a local view, so it changes nothing here.
    """

    type: str = "uri_folder"
    path: str = ""
    mode: str | None = None

    def __post_init__(self) -> None:
        if self.type not in ARTIFACT_TYPES:
            raise ArtifactError(f"unknown artifact type {self.type!r}; known: {', '.join(ARTIFACT_TYPES)}")
        object.__setattr__(self, "path", str(self.path))

    @property
    def local(self) -> Path:
        """The path, for a component's body: there it is always local."""
        return Path(self.path)


class Input(_Reference[A]):
    """An artifact that is read.

    As an annotation, ``Input[mltable]`` declares an input port of a component. As a value,
    ``Input(type="mltable", path="data/")`` points at an artifact, in Azure's words.
    """


@dataclass(frozen=True)
class Output(_Reference[A]):
    """An artifact that is written; ``Output[mltable]`` declares an output port of a component.

    Attributes
    ----------
    saver : callable or None
        What keeps finished parts of an output in object storage while the component still works.
    """

    saver: Callable[[tuple[str | Path, ...]], None] | None = field(default=None, repr=False, compare=False)

    def checkpoint(self, *paths: str | Path) -> None:
        """Let another machine go on from here, should this one be lost; costs nothing for a local output.

        Called by a resumable component after each unit of its work. Where the output lies in object storage, what is
        new in the paths is uploaded in the background, all of it or nothing.

        Parameters
        ----------
        *paths : str or Path
            All files and folders of the output that are finished so far, or only grow (a journal). Those of earlier
            calls belong to them, since a process that was killed may not have uploaded them; what is in the store
            already costs nothing.

        Raises
        ------
        ArtifactError
            Another machine has taken over in the meantime.
        """
        if self.saver is not None:
            self.saver(paths)


Source: TypeAlias = Union["pd.DataFrame", str, "Path", Input[Any], Output[Any]]
"""What may be given for an input: a table in memory, a path or address, or a reference."""


@dataclass(frozen=True)
class Marker:
    """What an artifact's marker file says: what it is, what made it, and which bytes it is made of.

    Attributes
    ----------
    type, name : str
        Artifact type and port name.
    component, version : str
        What made it.
    fingerprint : str
        SHA-256 of component, version, settings and the digests of the inputs: the same fingerprint means the
        same work.
    files : mapping of relative path to (bytes, sha256)
        Every file of the artifact.
    elastic : str
        The same without the settings that may change while the work goes on, such as limits.
    settings, inputs, libraries : mappings
        Settings sections, input addresses with digests, library versions.
    seconds, elapsed : float
        Wall time of the component, and that with the stages before it, along the longest way.
    created : str
        ISO 8601, UTC.
    """

    type: str
    name: str
    component: str
    version: str
    fingerprint: str
    files: Mapping[str, tuple[int, str]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    elastic: str = ""
    seconds: float = 0.0
    elapsed: float = 0.0
    created: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the names and contents of all files."""
        return digest_of({name: sha for name, (_, sha) in self.files.items()})

    def to_json(self) -> str:
        """The marker file's text."""
        return json.dumps(dict(self.__dict__, digest=self.digest), indent=1, sort_keys=True, default=str)

    @classmethod
    def from_json(cls, text: str, where: str) -> Marker:
        """Read a marker; ArtifactError when it is not one."""
        try:
            values = json.loads(text)
            values.pop("digest", None)
            values["files"] = {name: (int(size), str(sha)) for name, (size, sha) in values["files"].items()}
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ArtifactError(
                f"{where}: not a marker file of this version ({error}); run the step that writes it again"
            ) from None


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return digest_stream(stream)


def digest_stream(stream: IO[bytes]) -> str:
    """SHA-256 of all bytes of a stream."""
    sha = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        sha.update(chunk)
    return sha.hexdigest()


def list_files(folder: Path) -> dict[str, tuple[int, str]]:
    """Relative path, bytes and SHA-256 of each file of an artifact but its marker."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).as_posix() != MARKER)
    return {p.relative_to(folder).as_posix(): (p.stat().st_size, digest_file(p)) for p in paths}


def redacted(address: str) -> str:
    """The address without user, password, token or signature, for logs, messages and markers.

    >>> redacted("s3://key:secret@bucket/run"), redacted("https://host/a.csv?sig=secret&se=2026")
    ('s3://***@bucket/run', 'https://host/a.csv?***')
    >>> redacted("abfss://box@account.dfs.core.windows.net/a"), redacted("runs/bank")
    ('abfss://box@account.dfs.core.windows.net/a', 'runs/bank')
    """
    if "://" not in address:
        return address
    return _QUERY.sub("***", _CREDENTIALS.sub("***@", address))
