"""Which class a row is called, where the greatest probability is not the best answer for a metric.

A decision is the greatest of probability times class weight. For two classes that is a threshold; metrics such as F1 or
balanced accuracy have their optimum far from 0.5 when a class is rare.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from automl_components.core.errors import SettingsError
from automl_components.engine.calibration import SHARE_OF_ERROR, Verdict, usable
from automl_components.metrics import Metric
from automl_components.metrics.classification import ClassificationFacts

LEAST_OF_CLASS = 50
"""Rows of a class below which its weight stays as it is."""
MOST_CLASSES = 50
POSITIONS, LEAST_POSITIONS = 512, 32
"""Weights of one class that are tried, of two classes and of very many; all where fewer make a difference."""
WINDOW = 0.01
"""Share of the rows to either side over which a score is averaged: a narrow peak is luck."""
ROUNDS = 3
TIE = 1e-9
WORST = -1e6
"""Stands for an undefined score."""


class Decision:
    """Calls a row by the greatest of probability times class weight. Plain attributes only."""

    def __init__(self, weights: Sequence[float] | np.ndarray) -> None:
        self.weights = np.asarray(weights, dtype=np.float64)
        if self.weights.ndim != 1 or not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise ValueError(f"class weights are finite numbers above 0, one a class, not {weights}")

    def decide(self, proba: np.ndarray) -> np.ndarray:
        """Codes, int of shape (n,); with equal weights simply those of the greatest probability."""
        codes: np.ndarray = (np.asarray(proba, dtype=np.float64) * self.weights).argmax(axis=1)
        return codes

    @property
    def threshold(self) -> float | None:
        """Of two classes: the probability of the second above which a row is called so."""
        return float(self.weights[0] / self.weights.sum()) if len(self.weights) == 2 else None


def fit_decision(
    y: np.ndarray,
    proba: np.ndarray,
    metric: Metric,
    sample_weight: np.ndarray | None = None,
    *,
    positive: int | None = None,
    parts: np.ndarray | None = None,
    seed: int = 0,
) -> tuple[Decision, Verdict]:
    """The class weights with the best score, if they also help rows that they were not fitted on.

    Of two classes the weight of the second is searched over all rows by rank; of more, one class after the other.
    Scores are averaged over neighbouring weights, and of equal ones that nearest to no weight at all is taken.

    Parameters
    ----------
    y, proba, sample_weight, parts
        As in :func:`automl_components.engine.calibration.fit_temperature`.
    metric : Metric
        A classification metric that judges decisions: F1, accuracy, Matthews' correlation, ...
    positive : int or None
        Code of the positive class, which metrics with ``_binary`` judge.

    Returns
    -------
    Decision, Verdict
        Equal weights where it is not accepted: with fewer than two classes of ``LEAST_OF_CLASS`` rows, more than
        ``MOST_CLASSES`` classes, or where the cross-fitted score is not better by ``SHARE_OF_ERROR`` of its standard
        error.

    Raises
    ------
    SettingsError
        The metric judges probabilities, for which there is nothing to decide.
    """
    if metric.needs_proba or metric.task != "classification":
        raise SettingsError(
            f"metric {metric.name!r} judges no decisions, so that a threshold cannot improve it"
        )
    y, proba, weight, parts = usable(y, proba, sample_weight, parts, seed)
    judge = _Judge(metric, proba.shape[1], positive)
    plain = Decision(np.ones(proba.shape[1]))
    enough = np.bincount(y, minlength=proba.shape[1]) >= LEAST_OF_CLASS
    if enough.sum() < 2 or proba.shape[1] > MOST_CLASSES:
        many = f"{int(enough.sum())} of {proba.shape[1]} classes have {LEAST_OF_CLASS} rows"
        why = f"{many}; two at least, and {MOST_CLASSES} classes at most, are needed"
        return plain, Verdict(False, why, rows=len(y))
    made, gains = np.empty(len(y), dtype=np.int64), []
    for part in np.unique(parts):
        held = parts == part
        made[held] = _search(judge, y[~held], proba[~held], weight[~held], enough).decide(proba[held])
        scores = [
            judge.score(y[held], codes, weight[held]) for codes in (made[held], plain.decide(proba[held]))
        ]
        gains.append(scores[0] - scores[1])
    before, after = judge.score(y, plain.decide(proba), weight), judge.score(y, made, weight)
    error = float(np.std(gains, ddof=1) / math.sqrt(len(gains))) if len(gains) > 1 else math.inf
    figures: dict[str, Any] = {"before": metric.sign(before), "after": metric.sign(after), "rows": len(y)}
    if not after - before > max(TIE, SHARE_OF_ERROR * error):
        return plain, Verdict(
            False, f"{metric.name} gains {after - before:.2g}, with an error of {error:.2g}", **figures
        )
    found = _search(judge, y, proba, weight, enough)
    how = f"threshold {found.threshold:.4g}" if len(enough) == 2 else "class weights"
    return found, Verdict(True, f"{how}: {metric.name} gains {after - before:.2g}", **figures)


class _Judge:
    """Scores of decisions by a metric, turned so that greater is better."""

    def __init__(self, metric: Metric, classes: int, positive: int | None) -> None:
        self.metric, self.positive, self.classes = metric, positive, np.arange(classes)

    def score(self, y: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> float:
        """The score of these decisions."""
        size = len(self.classes)
        cells = np.bincount(y * size + codes, weight, minlength=size * size)
        return self.of_confusion(cells.reshape(size, size))

    def of_confusion(self, confusion: np.ndarray) -> float:
        """The score of a confusion matrix, of which all metrics of decisions are made."""
        empty = np.empty(0, dtype=np.int64)
        facts = ClassificationFacts(empty, empty, empty, empty, self.classes, self.positive)
        facts.__dict__["confusion"] = confusion  # where the cached property would keep it
        value = self.metric.sign(float(self.metric.function(facts)))
        return WORST if math.isnan(value) else value


def _search(
    judge: _Judge, y: np.ndarray, proba: np.ndarray, weight: np.ndarray, free: np.ndarray
) -> Decision:
    """Class weights by coordinate search over the classes that are ``free``, rare ones first."""
    weights = np.ones(proba.shape[1])
    order = (
        [1] if len(weights) == 2 else sorted(np.flatnonzero(free), key=lambda code: (np.sum(y == code), code))
    )
    best = judge.score(y, Decision(weights).decide(proba), weight)
    for _ in range(1 if len(weights) == 2 else ROUNDS):
        start = best
        for code in order:
            trial = weights.copy()
            trial[code] = _sweep(judge, y, proba * weights, weight, int(code)) * weights[code]
            value = judge.score(y, Decision(trial).decide(proba), weight)
            if value > best + TIE:
                weights, best = trial, value
        if best <= start + TIE:
            break
    return Decision(weights)


def _sweep(judge: _Judge, y: np.ndarray, values: np.ndarray, weight: np.ndarray, code: int) -> float:
    """The factor of one class's values that gives the best score.

    A row is called ``code`` once the factor exceeds the ratio of its greatest other value to that of the class; rows
    ordered by that ratio change sides one after the other, and the confusion matrix with them.
    """
    size, rows = values.shape[1], np.arange(len(y))
    others = values.copy()
    others[:, code] = -np.inf
    rival = others.argmax(axis=1)
    with np.errstate(divide="ignore"):
        ratio = others[rows, rival] / values[:, code]
    order = np.argsort(ratio, kind="stable")
    ratio, y, rival, weight = ratio[order], y[order], rival[order], weight[order]
    inner = np.flatnonzero((ratio[1:] > ratio[:-1]) & np.isfinite(ratio[1:]) & (ratio[:-1] > 0)) + 1
    if not len(inner):
        return 1.0
    tried = max(LEAST_POSITIONS, 2 * POSITIONS // size)
    at = inner[np.unique(np.linspace(0, len(inner) - 1, tried).astype(int))]
    neutral = int(np.searchsorted(ratio, 1.0))
    at = np.unique(np.append(at, neutral)) if 0 < neutral < len(y) else at
    step = np.searchsorted(at, rows, side="right")  # from position `step` on the row is called `code`
    cells, number = step * size * size + y * size, (len(at) + 1) * size * size
    moved = np.bincount(cells + code, weight, number) - np.bincount(cells + rival, weight, number)
    base = np.bincount(y * size + rival, weight, minlength=size * size)
    tables = (base + np.cumsum(moved.reshape(-1, size * size), axis=0)[:-1]).reshape(-1, size, size)
    smooth = _smoothed(
        np.array([judge.of_confusion(np.maximum(table, 0.0)) for table in tables]), at, WINDOW * len(y)
    )
    factors = np.where(at == neutral, 1.0, np.sqrt(ratio[at - 1] * ratio[at]))
    equal = np.flatnonzero(smooth >= smooth.max() - TIE)
    return float(factors[equal[np.argmin(np.abs(np.log(factors[equal])))]])


def _smoothed(scores: np.ndarray, at: np.ndarray, reach: float) -> np.ndarray:
    """Means of the scores at positions not further than ``reach`` apart."""
    first, last = np.searchsorted(at, at - reach), np.searchsorted(at, at + reach, side="right")
    sums = np.append(0.0, np.cumsum(scores))
    means: np.ndarray = (sums[last] - sums[first]) / (last - first)
    return means
