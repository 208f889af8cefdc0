"""Fast linear: v1's squared loss with an L2 penalty by dual coordinate ascent (LIBLINEAR)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """The smaller of the primal and the dual problem."""
    return {"C": 1.0, "dual": "auto", "max_iter": 2000}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """From a strong penalty to nearly none."""
    return {"C": real(1e-5, 1e2), "scaler": scaler()}


FAST_LINEAR_REGRESSOR = Algorithm(
    name="fast_linear_regressor",
    title="FastLinearRegressor",
    estimators={"regression": "sklearn.svm:LinearSVR"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=200,
    aliases=("fast_linear",),
    min_rows=100_000,
    fixed={"loss": "squared_epsilon_insensitive", "epsilon": 0.0},
)
