"""The catalog of metrics: one table per kind of task, under Azure's names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from automl_components.core.catalog import Catalog


@dataclass(frozen=True)
class Metric:
    """One scalar metric.

    Attributes
    ----------
    name : str
        Azure's name, such as ``"AUC_weighted"``; the dotted path of a custom metric.
    task : str
        ``"classification"`` or ``"regression"``.
    function : callable
        ``function(facts) -> float``, with the ``ClassificationFacts`` or ``RegressionFacts`` that stand
        beside it in this package. Undefined is NaN, never an exception.
    greater_is_better : bool
        The direction of improvement.
    best : float
        The value at a perfect prediction; NaN where it is not known (custom metrics).
    needs_proba : bool
        Whether probabilities, not only labels, enter.
    binary : bool
        Whether it judges one class, the positive one, and so needs two classes or a ``positive_label``.
    """

    name: str
    task: Literal["classification", "regression"]
    function: Callable[[Any], float]
    greater_is_better: bool
    best: float = float("nan")
    needs_proba: bool = False
    binary: bool = False

    def sign(self, value: float) -> float:
        """The value turned so that greater is better."""
        return value if self.greater_is_better else -value


METRICS: Catalog[Metric] = Catalog("automl_components.metrics", Metric, "metric")
