"""The configurations that a search tries first: tuned elsewhere on many tables, strong, diverse and cheap first.

The order and the numbers are facts from the portfolios of AutoGluon (zeroshot_2023 and its CPU portfolio of 2025),
pytabkit's meta-tuned defaults, FLAML and LightAutoML; NOTICE credits them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from automl_components.algorithms import Algorithm, Shape, Task

LOW_RATES = 3000
"""Rounds that the small learning rates of those portfolios were made for; fewer rounds get larger steps."""
LARGEST_RATE = 0.08


@dataclass(frozen=True)
class Entry:
    """One configuration.

    Attributes
    ----------
    algorithms : tuple of str
        Names in the catalog; the first that takes part and can do the task is meant.
    changes : mapping
        Parameters that differ from the algorithm's defaults.
    least, most : int
        Rows below and above which the entry is passed over.
    most_columns : int
        Columns above which it is passed over.
    encodings : tuple of str
        Encodings of the target that the learner gets, by Azure's names; without any that may be used, or anything
        that they could encode, the entry is passed over.
    """

    algorithms: tuple[str, ...]
    changes: dict[str, Any] = field(default_factory=dict)
    least: int = 0
    most: int = 1 << 60
    most_columns: int = 1 << 60
    encodings: tuple[str, ...] = ()


def _light_gbm(least: int = 0, encodings: tuple[str, ...] = (), **changes: Any) -> Entry:
    return Entry(("light_gbm",), changes, least, encodings=encodings)


XGBOOST = ("xg_boost_classifier", "xg_boost_regressor")
LINEAR = ("logistic_regression", "elastic_net")
LEVELS, TEXTS = ("cat_target_encoder",), ("text_target_encoder", "naive_bayes")

PLAIN = _light_gbm(  # as it comes: cheap, and better than the first entry where that one's larger trees overfit
    learning_rate=0.1, num_leaves=31, min_child_samples=20, min_child_weight=1e-3, subsample=1.0, subsample_freq=0,
)  # fmt: skip

PORTFOLIO: tuple[Entry, ...] = (
    Entry(("light_gbm",)),
    Entry(LINEAR, most=200_000),
    Entry(("cat_boost", *XGBOOST)),
    PLAIN,
    Entry(("mlp",), most=20_000, most_columns=2000),  # above that dear, and later
    Entry(("extreme_random_trees",), most=10_000),  # above that dear, and later
    _light_gbm(
        extra_trees=True, learning_rate=0.0179, num_leaves=39, colsample_bytree=0.46, subsample=0.88, reg_alpha=0.24,
        reg_lambda=0.36, min_child_samples=3, cat_smooth=15.4, cat_l2=0.34, max_cat_to_onehot=16,
    ),
    Entry(("cat_boost",), {"depth": 8, "grow_policy": "Depthwise", "learning_rate": 0.05, "l2_leaf_reg": 2.8}, 3000),
    Entry(("cat_boost",), {"depth": 4, "learning_rate": 0.05, "l2_leaf_reg": 4.6}, most=3000),
    _light_gbm(
        extra_trees=True, learning_rate=0.0193, num_leaves=64, colsample_bytree=0.55, subsample=0.99, reg_alpha=0.91,
        reg_lambda=1.9, min_child_samples=28, cat_smooth=1.87, cat_l2=0.014, max_cat_to_onehot=18, least=1000,
        encodings=LEVELS + TEXTS,
    ),
    Entry(LINEAR, least=1000, most=200_000, encodings=LEVELS),
    Entry(("mlp",), {"learning_rate": 0.015, "epochs": 32}, most=20_000, most_columns=2000),
    Entry(("mlp",), least=20_001, most=50_000, most_columns=2000),
    _light_gbm(
        learning_rate=0.0114, num_leaves=84, colsample_bytree=0.53, subsample=0.98, reg_alpha=0.03, reg_lambda=0.84,
        min_child_samples=3, cat_smooth=0.009, least=1000,
    ),
    _light_gbm(learning_rate=0.0127, num_leaves=5, colsample_bytree=0.73, subsample=0.85, min_child_samples=12),
    Entry(XGBOOST),
    Entry(("extreme_random_trees",), least=10_001, most=200_000),
    Entry(("random_forest",), {"max_features": 0.75}, most=50_000),
    Entry(("mlp",), {"hidden": 64, "learning_rate": 0.03}, most=10_000, most_columns=2000),
    Entry(("knn",), most=5000, most_columns=60),
    _light_gbm(
        extra_trees=True, learning_rate=0.018, num_leaves=180, colsample_bytree=0.40, subsample=0.95, reg_alpha=0.77,
        reg_lambda=1.6, min_child_samples=12, least=5000,
    ),
    Entry(("cat_boost",), {"depth": 8, "learning_rate": 0.0173, "l2_leaf_reg": 3.33, "one_hot_max_size": 10}, 3000),
    _light_gbm(
        learning_rate=0.0105, num_leaves=252, colsample_bytree=0.59, min_child_samples=11, least=20_000,
    ),
    _light_gbm(
        learning_rate=0.0134, num_leaves=20, colsample_bytree=0.43, subsample=0.71, reg_alpha=0.51, reg_lambda=0.51,
        cat_smooth=48.7,
    ),
    Entry(XGBOOST, {"max_depth": 10, "learning_rate": 0.018, "colsample_bylevel": 0.69, "min_child_weight": 0.6}, 5000),
    Entry(("cat_boost",), {"depth": 6, "learning_rate": 0.0686, "l2_leaf_reg": 2.15, "one_hot_max_size": 10}),
    Entry(("svm",), most=3000, most_columns=200),
)  # fmt: skip


def portfolio(
    algorithms: Sequence[Algorithm],
    task: Task,
    shape: Shape,
    *,
    rounds: int,
    encodings: Collection[str] = (*LEVELS, *TEXTS),
    first: str = "",
    each_first: bool = False,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Algorithm and complete parameters of the first trials.

    Parameters
    ----------
    algorithms : sequence of Algorithm
        Those that take part. Those that the portfolio does not name come after it, with their defaults.
    encodings : collection of str
        Encodings of the target that may be used.
    rounds : int
        Most boosting rounds of a fit; learning rates made for more of them are raised.
    first : str
        What goes ahead of all others: ``"linear"``, the linear model; ``"plain"``, LightGBM as it comes; or nothing.
    each_first : bool
        Whether every algorithm's first configuration comes before any second one: the algorithms were chosen by
        the user, so that each is to be seen.
    """
    known = {algorithm.name: algorithm for algorithm in algorithms}
    chosen: list[tuple[str, dict[str, Any]]] = []
    for entry in PORTFOLIO:
        if not entry.least <= shape.rows <= entry.most or shape.columns > entry.most_columns:
            continue
        name = next((n for n in entry.algorithms if n in known and task in known[n].estimators), None)
        usable = _usable(entry.encodings, encodings, shape)
        if name is not None and (usable or not entry.encodings):
            chosen.append((name, {**entry.changes, **({"encodings": usable} if usable else {})}))
    if first == "linear":
        chosen.sort(key=lambda item: item[0] not in LINEAR or bool(item[1]))
    elif first == "plain":
        chosen.sort(key=lambda item: item != ("light_gbm", PLAIN.changes))
    named = {name for name, _ in chosen}
    chosen += [(algorithm.name, {}) for algorithm in algorithms if algorithm.name not in named]
    if each_first:
        before = [name for name, _ in chosen]
        repeats = [before.index(name) != position for position, name in enumerate(before)]
        chosen = [item for _, item in sorted(zip(repeats, chosen, strict=True), key=lambda pair: pair[0])]
    for name, changes in chosen:
        yield name, complete(known[name], changes, task, shape, rounds)


def _usable(wanted: tuple[str, ...], allowed: Collection[str], shape: Shape) -> list[str]:
    """Those of the encodings that may be used and that there is something for."""
    there = {*(LEVELS if shape.categories else ()), *(TEXTS if shape.sparse else ())}
    return [name for name in wanted if name in allowed and name in there]


def complete(
    algorithm: Algorithm, changes: dict[str, Any], task: Task, shape: Shape, rounds: int
) -> dict[str, Any]:
    """The algorithm's defaults with the changes; a boosting gets steps that lead somewhere within the rounds."""
    params = {**algorithm.defaults(task, shape), **changes}
    if not algorithm.boosts(task):
        return params
    if (rate := changes.get("learning_rate")) is not None:
        slow = max(1.0, LOW_RATES / rounds)
        params["learning_rate"] = round(max(rate, min(LARGEST_RATE, rate * slow)), 4)
    return {**params, "n_estimators": rounds}
