"""Linear support vector classification (LIBLINEAR)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """The smaller of the primal and the dual problem."""
    return {"C": 0.3, "dual": "auto", "max_iter": 2000}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """From a strong penalty to a weak one."""
    return {"C": real(1e-4, 1e1), "scaler": scaler()}


LINEAR_SVM = Algorithm(
    name="linear_svm",
    title="LinearSVM",
    estimators={"classification": "sklearn.svm:LinearSVC"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=80,
    aliases=("LinearSVC", "linear_support_vector_machine"),
    max_rows=500_000,
)
