"""``read_delimited``: CSV and its kin, parsed by Arrow; quotes are followed across line breaks, always."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.events import emit
from automl_components.core.mltable.addresses import File
from automl_components.core.mltable.csv_parser import BLOCK, Parser
from automl_components.core.mltable.headers import Sheet, sheets
from automl_components.core.mltable.pieces import Piece, Wanted, aligned, cut, one_schema, widened
from automl_components.core.mltable.readers import ReadDelimited
from automl_components.core.mltable.sniffing import suspected

WHOLE = (
    64 << 20
)  # bytes; larger tables are streamed block by block, after a first pass that finds their types


def read(files: Sequence[File], options: ReadDelimited, wanted: Wanted) -> Iterator[Piece]:
    """The rows of delimited text files, with the types that all their rows allow.

    Types are found by Arrow's rules over every row of every file: integers, floats, truth values, ISO dates.
    ``NA``, ``NaN``, ``null`` and the like are missing values in those columns, in text only the empty field
    is, as in Azure, and the texts that ``null_values`` names. A column of times of day, or of values without a
    common type, is text; an empty one is of floats.

    Raises
    ------
    DataError
        A file is empty, ragged (the row is named), in another encoding, or has a column name twice.
    """
    found = sheets(files, options)
    names = _all_names(found)
    if sign := suspected(tuple(names), options.delimiter):
        emit(
            "note",
            f"warning: {found[0].file}: has one column, {names[0]!r}; if its values are separated by {sign!r}, say so "
            f"in an MLTable file: read_delimited: {{delimiter: {json.dumps(sign)}}}",
            level=logging.WARNING,
        )
    parser = Parser(options, tuple(wanted.columns(names)), wanted)
    sizes = [sheet.file.size() for sheet in found]
    tables = _whole(parser, found) if sum(sizes) <= WHOLE else _streamed(parser, found)
    partition = 0
    for sheet, size, (rows, parts) in zip(found, sizes, tables, strict=True):
        pieces = -(-size // options.partition_size) if options.partition_size else 1
        for part, table in cut(parts, rows, pieces):
            yield Piece(parser.finish(table, sheet), sheet.file.address, partition + part)
        partition += part + 1


def column_names(files: Sequence[File], options: ReadDelimited) -> list[str]:
    """The names of the columns, from the first rows alone."""
    return _all_names(sheets(files, options))


def _all_names(found: Sequence[Sheet]) -> list[str]:
    return list(dict.fromkeys(name for sheet in found for name in sheet.names))


def _whole(parser: Parser, found: Sequence[Sheet]) -> Iterator[tuple[int, Iterator[Any]]]:
    """Each file as one table; where files disagree about a column, its text is read again."""
    import pyarrow as pa

    tables = []
    for sheet in found:
        names = parser.present(sheet)
        tables.append(
            parser.whole(sheet, names, {name: pa.string() for name in names if parser.is_text(name)})
        )
    schema = _schema([table.schema for table in tables], parser.columns)
    for sheet, table in zip(found, tables, strict=True):
        textual = {name for name in schema.names if schema.field(name).type == pa.string()} & set(
            table.column_names
        )
        again = [name for name in textual if table[name].type not in {pa.string(), pa.null()}]
        if again:
            as_text = parser.whole(sheet, again, {name: pa.string() for name in again})
            for name in again:
                table = table.set_column(table.column_names.index(name), name, as_text[name])
        yield table.num_rows, iter([aligned(table, schema, str(sheet.file))])


def _streamed(parser: Parser, found: Sequence[Sheet]) -> Iterator[tuple[int, Iterator[Any]]]:
    """Each file block by block, with the types that a first pass found."""
    import pyarrow as pa

    seen = [_types(parser, sheet) for sheet in found]
    schema = _schema([own for own, _ in seen], parser.columns)
    for sheet, (_, rows) in zip(found, seen, strict=True):
        names = parser.present(sheet)
        types = {name: schema.field(name).type if name in schema.names else pa.string() for name in names}
        blocks = parser.blocks(sheet, names, types)
        yield rows, (aligned(block, schema, str(sheet.file)) for block in blocks)


def _types(parser: Parser, sheet: Sheet) -> tuple[Any, int]:
    """The types of a file's columns and the number of its rows."""
    import pyarrow as pa

    names = parser.present(sheet)
    as_text = parser.blocks(sheet, names, {name: pa.string() for name in names})
    first = _inferred(parser, names, next(as_text))
    as_text.close()  # type: ignore[attr-defined]
    if pa.null() not in first.types:
        try:  # mostly the first block knows: then the others are converted once, not looked at twice
            return first, _count(parser, sheet, names, dict(zip(first.names, first.types, strict=True)))
        except DataError:
            pass
    return _types_of_all(parser, sheet, names)


def _count(parser: Parser, sheet: Sheet, names: Sequence[str], types: dict[str, Any]) -> int:
    rows = 0
    for block in parser.blocks(sheet, names, types):
        rows, last = rows + block.num_rows, block
    parser.check_last_quote(last, sheet, rows)
    return rows


def _types_of_all(parser: Parser, sheet: Sheet, names: Sequence[str]) -> tuple[Any, int]:
    """What Arrow infers from each block alone, joined: its own streaming reader fixes types by the first one."""
    import pyarrow as pa

    schemas, rows = [], 0
    for block in parser.blocks(sheet, names, {name: pa.string() for name in names}):
        schemas.append(_inferred(parser, names, block))
        rows, last = rows + block.num_rows, block
    parser.check_last_quote(last, sheet, rows)
    return one_schema(schemas, _common), rows


def _inferred(parser: Parser, names: Sequence[str], block: Any) -> Any:
    """The schema that Arrow gives to the text of a block."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    buffer = io.BytesIO()
    pa_csv.write_csv(block, buffer)
    buffer.seek(0)
    return pa_csv.read_csv(
        buffer,
        read_options=pa_csv.ReadOptions(block_size=2 * BLOCK),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=parser.conversion({name: pa.string() for name in names if parser.is_text(name)}),
    ).schema


def _schema(schemas: Sequence[Any], columns: Sequence[str]) -> Any:
    """The schema of all files, in the order of ``columns``."""
    import pyarrow as pa

    joined = one_schema(schemas, _common)
    final = {pa.null(): pa.float64(), pa.date32(): pa.timestamp("s"), pa.time32("s"): pa.string()}
    kinds = {item.name: final.get(item.type, item.type) for item in joined}
    return pa.schema([(name, kinds[name]) for name in columns])


def _common(name: str, types: Sequence[Any]) -> Any:
    import pyarrow as pa

    dates = [pa.timestamp("s") if kind == pa.date32() else kind for kind in types]
    return widened(dates) or pa.string()
