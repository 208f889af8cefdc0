"""Which configuration is tried when: a portfolio, then draws near and far of what did well; or a script."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from automl_components.algorithms import BALANCED, Algorithm
from automl_components.algorithms.portfolio import portfolio
from automl_components.algorithms.spaces import neighbour, suggest
from automl_components.engine.encodings import ENCODINGS
from automl_components.engine.latency import member_ms
from automl_components.engine.memory import fit_into
from automl_components.engine.plan import LAG
from automl_components.engine.problem import Problem
from automl_components.engine.trial import Config, TrialResult

BANNED = 2
"""Failures of an algorithm without a single success, after which it is proposed no more."""
NEAR = 0.6
"""Probability that a draw is a neighbour of the best configuration of its algorithm."""
BALANCED_AT = (8, 12)
"""Trials at which, of classes of very different size, the best configurations so far get balanced class weights."""
DRAWS = 100
"""Configurations drawn for one trial until one is new; after that the spaces count as used up."""


class Proposals:
    """Configurations by trial number.

    Parameters
    ----------
    problem : Problem
    algorithms : sequence of Algorithm
    rounds : int
        Most boosting rounds of a fit.
    encodings : collection of str
        Encodings of the target that learners may use.
    first : str
        What comes first of all, as :func:`automl_components.algorithms.portfolio.portfolio` takes it.
    each_first : bool
        Whether each algorithm comes once before any comes twice.
    lag : int
        How many results behind a proposal is made.
    row_ms : float or None
        Milliseconds a row that a model may take: slower trials get no neighbours.
    memory_mb : float or None
        What a trial process may use; configurations that need more are made smaller, or proposed as not possible.
    """

    races = True
    """Whether a trial may be given up after its first split."""

    def __init__(
        self,
        problem: Problem,
        algorithms: Sequence[Algorithm],
        *,
        rounds: int = 1000,
        encodings: Collection[str] = tuple(ENCODINGS),
        first: str = "",
        each_first: bool = False,
        lag: int = LAG,
        memory_mb: float | None = None,
        row_ms: float | None = None,
    ) -> None:
        self.problem, self.algorithms, self.lag = problem, {a.name: a for a in algorithms}, lag
        self.metric = problem.scorer().metric
        self._boosting_rounds, self.memory_mb = rounds, memory_mb
        self.row_ms = float("inf") if row_ms is None else row_ms
        self._made: list[Config | None] = []
        self._known: set[str] = set()
        self._portfolio: Iterator[tuple[str, dict[str, Any]]] = portfolio(
            list(algorithms),
            problem.task,
            problem.shape,
            rounds=rounds,
            encodings=encodings,
            first=first,
            each_first=each_first,
        )

    def propose(self, number: int, results: Mapping[int, TrialResult]) -> Config | None:
        """The configuration of trial ``number`` (1, 2, ...); it needs the results up to ``number - lag``.

        None where no new configuration was found.
        """
        while len(self._made) < number:
            position = len(self._made) + 1
            seen = [results[n] for n in range(1, position - self.lag + 1)]
            self._made.append(self._make(position, seen))
        return self._made[number - 1]

    def seed(self, number: int, config: Config) -> int:
        """The trial's seed."""
        return config.seed(self.problem.seed)

    def parts(self, number: int) -> Sequence[int]:
        """The splits that a trial is fitted on; empty for all."""
        return ()

    def rounds(self, number: int) -> Mapping[int, int]:
        """Boosting rounds that are prescribed, by split; empty where early stopping decides."""
        return {}

    def absent(self, last: int) -> Collection[int]:
        """Numbers up to ``last`` that no trial has."""
        return ()

    def _make(self, number: int, seen: Sequence[TrialResult]) -> Config | None:
        if number in BALANCED_AT and self.problem.weighs_classes and (config := self._balanced(seen)):
            return config
        banned = self._banned(seen) | self._beaten(seen)
        for name, params in self._portfolio:
            config = self._sized(Config(name, params))
            if name not in banned and self._new(config):
                return config
        return self._draw(number, seen, self._banned(seen))

    def _balanced(self, seen: Sequence[TrialResult]) -> Config | None:
        """The best configuration that can weigh classes, of a family that has not done so yet, with balanced ones."""
        done = {result.algorithm for result in seen if "class_weight" in result.params}
        for name, result in self._best(seen).items():
            weighing = {"class_weight": BALANCED, "restore_priors": self.metric.needs_proba}
            if name in done or not self.algorithms[name].balances(self.problem.task):
                continue
            if self._new(config := Config(name, {**result.params, **weighing})):
                return config
        return None

    def _new(self, config: Config) -> bool:
        new = config.key not in self._known
        self._known.add(config.key)
        return new

    def _banned(self, seen: Sequence[TrialResult]) -> set[str]:
        good = {r.algorithm for r in seen if r.status in ("Completed", "Pruned")}
        failed = [r.algorithm for r in seen if r.status in ("Failed", "TimedOut")]
        return {name for name in failed if name not in good and failed.count(name) >= BANNED}

    def _beaten(self, seen: Sequence[TrialResult]) -> set[str]:
        """Algorithms that have been given up and never completed: their variants would be, too."""
        completed = {r.algorithm for r in seen if r.status == "Completed"}
        return {r.algorithm for r in seen if r.status == "Pruned"} - completed

    def _draw(self, number: int, seen: Sequence[TrialResult], banned: set[str]) -> Config | None:
        """A new configuration of an algorithm that is drawn by rank, the n-th best with a weight of 1 / n."""
        rng = np.random.default_rng([self.problem.seed, number])
        best = self._best(seen)
        ranked = [self.algorithms[name] for name in best] or [
            algorithm for name, algorithm in self.algorithms.items() if name not in banned
        ]
        if not ranked:
            return None
        weights = 1.0 / np.arange(1, len(ranked) + 1)
        for _ in range(DRAWS):
            algorithm = ranked[int(rng.choice(len(ranked), p=weights / weights.sum()))]
            task, shape = self.problem.task, self.problem.shape
            if algorithm.name in best and rng.random() < NEAR:
                params = neighbour(algorithm, task, shape, best[algorithm.name].params, rng)
            else:
                params = suggest(algorithm, task, shape, rng)
                if algorithm.boosts(task):
                    params["n_estimators"] = self._boosting_rounds
            config = self._sized(Config(algorithm.name, params))
            if config.possible and self._new(config):
                return config
        return None

    def _sized(self, config: Config) -> Config:
        """As it fits into memory."""
        return config if self.memory_mb is None else fit_into(self.problem, config, self.memory_mb * 2**20)

    def _best(self, seen: Sequence[TrialResult]) -> dict[str, TrialResult]:
        """The best completed trial of each algorithm, best first."""
        scored = [result for result in seen if result.status == "Completed" and result.score is not None]
        scored.sort(key=lambda result: (-self.metric.sign(result.score), result.number))
        best: dict[str, TrialResult] = {}
        for result in scored:
            if self.row_ms == float("inf") or member_ms(self.problem, result) <= self.row_ms:
                best.setdefault(result.algorithm, result)
        return best


class Script(Proposals):
    """The completed trials of an earlier search, to be repeated exactly.

    Parameters
    ----------
    records : sequence of dict
        As :func:`automl_components.engine.search.executed` gives them.
    """

    races = False

    def __init__(self, problem: Problem, records: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(problem, ())
        self.records = {record["number"]: record for record in records}

    def propose(self, number: int, results: Mapping[int, TrialResult]) -> Config | None:
        """The configuration of the script's trial of that number; None where it has none."""
        record = self.records.get(number)
        if record is None:
            return None
        return Config(record["algorithm"], dict(record["params"]), record["note"])

    def seed(self, number: int, config: Config) -> int:
        """The trial's seed."""
        return int(self.records[number]["seed"])

    def parts(self, number: int) -> Sequence[int]:
        """The splits that were fitted: fewer than all where the time was up."""
        return list(self.records[number]["parts"])

    def rounds(self, number: int) -> Mapping[int, int]:
        """Boosting rounds of each split."""
        record = self.records[number]
        pairs = zip(record["parts"], record["rounds_run"], strict=False)
        return {part: run for part, run in pairs if run is not None}

    def absent(self, last: int) -> Collection[int]:
        """Numbers of trials that were not completed."""
        return set(range(1, last + 1)) - self.records.keys()
