"""Ensembles of trials, from their out-of-fold predictions: what they are, their scores, and stacking."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automl_components.core.errors import SettingsError, nearest
from automl_components.engine.draws import deal, spread_groups, windows
from automl_components.engine.predictor import meta_predict, stack_features
from automl_components.engine.problem import Problem

INNER_FOLDS = 5


@dataclass(frozen=True)
class Candidate:
    """A finished trial as an ensemble sees it.

    Attributes
    ----------
    number : int
    score : float
        The primary metric.
    predictions : array
        Out-of-fold, shape ``problem.out_of_fold_shape``.
    """

    number: int
    score: float
    predictions: np.ndarray


@dataclass(frozen=True)
class Ensemble:
    """Members with weights, or a meta-learner over them, and the out-of-fold predictions that result.

    ``details`` are JSON values: how it was made, and why.
    """

    kind: str
    members: tuple[int, ...]
    weights: tuple[float, ...]
    predictions: np.ndarray
    score: float
    metrics: dict[str, float] = field(default_factory=dict)
    meta: Any = None
    details: dict[str, Any] = field(default_factory=dict)


def primary_score(problem: Problem, predictions: np.ndarray) -> float:
    """Mean over the splits of the primary metric of out-of-fold predictions; NaN where it is defined on none."""
    scorer, scores = problem.scorer(), []
    for _, rows in problem.parts():
        weights = None if problem.weights is None else problem.weights[rows]
        scores.append(scorer.score(problem.target[rows], predictions[rows], weights))
    defined = [score for score in scores if np.isfinite(score)]
    return float(np.mean(defined)) if defined else float("nan")


def score_splits(problem: Problem, predictions: np.ndarray) -> tuple[float, dict[str, float]]:
    """Mean over the splits of the primary metric, and of every metric, of out-of-fold predictions."""
    from automl_components.engine.trial import average

    scorer, tables = problem.scorer(), []
    for _, rows in problem.parts():
        weights = None if problem.weights is None else problem.weights[rows]
        tables.append(scorer.all(problem.target[rows], predictions[rows], weights))
    return primary_score(problem, predictions), average(tables)


META_LEARNERS: dict[str, tuple[str, str]] = {
    "logistic_regression": ("classification", "sklearn.linear_model:LogisticRegression"),
    "logistic_regression_cv": ("classification", "sklearn.linear_model:LogisticRegressionCV"),
    "light_gbm_classifier": ("classification", "lightgbm:LGBMClassifier"),
    "elastic_net": ("regression", "sklearn.linear_model:ElasticNet"),
    "elastic_net_cv": ("regression", "sklearn.linear_model:ElasticNetCV"),
    "light_gbm_regressor": ("regression", "lightgbm:LGBMRegressor"),
    "linear_regression": ("regression", "sklearn.linear_model:LinearRegression"),
}
"""Azure's meta-learners: the task each is for, and where it lives."""


def meta_learner(
    task: str,
    kind: str | None,
    kwargs: dict[str, Any],
    *,
    cross_validated: bool,
    seed: int,
    variance: float = 1.0,
) -> Any:
    """An unfitted meta-learner; Azure's default for the task and the kind of split where ``kind`` is None.

    Parameters
    ----------
    kwargs : dict
        Arguments of the estimator, instead of our own.
    variance : float
        Of the target: the penalty of ``elastic_net`` is small relative to it, because scikit-learn's own (1.0) makes
        a constant of a target that varies less than that.

    Raises
    ------
    SettingsError
        The type is for the other task, or an argument is not one of its own.
    """
    import importlib

    if kind in (None, "none"):
        kind = "logistic_regression" if task == "classification" else "elastic_net"
        kind += "_cv" if cross_validated else ""
    if kind not in META_LEARNERS:
        raise SettingsError(f"unknown stack_meta_learner_type {kind!r}{nearest(str(kind), META_LEARNERS)}")
    wanted, path = META_LEARNERS[kind]
    if wanted != task:
        fitting = ", ".join(name for name, (t, _) in META_LEARNERS.items() if t == task)
        raise SettingsError(f"stack_meta_learner_type {kind!r} is for {wanted}; for {task}: {fitting}")
    module, _, name = path.partition(":")
    cls = getattr(importlib.import_module(module), name)
    known = set(cls().get_params())
    for unknown in sorted(set(kwargs) - known):
        hint = nearest(unknown, known)
        raise SettingsError(f"stack_meta_learner_kwargs: {name} has no argument {unknown!r}{hint}")
    seeded = {"random_state": seed} if "random_state" in known else {}
    return cls(**(seeded | _arguments(kind, known, variance) | kwargs))


def _arguments(kind: str, known: set[str], variance: float) -> dict[str, Any]:
    """Our own arguments of a meta-learner."""
    trees = {
        "n_estimators": 50,
        "num_leaves": 7,
        "verbose": -1,
        "n_jobs": 1,
        "deterministic": True,
        "force_row_wise": True,
    }
    search: dict[str, Any] = {"max_iter": 1000, "Cs": 5, "scoring": "neg_log_loss"}
    if "use_legacy_attributes" in known:  # scikit-learn 1.8 warns unless told
        search |= {"use_legacy_attributes": False, "l1_ratios": (0,)}
    return {
        "logistic_regression": {"max_iter": 1000},
        "logistic_regression_cv": search,
        "elastic_net": {"alpha": 1e-3 * variance},
        "light_gbm_classifier": trees,
        "light_gbm_regressor": trees,
    }.get(kind, {})


def fit_meta(
    meta: Any,
    features: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None,
    groups: np.ndarray | None = None,
) -> Any:
    """Fit a meta-learner with the weights there are, in one thread: its matrices are too thin for more.

    One that chooses its penalty by folds of its own keeps rows of one of the ``groups`` together.

    Raises
    ------
    StackError
        It cannot be fitted, for example because a single class is left.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    folds = getattr(meta, "cv", 0) is None
    if folds and groups is not None:
        meta.set_params(cv=_group_folds(meta, target, groups))
    elif folds and hasattr(meta, "predict_proba"):
        features, target, weights = _fit_for_folds(meta, features, target, weights)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its score tells
        try:
            meta.fit(features, target, **({} if weights is None else {"sample_weight": weights}))
        except (ValueError, TypeError) as error:
            raise StackError(f"{type(meta).__name__} cannot be fitted: {error}") from error
    if folds and groups is not None:
        meta.set_params(cv=len(meta.cv))  # the rows of the folds are no part of the model
    return meta


def _fit_for_folds(
    meta: Any, features: np.ndarray, target: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """A cross-validated classifier gets no more folds than its rarest class has rows, and no class of one row."""
    counts = np.bincount(target)
    meta.set_params(cv=int(np.clip(counts[counts > 1].min(initial=5), 2, 5)))
    keep = counts[target] > 1
    return features[keep], target[keep], None if weights is None else weights[keep]


def _group_folds(meta: Any, target: np.ndarray, groups: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds of whole groups; of a classifier those with every class on both sides."""
    judged = hasattr(meta, "predict_proba")
    strata = target.astype(np.int64) if judged else np.zeros(len(target), np.int64)
    part = deal(strata, INNER_FOLDS, np.random.default_rng(0), groups)
    splits = [(np.flatnonzero(part != held), np.flatnonzero(part == held)) for held in range(part.max() + 1)]
    if judged:
        classes = len(np.unique(target))
        splits = [pair for pair in splits if all(len(np.unique(target[side])) == classes for side in pair)]
    if len(splits) < 2:
        raise StackError("a class, or all rows, lie in too few groups to choose its penalty by groups")
    return splits


def stack_seconds(problem: Problem, members: int) -> float:
    """How long fitting the meta-learners may take at worst, in seconds: measured on two cores of 2026, and doubled.

    A linear model of the probabilities of many classes, with its own cross-validation, is no small thing.
    """
    rows = int((problem.splits == 0).any(axis=1).sum())
    width = len(problem.classes) if len(problem.classes) > 2 else 1
    return 3e-7 * rows * members * width * width * (1 + max(problem.splits.shape[1], INNER_FOLDS))


class StackError(Exception):
    """A meta-learner cannot be fitted."""


def stack(problem: Problem, members: Sequence[Candidate], make_meta: Callable[[], Any]) -> Ensemble:
    """A meta-learner over the members' out-of-fold predictions, itself scored out of fold.

    The rows of each split are predicted by a meta-learner trained on the out-of-fold predictions of the rows that the
    split trains on: of the other folds, other groups, or earlier times. Where there are none, as in the first of
    splits by time, the members' mean stands in. Where several splits validate a row, its predictions are averaged.
    A single split's validation rows are cut into five folds for this, groups and times together. The meta-learner that
    is kept is trained on all rows that any split validates.

    Raises
    ------
    StackError
        The meta-learner cannot be fitted.
    """
    known = np.flatnonzero((problem.splits == 0).any(axis=1))
    features = stack_features([m.predictions for m in members], problem.task)
    total, counts = np.zeros(problem.out_of_fold_shape), np.zeros(problem.features.rows)
    learned = False
    for column in (_inner_folds(problem, known) if problem.splits.shape[1] == 1 else problem.splits).T:
        rows, others = np.flatnonzero(column == 0), known[column[known] == 1]
        if len(others):
            meta, learned = _fit_rows(problem, make_meta(), features, others), True
            total[rows] += meta_predict(problem.task, meta, features[rows], len(problem.classes))
        else:
            total[rows] += np.mean([member.predictions[rows] for member in members], axis=0)
        counts[rows] += 1
    if not learned:
        raise StackError("no split trains on rows that another one validates: none are left to learn from")
    counts[counts == 0] = np.nan
    meta = _fit_rows(problem, make_meta(), features, known)
    return _stacked(problem, members, (total.T / counts).T, meta)


def _inner_folds(problem: Problem, known: np.ndarray) -> np.ndarray:
    """Folds of the validation rows of a single split, in the form of ``problem.splits``."""
    part = problem.parts_of(known, min(INNER_FOLDS, len(known)))
    count = part.max() + 1
    matrix = np.full((problem.features.rows, count), -1, np.int8)
    matrix[known] = part[:, None] != np.arange(count)
    return matrix


def stack_holdout(
    problem: Problem,
    members: Sequence[Candidate],
    make_meta: Callable[[], Any],
    share: float,
    refit: Callable[[int, np.ndarray, np.ndarray], np.ndarray],
) -> Ensemble:
    """Stacking with a share of a single split's training rows kept from the members, which trains the meta-learner.

    For who asks for it by Azure's ``stack_meta_learner_train_percentage``: the members are fitted once more. The
    validation rows judge, as for every other model.

    Parameters
    ----------
    share : float
        In (0, 1).
    refit : callable (trial number, positions to train on, positions to predict) -> predictions

    Raises
    ------
    StackError
        The meta-learner cannot be fitted.
    """
    train, validation = next(problem.parts())
    base, held = _keep_back(problem, train, share)
    kept = [refit(m.number, base, held) for m in members]
    weights = None if problem.weights is None else problem.weights[held]
    given = stack_features(kept, problem.task), problem.target[held], weights
    meta = fit_meta(make_meta(), *given, problem.together(held))
    features = stack_features([m.predictions[validation] for m in members], problem.task)
    predictions = np.full(problem.out_of_fold_shape, np.nan)
    predictions[validation] = meta_predict(problem.task, meta, features, len(problem.classes))
    return _stacked(problem, members, predictions, meta)


def _keep_back(problem: Problem, train: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions for the members and for the meta-learner; stratified where every class has rows for both.

    Groups stay whole; in order of time, the meta-learner gets the last rows.
    """
    from sklearn.model_selection import train_test_split

    if problem.groups is not None:
        return _keep_groups(problem, train, share)
    strata = problem.target[train] if problem.classes else None
    if strata is not None:
        counts, smaller = np.unique(strata, return_counts=True)[1], min(share, 1 - share) * len(train)
        if counts.min() < 2 or len(counts) > int(smaller):
            strata = None
    try:
        base, held = train_test_split(train, test_size=share, random_state=problem.seed, stratify=strata)
    except ValueError as error:
        raise StackError(f"{share:g} of {len(train)} rows cannot be kept back: {error}") from error
    return np.sort(base), np.sort(held)


def _keep_groups(problem: Problem, train: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    assert problem.groups is not None
    codes = np.unique(problem.groups[train], return_inverse=True)[1]
    if codes.max() == 0:
        raise StackError("the training rows are all of one group, of which nothing can be kept back")
    if problem.ordered:
        held = windows(codes, 1, share)[:, 0] == 0
    else:
        strata = problem.target[train].astype(np.int64) if problem.classes else np.zeros(len(train), np.int64)
        rng = np.random.default_rng(problem.seed)
        held = spread_groups(codes, strata, np.array([share, 1 - share]), rng) == 0
    return train[~held], train[held]


def _stacked(problem: Problem, members: Sequence[Candidate], predictions: np.ndarray, meta: Any) -> Ensemble:
    numbers = tuple(member.number for member in members)
    score, metrics = score_splits(problem, predictions)
    return Ensemble("stack_ensemble", numbers, (1.0,) * len(numbers), predictions, score, metrics, meta)


def _fit_rows(problem: Problem, meta: Any, features: np.ndarray, rows: np.ndarray) -> Any:
    weights = None if problem.weights is None else problem.weights[rows]
    return fit_meta(meta, features[rows], problem.target[rows], weights, problem.together(rows))
