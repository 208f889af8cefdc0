"""What is settled once the members are chosen: calibration, decisions and intervals, from out-of-fold predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automl_components.engine.calibration import PARTS, Temperature, fit_temperature
from automl_components.engine.decisions import Decision, fit_decision
from automl_components.engine.intervals import Intervals
from automl_components.engine.problem import Problem
from automl_components.engine.scoring import positive_code
from automl_components.metrics import METRICS


@dataclass(frozen=True)
class Finish:
    """Additions to a model, each only where it helps, and why.

    Attributes
    ----------
    temperature, decision, intervals
        As :class:`automl_components.engine.predictor.Predictor` takes them.
    verdicts : dict of str to dict
        What was tried, with the figures that decided.
    """

    temperature: Temperature | None = None
    decision: Decision | None = None
    intervals: Intervals | None = None
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)


def finish(problem: Problem, predictions: np.ndarray) -> Finish:
    """Fit what the task can use.

    Classification: a temperature; and class weights of the decision where a primary metric of the catalog judges
    decisions. Regression: conformal intervals. Parts of cross-fitting are whole splits where there are several, else
    dealt so that groups and times stay together.

    Parameters
    ----------
    predictions : array, shape ``problem.out_of_fold_shape``
        Out-of-fold predictions of the chosen model; NaN in rows without one.
    """
    known = np.isfinite(predictions).reshape(len(predictions), -1).all(axis=1)
    weights = None if problem.weights is None else problem.weights[known]
    y, values = problem.target[known], np.asarray(predictions[known], dtype=np.float64)
    if not problem.classes:
        return Finish(intervals=Intervals(y, values, weights))
    parts = problem.parts_of(np.flatnonzero(known), PARTS)
    temperature, verdict = fit_temperature(y, values, weights, parts=parts, seed=problem.seed)
    verdicts = {"temperature": verdict.to_dict()}
    decision = None
    metric = problem.scorer().metric
    if metric.name in METRICS and not metric.needs_proba:
        positive = positive_code(problem.classes, problem.positive_label)
        scaled = temperature.apply(values)
        decision, verdict = fit_decision(
            y, scaled, metric, weights, positive=positive, parts=parts, seed=problem.seed
        )
        verdicts["decision"] = verdict.to_dict()
        decision = decision if verdict.accepted else None
    accepted = temperature if verdicts["temperature"]["accepted"] else None
    return Finish(accepted, decision, None, verdicts)
