"""Who trains and who validates, where the number of rows decided it or a wish could not be met."""

from __future__ import annotations

from dataclasses import replace

from automl_components.guardrails import Facts, Finding, Guardrail, counted


def _check(facts: Facts) -> Finding | None:
    splits = facts.splits
    figures = {key: splits[key] for key in ("kind", "count", "reason", "train_rows", "validation_rows")}
    if splits.get("notes"):
        return GUARDRAIL.done(
            f"The splits are not quite what was asked for: {'; '.join(splits['notes'])}.",
            repair=f"Used instead: {splits['reason']}.",
            details={**figures, "notes": list(splits["notes"])},
            severity="warning",
        )
    if not splits.get("auto"):
        return GUARDRAIL.passed(f"The splits are as asked for: {splits['reason']}.", figures)
    return GUARDRAIL.done(
        f"No validation was asked for, so the number of rows decided: {splits['reason']}.",
        repair=f"{counted(splits['count'], 'split')} made; n_cross_validations, validation_data_size or "
        "validation_data would decide otherwise.",
        details=figures,
    )


def _example(facts: Facts) -> Facts:
    return replace(
        facts, splits={**facts.splits, "auto": True, "reason": "10 folds, since there are 300 rows"}
    )


GUARDRAIL = Guardrail(
    "validation-split", "Validation split handling", _check, _example, rank=10, sample_rows=None
)
