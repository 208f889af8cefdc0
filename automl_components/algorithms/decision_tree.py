"""One decision tree: quick, readable, rarely the best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Leaves of half a percent of the rows: the probabilities of pure leaves would be worthless."""
    return {"min_samples_leaf": max(2, shape.rows // 200)}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """Depth, leaf size and share of columns."""
    return {
        "max_depth": integer(2, 20, log=True),
        "min_samples_leaf": integer(1, max(2, shape.rows // 20), log=True),
        "max_features": real(0.3, 1.0, log=False),
    }


DECISION_TREE = Algorithm(
    name="decision_tree",
    title="DecisionTree",
    estimators={
        "classification": "sklearn.tree:DecisionTreeClassifier",
        "regression": "sklearn.tree:DecisionTreeRegressor",
    },
    view="tree",
    defaults=defaults,
    space=space,
    rank=150,
    aliases=("DT", "DT regressor", "decision_tree_classifier", "decision_tree_regressor"),
    sparse=False,  # scikit-learn's trees take NaN or a sparse matrix, not both
)
