"""What flows from the readers through the transformations: pieces of a table that remember their file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from automl_components.core.errors import DataError


@dataclass(frozen=True)
class Piece:
    """Some rows of one file.

    Attributes
    ----------
    table : pyarrow.Table
        The rows; all pieces of a table have the same schema.
    address : str
        Of the file.
    partition : int
        Which partition the rows belong to, counted from 0.
    """

    table: Any
    address: str
    partition: int


@dataclass(frozen=True)
class Wanted:
    """What the transformations after a reader let it leave out, or leave as text.

    Attributes
    ----------
    columns : callable
        Of all column names those that are needed, in their order.
    as_text : callable
        Whether a column of a text file is left as the text that stands there, because it is converted later:
        so that ``007`` converted to a string is ``007``.
    partitions : frozenset of int or None
        The only partitions that are needed.
    """

    columns: Callable[[list[str]], list[str]] = lambda names: names
    as_text: Callable[[str], bool] = lambda name: False
    partitions: frozenset[int] | None = None


def one_schema(schemas: Sequence[Any], merge: Callable[[str, list[Any]], Any]) -> Any:
    """The schema of files that are one table: all columns in the order in which they first appear.

    Parameters
    ----------
    schemas : sequence of pyarrow.Schema
        One for each file.
    merge : callable
        ``merge(name, types)`` gives the type of a column that the files hold under different types.
    """
    import pyarrow as pa

    types: dict[str, list[Any]] = {}
    for schema in schemas:
        for item in schema:
            known = types.setdefault(item.name, [])
            if item.type not in known:
                known.append(item.type)
    metadata = schemas[0].metadata if all(s.metadata == schemas[0].metadata for s in schemas) else None
    fields = [
        pa.field(name, found[0] if len(found) == 1 else merge(name, found)) for name, found in types.items()
    ]
    return pa.schema(fields, metadata=metadata)


def widened(types: Iterable[Any]) -> Any | None:
    """The narrowest type that holds every value of all of ``types``, or None if there is none."""
    import pyarrow as pa

    try:
        schemas = [pa.schema([("x", kind)]) for kind in types]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def aligned(table: Any, schema: Any, source: str) -> Any:
    """A table under the schema of all files: absent columns null, types widened.

    Raises
    ------
    DataError
        A value does not fit; the message names the file and the column.
    """
    import pyarrow as pa

    if table.schema.equals(schema, check_metadata=True):
        return table
    columns = []
    for item in schema:
        if item.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, item.type))
            continue
        try:
            columns.append(table[item.name].cast(item.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"{source}: column {item.name!r}: {error}") from None
    if not columns:
        return table.select([])
    return pa.table(columns, schema=schema)


def cut(tables: Iterable[Any], rows: int, parts: int) -> Iterator[tuple[int, Any]]:
    """Tables that together have ``rows`` rows, cut into equal parts; at least one, if need be empty."""
    size = max(1, -(-rows // parts)) if parts > 1 else max(1, rows)
    done = 0
    for number, table in enumerate(tables):
        start = 0
        while start < table.num_rows or (not number and not table.num_rows):
            length = min(size - done % size, table.num_rows - start)
            yield done // size, table.slice(start, length)
            done, start = done + length, start + length
            if not table.num_rows:
                break
