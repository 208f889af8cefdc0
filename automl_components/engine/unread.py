"""What prediction rows hold that the model cannot read: values taken for missing, categories never learned."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from automl_components.core.events import emit, logger
from automl_components.core.masks import hidden
from automl_components.engine import cells

if TYPE_CHECKING:
    from automl_components.engine.recipe import Recipe

COLUMNS = 10
"""Most columns that are told of one by one."""
EXAMPLES = 3


class Unread:
    """Counts by column, over all batches of one prediction; called for every column that a recipe has read.

    A value is unreadable where a number or a date was learned and the cell holds something else; such a cell
    is predicted as a missing one. A word for "missing" (``NA``, ``?``, blanks) is none.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.unseen: Counter[str] = Counter()
        self.kinds: dict[str, str] = {}
        self.examples: dict[str, list[str]] = {}

    def __call__(self, recipe: Recipe, column: pd.Series, read: pd.Series) -> None:
        """Take note of one column of one batch, as it came and as it was read."""
        if recipe.reads != "labels":
            self._lost(recipe, column, read)
        elif logger.isEnabledFor(logging.DEBUG):
            learned = [getattr(step.transformer, "known", None) for step in recipe.encoders()]
            for known in filter(None, learned):
                new = ~read.cat.categories.isin(known)
                self.unseen[str(column.name)] += int(cells.spread(new, read, False).sum())

    def _lost(self, recipe: Recipe, column: pd.Series, read: pd.Series) -> None:
        lost = column.notna() & read.isna()
        if not lost.any():
            return
        if cells.is_numeric(column):
            counts = {"infinity": int(lost.sum())}
        else:
            texts = cells.to_labels(column[lost])
            found = zip(texts.cat.categories, np.bincount(texts.cat.codes[texts.notna()]), strict=True)
            counts = {text: int(n) for text, n in found if text.lower() not in cells.MISSING_WORDS}
        if counts:
            self.counts[str(column.name)] += sum(counts.values())
            self.kinds[str(column.name)] = recipe.reads
            seen = self.examples.setdefault(str(column.name), [])
            seen += [text for text in counts if text not in seen][: EXAMPLES - len(seen)]

    def tell(self, rows: int) -> None:
        """A warning for each column with unreadable values, most of them first; unseen categories at debug."""
        for name, count in self.counts.most_common(COLUMNS):
            such_as = ", ".join(repr(hidden(text)[:40]) for text in self.examples[name])
            emit(
                "note",
                f"warning: column {name!r}: {count} of {rows} values are no {self.kinds[name]} and count as "
                f"missing, such as {such_as}",
                level=logging.WARNING, column=name, count=count, rows=rows,
            )  # fmt: skip
        if (more := len(self.counts) - COLUMNS) > 0:
            emit("note", f"warning: the same in {more} more columns", level=logging.WARNING)
        for name, count in (+self.unseen).most_common():
            emit(
                "note", f"column {name!r}: {count} of {rows} values are categories that were not learned",
                level=logging.DEBUG, column=name, count=count, rows=rows,
            )  # fmt: skip
