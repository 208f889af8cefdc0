"""Intervals around the predictions of a regression that hold a promised share of the truth.

Conformal prediction from out-of-fold residuals: no assumption on their shape, only that new rows come as the old ones
did. Both tails are judged apart, so that intervals of a skewed target are not symmetric.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl_components.core.errors import DataError, SettingsError

KEPT = 4000
"""Residuals that a model keeps; of more, order statistics evenly apart, which makes intervals a trifle wider."""
KEPT_A_PART = 400
BATCH = 1 << 22


class Intervals:
    """Split conformal intervals: prediction plus quantiles of residuals. Plain attributes only.

    With out-of-fold residuals of a model that is then fitted on all rows, coverage is that of the fold models, which
    are as a rule a little worse: slightly more than promised. For n exchangeable residuals of a model that saw none of
    their rows it is at least what was promised (Vovk, Gammerman and Shafer, 2005).

    Parameters
    ----------
    y, prediction : float arrays, shape (n,)
        Truth and out-of-fold predictions; rows with a NaN are left out.
    sample_weight : float array, shape (n,), optional
        Not negative. A new row counts as one of mean weight.
    spread : float array, shape (n,), optional
        How uncertain each prediction is, above 0, by any measure: residuals are judged in its units, and
        :meth:`bounds` needs it for new rows.

    Raises
    ------
    DataError
        There is no residual, shapes do not match, or a spread is not above 0.
    """

    def __init__(
        self,
        y: np.ndarray,
        prediction: np.ndarray,
        sample_weight: np.ndarray | None = None,
        spread: np.ndarray | None = None,
    ) -> None:
        residuals, weight, spread = _residuals(y, prediction, sample_weight, spread)
        self.scaled = spread is not None
        order = np.argsort(residuals, kind="stable")
        values, weight = residuals[order], weight[order]
        self.rows, self.total = len(values), float(weight.sum() + weight.mean())
        below, above = np.cumsum(weight), np.cumsum(weight[::-1])[::-1]
        at = np.unique(np.linspace(0, len(values) - 1, KEPT).round().astype(int))
        self.values, self.below, self.above = values[at], below[at], above[at]

    @property
    def most(self) -> float:
        """The greatest coverage that so many residuals can promise."""
        return max(0.0, 2.0 * float(min(self.below[-1], self.above[0])) / self.total - 1.0)

    def quantiles(self, coverage: float) -> tuple[float, float]:
        """What is added to a prediction for the lower and the upper end.

        Raises
        ------
        SettingsError
            The coverage is not between 0 and 1, or more than there are residuals for.
        """
        needed = _needed(coverage, self.total)
        if needed > min(self.below[-1], self.above[0]):
            raise SettingsError(
                f"coverage {coverage:g}: {self.rows} residuals can promise {self.most:.4g} at most; ask for less"
            )
        low = self.values[np.flatnonzero(self.above >= needed)[-1]]
        return float(low), float(self.values[np.argmax(self.below >= needed)])

    def bounds(
        self, prediction: np.ndarray, coverage: float = 0.9, spread: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends, float64 of shape (n,), that hold the truth with the probability ``coverage``."""
        if self.scaled != (spread is not None):
            raise DataError(
                f"these intervals were made {'with' if self.scaled else 'without'} a spread of each row"
            )
        given = np.asarray(prediction, dtype=np.float64)
        low, high = self.quantiles(coverage)
        unit = np.ones(len(given)) if spread is None else np.asarray(spread, dtype=np.float64)
        return given + low * unit, given + high * unit


class CrossIntervals:
    """CV+ intervals, from the fold models' own predictions of a new row. Plain attributes only.

    Where the fold models disagree, intervals grow. Coverage 1 - a is promised as 1 - 2a at least, and found to be
    about 1 - a (Barber, Candes, Ramdas and Tibshirani, 2021).

    Parameters
    ----------
    y, prediction, sample_weight
        As :class:`Intervals` takes them.
    parts : int array, shape (n,)
        Which fold model predicted the row: 0 .. K - 1.
    """

    def __init__(
        self,
        y: np.ndarray,
        prediction: np.ndarray,
        parts: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> None:
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self.values, self.weights = [], []
        for part in range(int(np.max(parts)) + 1):
            held = np.asarray(parts) == part
            residuals, kept, _ = _residuals(y[held], prediction[held], weight[held], None)
            values, masses = _thinned(residuals, kept)
            self.values.append(values)
            self.weights.append(masses)
        self.rows = int(np.count_nonzero(weight > 0))
        self.total = float(sum(masses.sum() for masses in self.weights)) * (1 + 1 / self.rows)

    def bounds(
        self, predictions: Sequence[np.ndarray] | np.ndarray, coverage: float = 0.9
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends, float64 of shape (n,).

        Parameters
        ----------
        predictions : K float arrays, shape (n,)
            Those of each fold model, in the order of its number.

        Raises
        ------
        SettingsError
            The coverage is not between 0 and 1, or more than there are residuals for.
        """
        if len(predictions) != len(self.values):
            raise DataError(
                f"{len(predictions)} predictions a row, {len(self.values)} fold models have residuals"
            )
        given = [np.asarray(one, dtype=np.float64) for one in predictions]
        weight, needed = np.concatenate(self.weights), _needed(coverage, self.total)
        if needed > weight.sum():
            raise SettingsError(
                f"coverage {coverage:g} is more than {self.rows} residuals can promise; ask for less"
            )
        low, high = np.empty(len(given[0])), np.empty(len(given[0]))
        step = max(1, BATCH // len(weight))
        for start in range(0, len(low), step):
            rows = slice(start, start + step)
            ends = np.hstack(
                [one[rows, None] + values for one, values in zip(given, self.values, strict=True)]
            )
            order = np.argsort(ends, axis=1)
            ends, mass = np.take_along_axis(ends, order, axis=1), weight[order]
            below, above = np.cumsum(mass, axis=1), np.cumsum(mass[:, ::-1], axis=1)[:, ::-1]
            at = np.arange(len(ends))
            high[rows] = ends[at, np.argmax(below >= needed, axis=1)]
            low[rows] = ends[at, ends.shape[1] - 1 - np.argmax(above[:, ::-1] >= needed, axis=1)]
        return low, high


def _residuals(
    y: np.ndarray, prediction: np.ndarray, sample_weight: np.ndarray | None, spread: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    y, prediction = np.asarray(y, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    unit = None if spread is None else np.asarray(spread, dtype=np.float64)
    if not y.shape == prediction.shape == weight.shape == (y.shape if unit is None else unit.shape):
        raise DataError(f"{len(y)} true values need as many predictions, weights and spreads")
    known = np.isfinite(prediction) & np.isfinite(y) & (weight > 0)
    if not known.any():
        raise DataError("no residuals: there is no row with a true value, a prediction and a weight")
    residuals = (y - prediction)[known]
    if unit is not None:
        if not (unit[known] > 0).all():
            raise DataError("a spread must be above 0 in every row")
        residuals = residuals / unit[known]
    return residuals, weight[known], unit


def _needed(coverage: float, total: float) -> float:
    """The weight that must lie inside each end, a hair less: sums of weights are rounded."""
    if not 0 < coverage < 1:
        raise SettingsError(f"coverage: found {coverage}; should be between 0 and 1")
    return (1 + coverage) / 2 * total * (1 - 1e-12)


def _thinned(residuals: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most ``KEPT_A_PART`` residuals in order, each with the weight of those that it stands for."""
    order = np.argsort(residuals, kind="stable")
    groups = np.array_split(order, min(len(order), KEPT_A_PART))
    return np.array([residuals[g[len(g) // 2]] for g in groups]), np.array([weight[g].sum() for g in groups])
