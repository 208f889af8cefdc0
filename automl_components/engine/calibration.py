"""Probabilities that mean what they say: one temperature, fitted on out-of-fold predictions, kept only if it helps.

Temperature scaling divides log-probabilities by one number and normalizes again (Guo and others, 2017). The order of
the classes in a row, and so every decision by the greatest probability, stays as it was.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from automl_components.core.errors import DataError
from automl_components.engine.draws import deal

LEAST_ROWS = 500
"""Below, what is gained by one more parameter is lost in noise."""
PARTS = 5
SHARE_OF_ERROR = 0.5
"""How many standard errors a cross-fitted gain must be worth."""
REACH = 2.0
"""Largest absolute logarithm of a temperature."""
TINY = float(np.finfo(np.float64).eps)
"""Where ``log_loss`` of the catalog clips."""


@dataclass(frozen=True)
class Verdict:
    """Whether something fitted on out-of-fold predictions is kept, and the figures that decided.

    Attributes
    ----------
    accepted : bool
    reason : str
        In a few words, for people.
    before, after : float or None
        Value without it, and cross-fitted: on rows that it was not fitted on. None where it was not tried.
    rows : int
        Rows with a prediction and a weight.
    """

    accepted: bool
    reason: str
    before: float | None = None
    after: float | None = None
    rows: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        return asdict(self)


class Temperature:
    """Probabilities made milder (above 1) or sharper (below 1). Plain attributes only."""

    def __init__(self, value: float = 1.0) -> None:
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"a temperature is a finite number above 0, not {value}")
        self.value = float(value)

    def apply(self, proba: np.ndarray) -> np.ndarray:
        """Scaled probabilities, float64 of shape (n, C); at a temperature of 1 those that were given."""
        given = np.asarray(proba, dtype=np.float64)
        return given if self.value == 1.0 else np.exp(_log_scaled(_logs(given), self.value))


def fit_temperature(
    y: np.ndarray,
    proba: np.ndarray,
    sample_weight: np.ndarray | None = None,
    *,
    parts: np.ndarray | None = None,
    seed: int = 0,
) -> tuple[Temperature, Verdict]:
    """The temperature with the least weighted log loss, if it also helps rows that it was not fitted on.

    Parameters
    ----------
    y : int array, shape (n,)
        True codes 0 .. C - 1.
    proba : float array, shape (n, C)
        Out-of-fold probabilities; rows with a NaN are left out.
    sample_weight : float array, shape (n,), optional
        Not negative; a row of weight 0 is no row.
    parts : int array, shape (n,), optional
        The part each row belongs to when cross-fitting (groups or times that belong together, say); by default
        ``PARTS`` parts, dealt by class.

    Returns
    -------
    Temperature, Verdict
        A temperature of 1 where it is not accepted: with fewer than ``LEAST_ROWS`` rows, or where the cross-fitted
        log loss is not better by ``SHARE_OF_ERROR`` of its standard error.
    """
    y, proba, weight, parts = usable(y, proba, sample_weight, parts, seed)
    if len(y) < LEAST_ROWS:
        return Temperature(), Verdict(False, f"{len(y)} rows, {LEAST_ROWS} are needed", rows=len(y))
    logs = _logs(proba)
    before, after = _losses(logs, y, 1.0), np.empty(len(y))
    for part in np.unique(parts):
        held = parts == part
        after[held] = _losses(logs[held], y[held], _best(logs[~held], y[~held], weight[~held]))
    gain, error = mean_and_error(before - after, weight)
    figures = {
        "before": float(np.average(before, weights=weight)),
        "after": float(np.average(after, weights=weight)),
    }
    if not gain > SHARE_OF_ERROR * error:
        return Temperature(), Verdict(
            False, f"log loss gains {gain:.2g}, with an error of {error:.2g}", **figures, rows=len(y)
        )
    found = Temperature(_best(logs, y, weight))
    return found, Verdict(
        True, f"temperature {found.value:.4g}: log loss gains {gain:.2g}", **figures, rows=len(y)
    )


def usable(
    y: np.ndarray, proba: np.ndarray, sample_weight: np.ndarray | None, parts: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Truth, probabilities, weights and parts of the rows that count; DataError where shapes do not match."""
    y, proba = np.asarray(y), np.asarray(proba, dtype=np.float64)
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if proba.ndim != 2 or len(proba) != len(y) or weight.shape != y.shape:
        raise DataError(
            f"{len(y)} rows, probabilities of shape {proba.shape}, weights of shape {weight.shape}"
        )
    known = np.isfinite(proba).all(axis=1) & (weight > 0)
    y, proba, weight = y[known], proba[known], weight[known]
    dealt = deal(y, PARTS, np.random.default_rng(seed)) if parts is None else np.asarray(parts)[known]
    return y, proba, weight, dealt


def mean_and_error(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Weighted mean and its standard error."""
    mean = float(np.average(values, weights=weight))
    return mean, float(np.sqrt(np.sum((weight * (values - mean)) ** 2)) / weight.sum())


def _logs(proba: np.ndarray) -> np.ndarray:
    logs: np.ndarray = np.log(np.clip(proba, TINY, 1.0))
    return logs


def _log_scaled(logs: np.ndarray, temperature: float) -> np.ndarray:
    scaled = logs / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    normal: np.ndarray = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return normal


def _losses(logs: np.ndarray, y: np.ndarray, temperature: float) -> np.ndarray:
    losses: np.ndarray = -_log_scaled(logs, temperature)[np.arange(len(y)), y]
    return losses


def _best(logs: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    """The best temperature; the loss is convex in its inverse, so that a bounded search cannot miss it."""
    if not len(y):
        return 1.0
    found = minimize_scalar(
        lambda log: np.average(_losses(logs, y, math.exp(log)), weights=weight), bounds=(-REACH, REACH),
        method="bounded", options={"xatol": 1e-5},
    )  # fmt: skip
    return math.exp(float(found.x))
