"""Features that carry no signal: a model that is no better than a constant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail, probes

BY_CHANCE = 0.01  # one-sided probability up to which a score counts as better than a constant
FAINT = {"classification": 0.6, "regression": 0.2}  # scores below which a signal would hardly be of use
BLURRED = {
    "classification": 0.025,
    "regression": 0.05,
}  # standard errors above which rows are too few for a verdict
MEASURE = {
    "classification": "area under the ROC curve {:.2f}, where 0.5 is a constant's",
    "regression": "rank correlation {:.2f} of prediction and target, where 0 is a constant's",
}


def _check(facts: Facts) -> Finding | None:
    probe = probes.forest_probe(facts)
    if probe is None:
        return None
    figures = {
        "score": round(probe.score, 4),
        "standard_error": round(probe.error, 4),
        "p_value": float(f"{probe.p_value:.3g}"),
        "model": f"{probes.TREES} extremely randomised trees, cross-validated on two halves",
    }
    measure = MEASURE[facts.task].format(probe.score)
    if probe.p_value <= BY_CHANCE:
        return GUARDRAIL.passed(f"The features carry a signal ({measure}).", figures)
    if probe.error <= BLURRED[facts.task] and probe.score + 2 * probe.error < FAINT[facts.task]:
        return GUARDRAIL.alerted(
            f"Nothing to learn was found: a quick cross-validated model is no better than a constant ({measure}).",
            remedy="Do not trust whatever model comes out: its score is chance. Check that the target belongs to "
            "these rows, and bring features that have to do with it.",
            details=figures,
            severity="error",
        )
    return GUARDRAIL.alerted(
        f"No signal was found in {len(facts.frame):,} rows ({measure}), which are too few to rule a weak one out.",
        remedy="Compare the final scores with those of a constant, and collect more rows.",
        details=figures,
    )


def _example(facts: Facts) -> Facts:
    rng, rows = np.random.default_rng(1), 2_000
    frame = pd.DataFrame({"serial": rng.permutation(rows), "colour": rng.choice(["red", "blue"], rows)})
    target = pd.Series(rng.permutation(rows) % 2 if facts.task == "classification" else rng.normal(size=rows))
    purposes = {"serial": "Numeric", "colour": "Categorical"}
    return replace(facts, frame=frame, target=target, purposes=purposes, sides=None)


GUARDRAIL = Guardrail(
    "nothing-to-learn", "Nothing to learn", _check, _example, rank=18, sample_rows=probes.PROBE_ROWS
)
