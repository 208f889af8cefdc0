"""Fitting by rounds, LightGBM, XGBoost, CatBoost and networks: early stopping on validation rows, and a deadline."""

from __future__ import annotations

import inspect
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_components.engine.boosted import CatBoostModel, LightGBMModel, XGBoostModel
from automl_components.engine.perceptron import Network, Perceptron

PROBE = 8
"""Rounds whose pace tells how many there is time for."""


@dataclass(frozen=True)
class Rows:
    """What a booster is fitted or validated on: a matrix as its view made it, targets, weights."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None = None


class Stopper:
    """Told of each round, says when to stop; remembers the best round.

    Patience grows with the best round so far: ``0.3 * best + max(20, 150 * min(1, 10000 / rows))`` rounds
    without a lower validation loss (AutoGluon's adaptive rule, with half its base). The deadline, in seconds
    of ``time.monotonic``, ends a fit after the current round.

    Parameters
    ----------
    rows : int
        Training rows.
    deadline : float or None
    wanted : int
        Rounds that the deadline should leave time for. Where the pace of the first ones says that it leaves time
        for less than two thirds of them, the fit ends with the reason ``"pace"``, and ``possible`` is their number:
        larger steps then need fewer rounds. 0 to go on at any pace.
    most : int or None
        Rounds after which the fit ends, whatever it was made for: a fit is repeated that the clock ended. (CatBoost
        encodes categories otherwise where it is made for few rounds, so that fewer ``iterations`` are another model.)
    probe : int
        Rounds, after the first, whose pace is looked at.
    """

    def __init__(
        self, rows: int, deadline: float | None, wanted: int = 0, most: int | None = None, probe: int = PROBE
    ) -> None:
        self.base = max(20.0, 150.0 * min(1.0, 10_000 / rows))
        self.deadline = float("inf") if deadline is None else deadline
        self.round, self.best, self.lowest = -1, 0, float("inf")
        self.most = float("inf") if most is None else most
        self.reason, self.wanted, self.possible = "rounds", wanted, wanted
        self.first, self.probe = float("inf"), probe

    def __call__(self, loss: float | None) -> bool:
        """Whether to stop after one more round, with this validation loss (None without validation rows)."""
        self.round += 1
        if loss is None:
            self.best = self.round
        elif loss < self.lowest:
            self.lowest, self.best = loss, self.round
        if self.round - self.best > 0.3 * self.best + self.base:
            self.reason = "patience"
        now = time.monotonic()
        if self.round == 0:
            self.first = now
        if now >= self.deadline:
            self.reason = "deadline"
        elif self.wanted and self.round == self.probe and self.deadline < float("inf"):
            self._look_ahead(now)
        return self.reason != "rounds" or self.round + 1 >= self.most

    def _look_ahead(self, now: float) -> None:
        pace = max(1e-6, (now - self.first) / self.probe)
        possible = self.probe + int((self.deadline - now) / pace)
        if possible < self.wanted * 2 // 3:
            self.reason, self.possible = "pace", possible

    @property
    def rounds(self) -> int:
        """Number of rounds up to the best one."""
        return self.best + 1

    @property
    def rounds_run(self) -> int:
        """Number of rounds until the fit ended."""
        return self.round + 1


def fit_lightgbm(
    estimator: Any, categories: Sequence[int], train: Rows, valid: Rows | None, stopper: Stopper
) -> LightGBMModel:
    """Fit an ``LGBMModel``, cut at the best round."""
    from lightgbm.callback import EarlyStopException

    def after_round(env: Any) -> None:
        results = env.evaluation_result_list
        stop = stopper(results[0][2] if results else None)
        if stop or env.iteration + 1 == env.end_iteration:
            raise EarlyStopException(stopper.best, [])

    arguments: dict[str, Any] = {"callbacks": [after_round], "categorical_feature": list(categories)}
    if valid is not None:
        arguments["eval_sample_weight"] = [valid.weight]
        if "eval_X" in inspect.signature(estimator.fit).parameters:  # LightGBM 4.7 renamed eval_set
            arguments |= {"eval_X": (valid.X,), "eval_y": (valid.y,)}
        else:
            arguments["eval_set"] = [(valid.X, valid.y)]
    booster = estimator.fit(train.X, train.y, sample_weight=train.weight, **arguments).booster_
    return LightGBMModel.of(booster, hasattr(estimator, "predict_proba"))


def fit_xgboost(
    estimator: Any, categories: Sequence[int], train: Rows, valid: Rows | None, stopper: Stopper
) -> XGBoostModel:
    """Fit an ``XGBModel``, cut at the best round."""
    from xgboost.callback import TrainingCallback

    class AfterRound(TrainingCallback):  # type: ignore[misc]
        def after_iteration(
            self, model: Any, epoch: int, evals_log: dict[str, dict[str, list[float]]]
        ) -> bool:
            losses = [values[-1] for metrics in evals_log.values() for values in metrics.values()]
            return stopper(losses[0] if losses else None)

        def after_training(self, model: Any) -> Any:
            return model[: stopper.rounds]

    arguments: dict[str, Any] = {}
    if valid is not None:
        arguments = {"eval_set": [(valid.X, valid.y)], "sample_weight_eval_set": [valid.weight]}
    estimator.set_params(callbacks=[AfterRound()])
    booster = estimator.fit(
        train.X, train.y, sample_weight=train.weight, verbose=False, **arguments
    ).get_booster()
    return XGBoostModel.of(booster, hasattr(estimator, "predict_proba"))


def fit_catboost(
    estimator: Any, categories: Sequence[int], train: Rows, valid: Rows | None, stopper: Stopper
) -> CatBoostModel:
    """Fit a ``CatBoost`` model, cut at the best round."""
    from catboost import Pool

    class AfterRound:
        def after_iteration(self, info: Any) -> bool:
            losses = next(iter(info.metrics.get("validation", {}).values()), [None])
            return not stopper(losses[-1])

    def pool(rows: Rows) -> Any:
        return Pool(rows.X, rows.y, cat_features=list(categories), weight=rows.weight)

    evaluation = None if valid is None else pool(valid)
    model = estimator.fit(
        pool(train), eval_set=evaluation, use_best_model=valid is not None, callbacks=[AfterRound()]
    )
    return CatBoostModel.of(model, hasattr(estimator, "predict_proba"))


def fit_perceptron(
    estimator: Perceptron, categories: Sequence[int], train: Rows, valid: Rows | None, stopper: Stopper
) -> Network:
    """Fit a network; a round is an epoch."""
    return estimator.train(train, valid, stopper)


FITTERS: dict[str, Any] = {
    "lightgbm": fit_lightgbm,
    "xgboost": fit_xgboost,
    "catboost": fit_catboost,
    "automl_components.engine.perceptron": fit_perceptron,
}
