"""A target that was cut off at a limit, or rounded in a part of the rows only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail, sentence

PILED_UP = 0.01  # share of the rows at the limit
TIMES = 5  # times as many as at any usual value
FEWEST_VALUES = 20  # distinct values; counts and grades are no measurements
HEAPED = 0.5  # share of the rows that are round
FEWEST_ROWS = 100


def _check(facts: Facts) -> Finding | None:
    if facts.task != "regression" or len(facts.target) < FEWEST_ROWS:
        return None
    values = pd.to_numeric(facts.target).to_numpy(dtype=np.float64)
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < FEWEST_VALUES:
        return GUARDRAIL.passed(f"The target has {len(distinct)} values only.", {"values": len(distinct)})
    limits = [_piled_up(distinct, counts, end) for end in (0, -1)]
    parts = [
        f"{share:.1%} of the rows have exactly {value:g}, the {end} value"
        for value, share, end in filter(None, limits)
    ]
    unit, share, usual = _heaped(values)
    if unit:
        parts.append(f"{share:.0%} of the rows are multiples of {unit:g}, where {usual:.0%} would be")
    figures = {
        "values": len(distinct),
        "limits": [
            {"value": float(value), "share": round(share, 4)} for value, share, _ in filter(None, limits)
        ],
        "rounded_to": unit,
        "rounded_share": round(share, 4),
    }
    if not parts:
        return GUARDRAIL.passed("The target is neither cut off nor rounded in part.", figures)
    cut = (
        "Beyond a limit the true value is unknown: a model learns it as if it were exact. "
        if any(limits)
        else ""
    )
    return GUARDRAIL.alerted(
        sentence("the target was recorded with limits: " + "; ".join(parts)),
        remedy=f"{cut}Leave such rows out where you know better, and judge models on the others, too; a prediction can "
        "be no finer than its target.",
        details=figures,
    )


def _piled_up(distinct: np.ndarray, counts: np.ndarray, end: int) -> tuple[float, float, str] | None:
    """The lowest or highest value, where far more rows have it than any usual one; zero is a natural end."""
    share = float(counts[end] / counts.sum())
    inner = counts[1:-1]
    near = max(1.0, float(np.quantile(inner, 0.99)))
    if distinct[end] == 0 or share < PILED_UP or counts[end] < TIMES * near:
        return None
    return float(distinct[end]), share, "highest" if end else "lowest"


def _heaped(values: np.ndarray) -> tuple[float | None, float, float]:
    """The unit that many rows, but not all, are multiples of; the share of them, and what chance would give."""
    whole = values[values % 1 == 0]
    if len(whole) < len(values):
        share = len(whole) / len(values)
        decimals = ((values * 10) % 1 == 0).mean()
        return (1.0, share, 0.1) if share >= HEAPED and decimals < 0.95 else (None, share, 0.1)
    for unit in (1000.0, 100.0, 10.0):
        share = float((values % unit == 0).mean())
        if HEAPED <= share < 0.95 and np.ptp(values) >= 20 * unit:
            return unit, share, 1 / unit
    return None, 0.0, 0.0


def _example(facts: Facts) -> Facts:
    values = np.minimum(np.random.default_rng(0).normal(100, 20, len(facts.frame)), 120.0)
    return replace(facts, task="regression", target=pd.Series(values, index=facts.frame.index))


GUARDRAIL = Guardrail("target-limits", "Limits of the target", _check, _example, rank=36, sample_rows=None)
