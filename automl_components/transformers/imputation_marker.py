"""A column that says where another one had no value: ``<column>_WASNULL``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl_components.core.errors import SettingsError
from automl_components.transformers import Fitted, Transformer


class ImputationMarker(Fitted):
    """1 where the value is missing, else 0; only for a column with enough gaps in training.

    Parameters
    ----------
    min_share : float
        Smallest share of missing values, in [0, 1], that is marked. Trees see the gap itself, so that the
        marker serves linear learners, and they gain nothing from a handful of gaps.
    """

    names: list[str]

    def __init__(self, min_share: float = 0.01) -> None:
        if not isinstance(min_share, (int, float)) or not 0 <= min_share <= 1:
            raise SettingsError(f"imputation_marker: min_share is from 0 to 1, not {min_share!r}")
        self.min_share = min_share

    def fit(self, columns: pd.DataFrame) -> ImputationMarker:
        """Look at the shares of missing values."""
        share = columns.isna().mean(axis=0).to_numpy()
        useful = (share > 0) & (share < 1) & (share >= self.min_share)
        self.marked = [str(name) for name in columns.columns[useful]]
        self.names = [f"{name}_WASNULL" for name in self.marked]
        return self

    @property
    def sources(self) -> list[list[str]]:
        """The column of each feature."""
        return [[name] for name in self.marked]

    def transform(self, columns: pd.DataFrame) -> np.ndarray:
        """float32 array of shape (rows, len(names)): a column for each that is marked."""
        return columns[self.marked].isna().to_numpy(np.float32)

    def learned(self, at: int) -> dict[str, Any]:
        """The smallest share that is marked."""
        return {"min_share": self.min_share}


ENTRY = Transformer("imputation_marker", "ImputationMarker", "numeric", "gaps", ImputationMarker, block=True)
