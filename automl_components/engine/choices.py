"""What was decided about the model, and why: JSON values for ``ensemble.json``, each with a ``reason``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from automl_components.engine.problem import Problem
from automl_components.engine.trial import TrialResult


def class_weights(
    problem: Problem, results: Iterable[TrialResult], members: Sequence[int]
) -> dict[str, Any] | None:
    """Which trials had balanced class weights, and which of them the model has; None of classes of comparable size."""
    if not problem.imbalanced:
        return None
    tried = [result.number for result in results if result.params.get("class_weight")]
    used = [number for number in tried if number in members]
    if used:
        reason = f"{_trials(used)} with balanced class weights {'are' if used[1:] else 'is'} in the model"
    elif tried:
        reason = f"{_trials(tried)} had balanced class weights; the model is better without"
    elif not problem.weighs_classes:
        reason = "no trial had class weights: they distort the probabilities that log_loss judges"
    else:
        reason = "no trial had class weights: the search ended before, or its algorithms take none"
    return {"tried": tried, "used": used, "reason": reason}


def _trials(numbers: Sequence[int]) -> str:
    return f"trial{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
