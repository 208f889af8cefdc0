"""Categories as codes, the most frequent first; rare ones share the last code."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.transformers import Fitted, Transformer, check_count

RARE = "(rare)"

FEW = 20  # levels that are all kept, however rare: there is nothing to gain by merging them


class LabelEncoder(Fitted):
    """int32 codes in the order of frequency (then of the alphabet); -1 where missing or never seen.

    Parameters
    ----------
    max_levels : int
        Most codes; the levels beyond the most frequent ones are rare.
    min_count : int
        Rows that a level needs, or it is rare, in a column of more than 20 levels. A single rare level keeps
        its own name.
    """

    names: list[str]

    def __init__(self, max_levels: int = 5000, min_count: int = 2) -> None:
        self.max_levels = check_count("label_encoder", "max_levels", max_levels, least=2)
        self.min_count = check_count("label_encoder", "min_count", min_count)

    def fit(self, column: pd.Series) -> LabelEncoder:
        """Learn the levels."""
        counts = [(-count, level) for level, count in column.value_counts().items() if count]
        ordered = [(level, -count) for count, level in sorted(counts)]
        own = [level for level, count in ordered if count >= self.min_count or len(ordered) <= FEW]
        own = own if len(own) == len(ordered) <= self.max_levels else own[: self.max_levels - 1]
        self.rare = [level for level, _ in ordered[len(own) :]]
        self.known = [str(level) for level, _ in ordered]
        name = "(rare)"
        while name in own:
            name += "_"
        self.levels = [*own, *(self.rare if len(self.rare) < 2 else [name])]
        self.names = [str(column.name)]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """int32 array of shape (rows, 1)."""
        at = pd.Index(self.known, dtype=object).get_indexer(column.cat.categories)
        codes = np.append(np.minimum(at, len(self.levels) - 1), -1)
        return codes[column.cat.codes.to_numpy()].astype(np.int32)[:, None]


ENTRY = Transformer("label_encoder", "LabelEncoder", "codes", "labels", LabelEncoder)
