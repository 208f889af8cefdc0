"""Texts as weights of their n-grams: frequent in the text, rare among the texts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.sparse import csr_matrix

from automl_components.transformers import Transformer, check_count
from automl_components.transformers.ngrams import WORD, NGrams, check_ngrams

CHARACTERS = 4_000_000  # with more in training, n-grams of characters are left out: they take 2 s a million


class TfIdf(NGrams):
    """Sublinear TF-IDF of words and of characters within words, each scaled to length one.

    N-grams of characters see through spelling, endings and languages written without spaces.

    Parameters
    ----------
    word_ngrams, char_ngrams : (int, int)
        Fewest and most words, or characters, of an n-gram.
    max_features : int
        Most n-grams kept of each sort, the most frequent ones.
    min_df : int
        Rows that an n-gram must occur in.
    """

    def __init__(
        self,
        word_ngrams: Sequence[int] = (1, 2),
        char_ngrams: Sequence[int] = (3, 4),
        max_features: int = 10_000,
        min_df: int = 2,
    ) -> None:
        shared = {
            "max_features": check_count("tf_idf", "max_features", max_features),
            "min_df": check_count("tf_idf", "min_df", min_df),
        }
        words = {"ngram_range": check_ngrams("tf_idf", "word_ngrams", word_ngrams), "token_pattern": WORD}
        characters = {
            "ngram_range": check_ngrams("tf_idf", "char_ngrams", char_ngrams),
            "analyzer": "char_wb",
        }
        super().__init__({"word": {**words, **shared}, "char": {**characters, **shared}}, weighted=True)

    def fit_transform(self, column: pd.Series) -> csr_matrix:
        """Learn vocabularies and weights; the weights of the same column."""
        if column.dropna().astype(object).str.len().sum() > CHARACTERS:
            self.settings.pop("char", None)
        return super().fit_transform(column)


ENTRY = Transformer("tf_idf", "TfIdf", "sparse", "labels", TfIdf)
