"""Naive Bayes for counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.spaces import choice, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Laplace's smoothing."""
    return {"alpha": 1.0}


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The smoothing, and whether classes are weighted by their frequency."""
    return {"alpha": real(1e-3, 10.0), "fit_prior": choice(True, False)}


MULTINOMIAL_NAIVE_BAYES = Algorithm(
    name="multinomial_naive_bayes",
    title="MultinomialNaiveBayes",
    estimators={"classification": "sklearn.naive_bayes:MultinomialNB"},
    view="nonnegative",
    defaults=defaults,
    space=space,
    rank=130,
    aliases=("MultinomialNB",),
)
