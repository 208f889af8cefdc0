"""Which transformers a column goes through: for each purpose its slots, and what the user asked for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from automl_components.core.errors import SettingsError
from automl_components.engine.purposes import ColumnInfo
from automl_components.engine.recipe import MANY, READS, JointRecipe, Recipe, Step
from automl_components.engine.repairs import Repair
from automl_components.engine.wishes import Wish
from automl_components.transformers import TRANSFORMERS

# for each purpose its slots; a slot is filled by the transformers that were asked for, else by the first
# not blocked
SLOTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Numeric": (("imputer",), ("imputation_marker",), ("numeric",)),
    "Boolean": (("imputer",), ("imputation_marker",), ("numeric",)),
    "Categorical": (
        ("imputer",),
        ("label_encoder", "one_hot_encoder", "hash_one_hot_encoder"),
        ("count_encoder",),
    ),
    "CategoricalHash": (
        ("imputer",),
        ("hash_one_hot_encoder", "label_encoder", "one_hot_encoder"),
        ("count_encoder",),
    ),
    "DateTime": (("imputer",), ("imputation_marker",), ("date_parts",)),
    "List": (("imputer",), ("multi_hot_encoder",), ("list_numbers",)),
    "Text": (
        ("imputer",),
        ("tf_idf", "count_vectorizer"),
        ("text_svd",),
        ("text_statistics",),
        ("word_embedding",),
    ),
}
ONLY_ASKED = {
    "imputer": tuple(SLOTS),
    "count_encoder": ("Categorical",),
    "word_embedding": ("Text",),
}
"""Transformers that are left out of these purposes' columns unless they are asked for."""

JOINT_ONLY_ASKED = frozenset(["cluster_distance"])

# with featurization off: what a learner cannot do without, and nothing that adds columns
SLOTS_OFF: dict[str, tuple[tuple[str, ...], ...]] = {
    "Numeric": (("numeric",),),
    "Categorical": (("label_encoder",),),
    "DateTime": (("date_parts",),),
}
PARAMETERS_OFF: dict[str, dict[str, Any]] = {"date_parts": {"parts": []}}


def plan(
    infos: Mapping[str, ColumnInfo],
    wishes: Sequence[Wish] = (),
    blocked: Iterable[str] = (),
    repairs: Mapping[str, Sequence[Repair]] | None = None,
    *,
    off: bool = False,
    at_once: int = 1000,
) -> list[Recipe]:
    """The recipes of all columns that are not dropped, not fitted, in the order of their first columns.

    Columns of numbers that are read and treated alike share a recipe, at most ``at_once`` of them; one with
    ``repairs`` has its own. ``off`` is the
    mode in which nothing is asked for, and only what learners cannot do without is done.
    """
    named, asked = {name for wish in wishes for name in wish.fields}, {} if off else repairs or {}
    usual: dict[str, list[Wish]] = {}  # by purpose, for columns that no wish names
    groups: dict[Hashable, tuple[list[Wish], list[str]]] = {}
    for name, info in infos.items():
        if info.dropped:
            continue
        if off:
            filled = [Wish(slot[0], (), PARAMETERS_OFF.get(slot[0], {})) for slot in SLOTS_OFF[info.purpose]]
        elif name in named or name in asked:
            filled = _filled(name, info, wishes, blocked, repaired=name in asked)
        else:
            if info.purpose not in usual:
                usual[info.purpose] = _filled(name, info, wishes, blocked)
            filled = usual[info.purpose]
        key: Hashable = name
        if READS[info.purpose] in MANY and name not in asked:
            treated = repr([(wish.transformer, sorted(wish.parameters.items())) for wish in filled])
            key = (info.purpose, info.decimal, info.unit, treated)
        groups.setdefault(key, (filled, []))[1].append(name)
    return [
        Recipe(
            names[at : at + at_once],
            infos[names[0]],
            [_step(wish) for wish in filled],
            asked.get(names[0], ()),
        )
        for filled, names in groups.values()
        for at in range(0, len(names), at_once)
    ]


def _filled(
    column: str,
    info: ColumnInfo,
    wishes: Sequence[Wish],
    blocked: Iterable[str],
    *,
    repaired: bool = False,
) -> list[Wish]:
    """What fills the slots of one column."""
    slots = SLOTS[info.purpose]
    usable = {name for slot in slots for name in slot}
    for wish in wishes:
        joint = TRANSFORMERS[wish.transformer].joint
        if column in wish.fields and wish.transformer not in usable and not joint:
            raise _unusable(wish, column, info)
    filled: list[Wish] = []
    for slot in slots:
        asked = [wish for name in slot if (wish := _wish(name, column, info, wishes))]
        marked = repaired or any(wish.transformer == "imputer" for wish in filled)
        filled += asked or _usual(slot, info.purpose, blocked, marked)
    return filled


def plan_joint(
    infos: Mapping[str, ColumnInfo], wishes: Sequence[Wish] = (), blocked: Iterable[str] = ()
) -> list[JointRecipe]:
    """The recipes that take several columns at once, not fitted; only where there are two or more."""
    planned = []
    for entry in (entry for entry in TRANSFORMERS.values() if entry.joint and entry.name not in blocked):
        asked = [wish for wish in wishes if wish.transformer == entry.name]
        usual = [] if entry.name in JOINT_ONLY_ASKED else [Wish(entry.name, ())]
        if not asked and not usual:
            continue
        fitting = [name for name, info in infos.items() if READS.get(info.purpose) == entry.reads]
        for wish in asked or usual:
            for name in wish.fields:
                if name not in fitting:
                    raise _unusable(wish, name, infos[name])
            if len(wish.fields) == 1:
                raise SettingsError(
                    f"transformer_params: {entry.name!r} takes two columns or more, not only {wish.fields[0]!r}"
                )
            columns = wish.fields or fitting
            if len(columns) > 1:
                planned.append(JointRecipe(columns, _step(wish)))
    return planned


def _unusable(wish: Wish, column: str, info: ColumnInfo) -> SettingsError:
    return SettingsError(
        f"transformer_params: {wish.transformer!r} cannot be used on column {column!r}, which is "
        f"{info.purpose} ({info.reason}); declare another type in column_name_and_types"
    )


def _wish(name: str, column: str, info: ColumnInfo, wishes: Sequence[Wish]) -> Wish | None:
    """What was asked of a transformer for this column: by name, else for all columns it applies to."""
    named = next((w for w in wishes if w.transformer == name and column in w.fields), None)
    found = named or next((w for w in wishes if w.transformer == name and not w.fields), None)
    if found is None or name != "imputer":
        return found
    if TRANSFORMERS[name].make(found.parameters).accepts(READS[info.purpose]):
        return found if named or info.purpose not in ("Text", "List") else None
    if named:
        given = ", ".join(f"{key} {value!r}" for key, value in found.parameters.items())
        raise SettingsError(
            f"imputer: {given} cannot fill {column!r}, which is {info.purpose} ({info.reason})"
        )
    return None


def _usual(slot: Sequence[str], purpose: str, blocked: Iterable[str], marked: bool) -> list[Wish]:
    """What fills a slot when nothing was asked for: its first transformer that is not blocked."""
    left = [n for n in slot if n not in blocked and purpose not in ONLY_ASKED.get(n, ())][:1]
    # after an imputer, or a repair, only the marker still shows a gap, so that even a single one is marked
    every_gap = {"min_share": 0.0} if marked and left == ["imputation_marker"] else {}
    return [Wish(name, (), every_gap) for name in left]


def _step(wish: Wish) -> Step:
    entry = TRANSFORMERS[wish.transformer]
    built = entry.make(wish.parameters)
    title = getattr(built, "title", entry.title)
    return Step(entry.name, title, entry.kind, entry.reads, built, wish.parameters, entry.block)
