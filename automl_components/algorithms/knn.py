"""Nearest neighbours: the average of the most similar rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import choice, integer, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Fifteen neighbours, weighted by closeness; fewer where there are few rows."""
    return {"n_neighbors": max(1, min(15, shape.rows // 10)), "weights": "distance"}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """One neighbour up to 64; Manhattan or Euclidean distance."""
    return {
        "n_neighbors": integer(1, min(64, shape.rows // 10), log=True),
        "weights": choice("distance", "uniform"),
        "p": choice(1, 2),
        "scaler": scaler(),
    }


KNN = Algorithm(
    name="knn",
    title="KNN",
    estimators={
        "classification": "sklearn.neighbors:KNeighborsClassifier",
        "regression": "sklearn.neighbors:KNeighborsRegressor",
    },
    view="dense",
    defaults=defaults,
    space=space,
    rank=100,
    aliases=("kNN regressor", "k_neighbors_classifier", "k_neighbors_regressor"),
    weights=False,
    sparse=False,  # distances between sparse rows are slow and say little
    max_rows=50_000,
)
