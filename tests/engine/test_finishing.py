"""Additions to a chosen model: each where it helps, none where it does not."""

import numpy as np
from problems import folds, holdout, make
from sklearn.metrics import f1_score, log_loss

from automl_components.engine.finishing import finish


def sharpened(problem, power, seed=0):
    """Out-of-fold probabilities that know the truth a little, and are too sure or too unsure of it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=problem.out_of_fold_shape) + 1.5 * np.eye(len(problem.classes))[problem.target]
    proba = np.exp(power * logits)
    return proba / proba.sum(axis=1, keepdims=True)


def test_too_sure_probabilities_are_made_milder():
    problem = make(rows=2000, classes=3, splits=folds(2000, 4))
    proba = sharpened(problem, 4.0)
    made = finish(problem, proba)
    assert made.temperature.value > 1.5
    assert log_loss(problem.target, made.temperature.apply(proba)) < log_loss(problem.target, proba)
    assert made.verdicts["temperature"]["after"] < made.verdicts["temperature"]["before"]
    assert (made.decision, made.intervals) == (None, None)


def test_right_probabilities_stay():
    problem = make(rows=2000, splits=folds(2000, 4))
    truth = np.random.default_rng(1).uniform(size=2000)
    target = (np.random.default_rng(2).uniform(size=2000) < truth).astype(np.int32)
    problem = make(rows=2000, splits=folds(2000, 4), target=target)
    made = finish(problem, np.column_stack([1 - truth, truth]))
    assert made.temperature is None or abs(made.temperature.value - 1) < 0.1


def test_a_threshold_where_decisions_are_judged():
    rng = np.random.default_rng(3)
    target = (rng.uniform(size=3000) < 0.1).astype(np.int32)
    problem = make(rows=3000, splits=folds(3000, 3), target=target, primary_metric="f1_score_macro")
    score = 1 / (1 + np.exp(-(rng.normal(size=3000) + 1.5 * target - 3)))
    made = finish(problem, np.column_stack([1 - score, score]))
    proba = np.column_stack([1 - score, score])
    called = made.decision.decide(proba if made.temperature is None else made.temperature.apply(proba))
    assert f1_score(target, called, average="macro") > f1_score(target, score > 0.5, average="macro") + 0.02


def test_regression_gets_intervals_that_hold_their_promise():
    problem = make("regression", rows=2000, splits=holdout(2000, every=2))
    rng = np.random.default_rng(4)
    predictions = np.where(problem.splits[:, 0] == 0, problem.target + rng.normal(size=2000), np.nan)
    made = finish(problem, predictions)
    fresh = problem.target + rng.normal(size=2000)
    low, high = made.intervals.bounds(fresh, 0.8)
    assert 0.76 < np.mean((low <= problem.target) & (problem.target <= high)) < 0.84
