"""LightGBM: gradient boosted trees on histograms; the strongest learner per second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.sizes import lower, trees_a_round
from automl_components.algorithms.spaces import choice, integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Defaults tuned over 118 data sets (pytabkit's LGBM-TD); smaller trees below 1,500 rows.

    ``n_estimators`` is a cap: early stopping on the fold's validation part ends most fits before it.
    """
    large_trees, min_rows = (50, 40) if task == "classification" else (100, 3)
    small = shape.rows < 1500
    return {
        "n_estimators": 1000,
        "learning_rate": 0.04 if task == "classification" else 0.05,
        "num_leaves": 15 if small else large_trees,
        "min_child_samples": max(1, min(10, shape.rows // 20)) if small else min_rows,
        "min_child_weight": 1e-7,
        "subsample": 0.75 if task == "classification" else 0.7,
        "subsample_freq": 1,
        "colsample_bytree": 0.3 if shape.columns > 1000 else 1.0,
    }


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """Trees of 4 leaves up to one leaf per ten rows; the ranges of AutoGluon's and FLAML's portfolios."""
    return {
        "learning_rate": real(0.01, 0.2),
        "num_leaves": integer(4, min(256, shape.rows // 10), log=True),
        "min_child_samples": integer(1, min(100, shape.rows // 10), log=True),
        "subsample": real(0.5, 1.0, log=False),
        "colsample_bytree": real(0.1 if shape.columns > 1000 else 0.4, 1.0, log=False),
        "reg_alpha": real(1e-8, 10.0),
        "reg_lambda": real(1e-8, 10.0),
        "cat_smooth": real(1e-3, 100.0),
        "extra_trees": choice(False, True),
    }


def memory(task: Task, shape: Shape, params: Mapping[str, Any]) -> float:
    """Histograms of every leaf, and the trees (AutoGluon's estimate)."""
    histograms = 1.2 * 20 * params.get("max_bin", 255) * shape.columns * params["num_leaves"]
    trees = min(params["n_estimators"], 5000) * trees_a_round(shape) * params["num_leaves"] * 100
    return 50e6 + histograms + trees + 24.0 * shape.rows * trees_a_round(shape)


def smaller(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Fewer bins, then smaller trees."""
    return lower(params, "max_bin", 255, 63, 63) or lower(params, "num_leaves", 31, 8)


LIGHT_GBM = Algorithm(
    name="light_gbm",
    title="LightGBM",
    estimators={"classification": "lightgbm:LGBMClassifier", "regression": "lightgbm:LGBMRegressor"},
    view="tree",
    defaults=defaults,
    space=space,
    rank=10,
    aliases=("lgbm", "lgbm_classifier", "lgbm_regressor"),
    categories="positions",
    memory=memory,
    smaller=smaller,
    fixed={"verbose": -1, "deterministic": True, "force_row_wise": True},
)
