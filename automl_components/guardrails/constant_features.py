"""Feature columns with one single value, or none at all."""

from __future__ import annotations

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, Repair, counted, listed, sentence


def _check(facts: Facts) -> Finding | None:
    constant, empty = facts.columns("Constant"), facts.columns("AllNan")
    figures = {"constant": len(constant), "empty": len(empty), "columns": [*constant, *empty][:LISTED]}
    if not constant and not empty:
        return GUARDRAIL.passed("Every feature column has at least two different values.", figures)
    parts = []
    if constant:
        parts.append(f"{counted(len(constant), 'feature column')} with one single value: {listed(constant)}")
    if empty:
        parts.append(f"{counted(len(empty), 'feature column')} without any value: {listed(empty)}")
    summary = sentence("; ".join(parts))
    if not facts.featurize:
        return GUARDRAIL.alerted(
            summary, remedy="Featurization is off, so they stay; they teach a model nothing.", details=figures
        )
    return GUARDRAIL.done(
        summary,
        repair="They were left out; new rows need not have them.",
        details=figures,
        repairs=[Repair(name, "left out", len(facts.frame)) for name in (*constant, *empty)],
    )


def _example(facts: Facts) -> Facts:
    return facts.with_column("country", ["Austria"] * len(facts.frame), "Constant")


GUARDRAIL = Guardrail("constant-features", "Constant features", _check, _example, rank=52, sample_rows=None)
