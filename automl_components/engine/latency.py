"""How long a model takes to predict a row, where that is limited: then clocks decide, and only then."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from automl_components.engine.problem import Problem
from automl_components.engine.trial import BATCH, TrialResult


def measured_ms(predict: Callable[[], Any], rows: int = BATCH) -> float:
    """Milliseconds a row of a call that predicts ``rows`` of them: the quicker of two calls."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        predict()
        seconds.append(time.perf_counter() - started)
    return 1000 * min(seconds) / rows


def member_ms(problem: Problem, result: TrialResult) -> float:
    """Milliseconds a row of a completed trial in a model: of all its splits' learners where they are the model.

    As it was measured on a thousand rows; where it was not, as its validation rows took.
    """
    one = result.row_ms
    if one is None:
        one = 1000 * result.predict_s / max(1, int((problem.splits == 0).sum()))
    return one * len(result.fold_scores) if problem.bags else one


@dataclass(frozen=True)
class Latency:
    """A limit on it.

    Attributes
    ----------
    limit : float
        Milliseconds a row.
    members : mapping of trial number to float
        As :func:`member_ms` gives them.
    features : float
        Milliseconds a row of making the features.
    """

    limit: float
    members: Mapping[int, float]
    features: float = 0.0

    def of(self, numbers: Collection[int]) -> float:
        """Milliseconds a row of a model of these trials."""
        return self.features + sum(self.members[number] for number in numbers)

    def meets(self, numbers: Collection[int]) -> bool:
        """Whether such a model is quick enough."""
        return self.of(numbers) <= self.limit
