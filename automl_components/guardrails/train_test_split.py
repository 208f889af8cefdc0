"""Rows of the training data that were cut off for the test."""

from __future__ import annotations

from dataclasses import replace

from automl_components.guardrails import Facts, Finding, Guardrail, counted


def _check(facts: Facts) -> Finding | None:
    test, training = int(facts.splits.get("test_rows", 0)), len(facts.frame)
    if not test:
        return None
    share = test / (test + training)
    return GUARDRAIL.done(
        f"{counted(test, 'row')} of {test + training:,} ({share:.1%}) were cut off for the test before "
        f"anything was learnt; {training:,} remain.",
        repair="The test rows take part in nothing but the test; test_data would use rows of your choice.",
        details={"test_rows": test, "training_rows": training, "share": share},
    )


def _example(facts: Facts) -> Facts:
    return replace(facts, splits={**facts.splits, "test_rows": 33})


GUARDRAIL = Guardrail(
    "train-test-split", "Train-test data split", _check, _example, rank=12, sample_rows=None
)
