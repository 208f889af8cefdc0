"""Rows without a target, from which nothing can be learnt."""

from __future__ import annotations

from dataclasses import replace

from automl_components.guardrails import Facts, Finding, Guardrail, counted


def _check(facts: Facts) -> Finding | None:
    dropped, kept = int(facts.dropped_rows), len(facts.frame) + int(facts.splits.get("test_rows", 0))
    if not dropped:
        return GUARDRAIL.passed("Every row has a target.", {"dropped_rows": 0})
    share = dropped / (dropped + kept)
    return GUARDRAIL.done(
        f"{counted(dropped, 'row')} of {dropped + kept:,} ({share:.1%}) had no target.",
        repair="Those rows were left out.",
        details={"dropped_rows": dropped, "share": share},
        severity="warning" if share > 0.05 else "info",
    )


GUARDRAIL = Guardrail(
    "target-missing",
    "Missing target values",
    _check,
    example=lambda facts: replace(facts, dropped_rows=12),
    rank=20,
    sample_rows=None,
)
