"""Averaged perceptron: v1's streaming linear classifier for large data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import integer, real, scaler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Ten passes, nearly no penalty."""
    return {"max_iter": 10, "alpha": 1e-7, "eta0": 1.0}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The number of passes, the penalty, the step."""
    return {
        "max_iter": integer(1, 30, log=True),
        "alpha": real(1e-8, 1e-3),
        "eta0": real(1e-2, 1.0),
        "scaler": scaler(),
    }


AVERAGED_PERCEPTRON_CLASSIFIER = Algorithm(
    name="averaged_perceptron_classifier",
    title="AveragedPerceptronClassifier",
    estimators={"classification": "sklearn.linear_model:SGDClassifier"},
    view="dense",
    defaults=defaults,
    space=space,
    rank=170,
    aliases=("averaged_perceptron",),
    min_rows=100_000,
    fixed={"loss": "perceptron", "learning_rate": "constant", "average": True, "tol": None},
)
