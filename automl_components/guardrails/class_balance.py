"""Classes of very different size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail, counted, listed, sentence

IMBALANCED_AT = 0.2  # rows of the smallest class over rows of the largest: Azure's rule


def _check(facts: Facts) -> Finding | None:
    if facts.task != "classification":
        return None
    counts = facts.target.value_counts()  # largest first
    small, large = int(counts.iloc[-1]), int(counts.iloc[0])
    figures = {
        "smallest_class": str(counts.index[-1]),
        "smallest_rows": small,
        "largest_class": str(counts.index[0]),
        "largest_rows": large,
        "ratio": small / large,
        "classes": len(counts),
    }
    if small > IMBALANCED_AT * large:
        return GUARDRAIL.passed("The classes are of comparable size.", figures)
    return GUARDRAIL.alerted(
        f"Class {listed(counts.index[-1:])} has {counted(small, 'row')}, class {listed(counts.index[:1])} has "
        f"{large:,}: accuracy would look good even for a model that never finds the smaller one.",
        remedy="Prefer a metric that sees every class, such as AUC_weighted, norm_macro_recall or "
        "average_precision_score_weighted; or give sample weights, or more rows of the small class.",
        details=figures,
        repair="Unless log_loss ranks the trials, the search gives the best of its first ones balanced class weights, "
        "too; the model has them where they score better.",
    )


def settled(
    findings: Iterable[Mapping[str, Any]], weighing: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Findings as a finished search leaves them: done is what was alerted, where trials had balanced class weights.

    Parameters
    ----------
    findings : iterable of mappings
        As ``findings.json`` has them.
    weighing : mapping or None
        ``choices["class_weights"]`` of ``ensemble.json``: the numbers of the trials that were ``tried``, and a
        ``reason``; None where the classes are of comparable size.
    """
    told = [dict(one) for one in findings]
    for one in told:
        if weighing and one["code"] == GUARDRAIL.name and one["status"] == "Alerted":
            one |= {"status": "Done"} if weighing["tried"] else {}
            one["repair"] = sentence(weighing["reason"])
    return told


def _example(facts: Facts) -> Facts:
    rare = np.arange(len(facts.frame)) % 20 == 0
    target = pd.Series(np.where(rare, "fraud", "fine"), index=facts.frame.index)
    return replace(facts, task="classification", target=target)


GUARDRAIL = Guardrail(
    "class-balance", "Class balancing detection", _check, _example, rank=30, sample_rows=None
)
