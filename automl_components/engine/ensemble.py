"""Ensembles of trials, from their out-of-fold predictions: weighted voting and stacking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automl_components.core.errors import SettingsError
from automl_components.engine.predictor import meta_predict, stack_features
from automl_components.engine.problem import Problem

START = 5
"""Models that the greedy selection starts from, at most (Azure's documented rule) ..."""
WITHIN = 0.05
"""... and how far their score may be from the best one, relative to it."""
ITERATIONS = 25
CELLS = 400_000
"""Rows x classes that a score inside the greedy loop looks at; more are sampled."""


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
    """Members with weights, or a meta-learner over them, and the out-of-fold predictions that result."""

    kind: str
    members: tuple[int, ...]
    weights: tuple[float, ...]
    predictions: np.ndarray
    score: float
    metrics: dict[str, float] = field(default_factory=dict)
    meta: Any = None


def score_splits(problem: Problem, predictions: np.ndarray) -> tuple[float, dict[str, float]]:
    """Mean over the splits of the primary metric, and of every metric, of out-of-fold predictions."""
    from automl_components.engine.trial import average

    scorer, scores, tables = problem.scorer(), [], []
    for _, rows in problem.parts():
        weights = None if problem.weights is None else problem.weights[rows]
        scores.append(scorer.score(problem.target[rows], predictions[rows], weights))
        tables.append(scorer.all(problem.target[rows], predictions[rows], weights))
    defined = [score for score in scores if np.isfinite(score)]
    return (float(np.mean(defined)) if defined else float("nan")), average(tables)


def vote(problem: Problem, candidates: Sequence[Candidate], *, iterations: int | None = None) -> Ensemble:
    """Greedy selection with replacement, from a sorted start (Caruana et al. 2004, as Azure documents it).

    It starts from up to five models within 5 % of the best score, keeps the best prefix of them, then adds whichever
    model improves the mean most, until none does. Ties prefer the smaller trial number, so it is deterministic.

    Parameters
    ----------
    candidates : sequence of Candidate
        At least one.
    iterations : int
        Members, repeats counted, at most; by default 25 (more gave nothing in TabRepo, arXiv 2311.02971).
    """
    worth = _loop_score(problem)
    metric = problem.scorer().metric
    ordered = sorted(candidates, key=lambda c: (-metric.sign(c.score), c.number))
    counts = _start(ordered, worth, metric.sign)
    total = sum(ordered[i].predictions * n for i, n in counts.items())
    best = worth(total / sum(counts.values()))
    while sum(counts.values()) < (iterations or ITERATIONS):
        size = sum(counts.values()) + 1
        trials = [worth((total + candidate.predictions) / size) for candidate in ordered]
        pick = int(np.argmax(trials))
        if not trials[pick] > best + 1e-9 * abs(best):
            break
        best, counts[pick] = trials[pick], counts.get(pick, 0) + 1
        total = total + ordered[pick].predictions
    size = sum(counts.values())
    members = tuple(ordered[i].number for i in sorted(counts))
    weights = tuple(counts[i] / size for i in sorted(counts))
    score, metrics = score_splits(problem, total / size)
    return Ensemble("voting_ensemble", members, weights, total / size, score, metrics)


def _start(
    ordered: Sequence[Candidate], worth: Callable[[np.ndarray], float], sign: Callable[[float], float]
) -> dict[int, int]:
    """The best prefix of the sorted start, as counts by position."""
    top = sign(ordered[0].score)
    near = [c for c in ordered[:START] if top - sign(c.score) <= WITHIN * max(abs(top), 1e-12)]
    values = [worth(np.mean([c.predictions for c in near[: k + 1]], axis=0)) for k in range(len(near))]
    return dict.fromkeys(range(int(np.argmax(values)) + 1), 1)


def _loop_score(problem: Problem) -> Callable[[np.ndarray], float]:
    """The primary metric over validated rows, greater is better, on a sample where there are very many."""
    scorer = problem.scorer()
    rows = np.flatnonzero((problem.splits == 0).any(axis=1))
    limit = CELLS // max(1, len(problem.classes))
    if len(rows) > limit:
        rows = np.sort(np.random.default_rng(problem.seed).choice(rows, limit, replace=False))
    weights = None if problem.weights is None else problem.weights[rows]
    target = problem.target[rows]

    def worth(predictions: np.ndarray) -> float:
        value = scorer.metric.sign(scorer.score(target, predictions[rows], weights))
        return value if np.isfinite(value) else -np.inf

    return worth


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


def meta_learner(task: str, kind: str | None, kwargs: dict[str, Any], *, cross_validated: bool, seed: int) -> Any:
    """An unfitted meta-learner; Azure's default for the task and the kind of split where ``kind`` is None.

    Raises
    ------
    SettingsError
        The type is for the other task, or an argument is not one of its own.
    """
    import importlib

    if kind in (None, "none"):
        kind = "logistic_regression" if task == "classification" else "elastic_net"
        kind += "_cv" if cross_validated else ""
    wanted, path = META_LEARNERS[kind]
    if wanted != task:
        fitting = ", ".join(name for name, (t, _) in META_LEARNERS.items() if t == task)
        raise SettingsError(f"stack_meta_learner_type {kind!r} is for {wanted}; for {task}: {fitting}")
    module, _, name = path.partition(":")
    cls = getattr(importlib.import_module(module), name)
    known = set(cls().get_params())
    unknown = sorted(set(kwargs) - known)
    if unknown:
        raise SettingsError(f"stack_meta_learner_kwargs: {name} has no argument {unknown[0]!r}")
    fixed: dict[str, Any] = {
        "logistic_regression": {"max_iter": 1000},
        "logistic_regression_cv": {"max_iter": 1000, "Cs": 5, "scoring": "neg_log_loss", "use_legacy_attributes": False, "l1_ratios": (0,)},
        "light_gbm_classifier": {"n_estimators": 50, "num_leaves": 7, "verbose": -1, "n_jobs": 1},
        "light_gbm_regressor": {"n_estimators": 50, "num_leaves": 7, "verbose": -1, "n_jobs": 1},
    }.get(kind, {})
    fixed = {key: value for key, value in fixed.items() if key in known}
    if "random_state" in known:
        fixed["random_state"] = seed
    return cls(**(fixed | kwargs))


def fit_meta(meta: Any, features: np.ndarray, target: np.ndarray, weights: np.ndarray | None) -> Any:
    """Fit a meta-learner with whatever weights it takes."""
    return meta.fit(features, target) if weights is None else meta.fit(features, target, sample_weight=weights)


def stack(problem: Problem, members: Sequence[Candidate], make_meta: Callable[[], Any]) -> Ensemble:
    """A meta-learner over the members' out-of-fold predictions, itself scored out of fold.

    For cross-validation: the rows of each split are predicted by a meta-learner trained on the out-of-fold
    predictions of the other rows; the one that is kept is trained on all of them.
    """
    known = np.flatnonzero((problem.splits == 0).any(axis=1))
    features = stack_features([m.predictions for m in members], problem.task)
    count = len(problem.classes)
    predictions = np.full(problem.out_of_fold_shape, np.nan)
    for _, rows in problem.parts():
        others = np.setdiff1d(known, rows)
        meta = _fit_rows(problem, make_meta(), features, others)
        predictions[rows] = meta_predict(problem.task, meta, features[rows], count)
    meta = _fit_rows(problem, make_meta(), features, known)
    score, metrics = score_splits(problem, predictions)
    names = tuple(m.number for m in members)
    return Ensemble("stack_ensemble", names, (1.0,) * len(names), predictions, score, metrics, meta)


def stack_holdout(
    problem: Problem,
    members: Sequence[Candidate],
    make_meta: Callable[[], Any],
    share: float,
    refit: Callable[[int, np.ndarray, np.ndarray], np.ndarray],
) -> Ensemble:
    """Stacking for a single split: a share of its training rows is kept from the members and trains the meta-learner.

    Azure's ``stack_meta_learner_train_percentage``; the validation rows judge, as for every other model.

    Parameters
    ----------
    share : float
        In (0, 1).
    refit : callable (trial number, positions to train on, positions to predict) -> predictions
    """
    from sklearn.model_selection import train_test_split

    train, validation = next(problem.parts())
    strata = problem.target[train] if problem.classes else None
    if strata is not None and np.bincount(strata)[np.unique(strata)].min() < 2:
        strata = None
    base, held = train_test_split(train, test_size=share, random_state=problem.seed, stratify=strata)
    kept = [refit(m.number, np.sort(base), np.sort(held)) for m in members]
    weights = None if problem.weights is None else problem.weights[np.sort(held)]
    meta = fit_meta(make_meta(), stack_features(kept, problem.task), problem.target[np.sort(held)], weights)
    features = stack_features([m.predictions[validation] for m in members], problem.task)
    predictions = np.full(problem.out_of_fold_shape, np.nan)
    predictions[validation] = meta_predict(problem.task, meta, features, len(problem.classes))
    score, metrics = score_splits(problem, predictions)
    names = tuple(m.number for m in members)
    return Ensemble("stack_ensemble", names, (1.0,) * len(names), predictions, score, metrics, meta)


def _fit_rows(problem: Problem, meta: Any, features: np.ndarray, rows: np.ndarray) -> Any:
    weights = None if problem.weights is None else problem.weights[rows]
    return fit_meta(meta, features[rows], problem.target[rows], weights)
