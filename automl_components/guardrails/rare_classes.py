"""Classes with too few rows to be learnt and judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, counted, joined, listed

FEW_ROWS = 5


def _check(facts: Facts) -> Finding | None:
    if facts.task != "classification":
        return None
    counts = facts.target.value_counts()
    least = max(FEW_ROWS, facts.splits["count"])
    rare = counts[counts < least]
    if rare.empty:
        return GUARDRAIL.passed(f"Every class has {least} rows or more.", {"least_rows": int(counts.min())})
    named = [(value, int(rows)) for value, rows in rare.iloc[::-1].items()]
    shown = joined((f"{listed([value])} ({rows})" for value, rows in named), ", ")
    single = int((rare == 1).sum())
    return GUARDRAIL.alerted(
        f"{counted(len(rare), 'class')} of {len(counts):,} with fewer than {least} rows: {shown}.",
        remedy="They are kept. Where rows are drawn at random, a class of two rows or more is in all "
        "training rows, but not in the validation rows of every split"
        + (f"; {counted(single, 'class')} of one row cannot be both learnt and judged" if single else "")
        + ". Collect more rows of them, or merge them into others.",
        details={
            "rare_classes": len(rare),
            "classes": len(counts),
            "threshold": least,
            "rows": [{"class": str(value), "rows": rows} for value, rows in named[:LISTED]],
        },
    )


def _example(facts: Facts) -> Facts:
    labels = np.where(np.arange(len(facts.frame)) % 2 == 0, "a", "b").astype(object)
    labels[:3] = "rare"
    return replace(facts, task="classification", target=pd.Series(labels, index=facts.frame.index))


GUARDRAIL = Guardrail(
    "rare-classes", "Classes with too few rows", _check, _example, rank=32, sample_rows=None
)
