"""What a fitted featurizer does, for people: Azure's summary table, where each feature comes from, the recipe."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_components.guardrails.personal_data import masked

if TYPE_CHECKING:
    from automl_components.engine.features import Featurizer
    from automl_components.engine.recipe import JointRecipe, Recipe, Step

SHOWN = 8  # items of a list that the recipe prints


def featurization_summary(featurizer: Featurizer) -> list[dict[str, Any]]:
    """One row a raw column: RawFeatureName, TypeDetected, Dropped, EngineeredFeatureCount, Tranformations.

    These are Azure's keys, its spelling included; Reason and Confidence say why the type was detected.
    """
    return [dict(row) for row in featurizer.summary_]


def engineered_features(featurizer: Featurizer, personal: Collection[str] = ()) -> list[dict[str, Any]]:
    """One row for each transformer of each column: what it is called, its raw columns, its features' names.

    Words and categories in the names of ``personal`` columns' features are masked. ``sources`` has the raw columns of
    each name, only where they are not simply ``columns``.
    """
    rows = []
    names = {kind: iter(getattr(featurizer.schema_, kind)) for kind in ("numeric", "codes", "sparse")}
    for kind, left in names.items():
        for line in (*featurizer.recipes_, *featurizer.joints_):
            for step in (step for step in line.steps if step.kind == kind):
                taken = [next(left) for _ in step.transformer.names]
                taken = _names(line, step, taken, personal)
                row = {"columns": _columns(line), "transformer": step.name, "title": step.title, "kind": kind}
                sources = getattr(step.transformer, "sources", None)
                differ = sources is not None and any(one != row["columns"] for one in sources)
                rows.append(row | {"names": taken} | ({"sources": sources} if differ else {}))
    return rows


def recipe_of(featurizer: Featurizer, personal: Collection[str] = ()) -> dict[str, Any]:
    """The fitted recipe as plain values, in the order in which it is applied; for YAML.

    A column has its ``purpose``, how its cells are read and repaired, and its ``steps``: what was asked of a
    transformer (``parameters``) and what it learned, except from ``personal`` columns. Of long lists the first 8
    items and the count are shown.
    """
    rows = {row["RawFeatureName"]: row for row in featurizer.summary_}
    columns = {}
    for recipe in featurizer.recipes_:
        row = rows[recipe.column]
        reading = {"decimal": recipe.decimal if recipe.decimal != "." else "", "unit": recipe.unit}
        reading |= {"formats": list(recipe.formats), "timezone": recipe.timezone}
        given = {key: value for key, value in reading.items() if value}
        columns[recipe.column] = {
            "purpose": recipe.purpose,
            "reason": row["Reason"],
            **({"read": given} if given else {}),
            **({"repairs": [_repair(repair) for repair in recipe.repairs]} if recipe.repairs else {}),
            "steps": [_step(step, recipe.column in personal) for step in recipe.steps],
        }
    joint = [{"columns": list(line.columns), "steps": [_step(line.step)]} for line in featurizer.joints_]
    dropped = {
        n: f"{row['TypeDetected']}: {row['Reason']}" for n, row in rows.items() if row["Dropped"] == "Yes"
    }
    return {
        "mode": featurizer.mode,
        "blocked_transformers": list(featurizer.blocked_transformers),
        "columns": columns,
        **({"several_columns": joint} if joint else {}),
        "dropped": dropped,
        "optional_columns": list(featurizer.optional_columns_),
    }


def _columns(line: Recipe | JointRecipe) -> list[str]:
    return list(line.columns) if hasattr(line, "columns") else [line.column]


def _repair(repair: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in repair.items() if key not in ("column", "to")}
    return {key: list(value) if isinstance(value, (list, tuple)) else value for key, value in told.items()}


def _names(line: Recipe | JointRecipe, step: Step, names: list[str], personal: Collection[str]) -> list[str]:
    """The names of a step's features, without what personal columns hold."""
    column = _columns(line)[0]
    if step.kind != "sparse" or column not in personal:
        return names
    return [column + masked(name.removeprefix(column)) for name in names]


def _step(step: Step, personal: bool = False) -> dict[str, Any]:
    parameters = {"parameters": dict(step.parameters)} if step.parameters else {}
    if personal:
        return {"transformer": step.name, **parameters, "learned": "not shown: personal data"}
    learned = {
        key: shown
        for key, value in vars(step.transformer).items()
        if not key.startswith("_")
        and key not in ("names", "sources", "column", *step.parameters)
        and (shown := _shown(value)) is not None
    }
    gives = {} if step.kind == "column" else {"features": _shown(list(step.transformer.names))}
    return {"transformer": step.name, **parameters, **({"learned": learned} if learned else {}), **gives}


def _shown(value: Any) -> Any:
    """The value as YAML can hold it; lists cut, arrays as their shape, estimators not at all."""
    if isinstance(value, np.ndarray):
        return {"array": list(value.shape)}
    if isinstance(value, (np.generic, np.datetime64)):
        return str(value) if isinstance(value, np.datetime64) else value.item()
    if isinstance(value, Mapping):
        found = {str(key): _shown(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [item for item in map(_shown, value[:SHOWN]) if item is not None]
        return items if len(value) <= SHOWN else {"first": items, "count": len(value)}
    return value if isinstance(value, (str, int, float, bool)) else None
