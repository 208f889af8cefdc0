"""The regression metrics under Azure's names, all with sample weights.

Conventions, where a metric has a choice:

- ``r2_score``, ``explained_variance`` and ``spearman_correlation`` are undefined, NaN, where the target is
  constant; Spearman's also where the prediction is. ``r2_score`` is never below -1, as Azure reports it.
- ``spearman_correlation`` with weights ranks a row by the weight below it plus half the weight tied with it,
  and correlates the ranks with the weights: a row of weight 2 is the same as two rows.
- ``median_absolute_error`` with weights is the midpoint of the lower and the upper weighted median.
- ``root_mean_squared_log_error`` uses log(1 + x); NaN where a target or prediction is -1 or less.
- ``mean_absolute_percentage_error`` is a fraction (0.1 is 10 %); NaN where a target is 0.
- ``normalized_*`` divide by ``y_max - y_min``, usually of the training target; NaN where that is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from automl_components.metrics import Metric

# relative room for rounding in sums of weights, where "exactly half" matters
ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class RegressionFacts:
    """What a regression metric may look at.

    Attributes
    ----------
    y, prediction : float64 arrays, shape (n,)
        True and predicted values.
    weight : float64 array, shape (n,)
        Sample weights, all above 0.
    y_min, y_max : float
        The range that ``normalized_*`` divide by.
    weighted : bool
        Whether ``weight`` was given, and is not just ones.
    """

    y: np.ndarray
    prediction: np.ndarray
    weight: np.ndarray
    y_min: float
    y_max: float
    weighted: bool = False

    @property
    def usable(self) -> bool:
        """Whether there are rows, and every prediction is a finite number."""
        return len(self.y) > 0 and bool(np.isfinite(self.prediction).all())

    @cached_property
    def error(self) -> np.ndarray:
        """Prediction minus truth."""
        return self.prediction - self.y

    def mean(self, values: np.ndarray) -> float:
        """Weighted mean."""
        return float(np.average(values, weights=self.weight))


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """Midpoint of the lower and the upper weighted median; weights above 0.

    >>> weighted_median(np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 2.0]))
    6.0
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    half = below[-1] / 2
    lower = np.searchsorted(below, half * (1 - ROUNDING), side="left")
    upper = np.searchsorted(below, half * (1 + ROUNDING), side="right")
    return float((values[order[lower]] + values[order[upper]]) / 2)


def weighted_ranks(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weight below each value plus half the weight tied with it: average ranks, up to a constant.

    >>> weighted_ranks(np.array([5.0, 7.0, 5.0]), np.ones(3))
    array([1. , 2.5, 1. ])
    """
    _, position = np.unique(values, return_inverse=True)
    tied = np.bincount(position, weight)
    return (np.cumsum(tied) - tied / 2)[position]


def explained_variance(facts: RegressionFacts) -> float:
    """1 - variance of the error / variance of the target."""
    if _constant(facts.y):
        return float("nan")
    return 1 - _variance(facts, facts.error) / _variance(facts, facts.y)


def r2(facts: RegressionFacts) -> float:
    """1 - mean squared error / variance of the target, at least -1."""
    if _constant(facts.y):
        return float("nan")
    return max(-1.0, 1 - facts.mean(facts.error**2) / _variance(facts, facts.y))


def spearman(facts: RegressionFacts) -> float:
    """Pearson's correlation of the ranks."""
    if _constant(facts.y) or _constant(facts.prediction):
        return float("nan")
    truth, guess = (weighted_ranks(values, facts.weight) for values in (facts.y, facts.prediction))
    truth, guess = truth - facts.mean(truth), guess - facts.mean(guess)
    scale = np.sqrt(facts.mean(truth**2)) * np.sqrt(facts.mean(guess**2))
    return float(np.clip(facts.mean(truth * guess) / scale, -1, 1))


def mean_absolute_error(facts: RegressionFacts) -> float:
    """Mean of the absolute error, in the target's unit."""
    return facts.mean(np.abs(facts.error))


def median_absolute_error(facts: RegressionFacts) -> float:
    """Median of the absolute error, in the target's unit."""
    return weighted_median(np.abs(facts.error), facts.weight)


def root_mean_squared_error(facts: RegressionFacts) -> float:
    """Root of the mean squared error, in the target's unit."""
    return float(np.sqrt(facts.mean(facts.error**2)))


def root_mean_squared_log_error(facts: RegressionFacts) -> float:
    """Root of the mean squared difference of log(1 + x)."""
    if min(facts.y.min(), facts.prediction.min()) <= -1:
        return float("nan")
    return float(np.sqrt(facts.mean((np.log1p(facts.prediction) - np.log1p(facts.y)) ** 2)))


def mean_absolute_percentage_error(facts: RegressionFacts) -> float:
    """Mean of the absolute error over the absolute target, as a fraction."""
    return facts.mean(np.abs(facts.error / facts.y)) if facts.y.all() else float("nan")


def normalized(facts: RegressionFacts, error: Callable[[RegressionFacts], float]) -> float:
    """An error over the range of the target."""
    span = facts.y_max - facts.y_min
    return error(facts) / span if span > 0 else float("nan")


def _constant(values: np.ndarray) -> bool:
    return bool(values.min() == values.max())


def _variance(facts: RegressionFacts, values: np.ndarray) -> float:
    return facts.mean((values - facts.mean(values)) ** 2)


def _score(name: str, function: Callable[[RegressionFacts], float]) -> Metric:
    """A row: greater is better, 1 is perfect."""
    return Metric(name, "regression", function, True, 1.0)


def _error(name: str, function: Callable[[RegressionFacts], float]) -> Metric:
    """A row: less is better, 0 is perfect."""
    return Metric(name, "regression", function, False, 0.0)


def _error_and_normalized(name: str, function: Callable[[RegressionFacts], float]) -> tuple[Metric, Metric]:
    """A row of two: in the target's unit, and over its range."""
    return _error(name, function), _error(f"normalized_{name}", partial(normalized, error=function))


EXPLAINED_VARIANCE = _score("explained_variance", explained_variance)
R2 = _score("r2_score", r2)
SPEARMAN = _score("spearman_correlation", spearman)
MAE, NORMALIZED_MAE = _error_and_normalized("mean_absolute_error", mean_absolute_error)
MEDIAN_AE, NORMALIZED_MEDIAN_AE = _error_and_normalized("median_absolute_error", median_absolute_error)
RMSE, NORMALIZED_RMSE = _error_and_normalized("root_mean_squared_error", root_mean_squared_error)
RMSLE, NORMALIZED_RMSLE = _error_and_normalized("root_mean_squared_log_error", root_mean_squared_log_error)
MAPE = _error("mean_absolute_percentage_error", mean_absolute_percentage_error)
