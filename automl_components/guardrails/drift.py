"""Test or validation rows that look different from the training rows, feature by feature and as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp, norm

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, joined, probes, sentence

FALSE_DISCOVERIES = 0.001  # share of false ones among the columns that are named (Benjamini and Hochberg)
LEAST_EFFECT = 0.1  # Kolmogorov and Smirnov's distance or Cramer's V: with many rows, less is sure and idle
LEAST_AREA = 0.6  # area under the curve from which a classifier is said to tell the tables apart
SURE = 1e-4
TOLD_APART = 2_000  # rows of each table that the classifier sees
MOST_LEVELS = 50
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Shift:
    """How one column differs: the test, its effect (0 is none, 1 is all) and its probability by chance."""

    column: str
    test: str
    effect: float
    p_value: float


def _check(facts: Facts) -> Finding | None:
    tables = {"test": facts.test}
    if facts.splits.get("kind") == "given":
        tables["validation"] = facts.validation
    pairs = {name: table for name, table in tables.items() if table is not None and len(table) >= FEWEST_ROWS}
    if not pairs or len(facts.frame) < FEWEST_ROWS:
        return None
    parts, figures, worst = [], {}, 0.0
    for name, table in pairs.items():
        training = facts.frame
        if facts.validation is not None:
            training = training.drop(index=facts.validation.index, errors="ignore")
        area, p_value = _told_apart(facts, training, table)
        shifts = column_shifts(facts, training, table)
        figures[name] = {
            "rows": len(table),
            "classifier_area": round(area, 4),
            "classifier_p": float(f"{p_value:.3g}"),
            "columns": [
                {
                    "column": s.column,
                    "test": s.test,
                    "effect": round(s.effect, 4),
                    "p": float(f"{s.p_value:.3g}"),
                }
                for s in shifts[:LISTED]
            ],
        }
        if (area >= LEAST_AREA and p_value <= SURE) or shifts:
            parts.append(_words(name, area, shifts))
            worst = max(worst, area)
    if not parts:
        return GUARDRAIL.passed("Validation and test rows look like training rows.", figures)
    return GUARDRAIL.alerted(
        sentence("; ".join(parts)),
        remedy="Scores there tell of other rows than those trained on. If they were collected later, order the splits "
        "by time (split_time_column_name); if a column only counts rows or days, leave it out.",
        details=figures,
    )


def _words(name: str, area: float, shifts: list[Shift]) -> str:
    shown = joined((f"{s.column!r} ({s.effect:.2f})" for s in shifts), ", ")
    columns = f", by {shown}" if shifts else ""
    return (
        f"the {name} rows differ from the training rows{columns}; a classifier tells them apart with an area under "
        f"the curve of {area:.2f}, where 0.5 is chance"
    )


def _joined(facts: Facts, one: pd.DataFrame, other: pd.DataFrame) -> Facts:
    """Facts in which the question is which of two tables a row is from."""
    rows = min(TOLD_APART, len(one)), min(TOLD_APART, len(other))
    tables = [
        t.iloc[np.linspace(0, len(t) - 1, n).astype(int)] for t, n in zip((one, other), rows, strict=True)
    ]
    names = [name for name in probes.used_columns(facts) if name in other]
    frame = pd.concat([table[names].astype(object) for table in tables], ignore_index=True)
    kept = {name: _as_before(frame[name], one[name]) for name in names}
    side = pd.Series(np.repeat(["one", "other"], rows))
    return replace(
        facts,
        frame=pd.DataFrame(kept),
        target=side,
        task="classification",
        sides=None,
        validation=None,
        test=None,
    )


def _as_before(column: pd.Series, like: pd.Series) -> pd.Series:
    """The joined column in the dtype of the first table where all its values fit."""
    try:
        return column.astype(like.dtype)
    except (TypeError, ValueError):
        return column


def _told_apart(facts: Facts, one: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float]:
    """Area under the curve of a classifier that tells the tables apart, and its probability by chance."""
    probe = probes.forest_probe(_joined(facts, one, other))
    return (0.5, 1.0) if probe is None else (probe.score, float(norm.sf((probe.score - 0.5) / probe.error)))


def column_shifts(facts: Facts, one: pd.DataFrame, other: pd.DataFrame) -> list[Shift]:
    """The columns that differ, most first: significant after correction for their number, and by enough."""
    names = [
        n for n in probes.used_columns(facts) if n in other and facts.purposes[n] not in ("Text", "List")
    ]
    shifts = [_shift(facts, name, one[name], other[name]) for name in names]
    if not shifts:
        return []
    adjusted = false_discovery_control([shift.p_value for shift in shifts], method="bh")
    told = [
        shift
        for shift, p_value in zip(shifts, adjusted, strict=True)
        if p_value <= FALSE_DISCOVERIES and shift.effect >= LEAST_EFFECT
    ]
    return sorted(told, key=lambda shift: -shift.effect)


def _shift(facts: Facts, name: str, one: pd.Series, other: pd.Series) -> Shift:
    if facts.purposes[name] in ("Numeric", "DateTime"):
        a, b = (facts.read(column, facts.purposes[name]) for column in (one, other))
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if min(len(a), len(b)) >= FEWEST_ROWS:
            found = ks_2samp(a, b, method="asymp")
            return Shift(name, "Kolmogorov-Smirnov", float(found.statistic), float(found.pvalue))
    texts = pd.concat([c.astype(object).map(str, na_action="ignore") for c in (one, other)])
    codes, levels = pd.factorize(texts, use_na_sentinel=True)
    kept = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(levels)), kind="stable")[:MOST_LEVELS]
    place = np.full(
        len(levels) + 1, len(kept) + 1
    )  # the last place is that of gaps, the one before of rare levels
    place[:-1] = len(kept)
    place[kept] = np.arange(len(kept))
    side = np.repeat([0, 1], [len(one), len(other)])
    table = np.bincount(place[codes] * 2 + side, minlength=2 * len(kept) + 4).reshape(-1, 2)
    table = table[table.sum(axis=1) >= 5]
    if len(table) < 2 or not table.sum(axis=0).all():
        return Shift(name, "chi-squared", 0.0, 1.0)
    found = chi2_contingency(table, correction=False)
    return Shift(name, "chi-squared", float(np.sqrt(found.statistic / table.sum())), float(found.pvalue))


def _example(facts: Facts) -> Facts:
    rows = len(facts.frame)
    facts = facts.with_column("sensor", np.random.default_rng(0).normal(size=rows), "Numeric")
    return replace(
        facts, test=facts.frame.sample(rows // 2, random_state=0).assign(sensor=lambda f: f["sensor"] + 2)
    )


GUARDRAIL = Guardrail("drift", "Drift between training and test data", _check, _example, rank=86)
