"""Texts as counts of their words, pairs and triples of words."""

from __future__ import annotations

from collections.abc import Sequence

from automl_components.transformers import Transformer, check_count
from automl_components.transformers.ngrams import WORD, NGrams, check_ngrams


class WordCounts(NGrams):
    """How often each kept n-gram of words occurs in the text.

    Parameters
    ----------
    word_ngrams : (int, int)
        Fewest and most words of an n-gram; Azure's are 1 and 3.
    max_features : int
        Most n-grams kept, the most frequent ones.
    min_df : int
        Rows that an n-gram must occur in.
    """

    def __init__(
        self, word_ngrams: Sequence[int] = (1, 3), max_features: int = 10_000, min_df: int = 2
    ) -> None:
        words = {
            "ngram_range": check_ngrams("count_vectorizer", "word_ngrams", word_ngrams),
            "max_features": check_count("count_vectorizer", "max_features", max_features),
            "min_df": check_count("count_vectorizer", "min_df", min_df),
            "token_pattern": WORD,
        }
        super().__init__({"count": words}, weighted=False)


ENTRY = Transformer("count_vectorizer", "CountVectorizer", "sparse", "labels", WordCounts)
