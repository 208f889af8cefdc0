"""The time between two dates of a row: a ride's duration is often the strongest feature of its table."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from automl_components.transformers import Fitted, Transformer, check_count

_DAY = np.timedelta64(1, "D")
SAMPLE = 10_000  # rows on which pairs are chosen, evenly spaced


class DateDifferences(Fitted):
    """Days, with their fraction, from one date to another, for each pair that varies; NaN where one is missing.

    The later one of a pair, by the median of the training rows, comes first: ``<later>_minus_<earlier>``.
    Where there are more pairs than wanted, those are kept whose distance is smallest beside the spread of
    the dates themselves: related events lie close together.

    Parameters
    ----------
    max_pairs : int
        Most pairs kept.
    """

    names: list[str]

    def __init__(self, max_pairs: int = 20) -> None:
        self.max_pairs = check_count("date_differences", "max_pairs", max_pairs)

    def fit(self, table: pd.DataFrame) -> DateDifferences:
        """Choose the pairs; ``table`` holds naive datetime64[us] columns."""
        few = table.iloc[:: max(1, len(table) // SAMPLE)] if len(table) > SAMPLE else table
        days = {name: _days(few[name]) for name in few}
        found = [pair for names in combinations(days, 2) if (pair := _judged(*names, days))]
        kept = sorted(sorted(found)[: self.max_pairs], key=lambda pair: pair[1])
        self.sources = [[later, earlier] for _, _, later, earlier in kept]
        self.names = [f"{later}_minus_{earlier}" for later, earlier in self.sources]
        return self

    def transform(self, table: pd.DataFrame) -> np.ndarray:
        """float32 array of shape (rows, pairs)."""
        values = np.empty((len(table), len(self.sources)), dtype=np.float32)
        for at, (later, earlier) in enumerate(self.sources):
            # microseconds are subtracted as whole numbers: what is close in time loses no digit
            values[:, at] = (_moments(table[later]) - _moments(table[earlier])) / _DAY
        return values


def _judged(first: str, second: str, days: dict[str, np.ndarray]) -> tuple[float, int, str, str] | None:
    """How far apart, the position, later, earlier; None for a pair without a difference that varies."""
    difference = days[second] - days[first]
    given = difference[~np.isnan(difference)]
    if len(given) < 2 or given.min() == given.max():
        return None
    spread = max(float(np.nanstd(days[first])), float(np.nanstd(days[second])))
    later = float(np.median(given)) >= 0
    position = list(days).index(first) * len(days) + list(days).index(second)
    apart = float(np.median(np.abs(given))) / (spread or 1.0)
    return (apart, position, second, first) if later else (apart, position, first, second)


def _moments(column: pd.Series) -> np.ndarray:
    return column.to_numpy("datetime64[us]")


def _days(column: pd.Series) -> np.ndarray:
    return np.asarray((_moments(column) - np.datetime64(0, "us")) / _DAY, dtype=np.float64)


ENTRY = Transformer(
    "date_differences",
    "DateDifferences",
    "numeric",
    "dates",
    DateDifferences,
    keeps_missing=True,
    joint=True,
)
