"""Rows that belong together, such as several visits of one patient, which random splits tear apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, probes

RANDOM = ("k_fold", "monte_carlo", "holdout")
FEWEST_GROUPS = 10
REPEATED = 0.5  # share of the rows that share their group with others
CONSTANT = 0.99  # share of the rows in which another column is the same for the whole group
DEPENDENT = 2  # such columns, from which a column is taken for an entity without being named as one
_ENTITY = re.compile(
    r"(?:.*[^a-z])?(?:patient|user|customer|client|subject|person|household|student|employee|account|device|"
    r"machine|vehicle|session|store|shop|site)(?:[^a-z]?(?:id|no|nr|num|number|code|key))?",
    re.IGNORECASE,
)
_ID = re.compile(r".*(?:[^a-z](?:id|uuid|guid)|[a-z](?:Id|ID))")


@dataclass(frozen=True)
class Group:
    """A column whose values repeat, and the columns that are constant where it is."""

    column: str
    groups: int
    repeated: float
    constant: tuple[str, ...]
    alike: float  # share of the target's variance that lies between the groups, beyond chance


def _check(facts: Facts) -> Finding | None:
    if facts.splits.get("kind") not in RANDOM or facts.groups is not None or facts.times is not None:
        return None
    found = [group for name in facts.frame if (group := _group(facts, str(name)))]
    if not found:
        return GUARDRAIL.passed("No column shows rows that belong together.", {"columns": []})
    found.sort(key=lambda group: (-len(group.constant), -group.alike, group.column))
    best = found[0]
    same = f"; {', '.join(map(repr, best.constant[:3]))} do not change within it" if best.constant else ""
    return GUARDRAIL.alerted(
        f"{best.groups:,} values of {best.column!r} repeat over {best.repeated:.0%} of the rows{same}, and random "
        "splits put rows of one on both sides.",
        remedy=f"If the model is to predict for new ones, set group_column_name to {best.column!r}; scores will be "
        "lower, and true. If it is to predict for known ones, all is well.",
        details={
            "columns": [
                {
                    "column": group.column,
                    "groups": group.groups,
                    "repeated_share": round(group.repeated, 4),
                    "constant_columns": list(group.constant)[:LISTED],
                    "target_variance_between": round(group.alike, 4),
                }
                for group in found[:LISTED]
            ]
        },
    )


def _group(facts: Facts, name: str) -> Group | None:
    """The column as a group, where it is one."""
    if facts.purposes.get(name) not in ("Categorical", "CategoricalHash", "Hashes", "Numeric"):
        return None
    named = bool(_ENTITY.fullmatch(name) or _ID.fullmatch(name))
    if facts.purposes[name] == "Numeric" and not named:
        return None
    values = facts.values(name)
    if np.isnan(values).mean() > 0.5:
        return None
    codes = pd.factorize(values)[0]
    rows = np.bincount(codes[codes >= 0])
    repeated = float(rows[rows > 1].sum() / max(1, rows.sum()))
    if not FEWEST_GROUPS <= len(rows) <= len(codes) / 2 or repeated < REPEATED:
        return None
    constant = _constant_within(facts, name, codes, len(rows))
    if not named and len(constant) < DEPENDENT:
        return None
    alike = _between(probes.target_values(facts), codes, facts.task)
    if named and not constant and alike < 0.05:
        return None
    return Group(name, len(rows), repeated, constant, alike)


def _constant_within(facts: Facts, name: str, codes: np.ndarray, groups: int) -> tuple[str, ...]:
    """Other columns with many values that do not change within a group, but between groups."""
    found = []
    for other in probes.used_columns(facts):
        if other == name or facts.purposes[other] in ("Text", "List", "DateTime"):
            continue
        values = pd.factorize(facts.values(other))[0]
        pairs = pd.DataFrame({"group": codes, "value": values})
        levels = len(np.unique(values))
        if levels < FEWEST_GROUPS or levels > groups:
            continue
        usual = pairs.groupby("group")["value"].transform("first").to_numpy()
        if (usual == values).mean() >= CONSTANT:
            found.append(other)
    return tuple(found)


def _between(target: np.ndarray, codes: np.ndarray, task: str) -> float:
    """Share of the target's variance between groups, less what chance would put there (adjusted eta squared)."""
    values = (target == 0).astype(float) if task == "classification" else target
    frame = pd.DataFrame({"group": codes, "value": values})
    inside = float(((frame["value"] - frame.groupby("group")["value"].transform("mean")) ** 2).sum())
    whole, groups = float(((values - values.mean()) ** 2).sum()), len(np.unique(codes))
    if whole <= 0 or len(values) <= groups:
        return 0.0
    return max(0.0, 1 - (inside / (len(values) - groups)) / (whole / (len(values) - 1)))


def _example(facts: Facts) -> Facts:
    rng, visits = np.random.default_rng(0), 5
    patient = np.repeat(np.arange(60), visits)
    risk = rng.normal(size=60)[patient]
    frame = pd.DataFrame({"patient_id": patient, "pressure": risk + rng.normal(0, 1, len(patient))})
    target = pd.Series(np.where(risk > 0, "ill", "well") if facts.task == "classification" else risk)
    purposes = {"patient_id": "Categorical", "pressure": "Numeric"}
    splits = {**facts.splits, "kind": "k_fold"}
    return replace(facts, frame=frame, target=target, purposes=purposes, splits=splits, sides=None, test=None)


GUARDRAIL = Guardrail("repeated-groups", "Rows that belong together", _check, _example, rank=88)
