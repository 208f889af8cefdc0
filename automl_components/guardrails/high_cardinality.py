"""Feature columns with very many different values."""

from __future__ import annotations

import numpy as np

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, Repair, listed, sentence


def _check(facts: Facts) -> Finding | None:
    dropped, hashed = facts.columns("Hashes"), facts.columns("CategoricalHash")
    if not dropped and not hashed:
        return GUARDRAIL.passed(
            "No feature column has too many different values.", {"dropped": 0, "hashed": 0}
        )
    parts = []
    if dropped:
        parts.append(f"almost every row has a value of its own in {listed(dropped)}")
    if hashed:
        parts.append(f"there are many different categories in {listed(hashed)}")
    figures = {
        "dropped": len(dropped),
        "hashed": len(hashed),
        "distinct": [
            {"column": name, "values": int(facts.frame[name].map(str, na_action="ignore").nunique())}
            for name in [*dropped, *hashed][:LISTED]
        ],
    }
    summary = sentence(" and ".join(parts))
    if not facts.featurize:
        return GUARDRAIL.alerted(
            summary,
            remedy="Featurization is off, so nothing was done; leave out identifiers, or set "
            "featurization.mode to 'auto'.",
            details=figures,
        )
    repairs = ["Left out: " + listed(dropped)] if dropped else []
    repairs += ["Hashed into a fixed number of columns: " + listed(hashed)] if hashed else []
    rows = len(facts.frame)
    done = [Repair(name, "left out", rows) for name in dropped] + [
        Repair(name, "hashed", rows) for name in hashed
    ]
    return GUARDRAIL.done(summary, repair=". ".join(repairs) + ".", details=figures, repairs=done)


def _example(facts: Facts) -> Facts:
    codes = [f"id-{number}" for number in np.arange(len(facts.frame))]
    return facts.with_column("code", codes, "Hashes")


GUARDRAIL = Guardrail(
    "high-cardinality", "High cardinality feature detection", _check, _example, rank=50, sample_rows=None
)
