"""The catalog of column transformers, one file each: raw columns in, numbers out, no label needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from automl_components.core.catalog import Catalog

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

Kind = Literal["numeric", "codes", "sparse"]


class ColumnTransformer(Protocol):
    """What an entry builds: fitted on one raw column, it turns that column into numbers for ever after.

    Only plain attributes (numbers, strings, lists, arrays, dicts), so that a fitted one can be saved by skops.
    """

    names: list[str]
    """Engineered names, known after ``fit``."""

    def fit(self, column: pd.Series) -> ColumnTransformer:
        """Learn what is needed (levels, means, vocabulary) from the training rows."""
        ...

    def transform(self, column: pd.Series) -> np.ndarray | csr_matrix:
        """Array of shape (rows, len(names)): float32, int32 codes or float32 csr, by kind."""
        ...


@dataclass(frozen=True)
class Transformer:
    """One entry of the catalog.

    Attributes
    ----------
    name : str
        Azure's name in snake case where it has one (``"one_hot_encoder"``, ``"count_vectorizer"``, ...); what
        ``blocked_transformers`` takes.
    title : str
        What the transparency table prints, such as ``"ImputationMarker"``.
    kind : str
        The block of the feature matrix its numbers go to.
    build : callable (**parameters) -> ColumnTransformer
        Makes an unfitted transformer; unknown parameters are a SettingsError.
    """

    name: str
    title: str
    kind: Kind
    build: Callable[..., Any]
    rank: int = 100


TRANSFORMERS: Catalog[Transformer] = Catalog("automl_components.transformers", Transformer, "transformer")
