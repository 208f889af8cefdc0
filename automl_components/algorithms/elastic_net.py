"""Linear regression with L1 and L2 penalties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """A light penalty: the target is standardised, where scikit-learn's 1.0 would leave the mean."""
    return {"alpha": 0.003, "l1_ratio": 0.5, "max_iter": 2000}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """From nearly none to one that drops most columns."""
    return {"alpha": real(1e-5, 0.3), "l1_ratio": real(0.05, 1.0, log=False), "scaler": scaler()}


ELASTIC_NET = Algorithm(
    name="elastic_net",
    title="ElasticNet",
    estimators={"regression": "sklearn.linear_model:ElasticNet"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=40,
)
