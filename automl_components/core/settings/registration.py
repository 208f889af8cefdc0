"""How the best model enters the MLflow registry: the ``registration`` section, which Azure does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from automl_components.core.settings.base import ProblemsError, Settings
from automl_components.core.settings.values import Label, Names, Number, Text

if TYPE_CHECKING:
    from typing_extensions import Self


def _model_name(value: str) -> str:
    if re.search(r"[/:]", value):
        raise ValueError(f"found {value!r}; the registry allows no '/' and no ':' in a model's name")
    return value


def _alias(value: str) -> str:
    if not re.fullmatch(r"[\w-]+", value) or value.lower() == "latest" or re.fullmatch(r"[vV]\d+", value):
        raise ValueError(
            f"found {value!r}; an alias is letters, digits, '_' and '-', but not 'latest' or 'v' and a number"
        )
    return value


def _aliases(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_alias, values))


class Bounds(Settings):
    """Where a metric must lie, ends included."""

    min: Number | None = Field(None, description="Not less than this.")
    max: Number | None = Field(None, description="Not more than this.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is greater than max {self.max}")
        return self


def _bound(value: object) -> object:
    """A number, or Bounds from a mapping; by hand, so that a wrong key is named once, not for each kind."""
    if isinstance(value, Mapping):
        try:
            return Bounds.read(value)
        except ProblemsError as error:
            raise ValueError("; ".join(error.problems)) from None
    if isinstance(value, bool) or not isinstance(value, (int, float, Bounds)):
        raise ValueError(f"found {value!r}; should be a number, or min and max")
    return value


class RegistrationSettings(Settings):
    """Which model is registered under which name, and what it must prove first.

    The gate opens only if every metric of the test run lies within its bounds, and only if the model beats
    the one under ``champion_alias``, where there is one, on the same test data. Which model that is, the
    ``selection`` section decides; any other trial is registered by ``automl register``.
    """

    section: ClassVar[str] = "registration"

    enabled: bool = Field(True, description="Whether the run ends with a registration.")
    model_name: Annotated[Text, AfterValidator(_model_name)] | None = Field(
        None, description="Name in the registry; by default the job's experiment_name or name."
    )
    description: str | None = Field(None, description="Description of the registered version.")
    tags: dict[Text, Label] = Field(default_factory=dict, description="Tags of the registered version.")
    aliases: Annotated[Names, AfterValidator(_aliases)] = Field((), description="Aliases that point at it.")
    gate: dict[Text, Annotated[Bounds | float, BeforeValidator(_bound)]] = Field(
        default_factory=dict,
        description="Bounds of metrics of the test run; a plain number is the worst value let through.",
    )
    champion_alias: Annotated[str, AfterValidator(_alias)] | None = Field(
        None, description="Alias of the version that a new one must beat, and which then moves to it."
    )
