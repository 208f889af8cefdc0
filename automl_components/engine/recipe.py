"""Which transformers a column goes through, and the fitted line of them that is replayed at prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from automl_components.core.errors import SettingsError
from automl_components.engine import cells, dates
from automl_components.engine.purposes import ColumnInfo
from automl_components.engine.wishes import Wish
from automl_components.transformers import TRANSFORMERS, Fitted

READS = {
    "Numeric": "numbers",
    "Categorical": "labels",
    "CategoricalHash": "labels",
    "Text": "labels",
    "DateTime": "dates",
}
# for each purpose its slots; a slot is filled by the transformers that were asked for, else by the first
# not blocked
SLOTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Numeric": (("imputer",), ("imputation_marker",), ("numeric",)),
    "Categorical": (("imputer",), ("label_encoder", "one_hot_encoder", "hash_one_hot_encoder")),
    "CategoricalHash": (
        ("imputer",),
        ("hash_one_hot_encoder", "label_encoder", "one_hot_encoder"),
        ("count_encoder",),
    ),
    "DateTime": (("imputer",), ("imputation_marker",), ("date_parts",)),
    "Text": (("imputer",), ("tf_idf", "count_vectorizer"), ("text_statistics",)),
}
ONLY_ASKED = frozenset(["imputer"])
# with featurization off: what a learner cannot do without, and nothing that adds columns
SLOTS_OFF: dict[str, tuple[tuple[str, ...], ...]] = {
    "Numeric": (("numeric",),),
    "Categorical": (("label_encoder",),),
    "DateTime": (("date_parts",),),
}
PARAMETERS_OFF: dict[str, dict[str, Any]] = {"date_parts": {"parts": []}}

Seen: TypeAlias = Callable[["Recipe", pd.Series, pd.Series], None]
"""Called with a recipe, its raw column, and the column as it was read."""


class Step(Fitted):
    """One transformer of a recipe; ``gaps`` where it reads the column as it was before repairs."""

    def __init__(self, name: str, title: str, kind: str, gaps: bool, transformer: Any) -> None:
        self.name, self.title, self.kind, self.gaps, self.transformer = name, title, kind, gaps, transformer


class Recipe(Fitted):
    """One raw column: how it is read, then what turns it into numbers. Plain attributes only."""

    def __init__(self, column: str, info: ColumnInfo, steps: Sequence[Step]) -> None:
        self.column, self.purpose, self.reads = column, info.purpose, READS[info.purpose]
        self.decimal, self.formats, self.timezone = info.decimal, list(info.formats), info.timezone
        self.steps = list(steps)

    def read(self, column: pd.Series) -> pd.Series:
        """The raw column as float64, a categorical of texts, or naive datetime64[us]."""
        if self.reads == "numbers":
            return cells.to_numbers(column, self.decimal)
        if self.reads == "dates":
            return dates.to_dates(column, self.formats, self.timezone)
        return cells.to_labels(column)

    def fit(self, column: pd.Series) -> Recipe:
        """Fit the steps on the raw training column, and keep those that give something."""
        raw = values = self.read(column)
        for step in self.steps:
            step.transformer.fit(raw if step.gaps else values)
            if step.kind == "column":
                values = step.transformer.transform(values)
        self.steps = [step for step in self.steps if step.transformer.names]
        return self

    def encoders(self) -> list[Step]:
        """The steps that give features (all but repairs)."""
        return [step for step in self.steps if step.kind != "column"]

    def encode(self, column: pd.Series, seen: Seen | None = None) -> list[tuple[str, Any]]:
        """Kind and array of every encoder, in their order; ``seen`` is told the column as it came and was read."""
        raw = values = self.read(column)
        if seen is not None:
            seen(self, column, raw)
        blocks = []
        for step in self.steps:
            given = step.transformer.transform(raw if step.gaps else values)
            if step.kind == "column":
                values = given
            else:
                blocks.append((step.kind, given))
        return blocks

    def names(self, kind: str) -> list[str]:
        """Engineered names of one kind of block."""
        return [name for step in self.encoders() if step.kind == kind for name in step.transformer.names]

    def levels(self) -> list[list[str]]:
        """The levels behind the codes of each category column."""
        return [step.transformer.levels for step in self.encoders() if step.kind == "codes"]


def plan(column: str, info: ColumnInfo, wishes: Sequence[Wish] = (), blocked: Iterable[str] = ()) -> Recipe:
    """The recipe of one column in the modes ``auto`` and ``custom``, not fitted."""
    slots = SLOTS[info.purpose]
    for wish in wishes:
        if column in wish.fields and wish.transformer not in {name for slot in slots for name in slot}:
            raise SettingsError(
                f"transformer_params: {wish.transformer!r} cannot be used on column {column!r}, which is "
                f"{info.purpose} ({info.reason}); declare another type in column_name_and_types"
            )
    steps: list[Step] = []
    for slot in slots:
        asked = [wish for name in slot if (wish := _wish(name, column, info, wishes))]
        imputed = any(step.name == "imputer" for step in steps)
        steps += [_step(wish) for wish in asked or _usual(slot, blocked, imputed)]
    return Recipe(column, info, steps)


def plan_off(column: str, info: ColumnInfo) -> Recipe:
    """The recipe of one column in the mode ``off``, not fitted."""
    slots = SLOTS_OFF[info.purpose]
    return Recipe(column, info, [_step(Wish(slot[0], (), PARAMETERS_OFF.get(slot[0], {}))) for slot in slots])


def _wish(name: str, column: str, info: ColumnInfo, wishes: Sequence[Wish]) -> Wish | None:
    """What was asked of a transformer for this column: by name, else for all columns it applies to."""
    named = next((w for w in wishes if w.transformer == name and column in w.fields), None)
    found = named or next((w for w in wishes if w.transformer == name and not w.fields), None)
    if found is None or name != "imputer":
        return found
    if TRANSFORMERS[name].make(found.parameters).accepts(READS[info.purpose]):
        return found if named or info.purpose != "Text" else None
    if named:
        given = ", ".join(f"{key} {value!r}" for key, value in found.parameters.items())
        raise SettingsError(
            f"imputer: {given} cannot fill {column!r}, which is {info.purpose} ({info.reason})"
        )
    return None


def _usual(slot: Sequence[str], blocked: Iterable[str], imputed: bool) -> list[Wish]:
    """What fills a slot when nothing was asked for: its first transformer that is not blocked."""
    left = [name for name in slot if name not in blocked and name not in ONLY_ASKED][:1]
    # after an imputer only the marker still shows a gap, so that even a single one is marked
    every_gap = {"min_share": 0.0} if imputed and left == ["imputation_marker"] else {}
    return [Wish(name, (), every_gap) for name in left]


def _step(wish: Wish) -> Step:
    entry = TRANSFORMERS[wish.transformer]
    built = entry.make(wish.parameters)
    return Step(entry.name, getattr(built, "title", entry.title), entry.kind, entry.reads == "gaps", built)
