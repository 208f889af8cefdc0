"""Lasso by least angle regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """A light penalty on the scale of a standardised target."""
    return {"alpha": 0.001}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """From nearly none to one that drops most columns."""
    return {"alpha": real(1e-5, 0.1), "scaler": scaler()}


LASSO_LARS = Algorithm(
    name="lasso_lars",
    title="LassoLars",
    estimators={"regression": "sklearn.linear_model:LassoLars"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=160,
    weights=False,
    sparse=False,
)
