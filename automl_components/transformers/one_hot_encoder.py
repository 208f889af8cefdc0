"""Categories as sparse columns of zeros and ones, one for each level."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from automl_components.transformers import Fitted, Transformer
from automl_components.transformers.label_encoder import LabelEncoder


class OneHotEncoder(Fitted):
    """1 in the column of the row's level, nothing where missing or unseen; parameters as label_encoder."""

    names: list[str]

    def __init__(self, max_levels: int = 1000, min_count: int = 2) -> None:
        self.encoder = LabelEncoder(max_levels, min_count)

    def fit(self, column: pd.Series) -> OneHotEncoder:
        """Learn the levels."""
        self.encoder.fit(column)
        self.names = [f"{column.name}_{level}" for level in self.encoder.levels]
        return self

    def transform(self, column: pd.Series) -> csr_matrix:
        """csr_matrix of shape (rows, levels)."""
        return one_hot(self.encoder.transform(column)[:, 0], len(self.names))


def one_hot(codes: np.ndarray, width: int) -> csr_matrix:
    """float32 csr_matrix of shape (len(codes), width) with a 1 at each code; -1 is an empty row."""
    given = codes >= 0
    ends = np.concatenate(([0], np.cumsum(given)))
    return csr_matrix((np.ones(given.sum(), np.float32), codes[given], ends), shape=(len(codes), width))


ENTRY = Transformer("one_hot_encoder", "OneHotEncoder", "sparse", "labels", OneHotEncoder)
