"""Giving up after the first split: whoever is near the best goes on, and whoever helps the others."""

import numpy as np
import pytest
from problems import folds, make

from automl_components.engine.race import WEIGHTS, Race

PROBLEM = make("regression", rows=1200, splits=folds(1200, 3))
ROWS = np.flatnonzero(PROBLEM.splits[:, 0] == 0)
TRUTH = PROBLEM.target[ROWS]


def noisy(size, seed=0):
    return TRUTH + size * np.random.default_rng(seed).normal(size=len(TRUTH))


def rmse(predictions):
    return float(np.sqrt(np.mean((predictions - TRUTH) ** 2)))


def race():
    made = Race(PROBLEM)
    made.add([0.50, 0.52, 0.48], noisy(0.5))
    return made


def test_the_first_one_always_goes_on():
    assert Race(PROBLEM).goes_on(99.0, noisy(99))


def test_near_the_best_is_good_enough():
    assert race().goes_on(0.53, np.full(len(TRUTH), 1e3))  # within two deviations, 0.033
    assert not race().goes_on(0.54, np.full(len(TRUTH), 1e3))


def test_what_takes_much_of_the_time_must_be_the_best_or_help():
    useless = np.full(len(TRUTH), 1e3)
    assert race().goes_on(0.50, useless, dear=True)
    assert not race().goes_on(0.53, useless, dear=True)
    different = noisy(0.7, seed=1)
    assert race().goes_on(rmse(different), different, dear=True)


def test_worse_but_different_goes_on_worse_and_alike_does_not():
    different, alike = noisy(0.7, seed=1), noisy(0.5) * 1.5 + 1.0
    assert race().goes_on(rmse(different), different)
    assert not race().goes_on(rmse(alike), alike)


def test_without_a_score_there_is_no_going_on():
    assert not race().goes_on(None, noisy(0.1))


def test_the_best_one_sets_the_mark():
    made = race()
    made.add([0.40, 0.41, 0.39], noisy(0.4, seed=2))
    assert not made.goes_on(0.47, np.full(len(TRUTH), 1e3))
    made.add([0.9, 0.9, 0.9], noisy(0.9, seed=3))  # a worse one does not
    assert not made.goes_on(0.47, np.full(len(TRUTH), 1e3))


def test_what_a_trial_takes_from_the_loss_is_told():
    made = Race(PROBLEM)
    assert made.add([0.5, 0.5, 0.5], noisy(0.5)) == 0  # there was nothing to be better than
    assert made.add([0.5, 0.5, 0.5], noisy(0.5)) == 0  # the same once more
    gained = made.add([0.5, 0.5, 0.5], noisy(0.5, seed=1))
    mixed = min(rmse((1 - weight) * noisy(0.5) + weight * noisy(0.5, seed=1)) for weight in WEIGHTS)
    assert gained == pytest.approx(1 - mixed / rmse(noisy(0.5)))


def test_the_loss_of_a_score_is_what_it_lacks_to_one():
    problem = make("classification", rows=1200, splits=folds(1200, 3), primary_metric="AUC_weighted")
    rows = np.flatnonzero(problem.splits[:, 0] == 0)
    truth, made = problem.target[rows], Race(problem)
    draws = np.random.default_rng(0).normal(size=(2, len(rows))) + truth
    first, second = (np.column_stack([-one, one]) for one in draws)
    made.add([0.7, 0.7, 0.7], first)
    before = made.worth
    assert made.add([0.7, 0.7, 0.7], second) == pytest.approx((made.worth - before) / (1 - before))
    assert made.worth > before
