"""Tables as they are given: their column names, joining two of them, and columns with a special role."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.core.errors import DataError, nearest
from automl_components.engine import dates
from automl_components.guardrails import counted, listed

_FORMAT_SAMPLE = 2_000  # distinct texts looked at to find how dates are written


def rows_where(mask: np.ndarray, index: pd.Index | None = None) -> str:
    """Where a mask is true, for a message; ``index`` holds the row numbers where they are not 0, 1, ...

    >>> rows_where(np.array([False, True, True]))
    'rows 1, 2 (counted from 0)'
    """
    rows = np.flatnonzero(mask)
    numbers = rows if index is None else index[rows]
    return f"row{'s' if len(rows) > 1 else ''} {listed(numbers, limit=5)} (counted from 0)"


def absent(name: str, columns: pd.Index, called: str) -> str:
    """What a message says of a column that is not there: the nearest name, or some of those there are."""
    hint = nearest(name, columns)
    if len(hint) > 300:
        hint = f"; it has {len(columns):,} columns: {listed(columns)}"
    return f"{called} has no column {name!r}{hint}"


def with_text_names(table: pd.DataFrame, called: str) -> tuple[pd.DataFrame, list[str]]:
    """The table with column names as text and rows numbered from 0, and the names that were not text.

    Raises
    ------
    DataError
        Where there are no columns or no rows, or two columns have one name.
    """
    if not table.shape[1]:
        raise DataError(f"{called} is empty: it has no columns")
    names = pd.Index([str(name) for name in table.columns], dtype=object)
    twice = names[names.duplicated()].unique()
    if len(twice):
        raise DataError(f"{called} has more than one column named {listed(twice)}; rename or drop the others")
    if not len(table):
        raise DataError(f"{called} has no rows, only a header: {listed(names)}")
    renamed = [text for text, name in zip(names, table.columns, strict=True) if not isinstance(name, str)]
    return table.set_axis(names, axis=1).reset_index(drop=True), renamed


def same_columns(table: pd.DataFrame, needed: list[str], called: str) -> tuple[pd.DataFrame, list[str]]:
    """The needed columns in their order, and the names of the others."""
    lacking = [name for name in needed if name not in table.columns]
    if lacking:
        raise DataError(
            f"{called} lacks {counted(len(lacking), 'column')} of training_data: {listed(lacking)}; "
            f"it has {len(table.columns):,}: {listed(table.columns)}"
        )
    return table[needed], [name for name in table.columns if name not in needed]


def append_rows(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``second`` after those of ``first``; same columns in the same order.

    Categories are united. A column without a single value takes the other's type, so it decides nothing.
    """
    columns = {}
    for name in first.columns:
        a, b = first[name], second[name]
        if isinstance(a.dtype, pd.CategoricalDtype) and isinstance(b.dtype, pd.CategoricalDtype):
            values = a.cat.categories.union(b.cat.categories, sort=False)
            a, b = a.cat.set_categories(values), b.cat.set_categories(values)
        elif a.dtype != b.dtype and b.isna().all():
            b = a.iloc[:0].reindex(b.index)
        elif a.dtype != b.dtype and a.isna().all():
            a = b.iloc[:0].reindex(a.index)
        columns[name] = pd.concat([a, b], ignore_index=True)
    return pd.DataFrame(columns, columns=first.columns)


def read_weights(column: pd.Series, called: str) -> np.ndarray:
    """Sample weights as float64: finite, not negative, not all zero."""
    where = f"weight column {column.name!r} of {called}"
    weights = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        raise DataError(
            f"the {where} must hold finite numbers of 0 or more, but holds {listed(column[wrong].iloc[:1])}: "
            f"{rows_where(wrong, column.index)}; correct them, or leave those rows out"
        )
    if not weights.any():
        raise DataError(f"the {where} is 0 in every row, so no row would count")
    return weights


def time_formats(*columns: pd.Series) -> tuple[str, ...]:
    """The one format in which most of the dates that are text are written, found over all given columns."""
    texts = pd.concat([pd.Series(column.dropna().astype(str).unique(), dtype=object) for column in columns])
    sample = texts.iloc[:: max(1, len(texts) // _FORMAT_SAMPLE)]
    return dates.find_formats(list(sample), most=1)


def read_times(column: pd.Series, called: str, formats: tuple[str, ...] = ()) -> np.ndarray:
    """Points in time that can be put in order: datetime64[us] (UTC where there is a time zone), or float64.

    Text is read as ``formats`` say, or as ISO 8601. A missing or unreadable time is a DataError.
    """
    if types.is_timedelta64_dtype(column.dtype):
        times = column.dt.total_seconds()
    elif types.is_numeric_dtype(column.dtype):
        times = column
    else:
        times = dates.to_dates(column, formats, "UTC")
    wrong = times.isna().to_numpy()
    if wrong.any():
        raise DataError(
            f"the time column {column.name!r} of {called} must hold dates or numbers in one format, but "
            f"{counted(int(wrong.sum()), 'value')} of {len(column):,} missing or unreadable: "
            f"{rows_where(wrong, column.index)}; fill them in, leave them out, or write dates as 2024-01-31"
        )
    if types.is_datetime64_dtype(times.dtype):
        return times.to_numpy()
    return times.to_numpy(dtype=np.float64)
