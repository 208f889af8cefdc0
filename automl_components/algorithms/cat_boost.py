"""CatBoost: boosted symmetric trees with its own encoding of categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.sizes import lower, trees_a_round
from automl_components.algorithms.spaces import choice, integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Defaults tuned over 118 data sets (pytabkit's CatBoost-TD); shallower trees on little data.

    ``n_estimators`` is a cap, as for LightGBM.
    """
    own: dict[str, Any] = (
        {
            "learning_rate": 0.08,
            "random_strength": 0.8,
            "one_hot_max_size": 15,
            "leaf_estimation_iterations": 1,
        }
        if task == "classification"
        else {
            "learning_rate": 0.09,
            "random_strength": 0.0,
            "one_hot_max_size": 20,
            "leaf_estimation_iterations": 20,
        }
    )
    deep = 9 if task == "regression" and shape.rows > 20_000 else 7
    return {
        "n_estimators": 1000,
        **own,
        "depth": 5 if shape.rows < 1500 else deep,
        "l2_leaf_reg": 1e-5,
        "subsample": 0.9,
        "rsm": 0.1 if shape.columns > 1000 else 1.0,
    }


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The ranges of AutoGluon's portfolio; depth is what costs time."""
    return {
        "learning_rate": real(0.02, 0.2),
        "depth": integer(2, 6 if shape.rows < 1500 else 8),
        "l2_leaf_reg": real(1e-5, 10.0),
        "random_strength": real(0.0, 2.0, log=False),
        "subsample": real(0.5, 1.0, log=False),
        "one_hot_max_size": integer(2, 30, log=True),
        "leaf_estimation_iterations": integer(1, 20, log=True),
        "grow_policy": choice("SymmetricTree", "Depthwise"),
    }


def memory(task: Task, shape: Shape, params: Mapping[str, Any]) -> float:
    """Histograms of every leaf, and the trees (AutoGluon's estimate, for the columns that a tree sees)."""
    leaves = 2.0 ** params["depth"]
    histograms = 1.2 * 24 * leaves * 1.1 * shape.columns * params["rsm"] * params.get("border_count", 254)
    trees = params["n_estimators"] * leaves * 8 * trees_a_round(shape)
    return 100e6 + histograms + trees + 48.0 * shape.rows * trees_a_round(shape)


def smaller(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Fewer borders, then shallower trees."""
    return lower(params, "border_count", 254, 63, 63) or lower(params, "depth", 6, 4, params["depth"] - 1)


CAT_BOOST = Algorithm(
    name="cat_boost",
    title="CatBoost",
    estimators={
        "classification": "catboost:CatBoostClassifier",
        "regression": "catboost:CatBoostRegressor",
    },
    view="tree",
    defaults=defaults,
    space=space,
    rank=20,
    aliases=("catboost_classifier", "catboost_regressor"),
    packages=("catboost",),
    sparse=False,  # CatBoost takes no sparse matrix together with categories
    categories="frame",
    memory=memory,
    smaller=smaller,
    fixed={
        "verbose": 0,
        "allow_writing_files": False,
        "boosting_type": "Plain",
        "bootstrap_type": "Bernoulli",
    },
)
