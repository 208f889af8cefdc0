"""Cheap models that several checks share: how much one feature tells of the target, and how much all of them do."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.feature_selection import f_classif, f_regression
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from automl_components.guardrails.facts import Facts

PROBE_ROWS = 5_000
"""Rows that a model of a check sees: more make it slower and hardly surer."""
UNUSED = frozenset(["Hashes", "Constant", "AllNan", "Ignore"])
TEXT_WIDTH = 16  # directions in which texts are told apart
TREES = 30
MOST_COLUMNS = 300  # columns that are looked at one by one ...
BEST_COLUMNS = 100  # ... and of more than these so many
MOST_TRIED = 30  # columns of which a tree takes the best cut
LARGEST = 1e30  # sums of more are beyond float32


@dataclass(frozen=True)
class Probe:
    """Out-of-fold predictions of a forest, and whether they order the rows better than chance.

    Attributes
    ----------
    predicted : array, shape (n, classes) or (n,)
        Probabilities, or numbers.
    score : float
        Classification: the area under the ROC curve, one class against the rest, averaged by rows (0.5 is
        chance). Regression: Spearman's correlation (0 is chance).
    error : float
        Standard error of the score if there were nothing to learn.
    """

    predicted: np.ndarray
    score: float
    error: float

    @property
    def p_value(self) -> float:
        """Probability of such a score or a better one by chance."""
        chance = 0.5 if self.predicted.ndim == 2 else 0.0
        return float(norm.sf((self.score - chance) / self.error))


def used_columns(facts: Facts) -> list[str]:
    """The feature columns that a model can learn from."""
    return [str(name) for name in facts.frame if facts.purposes.get(str(name), "Ignore") not in UNUSED]


def target_values(facts: Facts) -> np.ndarray:
    """Class codes by size, the largest class 0; or the target as float64."""
    if facts.task == "classification":
        return facts.remember("target", lambda f: _by_frequency(pd.factorize(f.target)[0]))
    return facts.remember("target", lambda f: pd.to_numeric(f.target).to_numpy(dtype=np.float64))


def feature_matrix(facts: Facts) -> np.ndarray:
    """float32 array of n rows: numbers, dates, categories by frequency, directions of texts; gaps below all values."""
    return facts.remember("feature matrix", _matrix)


def _matrix(facts: Facts) -> np.ndarray:
    parts = [_features(facts, name) for name in used_columns(facts)]
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(facts.frame), 0), dtype=np.float32)


def _features(facts: Facts, name: str) -> np.ndarray:
    purpose = facts.purposes[name]
    if purpose in ("Text", "List"):
        return _text_features(facts.frame[name])
    values = facts.values(name)
    if purpose not in ("Numeric", "DateTime", "Boolean"):
        gaps = np.isnan(values)
        values = _by_frequency(np.where(gaps, -1, values).astype(np.int64)).astype(np.float64)
        values[gaps] = np.nan
    finite = values[np.isfinite(values)]
    low = finite.min() - max(1.0, abs(finite.min())) if finite.size else 0.0
    filled = np.where(np.isfinite(values), values, low)
    return np.clip(filled, -LARGEST, LARGEST).astype(np.float32)[:, None]


def _text_features(column: pd.Series) -> np.ndarray:
    texts = column.map(str, na_action="ignore").fillna("").astype(object).to_numpy()
    lengths = np.array([[len(text), text.count(" ")] for text in texts], dtype=np.float32)
    words = HashingVectorizer(n_features=2**11, norm="l2", alternate_sign=False).transform(texts)
    if min(words.shape) <= TEXT_WIDTH or not words.nnz:
        return lengths
    directions = TruncatedSVD(TEXT_WIDTH, n_iter=1, random_state=0).fit_transform(words)
    return np.hstack([lengths, directions.astype(np.float32)])


def _by_frequency(codes: np.ndarray) -> np.ndarray:
    """Codes renumbered so that 0 is the most frequent."""
    _, at, counts = np.unique(codes, return_inverse=True, return_counts=True)
    ranks = np.empty(len(counts), dtype=np.int64)
    ranks[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return ranks[at]


def folds(facts: Facts, count: int = 2) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random halves, stratified where every class has the rows for it; the same at every call. Groups stay whole."""
    target = target_values(facts)
    if facts.groups is not None and np.ptp(facts.groups) > 0:
        return list(GroupKFold(count).split(target, groups=facts.groups))
    if facts.task == "classification" and np.bincount(target).min() >= count:
        return list(StratifiedKFold(count, shuffle=True, random_state=0).split(target, target))
    return list(KFold(count, shuffle=True, random_state=0).split(target))


def forest_probe(facts: Facts) -> Probe | None:
    """The forest's out-of-fold predictions; None where there are no features, or hardly any rows."""
    return facts.remember("forest probe", _forest_probe)


def _forest_probe(facts: Facts) -> Probe | None:
    matrix, target = feature_matrix(facts), target_values(facts)
    if not matrix.shape[1] or len(target) < 50:
        return None
    if facts.task == "regression":
        target = rankdata(target) / len(target)  # a few huge values must not rule the trees
    parts = folds(facts)
    predicted = predict_out_of_fold(matrix, target, parts, facts.task)
    if facts.task == "classification":
        scores = [_class_score(predicted[test], target[test]) for _, test in parts]
    else:
        scores = [_rank_score(predicted[test], target[test]) for _, test in parts]
    weights = np.array([1 / error**2 for _, error in scores])
    score = float(np.average([score for score, _ in scores], weights=weights))
    return Probe(predicted, score, float(weights.sum() ** -0.5))


def predict_out_of_fold(
    matrix: np.ndarray, target: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]], task: str
) -> np.ndarray:
    """Predictions of a forest for each row by one that did not see it: probabilities by code, or numbers."""
    options = {
        "n_estimators": TREES,
        "min_samples_split": 6,  # not a least leaf: random cuts that miss it would end the trees early
        "max_features": min(matrix.shape[1], MOST_TRIED),
        "random_state": 0,
        "n_jobs": 1,
    }
    classes = int(target.max()) + 1 if task == "classification" else 0
    predicted = np.zeros((len(target), classes) if classes else len(target))
    for train, test in parts:
        if not classes:
            model = ExtraTreesRegressor(**options).fit(matrix[train], target[train])
            predicted[test] = model.predict(matrix[test])
            continue
        model = ExtraTreesClassifier(**options).fit(matrix[train], target[train])
        predicted[np.ix_(test, model.classes_)] = model.predict_proba(matrix[test])
    return predicted


def ranked_auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve by ranks, ties half; 0.5 where one side is empty."""
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        return 0.5
    ranks = rankdata(scores)[positive].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * zeros))


def _class_score(predicted: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    """Area under the curve averaged by rows, and its error by chance (Mann and Whitney's variance)."""
    rows = np.bincount(codes, minlength=predicted.shape[1])
    if predicted.shape[1] == 2:
        rows[0] = 0  # the second class against the first says it all
    total, n = rows.sum(), len(codes)
    told = [code for code, count in enumerate(rows) if 0 < count < n]
    if not told:
        return 0.5, 1.0
    score = sum(rows[c] * ranked_auc(predicted[:, c], codes == c) for c in told) / sum(rows[c] for c in told)
    error = sum(rows[c] / total * ((n + 1) / 12 / rows[c] / (n - rows[c])) ** 0.5 for c in told)
    return float(score), float(error)


def _rank_score(predicted: np.ndarray, ranks: np.ndarray) -> tuple[float, float]:
    if np.ptp(predicted) == 0 or np.ptp(ranks) == 0:
        return 0.0, float((len(ranks) - 1) ** -0.5)
    return float(np.corrcoef(rankdata(predicted), rankdata(ranks))[0, 1]), float((len(ranks) - 1) ** -0.5)


def unexplained(facts: Facts) -> dict[str, float]:
    """By column: the share of the target that it leaves open when it alone predicts, out of fold; 1 is nothing told.

    Classification: the errors over those of a constant. Regression: one minus the coefficient of determination,
    by a tree, a line or the ranks, whichever tells more. Of more than 300 columns, the 100 that a straight line, or the
    means of the classes, tells most of are looked at; the others are not in the result.
    """
    return facts.remember("unexplained", _unexplained)


def _unexplained(facts: Facts) -> dict[str, float]:
    names = [name for name in used_columns(facts) if facts.purposes[name] not in ("Text", "List")]
    parts, target = folds(facts), target_values(facts)
    if len(names) > MOST_COLUMNS:
        names = _telling(facts, names, target)
    return {name: _left_open(_features(facts, name), target, parts, facts.task) for name in names}


def _telling(facts: Facts, names: list[str], target: np.ndarray) -> list[str]:
    """Those of the columns with the greatest F statistic, in their order."""
    table = np.hstack([_features(facts, name) for name in names])
    score = f_classif if facts.task == "classification" else f_regression
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant column has no variance to divide by
        strength = np.nan_to_num(score(table, target)[0], nan=0.0)
    best = np.sort(np.argsort(-strength, kind="stable")[:BEST_COLUMNS])
    return [names[at] for at in best]


def _left_open(
    column: np.ndarray, target: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]], task: str
) -> float:
    options = {"min_samples_leaf": 2, "max_leaf_nodes": 64, "random_state": 0}
    predicted = np.zeros(len(target))
    tree = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
    for train, test in parts:
        predicted[test] = tree(**options).fit(column[train], target[train]).predict(column[test])
    if task == "classification":
        wrong = float((predicted != target).mean())
        return min(1.0, wrong / max(float((target != 0).mean()), 1e-12))
    left = float(((predicted - target) ** 2).mean() / max(target.var(), 1e-300))
    values = column[:, 0].astype(np.float64)
    if np.ptp(values) > 0:
        line = np.corrcoef(values, target)[0, 1] ** 2
        ranks = np.corrcoef(rankdata(values), rankdata(target))[0, 1] ** 2
        left = min(left, 1 - line, 1 - ranks)
    return float(np.clip(left, 0.0, 1.0))
