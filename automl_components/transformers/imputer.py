"""Missing values filled: mean, median, most frequent value, a constant, or the value before."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import pandas as pd

from automl_components.core.errors import SettingsError, nearest
from automl_components.transformers import Fitted, Transformer

TITLES = {
    "mean": "MeanImputer",
    "median": "MedianImputer",
    "most_frequent": "ModeImputer",
    "constant": "ConstantImputer",
    "ffill": "ForwardFillImputer",
}


class Imputer(Fitted):
    """Fills the gaps of columns of numbers, or of one column of labels or dates.

    Parameters
    ----------
    strategy : str
        ``"mean"``, ``"median"`` (numbers and dates), ``"most_frequent"`` (the smallest of equally frequent
        ones), ``"constant"``, or ``"ffill"``: the value of the row before; a batch that begins with a gap
        goes on from the last value of training, so that rows are taken to be in the order of time.
    fill_value : number or str, optional
        What ``"constant"`` fills in: a number for numbers, a text for labels and dates.
    """

    names: list[str]

    def __init__(self, strategy: str = "mean", fill_value: float | str | None = None) -> None:
        folded = str(strategy).lower().replace("_", "").replace("-", "")
        found = next((known for known in TITLES if known.replace("_", "") == folded), None)
        if found is None:
            raise SettingsError(f"imputer: unknown strategy {strategy!r}{nearest(str(strategy), TITLES)}")
        strategy = found
        if (strategy == "constant") != (fill_value is not None):
            raise SettingsError("imputer: strategy 'constant' and fill_value go together")
        self.strategy, self.fill_value = strategy, fill_value

    @property
    def title(self) -> str:
        """What the transparency table prints."""
        return TITLES[self.strategy]

    def accepts(self, reads: str) -> bool:
        """Whether columns read as ``"numbers"``, ``"labels"`` or ``"dates"`` can be filled this way."""
        if self.strategy == "constant":
            number = isinstance(self.fill_value, numbers.Real)
            if reads == "truth values":
                return number and self.fill_value in (0, 1)
            number = number and not isinstance(self.fill_value, bool)
            if reads == "dates":
                return not number and not pd.isna(pd.to_datetime(self.fill_value, errors="coerce"))
            return number if reads == "numbers" else isinstance(self.fill_value, str)
        return reads != "labels" or self.strategy in ("most_frequent", "ffill")

    def fit(self, columns: pd.DataFrame, weights: np.ndarray | None = None) -> Imputer:
        """Learn what to fill in; a column without any value is filled with 0 (numbers) or stays as it is.

        ``weights`` of rows, not negative, count like so many rows; a row of weight 0 says nothing, except where all
        rows with a value weigh 0.
        """
        self.names = [str(name) for name in columns]
        found = [self._learn(column, weights) for _, column in columns.items()]
        kind = columns.dtypes.iloc[0].kind
        # a list of texts, or an array: of numbers, or of one date
        self.values: Any = found
        if kind == "f":
            self.values = np.array([value or 0.0 for value in found], dtype=np.float64)
        elif kind == "M":
            dates = ("NaT" if value is None else pd.Timestamp(value) for value in found)
            self.values = np.array([np.datetime64(value, "us") for value in dates])
        return self

    def _learn(self, column: pd.Series, weights: np.ndarray | None) -> Any:
        """What fills a column; None where it has no value."""
        if self.strategy == "constant":
            return self.fill_value
        there = column.notna().to_numpy()
        given = column[there]
        if given.empty:
            return None
        weight = np.ones(len(given)) if weights is None or not weights[there].any() else weights[there]
        return self._value(given[weight > 0], weight[weight > 0])

    def _value(self, given: pd.Series, weight: np.ndarray) -> Any:
        if self.strategy == "ffill":
            return given.iloc[-1]
        if self.strategy == "most_frequent":
            totals = pd.Series(weight).groupby(given.to_numpy(), observed=True).sum()
            return totals.index[totals.to_numpy() == totals.max()].min()
        dates = pd.api.types.is_datetime64_dtype(given.dtype)
        values = (
            given.to_numpy().astype("datetime64[us]").astype(np.int64) if dates else given.to_numpy(float)
        )
        found = np.average(values, weights=weight) if self.strategy == "mean" else quantile(values, weight)
        return np.datetime64(round(found), "us") if dates else found

    @property
    def sources(self) -> list[list[str]]:
        """Each column comes from itself."""
        return [[name] for name in self.names]

    def transform(self, columns: pd.DataFrame) -> pd.DataFrame:
        """The columns without gaps."""
        columns = columns.ffill() if self.strategy == "ffill" else columns
        if columns.dtypes.iloc[0].kind == "f":
            values = columns.to_numpy()
            filled = np.where(np.isnan(values), self.values, values)
            return pd.DataFrame(filled, index=columns.index, columns=columns.columns, copy=False)
        column, value = columns.iloc[:, 0], self.values[0]
        if pd.isna(value):
            return columns
        if isinstance(column.dtype, pd.CategoricalDtype) and value not in column.cat.categories:
            column = column.cat.add_categories([value])
        return column.fillna(value).to_frame()

    def keep(self, columns: list[str]) -> None:
        """Go on with some of the columns."""
        wanted = set(columns)
        kept = [at for at, name in enumerate(self.names) if name in wanted]
        self.names = [self.names[at] for at in kept]
        self.values = [self.values[at] for at in kept] if isinstance(self.values, list) else self.values[kept]

    def learned(self, at: int) -> dict[str, Any]:
        """What fills a column."""
        return {"strategy": self.strategy, "fill_value": self.fill_value, "value": self.values[at]}


def quantile(values: np.ndarray, weight: np.ndarray, share: float = 0.5) -> float:
    """The value with this share of the weight below it, or the middle between two such values.

    NumPy's ``averaged_inverted_cdf`` of rows repeated as often as they weigh; at 0.5 the median.

    Parameters
    ----------
    values, weight : float arrays, shape (n,)
        At least one; finite, weights above 0.
    """
    order = np.argsort(values, kind="stable")
    values, sums = values[order], np.cumsum(weight[order])
    half, near = sums[-1] * share, 1e-12 * sums[-1]
    low, high = (
        values[np.searchsorted(sums, half - near)],
        values[np.searchsorted(sums, half + near, "right")],
    )
    return float(low + (high - low) / 2)


ENTRY = Transformer("imputer", "Imputer", "column", "numbers", Imputer, block=True)
