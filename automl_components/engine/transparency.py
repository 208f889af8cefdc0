"""What a fitted featurizer does, for people: Azure's summary table, where each feature comes from, the recipe."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_components.core.masks import hidden_words, masked

if TYPE_CHECKING:
    from automl_components.engine.features import Featurizer
    from automl_components.engine.recipe import Step

KINDS = ("numeric", "codes", "sparse")
SHOWN = 8  # items of a list that the recipe prints


def featurization_summary(featurizer: Featurizer) -> list[dict[str, Any]]:
    """One row a raw column: RawFeatureName, TypeDetected, Dropped, EngineeredFeatureCount, Tranformations.

    These are Azure's keys, its spelling included; Reason and Confidence say why the type was detected.
    """
    return [dict(row) for row in featurizer.summary_]


def engineered_features(
    featurizer: Featurizer, personal: Collection[str] = (), hidden: Mapping[str, Collection[str]] = {}
) -> list[dict[str, Any]]:
    """One row for each transformer of each column: what it is called, its raw columns, its features' names.

    Words and categories in the names of ``personal`` columns' features are masked; of columns of texts long numbers and
    the words that ``hidden`` has for them. ``sources`` has the raw columns of
    each name, only where they are not simply ``columns``.
    """
    rows = []
    for kind in KINDS:
        pairs = zip(getattr(featurizer.schema_, kind), featurizer.features(kind), strict=True)
        for (_, columns), group in groupby(pairs, key=lambda pair: (id(pair[1].step), pair[1].columns)):
            named = list(group)
            step, sources = named[0][1].step, [feature.sources for _, feature in named]
            row = {"columns": columns, "transformer": step.name, "title": step.title, "kind": kind}
            differ = any(one != columns for one in sources)
            names = _names(columns, step, [name for name, _ in named], personal, hidden)
            rows.append(row | {"names": names} | ({"sources": sources} if differ else {}))
    return rows


def recipe_of(
    featurizer: Featurizer, personal: Collection[str] = (), hidden: Mapping[str, Collection[str]] = {}
) -> dict[str, Any]:
    """The fitted recipe as plain values, in the order in which it is applied; for YAML.

    A column has its ``purpose``, how its cells are read and repaired, and its ``steps``: what was asked of a
    transformer (``parameters``) and what it learned, except from ``personal`` columns and those of ``hidden``. Of long
    lists the first 8 items and the count are shown.
    """
    rows = {row["RawFeatureName"]: row for row in featurizer.summary_}
    columns: dict[str, Any] = {}
    for recipe in featurizer.recipes_:
        reading = {"decimal": recipe.decimal if recipe.decimal != "." else "", "unit": recipe.unit}
        reading |= {"formats": list(recipe.formats), "timezone": recipe.timezone}
        given = {key: value for key, value in reading.items() if value}
        steps = recipe.steps_of_columns()
        names: dict[tuple[int, str], list[str]] = {}
        for feature in (feature for kind in KINDS for feature in recipe.features(kind)):
            names.setdefault((id(feature.step), feature.sources[0]), []).append(feature.name)
        for at, name in enumerate(recipe.columns):
            columns[name] = {
                "purpose": recipe.purpose,
                "reason": rows[name]["Reason"],
                **({"read": given} if given else {}),
                **({"repairs": [_repair(repair) for repair in recipe.repairs]} if recipe.repairs else {}),
                "steps": [
                    _step(
                        step, names.get((id(step), name), []), at, personal=name in personal or name in hidden
                    )
                    for step in steps[name]
                ],
            }
    columns = {name: columns[name] for name in featurizer.columns_}
    joint = [
        {"columns": list(line.columns), "steps": [_step(line.step, line.step.transformer.names)]}
        for line in featurizer.joints_
    ]
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


def _repair(repair: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in repair.items() if key not in ("column", "to")}
    return {key: list(value) if isinstance(value, (list, tuple)) else value for key, value in told.items()}


def _names(
    columns: list[str],
    step: Step,
    names: list[str],
    personal: Collection[str],
    hidden: Mapping[str, Collection[str]],
) -> list[str]:
    """The names of a step's features, without what personal columns hold."""
    column = columns[0]
    if step.kind == "sparse" and column in hidden:
        return [column + hidden_words(name.removeprefix(column), hidden[column]) for name in names]
    if step.kind != "sparse" or column not in personal:
        return names
    return [column + masked(name.removeprefix(column)) for name in names]


def _step(step: Step, names: list[str], at: int = 0, *, personal: bool = False) -> dict[str, Any]:
    """What a step does; ``names`` and ``at`` are its features' and the position of the column that is told of."""
    parameters = {"parameters": dict(step.parameters)} if step.parameters else {}
    if personal:
        return {"transformer": step.name, **parameters, "learned": "not shown: personal data"}
    if step.block:
        own = step.transformer.learned(at)
    else:
        own = {key: value for key, value in vars(step.transformer).items() if not key.startswith("_")}
    learned = {
        key: shown
        for key, value in own.items()
        if key not in ("names", "sources", "column", *step.parameters)
        and (shown := _shown(value)) is not None
    }
    gives = {} if step.kind == "column" else {"features": _shown(names)}
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
