"""How often a category occurred in training: what is left to see of one with too many levels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.transformers import Fitted, Transformer, check_count


class CountEncoder(Fitted):
    """log(1 + rows of the level in training); NaN where missing.

    Counts of the ``max_levels`` most frequent levels are kept; any other label counts as one row.
    """

    names: list[str]

    def __init__(self, max_levels: int = 20_000) -> None:
        self.max_levels = check_count("count_encoder", "max_levels", max_levels)

    def fit(self, column: pd.Series) -> CountEncoder:
        """Count the levels."""
        counts = column.value_counts().head(self.max_levels)
        counts = counts[counts > 1]
        self.known, self.counts = [str(level) for level in counts.index], counts.to_numpy(np.int64)
        self.names = [f"{column.name}_count"]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """float32 array of shape (rows, 1)."""
        at = pd.Index(self.known, dtype=object).get_indexer(column.cat.categories)
        values = np.log1p(np.append(self.counts, 1)[at])  # -1, a label not kept, picks the appended 1
        return np.append(values, np.nan)[column.cat.codes.to_numpy()].astype(np.float32)[:, None]


ENTRY = Transformer("count_encoder", "CountEncoder", "numeric", "labels", CountEncoder, keeps_missing=True)
