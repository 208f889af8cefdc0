"""What learners are fed: preprocessing that is fitted inside each fold, on the training rows only.

A view turns a :class:`FeatureMatrix` into one matrix. ``TreeView`` keeps missing values and category codes;
``TableView`` imputes, scales and one-hot encodes. A sparse block stays sparse, or is reduced to its leading
components for estimators that take none; it is never made dense.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse as sp
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from automl_components.core.errors import SettingsError, nearest
from automl_components.transformers.imputer import quantile

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.base import TransformerMixin
    from sklearn.pipeline import Pipeline

    from automl_components.engine.matrix import FeatureMatrix

LEVELS = 50  # one-hot columns of a category at most: the most frequent levels, the rest share one
COMPONENTS = 64  # columns that PCA and TruncatedSVD keep at most
REDUCED = 32  # columns that a sparse block is reduced to at most
DENSE_BYTES = 512 * 2**20  # a wider table stays sparse
OUTLIER = 20.0  # scaled values are cut here, so that one row cannot decide a linear model
LARGEST = 1e15  # numbers are cut here, so that their squares stay within float32

_SCALERS = {
    "StandardScaler": StandardScaler,
    "MinMaxScaler": MinMaxScaler,
    "MaxAbsScaler": MaxAbsScaler,
    "RobustScaler": RobustScaler,
    # the last three see standardised numbers: without a common unit the largest column is all they would see
    "PCA": StandardScaler,
    "TruncatedSVD": StandardScaler,
    "Normalizer": StandardScaler,
    "none": FunctionTransformer,
}


class TreeView:
    """Numbers with NaN, category codes as numbers, then the sparse block: what trees are fed.

    Where missing values stay NaN, markers of them are left out: a tree asks for them at the number itself.

    Parameters
    ----------
    sparse : bool
        Whether a sparse block is appended as it is (the result is a csr_matrix) or as leading components.
    missing : bool
        Whether missing values stay NaN; where not, medians are imputed and a missing category is -1.
    frame : bool
        Whether the result is a DataFrame with categorical columns (no sparse block then).
    seed : int
        Seed of the reduction.

    Attributes
    ----------
    categories_ : list of int
        Positions of the category columns in the result.
    """

    def __init__(self, sparse: bool = True, missing: bool = True, frame: bool = False, seed: int = 0) -> None:
        self.sparse, self.missing, self.frame, self.seed = sparse and not frame, missing, frame, seed

    def fit(self, X: FeatureMatrix, weight: np.ndarray | None = None) -> TreeView:
        """Learn medians, by the weights of rows (above 0), and components where they are needed."""
        self.kept_ = without_markers(X) if self.missing else None
        first = X.numeric.shape[1] if self.kept_ is None else len(self.kept_)
        self.categories_ = list(range(first, first + X.codes.shape[1]))
        self.levels_ = list(X.schema.levels)
        self.imputer_ = None if self.missing or not first else _imputer(X.numeric, weight)
        self.reduction_ = None
        if X.sparse is not None and not self.sparse:
            self.reduction_ = _reduction(X.sparse, REDUCED, self.seed)
        return self

    def transform(self, X: FeatureMatrix) -> np.ndarray | csr_matrix | pd.DataFrame:
        """The rows as a float32 array or csr_matrix, or as a DataFrame."""
        numeric = X.numeric if self.kept_ is None else X.numeric[:, self.kept_]
        numeric = numeric if self.imputer_ is None else self.imputer_.transform(numeric)
        tail = [] if self.reduction_ is None else [self.reduction_.transform(X.sparse).astype(np.float32)]
        if self.frame:
            return self._frame(numeric, X.codes, tail)
        codes = X.codes.astype(np.float32)
        if self.missing:
            codes[codes < 0] = np.nan
        table = np.hstack([numeric, codes, *tail])
        if X.sparse is None or not self.sparse:
            return table
        return sp.hstack([sp.csr_matrix(table), X.sparse], format="csr")

    def _frame(self, numeric: np.ndarray, codes: np.ndarray, tail: list[np.ndarray]) -> pd.DataFrame:
        categories = {
            f"c{j}": pd.Categorical.from_codes(codes[:, j] + 1, categories=range(levels + 1))
            for j, levels in enumerate(self.levels_)
        }
        parts = [pd.DataFrame(numeric).add_prefix("n"), pd.DataFrame(categories, index=range(len(numeric)))]
        return pd.concat([*parts, *(pd.DataFrame(block).add_prefix("s") for block in tail)], axis=1)


def without_markers(X: FeatureMatrix) -> np.ndarray | None:
    """Positions of the numeric columns but those that mark nothing but another one's NaN; None where that is all."""
    at = {name: position for position, name in enumerate(X.schema.numeric)}
    marks = {at[f"{name}_WASNULL"]: position for name, position in at.items() if f"{name}_WASNULL" in at}
    told = {m for m, p in marks.items() if np.array_equal(np.isnan(X.numeric[:, p]), X.numeric[:, m] == 1)}
    return np.array([p for p in at.values() if p not in told]) if told else None


class TableView:
    """Imputed and scaled numbers, one-hot categories, scaled n-grams: what everything but trees is fed.

    Numbers are imputed with the median. A category becomes one column for each of its 50 most frequent levels
    and one for all others; above 50 levels the share of the level in the training rows is added as a number.
    The sparse block is scaled by its columns' largest values.

    Medians, means, deviations, quartiles and shares follow the weights of rows. Extremes (``"MinMaxScaler"``,
    ``"MaxAbsScaler"``) have no weights; which levels get a column, and the components of PCA and TruncatedSVD, follow
    the rows as they are, since scikit-learn's estimators of these take no weights.

    Parameters
    ----------
    kind : str
        ``"dense"``; ``"nonnegative"``: numbers scaled to [0, 1]; ``"binary"``: 1 where a number is above its
        median or a sparse entry is present, else 0.
    scaler : str
        Kind ``"dense"`` only. Of the numbers: ``"StandardScaler"``, ``"MinMaxScaler"``, ``"MaxAbsScaler"``,
        ``"RobustScaler"`` or ``"none"``; of the whole row, numbers standardised before: ``"PCA"``,
        ``"TruncatedSVD"`` or ``"Normalizer"``.
    sparse : bool
        Whether the estimator takes a sparse matrix. If so, the result is one where there is a sparse block or
        where the table would take more than 512 MB; if not, those parts are reduced to leading components.
    seed : int
        Seed of PCA and TruncatedSVD.
    """

    def __init__(
        self, kind: str = "dense", scaler: str = "StandardScaler", sparse: bool = True, seed: int = 0
    ) -> None:
        if scaler not in _SCALERS:
            raise SettingsError(f"unknown scaler {scaler!r}{nearest(scaler, _SCALERS)}")
        self.kind, self.scaler, self.sparse, self.seed = kind, scaler, sparse, seed

    def fit(self, X: FeatureMatrix, weight: np.ndarray | None = None) -> TableView:
        """Learn medians, scales, levels and components from the training rows, whose weights are above 0."""
        total = max(1, X.rows) if weight is None else weight.sum()
        self.frequent_ = {
            j: np.bincount(X.codes[:, j] + 1, weight, minlength=levels + 1).astype(np.float32) / total
            for j, levels in enumerate(X.schema.levels)
            if levels > LEVELS
        }
        numeric = self._raw(X)
        self.numeric_ = self._scaling(numeric, weight) if numeric.shape[1] else None
        self.one_hot_ = None
        if X.codes.shape[1]:
            self.one_hot_ = OneHotEncoder(
                max_categories=LEVELS + 1, handle_unknown="infrequent_if_exist", dtype=np.float32
            ).fit(X.codes)
        self.sparse_ = None if X.sparse is None else MaxAbsScaler().fit(X.sparse)
        self.layout_ = self._layout(X, numeric.shape[1])
        self.reduction_ = None
        if self.layout_ == "reduced":
            self.reduction_ = _reduction(sp.hstack(self._wide(X), format="csr"), REDUCED, self.seed)
        projects = self.kind == "dense" and self.scaler in ("PCA", "TruncatedSVD", "Normalizer")
        self.projection_ = self._projection(self._join(X)) if projects else None
        return self

    def transform(self, X: FeatureMatrix) -> np.ndarray | csr_matrix:
        """The rows as a float32 array or csr_matrix."""
        joined = self._join(X)
        return joined if self.projection_ is None else self.projection_.transform(joined)

    def _raw(self, X: FeatureMatrix) -> np.ndarray:
        """The numbers, and the shares of levels of categories with many."""
        shares = [share[X.codes[:, [j]] + 1] for j, share in self.frequent_.items()]
        return np.hstack([np.clip(X.numeric, -LARGEST, LARGEST), *shares])

    def _scaling(self, numeric: np.ndarray, weight: np.ndarray | None) -> Pipeline:
        """Fitted."""
        imputer = _imputer(numeric, weight)
        filled = imputer.transform(numeric)
        if self.kind == "nonnegative":
            return make_pipeline(imputer, MinMaxScaler(clip=True).fit(filled))
        if self.kind == "binary":
            center = _robust_scaler(filled, weight, with_scaling=False)
            return make_pipeline(imputer, center, Binarizer().fit(filled))
        scaler = _SCALERS[self.scaler]
        if scaler is RobustScaler:
            return make_pipeline(imputer, _robust_scaler(filled, weight))
        weights = {"sample_weight": weight} if scaler is StandardScaler and weight is not None else {}
        return make_pipeline(imputer, scaler().fit(filled, **weights))

    def _layout(self, X: FeatureMatrix, numbers: int) -> str:
        levels = 0 if self.one_hot_ is None else self.one_hot_.transform(X.codes[:1]).shape[1]
        as_dense = 4 * X.rows * (numbers + levels)
        as_sparse = 8 * X.rows * (numbers + X.codes.shape[1])  # a value and a position for each entry
        if X.sparse is None and as_dense <= max(DENSE_BYTES, as_sparse):
            return "dense"
        return "sparse" if self.sparse else "reduced"

    def _table(self, X: FeatureMatrix) -> np.ndarray:
        raw = self._raw(X)
        with np.errstate(over="ignore"):  # of a column that was next to constant; it is cut below
            table = raw if self.numeric_ is None else self.numeric_.transform(raw)
        return table if self.scaler == "none" else np.clip(table, -OUTLIER, OUTLIER)

    def _wide(self, X: FeatureMatrix) -> list[csr_matrix]:
        """The blocks that are sparse by nature."""
        wide = [] if self.one_hot_ is None else [self.one_hot_.transform(X.codes)]
        if self.sparse_ is not None:
            block = self.sparse_.transform(X.sparse)
            if self.kind == "nonnegative":
                block = abs(block)
            elif self.kind == "binary":
                block = (block != 0).astype(np.float32)
            wide.append(block)
        return wide

    def _join(self, X: FeatureMatrix) -> np.ndarray | csr_matrix:
        table, wide = self._table(X), self._wide(X)
        if self.layout_ == "sparse":
            return sp.hstack([sp.csr_matrix(table), *wide], format="csr")
        if self.reduction_ is not None:
            wide = [self.reduction_.transform(sp.hstack(wide, format="csr")).astype(np.float32)]
        else:
            wide = [block.toarray() for block in wide]
        return np.hstack([table, *wide])

    def _projection(self, joined: Any) -> TransformerMixin:
        if self.scaler == "Normalizer":
            return Normalizer().fit(joined)
        if self.scaler == "TruncatedSVD":
            return _reduction(joined, COMPONENTS, self.seed)
        # ARPACK, the solver for sparse matrices, finds fewer components than there are columns
        spare = 1 if sp.issparse(joined) else 0
        count = max(1, min(COMPONENTS, min(joined.shape) - spare))
        pca = PCA(count, svd_solver="arpack" if spare else "auto", random_state=self.seed)
        with np.errstate(invalid="ignore", divide="ignore"):  # the variance ratio of a table of constants
            return pca.fit(joined)


def _imputer(table: np.ndarray, weight: np.ndarray | None) -> SimpleImputer:
    """Fitted to medians; columns without a value are filled with 0."""
    imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(table)
    if weight is not None:
        imputer.statistics_ = np.array([_quantiles(column, weight, 0.5)[0] for column in table.T])
    return imputer


def _robust_scaler(table: np.ndarray, weight: np.ndarray | None, with_scaling: bool = True) -> RobustScaler:
    """Fitted to medians and distances of quartiles."""
    scaler = RobustScaler(with_scaling=with_scaling).fit(table)
    if weight is not None:
        low, middle, high = np.array([_quantiles(column, weight, 0.25, 0.5, 0.75) for column in table.T]).T
        scaler.center_ = middle
        if with_scaling:
            scaler.scale_ = np.where(high > low, high - low, 1.0)
    return scaler


def _quantiles(column: np.ndarray, weight: np.ndarray, *shares: float) -> list[float]:
    """Of what is there, by weight; 0 where nothing is."""
    there = ~np.isnan(column)
    if not there.any():
        return [0.0] * len(shares)
    values, weight = column[there].astype(np.float64), weight[there]
    return [quantile(values, weight, share) for share in shares]


def _reduction(block: np.ndarray | csr_matrix, count: int, seed: int) -> TransformerMixin:
    """Fitted: the ``count`` leading components; a single column is none but itself."""
    if block.shape[1] < 2:
        return FunctionTransformer(_dense, accept_sparse=True).fit(block)
    with np.errstate(invalid="ignore", divide="ignore"):  # the variance ratio of an all-zero block
        return TruncatedSVD(max(1, min(count, *block.shape)), random_state=seed).fit(block)


def _dense(column: np.ndarray | csr_matrix) -> np.ndarray:
    return column.toarray() if sp.issparse(column) else column
