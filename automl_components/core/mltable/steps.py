"""The transformations of an MLTable file: every name, its arguments, and how they are checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from automl_components.core.errors import SettingsError, nearest
from automl_components.core.mltable.column_types import (
    Columns,
    ColumnType,
    Part,
    at,
    parse_column_type,
    parse_columns,
)
from automl_components.core.mltable.filters import Condition
from automl_components.core.mltable.partition_format import PartitionFormat
from automl_components.core.settings.values import Text, spelled

HEADERS = ("no_header", "from_first_file", "all_files_different_headers", "all_files_same_headers")
CODECS = {  # MLTable's names -> Python's
    "utf8": "utf-8", "utf8bom": "utf-8-sig", "iso88591": "latin-1", "latin1": "latin-1", "ascii": "ascii",
    "utf16": "utf-16", "utf32": "utf-32", "windows1252": "cp1252",
}  # fmt: skip


def _integer(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"found {value!r}; should be a whole number")
    return value


def _fraction(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"found {value!r}; should be a number from 0 to 1")
    return value


Integer = Annotated[int, BeforeValidator(_integer)]
Probability = Annotated[float, BeforeValidator(_fraction), Field(ge=0, le=1)]
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

    ``support_multi_line`` is taken either way: quotes are always followed across line breaks, because the quick way
    that Azure means by false turns such a value into extra, misaligned rows. ``infer_column_types.sample_size`` is
    met whatever it is: every row is looked at, so that no later value contradicts the type.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=2)] = ","
    header: Annotated[str, spelled(HEADERS)] = "all_files_same_headers"
    support_multi_line: Switch = False
    empty_as_string: Switch = False
    encoding: Encoding = "utf8"
    partition_size: Annotated[Integer, Field(ge=1)] | None = None
    infer_column_types: Switch = True
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


class Sample(Part):
    """Rows whose draw, uniform on [0, 1), is at least ``probability_lower_bound`` and below ``probability``."""

    probability: Probability
    probability_lower_bound: Probability = 0.0
    seed: Annotated[Integer, Field(ge=0)] | None = None


class _TakeRandomSample(Part):
    probability: Probability
    seed: Annotated[Integer, Field(ge=0)] | None = None


class _Sample(Part):
    sampler: Literal["random_percent"]
    sampler_arguments: Sample


class _Inference(Part):
    sample_size: Annotated[Integer, Field(ge=1)] = 100
    column_type_overrides: tuple[Any, ...] = ()


class _Conversion(Part):
    columns: Any
    column_type: Any


@dataclass(frozen=True)
class Step:
    """One transformation.

    Attributes
    ----------
    name : str
        Azure's name, such as ``"read_delimited"``.
    arguments : object
        Checked: a model of this module, ``Columns``, a ``Condition``, a number, ...
    given : object
        The arguments as they stand in the file, None for a bare name; what is saved again.
    """

    name: str
    arguments: Any = field(compare=False)
    given: Any = None

    @property
    def reads(self) -> bool:
        """Whether this step reads files."""
        return self.name.startswith("read_")


def parse_step(value: Any, where: str = "", source: str = "") -> Step:
    """A transformation as an MLTable file gives it: a bare name, or a mapping of one name to its arguments.

    Raises
    ------
    SettingsError
        Names the file, the place in it, and what would be right.
    """
    place = at(source, where) or "transformation"
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise SettingsError(
                f"{place}: a transformation is one name with its arguments, found {list(value)}"
            )
        ((name, given),) = value.items()
    else:
        name, given = value, None
    if not isinstance(name, str) or name not in _PARSE:
        hint = nearest(name, _PARSE) if isinstance(name, str) else f"; known: {', '.join(_PARSE)}"
        raise SettingsError(f"{place}: unknown transformation {name!r}{hint}")
    path = f"{where}.{name}" if where else str(name)
    return Step(name, _PARSE[name](deepcopy(given), path, source), deepcopy(given))


def _section(model: type[Part]) -> Callable[[Any, str, str], Any]:
    return lambda given, where, source: model.read(given, where=where, source=source)


def _delimited(given: Any, where: str, source: str) -> ReadDelimited:
    inference = given.get("infer_column_types") if isinstance(given, Mapping) else None
    if not isinstance(inference, Mapping):
        return ReadDelimited.read(given, where=where, source=source)
    within = f"{where}.infer_column_types"
    read = _Inference.read(inference, where=within, source=source)
    overrides = _conversions(list(read.column_type_overrides), f"{within}.column_type_overrides", source)
    options = ReadDelimited.read({**given, "infer_column_types": True}, where=where, source=source)
    return options.model_copy(update={"column_type_overrides": overrides})


def _conversions(given: Any, where: str, source: str) -> tuple[tuple[Columns, ColumnType], ...]:
    if not isinstance(given, (list, tuple)):
        raise SettingsError(
            f"{at(source, where)}: found {given!r}; should be a list of mappings of columns and column_type"
        )
    parsed = []
    for i, item in enumerate(given):
        here = f"{where}[{i}]"
        conversion = _Conversion.read(item, where=here, source=source)
        columns = parse_columns(conversion.columns, f"{here}.columns", source)
        parsed.append((columns, parse_column_type(conversion.column_type, f"{here}.column_type", source)))
    return tuple(parsed)


def _filter(given: Any, where: str, source: str) -> Condition:
    return Condition.parse(given, at(source, where))


def _partition_format(given: Any, where: str, source: str) -> PartitionFormat:
    if isinstance(given, Mapping) and len(given) == 1:
        ((key, value),) = given.items()
        # YAML reads an unquoted {name:yyyy/MM} as a mapping of that text to nothing
        given = value if key == "partition_format" else f"{{{key}}}" if value is None else given
    return PartitionFormat.parse(given, at(source, where))


def _sample(given: Any, where: str, source: str) -> Sample:
    return _Sample.read(given, where=where, source=source).sampler_arguments


def _take_random_sample(given: Any, where: str, source: str) -> Sample:
    read = _TakeRandomSample.read(given, where=where, source=source)
    return Sample(probability=read.probability, seed=read.seed)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _count(given: Any, where: str, source: str) -> int:
    if not _is_count(given):
        raise SettingsError(f"{at(source, where)}: found {given!r}; should be a number of rows, 0 or more")
    return int(given)


def _partitions(given: Any, where: str, source: str) -> tuple[int, ...]:
    if not isinstance(given, (list, tuple)) or not given or not all(map(_is_count, given)):
        raise SettingsError(
            f"{at(source, where)}: found {given!r}; should be a list of partition numbers, counted from 0"
        )
    return tuple(given)


_PARSE: dict[str, Callable[[Any, str, str], Any]] = {
    "read_delimited": _delimited,
    "read_parquet": _section(ReadParquet),
    "read_json_lines": _section(ReadJsonLines),
    "read_delta_lake": _section(ReadDeltaLake),
    "keep_columns": parse_columns,
    "drop_columns": parse_columns,
    "convert_column_types": _conversions,
    "filter": _filter,
    "take": _count,
    "skip": _count,
    "take_random_sample": _take_random_sample,
    "sample": _sample,
    "select_partitions": _partitions,
    "extract_columns_from_partition_format": _partition_format,
}
