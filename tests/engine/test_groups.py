"""What stays together stays together: in every fold inside of a fit, a calibration, a stack and a vote."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import folds, holdout, make, models
from sklearn.svm import LinearSVC

from automl_components.engine import ensemble as ensembles
from automl_components.engine import scores
from automl_components.engine.draws import MANY_GROUPS, deal, stretches
from automl_components.engine.finishing import finish
from automl_components.engine.learner import Learner
from automl_components.engine.problem import Problem
from automl_components.engine.voting import vote


def together(parts, groups):
    """Whether each group lies in one part."""
    return all(len(np.unique(parts[groups == group])) == 1 for group in np.unique(groups))


@settings(max_examples=50, deadline=None)
@given(groups=st.lists(st.integers(-5, 20), min_size=1, max_size=60), parts=st.integers(1, 7))
def test_groups_are_dealt_whole(groups, parts):
    groups = np.array(groups)
    strata = np.arange(len(groups)) % 3
    part = deal(strata, parts, np.random.default_rng(0), groups)
    assert together(part, groups)
    assert len(np.unique(part)) == min(parts, len(np.unique(groups)))


def test_very_many_groups_are_dealt_evenly():
    groups = np.random.default_rng(0).integers(0, 3 * MANY_GROUPS, 10_000)
    part = deal(np.zeros(10_000, np.int64), 5, np.random.default_rng(0), groups)
    assert np.ptp(np.bincount(part)) < 50
    assert len(np.unique(np.column_stack([groups, part]), axis=0)) == len(np.unique(groups))


@settings(max_examples=50, deadline=None)
@given(time=st.lists(st.integers(0, 30), min_size=1, max_size=60), count=st.integers(1, 6))
def test_stretches_of_time_follow_each_other(time, count):
    time = np.array(time)
    number = stretches(time, count)
    assert number.max() < count
    assert together(number, time)
    assert (np.diff(number[np.argsort(time, kind="stable")]) >= 0).all()


def test_a_problem_says_what_stays_together(tmp_path):
    groups = np.arange(200) // 4
    problem = make(rows=200, splits=holdout(200), groups=groups)
    rows = np.arange(100, 200)
    np.testing.assert_array_equal(problem.together(rows), groups[rows])
    assert together(problem.parts_of(rows, 5), groups[rows])
    in_time = make(rows=200, splits=holdout(200), groups=groups, ordered=True)
    assert len(np.unique(in_time.together(rows))) == 5
    assert make(rows=200).together(rows) is None
    in_time.share(tmp_path)
    again = Problem.attach(tmp_path)
    np.testing.assert_array_equal(again.groups, groups)
    assert again.ordered


def test_learners_leave_encodings_out_where_all_rows_are_one_group():
    problem = make("regression", rows=200)
    X, y, _ = problem.rows(np.arange(200))
    params = {"encodings": ["cat_target_encoder"], "alpha": 0.01}

    def fitted(groups):
        return Learner("elastic_net", "regression", params, X.schema).fit(X, y, groups=groups)

    assert not fitted(np.zeros(200, int)).encodings_
    assert len(fitted(np.arange(200) // 4).encodings_) == 1
    assert np.isfinite(fitted(np.zeros(200, int)).predict(X)).all()


def test_calibration_scores_a_group_by_fits_on_others(monkeypatch):
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(30), 10))
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 2, 300)
    X[:, 0] = groups
    seen = []

    def fit_and_note(estimator, X, y, weight, rows):
        seen.append(set(X[rows, 0]))
        return fitted(estimator, X, y, weight, rows)

    fitted = scores._fitted
    monkeypatch.setattr(scores, "_fitted", fit_and_note)
    scores.fit_calibration(LinearSVC(), X, y, None, 0, groups)
    assert len(seen) == 3
    assert sum(30 - len(known) for known in seen) == 30  # whole groups are held out, each once


def test_calibration_copes_with_a_class_in_one_group_alone():
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(40, int), np.ones(40, int), np.full(20, 2)]
    groups = np.r_[np.arange(80) % 8, np.full(20, 9)]
    X = rng.normal(size=(100, 3)) + y[:, None]
    calibration = scores.fit_calibration(LinearSVC(), X, y, None, 0, groups)
    assert calibration.predict_proba(LinearSVC().fit(X, y).decision_function(X)).shape == (100, 3)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_inner_folds_of_a_stack_keep_groups(task, ordered):
    groups = np.arange(400) // 8 if ordered else np.random.default_rng(0).integers(0, 40, 400)
    problem = make(task, rows=400, splits=holdout(400, every=2), groups=groups, ordered=ordered)
    known = np.flatnonzero(problem.splits[:, 0] == 0)
    inner = ensembles._inner_folds(problem, known)[known]
    assert (inner == 0).sum(axis=1).max() == 1
    for column in inner.T:
        assert not set(groups[known][column == 0]) & set(groups[known][column == 1])
    base, held = ensembles._keep_back(problem, np.flatnonzero(problem.splits[:, 0] == 1), 0.3)
    assert not set(groups[base]) & set(groups[held])
    assert not ordered or groups[base].max() < groups[held].min()
    assert 40 <= len(held) <= 80


@pytest.mark.parametrize("kind", ["logistic_regression_cv", "elastic_net_cv"])
def test_a_meta_learner_chooses_its_penalty_by_groups(kind):
    task = "classification" if kind.startswith("logistic") else "regression"
    problem = make(task, rows=300, splits=folds(300, 3), groups=np.arange(300) // 5)
    make_meta = partial(ensembles.meta_learner, task, kind, {}, cross_validated=True, seed=0)
    made = ensembles.stack(problem, models(problem, 3), make_meta)
    assert isinstance(made.meta.cv, int)  # no rows are kept in the model
    assert np.isfinite(made.score)


def test_a_stack_that_groups_do_not_allow_says_so():
    problem = make(rows=300, splits=folds(300, 3), groups=np.zeros(300, int))
    make_meta = partial(
        ensembles.meta_learner, "classification", "logistic_regression_cv", {}, cross_validated=True, seed=0
    )
    with pytest.raises(ensembles.StackError, match="too few groups"):
        ensembles.stack(problem, models(problem, 3), make_meta)


def test_one_validated_group_leaves_the_usual_vote_and_no_temperature():
    problem = make(rows=800, splits=holdout(800, every=2), groups=np.zeros(800, int))
    candidates = models(problem, 4)
    assert "one group" in vote(problem, candidates).details["reason"]
    assert finish(problem, candidates[0].predictions).temperature is None
