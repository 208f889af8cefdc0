"""Texts as the mean vector of their words, from a local file of pretrained vectors."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from automl_components.core.errors import SettingsError
from automl_components.transformers import Fitted, Transformer, check_count
from automl_components.transformers.ngrams import words_of


class WordEmbedding(Fitted):
    """Mean of the vectors of the words that have one; zeros where missing or where no word has one.

    Kept with the model are the vectors of all training words and of the first ``max_words`` words of the
    file (files are ordered by frequency), so that new texts find theirs and the file is not needed again.

    Parameters
    ----------
    file : str
        Text of one word and its numbers a line, separated by blanks, as word2vec and GloVe write it; also
        with a first line of counts, and gzipped (``.gz``).
    max_words : int
        How many of the file's first words are kept beside those of the training texts.
    """

    names: list[str]

    def __init__(self, file: str | None = None, max_words: int = 20_000) -> None:
        if not isinstance(file, str) or not Path(file).is_file():
            raise SettingsError(
                f"word_embedding: found no file {file!r}; parameter file names a local text file of word "
                "vectors (word2vec or GloVe)"
            )
        self.file = file
        self.max_words = check_count("word_embedding", "max_words", max_words, least=0)

    def fit(self, column: pd.Series) -> WordEmbedding:
        """Read the vectors."""
        texts = column.cat.remove_unused_categories().cat.categories
        found = {word for text in texts for word in words_of(text)}
        training = found | {word.lower() for word in found}
        self.words, vectors = [], []
        for at, (word, vector) in enumerate(_vectors(self.file)):
            if at < self.max_words or word in training:
                self.words.append(word)
                vectors.append(vector)
        if not vectors:
            raise SettingsError(
                f"word_embedding: {self.file!r} has no vector; give a word2vec or GloVe text file"
            )
        self.vectors = np.vstack(vectors)
        self.names = [f"{column.name}_embedding_{at}" for at in range(self.vectors.shape[1])]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """float32 array of shape (rows, dimensions)."""
        found = [self._found(text) for text in column.cat.categories]
        shares = np.repeat([1 / max(1, len(places)) for places in found], [len(places) for places in found])
        ends = np.cumsum([0, *map(len, found), 0])  # the last, empty row is picked by code -1
        places = np.array([at for places in found for at in places], dtype=np.int32)
        shape = (len(found) + 1, len(self.words))
        means = csr_matrix((shares.astype(np.float32), places, ends), shape=shape) @ self.vectors
        return np.asarray(means, dtype=np.float32)[column.cat.codes.to_numpy()]

    def _found(self, text: str) -> list[int]:
        """Where the vectors of a text's words are; a word not in the file may be there in lower case."""
        if "_places" not in self.__dict__:
            self._places = {word: at for at, word in enumerate(self.words)}
        places = (self._places.get(word, self._places.get(word.lower())) for word in words_of(text))
        return [at for at in places if at is not None]


def _vectors(file: str) -> Iterator[tuple[str, np.ndarray]]:
    """Words and their float32 vectors; SettingsError names the first line that is none."""
    width = 0
    with cast("IO[bytes]", gzip.open(file) if file.endswith(".gz") else open(file, "rb")) as stream:
        for number, line in enumerate(stream, 1):
            parts = line.decode("utf-8", errors="replace").rstrip().split(" ")
            if number == 1 and len(parts) == 2 and all(part.isdigit() for part in parts):
                continue  # word2vec's counts of words and dimensions
            width = width or len(parts) - 1
            try:
                vector = np.array(parts[-width:], dtype=np.float32) if width else np.empty(0)
            except ValueError:
                vector = np.empty(0)
            if not width or len(parts) <= width or vector.shape != (width,) or not np.isfinite(vector).all():
                raise SettingsError(
                    f"word_embedding: line {number} of {file!r} is no word with {width or 'its'} finite numbers"
                )
            yield " ".join(parts[:-width]), vector


ENTRY = Transformer("word_embedding", "WordEmbedding", "numeric", "labels", WordEmbedding)
