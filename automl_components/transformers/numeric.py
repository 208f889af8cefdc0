"""Numbers as they are, in float32; what is missing stays missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl_components.transformers import Fitted, Transformer

_LARGEST = float(np.finfo(np.float32).max)


class Numeric(Fitted):
    """float32 of the number, less ``origin`` where a column's spread is lost in its size.

    float32 carries 7 digits. Where the spread is below a thousandth of the size (microseconds of one day
    counted from 1970), the distance from the smallest training value is kept instead.
    """

    names: list[str]

    def fit(self, columns: pd.DataFrame) -> Numeric:
        """Learn the origins."""
        values = columns.to_numpy()
        low, high = (end.reduce(values, axis=0, initial=np.nan) for end in (np.fmin, np.fmax))
        size = np.maximum(np.abs(low), np.abs(high))
        with np.errstate(over="ignore"):
            narrow = high - low < size / 1000
        self.origins = np.where(narrow & (size > 2**16), low, 0.0)
        self.names = [str(name) for name in columns]
        return self

    @property
    def sources(self) -> list[list[str]]:
        """The column of each feature."""
        return [[name] for name in self.names]

    def transform(self, columns: pd.DataFrame) -> np.ndarray:
        """float32 array of shape (rows, columns); NaN where missing."""
        values = columns.to_numpy()
        values = values - self.origins if self.origins.any() else values
        return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)

    def learned(self, at: int) -> dict[str, Any]:
        """The origin of a column."""
        return {"origin": float(self.origins[at])}


ENTRY = Transformer("numeric", "Numeric", "numeric", "numbers", Numeric, keeps_missing=True, block=True)
