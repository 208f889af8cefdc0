"""Columns that are perhaps known only after the event that is predicted: told by their name, or by their dates."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, listed, probes, sentence

_AFTER = re.compile(
    r"(?:.*[^a-z])?(?:duration|elapsed|outcome|result|results|resolution|resolved|closed|cancell?ed|cancellation|"
    r"terminated|termination|churned|returned|refund|refunded|chargeback|repaid|recovered|recovery|settlement|"
    r"discharge|discharged|deceased|death|actual|final|after|post)(?:[^a-z].*)?",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"(?:^|[^a-z])(?:prev|previous|prior|last|past|former|hist|history|p)(?:[^a-z]|$)", re.IGNORECASE
)
STRONG = (
    0.7  # area under the curve, or absolute rank correlation of 0.4, from which a name is taken seriously
)
STRONG_RANKS = 0.4
LATER = 0.99  # share of the rows in which one date is later than another
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _check(facts: Facts) -> Finding | None:
    named = {}
    for name in probes.used_columns(facts):
        words = _CAMEL.sub("_", name)
        if (
            _AFTER.fullmatch(words)
            and not _EARLIER.search(words)
            and (tells := _strength(facts, name)) is not None
        ):
            named[name] = tells
    later = _later_dates(facts)
    figures = {
        "by_name": [
            {"column": name, "strength": round(tells, 4)} for name, tells in list(named.items())[:LISTED]
        ],
        "by_date": [{"column": late, "after": early} for late, early in later[:LISTED]],
    }
    if not named and not later:
        return GUARDRAIL.passed("No column looks as if it were known only after the event.", figures)
    parts = []
    if named:
        verb = "sounds" if len(named) == 1 else "sound"
        parts.append(
            f"{listed(named)} {verb} like what is known only afterwards, and tells much of the target"
        )
    if later:
        shown = ", ".join(f"{late!r} is never before {early!r}" for late, early in later[:LISTED])
        parts.append(f"{shown}, so it may be recorded when all is over")
    return GUARDRAIL.alerted(
        sentence("; ".join(parts)),
        remedy="If such a column is not known when the prediction is made, leave it out (featurization.drop_columns); "
        "scores with it say nothing about new rows.",
        details=figures,
    )


def _strength(facts: Facts, name: str) -> float | None:
    """How much a column tells: area under the curve or rank correlation, None where it is little."""
    if facts.purposes[name] in ("Text", "List"):
        return None
    values, target = facts.values(name), probes.target_values(facts)
    known = np.isfinite(values)
    if known.sum() < 50:
        return None
    if facts.task == "regression":
        ranks = pd.Series(values[known]).corr(pd.Series(target[known]), method="spearman")
        return abs(float(ranks)) if abs(float(ranks)) >= STRONG_RANKS else None
    if facts.purposes[name] not in ("Numeric", "DateTime", "Boolean"):
        return 1 - left if (left := probes.unexplained(facts).get(name, 1.0)) < 0.5 else None
    codes = target[known]
    areas = [probes.ranked_auc(values[known], codes == code) for code in np.unique(codes)[:LISTED]]
    best = max(max(area, 1 - area) for area in areas)
    return best if best >= STRONG else None


def _later_dates(facts: Facts) -> list[tuple[str, str]]:
    """Pairs of dates of which the first is practically never before, and mostly after, the second, at some distance."""
    dates = facts.columns("DateTime")
    found = []
    for late in dates:
        for early in dates:
            gap = facts.values(late) - facts.values(early)
            gap = gap[np.isfinite(gap)]
            if late == early or len(gap) < 50 or len(np.unique(gap)) < 10:
                continue
            if (gap >= 0).mean() >= LATER and (gap > 0).mean() > 0.5 and _tells(facts, late, early):
                found.append((late, early))
    return found


def _tells(facts: Facts, late: str, early: str) -> bool:
    """Whether the time between two dates tells much of the target."""
    gap = facts.values(late) - facts.values(early)
    with_gap = facts.with_column("gap", gap, "Numeric")
    return _strength(with_gap, "gap") is not None


def _example(facts: Facts) -> Facts:
    rng, rows = np.random.default_rng(0), 400
    duration = rng.exponential(200, rows)
    yes = duration + rng.normal(0, 60, rows) > 250
    target = pd.Series(np.where(yes, "yes", "no") if facts.task == "classification" else duration / 3)
    frame = pd.DataFrame({"call_duration": duration, "age": rng.integers(18, 90, rows)})
    purposes = {"call_duration": "Numeric", "age": "Numeric"}
    return replace(facts, frame=frame, target=target, purposes=purposes, sides=None, test=None)


GUARDRAIL = Guardrail(
    "later-columns", "Columns known only afterwards", _check, _example, rank=17, sample_rows=probes.PROBE_ROWS
)
