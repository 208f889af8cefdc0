"""The options of the four ``read_...`` transformations."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator, model_validator

from automl_components.core.mltable.column_types import ColumnType
from automl_components.core.mltable.columns import Columns, Part
from automl_components.core.settings.values import Names, Text, spelled

HEADERS = ("no_header", "from_first_file", "all_files_different_headers", "all_files_same_headers")
CODECS = {  # MLTable's names -> Python's
    "utf8": "utf-8", "utf8bom": "utf-8-sig", "iso88591": "latin-1", "latin1": "latin-1", "ascii": "ascii",
    "utf16": "utf-16", "utf32": "utf-32", "windows1252": "cp1252",
}  # fmt: skip


def _integer(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"found {value!r}; should be a whole number")
    return value


Integer = Annotated[int, BeforeValidator(_integer)]
Encoding = Annotated[str, spelled(CODECS)]
Switch = Annotated[bool, Field(strict=True)]


class _Reader(Part):
    """What all readers share."""

    include_path_column: Switch | None = None
    path_column: Text | None = None

    @model_validator(mode="after")
    def _one_mind(self) -> _Reader:
        if self.path_column is not None and self.include_path_column is False:
            raise ValueError("path_column names a column that include_path_column: false leaves out")
        return self

    def path_name(self) -> str | None:
        """The name of the column with the file's address, if one is asked for."""
        return (self.path_column or "Path") if self.include_path_column or self.path_column else None


class ReadDelimited(_Reader):
    """``read_delimited``.

    ``support_multi_line`` is taken either way: quotes are always followed across line breaks, because the
    quick way that Azure means by false turns such a value into extra, misaligned rows. ``sample_size`` of
    ``infer_column_types`` is met whatever it is: every row is looked at, so that no later one contradicts
    the type. ``null_values`` is ours, not Azure's: texts that are missing values in columns of text, too.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=2)] = ","
    header: Annotated[str, spelled(HEADERS)] = "all_files_same_headers"
    support_multi_line: Switch = False
    empty_as_string: Switch = False
    encoding: Encoding = "utf8"
    partition_size: Annotated[Integer, Field(ge=1)] | None = None
    infer_column_types: Switch = True
    null_values: Names = ()
    column_type_overrides: tuple[tuple[Columns, ColumnType], ...] = Field(default=(), exclude=True)

    @field_validator("delimiter")
    @classmethod
    def _can_delimit(cls, value: str) -> str:
        if not value.isascii() or set(value) & set('"\r\n'):
            raise ValueError(
                f"{value!r} cannot delimit: one or two ASCII characters, no quotes or line breaks"
            )
        return value


class ReadParquet(_Reader):
    """``read_parquet``."""


class ReadJsonLines(_Reader):
    """``read_json_lines``."""

    invalid_lines: Annotated[str, spelled(("error", "drop"))] = "error"
    encoding: Encoding = "utf8"
    partition_size: Annotated[Integer, Field(ge=1)] | None = None


class ReadDeltaLake(_Reader):
    """``read_delta_lake``: the table as it was at a time or at a version."""

    timestamp_as_of: Text | None = None
    version_as_of: Annotated[Integer, Field(ge=0)] | None = None

    @field_validator("timestamp_as_of")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        if value is not None:
            moment(value)
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> ReadDeltaLake:
        if (self.timestamp_as_of is None) == (self.version_as_of is None):
            raise ValueError("give exactly one of timestamp_as_of and version_as_of")
        return self


def moment(text: str) -> dt.datetime:
    """A time as RFC 3339 writes it; without an offset it is UTC."""
    try:
        value = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise ValueError(f"{text!r} is not a time; write it as 2024-01-31T00:00:00Z") from None
    return value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
