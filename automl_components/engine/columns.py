"""The purposes of a table's columns, as detected and as the user declares them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.core.errors import DataError, SettingsError, nearest
from automl_components.core.masks import hidden
from automl_components.engine import cells, dates
from automl_components.engine.purposes import ColumnInfo, Texts, detect_purpose, dtype_purpose, told_by_name
from automl_components.engine.raw import RawColumns, chunks, is_plain

__all__ = [
    "DECLARABLE", "ColumnInfo", "declare_purpose", "detect_purpose", "detect_purposes", "dtype_purposes",
    "unique_names",
]  # fmt: skip

DECLARABLE = (
    *("Numeric", "Boolean", "Categorical", "CategoricalHash", "DateTime", "Text", "List", "Hashes", "Ignore"),
)


def detect_purposes(
    frame: pd.DataFrame,
    overrides: Mapping[str, str] | None = None,
    known: Mapping[str, ColumnInfo] | None = None,
) -> dict[str, ColumnInfo]:
    """The purpose of every column, by its name as text.

    ``overrides`` maps a column to a purpose, in any casing; an unknown column or purpose, or one that not a
    single value agrees with, is a SettingsError. Two columns of one name are a DataError. ``known`` is what columns
    were detected as before: of these rows, so that they are not looked at again.
    """
    names = unique_names(frame)
    declared = {}
    for column, purpose in (overrides or {}).items():
        if str(column) not in names:
            raise SettingsError(f"column_name_and_types: no column {column!r}{nearest(str(column), names)}")
        declared[str(column)] = purpose_name(purpose, str(column))
    left = [name for name in names if name not in declared and name not in (known or {})]
    plain = {name for name in left if not told_by_name(name)}
    found = {**(known or {}), **_plain_numbers(frame, plain)}
    for at, name in enumerate(names):
        if name in declared:
            found[name] = declare_purpose(frame.iloc[:, at].rename(name), declared[name])
        elif name not in found:
            found[name] = detect_purpose(frame.iloc[:, at].rename(name))
    return {name: found[name] for name in names}


def dtype_purposes(frame: pd.DataFrame) -> dict[str, ColumnInfo]:
    """Numeric, DateTime or else Categorical by the dtypes alone (featurization ``off``), or AllNan."""
    names = unique_names(frame)
    found = _plain_numbers(frame, set(names))
    return {
        name: found.get(name) or dtype_purpose(frame.iloc[:, at].rename(name))
        for at, name in enumerate(names)
    }


def _plain_numbers(frame: pd.DataFrame, names: Collection[str]) -> dict[str, ColumnInfo]:
    """Those of the columns that are Numeric whatever else may be said: NumPy's numbers that are not all the same.

    Looked at many at a time, which ten thousand of them need.
    """
    dtypes = {str(name): dtype for name, dtype in zip(frame.columns, frame.dtypes, strict=True)}
    plain = [n for n, dtype in dtypes.items() if n in names and is_plain(dtype) and dtype.kind != "b"]
    raw = RawColumns(frame, plain)
    found = {}
    for some in chunks(plain, len(frame)):
        values = raw.numbers(some, cells.to_numbers)
        if np.isinf(values).any():
            values = np.where(np.isinf(values), np.nan, values)
        low, high = (end.reduce(values, axis=0, initial=np.nan) for end in (np.fmin, np.fmax))
        vary = (low < high).tolist()
        found |= {
            n: ColumnInfo("Numeric", f"dtype {dtypes[n]}") for n, it in zip(some, vary, strict=True) if it
        }
    return found


def unique_names(frame: pd.DataFrame) -> list[str]:
    """The columns' names as text; DataError when two are the same."""
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise DataError(f"two columns are named {twice!r}; give each column a name of its own")
    return names


def purpose_name(purpose: str, column: str) -> str:
    """The exact spelling of a purpose that a user may declare; SettingsError for any other."""
    folded = {known.lower(): known for known in DECLARABLE}
    found = folded.get(str(purpose).replace("_", "").lower())
    if found is None:
        hint = nearest(str(purpose), DECLARABLE)
        raise SettingsError(f"column_name_and_types: {column!r} cannot be {purpose!r}{hint}")
    return found


def declare_purpose(column: pd.Series, purpose: str) -> ColumnInfo:
    """The column as the user declared it; SettingsError when not a single value can be read that way."""
    info = ColumnInfo(purpose, "declared by column_name_and_types")
    texts = Texts(column)
    if not texts.present:
        return ColumnInfo("AllNan", f"no values (declared {purpose})")
    if purpose == "Numeric":
        unit = cells.find_unit(texts.sample)
        info = replace(info, decimal=cells.find_decimal(texts.sample, unit), unit=unit)
        readable = cells.to_numbers(column, info.decimal, info.unit)
    elif purpose == "Boolean":
        readable = cells.to_truth(column)
    elif purpose == "DateTime":
        numbers = cells.to_numbers(column).dropna().to_numpy()
        if cells.is_numeric(column):
            formats = dates.compact_formats(numbers) or (dates.find_unit(numbers),)
        else:
            formats = dates.find_formats(texts.sample) or dates.compact_formats(numbers)
            formats = formats or dates.epoch_formats(numbers)
        info = replace(info, formats=formats, timezone=dates.clock(column))
        readable = dates.to_dates(column, info.formats, info.timezone)
    else:
        return info
    if not readable.notna().any():
        example = hidden(texts.sample[0])
        raise SettingsError(
            f"column_name_and_types: no value of {column.name!r} is {purpose}, such as {example!r}"
        )
    return replace(info, confidence=float(readable.notna().sum() / texts.present))
