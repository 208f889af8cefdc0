"""Classes that no row of a split's training part, or of all validation parts, belongs to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, counted, listed, sentence


def _check(facts: Facts) -> Finding | None:
    if facts.task != "classification" or facts.sides is None:
        return None
    codes, classes = pd.factorize(facts.target, sort=True)
    unlearnt, unjudged = set[int](), set(range(len(classes)))
    for side in facts.sides.T:
        unlearnt |= set(range(len(classes))) - set(np.unique(codes[side == 1]).tolist())
        unjudged -= set(np.unique(codes[side == 0]).tolist())
    figures = {
        "classes": len(classes),
        "not_validated": [str(classes[code]) for code in sorted(unjudged)[:LISTED]],
        "not_trained": [str(classes[code]) for code in sorted(unlearnt)[:LISTED]],
    }
    if not unlearnt and not unjudged:
        return GUARDRAIL.passed("Every class is in training and in validation rows.", figures)
    parts = []
    if unjudged:
        names = listed(classes[sorted(unjudged)])
        parts.append(f"{counted(len(unjudged), 'class')} of {len(classes):,} in no validation row: {names}")
    if unlearnt:
        names = listed(classes[sorted(unlearnt)])
        parts.append(f"{counted(len(unlearnt), 'class')} not in the training rows of every split: {names}")
    return GUARDRAIL.alerted(
        sentence("; ".join(parts)),
        remedy="A class without validation rows is not judged, one without training rows cannot be predicted. Collect "
        "more rows of it, merge it into another, or choose the splits so that each side has it.",
        details=figures,
    )


def _example(facts: Facts) -> Facts:
    rows = len(facts.frame)
    target = pd.Series(np.where(np.arange(rows) < 5, "early", "late"), index=facts.frame.index)
    sides = np.where(np.arange(rows) < rows // 2, 1, 0).astype(np.int8)[:, None]
    return replace(facts, task="classification", target=target, sides=sides)


GUARDRAIL = Guardrail(
    "missing-classes", "Classes missing from a split", _check, _example, rank=33, sample_rows=None
)
