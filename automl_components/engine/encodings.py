"""Features that look at the target: fitted inside a fold on its training rows, never on the rows they predict.

``cross_fit`` gives the training rows features that were learned from other training rows, so that a learner
does not see a row's own target in them; ``transform`` gives new rows those learned from all training rows.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.special import logsumexp
from sklearn.model_selection import KFold, StratifiedKFold

from automl_components.core.errors import SettingsError
from automl_components.engine.draws import deal
from automl_components.transformers import Fitted

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from automl_components.engine.matrix import FeatureMatrix

LOG_ODDS = 30.0  # log odds are cut here: beyond, they only tell how long a text is
MAX_PAIRS = 15


class Encoding(Protocol):
    """What all of them do; ``y`` is int codes of classes 0 .. C - 1, or float values where ``classes`` is 0."""

    names_: list[str]

    def fit(self, X: FeatureMatrix, y: np.ndarray, weights: np.ndarray | None = None) -> Encoding:
        """Learn from training rows."""
        ...

    def transform(self, X: FeatureMatrix) -> np.ndarray:
        """float32 array of shape (rows, len(names_)), finite."""
        ...


def cross_fit(
    encoding: Encoding,
    X: FeatureMatrix,
    y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    classes: int = 0,
    folds: int = 5,
    seed: int = 0,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Fit ``encoding`` on all rows; the features of these rows as learned from the other folds.

    Parameters
    ----------
    classes : int
        Number of classes, 0 for regression: folds are stratified by class as far as they have rows.
    folds : int
        Parts that the training rows are cut into, at most one for each row, or each group.
    groups : int array, shape (n,), optional
        Rows of one group are encoded by what other groups tell. A single group, like a single row, is encoded by
        itself.

    Returns
    -------
    float32 array, shape (rows, len(encoding.names_))
    """
    encoding.fit(X, y, weights)
    values = np.empty((X.rows, len(encoding.names_)), dtype=np.float32)
    splits = _splits(y, classes, folds, seed, groups)
    if len(splits) < 2:
        return encoding.transform(X)
    for train, rest in splits:
        part = None if weights is None else weights[train]
        other = copy.copy(encoding).fit(X.take(train), y[train], part)
        values[rest] = other.transform(X.take(rest))
    return values


def _splits(
    y: np.ndarray, classes: int, folds: int, seed: int, groups: np.ndarray | None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training rows and the others; none where there is nothing to hold out."""
    if groups is not None:
        strata = np.asarray(y, dtype=np.int64) if classes else np.zeros(len(y), dtype=np.int64)
        part = deal(strata, folds, np.random.default_rng(seed), groups)
        return [(np.flatnonzero(part != held), np.flatnonzero(part == held)) for held in np.unique(part)]
    rows, folds = np.zeros(len(y)), min(folds, len(y))
    if folds < 2:
        return []
    if classes and np.bincount(y, minlength=classes)[np.unique(y)].min() >= folds:
        return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, y))
    return list(KFold(folds, shuffle=True, random_state=seed).split(rows))


class TargetEncoding(Fitted):
    """The mean of the target of a row's level, drawn to that of all rows where the level is rare.

    Empirical Bayes (Micci-Barreca 2001), as scikit-learn's TargetEncoder with ``smooth="auto"``: the level's
    mean counts by n * s² / (n * s² + v), where s² is the variance of the target, v that within the level. One
    feature for regression and for two classes, one for each class otherwise. A missing value is a level of
    its own; one never seen takes its place, or the mean of all rows where training had no gap.

    Parameters
    ----------
    classes : int
        Number of classes; 0 for regression.
    columns : sequence of int, optional
        Positions of the category columns; all of them by default.
    pairs : sequence of (int, int)
        Pairs of category columns that are encoded as one (interactions), see :func:`likely_pairs`.
    """

    names_: list[str]

    def __init__(
        self, classes: int = 0, columns: Sequence[int] | None = None, pairs: Sequence[Sequence[int]] = ()
    ) -> None:
        self.classes = classes
        self.columns = None if columns is None else [int(at) for at in columns]
        self.pairs = [[int(first), int(second)] for first, second in pairs]

    def fit(self, X: FeatureMatrix, y: np.ndarray, weights: np.ndarray | None = None) -> TargetEncoding:
        """Learn the encoding of each level."""
        names = X.schema.codes
        single = range(len(names)) if self.columns is None else self.columns
        self.groups_ = [*([at] for at in single), *self.pairs]
        self.levels_ = [int(levels) for levels in X.schema.levels]
        targets, weight = indicators(y, self.classes), _weights(weights, X.rows)
        self.prior_ = weight @ targets / weight.sum()
        self.keys_, self.tables_ = [], []
        for group in self.groups_:
            keys, at = np.unique(self._keys(X, group), return_inverse=True)
            self.keys_.append(keys)
            self.tables_.append(smoothed_means(at, len(keys), targets, weight))
        ends = [""] if targets.shape[1] == 1 else [f"_{code}" for code in range(targets.shape[1])]
        whole = ["_x_".join(names[at] for at in group) for group in self.groups_]
        self.names_ = [f"{name}_target{end}" for name in whole for end in ends]
        return self

    def transform(self, X: FeatureMatrix) -> np.ndarray:
        """float32 array of shape (rows, len(names_))."""
        width = len(self.prior_)
        values = np.empty((X.rows, len(self.names_)), dtype=np.float32)
        for at, (group, keys, table) in enumerate(zip(self.groups_, self.keys_, self.tables_, strict=True)):
            values[:, at * width : (at + 1) * width] = _look_up(
                self._keys(X, group), keys, table, self.prior_
            )
        return values

    def _keys(self, X: FeatureMatrix, group: Sequence[int]) -> np.ndarray:
        """One whole number for each row; 0 stands for missing in each of the columns."""
        keys = np.zeros(X.rows, dtype=np.int64)
        for at in group:
            keys = keys * (self.levels_[at] + 1) + X.codes[:, at] + 1
        return keys


class WeightOfEvidence(TargetEncoding):
    """ln(P(level | class) / P(level | not the class)), with ``smooth`` rows spread over the levels.

    Good (1950). One feature for two classes, of the second; one for each class otherwise. A level never seen
    says nothing: 0.
    """

    def __init__(self, classes: int, columns: Sequence[int] | None = None, smooth: float = 1.0) -> None:
        if classes < 2:
            raise SettingsError("wo_e_target_encoder is for classification; cat_target_encoder is for both")
        super().__init__(classes, columns)
        self.smooth = float(smooth)

    def fit(self, X: FeatureMatrix, y: np.ndarray, weights: np.ndarray | None = None) -> WeightOfEvidence:
        """Learn the evidence of each level."""
        super().fit(X, y, weights)
        targets, weight = indicators(y, self.classes), _weights(weights, X.rows)
        self.tables_ = [
            _evidence(np.searchsorted(keys, self._keys(X, group)), len(keys), targets, weight, self.smooth)
            for group, keys in zip(self.groups_, self.keys_, strict=True)
        ]
        self.prior_ = np.zeros(targets.shape[1])
        self.names_ = [name.replace("_target", "_woe") for name in self.names_]
        return self


class PairCounts(Fitted):
    """log(1 + training rows) of each pair of categories; looks at no target, so ``cross_fit`` is not needed.

    Parameters
    ----------
    pairs : sequence of (int, int)
        Positions of category columns, see :func:`likely_pairs`.
    """

    names_: list[str]

    def __init__(self, pairs: Sequence[Sequence[int]]) -> None:
        self.pairs = [[int(first), int(second)] for first, second in pairs]

    def fit(
        self, X: FeatureMatrix, y: np.ndarray | None = None, weights: np.ndarray | None = None
    ) -> PairCounts:
        """Count the pairs."""
        self.levels_ = [int(levels) for levels in X.schema.levels]
        self.keys_, self.tables_ = [], []
        for pair in self.pairs:
            keys, counts = np.unique(self._keys(X, pair), return_counts=True)
            self.keys_.append(keys)
            self.tables_.append(np.log1p(counts)[:, None])
        self.names_ = [f"{X.schema.codes[a]}_x_{X.schema.codes[b]}_count" for a, b in self.pairs]
        return self

    def transform(self, X: FeatureMatrix) -> np.ndarray:
        """float32 array of shape (rows, pairs)."""
        values = np.empty((X.rows, len(self.pairs)), dtype=np.float32)
        for at, (pair, keys, table) in enumerate(zip(self.pairs, self.keys_, self.tables_, strict=True)):
            values[:, at : at + 1] = _look_up(self._keys(X, pair), keys, table, np.zeros(1))
        return values

    def _keys(self, X: FeatureMatrix, pair: Sequence[int]) -> np.ndarray:
        first, second = pair
        return (X.codes[:, first].astype(np.int64) + 1) * (self.levels_[second] + 1) + X.codes[:, second] + 1


class NaiveBayes(Fitted):
    """The log odds of each class by multinomial naive Bayes over sparse columns (n-grams).

    McCallum and Nigam (1998), with a Laplace count of ``alpha``. One feature for two classes, of the second;
    one for each class otherwise. An empty row says no more than how frequent the classes are.

    Parameters
    ----------
    classes : int
    columns : sequence of int, optional
        Positions of the sparse columns; all of them by default. Negative entries count as 0.
    """

    names_: list[str]

    def __init__(self, classes: int, columns: Sequence[int] | None = None, alpha: float = 0.1) -> None:
        if classes < 2:
            raise SettingsError("naive_bayes is for classification; text_target_encoder is for both")
        self.classes, self.alpha = classes, float(alpha)
        self.columns = None if columns is None else [int(at) for at in columns]

    def fit(self, X: FeatureMatrix, y: np.ndarray, weights: np.ndarray | None = None) -> NaiveBayes:
        """Learn what each class has in its rows."""
        weight = _weights(weights, X.rows)
        belongs = _one_hot(y, self.classes) * weight[:, None]
        block = _texts(X, self.columns)
        counts = np.asarray((block.T @ belongs).T) + self.alpha
        self.log_share_ = (np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))).T
        self.log_prior_ = np.log(
            (belongs.sum(axis=0) + self.alpha) / (weight.sum() + self.alpha * self.classes)
        )
        codes = [1] if self.classes == 2 else list(range(self.classes))
        self.names_ = [f"naive_bayes_{code}" for code in codes]
        return self

    def transform(self, X: FeatureMatrix) -> np.ndarray:
        """float32 array of shape (rows, 1 or classes)."""
        joint = np.asarray(_texts(X, self.columns) @ self.log_share_) + self.log_prior_
        rest = [logsumexp(np.delete(joint, code, axis=1), axis=1) for code in range(self.classes)]
        odds = np.clip(joint - np.column_stack(rest), -LOG_ODDS, LOG_ODDS).astype(np.float32)
        return odds[:, 1:] if self.classes == 2 else odds


class TextTargetEncoding(Fitted):
    """The mean, over a row's n-grams, of what the target is in rows with that n-gram, smoothed as for levels.

    One feature for regression and for two classes, one for each class otherwise; the mean of all rows where a
    row has no known n-gram.
    """

    names_: list[str]

    def __init__(self, classes: int = 0, columns: Sequence[int] | None = None, smooth: float = 10.0) -> None:
        self.classes, self.smooth = classes, float(smooth)
        self.columns = None if columns is None else [int(at) for at in columns]

    def fit(self, X: FeatureMatrix, y: np.ndarray, weights: np.ndarray | None = None) -> TextTargetEncoding:
        """Learn the encoding of each n-gram."""
        targets, weight = indicators(y, self.classes), _weights(weights, X.rows)
        held = _held(_texts(X, self.columns))
        self.prior_ = weight @ targets / weight.sum()
        sums, counts = held.T @ (targets * weight[:, None]), held.T @ weight
        self.means_ = (sums + self.smooth * self.prior_) / (counts + self.smooth)[:, None]
        ends = [""] if targets.shape[1] == 1 else [f"_{code}" for code in range(targets.shape[1])]
        self.names_ = [f"text_target{end}" for end in ends]
        return self

    def transform(self, X: FeatureMatrix) -> np.ndarray:
        """float32 array of shape (rows, len(names_))."""
        held = _held(_texts(X, self.columns))
        counts = np.diff(held.indptr)[:, None]
        means = (held @ self.means_) / np.maximum(counts, 1)
        return np.where(counts > 0, means, self.prior_).astype(np.float32)


ENCODINGS = {
    "cat_target_encoder": TargetEncoding,
    "wo_e_target_encoder": WeightOfEvidence,
    "naive_bayes": NaiveBayes,
    "text_target_encoder": TextTargetEncoding,
}
"""By Azure's name, as ``blocked_transformers`` knows them."""


def likely_pairs(X: FeatureMatrix, most: int = MAX_PAIRS) -> list[tuple[int, int]]:
    """Pairs of category columns whose levels meet often enough to be learned: 5 rows a seen pair or more.

    Those with the most distinct combinations come first: they say what the two columns alone cannot.
    """
    found = []
    for first, second in combinations(range(X.codes.shape[1]), 2):
        keys = X.codes[:, first].astype(np.int64) * (X.schema.levels[second] + 1) + X.codes[:, second]
        seen = len(np.unique(keys))
        if seen > max(X.schema.levels[first], X.schema.levels[second]) and X.rows >= 5 * seen:
            found.append((-seen, first, second))
    return [(first, second) for _, first, second in sorted(found)[:most]]


def indicators(y: np.ndarray, classes: int) -> np.ndarray:
    """Targets as float64 columns: the values, membership of the second of two classes, or of each class."""
    if not classes:
        return np.asarray(y, dtype=np.float64)[:, None]
    table = _one_hot(y, classes)
    return table[:, 1:] if classes == 2 else table


def smoothed_means(at: np.ndarray, levels: int, targets: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Of each level and target column, shape (levels, columns); see :class:`TargetEncoding`."""
    total = np.bincount(at, weight, minlength=levels)
    table = np.empty((levels, targets.shape[1]))
    for column, target in enumerate(targets.T):
        prior = weight @ target / weight.sum()
        variance = weight @ (target - prior) ** 2 / weight.sum()
        mean = np.bincount(at, weight * target, minlength=levels) / np.maximum(total, 1e-300)
        within = np.bincount(at, weight * (target - mean[at]) ** 2, minlength=levels) / total
        down = variance * total + within
        trust = np.divide(variance * total, down, out=np.zeros(levels), where=down > 0)
        table[:, column] = trust * mean + (1 - trust) * prior
    return table


def _evidence(
    at: np.ndarray, levels: int, targets: np.ndarray, weight: np.ndarray, smooth: float
) -> np.ndarray:
    table = np.empty((levels, targets.shape[1]))
    share = np.bincount(at, weight, minlength=levels) / weight.sum()
    for column, target in enumerate(targets.T):
        inside, outside = weight * target, weight * (1 - target)
        inner = np.bincount(at, inside, minlength=levels) + smooth * share
        outer = np.bincount(at, outside, minlength=levels) + smooth * share
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(inner / (inside.sum() + smooth)) - np.log(outer / (outside.sum() + smooth))
        table[:, column] = np.clip(
            np.nan_to_num(ratio, posinf=LOG_ODDS, neginf=-LOG_ODDS), -LOG_ODDS, LOG_ODDS
        )
    return table


def _look_up(wanted: np.ndarray, keys: np.ndarray, table: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Rows of ``table`` by sorted ``keys``; ``absent`` for keys that are not there."""
    at = np.searchsorted(keys, wanted)
    known = at < len(keys)
    known[known] = keys[at[known]] == wanted[known]
    return np.where(known[:, None], table[np.where(known, at, 0)], absent)


def _weights(weights: np.ndarray | None, rows: int) -> np.ndarray:
    """With a mean of 1, so that smoothing means the same whatever their scale."""
    if weights is None:
        return np.ones(rows)
    values = np.asarray(weights, dtype=np.float64)
    return values / values.mean()


def _one_hot(y: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes)[np.asarray(y, dtype=np.int64)]


def _texts(X: FeatureMatrix, columns: Sequence[int] | None) -> csr_matrix:
    if X.sparse is None:
        raise SettingsError("text encodings need n-grams, and the features have no sparse block")
    block = X.sparse if columns is None else X.sparse[:, columns]
    return block.maximum(0) if block.nnz and block.data.min() < 0 else block


def _held(block: csr_matrix) -> csr_matrix:
    """1 where a row has the n-gram."""
    held = block.astype(np.float64)
    held.data = (held.data > 0).astype(np.float64)
    held.eliminate_zeros()
    return held
