"""The classification metrics under Azure's names: one confusion matrix and one ranking a class make them all.

Conventions, where a metric has a choice:

- A class that is **absent** from the rows: its recall and its areas under curves do not exist, so averages
  leave it out (as scikit-learn's ``balanced_accuracy_score`` does). AUC needs rows of the class and rows of
  others; average precision only rows of the class. Micro averages pool all (row, class) cells.
- A class that is present and **never predicted** has precision 0 and F1 0; one that is predicted and never
  present too. One that is neither counts nowhere.
- ``matthews_correlation`` of a constant prediction is 0, as in scikit-learn; of rows of a single class, NaN.
- ``weighted_accuracy`` weights a row by the size of its true class. Whether size is a count or a share of the
  rows makes no difference: the number of rows cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from automl_components.metrics import Metric


@dataclass(frozen=True, eq=False)
class Ranking:
    """What is found when cells are taken by falling score, equal scores together.

    Attributes
    ----------
    true_positives, false_positives : float arrays, shape (distinct scores,)
        Weight of positives and of negatives found so far; the last entries are the totals.
    """

    true_positives: np.ndarray
    false_positives: np.ndarray

    @property
    def auc(self) -> float:
        """Area under the ROC curve by trapezoids; NaN without positives or without negatives."""
        hits, misses = self.true_positives, self.false_positives
        if not (hits[-1] and misses[-1]):
            return float("nan")
        twice = np.diff(misses, prepend=0.0) @ (hits + np.append(0.0, hits[:-1]))
        return float(twice / (2 * hits[-1] * misses[-1]))

    @property
    def average_precision(self) -> float:
        """Sum of precision times the gain in recall, without interpolation; NaN without positives."""
        hits, misses = self.true_positives, self.false_positives
        if not hits[-1]:
            return float("nan")
        return float(np.diff(hits, prepend=0.0) @ (hits / (hits + misses)) / hits[-1])


def rank(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> Ranking:
    """The ranking of n cells with truth ``positive`` (bool), ``score`` and ``weight`` (above 0)."""
    order = np.argsort(-score, kind="stable")
    score, positive, weight = score[order], positive[order], weight[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    hits, misses = np.cumsum(weight * positive), np.cumsum(weight * ~positive)
    return Ranking(hits[last], misses[last])


@dataclass(frozen=True, eq=False)
class ClassificationFacts:
    """What a classification metric may look at; shared pieces are computed once, when first asked for.

    Attributes
    ----------
    y : int array, shape (n,)
        True codes 0 .. C - 1.
    proba : float64 array, shape (n, C)
        Probabilities, not renormalized.
    labels : int array, shape (n,)
        Predicted codes.
    weight : float64 array, shape (n,)
        Sample weights, all above 0.
    classes : array, shape (C,)
        The original labels.
    positive : int or None
        Code of the positive class, where there is one.
    weighted : bool
        Whether ``weight`` was given, and is not just ones.
    """

    y: np.ndarray
    proba: np.ndarray
    labels: np.ndarray
    weight: np.ndarray
    classes: np.ndarray
    positive: int | None = None
    weighted: bool = False

    @property
    def usable(self) -> bool:
        """Whether there are rows, and every prediction is a finite number."""
        return len(self.y) > 0 and bool(np.isfinite(self.proba).all())

    @cached_property
    def confusion(self) -> np.ndarray:
        """Weights by true (rows) and predicted (columns) class, float64 of shape (C, C)."""
        size = len(self.classes)
        cells = np.bincount(self.y * np.int64(size) + self.labels, self.weight, minlength=size * size)
        return cells.reshape(size, size)

    @cached_property
    def hits(self) -> np.ndarray:
        """Weight of the rows predicted right, by class."""
        return self.confusion.diagonal()

    @cached_property
    def support(self) -> np.ndarray:
        """Weight of the rows of each class."""
        return self.confusion.sum(axis=1)

    @cached_property
    def predicted(self) -> np.ndarray:
        """Weight of the rows predicted to be of each class."""
        return self.confusion.sum(axis=0)

    def ranking(self, code: int) -> Ranking:
        """Rows by the probability of one class, against all others."""
        return rank(self.y == code, self.proba[:, code], self.weight)

    def pooled_ranking(self) -> Ranking:
        """All (row, class) cells by their probability."""
        size = len(self.classes)
        truth = self.y[:, None] == np.arange(size)
        return rank(truth.ravel(), self.proba.ravel(), self.weight.repeat(size))

    @cached_property
    def areas(self) -> np.ndarray:
        """AUC and average precision of each class, shape (2, C); rankings are not kept, for memory's sake."""
        rankings = map(self.ranking, range(len(self.classes)))
        return np.array([(ranking.auc, ranking.average_precision) for ranking in rankings]).T

    @cached_property
    def pooled_areas(self) -> tuple[float, float]:
        """AUC and average precision of the pooled cells."""
        ranking = self.pooled_ranking()
        return ranking.auc, ranking.average_precision


def _ratio(numerator: np.ndarray, denominator: np.ndarray, defined: np.ndarray) -> np.ndarray:
    """Elementwise ratio: 0 where only the denominator is 0, NaN where it is not ``defined``."""
    ratio = np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 0)
    return np.where(defined, ratio, np.nan)


def _mean(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean over the classes where the value exists; NaN where it does for none."""
    exists = ~np.isnan(values)
    if not exists.any():
        return float("nan")
    return float(np.average(values[exists], weights=None if weights is None else weights[exists]))


def auc(facts: ClassificationFacts) -> np.ndarray:
    """AUC of each class against the others, shape (C,)."""
    return facts.areas[0]


def average_precision(facts: ClassificationFacts) -> np.ndarray:
    """Average precision of each class against the others, shape (C,)."""
    return facts.areas[1]


def precision(facts: ClassificationFacts) -> np.ndarray:
    """Precision of each class, shape (C,)."""
    return _ratio(facts.hits, facts.predicted, facts.support + facts.predicted > 0)


def recall(facts: ClassificationFacts) -> np.ndarray:
    """Recall of each class, shape (C,)."""
    return _ratio(facts.hits, facts.support, facts.support > 0)


def f1(facts: ClassificationFacts) -> np.ndarray:
    """F1 of each class, shape (C,)."""
    together = facts.support + facts.predicted
    return _ratio(2 * facts.hits, together, together > 0)


def accuracy(facts: ClassificationFacts) -> float:
    """Share of the rows predicted right; of a single-label task also micro precision, recall and F1."""
    return float(facts.hits.sum() / facts.confusion.sum())


def weighted_accuracy(facts: ClassificationFacts) -> float:
    """Accuracy with each row weighted by the size of its true class."""
    return float(facts.support @ facts.hits / (facts.support @ facts.support))


def norm_macro_recall(facts: ClassificationFacts) -> float:
    """(macro recall - R) / (1 - R), R = 1 / C of the model's classes: 0 is chance, below it is negative."""
    chance = 1 / len(facts.classes)
    return (macro(facts, recall) - chance) / (1 - chance) if chance < 1 else float("nan")


def log_loss(facts: ClassificationFacts) -> float:
    """Mean negative log of the true class's probability, in nats, clipped as scikit-learn clips float64."""
    tiny = np.finfo(np.float64).eps
    chosen = np.clip(facts.proba[np.arange(len(facts.y)), facts.y], tiny, 1 - tiny)
    return float(-np.average(np.log(chosen), weights=facts.weight))


def matthews_correlation(facts: ClassificationFacts) -> float:
    """Gorodkin's R_K, Matthews' correlation for any number of classes."""
    if np.count_nonzero(facts.support) < 2:
        return float("nan")
    if np.count_nonzero(facts.predicted) < 2:
        return 0.0
    # not divided by the total: whole numbers stay exact, where 1 - sum of squared shares would cancel
    total, truth, guess = facts.confusion.sum(), facts.support, facts.predicted
    covariance = total * facts.hits.sum() - truth @ guess
    return float(covariance / np.sqrt(total**2 - truth @ truth) / np.sqrt(total**2 - guess @ guess))


PerClass = Callable[[ClassificationFacts], np.ndarray]


def macro(facts: ClassificationFacts, per_class: PerClass) -> float:
    """The plain mean over classes."""
    return _mean(per_class(facts))


def weighted(facts: ClassificationFacts, per_class: PerClass) -> float:
    """The mean over classes by the weight of their rows."""
    return _mean(per_class(facts), facts.support)


def binary(facts: ClassificationFacts, per_class: PerClass) -> float:
    """The value of the positive class alone."""
    return float(per_class(facts)[facts.positive])


def pooled_area(facts: ClassificationFacts, index: int) -> float:
    """AUC (0) or average precision (1) over all (row, class) cells."""
    return facts.pooled_areas[index]


def _score(
    name: str,
    function: Callable[[ClassificationFacts], float],
    needs_proba: bool = False,
    binary: bool = False,
) -> Metric:
    """A row: greater is better, 1 is perfect."""
    return Metric(name, "classification", function, True, 1.0, needs_proba, binary)


def _averages(
    name: str, per_class: PerClass, micro: Callable[[ClassificationFacts], float], needs_proba: bool = False
) -> tuple[Metric, Metric, Metric, Metric]:
    """A row of four: macro, micro, weighted and binary."""
    return (
        _score(f"{name}_macro", partial(macro, per_class=per_class), needs_proba),
        _score(f"{name}_micro", micro, needs_proba),
        _score(f"{name}_weighted", partial(weighted, per_class=per_class), needs_proba),
        _score(f"{name}_binary", partial(binary, per_class=per_class), needs_proba, binary=True),
    )


AUC_MACRO, AUC_MICRO, AUC_WEIGHTED, AUC_BINARY = _averages(
    "AUC", auc, partial(pooled_area, index=0), needs_proba=True
)
AP_MACRO, AP_MICRO, AP_WEIGHTED, AP_BINARY = _averages(
    "average_precision_score", average_precision, partial(pooled_area, index=1), needs_proba=True
)
F1_MACRO, F1_MICRO, F1_WEIGHTED, F1_BINARY = _averages("f1_score", f1, accuracy)
PRECISION_MACRO, PRECISION_MICRO, PRECISION_WEIGHTED, PRECISION_BINARY = _averages(
    "precision_score", precision, accuracy
)
RECALL_MACRO, RECALL_MICRO, RECALL_WEIGHTED, RECALL_BINARY = _averages("recall_score", recall, accuracy)
ACCURACY = _score("accuracy", accuracy)
BALANCED_ACCURACY = _score("balanced_accuracy", partial(macro, per_class=recall))
NORM_MACRO_RECALL = _score("norm_macro_recall", norm_macro_recall)
WEIGHTED_ACCURACY = _score("weighted_accuracy", weighted_accuracy)
MATTHEWS_CORRELATION = _score("matthews_correlation", matthews_correlation)
LOG_LOSS = Metric("log_loss", "classification", log_loss, False, 0.0, needs_proba=True)
