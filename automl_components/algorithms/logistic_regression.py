"""Logistic regression with an L2 penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Scikit-learn's penalty, with room for more iterations."""
    return {"C": 1.0, "max_iter": 300}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """From a strong penalty to nearly none."""
    return {"C": real(1e-4, 1e2), "scaler": scaler()}


LOGISTIC_REGRESSION = Algorithm(
    name="logistic_regression",
    title="LogisticRegression",
    estimators={"classification": "sklearn.linear_model:LogisticRegression"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=40,
    fixed={"n_jobs": None},  # without effect and deprecated since scikit-learn 1.8
)
