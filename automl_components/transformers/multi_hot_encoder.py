"""Lists of tags as sparse columns of zeros and ones, one for each tag."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from automl_components.transformers import Fitted, Transformer, check_count
from automl_components.transformers.list_items import find_separator, split_items


class MultiHotEncoder(Fitted):
    """1 in the column of every item that the cell holds; nothing where missing or unseen.

    Parameters
    ----------
    max_items : int
        Most items kept, the most frequent ones.
    min_count : int
        Rows that an item must occur in.
    """

    names: list[str]

    def __init__(self, max_items: int = 1000, min_count: int = 2) -> None:
        self.max_items = check_count("multi_hot_encoder", "max_items", max_items)
        self.min_count = check_count("multi_hot_encoder", "min_count", min_count)

    def fit(self, column: pd.Series) -> MultiHotEncoder:
        """Learn the sign between items and the items."""
        counts = column.value_counts()
        counts = counts[counts > 0]
        self.separator = find_separator(list(counts.index))
        rows: Counter[str] = Counter()
        for text, count in counts.items():
            rows.update(dict.fromkeys(split_items(text, self.separator), int(count)))
        ordered = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
        self.items = [item for item, count in ordered if count >= self.min_count][: self.max_items]
        self.names = [f"{column.name}_{item}" for item in self.items]
        return self

    def transform(self, column: pd.Series) -> csr_matrix:
        """float32 csr_matrix of shape (rows, items)."""
        at = {item: place for place, item in enumerate(self.items)}
        held = [
            sorted({at[item] for item in split_items(text, self.separator) if item in at})
            for text in column.cat.categories
        ]
        ends = np.cumsum([0, *map(len, held), 0])  # the last, empty row is picked by code -1
        places = np.array([place for found in held for place in found], dtype=np.int32)
        shape = (len(held) + 1, len(self.items))
        table = csr_matrix((np.ones(len(places), np.float32), places, ends), shape=shape)
        return table[column.cat.codes.to_numpy()]


ENTRY = Transformer("multi_hot_encoder", "MultiHotEncoder", "sparse", "labels", MultiHotEncoder)
