"""Rows that are there more than once, in all features and in the target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail, counted, probes, twins

MANY = 0.01  # share of the rows above which repeats are told
BEYOND_CHANCE = 2  # times as many as shuffled columns have


def _check(facts: Facts) -> Finding | None:
    groups = twins.twin_groups(facts)
    known = np.flatnonzero(groups >= 0)
    pairs = pd.DataFrame({"group": groups[known], "target": pd.factorize(facts.target.iloc[known])[0]})
    extra, rows = int(pairs.duplicated().sum()), len(facts.frame)
    figures = {"rows": rows, "repeated_rows": extra, "share": extra / rows}
    if extra <= MANY * rows:
        return GUARDRAIL.passed(f"{counted(extra, 'row')} repeat others.", figures)
    sample = facts.frame[probes.used_columns(facts)].iloc[:: -(-rows // twins.COMPARED)]
    expected, there = twins.by_chance(sample), float((twins.equal_rows(sample) >= 0).mean())
    if there <= BEYOND_CHANCE * expected:
        return GUARDRAIL.passed(
            f"{counted(extra, 'row')} repeat others, as few possible values let expect.", figures
        )
    first = facts.frame.index[known[np.flatnonzero(pairs.duplicated(keep=False).to_numpy())[0]]]
    return GUARDRAIL.alerted(
        f"{counted(extra, 'row')} of {rows:,} ({extra / rows:.1%}) repeat another in all features and the target.",
        remedy="They are kept, and weigh more than others. Where random splits put copies on both sides, "
        "validation scores are too good: drop the copies, or name what they belong to in group_column_name.",
        details={**figures, "expected_share": round(expected, 4), "first_row": int(first) + 1},
    )


def _example(facts: Facts) -> Facts:
    at = np.concatenate([np.arange(len(facts.frame)), np.arange(len(facts.frame) // 5)])
    frame, target = facts.frame.iloc[at].reset_index(drop=True), facts.target.iloc[at].reset_index(drop=True)
    return replace(facts, frame=frame, target=target, sides=None)


GUARDRAIL = Guardrail("duplicate-rows", "Duplicate rows", _check, _example, rank=80, sample_rows=None)
