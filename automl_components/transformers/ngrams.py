"""What the n-gram transformers share: scikit-learn's vectorizer, saved as its vocabulary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from automl_components.core.errors import SettingsError
from automl_components.transformers import Fitted

# Thai, Lao, Burmese, Khmer, Japanese and Chinese are written without spaces
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
# accents, and vowel signs of Hebrew, Arabic and Indian scripts: to Python they are no characters of a word
_MARKS = r"\u0300-\u036f\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
# runs of word characters; a character of a language written without spaces is a word of its own
WORD = rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{_MARKS}])+"


class NGrams(Fitted):
    """Texts through one or more vectorizers, side by side; an empty row where missing.

    Parameters
    ----------
    settings : mapping of str to mapping
        For the middle of the engineered names (``<column>_<middle>_<n-gram>``) the vectorizer's arguments.
    weighted : bool
        Sublinear TF-IDF, or counts.
    """

    def __init__(self, settings: Mapping[str, Mapping[str, Any]], weighted: bool) -> None:
        self.settings, self.weighted = {middle: dict(given) for middle, given in settings.items()}, weighted

    @property
    def names(self) -> list[str]:
        """Engineered names, by vectorizer."""
        return [f"{self.column}_{middle}_{gram}" for middle, grams in self.grams.items() for gram in grams]

    def fit(self, column: pd.Series) -> NGrams:
        """Learn the vocabularies; one in which no n-gram occurs often enough is left out."""
        self.fit_transform(column)
        return self

    def fit_transform(self, column: pd.Series) -> csr_matrix:
        """Learn the vocabularies, and what ``transform`` gives for the same column; texts are read once."""
        given = column.notna().to_numpy()
        texts = column[given].astype(object)
        self.column, self.grams, self.weights, self._ready = str(column.name), {}, {}, {}
        blocks = []
        for middle in self.settings:
            vectorizer = self._vectorizer(middle)
            try:
                counts = vectorizer.fit_transform(texts)
            except (
                ValueError
            ):  # scikit-learn's word for an empty vocabulary; the texts themselves are always texts
                continue
            self.grams[middle] = [str(gram) for gram in vectorizer.get_feature_names_out()]
            self.weights[middle] = self._rarity(counts)
            blocks.append(self._weigh(middle, counts))
        known = hstack(blocks, format="csr") if blocks else csr_matrix((len(texts), 0))
        missing = csr_matrix((1, known.shape[1]))  # -1 picks this last row
        places = np.where(given, np.cumsum(given) - 1, -1)
        return vstack([known, missing], format="csr", dtype=np.float32)[places]

    def transform(self, column: pd.Series) -> csr_matrix:
        """float32 csr_matrix of shape (rows, len(names))."""
        width = sum(map(len, self.grams.values()))
        texts = column.cat.categories
        blocks = [
            self._weigh(middle, self._fitted(middle).transform(texts)) for middle in self.grams if len(texts)
        ]
        known = hstack(blocks, format="csr") if blocks else csr_matrix((len(texts), width))
        missing = csr_matrix((1, width))  # code -1 picks this last row
        return vstack([known, missing], format="csr", dtype=np.float32)[column.cat.codes.to_numpy()]

    def _rarity(self, counts: csr_matrix) -> np.ndarray:
        """ln((1 + texts) / (1 + texts with the n-gram)) + 1, as in scikit-learn; nothing for counts."""
        if not self.weighted:
            return np.empty(0, dtype=np.float32)
        held = np.bincount(counts.indices, minlength=counts.shape[1])
        return (np.log((1 + counts.shape[0]) / (1 + held)) + 1).astype(np.float32)

    def _weigh(self, middle: str, counts: csr_matrix) -> csr_matrix:
        """Counts as they are, or (1 + ln count) by rarity, each text scaled to length one."""
        if not self.weighted:
            return counts
        counts.data = (1 + np.log(counts.data)) * self.weights[middle][counts.indices]
        return normalize(counts, copy=False)

    def _vectorizer(self, middle: str, vocabulary: list[str] | None = None) -> CountVectorizer:
        sizes = tuple(self.settings[middle]["ngram_range"])
        return CountVectorizer(
            **{**self.settings[middle], "ngram_range": sizes}, dtype=np.float32, vocabulary=vocabulary
        )

    def _fitted(self, middle: str) -> CountVectorizer:
        """The vectorizer made again from its vocabulary, which is all that is saved of it."""
        ready = self.__dict__.setdefault("_ready", {})
        if middle not in ready:
            ready[middle] = self._vectorizer(middle, self.grams[middle])
        return ready[middle]


def words_of(text: str) -> list[str]:
    """The words of a text, in its own casing.

    >>> words_of("Don't stop, 日本 हिन्दी")
    ['Don', 't', 'stop', '日', '本', 'हिन्दी']
    """
    return re.findall(WORD, text)


def check_ngrams(name: str, key: str, sizes: Sequence[int]) -> list[int]:
    """The sizes as a list; SettingsError unless they are two whole numbers, 1 <= first <= last <= 8."""
    whole = isinstance(sizes, Sequence) and all(type(size) is int for size in sizes)
    if not whole or len(sizes) != 2 or not 1 <= sizes[0] <= sizes[1] <= 8:
        raise SettingsError(f"{name}: {key} is two whole numbers such as [1, 3], not {sizes!r}")
    return list(sizes)
