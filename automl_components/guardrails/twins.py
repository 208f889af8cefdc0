"""Rows that are equal in all features: found exactly and quickly in any number of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.guardrails import probes
from automl_components.guardrails.facts import Facts

FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Mixes the hashes of several columns: the golden ratio, as in Fibonacci hashing (Knuth, vol. 3, 6.4)."""
SOME = 100  # columns that are looked at before the others
COMPARED = 20_000  # rows in which the twins that chance alone would make are counted


def twin_groups(facts: Facts) -> np.ndarray:
    """For every row the number of the group of rows with equal features (identifiers aside); -1 for none."""
    return facts.remember("twin groups", lambda f: equal_rows(f.frame[probes.used_columns(f)]))


def equal_rows(frame: pd.DataFrame) -> np.ndarray:
    """int64 array of n rows: which rows equal each other in every column, by number of the group; -1 for none.

    Columns are taken one after the other, and only rows that still have a twin are looked at again, so that a
    column of measurements ends the work early. Rows are compared by 64-bit hashes.

    Examples
    --------
    >>> equal_rows(pd.DataFrame({"x": [1, 2, 1], "y": ["a", "b", "a"]})).tolist()
    [0, -1, 0]
    """
    left, hashes = np.arange(len(frame)), np.zeros(len(frame), dtype=np.uint64)
    if not frame.shape[1]:
        return np.full(len(frame), -1)
    for name in _most_distinct_first(frame):
        if not len(left):
            break
        hashes = (hashes * FACTOR) ^ hashed(frame[name].iloc[left])
        again = pd.Series(hashes).duplicated(keep=False).to_numpy()
        left, hashes = left[again], hashes[again]
    groups = np.full(len(frame), -1, dtype=np.int64)
    groups[left] = pd.factorize(hashes)[0]
    return groups


def _most_distinct_first(frame: pd.DataFrame) -> Iterator[str]:
    """The columns' names, first some of them: where these tell all rows apart, no other is looked at."""
    names = list(frame)
    some = names[:: max(1, len(names) // SOME)]
    first = set(some)
    for part in (some, [name for name in names if name not in first]):
        yield from sorted(part, key=lambda name: -_distinct(frame[name]))


def _distinct(column: pd.Series) -> int:
    return len(np.unique(hashed(column.iloc[:: max(1, len(column) // 1_000)])))


def hashed(column: pd.Series) -> np.ndarray:
    """uint64 for every cell: the same for equal numbers, whatever their type, equal dates and equal texts."""
    if types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # -0.0 becomes 0.0
        return pd.util.hash_array(np.where(np.isnan(values), np.nan, values))  # one bit pattern for every NaN
    if types.is_datetime64_any_dtype(column.dtype):
        moments = pd.to_datetime(column, utc=True).astype("datetime64[us, UTC]").astype(np.int64)
        return pd.util.hash_array(moments.to_numpy())
    missing = column.isna().to_numpy()
    texts = np.where(missing, "\uffff", np.array([str(value) for value in column], dtype=object))
    return pd.util.hash_array(texts.astype(object), categorize=True)


def by_chance(frame: pd.DataFrame) -> float:
    """Share of rows that have a twin by chance: where few rows are possible, they repeat."""
    mixed = shuffled(frame)
    return float((equal_rows(mixed) >= 0).mean()) if len(mixed) else 0.0


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every column shuffled on its own: as alike as rows are by chance.

    Empty for a single column of mostly distinct values (texts, measurements): by chance none would repeat.
    """
    if frame.shape[1] == 1 and frame.iloc[:, 0].map(str).nunique() > len(frame) / 2:
        return frame.iloc[:0]
    rng = np.random.default_rng(0)
    return pd.DataFrame({name: frame[name].to_numpy()[rng.permutation(len(frame))] for name in frame})
