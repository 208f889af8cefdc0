"""Rows that are equal in all features and differ in the target: no model can be right about all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, counted, twins

MANY = 0.01  # share of the rows that no model can get right, above which it is told


def _check(facts: Facts) -> Finding | None:
    groups = twins.twin_groups(facts)
    known = np.flatnonzero(groups >= 0)
    target = facts.target.iloc[known].reset_index(drop=True)
    by = target.groupby(groups[known])
    torn = by.transform("nunique").to_numpy() > 1 if len(known) else np.zeros(0, dtype=bool)
    rows, many = len(facts.frame), int(torn.sum())
    most = float(
        target.groupby([groups[known], target])
        .transform("size")
        .where(torn)
        .groupby(groups[known])
        .max()
        .sum()
    )
    wrong = many - int(most)
    figures = {
        "rows": many,
        "groups": len(np.unique(groups[known][torn])),
        "share": many / rows,
        "cannot_be_right": wrong,
    }
    if facts.task == "regression":
        return _of_numbers(facts, target[torn], groups[known][torn], figures)
    if wrong <= MANY * rows:
        return GUARDRAIL.passed(f"{counted(many, 'row')} contradict rows with the same features.", figures)
    numbers = (facts.frame.index[known[torn]][:LISTED] + 1).tolist()
    return GUARDRAIL.alerted(
        f"{counted(many, 'row')} of {rows:,} have the features of other rows and another class; whatever the model, "
        f"{counted(wrong, 'row')} of these ({wrong / rows:.1%}) will be wrong.",
        remedy="Check how the labels came about, and bring a feature that tells those rows apart.",
        details={**figures, "first_rows": [int(number) for number in numbers]},
    )


def _of_numbers(facts: Facts, target: pd.Series, groups: np.ndarray, figures: dict[str, float]) -> Finding:
    """For a regression: how much of the target's variance lies between rows with the same features."""
    values = pd.to_numeric(target)
    inside = float(((values - values.groupby(groups).transform("mean")) ** 2).sum())
    whole = float(((pd.to_numeric(facts.target) - pd.to_numeric(facts.target).mean()) ** 2).sum())
    share = inside / whole if whole else 0.0
    figures = {**figures, "variance_within": round(share, 4)}
    if share <= 10 * MANY:
        return GUARDRAIL.passed(
            f"{counted(int(figures['rows']), 'row')} have the features of others and another target.", figures
        )
    return GUARDRAIL.alerted(
        f"{counted(int(figures['rows']), 'row')} have the features of other rows and another target; {share:.0%} of "
        "the target's variance lies between such rows, which no model can explain.",
        remedy="Bring a feature that tells those rows apart, or average them.",
        details=figures,
    )


def _example(facts: Facts) -> Facts:
    half = len(facts.frame) // 2
    frame = pd.concat([facts.frame.head(half)] * 2, ignore_index=True)
    other = facts.target.head(half).sample(frac=1, random_state=0)
    target = pd.concat([facts.target.head(half), other], ignore_index=True)
    return replace(facts, frame=frame, target=target, sides=None)


GUARDRAIL = Guardrail(
    "contradictory-labels", "Contradictory labels", _check, _example, rank=82, sample_rows=None
)
