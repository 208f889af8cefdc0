"""Linear support vector classification by stochastic gradient descent: v1's streaming LinearSVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import choice, real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """The hinge loss with averaged weights."""
    return {"alpha": 1e-4, "average": True, "penalty": "l2"}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The penalty and its strength."""
    return {
        "alpha": real(1e-7, 1e-1),
        "penalty": choice("l2", "l1", "elasticnet"),
        "average": choice(False, True),
        "scaler": scaler(),
    }


LINEAR_SVM_SGD = Algorithm(
    name="linear_svm_sgd",
    title="LinearSVM (streaming)",
    estimators={"classification": "sklearn.linear_model:SGDClassifier"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=180,
    aliases=("streaming_linear_svm", "linear_svm_streaming"),
    min_rows=100_000,
    fixed={"loss": "hinge"},
)
