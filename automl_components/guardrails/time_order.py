"""Rows that follow each other in time, which random splits ignore."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from automl_components.guardrails import Facts, Finding, Guardrail, probes

RANDOM = ("k_fold", "monte_carlo", "holdout")
ALIKE = 0.2  # correlation of a row's target with the next one's, from which neighbours are alike
SURE = 1e-6
FEWEST_ROWS = 50


def _check(facts: Facts) -> Finding | None:
    if facts.splits.get("kind") not in RANDOM or facts.times is not None or facts.groups is not None:
        return None
    if len(facts.frame) < FEWEST_ROWS:
        return None
    target = probes.target_values(facts)
    orders = {name: facts.values(name) for name in facts.columns("DateTime")}
    found = {name: _neighbours(target[np.argsort(when, kind="stable")]) for name, when in orders.items()}
    found = {name: alike for name, alike in found.items() if np.isfinite(orders[name]).mean() > 0.9}
    in_rows = 0.0 if _is_sorted(target) else _neighbours(target)
    error = 1 / np.sqrt(len(target))
    figures = {
        "by_column": {name: round(alike, 4) for name, alike in found.items()},
        "by_row": round(in_rows, 4),
    }
    best = max(found, key=lambda name: found[name], default=None)
    strongest = found[best] if best is not None else in_rows
    if strongest < ALIKE or norm.sf(strongest / error) > SURE:
        return GUARDRAIL.passed("Neighbouring rows are no more alike than others.", figures)
    if best is not None:
        return GUARDRAIL.alerted(
            f"In the order of {best!r} neighbouring rows have similar targets (correlation {strongest:.2f}), and the "
            "splits are random: each row is validated with its neighbours in the training rows.",
            remedy=f"If the model is to predict what comes later, set split_time_column_name to {best!r}; scores will "
            "be lower, and true.",
            details=figures,
        )
    return GUARDRAIL.alerted(
        f"Neighbouring rows have similar targets (correlation {strongest:.2f}), as if they were recorded one after the "
        "other, and the splits are random.",
        remedy="If there is a time or a group behind the order, bring it as a column and name it in "
        "split_time_column_name or group_column_name.",
        details=figures,
    )


def _neighbours(target: np.ndarray) -> float:
    """Correlation of each value's rank with the next one's."""
    ranks = rankdata(target)
    if np.ptp(ranks[:-1]) == 0 or np.ptp(ranks[1:]) == 0:
        return 0.0
    return float(np.corrcoef(ranks[:-1], ranks[1:])[0, 1])


def _is_sorted(target: np.ndarray) -> bool:
    """Whether the table is merely sorted by its target: each value in one block."""
    changes = int((np.diff(target) != 0).sum())
    return changes <= 1.1 * (len(np.unique(target)) - 1) + 1


def _example(facts: Facts) -> Facts:
    rows = max(len(facts.frame), 200)
    day = np.arange(rows)
    wave = np.sin(day / 20) + np.random.default_rng(0).normal(0, 0.2, rows)
    target = pd.Series(np.where(wave > 0, "high", "low") if facts.task == "classification" else wave)
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=rows), "load": np.cos(day)})
    purposes = {"day": "DateTime", "load": "Numeric"}
    splits = {**facts.splits, "kind": "k_fold"}
    return replace(facts, frame=frame, target=target, purposes=purposes, splits=splits, sides=None, test=None)


GUARDRAIL = Guardrail("time-order", "Time order of the rows", _check, _example, rank=87)
