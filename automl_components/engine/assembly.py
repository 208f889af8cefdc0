"""From trials to one model: ensembles, the choice among them, and members fitted again on all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from automl_components.core.errors import NoModelError, SettingsError, nearest
from automl_components.core.events import emit
from automl_components.engine import ensemble as ensembles
from automl_components.engine.budget import best_within, refit_seconds
from automl_components.engine.ensemble import Candidate, Ensemble
from automl_components.engine.problem import Problem
from automl_components.engine.scoring import primary_metric
from automl_components.engine.trial import TrialResult, mean_rounds
from automl_components.engine.workers import Pool


@dataclass(frozen=True)
class Recipe:
    """Which ensembles are wanted, or which single trial.

    Attributes
    ----------
    vote, stack : bool
    iterations : int or None
        Members of the voting ensemble at most, repeats counted.
    meta_type : str or None
        Azure's name of the stack's second layer; None for the task's default.
    meta_share : float
        Share of the training rows kept for it where there is a single split.
    meta_kwargs : mapping
    trial : int or None
        Take this trial alone.
    metric : str or None
        Take the best trial by this metric alone.
    """

    vote: bool = True
    stack: bool = True
    iterations: int | None = None
    meta_type: str | None = None
    meta_share: float = 0.2
    meta_kwargs: Mapping[str, Any] = field(default_factory=dict)
    trial: int | None = None
    metric: str | None = None

    @property
    def single(self) -> bool:
        """Whether one trial alone is wanted."""
        return self.trial is not None or self.metric is not None


class Assembly:
    """Makes one model of finished trials.

    Parameters
    ----------
    problem : Problem
        Shared with ``pool``.
    results : mapping of trial number to TrialResult
        Completed trials.
    candidates : sequence of Candidate
        The same trials with their out-of-fold predictions.
    pool : Pool
        Fits the members, so that a crash is contained.
    threads : int
    seconds : float
        Time left for the members' fits.
    """

    def __init__(
        self,
        problem: Problem,
        results: Mapping[int, TrialResult],
        candidates: Sequence[Candidate],
        pool: Pool,
        *,
        threads: int = 1,
        seconds: float = float("inf"),
    ) -> None:
        self.problem, self.results, self.candidates = problem, results, candidates
        self.pool, self.threads, self.seconds = pool, threads, seconds
        self.costs = refit_seconds(problem, results)
        self.failed: dict[int, str] = {}

    def run(self, recipe: Recipe) -> tuple[Ensemble, list[Any], list[Ensemble]]:
        """The chosen model, its fitted members, and every ensemble that was made.

        Raises
        ------
        SettingsError
            The trial that was asked for is not there.
        NoModelError
            Not one of the members could be fitted again.
        """
        made = [] if recipe.single else list(self._ensembles(recipe))
        options = self._wanted(recipe) if recipe.single else [*self._singles(), *made]
        metric = primary_metric(recipe.metric or self.problem.primary_metric, self.problem.task)
        while options := [one for one in options if not self.failed.keys() & set(one.members)]:
            chosen = best_within(
                options,
                lambda one: metric.sign(one.metrics.get(metric.name, one.score)),
                self.costs,
                self.seconds,
            )
            learners = [self._fit_again(number) for number in chosen.members]
            if None not in learners:
                return chosen, learners, made
        raise NoModelError(
            "no trial could be fitted again on all rows: "
            + "; ".join(f"trial {n}: {text}" for n, text in self.failed.items())
        )

    def _singles(self) -> list[Ensemble]:
        return [
            Ensemble("trial", (c.number,), (1.0,), c.predictions, c.score, self.results[c.number].metrics)
            for c in self.candidates
        ]

    def _wanted(self, recipe: Recipe) -> list[Ensemble]:
        singles = self._singles()
        if recipe.trial is None:
            return singles
        found = [single for single in singles if single.members == (recipe.trial,)]
        if not found:
            known = nearest(str(recipe.trial), [str(c.number) for c in self.candidates])
            raise SettingsError(f"selection.trial: no completed trial {recipe.trial}{known}")
        return found

    def _ensembles(self, recipe: Recipe) -> list[Ensemble]:
        """The ensembles that are wanted and affordable; none of a single candidate."""
        if len(self.candidates) < 2 or not (recipe.vote or recipe.stack):
            return []
        vote = self._vote(recipe, list(self.candidates))
        stack = (
            self._stack(recipe, [c for c in self.candidates if c.number in vote.members])
            if recipe.stack
            else None
        )
        return [one for one in (vote if recipe.vote else None, stack) if one is not None]

    def _vote(self, recipe: Recipe, candidates: list[Candidate]) -> Ensemble:
        """The best voting ensemble without members that there is no time to fit again."""
        vote = ensembles.vote(self.problem, candidates, iterations=recipe.iterations)
        if len(vote.members) < 2 or sum(self.costs[number] for number in vote.members) <= self.seconds:
            return vote
        dearest = max(vote.members, key=lambda number: self.costs[number])
        return self._vote(recipe, [c for c in candidates if c.number != dearest])

    def _stack(self, recipe: Recipe, members: list[Candidate]) -> Ensemble | None:
        problem, holdout = self.problem, self.problem.splits.shape[1] == 1
        make_meta = partial(
            ensembles.meta_learner, problem.task, recipe.meta_type, dict(recipe.meta_kwargs),
            cross_validated=not holdout, seed=problem.seed,
        )  # fmt: skip
        if not holdout:
            return ensembles.stack(problem, members, make_meta)
        cost = sum(self.costs[member.number] for member in members)
        if cost * (2 - recipe.meta_share) > self.seconds:
            emit(
                "note", "no stack ensemble: fitting its members twice does not fit into the time that is left"
            )
            return None
        self.seconds -= cost * (1 - recipe.meta_share)
        try:
            return ensembles.stack_holdout(problem, members, make_meta, recipe.meta_share, self._partial_fit)
        except _RefitError as error:
            emit("note", f"no stack ensemble: {error}")
            return None

    def _fit_again(self, number: int) -> Any:
        """The trial's configuration fitted on all rows; None, and noted, when that fails."""
        from skops import io

        out = self.pool.folder / f"refit-{number}.skops"
        try:
            self._refit(number, out=out)
        except _RefitError as error:
            emit("note", f"warning: {error}")
            self.failed[number] = str(error)
            return None
        return io.load(out, trusted=io.get_untrusted_types(file=out))  # our own worker has just written it

    def _partial_fit(self, number: int, train: np.ndarray, predict: np.ndarray) -> np.ndarray:
        """Fitted on some rows, predictions for others (positions)."""
        paths = {name: self.pool.folder / f"{name}.npy" for name in ("rows", "predict", "out")}
        np.save(paths["rows"], train)
        np.save(paths["predict"], predict)
        self._refit(number, **paths)
        predictions: np.ndarray = np.load(paths["out"])
        return predictions

    def _refit(self, number: int, **where: Path) -> None:
        result = self.results[number]
        request = {
            "kind": "refit", "algorithm": result.algorithm, "params": result.params, "threads": self.threads,
            "rounds": mean_rounds(result.rounds), **{name: str(path) for name, path in where.items()},
        }  # fmt: skip
        reply = self.pool.run(request)
        if reply.status != "Completed":
            cause = (reply.error or {}).get("message", reply.status)
            raise _RefitError(f"trial {number} ({result.pipeline}) could not be fitted again: {cause}")


class _RefitError(Exception):
    """A member could not be fitted again; the caller goes on without it."""


def named(chosen: Ensemble) -> str:
    """In words.

    >>> named(Ensemble("voting_ensemble", (1, 4), (0.5, 0.5), np.zeros(1), 0.9))
    'voting_ensemble of trials 1, 4'
    """
    numbers = ", ".join(map(str, chosen.members))
    return f"trial {numbers}" if chosen.kind == "trial" else f"{chosen.kind} of trials {numbers}"
