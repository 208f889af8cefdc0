"""From trials to one model: ensembles, the choice among them, and their members' models."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_components.core.errors import NoModelError, SettingsError, nearest
from automl_components.core.events import emit
from automl_components.engine import ensemble as ensembles
from automl_components.engine import voting
from automl_components.engine.bag import Bag
from automl_components.engine.budget import best_within, refit_seconds
from automl_components.engine.ensemble import Candidate, Ensemble
from automl_components.engine.keeping import Keeping, too_large
from automl_components.engine.latency import Latency
from automl_components.engine.problem import Problem
from automl_components.engine.scoring import primary_metric
from automl_components.engine.trial import TrialResult, mean_rounds
from automl_components.engine.workers import Pool

if TYPE_CHECKING:
    from automl_components.engine.learner import Learner

SLACK = 5.0
"""Seconds beyond twice what a fit should take, before it is given up although the time is up."""


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
    meta_share : float or None
        Share of a single split's training rows that are kept for it; None to train it on the validation rows.
    meta_kwargs : mapping
    trial : int or None
        Take this trial alone.
    metric : str or None
        Take the best trial by this metric alone.
    refit : str
        ``"auto"``, ``"never"`` or ``"always"``: whether members are fitted again on all rows.
    """

    vote: bool = True
    stack: bool = True
    iterations: int | None = None
    meta_type: str | None = None
    meta_share: float | None = None
    meta_kwargs: Mapping[str, Any] = field(default_factory=dict)
    trial: int | None = None
    metric: str | None = None
    refit: str = "auto"

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
    learners : callable (trial number) -> list of Learner
        The learners of a trial's splits; empty where they were not kept.
    sizes : callable (trial number) -> int
        Bytes of their files.
    open_pool : callable () -> Pool
        Called once, when a member has to be fitted again; so that a crash is contained.
    most : int
        Trials that an ensemble looks at, at most.
    latency : Latency or None
        The limit on the time that the model may take for a row.
    threads : int
    seconds : float
        Time left, from now on, for ensembles and the members' fits.
    script : mapping or None
        ``executed`` of an earlier assembly of the same trials, which is repeated whatever it had time for.

    Attributes
    ----------
    refit_s : float
        Seconds inside the fits of members so far.
    refit : dict
        Which members of the model were fitted again, which not, and why: JSON values.
    executed : dict
        What it did, as JSON values: ``considered``, the trials that the ensembles were chosen from; ``made``, the kinds
        of ensembles; ``kind`` and ``members`` of the model; ``as_validated``, the members that keep the learners of
        their splits; and ``rounds``, the boosting rounds of the others' fits.
    """

    def __init__(
        self,
        problem: Problem,
        results: Mapping[int, TrialResult],
        candidates: Sequence[Candidate],
        learners: Callable[[int], list[Learner]],
        open_pool: Callable[[], Pool],
        *,
        sizes: Callable[[int], int] = lambda number: 0,
        most: int = voting.POOL,
        latency: Latency | None = None,
        threads: int = 1,
        seconds: float = float("inf"),
        script: Mapping[str, Any] | None = None,
    ) -> None:
        self.problem, self.results, self.candidates = problem, results, candidates
        self.learners, self.open_pool, self.most, self.sizes = learners, open_pool, most, sizes
        self.threads, self.ends = threads, time.monotonic() + seconds
        self.refits = refit_seconds(problem, results)
        self.costs = {n: 0.0 if results[n].kept else seconds for n, seconds in self.refits.items()}
        self.fitted: dict[int, Any] = {}
        self.failed: dict[int, str] = {}
        self.kept: dict[int, str] = {}
        self.refit_s = 0.0
        self.refit: dict[str, Any] = {}
        self.latency, self.script = latency, script
        self.executed: dict[str, Any] = {"considered": [], "made": [], "as_validated": [], "rounds": {}}

    @cached_property
    def pool(self) -> Pool:
        """Opened when it is needed."""
        return self.open_pool()

    @property
    def left(self) -> float:
        """Seconds left; 0 when the time is up."""
        return max(0.0, self.ends - time.monotonic())

    def run(self, recipe: Recipe) -> tuple[Ensemble, list[Any], list[Ensemble]]:
        """The chosen model, its fitted members, and every ensemble that was made.

        Raises
        ------
        SettingsError
            The trial that was asked for is not there, or no trial has the metric that was asked for.
        NoModelError
            Not one of the members could be fitted again.
        """
        candidates = self._wanted(recipe)
        while candidates:
            self.executed["considered"] = []
            made = [] if recipe.single else self._ensembles(recipe, candidates)
            options = self._quick(recipe, candidates, self._options(candidates, made))
            chosen = self._scripted([*map(self._single, candidates), *made]) or best_within(
                options, self._worth(recipe, bool(made)), self.costs, self.left
            )
            keeping = Keeping(self.problem.bags, recipe.refit, too_large(chosen.members, self.sizes))
            if all(self._member(number, keeping) for number in self._by_weight(chosen)):
                self.refit = self._told(chosen, keeping)
                if self.script is None:
                    self._tell_passed_over(options, chosen, self._worth(recipe, bool(made)))
                self.executed |= {
                    "made": [one.kind for one in made], "kind": chosen.kind, "members": list(chosen.members)
                }  # fmt: skip
                return chosen, [self.fitted[number] for number in chosen.members], made
            candidates = [c for c in candidates if c.number not in self.failed]
        raise NoModelError(
            "no trial could be fitted again on all rows: "
            + ("; ".join(self.failed.values()) or "no trial was completed")
        )

    def _options(self, candidates: Sequence[Candidate], made: Sequence[Ensemble]) -> list[Ensemble]:
        """The models to choose from: a cross-fitted vote of several has been held against single trials already."""
        if any(one.details.get("crossfitted") and len(one.members) > 1 for one in made):
            return list(made)
        return [*map(self._single, candidates), *made]

    def _scripted(self, options: Sequence[Ensemble]) -> Ensemble | None:
        """The model that is to be repeated; None without a script."""
        if self.script is None:
            return None
        wanted = (self.script["kind"], self.script["members"])
        for one in options:
            if (one.kind, list(one.members)) == wanted:
                return one
        emit(
            "note", "warning: other ensembles came out than in the run that is repeated; the best one is taken",
            level=logging.WARNING,
        )  # fmt: skip
        return None

    def _quick(
        self, recipe: Recipe, candidates: Sequence[Candidate], options: list[Ensemble]
    ) -> list[Ensemble]:
        """Those that predict quickly enough, else such trials; where there is none, the quickest one, and a warning."""
        if self.latency is None or recipe.trial is not None:
            return options
        quick = [one for one in options if self.latency.meets(one.members)]
        options = [*map(self._single, candidates), *options]
        quick = quick or [one for one in options if self.latency.meets(one.members)]
        if not quick:
            quick = [min(options, key=lambda one: self.latency.of(one.members))]  # type: ignore[union-attr]
            emit(
                "note",
                f"warning: no trial predicts a row in {self.latency.limit:g} ms; {named(quick[0])}, the quickest, "
                f"takes {self.latency.of(quick[0].members):.3g} ms: raise limits.max_prediction_ms_per_row, or allow "
                "quicker algorithms in training.allowed_training_algorithms",
                level=logging.WARNING,
            )
        return quick

    def _tell_passed_over(
        self, options: Sequence[Ensemble], chosen: Ensemble, worth: Callable[[Ensemble], float]
    ) -> None:
        """Warn where a better model was left for want of time."""
        best = max(options, key=worth)
        if worth(best) > worth(chosen):
            emit(
                "note",
                f"warning: {named(best)} is better ({best.score:.5f}) than {named(chosen)} ({chosen.score:.5f}), but "
                f"there is no time left to fit it on all rows: give a longer timeout and start the same run again",
                level=logging.WARNING,
            )

    def _single(self, one: Candidate) -> Ensemble:
        return Ensemble(
            "trial", (one.number,), (1.0,), one.predictions, one.score, self.results[one.number].metrics
        )

    def _wanted(self, recipe: Recipe) -> list[Candidate]:
        """The trials that may be chosen."""
        if recipe.trial is not None:
            found = [c for c in self.candidates if c.number == recipe.trial]
            if not found:
                known = nearest(str(recipe.trial), [str(c.number) for c in self.candidates])
                raise SettingsError(f"selection.trial: no completed trial {recipe.trial}{known}")
            return found
        if recipe.metric is not None:
            name = primary_metric(recipe.metric, self.problem.task).name
            found = [c for c in self.candidates if name in self.results[c.number].metrics]
            if self.candidates and not found:
                raise SettingsError(
                    f"selection.metric: no trial has a value of {name}; choose another metric"
                )
            return found
        return list(self.candidates)

    def _worth(self, recipe: Recipe, compared: bool) -> Callable[[Ensemble], float]:
        """How good a model is, greater is better.

        Where several splits validate a row, out-of-fold predictions are means over several fits and so better than
        those of one fit: single trials are then judged by them, too, when they are compared with ensembles.
        """
        metric = primary_metric(recipe.metric or self.problem.primary_metric, self.problem.task)
        repeated = compared and bool(((self.problem.splits == 0).sum(axis=1) > 1).any())

        def worth(one: Ensemble) -> float:
            if recipe.metric is not None:
                return metric.sign(one.metrics[metric.name])
            score = ensembles.primary_score(self.problem, one.predictions) if repeated else one.score
            return metric.sign(score) if np.isfinite(score) else -np.inf

        return worth

    def _ensembles(self, recipe: Recipe, candidates: Sequence[Candidate]) -> list[Ensemble]:
        """The ensembles that are wanted and affordable; none of a single candidate."""
        near = [c for c in candidates if self.costs[c.number] <= self.left]
        if self.script is not None:
            near = [c for c in candidates if c.number in self.script["considered"]]
        if self.latency is not None:
            slow = [c.number for c in near if not self.latency.meets([c.number])]
            near = [c for c in near if c.number not in slow]
            if slow:
                numbers = ", ".join(map(str, slow))
                emit(
                    "note",
                    f"too slow for {self.latency.limit:g} ms a row, so in no ensemble: trials {numbers}",
                )
        if len(near) < 2 or not (recipe.vote or recipe.stack):
            return []
        vote = self._vote(recipe, near)
        if (
            len(vote.members) == 1
        ):  # no mix is better than that trial: then it is that trial, to the last digit
            alone = self._single(next(c for c in near if c.number == vote.members[0]))
            vote = replace(vote, predictions=alone.predictions, score=alone.score, metrics=alone.metrics)
        members = [c for c in near if c.number in vote.members]
        stacks = recipe.stack and (self.script is None or "stack_ensemble" in self.script["made"])
        stack = self._stack(recipe, members) if stacks else None
        return [one for one in (vote if recipe.vote else None, stack) if one is not None]

    def _vote(self, recipe: Recipe, candidates: Sequence[Candidate]) -> Ensemble:
        """The best voting ensemble without members that there is no time for, to fit them again or to predict."""
        self.executed["considered"] = [c.number for c in candidates]
        vote = voting.vote(self.problem, candidates, iterations=recipe.iterations, most=self.most)
        costs = self.costs
        if len(vote.members) < 2:
            return vote
        if sum(costs[number] for number in vote.members) <= self.left:
            if self.latency is None or self.latency.meets(vote.members):
                return vote
            costs = dict(self.latency.members)
        dearest = max(vote.members, key=lambda number: costs[number])
        return self._vote(recipe, [c for c in candidates if c.number != dearest])

    def _stack(self, recipe: Recipe, members: list[Candidate]) -> Ensemble | None:
        problem = self.problem
        holdout = problem.splits.shape[1] == 1 and recipe.meta_share is not None
        make_meta = partial(
            ensembles.meta_learner, problem.task, recipe.meta_type, dict(recipe.meta_kwargs),
            cross_validated=not holdout, seed=problem.seed, variance=float(np.var(problem.target)),
        )  # fmt: skip
        if (cost := ensembles.stack_seconds(problem, len(members))) > self.left:
            emit("note", f"no stack ensemble: it may take {cost:.0f} s, and {self.left:.1f} s are left")
            return None
        try:
            if not holdout:
                return ensembles.stack(problem, members, make_meta)
            return self._stack_holdout(recipe, members, make_meta)
        except ensembles.StackError as error:
            if recipe.meta_kwargs:
                raise SettingsError(f"stack_meta_learner_kwargs: {error}") from error
            emit("note", f"no stack ensemble: {error}")
        except _RefitError as error:
            emit("note", f"no stack ensemble: {error}")
        return None

    def _stack_holdout(
        self, recipe: Recipe, members: Sequence[Candidate], make_meta: Callable[[], Any]
    ) -> Ensemble | None:
        assert recipe.meta_share is not None
        cost = sum(self.refits[member.number] for member in members)
        if cost * (2 - recipe.meta_share) > self.left:
            emit("note", "no stack ensemble: there is no time left to fit its members twice")
            return None
        return ensembles.stack_holdout(self.problem, members, make_meta, recipe.meta_share, self._partial_fit)

    def _by_weight(self, chosen: Ensemble) -> list[int]:
        """Members, the weightiest first: for the others there may be no time to fit them again."""
        pairs = zip(chosen.weights, chosen.members, strict=True)
        return [number for _, number in sorted(pairs, key=lambda pair: (-pair[0], pair[1]))]

    def _member(self, number: int, keeping: Keeping) -> bool:
        """Get a member's model: the learners of its splits, or a fit on all rows; False, and noted, without one."""
        if number in self.fitted:
            return True
        if self.results[number].kept:
            why = self._scripted_why(number) if self.script else keeping.why(number)
            if not why and not self.script and self.refits[number] > self.left:
                why = "no time to fit it on all rows"
                emit("note", f"trial {number}: {why}; it stays as it was validated")
            if why:
                return self._as_validated(number, why)
        return self._fit_again(number)

    def _as_validated(self, number: int, why: str) -> bool:
        """Take the learners that the search has kept."""
        learners = self.learners(number)
        # of other splits than folds the last: where they are in the order of time, it has seen most
        self.fitted[number] = Bag(learners) if self.problem.bags else learners[-1]
        self.kept[number] = why
        self.executed["as_validated"].append(number)
        return True

    def _scripted_why(self, number: int) -> str:
        assert self.script is not None
        return "as in the run that is repeated" if number in self.script["as_validated"] else ""

    def _told(self, chosen: Ensemble, keeping: Keeping) -> dict[str, Any]:
        again = [number for number in chosen.members if number not in self.kept]
        reasons = [self.kept[number] for number in chosen.members if number in self.kept]
        reasons += [keeping.why_not(number) for number in again]
        return {
            "setting": keeping.refit, "again": again,
            "kept": [number for number in chosen.members if number in self.kept],
            "reason": "; ".join(dict.fromkeys(reasons)),
        }  # fmt: skip

    def _fit_again(self, number: int) -> bool:
        """Fit the trial's configuration on all rows; False, and noted, when that fails."""
        from skops import io

        out = self.pool.folder / f"refit-{number}.skops"
        try:
            self._refit(number, out=out)
        except _RefitError as error:
            if self.results[number].kept:
                emit("note", f"{error}; it stays as it was validated")
                return self._as_validated(number, "the fit on all rows failed")
            emit("note", f"warning: {error}", level=logging.WARNING)
            self.failed[number] = str(error)
            return False
        # our own worker has just written it
        self.fitted[number] = io.load(out, trusted=io.get_untrusted_types(file=out))
        self.costs[number] = self.refits[number] = 0.0
        return True

    def _partial_fit(self, number: int, train: np.ndarray, predict: np.ndarray) -> np.ndarray:
        """Fitted on some rows, predictions for others (positions)."""
        paths = {name: self.pool.folder / f"{name}.npy" for name in ("rows", "predict", "out")}
        np.save(paths["rows"], train)
        np.save(paths["predict"], predict)
        self._refit(number, **paths)
        predictions: np.ndarray = np.load(paths["out"])
        return predictions

    def _refit(self, number: int, **where: Path) -> None:
        result, most = self.results[number], None
        if self.script is not None and "predict" not in where:
            most = self.script["rounds"].get(str(number))
        request = {
            "kind": "refit", "algorithm": result.algorithm, "params": result.params, "seed": result.seed,
            "threads": self.threads, "rounds": mean_rounds(result.rounds),
            "most": most, **{name: str(path) for name, path in where.items()},
        }  # fmt: skip
        enough = max(
            self.left, 2 * self.refits[number] + SLACK
        )  # the last resort is fitted after the end, too
        reply = self.pool.run(request, seconds=None if np.isinf(enough) else enough)
        self.refit_s += reply.facts.get("fit_s", 0.0)
        if reply.facts.get("rounds_run") is not None and "predict" not in where:
            self.executed["rounds"][str(number)] = reply.facts["rounds_run"]
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
