"""Extremely randomised trees: averaged trees with random thresholds; cheap diversity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automl_components.algorithms import Algorithm, Shape, Task, random_forest
from automl_components.algorithms.spaces import choice

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """As for a random forest, with or without bootstrap samples."""
    return {**random_forest.space(task, shape), "bootstrap": choice(False, True)}


EXTREME_RANDOM_TREES = Algorithm(
    name="extreme_random_trees",
    title="ExtremeRandomTrees",
    estimators={
        "classification": "sklearn.ensemble:ExtraTreesClassifier",
        "regression": "sklearn.ensemble:ExtraTreesRegressor",
    },
    view="tree",
    defaults=random_forest.defaults,
    space=space,
    rank=30,
    aliases=("extra trees", "extra trees regressor", "extra_trees_classifier"),
    sparse=False,  # scikit-learn's trees take NaN or a sparse matrix, not both
    missing=False,  # scikit-learn 1.5's ExtraTrees take no NaN
    max_rows=500_000,
    memory=random_forest.memory,
    smaller=random_forest.smaller,
)
