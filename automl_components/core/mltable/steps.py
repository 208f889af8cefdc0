"""The transformations of an MLTable file: every name, its arguments, and how they are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from automl_components.core.errors import SettingsError, nearest
from automl_components.core.mltable.column_types import ColumnType, parse_column_type
from automl_components.core.mltable.columns import Columns, Part, at, parse_columns
from automl_components.core.mltable.filters import Condition
from automl_components.core.mltable.partition_format import PartitionFormat
from automl_components.core.mltable.readers import (
    Integer,
    ReadDelimited,
    ReadDeltaLake,
    ReadJsonLines,
    ReadParquet,
)


def _fraction(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"found {value!r}; should be a number from 0 to 1")
    return value


Probability = Annotated[float, BeforeValidator(_fraction), Field(ge=0, le=1)]


class Sample(Part):
    """Rows whose uniform draw is at least ``probability_lower_bound`` and below ``probability``."""

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
