"""One trial: a configuration fitted on every split, its out-of-fold predictions and scores; and refits."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from automl_components.engine.learner import Learner
from automl_components.engine.problem import Problem


@dataclass(frozen=True)
class Config:
    """What a trial runs: an algorithm of the catalog and its parameters.

    The seed of a trial depends on the run's seed and on this content only: not on its number, nor on which process
    runs it.
    """

    algorithm: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A short name of the content."""
        text = json.dumps([self.algorithm, self.params], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def seed(self, base: int, *parts: int) -> int:
        """A 31-bit seed."""
        text = f"{base} {self.key} {parts}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") & 0x7FFFFFFF


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial: one line of the journal.

    Attributes
    ----------
    number : int
        1, 2, ... in the order of proposal.
    status : str
        ``"Completed"``, ``"Failed"``, ``"TimedOut"`` or ``"Canceled"``.
    score : float or None
        Mean of the primary metric over the splits, as Azure averages scalar metrics.
    metrics : dict
        Mean over the splits of every metric; undefined ones are absent.
    rounds : list
        Boosting rounds that early stopping kept, one a split; empty where it does not apply.
    fit_s, predict_s, seconds : float
        Time inside ``fit``, inside ``predict``, and from start to end.
    started : float
        When it started, in seconds since 1970; 0 where it is not known.
    peak_mb : float
        Peak resident memory of the process that ran it.
    cut_short : bool
        Whether the clock ended a boosting early: then another run may come to another model.
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

    @property
    def config(self) -> Config:
        """The configuration that ran."""
        return Config(self.algorithm, self.params)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return asdict(self)


def cross_validate(
    problem: Problem, config: Config, *, threads: int = 1, deadline: float | None = None
) -> tuple[dict[str, Any], np.ndarray]:
    """Fit a configuration on every split.

    Parameters
    ----------
    deadline : float or None
        ``time.monotonic()`` at which the last fit should stop and keep what it has, if it can; each split gets an
        equal share of the time that is left.

    Returns
    -------
    facts : dict
        The fields of :class:`TrialResult` that the work decides.
    predictions : float array, shape ``problem.out_of_fold_shape``
        NaN in rows that no split validates; the mean where several do.

    Raises
    ------
    ValueError
        The learner's predictions have another shape, or are not finite.
    """
    total = np.zeros(problem.out_of_fold_shape)
    counts = np.zeros(problem.features.rows)
    scorer, tables, scores, rounds = problem.scorer(), [], [], []
    fit_s = predict_s = 0.0
    pipeline, cut_short = "", False
    for number, (train, validation) in enumerate(problem.parts()):
        learner = make_learner(problem, config, threads=threads, part=number)
        X, y, weights = problem.rows(train)
        valid = problem.rows(validation)
        share = None
        if deadline is not None:
            now = time.monotonic()
            share = now + (deadline - now) / (problem.splits.shape[1] - number)
        started = time.perf_counter()
        learner.fit(X, y, weights, valid=valid, deadline=share)
        fitted = time.perf_counter()
        predictions = checked(problem, predict(problem.task, learner, valid[0]), len(validation))
        predict_s += time.perf_counter() - fitted
        fit_s += fitted - started
        total[validation] += predictions
        counts[validation] += 1
        tables.append(scorer.all(valid[1], predictions, valid[2]))
        scores.append(scorer.score(valid[1], predictions, valid[2]))
        pipeline = learner.pipeline_name
        if learner.rounds_ is not None:
            rounds.append(int(learner.rounds_))
        cut_short |= learner.stop_reason_ == "deadline"
    counts[counts == 0] = np.nan
    defined = [s for s in scores if np.isfinite(s)]
    facts = {
        "pipeline": pipeline,
        "score": float(np.mean(defined)) if defined else None,
        "metrics": average(tables),
        "fold_scores": [float(s) if np.isfinite(s) else None for s in scores],
        "rounds": rounds, "cut_short": cut_short, "fit_s": fit_s, "predict_s": predict_s,
    }  # fmt: skip
    return facts, (total.T / counts).T


def make_learner(
    problem: Problem, config: Config, *, threads: int, part: int = -1, rounds: int | None = None
) -> Learner:
    """An unfitted learner for one split (``part``), or for all rows (-1), with fixed boosting rounds if given."""
    return Learner(
        config.algorithm, problem.task, config.params, problem.features.schema, len(problem.classes),
        config.seed(problem.seed, part), threads, rounds,
    )  # fmt: skip


def refit(
    problem: Problem,
    config: Config,
    *,
    threads: int = 1,
    rounds: int | None = None,
    rows: np.ndarray | None = None,
    deadline: float | None = None,
) -> Learner:
    """Fit a configuration on all rows, or on the given ones, with the boosting rounds that its splits found.

    At the ``deadline`` (``time.monotonic()``) boosting ends with the rounds that it has.
    """
    learner = make_learner(problem, config, threads=threads, rounds=rounds)
    X, y, weights = problem.rows(np.arange(problem.features.rows) if rows is None else rows)
    return learner.fit(X, y, weights, deadline=deadline)


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


def average(tables: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric over the splits where it is defined."""
    names = sorted({name for table in tables for name in table})
    means = {}
    for name in names:
        values = [table[name] for table in tables if name in table and np.isfinite(table[name])]
        if values:
            means[name] = float(np.mean(values))
    return means
