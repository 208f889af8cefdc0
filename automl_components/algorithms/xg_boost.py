"""XGBoost, as Azure names it: one entry for each task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.sizes import lower, trees_a_round
from automl_components.algorithms.spaces import integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Defaults tuned over 118 data sets (pytabkit's XGB-TD); shallower trees below 1,500 rows.

    ``n_estimators`` is a cap, as for LightGBM.
    """
    own = (
        {"learning_rate": 0.08, "max_depth": 6, "min_child_weight": 5e-6, "subsample": 0.65}
        if task == "classification"
        else {"learning_rate": 0.05, "max_depth": 9, "min_child_weight": 2.0, "subsample": 0.7}
    )
    if shape.rows < 1500:
        own["max_depth"] = 4
    return {
        "n_estimators": 1000,
        **own,
        "colsample_bylevel": 0.9,
        "colsample_bytree": 0.3 if shape.columns > 1000 else 1.0,
        "reg_lambda": 0.0,
    }


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The ranges of AutoGluon's portfolio."""
    return {
        "learning_rate": real(0.01, 0.2),
        "max_depth": integer(2, 6 if shape.rows < 1500 else 10),
        "min_child_weight": real(1e-3, 20.0),
        "subsample": real(0.5, 1.0, log=False),
        "colsample_bytree": real(0.1 if shape.columns > 1000 else 0.4, 1.0, log=False),
        "reg_alpha": real(1e-8, 10.0),
        "reg_lambda": real(1e-8, 100.0),
    }


def memory(task: Task, shape: Shape, params: Mapping[str, Any]) -> float:
    """Histograms of two levels of nodes, and the trees."""
    leaves = min(2.0 ** params["max_depth"], shape.rows)
    histograms = 1.2 * 16 * params.get("max_bin", 256) * shape.columns * leaves
    trees = params["n_estimators"] * trees_a_round(shape) * leaves * 2 * 48
    return 50e6 + histograms + trees + 32.0 * shape.rows * trees_a_round(shape)


def smaller(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Fewer bins, then shallower trees."""
    return lower(params, "max_bin", 256, 63, 63) or lower(params, "max_depth", 6, 4, params["max_depth"] - 1)


def _entry(task: Task, name: str, title: str, estimator: str) -> Algorithm:
    return Algorithm(
        name=name,
        title=title,
        estimators={task: f"xgboost:{estimator}"},
        view="tree",
        defaults=defaults,
        space=space,
        rank=50,
        aliases=("xgboost", estimator),
        packages=("xgboost",),
        sparse=False,  # a fit on thousands of sparse columns takes many times LightGBM's
        memory=memory,
        smaller=smaller,
        fixed={"tree_method": "hist", "verbosity": 0},
    )


CLASSIFIER = _entry("classification", "xg_boost_classifier", "XGBoostClassifier", "XGBClassifier")
REGRESSOR = _entry("regression", "xg_boost_regressor", "XGBoostRegressor", "XGBRegressor")
