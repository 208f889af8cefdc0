"""How far a row lies from the centres of k clusters of several numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from automl_components.transformers import Fitted, Transformer, check_count

SAMPLE = 20_000  # rows that the clusters are made from, evenly spaced in the order of their values
LARGEST = 10.0  # standardised values are cut here: clusters of a few outliers tell nothing


class ClusterDistance(Fitted):
    """Euclidean distances to the centres that k-means finds; numbers are standardised, gaps take the median.

    Parameters
    ----------
    clusters : int
        Number of centres; fewer where there are fewer distinct rows.
    seed : int
        Of k-means.
    """

    names: list[str]

    def __init__(self, clusters: int = 8, seed: int = 0) -> None:
        self.clusters = check_count("cluster_distance", "clusters", clusters, least=2)
        self.seed = check_count("cluster_distance", "seed", seed, least=0)

    def fit(self, table: pd.DataFrame) -> ClusterDistance:
        """Learn medians, scales and centres; ``table`` holds float64 columns."""
        from sklearn.cluster import KMeans

        self.columns = [str(name) for name in table]
        values = table.to_numpy(np.float64)
        empty = np.isnan(values).all(axis=0)
        self.medians = np.zeros(len(self.columns))
        self.medians[~empty] = np.nanmedian(values[:, ~empty], axis=0)
        filled = np.where(np.isnan(values), self.medians, values)
        # quartiles, since the deviation of a column with 1e300 in it is infinite
        low, high = np.quantile(filled, [0.05, 0.95], axis=0)
        with np.errstate(over="ignore"):
            width = high / 3 - low / 3  # of a normal distribution: 1.1 deviations
        self.scales = np.where((width > 0) & np.isfinite(width), width, 1.0)
        # in their own order, whatever that of the table; to k-means a millionth is nothing
        rows = np.unique(self._standard(table).round(6), axis=0)
        rows = rows[:: max(1, len(rows) // SAMPLE)]
        count = min(self.clusters, len(rows))
        self.centres = KMeans(count, n_init=3, random_state=self.seed).fit(rows).cluster_centers_
        self.names = [f"cluster_distance_{at}" for at in range(count)] if count > 1 else []
        self.sources = [self.columns] * len(self.names)
        return self

    def transform(self, table: pd.DataFrame) -> np.ndarray:
        """float32 array of shape (rows, clusters); finite."""
        return cdist(self._standard(table), self.centres)[:, : len(self.names)].astype(np.float32)

    def _standard(self, table: pd.DataFrame) -> np.ndarray:
        values = table[self.columns].to_numpy(np.float64)
        with np.errstate(over="ignore"):
            scaled = (np.where(np.isnan(values), self.medians, values) - self.medians) / self.scales
        return np.clip(scaled, -LARGEST, LARGEST)


ENTRY = Transformer("cluster_distance", "ClusterDistance", "numeric", "numbers", ClusterDistance, joint=True)
