"""The transformations, in order, over a stream of pieces: each takes pieces and gives pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable.column_types import ColumnType
from automl_components.core.mltable.columns import Columns
from automl_components.core.mltable.conversion import convert_columns
from automl_components.core.mltable.filters import Condition
from automl_components.core.mltable.partition_format import PartitionFormat
from automl_components.core.mltable.pieces import Piece, Wanted
from automl_components.core.mltable.steps import Sample, Step


@dataclass(frozen=True)
class Context:
    """What transformations know besides their arguments.

    Attributes
    ----------
    source : str
        The MLTable file, for messages; empty for a table made in Python.
    base : str
        Folder that relative addresses are relative to.
    traits : tuple of str
        Columns that the table's traits name: they cannot be dropped.
    """

    source: str = ""
    base: str = ""
    traits: tuple[str, ...] = ()

    def at(self, step: str) -> str:
        """Where a message says it happened."""
        return f"{self.source}: {step}" if self.source else step


Pieces = Iterator[Piece]


def apply(pieces: Iterable[Piece], steps: Sequence[Step], context: Context) -> Pieces:
    """Run the transformations; nothing is read before the first piece is asked for."""
    stream = iter(pieces)
    for step in steps:
        stream = _APPLY[step.name](stream, step.arguments, context)
    return stream


_SELECT = {"keep_columns", "drop_columns"}
_ROWS_ONLY = {"take", "skip", "take_random_sample", "sample", "select_partitions"}


def plan(steps: Sequence[Step], context: Context) -> tuple[Wanted, list[Step]]:
    """What a reader may do for the transformations after it, and those that remain to be done.

    Columns are chosen while reading as long as nothing but rows has been left out before.
    """
    first = [i for i, step in enumerate(steps) if step.name not in {*_SELECT, *_ROWS_ONLY}]
    leading = first[0] if first else len(steps)
    selections = [step for step in steps[:leading] if step.name in _SELECT]
    remaining = [step for step in steps[:leading] if step.name not in _SELECT] + list(steps[leading:])
    until = next(
        (i for i, step in enumerate(steps) if step.name == "filter"), len(steps)
    )  # it compares typed values
    as_text = [
        columns
        for step in steps[:until]
        if step.name == "convert_column_types"
        for columns, kind in step.arguments
        if kind.name != "datetime" or kind.options.formats  # ISO dates are found as such
    ]
    chosen = frozenset(steps[0].arguments) if steps and steps[0].name == "select_partitions" else None
    wanted = Wanted(
        columns=lambda names: names_after(names, selections, context),
        as_text=lambda name: any(columns.means(name) for columns in as_text),
        partitions=chosen,
    )
    return wanted, remaining


def names_after(names: Sequence[str], steps: Sequence[Step], context: Context) -> list[str]:
    """The names of the columns after the transformations, without any data."""
    kept = list(names)
    for step in steps:
        if step.name in _SELECT:
            kept = _selected(kept, step.arguments, context, keep=step.name == "keep_columns")
        elif step.name == "extract_columns_from_partition_format":
            _check_new(kept, step.arguments, context)
            kept += step.arguments.columns
    return kept


def _stays(name: str, keep: bool, columns: Columns) -> bool:
    if not columns.names and columns.pattern is None:
        return True
    return columns.means(name) is keep


def _selected(names: Sequence[str], columns: Columns, context: Context, *, keep: bool) -> list[str]:
    """The names that stay; an empty list of columns drops nothing."""
    where = context.at("keep_columns" if keep else "drop_columns")
    columns.among(names, where)
    kept = [name for name in names if _stays(name, keep, columns)]
    for trait in context.traits:
        if trait in names and trait not in kept:
            raise DataError(f"{where}: {trait!r} is a column of the table's traits and must stay")
    if not kept:
        raise DataError(f"{where}: no column is left")
    return kept


def _keep_columns(pieces: Pieces, columns: Columns, context: Context) -> Pieces:
    for piece in pieces:
        names = _selected(piece.table.column_names, columns, context, keep=True)
        yield replace(piece, table=piece.table.select(names))


def _drop_columns(pieces: Pieces, columns: Columns, context: Context) -> Pieces:
    for piece in pieces:
        names = _selected(piece.table.column_names, columns, context, keep=False)
        yield replace(piece, table=piece.table.select(names))


def _convert(pieces: Pieces, conversions: Sequence[tuple[Columns, ColumnType]], context: Context) -> Pieces:
    where = context.at("convert_column_types")
    for piece in pieces:
        table = piece.table
        for columns, kind in conversions:
            names = columns.among(table.column_names, where)
            table = convert_columns(table, names, kind, where, context.base)
        yield replace(piece, table=table)


def _filter(pieces: Pieces, condition: Condition, context: Context) -> Pieces:
    import pyarrow as pa

    for piece in pieces:
        mask = condition.mask(piece.table)
        if isinstance(mask, pa.Scalar):
            table = piece.table if mask.as_py() else piece.table.slice(0, 0)
        else:
            table = piece.table.filter(mask)
        yield replace(piece, table=table)


def _take(pieces: Pieces, count: int, context: Context) -> Pieces:
    """Stops reading as soon as there are enough rows."""
    left = count
    for piece in pieces:
        yield replace(piece, table=piece.table.slice(0, left))
        left -= min(left, piece.table.num_rows)
        if not left:
            return


def _skip(pieces: Pieces, count: int, context: Context) -> Pieces:
    left = count
    for piece in pieces:
        yield replace(piece, table=piece.table.slice(left))
        left -= min(left, piece.table.num_rows)


def _sample(pieces: Pieces, sample: Sample, context: Context) -> Pieces:
    """One draw for each row in order, however the files are cut; without a seed it is 0."""
    import numpy as np
    import pyarrow as pa

    draws = np.random.default_rng(sample.seed or 0)
    for piece in pieces:
        draw = draws.random(piece.table.num_rows)
        mask = (draw >= sample.probability_lower_bound) & (draw < sample.probability)
        yield replace(piece, table=piece.table.filter(pa.array(mask)))


def _select_partitions(pieces: Pieces, numbers: Sequence[int], context: Context) -> Pieces:
    """The partitions with these numbers, numbered anew from 0."""
    new = {number: i for i, number in enumerate(sorted(set(numbers)))}
    seen: set[int] = set()
    for piece in pieces:
        seen.add(piece.partition)
        if piece.partition in new:
            yield replace(piece, partition=new[piece.partition])
    absent = sorted(set(new) - seen)
    if absent:
        raise DataError(
            f"{context.at('select_partitions')}: there is no partition {absent[0]}, counted from 0"
        )


def _extract(pieces: Pieces, partition_format: PartitionFormat, context: Context) -> Pieces:
    import pyarrow as pa

    for piece in pieces:
        _check_new(piece.table.column_names, partition_format, context)
        table = piece.table
        for name, value in partition_format.extract(piece.address).items():
            kind = pa.timestamp("s") if name in partition_format.dates else pa.string()
            table = table.append_column(name, pa.repeat(pa.scalar(value, kind), table.num_rows))
        yield replace(piece, table=table)


def _check_new(names: Sequence[str], partition_format: PartitionFormat, context: Context) -> None:
    for name in partition_format.columns:
        if name in names:
            where = context.at("extract_columns_from_partition_format")
            raise DataError(
                f"{where}: there is a column {name!r} already; name the part of the format differently"
            )


_APPLY: dict[str, Callable[[Pieces, Any, Context], Pieces]] = {
    "keep_columns": _keep_columns,
    "drop_columns": _drop_columns,
    "convert_column_types": _convert,
    "filter": _filter,
    "take": _take,
    "skip": _skip,
    "take_random_sample": _sample,
    "sample": _sample,
    "select_partitions": _select_partitions,
    "extract_columns_from_partition_format": _extract,
}


def joined(pieces: Iterable[Piece]) -> Any:
    """All pieces as one ``pyarrow.Table``; there is at least one."""
    import pyarrow as pa

    stream = iter(pieces)
    return pa.concat_tables(piece.table for piece in chain([next(stream)], stream))
