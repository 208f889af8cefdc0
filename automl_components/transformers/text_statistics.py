"""What a text looks like, in six numbers: length, words, capitals, digits, punctuation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.transformers import Fitted, Transformer

NAMES = ("Characters", "Words", "CharactersPerWord", "CapitalShare", "DigitShare", "PunctuationShare")


class TextStatistics(Fitted):
    """Characters, words, characters a word, shares of capitals, digits, punctuation; 0 where missing."""

    names: list[str]

    def fit(self, column: pd.Series) -> TextStatistics:
        """Only the name is kept."""
        self.names = [f"{column.name}_{name}" for name in NAMES]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """float32 array of shape (rows, 6)."""
        texts = pd.Series(column.cat.categories, dtype=object).str
        size, words = texts.len().to_numpy(float), texts.count(r"\w+").to_numpy(float)
        shares = [texts.count(pattern).to_numpy(float) / size for pattern in (r"[A-Z]", r"\d", r"[^\w\s]")]
        values = np.column_stack([size, words, size / np.maximum(words, 1), *shares])
        return np.vstack([values, np.zeros(len(NAMES))])[column.cat.codes.to_numpy()].astype(np.float32)


ENTRY = Transformer("text_statistics", "TextStatistics", "numeric", "labels", TextStatistics)
