"""What ends a search: its limits, and the rule by which scores do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_components.engine.trial import TrialResult

LANDMARKS = 20
"""Trials before early termination looks at the scores at all (Azure's documented rule)."""
PATIENCE = 10
"""It stops when the best score has not changed over this many trials: at trial 31 for the first time ..."""
GAIN = 0.001
"""... and none of them has taken such a share of its loss from the mixture of all trials, which the model is to be."""


@dataclass(frozen=True)
class SearchLimits:
    """When a search ends.

    Attributes
    ----------
    max_trials : int
    trial_seconds : float or None
        Wall time for one trial.
    early_termination : bool
        Stop when the best score has not changed over the last ten trials, after thirty, and the mixture of all trials
        has not gained by them either.
    exit_score : float or None
        Stop as soon as the primary metric is at least this good.
    row_ms : float or None
        Milliseconds a row that a model may take: then predictions are timed, and a trial that takes longer gets no
        neighbours.
    """

    max_trials: int
    trial_seconds: float | None = None
    early_termination: bool = True
    exit_score: float | None = None
    row_ms: float | None = None


def verdict(
    results: Mapping[int, TrialResult], limits: SearchLimits, metric: Any, gained: Callable[[int], bool]
) -> tuple[int, str] | None:
    """The trial at which the scores say to stop, and why, looking only at results without a gap before them.

    Parameters
    ----------
    results : mapping of number to TrialResult
    metric : Metric
        The primary metric.
    gained : callable (number) -> bool
        Whether a trial made the mixture of all trials better; asked in order, from the landmarks on.
    """
    best, since, number = -np.inf, 1, 0
    while (number := number + 1) in results:
        score = results[number].score
        worth = -np.inf if score is None else metric.sign(score)
        looks = limits.early_termination and number > LANDMARKS
        since = number if worth > best or (looks and gained(number)) else since
        best = max(best, worth)
        if limits.exit_score is not None and best >= metric.sign(limits.exit_score):
            return number, f"exit_score: {limits.exit_score:g} was reached by trial {number}"
        if looks and number > LANDMARKS + PATIENCE and number - since >= PATIENCE:
            return number, f"early termination: no better score since trial {since}"
    return None
