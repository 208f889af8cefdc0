"""``read_delimited``: CSV and its kin, parsed by Arrow; quotes are followed across line breaks, always."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable import streams
from automl_components.core.mltable.addresses import File
from automl_components.core.mltable.conversion import convert_columns, nulls_for_empty
from automl_components.core.mltable.headers import Sheet, sheets
from automl_components.core.mltable.pieces import Piece, Wanted, aligned, cut, one_schema, widened
from automl_components.core.mltable.steps import CODECS, ReadDelimited

WHOLE = (
    64 << 20
)  # bytes; larger tables are streamed block by block, after a first pass that finds their types
BLOCK = 16 << 20  # bytes; also the longest row
_RAGGED = re.compile(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)(?:: (.*))?", re.DOTALL)


def read(files: Sequence[File], options: ReadDelimited, wanted: Wanted) -> Iterator[Piece]:
    """The rows of delimited text files, with the types that all their rows allow.

    Types are found by Arrow's rules over every row of every file: integers, floats, truth values, ISO dates and
    times; ``NA``, ``NaN``, ``null`` and the like are missing values in those columns, in text only the empty field
    is. A column of times of day, or of values without a common type, is text; an empty one is of floats.

    Raises
    ------
    DataError
        A file is empty, ragged (the row is named), in another encoding, or has a column name twice.
    """
    found = sheets(files, options)
    names = _all_names(found)
    parser = _Parser(options, tuple(wanted.columns(names)), wanted)
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


@dataclass(frozen=True)
class _Parser:
    """Arrow's CSV reader under the options of one ``read_delimited``."""

    options: ReadDelimited
    columns: tuple[str, ...]
    wanted: Wanted

    @property
    def encoding(self) -> str:
        return CODECS[self.options.encoding]

    def is_text(self, name: str) -> bool:
        """Whether no type is inferred for a column."""
        overridden = any(columns.means(name) for columns, _ in self.options.column_type_overrides)
        return overridden or not self.options.infer_column_types or self.wanted.as_text(name)

    def present(self, sheet: Sheet) -> list[str]:
        return [name for name in self.columns if name in sheet.names]

    def whole(self, sheet: Sheet, columns: Sequence[str], types: Mapping[str, Any]) -> Any:
        """A file, or some of its columns, as one table; columns without a given type get the one that fits."""
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        if sheet.empty or not columns:
            return pa.table({name: pa.array([], types.get(name, pa.null())) for name in columns})
        with (
            self._explained(sheet),
            streams.text(sheet.file, self.encoding, self.options.delimiter) as stream,
        ):
            table = pa_csv.read_csv(stream, **self._settings(sheet, columns, types))
        if any(
            pa.types.is_binary(kind) for kind in table.schema.types
        ):  # what Arrow makes of bytes that are no UTF-8
            streams.check_encoding(sheet.file, self.encoding)
        self._check_last_quote(table, sheet)
        return table

    def blocks(self, sheet: Sheet, columns: Sequence[str], types: Mapping[str, Any]) -> Iterator[Any]:
        """A file block by block; every column has a given type."""
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        if sheet.empty or not columns:
            yield self.whole(sheet, [], {}) if not columns else self.whole(sheet, columns, types)
            return
        with (
            self._explained(sheet),
            streams.text(sheet.file, self.encoding, self.options.delimiter) as stream,
        ):
            for batch in pa_csv.open_csv(stream, **self._settings(sheet, columns, types)):
                yield pa.Table.from_batches([batch])

    def finish(self, table: Any, sheet: Sheet) -> Any:
        """What Arrow's reader cannot do itself: empty text, long delimiters, overridden types."""
        long = self.options.delimiter if len(self.options.delimiter) == 2 else ""
        table = nulls_for_empty(table, keep_empty=self.options.empty_as_string, unit=long)
        for columns, kind in self.options.column_type_overrides:
            names = [
                name for name in columns.among(sheet.names, str(sheet.file)) if name in table.column_names
            ]
            table = convert_columns(table, names, kind, str(sheet.file))
        return table

    def _settings(self, sheet: Sheet, columns: Sequence[str], types: Mapping[str, Any]) -> dict[str, Any]:
        import pyarrow.csv as pa_csv

        one = self.options.delimiter if len(self.options.delimiter) == 1 else streams.UNIT
        return {
            "read_options": pa_csv.ReadOptions(
                block_size=BLOCK, column_names=list(sheet.names), skip_rows_after_names=sheet.skip
            ),
            "parse_options": pa_csv.ParseOptions(delimiter=one, newlines_in_values=True),
            "convert_options": pa_csv.ConvertOptions(include_columns=list(columns), column_types=dict(types)),
        }

    @contextmanager
    def _explained(self, sheet: Sheet) -> Iterator[None]:
        """Arrow's errors in our words."""
        import pyarrow as pa

        try:
            yield
        except UnicodeDecodeError:
            streams.check_encoding(sheet.file, self.encoding)
            raise
        except pa.ArrowInvalid as error:
            streams.check_encoding(sheet.file, self.encoding)
            if "straddling" in str(error):
                raise DataError(
                    f"{sheet.file}: a row is longer than {BLOCK >> 20} MiB: is a quote opened and never closed?"
                ) from None
            ragged = _RAGGED.search(str(error))
            if ragged is None:
                raise DataError(f"{sheet.file}: {str(error).splitlines()[0]}") from None
            row, expected, got, text = ragged.groups()
            row = row or self._row_of_the_error(sheet)
            raise DataError(
                f"{sheet.file}, row {row} (counted with the header): expected {expected} values, found {got}: "
                f"{(text or '').strip()[:80]!r}"
            ) from None

    def _row_of_the_error(self, sheet: Sheet) -> str:
        """Read a ragged file again, in one thread: only then Arrow counts rows."""
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        settings = self._settings(sheet, [], {})
        settings["read_options"].use_threads = False
        try:
            with streams.text(sheet.file, self.encoding, self.options.delimiter) as stream:
                pa_csv.read_csv(stream, **settings)
        except pa.ArrowInvalid as error:
            ragged = _RAGGED.search(str(error))
            return ragged[1] if ragged and ragged[1] else "?"
        return "?"

    def _check_last_quote(self, table: Any, sheet: Sheet) -> None:
        """Refuse a file whose last value is quoted, spans lines and is never closed: it has swallowed rows."""
        import pyarrow as pa

        name = sheet.names[-1]
        if name not in table.column_names or not pa.types.is_string(table[name].type) or not table.num_rows:
            return
        value = table[name][-1].as_py() or ""
        if "\n" not in value.strip("\n") + value[-1:] or streams.is_compressed(sheet.file):
            return
        if not streams.tail(sheet.file).replace(b"\0", b"").rstrip(b"\r\n").endswith(b'"'):
            raise DataError(
                f"{sheet.file}: a quote is opened in the last value of row {table.num_rows + bool(sheet.skip)} "
                f"and never closed: {value[:60]!r}"
            )


def _whole(parser: _Parser, found: Sequence[Sheet]) -> Iterator[tuple[int, Iterator[Any]]]:
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
        kept = {pa.string(), pa.null()}
        again = [
            item.name
            for item in table.schema
            if schema.field(item.name).type == pa.string() and item.type not in kept
        ]
        if again:
            as_text = parser.whole(sheet, again, {name: pa.string() for name in again})
            for name in again:
                table = table.set_column(table.column_names.index(name), name, as_text[name])
        yield table.num_rows, iter([aligned(table, schema, str(sheet.file))])


def _streamed(parser: _Parser, found: Sequence[Sheet]) -> Iterator[tuple[int, Iterator[Any]]]:
    """Each file block by block, with the types that a first pass found."""
    seen = [_types(parser, sheet) for sheet in found]
    schema = _schema([own for own, _ in seen], parser.columns)
    for sheet, (_, rows) in zip(found, seen, strict=True):
        types = {name: schema.field(name).type for name in parser.present(sheet)}
        blocks = parser.blocks(sheet, parser.present(sheet), types)
        yield rows, (aligned(block, schema, str(sheet.file)) for block in blocks)


def _types(parser: _Parser, sheet: Sheet) -> tuple[Any, int]:
    """The types of a file's columns and the number of its rows.

    Arrow's streaming reader fixes types by its first block. So each block is read as text, and what Arrow infers
    from that text alone is joined over the blocks.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    names = parser.present(sheet)
    text = {name: pa.string() for name in names if parser.is_text(name)}
    inferred = pa_csv.ConvertOptions(column_types=text)
    parsing = pa_csv.ParseOptions(newlines_in_values=True)
    schemas, rows = [parser.whole(sheet, [], {}).schema], 0
    for block in parser.blocks(sheet, names, {name: pa.string() for name in names}):
        buffer = io.BytesIO()
        pa_csv.write_csv(block, buffer)
        buffer.seek(0)
        reading = pa_csv.ReadOptions(block_size=2 * BLOCK)
        schemas.append(
            pa_csv.read_csv(
                buffer, read_options=reading, parse_options=parsing, convert_options=inferred
            ).schema
        )
        rows += block.num_rows
    return one_schema(schemas, lambda name, types: _common(types)), rows


def _schema(schemas: Sequence[Any], columns: Sequence[str]) -> Any:
    """The schema of all files, in the order of ``columns``."""
    import pyarrow as pa

    joined = one_schema(schemas, lambda name, types: _common(types))
    final = {pa.null(): pa.float64(), pa.date32(): pa.timestamp("s"), pa.time32("s"): pa.string()}
    kinds = {item.name: final.get(item.type, item.type) for item in joined}
    return pa.schema([(name, kinds[name]) for name in columns])


def _common(types: Sequence[Any]) -> Any:
    import pyarrow as pa

    dates = [pa.timestamp("s") if kind == pa.date32() else kind for kind in types]
    return widened(dates) or pa.string()
