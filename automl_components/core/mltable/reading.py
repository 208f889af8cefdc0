"""A definition's rows: files found, the reader chosen, the path column added, the transformations run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable import addresses, delimited, delta, json_lines, parquet, transformations
from automl_components.core.mltable.definition import Definition
from automl_components.core.mltable.pieces import Piece, Wanted
from automl_components.core.mltable.transformations import Context


def pieces(definition: Definition, base: str) -> Iterator[Piece]:
    """The rows of a table, after its transformations; nothing is read before the first piece is asked for.

    Parameters
    ----------
    base : str
        Folder that relative addresses are relative to.
    """
    context = _context(definition, base)
    path = _path_name(definition)
    if path is None:
        wanted, remaining = transformations.plan(definition.transformations, context)
    else:  # columns are chosen after the path column is there to be chosen
        wanted, remaining = transformations.plan([], context)[0], list(definition.transformations)
        wanted = replace(wanted, as_text=transformations.plan(remaining, context)[0].as_text)
    source = _read(definition, base, wanted)
    return transformations.apply(source if path is None else _with_path(source, path), remaining, context)


def column_names(definition: Definition, base: str) -> list[str]:
    """The names of the columns; no more is read than they need."""
    path = _path_name(definition)
    names = ([path] if path else []) + _names(definition, base)
    return transformations.names_after(names, definition.transformations, _context(definition, base))


def _context(definition: Definition, base: str) -> Context:
    return Context(definition.source, base, definition.traits.columns)


def _path_name(definition: Definition) -> str | None:
    return definition.reader.arguments.path_name() if definition.reader else None


def _read(definition: Definition, base: str, wanted: Wanted) -> Iterator[Piece]:
    reader, items = definition.reader, definition.locations()
    if reader is not None and reader.name == "read_delta_lake":
        yield from delta.read(items, base, reader.arguments, wanted)
        return
    files = addresses.files_of(items, base)
    if reader is None:
        yield from _addresses(files, wanted)
    elif reader.name == "read_delimited":
        yield from delimited.read(files, reader.arguments, wanted)
    elif reader.name == "read_parquet":
        yield from parquet.read(files, reader.arguments, wanted)
    else:
        yield from json_lines.read(files, reader.arguments, wanted)


def _names(definition: Definition, base: str) -> list[str]:
    reader, items = definition.reader, definition.locations()
    if reader is None:
        return ["Path"]
    if reader.name == "read_delta_lake":
        return delta.column_names(items, base, reader.arguments)
    files = addresses.files_of(items, base)
    if reader.name == "read_delimited":
        return delimited.column_names(files, reader.arguments)
    if reader.name == "read_parquet":
        return parquet.column_names(files)
    # a key may appear in the last line only
    return list(next(json_lines.read(files, reader.arguments, Wanted())).table.column_names)


def _addresses(files: list[addresses.File], wanted: Wanted) -> Iterator[Piece]:
    """A table without a reader: the files' addresses, in a column ``Path``; each file is a partition."""
    import pyarrow as pa

    for number, file in enumerate(files):
        yield Piece(pa.table({"Path": [file.address]}).select(wanted.columns(["Path"])), file.address, number)


def _with_path(source: Iterator[Piece], name: str) -> Iterator[Piece]:
    import pyarrow as pa

    for piece in source:
        table: Any = piece.table
        if name in table.column_names:
            raise DataError(
                f"{piece.address}: has a column {name!r} already; name the other one with path_column"
            )
        column = pa.repeat(pa.scalar(piece.address, pa.string()), table.num_rows)
        yield replace(piece, table=table.add_column(0, name, column))
