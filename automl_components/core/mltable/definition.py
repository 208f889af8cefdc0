"""The MLTable file: its keys, checked; read from YAML and written to it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, model_validator

from automl_components.core.errors import SettingsError
from automl_components.core.mltable.columns import Part, at
from automl_components.core.mltable.steps import Step, parse_step
from automl_components.core.settings import as_mapping, parse_yaml, write_yaml
from automl_components.core.settings.values import Names, Text

FILE = "MLTable"
SCHEMA = "https://azuremlschemas.azureedge.net/latest/MLTable.schema.json"


class Path(Part):
    """An item of ``paths``: one of a file, a folder and a pattern."""

    file: Text | None = None
    folder: Text | None = None
    pattern: Text | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Path:
        if len(self.given()) != 1:
            raise ValueError(
                f"give exactly one of file, folder and pattern, found {sorted(self.given()) or 'none'}"
            )
        return self

    @property
    def item(self) -> tuple[str, str]:
        """Which of the three, and its address as written."""
        ((kind, address),) = self.given().items()
        return kind, str(address)


class Traits(Part):
    """Columns with a role.

    Attributes
    ----------
    index_columns : tuple of str
        Columns that identify a row.
    timestamp_column : str or None
        The column with the row's time.
    """

    index_columns: Names = ()
    timestamp_column: Text | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.index_columns, *((self.timestamp_column,) if self.timestamp_column else ()))


class _File(Part):
    schema_: Text | None = Field(None, alias="$schema")
    type: Literal["mltable"] | None = None
    paths: tuple[Path, ...] = ()
    query_source: Any = None
    transformations: tuple[Any, ...] = ()
    metadata: dict[str, Any] = Field(default_factory=dict)
    traits: Traits = Traits()

    @model_validator(mode="before")
    @classmethod
    def _has_paths(cls, values: Any) -> Any:
        if isinstance(values, Mapping):
            if values.get("query_source") is not None:
                raise ValueError(
                    "query_source is not supported yet; export the query to files and name them in paths"
                )
            if not values.get("paths"):
                raise ValueError("paths: missing; list the data as - file:, - folder: or - pattern:")
        return values


@dataclass(frozen=True)
class Definition:
    """What an MLTable file says.

    Attributes
    ----------
    paths : tuple of Path
    steps : tuple of Step
        The transformations, in order; at most the first one reads files.
    traits : Traits
    metadata : dict
        Free; kept as it is.
    source : str
        The file it was read from, for messages.
    """

    paths: tuple[Path, ...]
    steps: tuple[Step, ...] = ()
    traits: Traits = field(default_factory=Traits)
    metadata: dict[str, Any] = field(default_factory=dict)
    schema: str | None = None
    source: str = field(default="", compare=False)

    @property
    def reader(self) -> Step | None:
        """The step that reads the files, if there is one."""
        return self.steps[0] if self.steps and self.steps[0].reads else None

    @property
    def transformations(self) -> tuple[Step, ...]:
        """The steps after the reader."""
        return self.steps[1:] if self.reader else self.steps

    def locations(self) -> list[tuple[str, str]]:
        """``paths`` as pairs of kind and address."""
        return [path.item for path in self.paths]

    def to_yaml(self) -> str:
        """The text of an MLTable file that says the same."""
        values: dict[str, Any] = {"$schema": self.schema} if self.schema else {}
        values["type"] = "mltable"
        values["paths"] = [dict([path.item]) for path in self.paths]
        if self.steps:
            values["transformations"] = [
                step.name if step.given is None else {step.name: step.given} for step in self.steps
            ]
        traits = self.traits.given()
        if traits:
            values["traits"] = traits
        if self.metadata:
            values["metadata"] = self.metadata
        return write_yaml(values)


def from_yaml(text: str, source: str = "") -> Definition:
    """What the text of an MLTable file says.

    Raises
    ------
    SettingsError
        Names the file, the place in it, and what would be right.
    """
    values = as_mapping(parse_yaml(text.removeprefix("\ufeff"), source), source)
    return from_mapping(values, source)


def from_mapping(values: Mapping[str, Any], source: str = "") -> Definition:
    """What the mapping of an MLTable file says; see ``from_yaml``."""
    read = _File.read(values, source=source)
    steps = [parse_step(item, f"transformations[{i}]", source) for i, item in enumerate(read.transformations)]
    check_order(steps, source)
    return Definition(read.paths, tuple(steps), read.traits, deepcopy(read.metadata), read.schema_, source)


def check_order(steps: Sequence[Step], source: str = "") -> None:
    """Refuse a reader that is not the first step, and steps that do not go together."""
    for i, step in enumerate(steps):
        if step.reads and i:
            other = f"{steps[0].name} reads the files already" if steps[0].reads else "a reader comes first"
            raise SettingsError(f"{at(source, f'transformations[{i}].{step.name}')}: {other}")
        if step.name == "extract_columns_from_partition_format" and steps[0].name == "read_delta_lake":
            raise SettingsError(
                f"{at(source, f'transformations[{i}].{step.name}')}: not possible with read_delta_lake; "
                "a Delta table's partition columns are among its columns"
            )


def paths_from(given: Any) -> tuple[Path, ...]:
    """``paths`` as Python code gives them: mappings, or plain paths and addresses, one or many."""
    many = given if isinstance(given, Iterable) and not isinstance(given, (str, Mapping)) else [given]
    return tuple(
        Path.read(item if isinstance(item, Mapping) else _guessed(str(item)), where="paths") for item in many
    )


def _guessed(address: str) -> dict[str, str]:
    """A plain address: a pattern if it has wildcards, a folder if it is one, else a file."""
    from automl_components.core.mltable.addresses import absolute, is_folder

    if any(sign in address for sign in "*?["):
        return {"pattern": address}
    return {"folder" if address.endswith("/") or is_folder(absolute(address)) else "file": address}
