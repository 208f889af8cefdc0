"""Scores that are averaged over several splits, and how large those are."""

from __future__ import annotations

from dataclasses import replace

from automl_components.guardrails import Facts, Finding, Guardrail, sentence


def _check(facts: Facts) -> Finding | None:
    count, train, validation = (facts.splits[key] for key in ("count", "train_rows", "validation_rows"))
    if count < 2:
        return None
    return GUARDRAIL.done(
        f"Every model is trained {count} times, on {_span(train)} rows, and scored on {_span(validation)} "
        "others; its score is the average.",
        repair=f"{sentence(facts.splits['reason'])} The best model is trained on all rows afterwards.",
        details={
            "kind": facts.splits["kind"],
            "count": count,
            "train_rows": list(train),
            "validation_rows": list(validation),
        },
    )


def _span(sizes: list[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _example(facts: Facts) -> Facts:
    third = len(facts.frame) // 3
    sizes = {"train_rows": [2 * third] * 3, "validation_rows": [third] * 3}
    return replace(facts, splits={**facts.splits, **sizes, "kind": "k_fold", "count": 3, "reason": "3 folds"})


GUARDRAIL = Guardrail("cross-validation", "Cross validation", _check, _example, rank=14, sample_rows=None)
