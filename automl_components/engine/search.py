"""The search: a portfolio first, then configurations near and far of those that did well; split by split."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from automl_components.algorithms import Algorithm
from automl_components.core.errors import RunError
from automl_components.engine.plan import Plan
from automl_components.engine.problem import Problem
from automl_components.engine.proposals import Proposals
from automl_components.engine.race import Race
from automl_components.engine.stopping import GAIN, SearchLimits, verdict
from automl_components.engine.trial import Config, Fold, TrialResult, out_of_fold, summary
from automl_components.engine.workers import Pool, Reply

HARD = 1.5
"""How many times its slot a fit that does not look at the clock may take."""
MISSES = 12
"""Configurations for which there was no time, after which the search ends."""
ROOM = 0.7
"""A trial goes on after its first split when at least this share of what the others should take is left."""
DEAR = 0.1
"""Share of the time left above which a trial's other splits must make the mixture of all trials better."""


class Store(Protocol):
    """Where a search keeps what its trials make; a stage decides on the files."""

    def place(self, number: int, part: int) -> dict[str, Any]:
        """What to tell a worker of where predictions and learner of a split go."""

    def folds(self, number: int, key: str) -> list[Fold]:
        """Splits of an unfinished trial that an interrupted process has finished."""

    def keep_fold(self, number: int, key: str, fold: Fold) -> None:
        """Remember that a split is done."""

    def predictions(self, number: int, part: int) -> np.ndarray:
        """Predictions of a split for its validation rows."""

    def keep(self, number: int, predictions: np.ndarray) -> None:
        """Keep a completed trial's out-of-fold predictions."""

    def out_of_fold(self, number: int) -> np.ndarray:
        """The same, given back."""


@dataclass(eq=False)
class _Trial:
    """A trial that is running."""

    number: int
    config: Config
    seed: int
    parts: Sequence[int]
    rounds: Mapping[int, int]
    done: dict[int, Fold] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    goes_on: bool = False
    began: float = 0.0
    started: float = 0.0
    seconds: float = 0.0
    peak: float = 0.0
    failure: tuple[str, dict[str, str]] | None = None


class Search:
    """A search that can be repeated: driven by trial numbers, not by the clock nor by who works.

    What trial number n is depends on the seed, the plan and the results of trials up to n - ``lag``; whether it is
    given up after its first split, on all trials before it. The clock decides only how many trials there are, and,
    where it is short, with how large steps a boosting goes on. No configuration runs twice.

    Parameters
    ----------
    problem : Problem
    algorithms : sequence of Algorithm
        Those that take part.
    plan : Plan
    limits : SearchLimits
    store : Store
    proposals : Proposals
        Where configurations come from.
    finished : sequence of TrialResult
        Results of an earlier, interrupted process; they are not trained again, and the time that they took is
        part of the limit.

    Raises
    ------
    RunError
        Other configurations come up than in the interrupted process, so that it cannot be continued.
    """

    def __init__(
        self,
        problem: Problem,
        algorithms: Sequence[Algorithm],
        plan: Plan,
        limits: SearchLimits,
        store: Store,
        proposals: Proposals,
        finished: Sequence[TrialResult] = (),
    ) -> None:
        self.problem, self.algorithms, self.plan, self.limits = problem, list(algorithms), plan, limits
        self.store, self.proposals = store, proposals
        self.metric = problem.scorer().metric
        self.results = {result.number: result for result in finished if result.number <= limits.max_trials}
        self.spent = sum(result.seconds for result in finished)
        self.stop_reason = ""
        self.parts = problem.splits.shape[1]
        self.absent = proposals.absent(limits.max_trials)
        self.race = Race(problem) if plan.race and proposals.races else None
        self._raced, self._misses, self._resolved_now = 0, 0, False
        self._gains: set[int] = set()
        self._open: dict[int, _Trial] = {}
        self._check_finished()

    def _check_finished(self) -> None:
        number = 0
        while (number := number + 1) in self.results:
            found, config = self.results[number], self._propose(number)
            if found.proposed and (config is None or config.key != found.proposed):
                now = "nothing" if config is None else config.algorithm
                raise RunError(
                    f"the interrupted search cannot be continued: its trial {number} was {found.algorithm}, now it "
                    f"would be {now} with other parameters; install the package versions that were there before, "
                    "or start anew"
                )

    def run(
        self,
        pool: Pool,
        on_result: Callable[[TrialResult], None],
        on_start: Callable[[int, Config], None] = lambda number, config: None,
        *,
        elapsed: float = 0.0,
    ) -> list[TrialResult]:
        """Run trials until a limit is reached.

        Parameters
        ----------
        pool : Pool
            Attached to the same problem.
        on_result, on_start : callable
            Called in this process, for each new result and for each trial that starts.
        elapsed : float
            Seconds of the limit that this process has used before.

        Returns
        -------
        list of TrialResult
            Old and new, by number; the reason of the end is in ``stop_reason``.
        """
        self._tell_result, self._tell_start = on_result, on_start
        began = time.monotonic() - elapsed - self.spent / pool.workers
        while not (reason := self._stop()):
            left, self._resolved_now = self._left(time.monotonic() - began), False
            unit = self._next(left) if left > 0 and pool.idle else None
            if unit is not None:
                pool.wait_ready()  # starting a process is no part of a trial's time
                self._submit(pool, *unit, self._left(time.monotonic() - began))
            elif self._resolved_now:
                continue
            elif pool.busy:  # also when the time is up: what runs knows that, and is given a moment to end
                self._take(pool.wait())
            else:
                reason = self._ended(left)
                break
        pool.cancel()
        self._salvage()
        self.stop_reason = reason
        return [self.results[number] for number in sorted(self.results)]

    def _next(self, left: float) -> tuple[_Trial, int] | None:
        """The split to fit next, of the earliest trial that has one."""
        lowest = self._lowest()
        for number in range(lowest, min(lowest + self.proposals.lag, self.limits.max_trials + 1)):
            if number in self.results or number in self.absent:
                continue
            trial = self._trial(number)
            if trial is None or self._misses >= MISSES:
                break
            part = self._next_part(trial, lowest, left)
            if self._resolved_now:
                return None
            if part is not None:
                return trial, part
        return None

    def _lowest(self) -> int:
        """The first number without a result."""
        number = 1
        while number in self.results or number in self.absent:
            number += 1
        return number

    def _propose(self, number: int) -> Config | None:
        return self.proposals.propose(number, self.results)

    def _trial(self, number: int) -> _Trial | None:
        if number not in self._open:
            config = self._propose(number)
            if config is None:
                return None
            trial = _Trial(
                number, config, self.proposals.seed(number, config),
                self.proposals.parts(number) or range(self.parts), self.proposals.rounds(number),
                {fold.part: fold for fold in self.store.folds(number, config.key)},
            )  # fmt: skip
            self._open[number] = trial
            if not config.possible:
                error = {"type": "NoMemory", "stage": "plan", "message": config.note}
                self._resolve(trial, "Canceled", error)
            elif len(trial.done) == len(trial.parts):
                self._complete(trial)
        return self._open.get(number)

    def _next_part(self, trial: _Trial, lowest: int, left: float) -> int | None:
        """A split that is neither done nor running; the first one goes ahead of the others."""
        waiting = [part for part in trial.parts if part not in trial.done and part not in trial.running]
        if trial.failure or not waiting:
            return None
        if not trial.done and not trial.running:
            if (cost := self._cost(trial.config.algorithm)) * ROOM > left:
                text = f"{trial.config.algorithm} takes {cost:.1f} s, {left:.1f} s are left"
                self._resolve(trial, "Canceled", {"type": "NoTime", "stage": "fit", "message": text})
                self._misses += 1
                return None
            return waiting[0]
        if not trial.goes_on:
            if not trial.done or (self.race is not None and trial.number > lowest):
                return None
            if not self._goes_on(trial, left):
                return None
            trial.goes_on = True
        return waiting[0]

    def _cost(self, algorithm: str) -> float:
        """Wall seconds that a trial of an algorithm takes, by its quickest one so far; 0 where there is none."""
        seen = [
            r.fit_s for r in self.results.values() if r.algorithm == algorithm and r.status == "Completed"
        ]
        return min(seen, default=0.0) / self.plan.workers

    def _goes_on(self, trial: _Trial, left: float) -> bool:
        """Whether a trial is worth, and has time for, the splits after its first."""
        first = trial.done[trial.parts[0]]
        others = first.fit_s * (len(trial.parts) - len(trial.done)) / self.plan.workers
        if others * ROOM > left:
            text = f"no time for the other {len(trial.parts) - len(trial.done)} splits"
            self._resolve(trial, "Canceled", {"type": "NoTime", "stage": "fit", "message": text})
        elif self.race is not None and not self._wins(trial, dear=others > DEAR * left):
            text = f"given up after the first split (score {first.score})"
            self._resolve(trial, "Pruned", {"type": "Pruned", "stage": "score", "message": text})
        else:
            return True
        return False

    def _wins(self, trial: _Trial, *, dear: bool) -> bool:
        assert self.race is not None
        self._follow(self.race, trial.number - 1)
        first = self.store.predictions(trial.number, 0)
        return self.race.goes_on(trial.done[0].score, first, dear=dear)

    def _follow(self, race: Race, last: int) -> None:
        """Let the race know the results up to a number, and note which of them made the mixture better."""
        while (number := self._raced + 1) <= last:
            if self.results[number].status == "Completed":
                predictions = self.store.out_of_fold(number)[race.validation]
                if race.add(self.results[number].fold_scores, predictions) > GAIN:
                    self._gains.add(number)
            self._raced = number

    def _submit(self, pool: Pool, trial: _Trial, part: int, left: float) -> None:
        if not trial.began:
            trial.began = time.monotonic()
            self._tell_start(trial.number, trial.config)
        if 0 in trial.done:  # with the steps that the first split took
            trial.config = replace(trial.config, params=trial.done[0].params)
        request = {
            "kind": "fold", "number": trial.number, "part": part, "algorithm": trial.config.algorithm,
            "params": trial.config.params, "seed": trial.seed, "threads": self.plan.threads,
            "rounds": trial.rounds.get(part),
            "timed": self.limits.row_ms is not None, **self.store.place(trial.number, part),
        }  # fmt: skip
        slot = self._seconds(trial, left)
        pool.submit(request, seconds=slot, at_most=None if slot is None else min(left, HARD * slot))
        trial.running.add(part)

    def _seconds(self, trial: _Trial, left: float) -> float | None:
        """Time for one split of a trial: its share of what the trial may use."""
        slots = [left * self.plan.slot if trial.number < self.limits.max_trials else left]
        if self.limits.trial_seconds is not None:
            slots.append(trial.began + self.limits.trial_seconds - time.monotonic())
        waves = -(-(len(trial.parts) - len(trial.done)) // self.plan.workers)
        slot = min(slots) / max(1, waves)
        return None if slot == float("inf") else max(0.1, slot)

    def _take(self, reply: Reply) -> None:
        """A split has ended."""
        request = reply.request
        trial, part = self._open[request["number"]], request["part"]
        trial.running.discard(part)
        trial.started = min(trial.started or reply.started, reply.started)
        trial.seconds += reply.seconds
        trial.peak = max(trial.peak, reply.peak_mb)
        if reply.status == "Completed":
            fold = Fold(**reply.facts)
            trial.done[part] = fold
            self.store.keep_fold(trial.number, trial.config.key if part == 0 else self._key(trial), fold)
        elif trial.failure is None:
            trial.failure = (reply.status, reply.error or {})
        if trial.failure and not trial.running:
            self._resolve(trial, *trial.failure)
        elif len(trial.done) == len(trial.parts):
            self._complete(trial)

    def _key(self, trial: _Trial) -> str:
        config = self._propose(trial.number)
        assert config is not None
        return config.key

    def _complete(self, trial: _Trial) -> None:
        if all(fold.score is None for fold in trial.done.values()):
            text = f"{self.problem.primary_metric} is undefined on every split"
            self._resolve(trial, "Failed", {"type": "UndefinedMetric", "stage": "score", "message": text})
            return
        predictions = {part: self.store.predictions(trial.number, part) for part in trial.done}
        self.store.keep(trial.number, out_of_fold(self.problem, predictions))
        self._resolve(trial, "Completed", None)

    def _resolve(self, trial: _Trial, status: str, error: dict[str, str] | None) -> None:
        """Turn a trial into a result."""
        proposed = self._key(trial)
        facts: dict[str, Any] = {"params": trial.config.params, "pipeline": trial.config.algorithm}
        if trial.done:
            facts = summary(list(trial.done.values()))
        if status not in ("Completed", "Pruned"):
            facts |= {"score": None, "metrics": {}}
        elif status == "Pruned":
            facts["score"] = None
        result = TrialResult(
            number=trial.number, algorithm=trial.config.algorithm, status=status, seed=trial.seed,
            started=round(trial.started, 3), seconds=round(trial.seconds, 4), peak_mb=round(trial.peak, 1),
            error=error, proposed=proposed, note=trial.config.note, **facts,
        )  # fmt: skip
        self.results[trial.number] = result
        self._open.pop(trial.number)
        self._resolved_now = True
        self._tell_result(result)

    def _salvage(self) -> None:
        """Without any completed trial, the best of those that have at least one split counts."""
        if any(result.status == "Completed" for result in self.results.values()):
            return
        scored = {
            trial: summary(list(trial.done.values()))["score"] for trial in self._open.values() if trial.done
        }
        worths = {trial: self.metric.sign(score) for trial, score in scored.items() if score is not None}
        if worths:
            self._complete(max(worths, key=lambda trial: worths[trial]))

    def _stop(self) -> str:
        """Why the scores say to stop; empty to go on. Trials after the one that ended it are forgotten."""
        found = verdict(self.results, self.limits, self.metric, self._gained)
        if found is None:
            return ""
        last, reason = found  # another number of workers would not have run those after it
        self.results = {n: result for n, result in self.results.items() if n <= last}
        return reason

    def _gained(self, number: int) -> bool:
        """Whether a trial made the mixture of all better."""
        if self.race is not None:
            self._follow(self.race, number)
        return number in self._gains

    def _left(self, elapsed: float) -> float:
        """Seconds left for trials."""
        limit = self.plan.search_seconds
        return float("inf") if limit is None else limit - elapsed

    def _ended(self, left: float) -> str:
        """Why there is no further trial."""
        if self._misses >= MISSES:
            return f"timeout: nothing more fits into the {left:.1f} s that are left"
        if left <= 0:
            return f"timeout: the {self.plan.search_seconds:.4g} s for trials are used up"
        if self._lowest() > self.limits.max_trials:
            most = self.limits.max_trials
            return f"max_trials: {most} trial{'s were' if most > 1 else ' was'} run"
        return f"search spaces: no new configuration was found for trial {self._lowest()}"


def executed(results: Mapping[int, TrialResult] | Sequence[TrialResult]) -> list[dict[str, Any]]:
    """The completed trials as a script that repeats them without a clock: JSON values."""
    found = results.values() if isinstance(results, Mapping) else results
    keys = ("number", "algorithm", "params", "seed", "parts", "rounds_run", "note")
    return [
        {key: asdict(result)[key] for key in keys}
        for result in sorted(found, key=lambda r: r.number)
        if result.status == "Completed"
    ]
