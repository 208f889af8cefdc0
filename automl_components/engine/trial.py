"""One trial: a configuration fitted on every split, what comes of it, and refits on all rows."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from automl_components.engine.learner import Learner
from automl_components.engine.problem import Problem

BATCH = 1000
"""Rows that are predicted at once where the time for that is measured."""


@dataclass(frozen=True)
class Config:
    """What a trial runs: an algorithm of the catalog and its parameters.

    The seed of a trial depends on the run's seed and on this content only: not on its number, nor on which process
    runs it.

    Attributes
    ----------
    params : dict
        As the learner takes them; and ``"rows"``, where it is fitted on a sample of so many training rows.
    note : str
        What was changed in it before it ran, or why it is not ``possible``.
    possible : bool
        Whether it can be run: False where there is not enough memory.
    """

    algorithm: str
    params: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    possible: bool = True

    @property
    def key(self) -> str:
        """A short name of the content."""
        text = json.dumps([self.algorithm, self.params], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def seed(self, base: int) -> int:
        """A 31-bit seed."""
        return _hashed(f"{base} {self.key}")


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") & 0x7FFFFFFF


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial: one line of the journal.

    Attributes
    ----------
    number : int
        1, 2, ... in the order of proposal.
    params : dict
        As they were fitted: with larger steps than proposed where the time of a boosting was short.
    status : str
        ``"Completed"``, ``"Failed"``, ``"TimedOut"``, ``"Pruned"`` (given up after its first split) or
        ``"Canceled"``.
    score : float or None
        Mean of the primary metric over the splits, as Azure averages scalar metrics.
    metrics : dict
        Mean over the splits of every metric; undefined ones are absent.
    rounds : list of int
        Boosting rounds that early stopping kept, of each split; empty where it does not apply.
    parts : list of int
        Numbers of the splits that were fitted, in the order of all that is given by split.
    rounds_run : list of int or None
        Boosting rounds that were run on each of these splits; empty where it does not apply.
    fit_s, predict_s, seconds : float
        Time inside ``fit``, inside ``predict``, and inside the processes that did the work: sums over the splits.
    started : float
        When it started, in seconds since 1970; 0 where it is not known.
    spans : list of [float, float]
        When the fit of each split began and its prediction ended, in seconds since 1970: splits may run side by side.
    peak_mb : float
        Peak resident memory of the process that ran it.
    cut_short : bool
        Whether the clock ended a boosting early: then another run may come to another model.
    kept : bool
        Whether the fitted learner of every split was written.
    proposed : str
        Key of the configuration that was proposed.
    row_ms : float or None
        Milliseconds a row of one of its learners, the mean over the splits, with a thousand rows at once; where it was
        measured.
    note : str
        What was changed in the configuration before it ran, and why: fewer rows for want of memory, say.
    error : dict or None
        ``type``, ``message`` and ``stage`` of a failure.
    """

    number: int
    algorithm: str
    params: dict[str, Any]
    pipeline: str
    status: str
    seed: int
    score: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    fold_scores: list[float | None] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    fit_s: float = 0.0
    predict_s: float = 0.0
    seconds: float = 0.0
    started: float = 0.0
    peak_mb: float = 0.0
    cut_short: bool = False
    error: dict[str, str] | None = None
    parts: list[int] = field(default_factory=list)
    rounds_run: list[int | None] = field(default_factory=list)
    kept: bool = False
    proposed: str = ""
    row_ms: float | None = None
    note: str = ""
    spans: list[list[float]] = field(default_factory=list)

    @property
    def config(self) -> Config:
        """The configuration that ran."""
        return Config(self.algorithm, self.params)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Fold:
    """What became of one split of a trial: JSON values.

    Attributes
    ----------
    part : int
        Number of the split.
    params : dict
        The parameters that were fitted.
    score : float or None
        The primary metric on the validation rows; None where it is undefined.
    rounds, rounds_run : int or None
        Boosting rounds that were kept, and that were run until the fit ended.
    kept : bool
        Whether the fitted learner was written.
    row_ms : float or None
        Milliseconds a row, where that was measured.
    began : float
        When its fit began, in seconds since 1970.
    """

    part: int
    params: dict[str, Any]
    pipeline: str
    score: float | None
    metrics: dict[str, float] = field(default_factory=dict)
    rounds: int | None = None
    rounds_run: int | None = None
    fit_s: float = 0.0
    predict_s: float = 0.0
    cut_short: bool = False
    kept: bool = False
    row_ms: float | None = None
    began: float = 0.0


def fit_fold(
    problem: Problem,
    config: Config,
    part: int,
    *,
    seed: int | None = None,
    threads: int = 1,
    deadline: float | None = None,
    rounds: int | None = None,
) -> tuple[Fold, Learner, np.ndarray]:
    """Fit a configuration on one split and predict its validation rows.

    Parameters
    ----------
    part : int
        Number of the split.
    seed : int or None
        The trial's; by default what the configuration makes of the problem's.
    deadline : float or None
        ``time.monotonic()`` at which boosting ends with the rounds that it has.
    rounds : int or None
        Boosting rounds after which the fit ends: ``rounds_run`` of a fit that is to be repeated.

    Raises
    ------
    ValueError
        The learner's predictions have another shape, or are not finite.
    """
    train, validation = (np.flatnonzero(problem.splits[:, part] == side) for side in (1, 0))
    learner = make_learner(problem, config, seed=seed, threads=threads, part=part)
    rows = sampled(problem, train, config)
    X, y, weights = problem.rows(rows)
    valid = problem.rows(validation)
    began, started = time.time(), time.perf_counter()
    # the first split decides on the size of the steps, the others follow it
    learner.fit(
        X, y, weights, valid=valid, deadline=deadline, adapt=part == 0 and rounds is None, most=rounds,
        groups=problem.together(rows),
    )  # fmt: skip
    fitted = time.perf_counter()
    predictions = checked(problem, predict(problem.task, learner, valid[0]), len(validation))
    done = time.perf_counter()
    scorer = problem.scorer()
    score = scorer.score(valid[1], predictions, valid[2])
    fold = Fold(
        part, learner.params, learner.pipeline_name, float(score) if np.isfinite(score) else None,
        average([scorer.all(valid[1], predictions, valid[2])]), learner.rounds_, learner.rounds_run_,
        fitted - started, done - fitted, learner.stop_reason_ == "deadline", began=began,
    )  # fmt: skip
    return fold, learner, predictions


def sampled(problem: Problem, rows: np.ndarray, config: Config) -> np.ndarray:
    """Those of the training rows that a configuration is fitted on: all, or ``params["rows"]`` of them.

    The same ones in every configuration of a run; of each class at least one.
    """
    wanted = config.params.get("rows", len(rows))
    if wanted >= len(rows):
        return rows
    order = np.random.default_rng(problem.seed).permutation(rows)
    chosen = order[:wanted]
    if problem.classes:
        classes, first = np.unique(problem.target[order], return_index=True)
        chosen = np.union1d(chosen, order[first[~np.isin(classes, problem.target[chosen])]])
    return np.sort(chosen)


def summary(folds: Sequence[Fold]) -> dict[str, Any]:
    """The fields of :class:`TrialResult` that its splits decide, in the order of the splits."""
    folds = sorted(folds, key=lambda fold: fold.part)
    scores = [fold.score for fold in folds]
    defined = [score for score in scores if score is not None]
    runs = [fold.rounds_run for fold in folds]
    timed = [fold.row_ms for fold in folds if fold.row_ms is not None]
    return {
        "params": folds[-1].params,
        "pipeline": folds[-1].pipeline,
        "score": float(np.mean(defined)) if defined else None,
        "metrics": average([fold.metrics for fold in folds]),
        "fold_scores": scores,
        "rounds": [fold.rounds for fold in folds if fold.rounds is not None],
        "parts": [fold.part for fold in folds],
        "rounds_run": runs if any(run is not None for run in runs) else [],
        "fit_s": sum(fold.fit_s for fold in folds),
        "predict_s": sum(fold.predict_s for fold in folds),
        "spans": [
            [round(fold.began, 3), round(fold.began + fold.fit_s + fold.predict_s, 3)] for fold in folds
        ],
        "cut_short": any(fold.cut_short for fold in folds),
        "kept": all(fold.kept for fold in folds),
        "row_ms": float(np.mean(timed)) if timed else None,
    }


def out_of_fold(problem: Problem, predictions: Mapping[int, np.ndarray]) -> np.ndarray:
    """The predictions of the splits, by number of split, joined.

    Returns
    -------
    float64 array, shape ``problem.out_of_fold_shape``
        NaN in rows that none of these splits validates; the mean where several do.
    """
    total, counts = np.zeros(problem.out_of_fold_shape), np.zeros(problem.features.rows)
    for part in sorted(predictions):
        rows = np.flatnonzero(problem.splits[:, part] == 0)
        total[rows] += predictions[part]
        counts[rows] += 1
    counts[counts == 0] = np.nan
    joined: np.ndarray = (total.T / counts).T
    return joined


def make_learner(
    problem: Problem,
    config: Config,
    *,
    seed: int | None = None,
    threads: int = 1,
    part: int = -1,
    rounds: int | None = None,
) -> Learner:
    """An unfitted learner for one split (``part``), or for all rows (-1), with fixed boosting rounds if given."""
    base = config.seed(problem.seed) if seed is None else seed
    return Learner(
        config.algorithm, problem.task, config.params, problem.features.schema, len(problem.classes),
        _hashed(f"{base} {part}"), threads, rounds,
    )  # fmt: skip


def refit(
    problem: Problem,
    config: Config,
    *,
    seed: int | None = None,
    threads: int = 1,
    rounds: int | None = None,
    rows: np.ndarray | None = None,
    deadline: float | None = None,
    most: int | None = None,
) -> Learner:
    """Fit a configuration on all rows, or on the given ones, with the boosting rounds that its splits found.

    At the ``deadline`` (``time.monotonic()``), or after ``most`` rounds, boosting ends with the rounds that it has.
    """
    learner = make_learner(problem, config, seed=seed, threads=threads, rounds=rounds)
    rows = np.arange(problem.features.rows) if rows is None else rows
    rows = sampled(problem, rows, config)
    X, y, weights = problem.rows(rows)
    return learner.fit(X, y, weights, deadline=deadline, most=most, groups=problem.together(rows))


def mean_rounds(rounds: list[int]) -> int | None:
    """Boosting rounds of a refit: the mean over the splits, rounded; None where it does not apply."""
    return max(1, round(sum(rounds) / len(rounds))) if rounds else None


def predict(task: str, learner: Any, features: Any) -> np.ndarray:
    """Probabilities of shape (n, C), or values of shape (n,)."""
    return learner.predict_proba(features) if task == "classification" else learner.predict(features)


def checked(problem: Problem, predictions: Any, rows: int) -> np.ndarray:
    """Predictions as an array of the right shape with finite values; ValueError where they are not."""
    values, shape = np.asarray(predictions, dtype=np.float64), (rows, *problem.out_of_fold_shape[1:])
    if values.shape != shape:
        raise ValueError(f"predictions of shape {values.shape} for {shape}")
    if bad := np.count_nonzero(~np.isfinite(values)):
        raise ValueError(f"{bad} of {values.size} predictions are not finite")
    return values


def average(tables: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric over the splits where it is defined; without those that are defined on none."""
    names = sorted({name for table in tables for name in table})
    means = {}
    for name in names:
        values = [table[name] for table in tables if name in table and np.isfinite(table[name])]
        if values:
            means[name] = float(np.mean(values))
    return means
