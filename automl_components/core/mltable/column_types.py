"""What type columns become: the forms of ``column_type`` in ``convert_column_types``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import field_validator, model_validator

from automl_components.core.errors import SettingsError, nearest
from automl_components.core.mltable.columns import Part, at
from automl_components.core.settings.values import Names, Text

TypeName = Literal["int", "float", "string", "boolean", "datetime", "stream_info"]
TYPE_NAMES: tuple[TypeName, ...] = ("int", "float", "string", "boolean", "datetime", "stream_info")


class BooleanOptions(Part):
    """How text becomes true and false; without lists ``true``, ``1``, ``false`` and ``0`` in any casing."""

    true_values: Names | None = None
    false_values: Names | None = None
    mismatch_as: Literal["error", "true", "false"] = "error"

    @model_validator(mode="after")
    def _both_or_neither(self) -> BooleanOptions:
        if (self.true_values is None) != (self.false_values is None):
            raise ValueError("give both true_values and false_values, or neither")
        both = set(self.true_values or ()) & set(self.false_values or ())
        if both:
            raise ValueError(f"{sorted(both)[0]!r} is both a true and a false value")
        return self


class DatetimeOptions(Part):
    """How text becomes a date: the first of ``formats`` that fits; none means ISO 8601, in UTC without a zone."""

    formats: Names = ()
    date_constant: Text | None = None

    @field_validator("date_constant")
    @classmethod
    def _is_a_date(cls, value: str | None) -> str | None:
        try:
            return None if value is None else dt.date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            raise ValueError(f"{value!r} is not a date; write it as 2024-01-31") from None


class StreamOptions(Part):
    """How a column of addresses is read."""

    escaped: bool = False

    @model_validator(mode="before")
    @classmethod
    def _no_datastore(cls, values: Any) -> Any:
        azure = {"subscription", "resource_group", "workspace_name", "datastore_name"}
        if isinstance(values, Mapping) and azure & set(values):
            raise ValueError(
                f"{sorted(azure & set(values))[0]}: Azure's datastores are not supported; "
                "put the storage's own addresses (abfss://, s3://, ...) into the column"
            )
        return values


_OPTIONS: dict[str, type[Part]] = {
    "boolean": BooleanOptions,
    "datetime": DatetimeOptions,
    "stream_info": StreamOptions,
}


@dataclass(frozen=True)
class ColumnType:
    """The type a column is converted to.

    Attributes
    ----------
    name : str
        ``"int"``, ``"float"``, ``"string"``, ``"boolean"``, ``"datetime"`` or ``"stream_info"``.
    options : Part or None
        Of the last three.
    given : object
        As it stands in an MLTable file.
    """

    name: TypeName
    options: Any = field(default=None, compare=False)
    given: Any = None


def parse_column_type(value: Any, where: str, source: str = "") -> ColumnType:
    """A column type as an MLTable file gives it: a name, or a mapping of one name to its options."""
    if isinstance(value, ColumnType):
        return value
    name, options = value, None
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise SettingsError(f"{at(source, where)}: give one type, found {sorted(map(str, value))}")
        ((name, options),) = value.items()
    if not isinstance(name, str) or name not in TYPE_NAMES:
        hint = nearest(name, TYPE_NAMES) if isinstance(name, str) else f"; known: {', '.join(TYPE_NAMES)}"
        raise SettingsError(f"{at(source, where)}: unknown column type {name!r}{hint}")
    if name not in _OPTIONS:
        if options is not None:
            raise SettingsError(f"{at(source, where)}: {name} has no options")
        return ColumnType(name, None, value)
    return ColumnType(name, _OPTIONS[name].read(options, where=f"{where}.{name}", source=source), value)


class DataType:
    """The types for ``MLTable.convert_column_types``, as in Azure's ``mltable`` package."""

    @staticmethod
    def to_string() -> ColumnType:
        """Text."""
        return parse_column_type("string", "to_string")

    @staticmethod
    def to_int() -> ColumnType:
        """64-bit integers; missing values stay missing."""
        return parse_column_type("int", "to_int")

    @staticmethod
    def to_float() -> ColumnType:
        """64-bit floats."""
        return parse_column_type("float", "to_float")

    @staticmethod
    def to_bool(
        true_values: list[str] | None = None,
        false_values: list[str] | None = None,
        mismatch_as: str | None = None,
    ) -> ColumnType:
        """Truth values; see ``BooleanOptions``."""
        options = {"true_values": true_values, "false_values": false_values, "mismatch_as": mismatch_as}
        return _with_options("boolean", options, "to_bool")

    @staticmethod
    def to_datetime(formats: str | list[str] = (), date_constant: str | None = None) -> ColumnType:  # type: ignore[assignment]
        """Dates by strptime formats; ``date_constant`` is the date of values that are only times."""
        options = {"formats": formats or None, "date_constant": date_constant}
        return _with_options("datetime", options, "to_datetime")

    @staticmethod
    def to_stream() -> ColumnType:
        """Addresses of files."""
        return parse_column_type("stream_info", "to_stream")


def _with_options(name: str, options: dict[str, Any], where: str) -> ColumnType:
    given = {key: value for key, value in options.items() if value is not None}
    return parse_column_type({name: given} if given else name, where)
