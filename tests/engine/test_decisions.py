"""Thresholds and class weights against an exhaustive search, and the rule by which they are kept or not."""

from __future__ import annotations

import numpy as np
import pytest
import skops.io
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef

from automl_components.core.errors import SettingsError
from automl_components.engine import decisions
from automl_components.engine.decisions import Decision, fit_decision
from automl_components.metrics import METRICS


def rare(rows: int = 4000, share: float = 0.08, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A rare second class with true probabilities."""
    rng = np.random.default_rng(seed)
    logit = np.log(share / (1 - share)) + 1.6 * rng.normal(size=rows)
    p = 1 / (1 + np.exp(-logit))
    return (rng.random(rows) < p).astype(int), np.column_stack([1 - p, p])


def several(rows: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four classes, two of them rare, with true probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, 4)) * 1.5 + np.array([2.0, 1.5, 0.0, -0.5])
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return (proba.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1), proba


SCORES = {
    "f1_score_binary": f1_score,
    "balanced_accuracy": balanced_accuracy_score,
    "matthews_correlation": matthews_corrcoef,
}


@pytest.mark.parametrize("name", SCORES)
def test_a_threshold_is_as_good_as_the_best_of_all(name: str) -> None:
    y, proba = rare()
    found, verdict = fit_decision(y, proba, METRICS[name], positive=1)
    assert verdict.accepted, verdict
    score = SCORES[name]
    best = max(score(y, (proba[:, 1] > t).astype(int)) for t in np.linspace(0.01, 0.99, 197))
    reached = score(y, found.decide(proba))
    assert reached >= best - 0.015  # a broad hill, not the highest peak
    assert verdict.before == pytest.approx(score(y, proba.argmax(axis=1)), abs=1e-12)
    assert verdict.before < verdict.after <= best + 1e-12
    np.testing.assert_array_equal(found.decide(proba), (proba[:, 1] > found.threshold).astype(int))


def test_theory_balanced_accuracy_is_best_at_the_share_of_the_class() -> None:
    y, proba = rare(rows=60_000)
    found, _ = fit_decision(y, proba, METRICS["balanced_accuracy"], positive=1)
    assert found.threshold == pytest.approx(y.mean(), abs=0.03)


def test_theory_accuracy_needs_no_threshold() -> None:
    """True probabilities: half is the best threshold, so nothing is to be gained but luck."""
    verdicts = [
        fit_decision(*rare(1500, 0.4, seed), METRICS["accuracy"], positive=1, seed=seed)[1]
        for seed in range(20)
    ]
    assert sum(verdict.accepted for verdict in verdicts) <= 5


def test_it_helps_rows_that_it_has_not_seen() -> None:
    found, _ = fit_decision(*rare(seed=1), METRICS["f1_score_binary"], positive=1)
    y, proba = rare(20_000, seed=2)
    assert f1_score(y, found.decide(proba)) > f1_score(y, proba.argmax(axis=1)) + 0.1


@pytest.mark.parametrize("name", ["f1_score_macro", "balanced_accuracy", "norm_macro_recall"])
def test_weights_of_several_classes(name: str) -> None:
    found, verdict = fit_decision(*several(), METRICS[name])
    assert verdict.accepted, verdict
    assert found.weights[3] > found.weights[0]
    assert found.threshold is None
    y, proba = several(seed=5)
    judge = decisions._Judge(METRICS[name], 4, None)
    ones = np.ones(len(y))
    assert judge.score(y, found.decide(proba), ones) > judge.score(y, proba.argmax(axis=1), ones) + 0.01


def test_the_positive_class_may_be_the_first() -> None:
    y, proba = rare()
    one, _ = fit_decision(y, proba, METRICS["f1_score_binary"], positive=1)
    other, _ = fit_decision(1 - y, proba[:, ::-1], METRICS["f1_score_binary"], positive=0)
    assert other.threshold == pytest.approx(1 - one.threshold, abs=0.02)


def test_scores_are_those_of_the_catalog() -> None:
    from automl_components.engine.scoring import score_classification

    y, proba = several(500)
    weight = np.random.default_rng(0).gamma(1.0, size=500)
    expected = score_classification(y, proba, np.arange(4), sample_weight=weight, positive_label=2)
    judged = [
        metric for metric in METRICS.values() if metric.task == "classification" and not metric.needs_proba
    ]
    assert len(judged) > 12
    for metric in judged:
        made = decisions._Judge(metric, 4, 2).score(y, proba.argmax(axis=1), weight)
        assert made == pytest.approx(expected[metric.name], abs=1e-12), metric.name


def test_weights_of_rows_count() -> None:
    y, proba = rare(6000, 0.3)
    weight = np.where(y == 1, 0.1, 1.0)
    found, _ = fit_decision(y, proba, METRICS["balanced_accuracy"], weight, positive=1)
    assert found.threshold == pytest.approx(
        y.mean(), abs=0.05
    )  # recall of each class: weights by class cancel
    cheap, verdict = fit_decision(y, proba, METRICS["accuracy"], weight, positive=1)
    assert verdict.accepted
    assert cheap.threshold > 0.8  # theory: p / 10 > 1 - p, so above 10 / 11


def test_too_few_rows_leave_it_alone() -> None:
    y, proba = rare(300, 0.1)
    assert (y == 1).sum() < decisions.LEAST_OF_CLASS
    found, verdict = fit_decision(y, proba, METRICS["f1_score_binary"], positive=1)
    assert not verdict.accepted
    assert found.threshold == 0.5
    assert "1 of 2 classes have 50 rows" in verdict.reason


def test_ties_stay_near_one_half() -> None:
    """Any threshold between two clouds is perfect."""
    y = np.repeat([0, 1], 200)
    p = np.where(y == 1, 0.9, 0.02) + np.linspace(0, 0.05, 400)
    found, verdict = fit_decision(y, np.column_stack([1 - p, p]), METRICS["f1_score_binary"], positive=1)
    assert not verdict.accepted
    assert found.threshold == 0.5


def test_a_metric_of_probabilities_is_refused() -> None:
    with pytest.raises(SettingsError, match="'AUC_weighted' judges no decisions"):
        fit_decision(*rare(), METRICS["AUC_weighted"])
    with pytest.raises(ValueError, match="above 0"):
        Decision([1.0, 0.0])


def test_it_is_the_same_each_time_and_when_saved() -> None:
    one, other = (fit_decision(*several(), METRICS["f1_score_macro"], seed=4)[0] for _ in range(2))
    np.testing.assert_array_equal(one.weights, other.weights)
    text = skops.io.dumps(one)
    loaded = skops.io.loads(text, trusted=skops.io.get_untrusted_types(data=text))
    proba = several()[1]
    np.testing.assert_array_equal(loaded.decide(proba), one.decide(proba))
