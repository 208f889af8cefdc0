"""A column that says where another one had no value: ``<column>_WASNULL``."""

from __future__ import annotations

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

    def fit(self, column: pd.Series) -> ImputationMarker:
        """Look at the share of missing values."""
        share = float(column.isna().mean()) if len(column) else 0.0
        useful = 0 < share < 1 and share >= self.min_share
        self.names = [f"{column.name}_WASNULL"] if useful else []
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """float32 array of shape (rows, 1), or (rows, 0) where nothing is marked."""
        return column.isna().to_numpy(np.float32)[:, None][:, : len(self.names)]


ENTRY = Transformer("imputation_marker", "ImputationMarker", "numeric", "gaps", ImputationMarker)
