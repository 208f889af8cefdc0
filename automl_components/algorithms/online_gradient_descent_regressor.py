"""Online gradient descent: v1's streaming linear regression for large data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import integer, real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Five passes with averaged weights; a first step that cannot overshoot on many columns."""
    return {"max_iter": 5, "alpha": 1e-6, "eta0": min(0.01, 0.5 / max(1, shape.columns))}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The number of passes, the penalty, the first step."""
    step = min(0.03, 0.5 / max(1, shape.columns))
    return {
        "max_iter": integer(1, 20, log=True),
        "alpha": real(1e-8, 1e-2),
        "eta0": real(step / 30, step),
        "scaler": scaler(),
    }


ONLINE_GRADIENT_DESCENT_REGRESSOR = Algorithm(
    name="online_gradient_descent_regressor",
    title="OnlineGradientDescentRegressor",
    estimators={"regression": "sklearn.linear_model:SGDRegressor"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=190,
    aliases=("online_gradient_descent",),
    min_rows=100_000,
    fixed={"learning_rate": "invscaling", "average": True, "tol": None},
)
