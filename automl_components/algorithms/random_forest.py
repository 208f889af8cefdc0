"""Random forest: averaged trees on bootstrap samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.sizes import lower
from automl_components.algorithms.spaces import choice, integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Three quarters of the columns at each split; leaves grow with the data: at most 10,000 a tree."""
    least = 1 if task == "classification" and shape.rows < 5000 else 3
    return {
        "n_estimators": 200 if shape.rows <= 50_000 else 100,
        "max_features": "sqrt" if shape.columns > 200 else 0.75,
        "min_samples_leaf": max(least, shape.rows // 10_000),
        "criterion": "gini" if task == "classification" else "squared_error",
    }


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """Fewer columns a split on wide data, where time grows with them."""
    criterion = {"criterion": choice("gini", "entropy")} if task == "classification" else {}
    return {
        "max_features": real(0.01, 0.3) if shape.columns > 200 else real(0.1, 1.0, log=False),
        "min_samples_leaf": integer(max(1, shape.rows // 10_000), max(2, shape.rows // 50), log=True),
        **criterion,
    }


def memory(task: Task, shape: Shape, params: Mapping[str, Any]) -> float:
    """The trees: 64 bytes a node and 8 for each class, twice as many nodes as leaves; and their file's copy."""
    leaves = max(1.0, shape.rows / (1.5 * params["min_samples_leaf"]))
    return 2 * params["n_estimators"] * 2 * leaves * (64 + 8 * max(1, shape.classes))


def smaller(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Fewer trees, then larger leaves."""
    found = lower(params, "n_estimators", 100, 50)
    if found is None and params["min_samples_leaf"] < 100:
        found = {**params, "min_samples_leaf": 2 * params["min_samples_leaf"]}
    return found


RANDOM_FOREST = Algorithm(
    name="random_forest",
    title="RandomForest",
    estimators={
        "classification": "sklearn.ensemble:RandomForestClassifier",
        "regression": "sklearn.ensemble:RandomForestRegressor",
    },
    view="tree",
    defaults=defaults,
    space=space,
    rank=60,
    aliases=("RF", "RF regressor", "random_forest_classifier", "random_forest_regressor"),
    sparse=False,  # scikit-learn's trees take NaN or a sparse matrix, not both
    max_rows=500_000,
    memory=memory,
    smaller=smaller,
)
