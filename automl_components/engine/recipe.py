"""The fitted line of transformers of one raw column, or of several at once; replayed at prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from automl_components.engine import cells, dates
from automl_components.engine.purposes import ColumnInfo
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

Seen: TypeAlias = Callable[["Recipe", pd.Series, pd.Series], None]
"""Called with a recipe, its raw column, and the column as it was read."""


class Step(Fitted):
    """One transformer of a recipe, with the parameters it was asked for; ``reads`` is its entry's."""

    def __init__(
        self, name: str, title: str, kind: str, reads: str, transformer: Any, parameters: Mapping[str, Any]
    ) -> None:
        self.name, self.title, self.kind, self.reads = name, title, kind, reads
        self.transformer, self.parameters = transformer, dict(parameters)


class Recipe(Fitted):
    """One raw column: how it is read and repaired, then what turns it into numbers. Plain attributes only."""

    def __init__(
        self, column: str, info: ColumnInfo, steps: Sequence[Step], repairs: Sequence[Repair] = ()
    ) -> None:
        self.column, self.purpose, self.reads = column, info.purpose, READS[info.purpose]
        self.decimal, self.formats, self.timezone = info.decimal, list(info.formats), info.timezone
        self.unit = info.unit
        self.repairs, self.steps = [dict(repair) for repair in repairs], list(steps)

    def read(self, column: pd.Series) -> pd.Series:
        """The raw column as float64, a categorical of texts, or naive datetime64[us]; not repaired yet."""
        if self.reads == "numbers":
            return cells.to_numbers(column, self.decimal, self.unit)
        if self.reads == "truth values":
            return cells.to_truth(column)
        if self.reads == "dates":
            return dates.to_dates(column, self.formats, self.timezone)
        return cells.to_labels(column)

    def fit(
        self, column: pd.Series, weights: np.ndarray | None = None
    ) -> tuple[pd.Series, list[tuple[str, Any]]]:
        """Fit the steps on the raw training column and keep those that give something; what ``encode`` gives for it.

        ``weights`` of rows go to imputers.
        """
        read = self.read(column)
        self.repairs = learned(read, self.repairs)
        raw = values = repaired(read, self.repairs)
        kept, blocks = [], []
        grams: Any = None
        for step in self.steps:
            source = {"gaps": raw, "ngrams": grams}.get(step.reads, values)
            given = self._fit(step, source, values, weights)
            if given is None:
                continue
            kept.append(step)
            if step.kind == "column":
                values = given
                continue
            blocks.append((step.kind, given))
            grams = given if step.kind == "sparse" else grams
        self.steps = kept
        return values, blocks

    def _fit(self, step: Step, source: Any, values: pd.Series, weights: np.ndarray | None) -> Any:
        """What the step gives for its training source; None where it has no feature to give."""
        transformer = step.transformer
        if step.reads == "ngrams":
            if source is None:
                return None
            transformer.fit(source[_in_order(values)], self.column)
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

    def encode(self, column: pd.Series, seen: Seen | None = None) -> tuple[pd.Series, list[tuple[str, Any]]]:
        """The column after repairs; kind and array of every encoder, in their order.

        ``seen`` is told the column as it came and was read.
        """
        read = self.read(column)
        if seen is not None:
            seen(self, column, read)
        raw = values = repaired(read, self.repairs)
        blocks: list[tuple[str, Any]] = []
        grams: Any = None
        for step in self.steps:
            source = {"gaps": raw, "ngrams": grams}.get(step.reads, values)
            given = step.transformer.transform(source)
            if step.kind == "column":
                values = given
                continue
            blocks.append((step.kind, given))
            grams = given if step.kind == "sparse" else grams
        return values, blocks

    def names(self, kind: str) -> list[str]:
        """Engineered names of one kind of block."""
        return [name for step in self.encoders() if step.kind == kind for name in step.transformer.names]

    def sources(self, kind: str) -> list[list[str]]:
        """For each engineered name of one kind of block the raw columns it comes from."""
        return [[self.column] for _ in self.names(kind)]

    def levels(self) -> list[list[str]]:
        """The levels behind the codes of each category column."""
        return [step.transformer.levels for step in self.encoders() if step.kind == "codes"]


class JointRecipe(Fitted):
    """Several columns that are read alike, and the transformer that takes them together."""

    def __init__(self, columns: Sequence[str], step: Step) -> None:
        self.columns, self.step = list(columns), step

    @property
    def steps(self) -> list[Step]:
        """The one step."""
        return [self.step]

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

    def names(self, kind: str) -> list[str]:
        """Engineered names of one kind of block."""
        return list(self.step.transformer.names) if kind == self.step.kind else []

    def sources(self, kind: str) -> list[list[str]]:
        """For each engineered name of one kind of block the raw columns it comes from."""
        return list(self.step.transformer.sources) if kind == self.step.kind else []

    def _table(self, repaired: Mapping[str, pd.Series]) -> pd.DataFrame:
        return pd.DataFrame({name: repaired[name] for name in self.columns}, copy=False)


def _in_order(values: pd.Series) -> np.ndarray:
    """Positions of the texts in alphabetical order: what is learned from them does not depend on the rows' order."""
    at = np.flatnonzero(values.notna().to_numpy())
    rank = np.argsort(np.argsort(values.cat.categories.to_numpy(dtype=object)))
    return at[np.argsort(rank[values.cat.codes.to_numpy()[at]], kind="stable")]
