"""What ``best_model`` is: raw rows in, predictions out, by one learner or an ensemble of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from automl_components.core.errors import DataError
from automl_components.engine.scores import ABSENT
from automl_components.engine.unread import Unread

if TYPE_CHECKING:
    from automl_components.engine.bag import Bag
    from automl_components.engine.calibration import Temperature
    from automl_components.engine.decisions import Decision
    from automl_components.engine.features import Featurizer
    from automl_components.engine.intervals import Intervals
    from automl_components.engine.learner import Learner
    from automl_components.engine.matrix import FeatureMatrix

BATCH_CELLS = 1 << 24
"""Features and probabilities held at once: 64 MB of float32, and a few times that inside the learners."""


class Predictor:
    """A featurizer, members with weights, and for stacking a meta-learner over the members' predictions.

    Made of plain attributes only, so that skops can save it.

    Parameters
    ----------
    featurizer : Featurizer
        Fitted: raw rows to a FeatureMatrix. Its ``columns_`` are the raw columns that rows must have.
    members : list of Learner or Bag
        Fitted; at least one.
    weights : list of float
        One a member, not negative, not all zero; scaled to a sum of 1. Voting is the weighted mean of
        probabilities (classification) or values (regression), and a member of weight 0 is never asked.
        A meta-learner sees every member, whatever its weight.
    task : str
        ``"classification"`` or ``"regression"``.
    target : str
        Name of the column that is predicted; rows need not have it.
    classes : array, shape (C,), or None
        The labels in the order of the codes that the members were trained on, in their original type.
    meta : estimator or None
        Fitted on :func:`stack_features` of the members' predictions.
    temperature : Temperature or None
        Scales the probabilities of the whole.
    decision : Decision or None
        Calls the classes; by default the most probable one.
    intervals : Intervals or None
        Of a regression, for :meth:`predict_interval`.
    threads : int
        Threads that predicting may use, as far as a member's library can be told.
    description : dict
        JSON values that say what this is, for people; never read here.
    """

    def __init__(
        self,
        featurizer: Featurizer,
        members: Sequence[Learner | Bag],
        weights: Sequence[float],
        *,
        task: str,
        target: str,
        classes: np.ndarray | Sequence[Any] | None = None,
        meta: Any = None,
        temperature: Temperature | None = None,
        decision: Decision | None = None,
        intervals: Intervals | None = None,
        threads: int = 1,
        description: dict[str, Any] | None = None,
    ) -> None:
        if not members or len(members) != len(weights):
            raise ValueError(f"{len(members)} members and {len(weights)} weights; give one weight a member")
        if min(weights) < 0 or sum(weights) <= 0:
            raise ValueError(f"weights must not be negative and not all zero: {list(weights)}")
        if (task == "classification") != (classes is not None):
            raise ValueError("classification needs classes, regression has none")
        self.featurizer, self.members = featurizer, list(members)
        self.weights = [float(weight) / float(sum(weights)) for weight in weights]
        self.task, self.target, self.meta = task, target, meta
        self.temperature, self.decision, self.intervals = temperature, decision, intervals
        self.classes = None if classes is None else np.asarray(classes)
        self.description = dict(description or {})
        self.use_threads(threads)

    @property
    def columns(self) -> list[str]:
        """The raw columns that rows must have, in the order of the training data."""
        return list(self.featurizer.columns_)

    def use_threads(self, threads: int) -> Predictor:
        """Let predicting use this many threads; returns itself."""
        self.threads = threads
        for member in self.members:
            member.use_threads(threads)
        return self

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Labels in their original type, or float64 values: shape (rows,).

        Parameters
        ----------
        frame : DataFrame
            Raw rows. The order of columns is free and other columns are ignored; unseen categories, missing
            values and other dtypes are fine. Values that cannot be read, such as words in a column of
            numbers, count as missing; a warning counts them by column.

        Raises
        ------
        DataError
            A column that the model uses is missing, or there twice.
        """
        if self.classes is None:
            return self._in_batches(frame)
        labels: np.ndarray = self.classes[self.decide(self._in_batches(frame))]
        return labels

    def decide(self, proba: np.ndarray) -> np.ndarray:
        """Codes of the classes, int of shape (n,), that rows with these probabilities are called."""
        return proba.argmax(axis=1) if self.decision is None else self.decision.decide(proba)

    def predict_interval(self, frame: pd.DataFrame, coverage: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends, float64 of shape (rows,), that hold the truth with the probability ``coverage``.

        Conformal: from the residuals of rows that the members had not seen.

        Raises
        ------
        DataError
            The model is a classification, or was made without intervals.
        SettingsError
            The coverage is not between 0 and 1, or more than the residuals can promise.
        """
        if self.intervals is None:
            kind = "a regression without intervals" if self.classes is None else "a classification"
            raise DataError(f"the model of {self.target!r} is {kind}: it predicts no intervals")
        return self.intervals.bounds(self._in_batches(frame), coverage)

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        """Probabilities: float64, shape (rows, C), in the order of ``classes``. Errors as :meth:`predict`."""
        if self.classes is None:
            raise DataError(f"the model of {self.target!r} is a regression: no probabilities; use predict")
        return self._in_batches(frame)

    def predict_table(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``prediction`` and, for classification, ``proba_<class>`` for each class, on the rows' index."""
        values = self._in_batches(frame)
        if self.classes is None:
            return pd.DataFrame({"prediction": values}, index=frame.index)
        table = pd.DataFrame(values, columns=self.proba_names, index=frame.index)
        table.insert(0, "prediction", self.classes[self.decide(values)])
        return table

    @property
    def proba_names(self) -> list[str]:
        """Names of the columns of probabilities: ``proba_<class>``."""
        return [] if self.classes is None else [f"proba_{label}" for label in self.classes]

    def _in_batches(self, frame: pd.DataFrame) -> np.ndarray:
        width = () if self.classes is None else (len(self.classes),)
        output = np.empty((len(frame), *width), dtype=np.float64)
        unread = Unread()
        with threadpool_limits(self.threads):
            for rows in _batches(len(frame), len(self.featurizer.schema_.names) + sum(width)):
                X = self.featurizer.transform(frame.iloc[rows], unread)
                if X.rows:
                    output[rows] = self._combine(X)
        unread.tell(len(frame))
        return output

    def _combine(self, X: FeatureMatrix) -> np.ndarray:
        combined = self._joined(X)
        return combined if self.temperature is None else self.temperature.apply(combined)

    def _joined(self, X: FeatureMatrix) -> np.ndarray:
        if self.meta is not None:
            features = stack_features([self._ask(member, X) for member in self.members], self.task)
            classes = 0 if self.classes is None else len(self.classes)
            return meta_predict(self.task, self.meta, features, classes)
        pairs = zip(self.members, self.weights, strict=True)
        asked = (weight * self._ask(member, X) for member, weight in pairs if weight)
        return sum(asked, start=np.zeros(()))

    def _ask(self, member: Learner | Bag, X: FeatureMatrix) -> np.ndarray:
        values = member.predict(X) if self.classes is None else member.predict_proba(X)
        return np.asarray(values, dtype=np.float64)


def _batches(rows: int, columns: int) -> Iterator[slice]:
    step = max(1024, BATCH_CELLS // max(1, columns))
    for start in range(0, max(1, rows), step):  # a frame without rows is one batch: its columns are checked
        yield slice(start, start + step)


def stack_features(predictions: Sequence[np.ndarray], task: str) -> np.ndarray:
    """What a meta-learner is fed: the members' predictions side by side.

    Parameters
    ----------
    predictions : sequence of array
        One a member: probabilities of shape (n, C), or values of shape (n,) for regression.

    Returns
    -------
    array, float64, shape (n, k)
        For each member one column for regression, one for two classes (the probability of the second: the
        other one says the same), C for more classes.
    """
    if task != "classification":
        return np.column_stack([np.asarray(values, dtype=np.float64) for values in predictions])
    return np.hstack([np.asarray(p[:, 1:] if p.shape[1] == 2 else p, dtype=np.float64) for p in predictions])


def meta_predict(task: str, meta: Any, features: np.ndarray, classes: int) -> np.ndarray:
    """A meta-learner's probabilities, shape (n, classes), or values, shape (n,).

    A class that the meta-learner never saw in training gets next to nothing, as it does from a learner.
    """
    if task != "classification":
        return np.asarray(meta.predict(features), dtype=np.float64)
    seen = np.asarray(meta.predict_proba(features), dtype=np.float64)
    if seen.shape[1] == classes:
        return seen
    full = np.full((len(features), classes), ABSENT)
    full[:, np.asarray(meta.classes_, dtype=int)] = seen
    return full / full.sum(axis=1, keepdims=True)
