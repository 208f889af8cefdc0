"""What fits into the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from automl_components.engine.ensemble import Ensemble
from automl_components.engine.problem import Problem
from automl_components.engine.trial import TrialResult


def refit_seconds(problem: Problem, results: Mapping[int, TrialResult]) -> dict[int, float]:
    """How long a fit on all rows may take, by trial: the mean of its fits, scaled by rows."""
    rows = float(np.mean((problem.splits == 1).sum(axis=0)))
    scale = problem.features.rows / rows / problem.splits.shape[1]
    return {number: result.fit_s * scale for number, result in results.items()}


def best_within(
    models: Sequence[Ensemble], worth: Callable[[Ensemble], float], costs: Mapping[int, float], seconds: float
) -> Ensemble:
    """The best model whose members can be fitted again in the time left; where none can, the quickest one.

    Parameters
    ----------
    models : sequence of Ensemble
        Simple ones first: of equals the first is taken.
    worth : callable
        Greater is better.
    costs : mapping of trial number to seconds
        As :func:`refit_seconds` gives them.
    seconds : float
        Time left.
    """
    totals = [sum(costs[number] for number in model.members) for model in models]
    fitting = [model for model, total in zip(models, totals, strict=True) if total <= seconds]
    return max(fitting, key=worth) if fitting else models[int(np.argmin(totals))]
