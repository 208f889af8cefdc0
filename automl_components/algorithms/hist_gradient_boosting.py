"""Scikit-learn's histogram gradient boosting: no extra package needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """A fixed number of rounds: scikit-learn's own early stopping cannot split classes of a single row."""
    small = shape.rows < 1500
    return {
        "max_iter": 100 if small else 300,
        "learning_rate": 0.06,
        "max_leaf_nodes": 15 if small else 31,
        "min_samples_leaf": max(1, min(20, shape.rows // 20)),
        "l2_regularization": 1.0,
    }


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """Around the defaults, on logarithmic scales."""
    return {
        "max_iter": integer(30, 500, log=True),
        "learning_rate": real(0.01, 0.3),
        "max_leaf_nodes": integer(4, min(128, shape.rows // 10), log=True),
        "min_samples_leaf": integer(1, min(100, shape.rows // 10), log=True),
        "l2_regularization": real(1e-8, 100.0),
    }


HIST_GRADIENT_BOOSTING = Algorithm(
    name="hist_gradient_boosting",
    title="HistGradientBoosting",
    estimators={
        "classification": "sklearn.ensemble:HistGradientBoostingClassifier",
        "regression": "sklearn.ensemble:HistGradientBoostingRegressor",
    },
    view="tree",
    defaults=defaults,
    space=space,
    rank=70,
    aliases=("hist_gradient_boosting_classifier", "hist_gradient_boosting_regressor"),
    sparse=False,
    # categories as codes: told of them, it keeps a functools.partial, no trusted type in a model file
    fixed={"early_stopping": False},
)
