"""The fitted line of transformers of raw columns that are read alike, or of several at once; replayed at prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from automl_components.engine import cells, dates
from automl_components.engine.purposes import ColumnInfo
from automl_components.engine.raw import RawColumns
from automl_components.engine.repairs import Repair, learned, repaired
from automl_components.transformers import Fitted

READS = {
    "Numeric": "numbers",
    "Boolean": "truth values",
    "Categorical": "labels",
    "CategoricalHash": "labels",
    "Text": "labels",
    "List": "labels",
    "DateTime": "dates",
}
MANY = frozenset(["numbers", "truth values"])
"""What is read for many columns at once, as one array."""

Seen: TypeAlias = Callable[["Recipe", pd.Series, pd.Series], None]
"""Called with a recipe, a raw column, and the column as it was read."""


class Step(Fitted):
    """One transformer of a recipe, with the parameters it was asked for; ``reads`` and ``block`` are its entry's."""

    def __init__(
        self,
        name: str,
        title: str,
        kind: str,
        reads: str,
        transformer: Any,
        parameters: Mapping[str, Any],
        block: bool = False,
    ) -> None:
        self.name, self.title, self.kind, self.reads, self.block = name, title, kind, reads, block
        self.transformer, self.parameters = transformer, dict(parameters)

    def sources(self, columns: list[str]) -> list[list[str]]:
        """For each engineered name the raw columns it comes from; ``columns`` are those of the recipe."""
        names = self.transformer.names
        found: list[list[str]] = getattr(self.transformer, "sources", None) or [columns] * len(names)
        return found


class Feature(NamedTuple):
    """One engineered feature: its name, the raw columns it comes from, and what makes it of which columns."""

    name: str
    sources: list[str]
    step: Step
    columns: list[str]


class Recipe(Fitted):
    """Raw columns that are read and treated alike: how they are read and repaired, then what turns them into numbers.

    Columns of numbers share a recipe, so that ten thousand of them are one array and one object for each step;
    any other column, and one with repairs, has one of its own. Plain attributes only.
    """

    def __init__(
        self,
        columns: Sequence[str],
        info: ColumnInfo,
        steps: Sequence[Step],
        repairs: Sequence[Repair] = (),
    ) -> None:
        self.columns, self.purpose, self.reads = list(columns), info.purpose, READS[info.purpose]
        self.decimal, self.formats, self.timezone = info.decimal, list(info.formats), info.timezone
        self.unit = info.unit
        self.repairs, self.steps = [dict(repair) for repair in repairs], list(steps)

    def read(self, raw: RawColumns, seen: Seen | None = None) -> pd.DataFrame:
        """The raw columns as float64, a categorical of texts, or naive datetime64[us]; not repaired yet."""
        if self.reads in MANY:
            return self._read_numbers(raw, seen)
        column = raw.column(self.columns[0])
        found = (
            dates.to_dates(column, self.formats, self.timezone)
            if self.reads == "dates"
            else cells.to_labels(column)
        )
        if seen is not None:
            seen(self, column, found)
        return found.to_frame()

    def _read_numbers(self, raw: RawColumns, seen: Seen | None) -> pd.DataFrame:
        truth = self.reads == "truth values"
        values = raw.numbers(self.columns, cells.to_truth if truth else self._to_numbers)
        lost = (values != 0) & (values != 1) & ~np.isnan(values) if truth else np.isinf(values)
        if lost.any():
            values = np.where(lost, np.nan, values)
        if seen is not None:
            for at, (name, some) in enumerate(zip(self.columns, lost.any(axis=0), strict=True)):
                if some or not raw.is_plain(name):
                    seen(self, raw.column(name), pd.Series(values[:, at], index=raw.index, name=name))
        return pd.DataFrame(values, index=raw.index, columns=self.columns, copy=False)

    def _to_numbers(self, column: pd.Series) -> pd.Series:
        return cells.to_numbers(column, self.decimal, self.unit)

    def fit(
        self, raw: RawColumns, weights: np.ndarray | None = None
    ) -> tuple[pd.DataFrame, list[tuple[str, Any]]]:
        """Fit the steps on raw training columns and keep those that give something; what ``encode`` gives for them.

        ``weights`` of rows go to imputers.
        """
        read = self.read(raw)
        if self.repairs:
            self.repairs = learned(read.iloc[:, 0], self.repairs)
        return self._go(read, fit=True, weights=weights)

    def encode(self, raw: RawColumns, seen: Seen | None = None) -> tuple[pd.DataFrame, list[tuple[str, Any]]]:
        """The columns after repairs; kind and array of every encoder, in their order.

        ``seen`` is told every column as it came and was read.
        """
        return self._go(self.read(raw, seen))

    def _go(
        self, read: pd.DataFrame, *, fit: bool = False, weights: np.ndarray | None = None
    ) -> tuple[pd.DataFrame, list[tuple[str, Any]]]:
        values = read = repaired(read.iloc[:, 0], self.repairs).to_frame() if self.repairs else read
        kept, blocks = [], []
        grams: Any = None
        for step in self.steps:
            source = {"gaps": read, "ngrams": grams}.get(step.reads, values)
            source = source if step.block or step.reads == "ngrams" else source.iloc[:, 0]
            given = self._fit(step, source, values, weights) if fit else step.transformer.transform(source)
            if given is None:
                continue
            kept.append(step)
            if step.kind == "column":
                values = given
                continue
            blocks.append((step.kind, given))
            grams = given if step.kind == "sparse" else grams
        self.steps = kept if fit else self.steps
        return values, blocks

    def _fit(self, step: Step, source: Any, values: pd.DataFrame, weights: np.ndarray | None) -> Any:
        """What the step gives for its training source; None where it has no feature to give."""
        transformer = step.transformer
        if step.reads == "ngrams":
            if source is None:
                return None
            transformer.fit(source[_in_order(values.iloc[:, 0])], self.columns[0])
        elif hasattr(transformer, "fit_transform"):
            given = transformer.fit_transform(source)
            return given if transformer.names else None
        elif step.kind == "column":
            transformer.fit(source, weights)
        else:
            transformer.fit(source)
        return transformer.transform(source) if transformer.names else None

    def encoders(self) -> list[Step]:
        """The steps that give features (all but repairs)."""
        return [step for step in self.steps if step.kind != "column"]

    def features(self, kind: str) -> list[Feature]:
        """The features of one kind of block, step by step."""
        return [
            Feature(name, sources, step, sources)
            for step in self.encoders()
            if step.kind == kind
            for name, sources in zip(step.transformer.names, step.sources(self.columns), strict=True)
        ]

    def steps_of_columns(self) -> dict[str, list[Step]]:
        """For each column the steps that it goes through."""
        found: dict[str, list[Step]] = {name: [] for name in self.columns}
        for step in self.steps:
            gone = [self.columns] if step.kind == "column" else step.sources(self.columns)
            for name in dict.fromkeys(name for columns in gone for name in columns):
                found[name].append(step)
        return found

    def keep(self, columns: Sequence[str]) -> Recipe:
        """The same for some of the columns: the others have no feature."""
        self.columns = list(columns)
        for step in self.steps:
            if step.kind == "column":
                step.transformer.keep(self.columns)
        return self

    def levels(self) -> list[list[str]]:
        """The levels behind the codes of each category column."""
        return [step.transformer.levels for step in self.encoders() if step.kind == "codes"]


class JointRecipe(Fitted):
    """Several columns that are read alike, and the transformer that takes them together."""

    def __init__(self, columns: Sequence[str], step: Step) -> None:
        self.columns, self.step = list(columns), step

    def fit(self, repaired: Mapping[str, pd.Series]) -> JointRecipe:
        """Fit on training columns as their recipes gave them back, by name; keep the columns that matter."""
        self.step.transformer.fit(self._table(repaired))
        used = {name for sources in self.step.transformer.sources for name in sources}
        if used:
            self.columns = [name for name in self.columns if name in used]
        return self

    def encode(self, repaired: Mapping[str, pd.Series]) -> list[tuple[str, Any]]:
        """Kind and array of the features."""
        return [(self.step.kind, self.step.transformer.transform(self._table(repaired)))]

    def features(self, kind: str) -> list[Feature]:
        """The features of one kind of block."""
        if kind != self.step.kind:
            return []
        pairs = zip(self.step.transformer.names, self.step.sources(self.columns), strict=True)
        return [Feature(name, sources, self.step, self.columns) for name, sources in pairs]

    def _table(self, repaired: Mapping[str, pd.Series]) -> pd.DataFrame:
        return pd.DataFrame({name: repaired[name] for name in self.columns}, copy=False)


def _in_order(values: pd.Series) -> np.ndarray:
    """Positions of the texts in alphabetical order: what is learned from them does not depend on the rows' order."""
    at = np.flatnonzero(values.notna().to_numpy())
    rank = np.argsort(np.argsort(values.cat.categories.to_numpy(dtype=object)))
    return at[np.argsort(rank[values.cat.codes.to_numpy()[at]], kind="stable")]
