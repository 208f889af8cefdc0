"""The catalog of metrics: one table per kind of task, under Azure's names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from automl_components.core.catalog import Catalog


@dataclass(frozen=True)
class Metric:
    """One scalar metric.

    Attributes
    ----------
    name : str
        Azure's name, such as ``"AUC_weighted"``.
    task : str
        ``"classification"`` or ``"regression"``.
    function : callable
        Classification: ``function(y, proba, labels, sample_weight, **facts) -> float``; regression:
        ``function(y, prediction, sample_weight, **facts) -> float``.
    greater_is_better : bool
        The direction of improvement.
    best : float
        The value at a perfect prediction.
    needs_proba : bool
        Whether probabilities, not only labels, enter.
    """

    name: str
    task: Literal["classification", "regression"]
    function: Callable[..., float]
    greater_is_better: bool
    best: float
    needs_proba: bool = False

    def sign(self, value: float) -> float:
        """The value turned so that greater is better."""
        return value if self.greater_is_better else -value


METRICS: Catalog[Metric] = Catalog("automl_components.metrics", Metric, "metric")
