"""Scores of predictions: every metric of a task at once, or the primary one alone; custom metrics by path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_components.core.errors import DataError, SettingsError, nearest
from automl_components.engine.custom_metric import custom_metric
from automl_components.metrics import METRICS, Metric
from automl_components.metrics.classification import ClassificationFacts
from automl_components.metrics.regression import RegressionFacts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Facts = ClassificationFacts | RegressionFacts


def classification_facts(
    y: ArrayLike,
    proba: ArrayLike,
    classes: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    positive_label: Any = None,
    decision: ArrayLike | None = None,
) -> ClassificationFacts:
    """Check predictions and bring them together; arguments as in :func:`score_classification`."""
    proba, classes = np.asarray(proba, dtype=np.float64), np.asarray(classes)
    y = _codes(y, len(classes), "true")
    if proba.shape != (len(y), len(classes)):
        raise DataError(
            f"probabilities have shape {proba.shape}; {len(y)} rows of {len(classes)} classes need "
            f"{(len(y), len(classes))}"
        )
    labels = proba.argmax(axis=1) if decision is None else _codes(decision, len(classes), "predicted")
    if labels.shape != y.shape:
        raise DataError(f"decision has {len(labels)} predicted classes for {len(y)} rows")
    weight = _weights(sample_weight, len(y))
    keep = slice(None) if weight.all() else weight > 0  # a row that weighs nothing is no row
    return ClassificationFacts(
        y[keep],
        proba[keep],
        labels[keep],
        weight[keep],
        classes,
        positive=positive_code(classes, positive_label),
        weighted=sample_weight is not None,
    )


def regression_facts(
    y: ArrayLike,
    prediction: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    y_min: float | None = None,
    y_max: float | None = None,
) -> RegressionFacts:
    """Check predictions and bring them together; arguments as in :func:`score_regression`."""
    y, prediction = np.asarray(y, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if y.ndim != 1 or prediction.shape != y.shape:
        raise DataError(f"predictions have shape {prediction.shape}; the target has {y.shape}")
    weight = _weights(sample_weight, len(y))
    keep = slice(None) if weight.all() else weight > 0
    y, prediction, weight = y[keep], prediction[keep], weight[keep]
    low = y.min(initial=np.inf) if y_min is None else y_min
    high = y.max(initial=-np.inf) if y_max is None else y_max
    return RegressionFacts(y, prediction, weight, float(low), float(high), weighted=sample_weight is not None)


def score_classification(
    y: ArrayLike,
    proba: ArrayLike,
    classes: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    positive_label: Any = None,
    decision: ArrayLike | None = None,
) -> dict[str, float]:
    """Every classification metric of the catalog, by name.

    Parameters
    ----------
    y : int array, shape (n,)
        True codes 0 .. C - 1.
    proba : float array, shape (n, C)
        Probabilities. Where one is NaN or infinite, every metric is NaN.
    classes : array, shape (C,)
        Original labels; the code of a label is its position.
    sample_weight : float array, shape (n,), optional
        Not negative; a row of weight 0 is no row.
    positive_label : label, optional
        The class that the ``_binary`` metrics judge; the second of two classes unless given. More than two
        classes and no positive label: the ``_binary`` metrics are left out.
    decision : int array, shape (n,), optional
        Predicted codes, where something else than the greatest probability decides, such as a threshold.

    Raises
    ------
    DataError
        Shapes do not match, codes are outside 0 .. C - 1, or a weight is negative or not finite.
    SettingsError
        ``positive_label`` is none of the classes.
    """
    facts = classification_facts(
        y, proba, classes, sample_weight=sample_weight, positive_label=positive_label, decision=decision
    )
    return _evaluate_all("classification", facts)


def score_regression(
    y: ArrayLike,
    prediction: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    y_min: float | None = None,
    y_max: float | None = None,
) -> dict[str, float]:
    """Every regression metric of the catalog, by name.

    Parameters
    ----------
    y, prediction : float arrays, shape (n,)
        True and predicted values. Where a prediction is NaN or infinite, every metric is NaN.
    sample_weight : float array, shape (n,), optional
        Not negative; a row of weight 0 is no row.
    y_min, y_max : float, optional
        The range that ``normalized_*`` divide by: under cross-validation that of the whole training target
        (Azure's rule). The range of ``y`` unless given.

    Raises
    ------
    DataError
        Shapes do not match, or a weight is negative or not finite.
    """
    facts = regression_facts(y, prediction, sample_weight=sample_weight, y_min=y_min, y_max=y_max)
    return _evaluate_all("regression", facts)


@lru_cache(maxsize=64)
def primary_metric(name: str, task: str) -> Metric:
    """A metric of the catalog in any casing, or a custom one by its dotted path.

    A custom metric is a function ``function(y_true, y_pred[, sample_weight]) -> float`` on original labels,
    named ``package.module:function`` or ``package.module.function``. Attributes on the function are honoured:
    ``greater_is_better`` (True unless set) and ``needs_proba`` (False unless set; if so, ``y_pred`` holds
    the probabilities, shape (n, C), in the order of the sorted classes).

    >>> primary_metric("auc_weighted", "classification").name, primary_metric("R2Score", "regression").name
    ('AUC_weighted', 'r2_score')

    Raises
    ------
    SettingsError
        The name is not known for the task, or the path does not lead to a function.
    """
    if "." in name or ":" in name:
        return custom_metric(name, task)
    found = next((metric for metric in METRICS.values() if _folded(metric.name) == _folded(name)), None)
    if found is not None and found.task == task:
        return found
    listed = "; automl list metrics prints all"
    if found is not None:
        raise SettingsError(f"metric {found.name!r} is for {found.task}, the task is {task}{listed}")
    known = [metric.name for metric in METRICS.values() if metric.task == task]
    raise SettingsError(
        f"unknown metric {name!r} for {task}{nearest(name, known)}{listed}; "
        "a metric of your own is named 'package.module:function'"
    )


def positive_code(classes: ArrayLike, positive_label: Any = None) -> int | None:
    """Code of the positive class: the label's position, else 1 of two classes, else None.

    A label that equals no class is compared as text in any casing, because a job file cannot say every type;
    and YAML reads a bare ``yes`` as true.

    >>> positive_code([0, 1]), positive_code(["a", "b", "c"]), positive_code([3, 4, 5], "4")
    (1, None, 1)
    >>> positive_code(["no", "yes"], False)
    0

    Raises
    ------
    SettingsError
        No class is meant by the label.
    """
    labels = np.asarray(classes).tolist()
    if positive_label is None:
        return 1 if len(labels) == 2 else None
    if positive_label in labels:
        return labels.index(positive_label)
    meant = {str(positive_label).casefold()}
    if isinstance(positive_label, bool):
        meant |= {"yes", "on"} if positive_label else {"no", "off"}
    for code, label in enumerate(labels):
        if str(label).casefold() in meant:
            return code
    hint = nearest(str(positive_label), map(str, labels))
    raise SettingsError(f"positive_label {positive_label!r} is none of the classes{hint}")


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores predictions by one metric; holds plain settings only, so it travels between processes.

    Attributes
    ----------
    metric_name : str
        As :func:`primary_metric` takes it.
    task : str
        ``"classification"`` or ``"regression"``.
    classes : sequence or array of shape (C,), or None
        Original labels, needed for classification.
    positive_label : label or None
        As in :func:`score_classification`.
    y_min, y_max : float or None
        As in :func:`score_regression`.

    Raises
    ------
    SettingsError
        The metric does not exist, does not suit the task, or needs a positive class that is not there.
    """

    metric_name: str
    task: str
    classes: Sequence[Any] | np.ndarray | None = None
    positive_label: Any = None
    y_min: float | None = None
    y_max: float | None = None

    def __post_init__(self) -> None:
        metric = self.metric
        if self.task != "classification":
            return
        if self.classes is None:
            raise SettingsError("a scorer for classification needs the classes")
        if positive_code(self.classes, self.positive_label) is None and metric.binary:
            raise SettingsError(
                f"metric {metric.name!r} judges one class of {len(self.classes)}: set positive_label"
            )

    @property
    def metric(self) -> Metric:
        """The metric; a custom one is imported on first use in a process."""
        return primary_metric(self.metric_name, self.task)

    def score(
        self,
        y: ArrayLike,
        predictions: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        decision: ArrayLike | None = None,
    ) -> float:
        """The metric's value; NaN where it is undefined.

        ``predictions`` are probabilities (n, C) for classification, values (n,) for regression.
        """
        return _evaluate(self.metric, self._facts(y, predictions, sample_weight, decision))

    def loss(
        self,
        y: ArrayLike,
        predictions: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        decision: ArrayLike | None = None,
    ) -> float:
        """The metric's value turned so that less is better; infinite where it is undefined."""
        value = -self.metric.sign(self.score(y, predictions, sample_weight, decision=decision))
        return float("inf") if np.isnan(value) else value

    def all(
        self,
        y: ArrayLike,
        predictions: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        decision: ArrayLike | None = None,
    ) -> dict[str, float]:
        """Every metric of the task by name, a custom one last."""
        facts = self._facts(y, predictions, sample_weight, decision)
        values = _evaluate_all(self.task, facts)
        if self.metric.name not in values:
            values[self.metric.name] = _evaluate(self.metric, facts)
        return values

    def _facts(
        self, y: ArrayLike, predictions: ArrayLike, weight: ArrayLike | None, decision: ArrayLike | None
    ) -> Facts:
        if self.task == "regression":
            return regression_facts(y, predictions, sample_weight=weight, y_min=self.y_min, y_max=self.y_max)
        return classification_facts(
            y,
            predictions,
            self.classes,
            sample_weight=weight,
            positive_label=self.positive_label,
            decision=decision,
        )


def _evaluate(metric: Metric, facts: Facts) -> float:
    if not facts.usable:
        return float("nan")
    with np.errstate(all="ignore"):  # predictions may be huge: an error that overflows is infinite
        return float(metric.function(facts))


def _evaluate_all(task: str, facts: Facts) -> dict[str, float]:
    judged = [metric for metric in METRICS.values() if metric.task == task]
    if getattr(facts, "positive", None) is None:
        judged = [metric for metric in judged if not metric.binary]
    return {metric.name: _evaluate(metric, facts) for metric in judged}


def _codes(values: ArrayLike, classes: int, what: str) -> np.ndarray:
    codes = np.asarray(values)
    if not codes.size:
        return codes.astype(np.int64)
    if codes.ndim != 1 or codes.dtype.kind not in "iu" or not 0 <= codes.min() <= codes.max() < classes:
        raise DataError(f"{what} classes must be whole numbers from 0 to {classes - 1}, one for each row")
    return codes


def _weights(sample_weight: ArrayLike | None, rows: int) -> np.ndarray:
    if sample_weight is None:
        return np.ones(rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (rows,):
        raise DataError(f"sample weights have shape {weight.shape}; {rows} rows need {(rows,)}")
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"sample weight {weight[row]} of row {row} is not a finite number of at least 0")
    return weight


def _folded(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
