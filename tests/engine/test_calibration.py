"""Temperature scaling against scikit-learn, and the rule by which it is kept or not."""

from __future__ import annotations

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from automl_components.core.errors import DataError
from automl_components.engine.calibration import Temperature, fit_temperature


def softmax(logits: np.ndarray) -> np.ndarray:
    made = np.exp(logits - logits.max(axis=1, keepdims=True))
    return made / made.sum(axis=1, keepdims=True)


def drawn(classes: int, rows: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from true probabilities, and probabilities that are too sharp (or mild, below 1) by a factor."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(rows, classes))
    truth = softmax(logits)
    y = (truth.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    return y, softmax(sharpness * logits)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("sharpness", [3.0, 0.4])
def test_it_finds_by_how_much_probabilities_are_too_sharp(classes: int, sharpness: float) -> None:
    y, proba = drawn(classes, 20_000, sharpness)
    found, verdict = fit_temperature(y, proba)
    assert verdict.accepted
    assert found.value == pytest.approx(sharpness, rel=0.05)
    assert verdict.before == pytest.approx(log_loss(y, proba), rel=1e-9)
    assert verdict.after == pytest.approx(log_loss(y, found.apply(proba)), abs=2e-4)


@pytest.mark.parametrize("classes", [2, 4])
def test_it_is_scikit_learns_optimum(classes: int) -> None:
    """A logistic regression of binary log-odds without intercept has the inverse temperature as its coefficient."""
    from scipy.optimize import minimize

    y, proba = drawn(classes, 3000, 2.0)
    weight = np.random.default_rng(1).gamma(1.0, size=len(y))
    found, _ = fit_temperature(y, proba, weight)
    if classes == 2:
        from sklearn.linear_model import LogisticRegression

        odds = np.log(proba[:, 1] / proba[:, 0])[:, None]
        model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(
            odds, y, sample_weight=weight
        )
        assert found.value == pytest.approx(1 / model.coef_[0, 0], rel=1e-3)
    else:
        logs = np.log(proba)
        best = minimize(lambda b: log_loss(y, softmax(b * logs), sample_weight=weight), [1.0], tol=1e-10)
        assert found.value == pytest.approx(1 / best.x[0], rel=1e-3)


def test_good_probabilities_are_left_alone() -> None:
    kept = [fit_temperature(*drawn(3, 2000, 1.0, seed), seed=seed) for seed in range(40)]
    assert (
        sum(verdict.accepted for _, verdict in kept) <= 12
    )  # half an error of a gain is had by luck now and then
    unchanged = next(found for found, verdict in kept if not verdict.accepted)
    proba = drawn(3, 10, 1.0)[1]
    assert unchanged.apply(proba) is not None
    np.testing.assert_array_equal(unchanged.apply(proba), proba)


def test_few_rows_are_not_enough() -> None:
    found, verdict = fit_temperature(*drawn(2, 499, 5.0))
    assert not verdict.accepted
    assert found.value == 1.0
    assert verdict.reason == "499 rows, 500 are needed"


def test_a_row_of_weight_two_is_two_rows_and_one_of_none_is_none() -> None:
    y, proba = drawn(2, 2000, 2.5)
    weight = np.r_[np.full(1000, 2.0), np.zeros(1000)]
    twice = np.r_[np.arange(1000), np.arange(1000)]
    parts = np.arange(1000) % 5
    one, _ = fit_temperature(y, proba, weight, parts=np.r_[parts, parts])
    other, _ = fit_temperature(y[twice], proba[twice], parts=np.r_[parts, parts])
    assert one.value == pytest.approx(other.value, rel=1e-6)


def test_rows_without_a_prediction_do_not_count() -> None:
    y, proba = drawn(2, 2000, 2.5)
    holes = np.where((np.arange(2000) < 1000)[:, None], np.nan, proba)
    one, verdict = fit_temperature(y, holes, seed=3)
    other, _ = fit_temperature(y[1000:], proba[1000:], seed=3)
    assert (one.value, verdict.rows) == (other.value, 1000)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.14, 7.3), st.integers(2, 6), st.integers(0, 1000))
def test_the_order_of_classes_stays(value: float, classes: int, seed: int) -> None:
    proba = np.random.default_rng(seed).dirichlet(np.ones(classes), size=20)
    made = Temperature(value).apply(proba)
    np.testing.assert_allclose(made.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(made.argmax(axis=1), proba.argmax(axis=1))


def test_certainty_stays_finite() -> None:
    made = Temperature(3.0).apply(np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32))
    assert np.isfinite(made).all()
    assert made[0, 1] > 0.99


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(DataError, match=r"3 rows, probabilities of shape \(2, 2\)"):
        fit_temperature(np.zeros(3, dtype=int), np.ones((2, 2)))
    with pytest.raises(ValueError, match="above 0"):
        Temperature(0.0)


def test_a_saved_one_is_the_same() -> None:
    text = skops.io.dumps(Temperature(1.7))
    loaded = skops.io.loads(text, trusted=skops.io.get_untrusted_types(data=text))
    proba = drawn(3, 50, 1.0)[1]
    np.testing.assert_array_equal(loaded.apply(proba), Temperature(1.7).apply(proba))
