"""What the n-gram transformers share: scikit-learn's vectorizers, saved as vocabularies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from automl_components.core.errors import SettingsError
from automl_components.transformers import Fitted

# Thai, Lao, Burmese, Khmer, Japanese and Chinese are written without spaces
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
# runs of word characters; a character of a language written without spaces is a word of its own
WORD = rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+"


class NGrams(Fitted):
    """Texts through one or more vectorizers, side by side; an empty row where missing.

    Parameters
    ----------
    settings : mapping of str to mapping
        For the middle of the engineered names (``<column>_<middle>_<n-gram>``) the vectorizer's arguments.
    weighted : bool
        TF-IDF, or counts.
    """

    def __init__(self, settings: Mapping[str, Mapping[str, Any]], weighted: bool) -> None:
        self.settings, self.weighted = {middle: dict(given) for middle, given in settings.items()}, weighted

    @property
    def names(self) -> list[str]:
        """Engineered names, by vectorizer."""
        return [f"{self.column}_{middle}_{gram}" for middle, grams in self.grams.items() for gram in grams]

    def fit(self, column: pd.Series) -> NGrams:
        """Learn the vocabularies; one in which no n-gram occurs often enough is left out."""
        texts = column.dropna().astype(object)
        self.column, self.grams, self.weights, self._ready = str(column.name), {}, {}, {}
        for middle in self.settings:
            vectorizer = self._vectorizer(middle)
            try:
                vectorizer.fit(texts)
            except (
                ValueError
            ):  # scikit-learn's word for an empty vocabulary; the texts themselves are always texts
                continue
            self.grams[middle] = [str(gram) for gram in vectorizer.get_feature_names_out()]
            self.weights[middle] = np.asarray(vectorizer.idf_ if self.weighted else [], dtype=np.float32)
        return self

    def transform(self, column: pd.Series) -> csr_matrix:
        """float32 csr_matrix of shape (rows, len(names))."""
        width = sum(map(len, self.grams.values()))
        texts = column.cat.categories
        blocks = [self._fitted(middle).transform(texts) for middle in self.grams if len(texts)]
        known = hstack(blocks, format="csr") if blocks else csr_matrix((len(texts), width))
        missing = csr_matrix((1, width))  # code -1 picks this last row
        return vstack([known, missing], format="csr", dtype=np.float32)[column.cat.codes.to_numpy()]

    def _vectorizer(self, middle: str, vocabulary: list[str] | None = None) -> Any:
        build = TfidfVectorizer if self.weighted else CountVectorizer
        sizes = tuple(self.settings[middle]["ngram_range"])
        return build(
            **{**self.settings[middle], "ngram_range": sizes}, dtype=np.float32, vocabulary=vocabulary
        )

    def _fitted(self, middle: str) -> Any:
        """The vectorizer made again from its vocabulary, which is all that is saved of it."""
        ready = self.__dict__.setdefault("_ready", {})
        if middle not in ready:
            ready[middle] = self._vectorizer(middle, self.grams[middle])
            if self.weighted:
                ready[middle].idf_ = self.weights[middle]
        return ready[middle]


def words_of(text: str) -> list[str]:
    """The words of a text, in its own casing.

    >>> words_of("Don't stop, 日本")
    ['Don', 't', 'stop', '日', '本']
    """
    return re.findall(WORD, text)


def check_ngrams(name: str, key: str, sizes: Sequence[int]) -> list[int]:
    """The sizes as a list; SettingsError unless they are two whole numbers, 1 <= first <= last <= 8."""
    whole = isinstance(sizes, Sequence) and all(type(size) is int for size in sizes)
    if not whole or len(sizes) != 2 or not 1 <= sizes[0] <= sizes[1] <= 8:
        raise SettingsError(f"{name}: {key} is two whole numbers such as [1, 3], not {sizes!r}")
    return list(sizes)
