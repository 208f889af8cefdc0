"""Small repairs made while the tables were read, and what was ignored in them."""

from __future__ import annotations

from dataclasses import replace

from automl_components.guardrails import Facts, Finding, Guardrail, counted, sentence


def _check(facts: Facts) -> Finding | None:
    if not facts.notes:
        return None
    return GUARDRAIL.done(
        sentence("; ".join(facts.notes)),
        repair=f"{counted(len(facts.notes), 'repair')} of tables while they were read; files are unchanged.",
        details={"notes": list(facts.notes)},
    )


GUARDRAIL = Guardrail(
    "table-repairs",
    "Repairs of the tables",
    _check,
    example=lambda facts: replace(facts, notes=("columns of test_data were ignored: 'note'",)),
    rank=58,
    sample_rows=None,
)
