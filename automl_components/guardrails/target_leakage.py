"""Features that give the target away: one alone, or the sum, difference or ratio of two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, joined, probes, sentence

GIVEN_AWAY = 1e-3  # share of the target left open, up to which a feature is as good as the target
SUSPICIOUS = 1e-2
MOST_PAIRED = 40  # columns of numbers that are combined, those that tell most by themselves first
EXACT = 1e-4  # share of the target left open by a formula of two columns
FEWEST_ROWS = 30
LARGEST = 1e100


@dataclass(frozen=True)
class Leak:
    """A formula of feature columns, and the share of the target that it leaves open."""

    formula: str
    columns: tuple[str, ...]
    left: float
    equal: float | None = None  # share of the rows in which the formula gives the target exactly


def _check(facts: Facts) -> Finding | None:
    if len(facts.frame) < FEWEST_ROWS:
        return None
    left = probes.unexplained(facts)
    name = facts.target_name
    found = [
        Leak(f"{column} tells {name}", (column,), share)
        for column, share in left.items()
        if share <= SUSPICIOUS
    ]
    taken = {leak.columns[0] for leak in found}
    found += [leak for leak in _pairs(facts, left) if not taken & set(leak.columns)]
    found.sort(key=lambda leak: (leak.left, leak.formula))
    if not found:
        best = min(left, key=lambda column: left[column], default=None)
        figures = {"leaks": 0} | ({"strongest": best, "left_open": round(left[best], 4)} if best else {})
        return GUARDRAIL.passed("No feature, and no formula of two, gives the target away.", figures)
    sure = [leak for leak in found if leak.left <= GIVEN_AWAY]
    return GUARDRAIL.alerted(
        sentence(f"features give the target away: {joined(map(_words, found))}"),
        remedy="If they are only known together with the target, leave them out (featurization.drop_columns): scores "
        "with them say nothing about new rows. If they are known before, all is well and a rule may do.",
        details={
            "leaks": len(found),
            "formulas": [
                {
                    "formula": leak.formula,
                    "columns": list(leak.columns),
                    "left_open": float(f"{leak.left:.3g}"),
                    **({} if leak.equal is None else {"equal_rows": round(leak.equal, 4)}),
                }
                for leak in found[:LISTED]
            ],
        },
        severity="error" if sure else "warning",
    )


def _words(leak: Leak) -> str:
    if leak.equal is not None and leak.equal > 0.5:
        return f"{leak.formula} in {leak.equal:.1%} of the rows"
    return f"{leak.formula}, all but {leak.left:.2%} of it"


def _pairs(facts: Facts, left: dict[str, float]) -> list[Leak]:
    """Formulas of two columns of numbers that (nearly) give the target."""
    numbers = [name for name in facts.columns("Numeric") if left.get(name, 0) > SUSPICIOUS]
    numbers = sorted(numbers, key=lambda name: (left[name], name))[:MOST_PAIRED]
    target = probes.target_values(facts)
    if facts.task == "classification" and target.max() > 1:
        return []
    values = {name: facts.values(name) for name in map(str, facts.frame) if name in numbers}
    few = np.linspace(0, len(target) - 1, min(len(target), 300)).astype(int)
    leaks = []
    for a, b in combinations(values, 2):
        for formula, of_few in _formulas(facts.target_name, a, b, values[a][few], values[b][few]):
            if _left_open(of_few, target[few], facts.task)[0] > 10 * SUSPICIOUS:
                continue
            whole = dict(_formulas(facts.target_name, a, b, values[a], values[b]))[formula]
            share, equal = _left_open(whole, target, facts.task)
            if share <= EXACT:
                leaks.append(Leak(formula, (a, b), share, equal))
    return leaks


def _formulas(target: str, a: str, b: str, x: np.ndarray, y: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    with np.errstate(all="ignore"):
        yield f"{a} + {b} = {target}", x + y
        yield f"{a} - {b} = {target}", x - y
        yield f"{a} / {b} = {target}", x / y
        yield f"{b} / {a} = {target}", y / x


def _left_open(values: np.ndarray, target: np.ndarray, task: str) -> tuple[float, float | None]:
    """Share of the target that a formula leaves open, and the share of rows where it is the target itself."""
    known = np.isfinite(values) & (np.abs(values) < LARGEST)
    if known.mean() < 0.9 or np.ptp(values[known]) == 0:
        return 1.0, None
    values, target = values[known], target[known]
    if task == "classification":
        area = probes.ranked_auc(values, target == 1)
        return 2 * min(area, 1 - area), None
    if np.ptp(target) == 0:
        return 1.0, None
    near = 1e-6 * np.abs(target)
    equal = max(float((np.abs(sign * values - target) <= near).mean()) for sign in (1, -1))
    scaled = [part / np.abs(part).max() for part in (values, target)]
    centred, aim = (part - part.mean() for part in scaled)
    square = (centred @ aim) ** 2 / max(float((centred @ centred) * (aim @ aim)), 1e-300)
    return float(max(0.0, 1 - square)), equal


def _example(facts: Facts) -> Facts:
    codes = probes.target_values(facts).astype(np.float64)
    part = np.random.default_rng(0).normal(size=len(codes)) * max(codes.std(), 1.0)
    return facts.with_column("casual", part, "Numeric").with_column("registered", codes - part, "Numeric")


GUARDRAIL = Guardrail(
    "target-leakage", "Target leakage", _check, _example, rank=16, sample_rows=probes.PROBE_ROWS
)
