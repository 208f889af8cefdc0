"""Arrow's CSV reader under the options of ``read_delimited``, and its errors in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable import streams
from automl_components.core.mltable.conversion import MISSING, convert_columns, text_nulls
from automl_components.core.mltable.headers import Sheet
from automl_components.core.mltable.pieces import Wanted
from automl_components.core.mltable.readers import CODECS, ReadDelimited

BLOCK = 16 << 20  # bytes; also the longest row
_RAGGED = re.compile(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)(?:: (.*))?", re.DOTALL)


@dataclass(frozen=True)
class Parser:
    """Arrow's CSV reader under the options of one ``read_delimited``."""

    options: ReadDelimited
    columns: tuple[str, ...]
    wanted: Wanted

    @property
    def encoding(self) -> str:
        """Python's name of the files' encoding."""
        return CODECS[self.options.encoding]

    def is_text(self, name: str) -> bool:
        """Whether no type is inferred for a column."""
        overridden = any(columns.means(name) for columns, _ in self.options.column_type_overrides)
        return overridden or not self.options.infer_column_types or self.wanted.as_text(name)

    def present(self, sheet: Sheet) -> list[str]:
        """The columns to read of a file: those that are wanted, or any, so that its rows are counted."""
        return [name for name in self.columns if name in sheet.names] or list(sheet.names[:1])

    def whole(self, sheet: Sheet, columns: Sequence[str], types: Mapping[str, Any]) -> Any:
        """A file, or some of its columns, as one table; those without a given type get the one that fits."""
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        if sheet.empty:
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
        self.check_last_quote(table, sheet, table.num_rows)
        return table

    def blocks(self, sheet: Sheet, columns: Sequence[str], types: Mapping[str, Any]) -> Iterator[Any]:
        """A file block by block; every column has a given type."""
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        if sheet.empty:
            yield self.whole(sheet, columns, types)
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
        empty = () if self.options.empty_as_string else ("",)
        table = text_nulls(table, (*empty, *self.options.null_values), unit=long)
        for columns, kind in self.options.column_type_overrides:
            names = [
                name for name in columns.among(sheet.names, str(sheet.file)) if name in table.column_names
            ]
            table = convert_columns(table, names, kind, str(sheet.file))
        return table

    def conversion(self, types: Mapping[str, Any], columns: Sequence[str] | None = None) -> Any:
        """Arrow's options for the types of columns; the others get the type that fits all their values."""
        import pyarrow.csv as pa_csv

        return pa_csv.ConvertOptions(
            include_columns=columns,
            column_types=dict(types),
            null_values=[*MISSING, *self.options.null_values],
        )

    def _settings(self, sheet: Sheet, columns: Sequence[str], types: Mapping[str, Any]) -> dict[str, Any]:
        import pyarrow.csv as pa_csv

        one = self.options.delimiter if len(self.options.delimiter) == 1 else streams.UNIT
        return {
            "read_options": pa_csv.ReadOptions(
                block_size=BLOCK, column_names=list(sheet.names), skip_rows_after_names=sheet.skip
            ),
            "parse_options": pa_csv.ParseOptions(delimiter=one, newlines_in_values=True),
            "convert_options": self.conversion(types, list(columns)),
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
                    f"{sheet.file}: a row is longer than {BLOCK >> 20} MiB; is a quote never closed?"
                ) from None
            ragged = _RAGGED.search(str(error))
            if ragged is None:
                raise DataError(f"{sheet.file}: {str(error).splitlines()[0]}") from None
            row, expected, got, text = ragged.groups()
            row = row or self._row_of_the_error(sheet)
            raise DataError(
                f"{sheet.file}, row {row} (with the header): expected {expected} values, found {got}: "
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

    def check_last_quote(self, table: Any, sheet: Sheet, rows: int) -> None:
        """Refuse a file whose last value is a quote that is never closed: it has swallowed rows."""
        import pyarrow as pa

        name = sheet.names[-1]
        if name not in table.column_names or not pa.types.is_string(table[name].type) or not table.num_rows:
            return
        value = table[name][-1].as_py() or ""
        if "\n" not in value.strip("\n") + value[-1:] or streams.is_compressed(sheet.file):
            return
        if not streams.tail(sheet.file).replace(b"\0", b"").rstrip(b"\r\n").endswith(b'"'):
            raise DataError(
                f"{sheet.file}, row {rows + bool(sheet.skip)} (with the header): "
                f"a quote is opened and never closed: {value[:60]!r}"
            )
