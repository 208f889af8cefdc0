"""Numbers as they are, in float32; what is missing stays missing."""

from __future__ import annotations

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

    def fit(self, column: pd.Series) -> Numeric:
        """Learn the origin."""
        low, high = float(column.min()), float(column.max())
        narrow = high - low < max(abs(low), abs(high)) / 1000
        self.origin = low if narrow and max(abs(low), abs(high)) > 2**16 else 0.0
        self.names = [str(column.name)]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """float32 array of shape (rows, 1); NaN where missing."""
        values = column.to_numpy(float) - self.origin
        return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)[:, None]


ENTRY = Transformer("numeric", "Numeric", "numeric", "numbers", Numeric, keeps_missing=True)
