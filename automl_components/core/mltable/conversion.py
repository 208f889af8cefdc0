"""Columns converted from one type to another, by whole Arrow arrays; no value is lost silently."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from automl_components.core.errors import DataError
from automl_components.core.mltable.addresses import absolute
from automl_components.core.mltable.column_types import (
    BooleanOptions,
    ColumnType,
    DatetimeOptions,
    StreamOptions,
)
from automl_components.core.mltable.dates import parse_dates
from automl_components.core.mltable.frames import with_column
from automl_components.core.mltable.streams import UNIT

# what Arrow's CSV reader takes for a missing number; pandas has the same list, and "None" and "<NA>" beside it
MISSING = ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A",
           "NA", "NULL", "NaN", "n/a", "nan", "null")  # fmt: skip


def convert_columns(table: Any, names: Iterable[str], kind: ColumnType, source: str, base: str = "") -> Any:
    """A table with some columns converted.

    Parameters
    ----------
    table : pyarrow.Table
    names : iterable of str
        Of the columns.
    kind : ColumnType
        What they become.
    source : str
        What to name in errors.
    base : str
        Folder that relative addresses in a ``stream_info`` column are relative to.

    Raises
    ------
    DataError
        A value does not fit the type; the message names the column and the value.
    """
    for name in names:
        column = _plain(table[name])
        try:
            values = _CONVERT[kind.name](column, kind.options, base)
        except _MisfitError as misfit:
            raise DataError(f"{source}: column {name!r}: {misfit}") from None
        table = with_column(table, name, values)
    return table


def text_nulls(table: Any, missing: Iterable[str], unit: str = "") -> Any:
    """Text columns with null for the texts in ``missing``, and ``unit`` for the character that stood for it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pa.array(list(missing), pa.string())
    for i, name in enumerate(table.column_names):
        column = table[name]
        if not pa.types.is_string(column.type):
            continue
        if unit:
            column = pc.replace_substring(column, UNIT, unit)
        found = pc.is_in(column, words)
        if pc.any(found).as_py():
            column = pc.if_else(found, pa.scalar(None, pa.string()), column)
        table = table.set_column(i, name, column)
    return table


class _MisfitError(Exception):
    """A value that does not fit the type it should have."""


def _plain(column: Any) -> Any:
    import pyarrow as pa

    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _text_or_missing(column: Any) -> Any:
    """Text without blanks around it, null for the spellings of a missing value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.is_in(trimmed, pa.array(MISSING)), pa.scalar(None, pa.string()), trimmed)


def _cast(column: Any, kind: Any, what: str) -> Any:
    """Cast, or name the first value that stands in the way."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        first = next((value for value in pc.unique(column) if not _fits(value, kind)), None)
        raise _MisfitError(str(error) if first is None else f"{first.as_py()!r} is not {what}") from None


def _fits(value: Any, kind: Any) -> bool:
    import pyarrow as pa

    try:
        value.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _refuse(column: Any, refused: Callable[[Any], bool], what: str) -> None:
    if refused(column.type):
        raise _MisfitError(f"{column.type} values cannot become {what}")


def _is_text(column: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(column.type) or types.is_large_string(column.type))


def _is_date(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_temporal(kind) or types.is_nested(kind))


def _to_int(column: Any, options: None, base: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    _refuse(column, _is_date, "integers")
    if _is_text(column):
        text = pc.replace_substring_regex(_text_or_missing(column), r"^\+", "")
        none = pa.scalar(None, pa.string())
        plain = pc.match_substring_regex(text, r"^-?\d+$")
        whole = _cast(pc.if_else(plain, text, none), pa.int64(), "an integer of 64 bits")
        # 12.0 and 1e3 are integers, too; by way of floats, so only what is not written as one
        other = _cast(pc.if_else(plain, none, text), pa.float64(), "an integer")
        return pc.coalesce(whole, _cast(other, pa.int64(), "an integer; convert it to float"))
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return _cast(column, pa.int64(), "an integer; convert it to float")


def _to_float(column: Any, options: None, base: str) -> Any:
    import pyarrow as pa

    _refuse(column, _is_date, "floats")
    if _is_text(column):
        return _cast(_text_or_missing(column), pa.float64(), "a number")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64(), safe=False)


def _to_string(column: Any, options: None, base: str) -> Any:
    import pyarrow as pa

    if not pa.types.is_nested(column.type):
        return _cast(column, pa.string(), "text")
    texts = [
        None if value is None else json.dumps(value, default=str, ensure_ascii=False)
        for value in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _to_boolean(column: Any, options: BooleanOptions, base: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(column.type):
        return column
    _refuse(column, _is_date, "truth values")
    text = _text_or_missing(column)
    yes, no = options.true_values or ("true", "1"), options.false_values or ("false", "0")
    compared = text if options.true_values else pc.utf8_lower(text)
    true, false = pc.is_in(compared, pa.array(yes)), pc.is_in(compared, pa.array(no))
    known = pc.or_(true, false)
    if options.mismatch_as == "error":
        other = pc.unique(text.filter(pc.invert(pc.or_(known, pc.is_null(text)))))
        if len(other):
            raise _MisfitError(
                f"{other[0].as_py()!r} is none of the true values {list(yes)} and false values {list(no)}"
            )
    values = pc.if_else(known, true, options.mismatch_as == "true")
    return pc.if_else(pc.is_null(text), pa.scalar(None, pa.bool_()), values)


def _to_datetime(column: Any, options: DatetimeOptions, base: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type):
        return column
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("ms"))
    _refuse(column, lambda kind: pa.types.is_nested(kind) or pa.types.is_duration(kind), "dates")
    text = _text_or_missing(column)
    values = parse_dates(text, options)
    bad = pc.unique(text.filter(pc.and_(pc.is_valid(text), pc.is_null(values))))
    if len(bad):
        formats = ", ".join(map(repr, options.formats)) or "ISO 8601"
        raise _MisfitError(f"{bad[0].as_py()!r} is not a date of the format {formats}")
    return values


def _to_stream(column: Any, options: StreamOptions, base: str) -> Any:
    import pyarrow as pa

    unique = _to_string(column, None, base).combine_chunks().dictionary_encode()
    words = [unquote(word) if options.escaped else word for word in unique.dictionary.to_pylist()]
    found = [absolute(posixpath.normpath(word) if "://" not in word else word, base) for word in words]
    return pa.chunked_array([pa.array(found, pa.string()).take(unique.indices)])


_CONVERT: dict[str, Callable[[Any, Any, str], Any]] = {
    "int": _to_int,
    "float": _to_float,
    "string": _to_string,
    "boolean": _to_boolean,
    "datetime": _to_datetime,
    "stream_info": _to_stream,
}
