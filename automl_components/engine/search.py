"""The search: each algorithm's defaults first, then configurations drawn from the spaces of those that did well."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_components.algorithms import Algorithm
from automl_components.algorithms.spaces import suggest
from automl_components.core.errors import RunError
from automl_components.engine.problem import Problem
from automl_components.engine.trial import Config, TrialResult
from automl_components.engine.workers import Pool, Reply

LANDMARKS = 20
"""Trials before early termination looks at the scores at all (Azure's documented rule)."""
PATIENCE = 10
"""It stops when the best score has not changed over this many trials: at trial 31 for the first time."""
DRAWS = 100
"""Configurations drawn for one trial until one is new; after that the spaces count as used up."""


@dataclass(frozen=True)
class SearchLimits:
    """When a search ends.

    Attributes
    ----------
    max_trials : int
    seconds, trial_seconds : float or None
        Wall time for the whole search, and for one trial.
    threads : int
        Cores that one trial may use.
    early_termination : bool
        Stop when the best score has not changed over the last ten trials, after thirty.
    exit_score : float or None
        Stop as soon as the primary metric is at least this good.
    """

    max_trials: int
    seconds: float | None = None
    trial_seconds: float | None = None
    threads: int = 1
    early_termination: bool = True
    exit_score: float | None = None


class Search:
    """A search over algorithms and their parameters, driven by trial numbers so that it can be repeated.

    What trial number n is depends on the seed, the algorithms and the results of the first trials (one for each
    algorithm), never on the clock nor on how many processes work: those decide only how many trials there are.
    No configuration runs twice.

    Parameters
    ----------
    problem : Problem
    algorithms : sequence of Algorithm
        In the order in which their defaults are tried.
    limits : SearchLimits
    finished : sequence of TrialResult
        Results of an earlier, interrupted process; they are not trained again, and the time that they took is
        part of the limit.

    Raises
    ------
    RunError
        Other algorithms take part than in the interrupted process, so that it cannot be continued.
    """

    def __init__(
        self,
        problem: Problem,
        algorithms: Sequence[Algorithm],
        limits: SearchLimits,
        finished: Sequence[TrialResult] = (),
    ) -> None:
        self.problem, self.algorithms, self.limits = problem, list(algorithms), limits
        self.metric = problem.scorer().metric
        self.results = {result.number: result for result in finished if result.number <= limits.max_trials}
        self.spent = sum(result.seconds for result in finished)
        self.stop_reason = ""
        self._check_finished()
        self._running: set[int] = set()
        self._drawn: dict[int, Config | None] = {}
        self._known: set[str] = set()

    def _check_finished(self) -> None:
        for number, algorithm in enumerate(self.algorithms, start=1):
            found = self.results.get(number)
            if found is not None and found.algorithm != algorithm.name:
                raise RunError(
                    f"the interrupted search cannot be continued: its trial {number} was {found.algorithm}, "
                    f"now it would be {algorithm.name}; install the packages that were there before, or start anew"
                )

    def run(
        self,
        pool: Pool,
        request: Callable[[int, Config], dict[str, Any]],
        on_result: Callable[[TrialResult], None],
        on_start: Callable[[int, Config], None] = lambda number, config: None,
    ) -> list[TrialResult]:
        """Run trials until a limit is reached.

        Parameters
        ----------
        pool : Pool
            Attached to the same problem.
        request : callable (number, config) -> dict
            What to send to a worker: tells where the out-of-fold predictions go.
        on_result, on_start : callable
            Called in this process, for each new result and for each trial that starts.

        Returns
        -------
        list of TrialResult
            Old and new, by number; the reason of the end is in ``stop_reason``.
        """
        started = time.monotonic() - self.spent / pool.workers
        while not (reason := self._stop()):
            end = self._end(time.monotonic() - started)
            number = None if end else self._next()
            config = None if number is None else self.propose(number)
            if pool.idle and number is not None and config is not None:
                pool.wait_ready()  # starting a process is no part of a trial's time
                on_start(number, config)
                left = self._seconds_left(time.monotonic() - started)
                pool.submit(dict(request(number, config), number=number, kind="trial"), seconds=left)
                self._running.add(number)
            elif pool.busy:  # also when the time is up: what runs knows that, and is given a moment to end
                result = self._result(pool.wait())
                self._running.discard(result.number)
                self.results[result.number] = result
                on_result(result)
            else:
                reason = end or self._exhausted(number)
                break
        pool.cancel()
        self.stop_reason = reason
        return [self.results[number] for number in sorted(self.results)]

    def propose(self, number: int) -> Config | None:
        """The configuration of trial ``number`` (1, 2, ...); beyond the first trials, it needs their results.

        None where no new configuration was found.
        """
        if number <= len(self.algorithms):
            algorithm = self.algorithms[number - 1]
            return Config(algorithm.name, algorithm.defaults(self.problem.task, self.problem.shape))
        for one in range(len(self.algorithms) + 1, number + 1):  # in order: each differs from all before it
            if one not in self._drawn:
                self._drawn[one] = self._draw(one)
        return self._drawn[number]

    def _draw(self, number: int) -> Config | None:
        """A new configuration of an algorithm that is drawn by rank, the n-th best with a weight of 1 / n."""
        rng = np.random.default_rng([self.problem.seed, number])
        if not self._known:
            firsts = map(self.propose, range(1, len(self.algorithms) + 1))
            self._known = {config.key for config in firsts if config is not None}
        ranked = self._ranked()
        weights = 1.0 / np.arange(1, len(ranked) + 1)
        for _ in range(DRAWS):
            algorithm = ranked[int(rng.choice(len(ranked), p=weights / weights.sum()))]
            params = suggest(algorithm, self.problem.task, self.problem.shape, rng)
            if (config := Config(algorithm.name, params)).key not in self._known:
                self._known.add(config.key)
                return config
        return None

    def _ranked(self) -> list[Algorithm]:
        """Algorithms whose first trial was completed, best first; all of them when none was."""
        first = [self.results[number + 1] for number in range(len(self.algorithms))]
        done = [(a, r) for a, r in zip(self.algorithms, first, strict=True) if r.status == "Completed"]
        done.sort(key=lambda pair: -self._worth(pair[1]))
        return [algorithm for algorithm, _ in done] or self.algorithms

    def _worth(self, result: TrialResult) -> float:
        """The score turned so that greater is better; minus infinity without one."""
        return self.metric.sign(result.score) if result.score is not None else -np.inf

    def _next(self) -> int | None:
        """The number of the next trial to start; None while it waits for the first trials, or at the limit."""
        taken = self.results.keys() | self._running
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        if number > self.limits.max_trials:
            return None
        count = len(self.algorithms)
        if number > count and not all(n in self.results for n in range(1, count + 1)):
            return None
        return number

    def _stop(self) -> str:
        """Why the scores say to stop, looking only at results without a gap before them; empty to go on."""
        limits = self.limits
        best, since, number = -np.inf, 1, 0
        while (number := number + 1) in self.results:
            worth = self._worth(self.results[number])
            since = number if worth > best else since
            best = max(best, worth)
            if limits.exit_score is not None and best >= self.metric.sign(limits.exit_score):
                return self._cut(number, f"exit_score: {limits.exit_score:g} was reached by trial {number}")
            waited = number > LANDMARKS + PATIENCE and number - since >= PATIENCE
            if limits.early_termination and waited:
                return self._cut(number, f"early termination: no better score since trial {since}")
        return ""

    def _end(self, elapsed: float) -> str:
        """Why the clock says to start nothing more; empty to go on."""
        limit = self.limits.seconds
        return f"timeout: {limit:g} s are used up" if limit is not None and elapsed >= limit else ""

    def _exhausted(self, number: int | None) -> str:
        """Why there is no further trial."""
        if number is None:
            most = self.limits.max_trials
            return f"max_trials: {most} trial{'s were' if most > 1 else ' was'} run"
        return f"search spaces: no new configuration was found for trial {number}"

    def _cut(self, number: int, reason: str) -> str:
        """Forget trials after the one that ended the search: another number of workers would not have run them."""
        self.results = {n: result for n, result in self.results.items() if n <= number}
        return reason

    def _seconds_left(self, elapsed: float) -> float | None:
        limits = [self.limits.trial_seconds]
        if self.limits.seconds is not None:
            limits.append(max(0.1, self.limits.seconds - elapsed))
        known = [limit for limit in limits if limit is not None]
        return min(known) if known else None

    def _result(self, reply: Reply) -> TrialResult:
        request = reply.request
        config = Config(request["algorithm"], request["params"])
        facts: dict[str, Any] = {"pipeline": request["algorithm"], **reply.facts}
        status, error = reply.status, reply.error
        if status == "Completed" and facts["score"] is None:
            status = "Failed"
            error = {"type": "UndefinedMetric", "stage": "score",
                     "message": f"{self.problem.primary_metric} is undefined on every split"}  # fmt: skip
        return TrialResult(
            number=request["number"], algorithm=config.algorithm, params=config.params, status=status,
            seed=config.seed(self.problem.seed), started=round(reply.started, 3), seconds=round(reply.seconds, 4),
            peak_mb=round(reply.peak_mb, 1), error=error, **facts,
        )  # fmt: skip
