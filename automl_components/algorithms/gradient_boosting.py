"""Scikit-learn's exact gradient boosting: small data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Friedman's stochastic variant; a share of the columns at each split on wide data."""
    return {
        "n_estimators": 100,
        "learning_rate": 0.1,
        "max_depth": 3,
        "subsample": 0.8,
        "max_features": "sqrt" if shape.columns > 50 else 1.0,
    }


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """Shallow trees, slow to fast learning."""
    return {
        "n_estimators": integer(30, 300, log=True),
        "learning_rate": real(0.02, 0.3),
        "max_depth": integer(2, 6),
        "min_samples_leaf": integer(1, min(50, shape.rows // 10), log=True),
        "subsample": real(0.5, 1.0, log=False),
        "max_features": real(0.01, 0.3) if shape.columns > 200 else real(0.1, 1.0, log=False),
    }


GRADIENT_BOOSTING = Algorithm(
    name="gradient_boosting",
    title="GradientBoosting",
    estimators={
        "classification": "sklearn.ensemble:GradientBoostingClassifier",
        "regression": "sklearn.ensemble:GradientBoostingRegressor",
    },
    view="tree",
    defaults=defaults,
    space=space,
    rank=110,
    aliases=("gradient boosting classifier", "gradient boosting regressor"),
    sparse=False,
    missing=False,
    max_rows=20_000,
)
