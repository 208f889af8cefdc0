"""Probabilities for estimators that only score: Platt's calibration on held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from automl_components.engine.draws import deal

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ABSENT = 1e-6
"""Probability of a class that no training row had."""


def decision(estimator: Any, X: Any) -> np.ndarray:
    """Scores of shape (rows, 1) for two classes, (rows, classes) for more."""
    scores = np.asarray(estimator.decision_function(X), dtype=np.float64)
    return scores.reshape(len(scores), -1)


def fit_calibration(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    weight: np.ndarray | None,
    seed: int,
    groups: np.ndarray | None = None,
) -> Pipeline:
    """A logistic regression of the classes on the scores that ``estimator`` gives to rows it has not seen.

    Platt (1999), with one regression over all scores where there are more than two classes. Below 5,000 rows
    the scores are those of three folds; above, of one part of about 5,000 rows that a single extra fit leaves
    out. Where a class has too few rows to be held out, scores of the training rows are used.

    Parameters
    ----------
    estimator : unfitted scikit-learn estimator
        Cloned for each fit; it has a ``decision_function``.
    X : array or csr_matrix, shape (n, p)
    y : int array, shape (n,)
        Codes 0 .. C - 1, each present.
    weight : array, shape (n,), or None
    groups : int array, shape (n,), or None
        Rows of one group are scored by a fit on other groups.
    """
    count = max(3, len(y) // 5000)
    parts = _parts(y, count, seed) if groups is None else _group_parts(y, count, seed, groups)
    chosen = np.unique(parts[parts >= 0])
    chosen = chosen if len(y) < 5000 else chosen[:1]
    rows = np.concatenate([np.empty(0, np.int64), *(np.flatnonzero(parts == part) for part in chosen)])
    if len(np.unique(y[rows])) < len(np.unique(y)):
        rows = np.arange(len(y))
        scores = decision(_fitted(estimator, X, y, weight, rows), X)
    else:
        scored = []
        for part in chosen:
            model = _fitted(estimator, X, y, weight, np.flatnonzero(parts != part))
            scored.append(decision(model, X[parts == part]))
        scores = np.vstack(scored)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    weights = {} if weight is None else {"logisticregression__sample_weight": weight[rows]}
    return model.fit(scores, y[rows], **weights)


def _fitted(estimator: Any, X: Any, y: np.ndarray, weight: np.ndarray | None, rows: np.ndarray) -> Any:
    weights = {} if weight is None else {"sample_weight": weight[rows]}
    return clone(estimator).fit(X[rows], y[rows], **weights)


def _parts(y: np.ndarray, count: int, seed: int) -> np.ndarray:
    """A part for each row, classes spread evenly; -1, never held out, for one row of each class."""
    order = np.random.default_rng(seed).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    parts = np.empty(len(y), dtype=np.int64)
    parts[order] = np.arange(len(y)) % count
    parts[order[np.r_[True, np.diff(y[order]) > 0]]] = -1
    return parts


def _group_parts(y: np.ndarray, count: int, seed: int, groups: np.ndarray) -> np.ndarray:
    """A part for each row, whole groups together; -1, never held out, for a part without which a class is missing."""
    parts = deal(y.astype(np.int64), count, np.random.default_rng(seed), groups)
    table = np.zeros((parts.max() + 1, y.max() + 1), dtype=np.int64)
    np.add.at(table, (parts, y), 1)
    needed = ((table > 0) & (table == table.sum(axis=0))).any(axis=1)
    kept: np.ndarray = np.where(needed[parts], -1, parts)
    return kept
