"""Linear models by stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import choice, real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Averaged weights; for regression a first step that cannot overshoot, however many columns there are."""
    common = {"penalty": "l2", "alpha": 1e-4, "average": True}
    if task == "classification":
        return {"loss": "log_loss", **common}
    return {"loss": "squared_error", "eta0": min(0.01, 0.5 / max(1, shape.columns)), **common}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """Losses, penalties and, for regression, the first step."""
    common = {
        "penalty": choice("l2", "l1", "elasticnet"),
        "alpha": real(1e-6, 1e-1),
        "average": choice(False, True),
        "scaler": scaler(),
    }
    if task == "classification":
        return {"loss": choice("log_loss", "hinge"), **common}
    step = min(0.03, 0.5 / max(1, shape.columns))
    return {"loss": choice("squared_error", "huber"), "eta0": real(step / 30, step), **common}


SGD = Algorithm(
    name="sgd",
    title="SGD",
    estimators={
        "classification": "sklearn.linear_model:SGDClassifier",
        "regression": "sklearn.linear_model:SGDRegressor",
    },
    view="dense",
    defaults=defaults,
    space=space,
    rank=120,
    aliases=("SGD classifier", "SGD regressor"),
)
