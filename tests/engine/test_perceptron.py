"""The perceptron: its slopes are those of its loss, it learns what trees find hard, the clock shortens its plan."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.datasets import make_friedman1, make_moons
from sklearn.ensemble import ExtraTreesRegressor

from automl_components.engine.boosters import Rows, Stopper
from automl_components.engine.perceptron import (
    Network,
    PerceptronClassifier,
    PerceptronRegressor,
    RobustScaling,
    gradient,
    initial,
    outputs,
    selu,
    softmax,
    views,
)

SIZES = [3, 4, 4, 2]


def loss(flat, X, targets, weight, classifies):
    """In float64, written down once more."""
    found = outputs(views(flat, SIZES), X)
    if classifies:
        return -np.mean(weight * (targets * np.log(softmax(found))).sum(axis=1))
    return np.mean(weight * ((found - targets) ** 2).sum(axis=1))


@pytest.mark.parametrize("classifies", [True, False])
def test_slopes_are_those_of_the_loss(classifies):
    rng = np.random.default_rng(0)
    X, targets = rng.normal(size=(9, 3)), rng.dirichlet([1, 1], 9)
    weight = rng.uniform(0.5, 2, 9)
    flat = initial(SIZES, rng)[0].astype(np.float64)
    flat[-10:] = rng.normal(size=10)  # the last layer starts at 0, where most slopes are 0
    found = gradient(views(flat, SIZES), X, targets, weight[:, None], SIZES, classifies=classifies)
    numeric = approx_fprime(flat, loss, 1e-7, X, targets, weight, classifies)
    np.testing.assert_allclose(found, numeric, atol=1e-5)


def test_selu_has_its_fixed_point():
    draws = np.random.default_rng(0).normal(size=400_000)
    values, slopes = selu(draws)
    assert abs(values.mean()) < 0.01
    assert values.std() == pytest.approx(1, abs=0.01)  # Klambauer and others: mean 0 and variance 1 stay
    step = (selu(draws + 1e-4)[0] - selu(draws - 1e-4)[0]) / 2e-4
    away = np.abs(draws) > 1e-3
    np.testing.assert_allclose(slopes[away], step[away], atol=1e-3)


def test_columns_are_scaled_by_their_quartiles_or_half_their_range():
    X = np.array([[0.0, 0.0, 7.0], [1, 0, 7], [2, 0, 7], [3, 0, 7], [4, 10, 7]])
    scaling = RobustScaling(X)
    np.testing.assert_allclose(scaling.center, [2, 0, 7])
    np.testing.assert_allclose(scaling.factor, [1 / 2, 1 / 5, 0])
    np.testing.assert_allclose(scaling(X)[4], [1 / np.sqrt(1 + 1 / 9), 2 / np.sqrt(1 + 4 / 9), 0], rtol=1e-6)
    np.testing.assert_allclose(scaling(np.array([[1e9, -1e9, 5]])), [[3, -3, 0]], rtol=1e-5)
    weighted = RobustScaling(X, np.array([1.0, 1, 1, 3, 3]))
    repeated = np.repeat(X, [1, 1, 1, 3, 3], axis=0)
    low, middle, high = np.quantile(repeated, [0.25, 0.5, 0.75], axis=0, method="averaged_inverted_cdf")
    np.testing.assert_allclose(weighted.center, middle)
    np.testing.assert_allclose(weighted.factor[:2], 1 / (high - low)[:2])


def rows_of(X, y, weight=None):
    return Rows(X.astype(np.float32), y, weight)


def test_a_smooth_target_is_learnt_better_than_by_trees():
    X, y = make_friedman1(1200, noise=1.0, random_state=0)
    X, y = (X - 0.5) * 3, (y - y.mean()) / y.std()
    train, valid, test = rows_of(X[:700], y[:700]), rows_of(X[700:900], y[700:900]), X[900:]
    network = PerceptronRegressor(learning_rate=0.07, random_state=1).train(train, valid, Stopper(700, None))
    forest = ExtraTreesRegressor(200, random_state=0).fit(train.X, train.y)
    errors = [np.mean((model.predict(test.astype(np.float32)) - y[900:]) ** 2) for model in (network, forest)]
    assert errors[0] < 0.9 * errors[1]
    assert network.predict(np.full((3, 10), 1e9, np.float32)).max() <= y.max()  # never beyond what was seen


def test_classes_and_their_probabilities():
    X, y = make_moons(600, noise=0.2, random_state=0)
    network = PerceptronClassifier(hidden=32, random_state=0).train(
        rows_of(X[:400], y[:400]), rows_of(X[400:], y[400:]), Stopper(400, None)
    )
    proba = network.predict(X[400:].astype(np.float32))
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert np.mean(proba.argmax(axis=1) == y[400:]) > 0.94
    pieces = [network.predict(X[[row]].astype(np.float32))[0] for row in range(400, 420)]
    np.testing.assert_allclose(pieces, proba[:20], atol=1e-6)


def test_the_same_seed_gives_the_same_weights():
    X, y = make_moons(200, noise=0.2, random_state=0)
    made = [
        PerceptronClassifier(hidden=16, epochs=5, random_state=seed).train(
            rows_of(X, y), None, Stopper(200, None)
        )
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(made[0].weights, made[1].weights)
    assert not np.array_equal(made[0].weights, made[2].weights)


def test_weight_moves_the_mean():
    X, y = np.zeros((400, 1)), np.repeat([0.0, 1.0], 200)
    weight = np.where(y == 1, 3.0, 1.0)
    network = PerceptronRegressor(hidden=8, random_state=0).train(
        rows_of(X, y, weight / weight.mean()), None, Stopper(400, None)
    )
    assert network.predict(np.zeros((1, 1)))[0] == pytest.approx(0.75, abs=0.03)


def test_the_best_epoch_is_kept_and_the_clock_ends_the_rest():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 20)), rng.normal(size=300)  # nothing to learn: the first epochs are the best
    valid, stopper = rows_of(X[200:], y[200:]), Stopper(200, None)
    network = PerceptronRegressor(random_state=0).train(rows_of(X[:200], y[:200]), valid, stopper)
    assert np.mean((network.predict(valid.X) - valid.y) ** 2) == pytest.approx(stopper.lowest)
    assert stopper.rounds < stopper.rounds_run
    hurried = Stopper(200, time.monotonic())
    network = PerceptronRegressor(random_state=0).train(rows_of(X[:200], y[:200]), valid, hurried)
    assert (hurried.reason, hurried.rounds_run) == ("deadline", 1)
    assert np.isfinite(network.predict(valid.X)).all()


def test_more_rows_than_a_chunk():
    network = Network(
        [2, 3, 1],
        initial([2, 3, 1], np.random.default_rng(0))[0],
        RobustScaling(np.eye(2)),
        False,
        (0.0, 0.0),
    )
    assert network.predict(np.zeros((40_000, 2))).shape == (40_000,)
    assert network.predict(np.zeros((0, 2))).shape == (0,)
