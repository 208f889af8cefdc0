"""Lists as numbers: how long they are, the numbers of vectors, and the numbers in objects by their key."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.transformers import Fitted, Transformer, check_count
from automl_components.transformers.list_items import find_separator, is_vector, number, split_items


class ListNumbers(Fitted):
    """``<column>_Length`` where it varies, ``<column>_0``, ``_1``, ... of vectors, ``<column>_<key>`` of objects.

    A vector has as many numbers in every training row. A key of objects is kept where each of its values is
    a number. NaN where missing.

    Parameters
    ----------
    max_numbers : int
        Most numbers kept, the first ones.
    """

    names: list[str]

    def __init__(self, max_numbers: int = 512) -> None:
        self.max_numbers = check_count("list_numbers", "max_numbers", max_numbers)

    def fit(self, column: pd.Series) -> ListNumbers:
        """Look at the lengths, and which items are numbers."""
        texts = list(column.cat.remove_unused_categories().cat.categories)
        self.separator = find_separator(texts)
        items = [split_items(text, self.separator) for text in texts]
        self.counted = len({len(found) for found in items}) > 1
        if is_vector(items):
            self.keys = [str(at) for at in range(len(items[0]))][: self.max_numbers]
        else:
            self.keys = _keys(items)[: self.max_numbers]
        names = [f"{column.name}_{key}" for key in self.keys]
        self.names = [*([f"{column.name}_Length"] if self.counted else []), *names]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """float32 array of shape (rows, len(names))."""
        table = np.full((len(column.cat.categories) + 1, len(self.names)), np.nan, dtype=np.float32)
        places = {key: at for at, key in enumerate(self.keys, int(self.counted))}
        for row, text in enumerate(column.cat.categories):
            items = split_items(text, self.separator)
            if self.counted:
                table[row, 0] = len(items)
            for at, item in enumerate(items):
                key, equals, value = item.rpartition("=")
                place = places.get(key if equals else str(at))
                if place is not None:
                    table[row, place] = number(value)
        return table[column.cat.codes.to_numpy()]


def _keys(items: list[list[str]]) -> list[str]:
    """Keys of ``key=number`` items in order of appearance; those that occur twice in a cell or hold words not."""
    usable: dict[str, bool] = {}
    for found in items:
        keys = []
        for item in found:
            key, _, value = item.rpartition("=")
            usable[key] = usable.get(key, bool(key)) and key not in keys and bool(np.isfinite(number(value)))
            keys.append(key)
    return [key for key, numeric in usable.items() if numeric]


ENTRY = Transformer("list_numbers", "ListNumbers", "numeric", "labels", ListNumbers, keeps_missing=True)
