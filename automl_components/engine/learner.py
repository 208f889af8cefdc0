"""One trial's model: a view, an estimator of the catalog, and what turns its output into predictions."""

from __future__ import annotations

import inspect
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from automl_components.algorithms import ALGORITHMS, BALANCED, Algorithm
from automl_components.core.errors import DataError, SettingsError, nearest
from automl_components.engine.boosters import FITTERS, PROBE, Rows, Stopper
from automl_components.engine.encodings import ENCODINGS, TargetEncoding, cross_fit, likely_pairs
from automl_components.engine.forests import packed, unpacked
from automl_components.engine.scores import ABSENT, decision, fit_calibration
from automl_components.engine.views import TableView, TreeView

if TYPE_CHECKING:
    from automl_components.engine.matrix import FeatureMatrix, FeatureSchema


OWN = ("scaler", "encodings", "class_weight", "restore_priors", "rows")
"""Parameters that are no estimator's."""
WANTED, MANY_ROWS = 12.0, 100_000
"""Rounds times learning rate that a boosting should have time for: 300 rounds of 0.04. From so many rows on, which hold
more to be learnt, as much again for each tenfold."""
LARGEST_STEP = 0.25
"""Learning rate that a short time can raise a boosting to."""
LEAST_EPOCHS, SPARE = 4, 0.9
"""Epochs of a network whatever the time; and the share of those that there is time for that it plans for."""


class Learner:
    """An algorithm with its parameters, fitted on the rows of one fold (or on all).

    The view is fitted on the training rows only. Weights are scaled to a mean of 1, and for regression the
    target to mean 0 and deviation 1, so that penalties mean the same on all data; rows of weight 0 are left
    out. Where the training rows have one class, or one target value, that is the prediction.

    With balanced class weights every class weighs the same in sum; weights of rows are multiplied by them. What such
    a fit predicts are the probabilities of a world where no class is rare. That is what a metric of decisions wants;
    for others ``"restore_priors"`` divides them by the class weights again (Saerens and others, 2002).

    Parameters
    ----------
    algorithm : str
        Name in the catalog.
    task : str
        ``"classification"`` or ``"regression"``.
    params : dict
        Complete parameters as ``defaults``, ``suggest`` or a portfolio give them: the estimator's, ``"scaler"``
        for a dense view; ``"encodings"``, names of ``engine.encodings.ENCODINGS`` that are fitted on the
        training rows and become numbers before the view; ``"class_weight": "balanced"``, with ``"restore_priors"``.
    schema : FeatureSchema
        Columns of the matrices to come.
    classes : int
        Number of classes of the whole problem; 0 for regression.
    seed, threads : int
        Seed of everything random, and number of threads of a fit.
    rounds : int, optional
        Fixed number of boosting rounds of LightGBM, XGBoost and CatBoost, or of epochs of a network: ``rounds_`` of an
        earlier fit.

    Attributes
    ----------
    accepts_weights : bool
        Whether ``sample_weight`` has an effect.
    pipeline_name : str
        What a leaderboard prints, such as ``"StandardScaler, LogisticRegression"``.
    rounds_ : int or None
        Best number of boosting rounds, where validation rows chose it; a refit passes it on as ``rounds``.
    rounds_run_ : int or None
        Number of boosting rounds until the fit ended.
    stop_reason_ : str or None
        Why boosting ended: ``"rounds"``, ``"patience"`` or ``"deadline"``; None for other algorithms.

    Raises
    ------
    SettingsError
        Unknown algorithm, one that cannot do the task, an unknown parameter or scaler, or class weights for an
        algorithm or a task that has none.
    DataError
        The weights of all training rows are 0.
    """

    balance_: np.ndarray | None = None

    def __init__(
        self,
        algorithm: str,
        task: str,
        params: dict[str, Any],
        schema: FeatureSchema,
        classes: int = 0,
        seed: int = 0,
        threads: int = 1,
        rounds: int | None = None,
    ) -> None:
        entry = ALGORITHMS[algorithm]
        if task not in entry.estimators:
            raise SettingsError(
                f"algorithm {algorithm!r} is for {' and '.join(entry.estimators)}, not for {task}"
            )
        if "scaler" in params and entry.view != "dense":
            raise SettingsError(f"algorithm {algorithm!r} takes no scaler: its input is not scaled by choice")
        if params.get("class_weight") not in (None, BALANCED):
            raise SettingsError(f"class_weight is {BALANCED!r} or absent, not {params['class_weight']!r}")
        if params.get("class_weight") and not entry.balances(task):
            raise SettingsError(f"algorithm {algorithm!r} cannot weigh the classes of a {task}")
        if rounds is not None and not entry.stops_early(task):
            raise SettingsError(f"algorithm {algorithm!r} has no rounds to fix")
        self.algorithm, self.task = algorithm, task
        fixed = {"n_estimators": rounds} if rounds is not None and entry.boosts(task) else {}
        self.params = {**params, **fixed}
        self.most = None if fixed else rounds
        self.classes, self.seed, self.threads = classes, seed, threads
        self.widths = [len(schema.numeric), len(schema.codes), len(schema.sparse)]
        self.accepts_weights = entry.weights
        self.pipeline_name = entry.describe(params)
        self.rounds_: int | None = None
        self.rounds_run_: int | None = None
        self.stop_reason_: str | None = None

    def fit(
        self,
        X: FeatureMatrix,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        valid: tuple[FeatureMatrix, np.ndarray, np.ndarray | None] | None = None,
        deadline: float | None = None,
        adapt: bool = False,
        most: int | None = None,
        groups: np.ndarray | None = None,
    ) -> Learner:
        """Fit view and estimator.

        Parameters
        ----------
        y : int array (class codes) or float array, shape (n,)
        sample_weight : float array, shape (n,), or None
            Not negative; ignored where ``accepts_weights`` is False.
        valid : (FeatureMatrix, y, weights or None), optional
            Rows on which LightGBM, XGBoost, CatBoost and networks stop early; other algorithms do not look at them.
        deadline : float, optional
            ``time.monotonic`` seconds at which those four end with the rounds they have.
        adapt : bool
            Whether ``params["learning_rate"]`` of a boosting is raised where the deadline leaves time for few rounds,
            so that they lead as far, and ``params["epochs"]`` of a network lowered.
        most : int, optional
            Rounds after which the fit ends: ``rounds_run_`` of a fit that is to be repeated.
        groups : int array, shape (n,), or None
            Rows of one group stay together wherever some rows are held out from others: by encodings of the target,
            of which there are none where all rows are one group, and by calibration.
        """
        entry = ALGORITHMS[self.algorithm]
        weight = sample_weight if self.accepts_weights else None
        X, y, weight, groups = _weighted_rows(X, np.asarray(y), weight, groups)
        self.encodings_: list[Any] = []
        self.rounds_ = self.rounds_run_ = self.stop_reason_ = self.estimator_ = self.calibration_ = None
        self.balance_ = None
        self._learn_target(y, weight)
        if self.constant_:
            return self
        weight = self._learn_balance(y, weight)
        with threadpool_limits(self.threads), warnings.catch_warnings():
            # an estimator that has not converged is a trial like any other: its score tells
            warnings.simplefilter("ignore", ConvergenceWarning)
            X = self._learn_encodings(X, self._encode(y), weight, groups)
            self.view_ = _view(entry, self.params, self.seed).fit(X, weight)
            train = Rows(self.view_.transform(X), self._encode(y), weight)
            library = entry.estimators[self.task].partition(":")[0]
            if library in FITTERS:
                self._boost(FITTERS[library], entry, train, self._validation(valid), deadline, adapt, most)
            else:
                self._fit_plain(self._estimator(entry)[0], train, groups)
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: packed(value) if name == "estimator_" else value for name, value in vars(self).items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if hasattr(self, "estimator_"):
            self.estimator_ = unpacked(self.estimator_)

    def use_threads(self, threads: int) -> None:
        """Let predicting use this many threads, as far as its library can be told."""
        if hasattr(getattr(self, "estimator_", None), "n_jobs"):
            self.estimator_.n_jobs = threads

    def predict(self, X: FeatureMatrix) -> np.ndarray:
        """Regression: float64 values. Classification: int32 codes of the most probable class. Shape (n,)."""
        if self.task == "classification":
            return np.argmax(self.predict_proba(X), axis=1).astype(np.int32)
        if self.constant_ or not X.rows:
            return np.full(X.rows, self.shift_)
        raw = np.asarray(self.estimator_.predict(self._seen(X)), dtype=np.float64).ravel()
        return raw * self.scale_ + self.shift_

    def predict_proba(self, X: FeatureMatrix) -> np.ndarray:
        """Probabilities, float64, shape (n, classes); rows sum to 1, an unseen class gets next to nothing."""
        proba = np.full((X.rows, self.classes), ABSENT)
        if self.constant_ or not X.rows:
            proba[:, self.present_] = 1.0
        else:
            seen = self._probabilities(self._seen(X))
            if self.balance_ is not None and self.params.get("restore_priors"):
                seen = seen / self.balance_
                seen /= seen.sum(axis=1, keepdims=True)
            proba[:, self.present_] = seen
        return proba / proba.sum(axis=1, keepdims=True)

    def _learn_target(self, y: np.ndarray, weight: np.ndarray | None) -> None:
        if self.task == "classification":
            self.present_ = np.unique(y)
            self.constant_ = len(self.present_) < 2
        else:
            self.shift_ = float(np.average(y, weights=weight))
            self.scale_ = float(np.average((y - self.shift_) ** 2, weights=weight)) ** 0.5
            self.constant_ = bool(np.ptp(y) == 0)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        if self.task == "classification":
            return np.searchsorted(self.present_, y)
        return (y - self.shift_) / self.scale_

    def _learn_balance(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Row weights under which every class weighs the same in sum, where that was asked for; their mean stays 1."""
        if self.params.get("class_weight") != BALANCED:
            return weight
        codes = self._encode(y)
        masses = np.bincount(codes, weight)
        self.balance_ = masses.sum() / (len(masses) * masses)
        return self._balanced(codes, weight)

    def _balanced(self, codes: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Row weights times the weights of their classes, where there are any."""
        if self.balance_ is None:
            return weight
        weights: np.ndarray = self.balance_[codes] if weight is None else weight * self.balance_[codes]
        return weights

    def _validation(self, valid: tuple[FeatureMatrix, np.ndarray, np.ndarray | None] | None) -> Rows | None:
        """Validation rows as the booster takes them, without classes that it has not seen."""
        if valid is None:
            return None
        X, y, weight = valid
        y = np.asarray(y)
        weight = weight if self.accepts_weights else None
        known = np.isin(y, self.present_) if self.task == "classification" else np.full(len(y), True)
        known &= True if weight is None else weight > 0
        if not known.any():
            return None
        if not known.all():
            X, y, weight = X.take(known), y[known], None if weight is None else weight[known]
        codes = self._encode(y)
        return Rows(self._seen(X), codes, self._balanced(codes, weight))

    def _learn_encodings(
        self, X: FeatureMatrix, y: np.ndarray, weight: np.ndarray | None, groups: np.ndarray | None
    ) -> FeatureMatrix:
        """Fit the encodings that have something to encode; the training rows get cross-fitted ones."""
        if groups is not None and np.ptp(groups) == 0:
            return X
        classes = len(self.present_) if self.task == "classification" else 0
        found = []
        for name in self.params.get("encodings", ()):
            encoding = _encoding(name, classes, X)
            if encoding is not None:
                found.append(
                    cross_fit(encoding, X, y, weight, classes=classes, seed=self.seed, groups=groups)
                )
                self.encodings_.append(encoding)
        return X.with_numbers(*found)

    def _seen(self, X: FeatureMatrix) -> Any:
        """What the estimator sees of rows."""
        return self.view_.transform(X.with_numbers(*(encoding.transform(X) for encoding in self.encodings_)))

    def _estimator(self, entry: Algorithm) -> tuple[Any, list[int]]:
        """The unfitted estimator, and the positions of the columns it takes as categories."""
        kind = entry.estimator_class(self.task)
        accepted = {*inspect.signature(kind).parameters, *kind().get_params()}
        params = {name: value for name, value in self.params.items() if name not in OWN}
        for name in params.keys() - accepted:
            if "kwargs" not in accepted:  # LightGBM and XGBoost pass more on to their libraries
                raise SettingsError(f"{self.algorithm} has no parameter {name!r}{nearest(name, accepted)}")
        given = {"random_state": self.seed, "n_jobs": self.threads, "thread_count": self.threads}
        positions = self.view_.categories_ if entry.categories != "codes" else []
        given = {name: value for name, value in given.items() if name in accepted}
        return kind(**{**params, **given, **entry.fixed}), positions

    def _boost(
        self,
        fitter: Any,
        entry: Algorithm,
        train: Rows,
        valid: Rows | None,
        deadline: float | None,
        adapt: bool,
        most: int | None,
    ) -> None:
        most = self.most if most is None else most
        probe = PROBE if entry.boosts(self.task) else 1
        stopper = Stopper(len(train.y), deadline, self._wanted(len(train.y)) if adapt else 0, most, probe)
        fitted = fitter(*self._estimator(entry), train, valid, stopper)
        if stopper.reason == "pace":
            self.params = {**self.params, **self._hurried(stopper)}
            stopper = Stopper(len(train.y), deadline)
            fitted = fitter(*self._estimator(entry), train, valid, stopper)
        self.estimator_ = fitted
        self.rounds_ = None if valid is None else stopper.rounds
        self.rounds_run_ = stopper.rounds_run
        self.stop_reason_ = stopper.reason

    def _wanted(self, rows: int) -> int:
        """Rounds that a fit like this should have time for; 0 where the steps are as large as can be."""
        if "epochs" in self.params:
            return int(self.params["epochs"])
        rate = self.params.get("learning_rate", LARGEST_STEP)
        wanted = WANTED * (1 + math.log10(max(1.0, rows / MANY_ROWS)))
        return 0 if rate >= LARGEST_STEP else min(self.params["n_estimators"], round(wanted / rate))

    def _hurried(self, stopper: Stopper) -> dict[str, Any]:
        """Larger steps, or fewer epochs, for as many rounds as there is time for."""
        if "epochs" in self.params:
            return {"epochs": max(LEAST_EPOCHS, int(SPARE * stopper.possible))}
        step = self.params["learning_rate"] * stopper.wanted / max(1, stopper.possible)
        return {"learning_rate": round(min(LARGEST_STEP, step), 4)}

    def _fit_plain(self, estimator: Any, train: Rows, groups: np.ndarray | None) -> None:
        if self.task == "classification" and not hasattr(estimator, "predict_proba"):
            self.calibration_ = fit_calibration(estimator, train.X, train.y, train.weight, self.seed, groups)
        weights = {} if train.weight is None else {"sample_weight": train.weight}
        self.estimator_ = estimator.fit(train.X, train.y, **weights)

    def _probabilities(self, seen: Any) -> np.ndarray:
        """Of the classes seen in training, shape (n, len(present_))."""
        if self.calibration_ is not None:
            return self.calibration_.predict_proba(decision(self.estimator_, seen))
        if hasattr(self.estimator_, "predict_proba"):
            return np.asarray(self.estimator_.predict_proba(seen), dtype=np.float64)
        proba = self.estimator_.predict(seen)  # a Boosted: perhaps of the second of two classes
        return np.column_stack([1 - proba, proba]) if proba.ndim == 1 else proba


def _encoding(name: str, classes: int, X: FeatureMatrix) -> Any:
    """The unfitted encoding of that name; None where there is nothing for it to encode."""
    if name not in ENCODINGS:
        raise SettingsError(f"unknown encoding {name!r}{nearest(name, ENCODINGS)}")
    kind = ENCODINGS[name]
    if issubclass(kind, TargetEncoding):
        if not X.codes.shape[1]:
            return None
        return kind(classes, pairs=likely_pairs(X)) if kind is TargetEncoding else kind(classes)
    return None if X.sparse is None or (name == "naive_bayes" and not classes) else kind(classes)


def _view(entry: Algorithm, params: dict[str, Any], seed: int) -> TreeView | TableView:
    if entry.view == "tree":
        return TreeView(entry.sparse, entry.missing, entry.categories == "frame", seed)
    return TableView(entry.view, params.get("scaler", "StandardScaler"), entry.sparse, seed)


def _weighted_rows(
    X: FeatureMatrix, y: np.ndarray, weight: np.ndarray | None, groups: np.ndarray | None
) -> tuple[FeatureMatrix, np.ndarray, np.ndarray | None, np.ndarray | None]:
    if weight is None:
        return X, y, None, groups
    weight = np.asarray(weight, dtype=np.float64)
    if not (weight > 0).all():
        rows = weight > 0
        if not rows.any():
            raise DataError("the weights of all training rows are 0; there is nothing to learn from")
        X, y, weight = X.take(rows), y[rows], weight[rows]
        groups = None if groups is None else groups[rows]
    return X, y, weight / weight.mean(), groups
