"""Column names that trip people and libraries."""

from __future__ import annotations

import re

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, listed, sentence

# control characters; what LightGBM (JSON's own) and XGBoost ([, ], <) refuse in feature names
_SPECIAL = re.compile(r'[\x00-\x1f\x7f",:\[\]{}<]')


def _check(facts: Facts) -> Finding | None:
    names = [str(name) for name in facts.frame.columns]
    odd = [name for name in names if name != name.strip() or not name or _SPECIAL.search(name)]
    first: dict[str, str] = {}
    alike = [
        (other, name) for name in names if (other := first.setdefault(name.strip().casefold(), name)) != name
    ]
    if not odd and not alike:
        return GUARDRAIL.passed("All column names are plain.", {"odd": 0, "alike": 0})
    parts = []
    if odd:
        parts.append(f"names with blanks around them or special characters: {listed(odd)}")
    if alike:
        pairs = ", ".join(f"{a!r} and {b!r}" for a, b in alike[:LISTED])
        parts.append(f"names that differ only in case or blanks: {pairs}")
    return GUARDRAIL.done(
        sentence("; ".join(parts)),
        repair="They were kept, and new rows must use them as they are; learners never see column names.",
        details={
            "odd": len(odd),
            "odd_columns": odd[:LISTED],
            "alike": len(alike),
            "alike_columns": [list(pair) for pair in alike[:LISTED]],
        },
    )


def _example(facts: Facts) -> Facts:
    return facts.with_column(" price [EUR]", range(len(facts.frame)), "Numeric")


GUARDRAIL = Guardrail("column-names", "Column names", _check, _example, rank=56, sample_rows=None)
