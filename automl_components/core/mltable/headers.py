"""The first row of each delimited text file, under the four modes of ``header``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from automl_components.core.errors import DataError
from automl_components.core.mltable import streams
from automl_components.core.mltable.addresses import File
from automl_components.core.mltable.frames import check_unique
from automl_components.core.mltable.readers import CODECS, ReadDelimited

_NUL = "\ufdd0"  # no character of any text: stands for NUL, which csv refuses before Python 3.11


@dataclass(frozen=True)
class Sheet:
    """How one file is read.

    Attributes
    ----------
    names : tuple of str
        Of its columns. Empty names in a header, and all without one, are ``Column1``, ``Column2``, ...
    skip : int
        Lines before the first row of data.
    empty : bool
        Whether there is no row of data.
    """

    file: File
    names: tuple[str, ...]
    skip: int
    empty: bool


@dataclass(frozen=True)
class _FirstRow:
    values: tuple[str, ...]
    blanks: int
    alone: bool


def sheets(files: Sequence[File], options: ReadDelimited) -> list[Sheet]:
    """Every file that is not empty, with its column names.

    Raises
    ------
    DataError
        All files are empty, a name is there twice, or headers that should be the same differ.
    """
    rows = [(file, row) for file in files if (row := _first_row(file, options)) is not None]
    if not rows:
        raise DataError(f"{files[0]}: the file is empty")
    found: list[Sheet] = []
    for number, (file, row) in enumerate(rows):
        has_header = options.header.startswith("all_files") or (
            options.header == "from_first_file" and not number
        )
        if has_header:
            names = _names(row.values, file)
        elif found:
            names = found[0].names if options.header == "from_first_file" else _numbered(row)
        else:
            names = _numbered(row)
        if found and options.header == "all_files_same_headers" and set(names) != set(found[0].names):
            raise DataError(
                f"{file}: has other columns than {found[0].file}: {_difference(names, found[0].names)}; "
                "with header: all_files_different_headers columns are matched by name"
            )
        found.append(Sheet(file, names, row.blanks + 1 if has_header else 0, has_header and row.alone))
    return found


def _numbered(row: _FirstRow) -> tuple[str, ...]:
    return tuple(f"Column{i}" for i in range(1, len(row.values) + 1))


def _names(values: Sequence[str], file: File) -> tuple[str, ...]:
    if any(_NUL in value for value in values):
        raise DataError(f"{file}: holds NUL characters; if it was saved as UTF-16, say encoding: utf16")
    names = tuple(value or f"Column{i}" for i, value in enumerate(values, 1))
    check_unique(names, str(file))
    return names


def _difference(names: Sequence[str], first: Sequence[str]) -> str:
    more, fewer = [n for n in names if n not in first], [n for n in first if n not in names]
    parts = [f"additional {more}" if more else "", f"missing {fewer}" if fewer else ""]
    return ", ".join(filter(None, parts))


def _first_row(file: File, options: ReadDelimited) -> _FirstRow | None:
    encoding = CODECS[options.encoding]
    delimiter = options.delimiter if len(options.delimiter) == 1 else streams.UNIT
    blanks, first = 0, None
    with streams.text(file, encoding, options.delimiter) as stream:
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            for row in csv.reader((line.replace("\0", _NUL) for line in lines), delimiter=delimiter):
                if first is not None and row:
                    return _FirstRow(first, blanks, alone=False)
                if row:
                    first = tuple(value.replace(streams.UNIT, options.delimiter) for value in row)
                elif first is None:
                    blanks += 1
        except UnicodeDecodeError:
            streams.check_encoding(file, encoding)
            raise
        except csv.Error as error:
            raise DataError(f"{file}: the first row cannot be read ({error})") from None
        finally:
            lines.detach()
    return None if first is None else _FirstRow(first, blanks, alone=True)
