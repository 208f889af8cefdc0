"""The data of evaluation charts as JSON values: what a report page draws, from predictions and truth.

A line chart is ``{"x": title, "y": title, "lines": [...]}``; a line is ``{"kind", "label", "x", "y"}``, where
``kind`` is ``"class"`` (``label`` is the class), ``"micro"``, ``"macro"`` or ``"weighted"`` (``label`` is
None). Curves keep at most ``POINTS`` of their points, the ends among them; numbers have six digits; what is
undefined is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_components.core.errors import DataError
from automl_components.engine.scoring import classification_facts, regression_facts
from automl_components.metrics.classification import ClassificationFacts, Ranking
from automl_components.metrics.regression import RegressionFacts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

POINTS = 200
CLASS_LINES = 50  # more lines than that are no picture; averages are over all classes
CALIBRATION_BINS = 10
RESIDUAL_BINS = 50
TRUTH_BINS = 20

Points = tuple[np.ndarray, np.ndarray]


def classification_charts(
    y: ArrayLike, proba: ArrayLike, classes: ArrayLike, sample_weight: ArrayLike | None = None
) -> dict[str, Any]:
    """Confusion matrix, ROC, precision-recall, cumulative gains, lift and calibration.

    Parameters
    ----------
    y : int array, shape (n,)
        True codes 0 .. C - 1.
    proba : float array, shape (n, C)
        Probabilities.
    classes : array, shape (C,)
        Original labels.
    sample_weight : float array, shape (n,), optional
        Not negative.

    Returns
    -------
    dict
        ``confusion_matrix``: ``classes``, ``counts`` (rows are true, columns predicted; weights where given)
        and ``normalized`` (each row over its sum; None where a class has no rows). ``roc``,
        ``precision_recall``, ``cumulative_gains``, ``lift``, ``calibration``: line charts. A class is drawn
        if there are rows of it and of others; of more than ``CLASS_LINES`` such classes the largest are
        drawn, and averages are over all. A calibration line also has ``rows``, the weight in each bin.

    Raises
    ------
    DataError
        No rows, probabilities that are not finite, or what :func:`score_classification` refuses.
    """
    facts = classification_facts(y, proba, classes, sample_weight=sample_weight)
    _check(facts.usable)
    several = np.count_nonzero(facts.support) > 1
    drawn = np.flatnonzero(facts.support) if several else np.array([], dtype=int)
    charts = {"confusion_matrix": _confusion_matrix(facts)}
    charts |= _ranking_charts(facts, drawn)
    charts["calibration"] = _calibration(facts, drawn)
    return charts


def regression_charts(
    y: ArrayLike, prediction: ArrayLike, sample_weight: ArrayLike | None = None
) -> dict[str, Any]:
    """Histogram of the residuals, and predicted against true values.

    Parameters
    ----------
    y, prediction : float arrays, shape (n,)
        True and predicted values.
    sample_weight : float array, shape (n,), optional
        Not negative.

    Returns
    -------
    dict
        ``residuals``: ``edges`` (B + 1) and ``counts`` (B) of prediction - truth, their ``mean`` and ``std``.
        ``predicted_vs_true``: one entry for each bin of the true value that is not empty: ``true`` and
        ``predicted`` (means in the bin), ``std`` of the predictions (the band is predicted +- std) and
        ``counts``; ``edges`` and ``histogram``, the counts of all bins. Counts are weights where given.

    Raises
    ------
    DataError
        No rows, predictions that are not finite, or what :func:`score_regression` refuses.
    """
    facts = regression_facts(y, prediction, sample_weight=sample_weight)
    _check(facts.usable)
    counts, edges = np.histogram(facts.error, bins=RESIDUAL_BINS, weights=facts.weight)
    mean = facts.mean(facts.error)
    residuals = {
        "edges": _numbers(edges),
        "counts": _counts(counts),
        "mean": _number(mean),
        "std": _number(math.sqrt(facts.mean((facts.error - mean) ** 2))),
    }
    return {"residuals": residuals, "predicted_vs_true": _predicted_vs_true(facts)}


@dataclass(frozen=True)
class _Curve:
    """One chart of rankings: its points, and how they are read at a given x."""

    name: str
    x: str
    y: str
    points: Callable[[Ranking], Points]
    read: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] = np.interp


def _roc(ranking: Ranking) -> Points:
    hits, misses = ranking.true_positives, ranking.false_positives
    return np.append(0.0, misses / misses[-1]), np.append(0.0, hits / hits[-1])


def _precision_recall(ranking: Ranking) -> Points:
    hits, misses = ranking.true_positives, ranking.false_positives
    return np.append(0.0, hits / hits[-1]), np.append(1.0, hits / (hits + misses))


def _gains(ranking: Ranking) -> Points:
    hits, taken = ranking.true_positives, ranking.true_positives + ranking.false_positives
    return np.append(0.0, taken / taken[-1]), np.append(0.0, hits / hits[-1])


def _lift(ranking: Ranking) -> Points:
    share, gain = _gains(ranking)
    return share[1:], gain[1:] / share[1:]


def _step(grid: np.ndarray, recall: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Precision where the recall is first reached: between points precision does not change linearly."""
    return precision[np.searchsorted(recall, grid).clip(max=len(recall) - 1)]


_CURVES = (
    _Curve("roc", "False positive rate", "True positive rate", _roc),
    _Curve("precision_recall", "Recall", "Precision", _precision_recall, _step),
    _Curve("cumulative_gains", "Share of rows", "Share of positives found", _gains),
    _Curve("lift", "Share of rows", "Gain over the gain of a random order", _lift),
)


def _ranking_charts(facts: ClassificationFacts, drawn: np.ndarray) -> dict[str, Any]:
    grid = np.linspace(0, 1, POINTS - 1)
    largest = _largest(facts, drawn)
    charts: dict[str, Any] = {curve.name: {"x": curve.x, "y": curve.y, "lines": []} for curve in _CURVES}
    sums = {(curve.name, kind): np.zeros(len(grid)) for curve in _CURVES for kind in ("macro", "weighted")}
    for code in drawn.tolist():
        ranking = facts.ranking(code)  # one at a time: many classes by many rows would fill the memory
        for curve in _CURVES:
            x, y = curve.points(ranking)
            if code in largest:
                line = _line("class", *_thinned(x, y), label=_label(facts.classes[code]))
                charts[curve.name]["lines"].append(line)
            read = curve.read(grid, x, y)
            sums[curve.name, "macro"] += read / len(drawn)
            sums[curve.name, "weighted"] += read * (facts.support[code] / facts.support.sum())
    if not len(drawn):
        return charts
    pooled = facts.pooled_ranking()
    for curve in _CURVES:
        x, y = curve.points(pooled)
        lines = [_line("micro", *_thinned(x, y))]
        for kind in ("macro", "weighted"):
            x, mean = grid, sums[curve.name, kind]
            if curve.name == "roc":  # may rise at 0, and starts below
                x, mean = np.append(0.0, x), np.append(0.0, mean)
            lines.append(_line(kind, x, mean))
        charts[curve.name]["lines"] += lines
    return charts


def _largest(facts: ClassificationFacts, drawn: np.ndarray) -> list[int]:
    """Codes of the classes that get a line of their own, ascending."""
    by_size = drawn[np.argsort(-facts.support[drawn], kind="stable")]
    return np.sort(by_size[:CLASS_LINES]).tolist()


def _calibration(facts: ClassificationFacts, drawn: np.ndarray) -> dict[str, Any]:
    """Share of positives by mean probability, in equal bins of probability."""
    inner = np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1]
    sums = np.zeros((len(facts.classes), 3, CALIBRATION_BINS))  # weight, probability, positives
    for code in range(len(facts.classes)):
        score = facts.proba[:, code]
        bins = np.searchsorted(inner, score)
        for row, values in enumerate((1.0, score, facts.y == code)):
            sums[code, row] = np.bincount(bins, facts.weight * values, minlength=CALIBRATION_BINS)
    lines = [
        _calibration_line("class", sums[code], label=_label(facts.classes[code]))
        for code in _largest(facts, drawn)
    ]
    if len(drawn):
        lines.append(_calibration_line("micro", sums.sum(axis=0)))
        for kind, share in (("macro", np.ones(len(drawn))), ("weighted", facts.support[drawn])):
            filled = np.where(sums[drawn, 0] > 0, share[:, None], 0.0)
            rates = sums[drawn, 1:] / np.where(sums[drawn, 0] > 0, sums[drawn, 0], 1.0)[:, None]
            total = np.vstack([filled.sum(axis=0), *(rates * filled[:, None]).sum(axis=0)])
            lines.append(_calibration_line(kind, total, rows=sums[drawn, 0].sum(axis=0)))
    return {"x": "Mean predicted probability", "y": "Share of positives", "lines": lines}


def _calibration_line(
    kind: str, sums: np.ndarray, label: Any = None, rows: np.ndarray | None = None
) -> dict[str, Any]:
    filled = sums[0] > 0
    weight, score, positive = sums[:, filled]
    rows = weight if rows is None else rows[filled]
    return _line(kind, score / weight, positive / weight, label=label) | {"rows": _counts(rows)}


def _confusion_matrix(facts: ClassificationFacts) -> dict[str, Any]:
    support = np.where(facts.support > 0, facts.support, np.nan)
    normalized = facts.confusion / support[:, None]
    return {
        "classes": [_label(label) for label in facts.classes],
        "counts": [_counts(row) for row in facts.confusion],
        "normalized": [_numbers(row) for row in normalized],
    }


def _predicted_vs_true(facts: RegressionFacts) -> dict[str, Any]:
    edges = np.histogram_bin_edges(facts.y, bins=TRUTH_BINS)
    bins = np.searchsorted(edges[1:-1], facts.y, side="right")

    def total(values: np.ndarray | float) -> np.ndarray:
        return np.bincount(bins, facts.weight * values, minlength=TRUTH_BINS)

    counts = total(1.0)
    filled = counts > 0
    weight = counts[filled]
    mean = total(facts.prediction)[filled] / weight
    center = np.zeros(TRUTH_BINS)
    center[filled] = mean
    return {
        "true": _numbers(total(facts.y)[filled] / weight),
        "predicted": _numbers(mean),
        "std": _numbers(np.sqrt(total((facts.prediction - center[bins]) ** 2)[filled] / weight)),
        "counts": _counts(weight),
        "edges": _numbers(edges),
        "histogram": _counts(counts),
    }


def _thinned(x: np.ndarray, y: np.ndarray) -> Points:
    """At most ``POINTS`` of the points, evenly spread along the curve, with both ends."""
    if len(x) <= POINTS:
        return x, y
    height = np.ptp(y) or 1.0
    length = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)) / height))
    chosen = np.searchsorted(length, np.linspace(0, length[-1], POINTS))
    return x[chosen := np.unique(chosen)], y[chosen]


def _line(kind: str, x: np.ndarray, y: np.ndarray, label: Any = None) -> dict[str, Any]:
    return {"kind": kind, "label": label, "x": _numbers(x), "y": _numbers(y)}


def _label(value: Any) -> str | int | float | bool:
    """A class label as a JSON value: itself where JSON has the type, else its text."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _numbers(values: np.ndarray) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _counts(values: np.ndarray) -> list[int | float]:
    """Counts as whole numbers where they are, weights as they are."""
    return [int(value) if value.is_integer() else value for value in values.tolist()]


def _check(usable: bool) -> None:
    if not usable:
        raise DataError("nothing to draw: there are no rows, or predictions are not finite")
