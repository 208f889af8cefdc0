"""Texts as a few numbers: the leading components of their n-grams (latent semantic analysis)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from automl_components.transformers import Fitted, Transformer, check_count

SAMPLE = 20_000  # texts that the components are learned from
FEW = 50  # texts below which there are no components to speak of


class TextSvd(Fitted):
    """The ``components`` leading singular components of the n-grams of the same column.

    Trees learn from them in a tenth of the time that thousands of n-grams take, and estimators that take no
    sparse matrix see what the text is about. Nothing where there are few texts or few n-grams.

    Parameters
    ----------
    components : int
        Most components.
    seed : int
        Of the randomised decomposition (Halko, Martinsson and Tropp 2011).
    """

    names: list[str]

    def __init__(self, components: int = 32, seed: int = 0) -> None:
        self.components = check_count("text_svd", "components", components)
        self.seed = check_count("text_svd", "seed", seed, least=0)

    def fit(self, grams: csr_matrix, name: str = "text") -> TextSvd:
        """Learn the components from the n-grams of the training texts; ``name`` is the raw column's."""
        from sklearn.decomposition import TruncatedSVD

        self.names = []
        if grams.shape[0] < FEW or grams.shape[1] < 2 * self.components or not grams.nnz:
            return self
        with np.errstate(invalid="ignore", divide="ignore"):  # the variance ratio of equal texts
            svd = TruncatedSVD(self.components, random_state=self.seed)
            svd.fit(grams[:: max(1, grams.shape[0] // SAMPLE)])
        self.basis = np.ascontiguousarray(svd.components_.T, dtype=np.float32)
        self.names = [f"{name}_svd_{at}" for at in range(self.components)]
        return self

    def transform(self, grams: csr_matrix) -> np.ndarray:
        """float32 array of shape (rows, components)."""
        if not self.names:
            return np.empty((grams.shape[0], 0), dtype=np.float32)
        return np.asarray(grams @ self.basis, dtype=np.float32)


ENTRY = Transformer("text_svd", "TruncatedSVD", "numeric", "ngrams", TextSvd)
