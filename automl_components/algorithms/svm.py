"""Support vector classification with a Gaussian kernel (LIBSVM): small data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Scikit-learn's penalty and kernel width."""
    return {"C": 1.0, "gamma": "scale"}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The penalty and the kernel's width."""
    return {"C": real(1e-2, 1e2), "gamma": real(1e-4, 1.0), "scaler": scaler()}


def memory(task: Task, shape: Shape, params: Mapping[str, Any]) -> float:
    """The cache of the kernel, as ``fixed`` has it."""
    return min(500e6, 8.0 * shape.rows**2)


SVM = Algorithm(
    name="svm",
    title="SVM",
    estimators={"classification": "sklearn.svm:SVC"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=90,
    aliases=("SVC", "support_vector_machine"),
    max_rows=20_000,
    memory=memory,
    fixed={"cache_size": 500},
)
