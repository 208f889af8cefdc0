"""A limit on the time for a row: what is too slow is in no model, unless everything is."""

import logging

import numpy as np
import pytest
from problems import make

from automl_components.core.events import listening
from automl_components.engine.assembly import Assembly, Recipe
from automl_components.engine.ensemble import Candidate
from automl_components.engine.latency import Latency, measured_ms, member_ms
from automl_components.engine.trial import TrialResult

PROBLEM = make("regression", rows=300)


def result(number, **facts):
    facts = {"fold_scores": [1.0] * 3, "predict_s": 0.3, "kept": True, **facts}
    return TrialResult(number, "knn", {}, "KNN", "Completed", 0, 1.0, **facts)


def assemble(latency, recipe=None, noise=(0.5, 0.6, 2.0)):
    """The chosen model of three trials whose errors are independent, and what was told."""
    rng = np.random.default_rng(0)
    predictions = [PROBLEM.target + n * rng.normal(size=300) for n in noise]
    scores = [float(np.sqrt(np.mean((p - PROBLEM.target) ** 2))) for p in predictions]
    candidates = [Candidate(n, s, p) for n, (s, p) in enumerate(zip(scores, predictions, strict=True), 1)]
    told = []
    assembly = Assembly(
        PROBLEM, {c.number: result(c.number) for c in candidates}, candidates, lambda number: [number], None,
        latency=latency,
    )  # fmt: skip
    with listening(lambda kind, facts: told.append((facts.get("level"), facts.get("message", "")))):
        chosen, _, _ = assembly.run(recipe or Recipe(stack=False))
    return chosen, told


def test_a_member_costs_all_its_learners_where_they_are_the_model():
    assert member_ms(PROBLEM, result(1, row_ms=0.2)) == pytest.approx(0.6)
    assert member_ms(PROBLEM, result(1)) == pytest.approx(3.0)  # 0.3 s for 300 rows, by three learners
    single = make("regression", rows=300, splits=PROBLEM.splits[:, :1])
    assert member_ms(single, result(1, row_ms=0.2, fold_scores=[1.0])) == pytest.approx(0.2)


def test_time_is_measured_by_row():
    calls = []
    assert 0 <= measured_ms(lambda: calls.append(1), rows=10) < 1
    assert len(calls) == 2


def test_without_a_limit_both_good_trials_are_members():
    chosen, _ = assemble(None)
    assert chosen.kind == "voting_ensemble"
    assert {1, 2} <= set(chosen.members)


def test_what_is_too_slow_together_is_not_together():
    chosen, _ = assemble(Latency(3.0, {1: 2.0, 2: 1.5, 3: 0.1}))
    assert sum({1: 2.0, 2: 1.5, 3: 0.1}[n] for n in chosen.members) <= 3.0


def test_what_is_too_slow_alone_is_told_and_left_out():
    chosen, told = assemble(Latency(1.8, {1: 2.0, 2: 1.5, 3: 0.1}))
    assert 1 not in chosen.members
    assert any("too slow for 1.8 ms a row, so in no ensemble: trials 1" in text for _, text in told)
    features, _ = assemble(Latency(1.8, {1: 1.7, 2: 0.2, 3: 0.1}, features=1.0))
    assert 1 not in features.members


def test_where_all_are_too_slow_the_quickest_is_taken_with_a_warning():
    chosen, told = assemble(Latency(0.05, {1: 2.0, 2: 1.5, 3: 0.1}))
    assert chosen.members == (3,)
    warned = [text for level, text in told if level == logging.WARNING]
    assert "no trial predicts a row in 0.05 ms; trial 3, the quickest, takes 0.1 ms" in warned[0]


def test_a_trial_that_was_asked_for_is_taken_however_slow():
    chosen, _ = assemble(Latency(0.05, {1: 2.0, 2: 1.5, 3: 0.1}), Recipe(trial=1))
    assert chosen.members == (1,)
