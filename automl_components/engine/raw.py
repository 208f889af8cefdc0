"""Raw columns by name, and many columns of numbers as one array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from automl_components.core.errors import DataError, nearest

CELLS = 1 << 22
"""Cells of numbers that are worked on at once: 32 MB of float64."""
FEWEST_COLUMNS = 4


def columns_at_once(rows: int) -> int:
    """How many columns of numbers are worked on at once."""
    return max(FEWEST_COLUMNS, CELLS // max(1, rows))


def chunks(names: Sequence[str], rows: int) -> Iterator[list[str]]:
    """The names, as many at a time as are worked on at once."""
    step = columns_at_once(rows)
    return (list(names[start : start + step]) for start in range(0, len(names), step))


class RawColumns:
    """The columns of some raw rows by their names as text, in any order and among any others.

    Parameters
    ----------
    frame : DataFrame
    needed : sequence of str
        Columns that will be read; DataError where one is missing, or there twice.
    optional : collection of str
        Those of them that may be absent: they then count as missing in every row.
    """

    def __init__(self, frame: pd.DataFrame, needed: Sequence[str], optional: Sequence[str] = ()) -> None:
        self.frame, self.index = frame, frame.index
        at: dict[str, list[int]] = {}
        for position, name in enumerate(frame.columns):
            at.setdefault(str(name), []).append(position)
        may_lack = set(optional)
        missing = [column for column in needed if column not in at and column not in may_lack]
        if missing:
            listed = ", ".join(map(repr, missing[:10])) + (" and others" if len(missing) > 10 else "")
            hint = nearest(missing[0], at)
            if len(hint) > 300:
                hint = f"; it has {len(at):,} others, such as {', '.join(map(repr, list(at)[:10]))}"
            noun = "columns" if len(missing) > 1 else "column"
            raise DataError(f"the model needs {noun} {listed}, not in the data{hint}")
        twice = next((column for column in needed if len(at.get(column, ())) > 1), None)
        if twice is not None:
            raise DataError(f"the data has two columns named {twice!r}")
        self._at = {name: positions[0] for name, positions in at.items()}
        self._plain = [is_plain(dtype) for dtype in frame.dtypes]

    def column(self, name: str) -> pd.Series:
        """One column; an absent one is all missing."""
        if name not in self._at:
            return pd.Series(None, index=self.index, dtype=object, name=name)
        return self.frame.iloc[:, self._at[name]].rename(name)

    def numbers(self, names: Sequence[str], read: Callable[[pd.Series], pd.Series]) -> np.ndarray:
        """float64 array of shape (rows, len(names)).

        Columns of NumPy's numbers as they are, infinities included; any other column is read by ``read``.
        """
        places = [self._at.get(name, -1) for name in names]
        plain = [place >= 0 and self._plain[place] for place in places]
        if all(plain):
            values: np.ndarray = self._taken(places).to_numpy(np.float64)
            return values
        values = np.empty((len(self.index), len(names)), order="F")
        if any(plain):
            kept = [place for place, is_one in zip(places, plain, strict=True) if is_one]
            values[:, plain] = self._taken(kept).to_numpy(np.float64)
        for at in np.flatnonzero(~np.array(plain)):
            values[:, at] = read(self.column(names[at])).to_numpy()
        return values

    def is_plain(self, name: str) -> bool:
        """Whether a column is there and of NumPy's numbers or truth values."""
        return name in self._at and self._plain[self._at[name]]

    def _taken(self, places: list[int]) -> pd.DataFrame:
        """Columns by position; side by side they need no copy."""
        first, last = places[0], places[-1]
        side_by_side = last - first == len(places) - 1 and places == list(range(first, last + 1))
        return self.frame.iloc[:, slice(first, last + 1) if side_by_side else places]


def is_plain(dtype: object) -> bool:
    """Whether a dtype is NumPy's own of real numbers or truth values."""
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"
