"""One trial: shapes, means over splits, deadlines, refits, and predictions that no one can use."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from problems import cross_validate, defaults, folds, holdout, make
from sklearn.metrics import log_loss, mean_squared_error

from automl_components.algorithms import ALGORITHMS
from automl_components.engine import trial
from automl_components.engine.learner import Learner
from automl_components.engine.trial import Config, TrialResult


def tree(problem):
    return Config("decision_tree", defaults("decision_tree", problem) | {"max_depth": 3})


def boosted(problem):
    return Config("light_gbm", defaults("light_gbm", problem))


@pytest.mark.parametrize("classes", [2, 4])
def test_each_row_is_predicted_by_the_model_that_has_not_seen_it(classes):
    problem = make(classes=classes)
    facts, predictions = cross_validate(problem, tree(problem))
    assert predictions.shape == (200, classes)
    np.testing.assert_allclose(predictions.sum(axis=1), 1.0)
    scores = []
    for part, (train, validation) in enumerate(problem.parts()):
        X, y, _ = problem.rows(train)
        learner = trial.make_learner(problem, tree(problem), threads=1, part=part).fit(X, y)
        expected = learner.predict_proba(problem.features.take(validation))
        np.testing.assert_array_equal(predictions[validation], expected)
        scores.append(log_loss(problem.target[validation], expected, labels=range(classes)))
    assert facts["score"] == pytest.approx(np.mean(scores), abs=1e-12)
    np.testing.assert_allclose(facts["fold_scores"], scores, atol=1e-12)
    assert facts["metrics"]["log_loss"] == pytest.approx(facts["score"], abs=1e-12)
    assert facts["rounds"] == []
    assert facts["pipeline"] == "DecisionTree"


def test_rows_never_validated_have_no_prediction():
    for task in ("classification", "regression"):
        problem = make(task, splits=holdout(200))
        _, predictions = cross_validate(problem, tree(problem))
        assert predictions.shape == problem.out_of_fold_shape
        known = np.isfinite(predictions.reshape(200, -1)).all(axis=1)
        np.testing.assert_array_equal(known, np.arange(200) % 4 == 0)


def test_rows_validated_more_than_once_get_the_mean():
    splits = np.ones((200, 3), np.int8)
    splits[:60, 0] = splits[40:100, 1] = splits[50:70, 2] = 0
    splits[100:110, 2] = -1
    problem = make("regression", splits=splits)
    _, predictions = cross_validate(problem, tree(problem))
    single = []
    for part, (train, _) in enumerate(problem.parts()):
        X, y, _ = problem.rows(train)
        single.append(
            trial.make_learner(problem, tree(problem), threads=1, part=part)
            .fit(X, y)
            .predict(problem.features)
        )
    np.testing.assert_allclose(predictions[:40], single[0][:40])
    np.testing.assert_allclose(predictions[55], np.mean([s[55] for s in single]))
    np.testing.assert_allclose(predictions[65], np.mean([single[1][65], single[2][65]]))
    assert np.isnan(predictions[100:]).all()


def test_weights_reach_the_fit_and_the_score():
    weights = np.where(np.arange(200) % 2, 5.0, 0.5)
    problem = make("regression", weights=weights)
    facts, predictions = cross_validate(problem, tree(problem))
    plain, other = cross_validate(replace(problem, weights=None), tree(problem))
    assert not np.array_equal(predictions, other)
    errors = [
        mean_squared_error(problem.target[v], predictions[v], sample_weight=weights[v]) ** 0.5
        for _, v in problem.parts()
    ]
    assert facts["score"] == pytest.approx(np.mean(errors), abs=1e-12)
    assert facts["score"] != plain["score"]


def test_a_split_that_cannot_be_scored_is_left_out_of_the_mean():
    splits = folds(200, 4)
    problem = make(splits=splits, primary_metric="AUC_weighted")
    rows = np.flatnonzero(splits[:, 1] == 0)
    one_class = problem.target.copy()
    one_class[rows] = 1
    problem = replace(problem, target=one_class)
    facts, _ = cross_validate(problem, tree(problem))
    assert facts["fold_scores"][1] is None
    known = [s for s in facts["fold_scores"] if s is not None]
    assert len(known) == 3
    assert facts["score"] == pytest.approx(np.mean(known), abs=1e-12)
    assert json.loads(json.dumps(facts)) == facts


@pytest.mark.parametrize(
    ("method", "wrong", "message"),
    [
        ("predict_proba", lambda p: p[:, :1], "shape"),
        ("predict_proba", lambda p: np.where(p > 0.6, np.nan, p), "not finite"),
    ],
)
def test_predictions_that_cannot_be_used_fail_the_trial(monkeypatch, method, wrong, message):
    problem, right = make(), Learner.predict_proba
    monkeypatch.setattr(Learner, method, lambda self, X: wrong(right(self, X)))
    with pytest.raises(ValueError, match=message):
        cross_validate(problem, tree(problem))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda values: values[:-1], "shape"),
        (lambda values: values[:, None], "shape"),
        (lambda values: np.where(values > 0, np.inf, values), "not finite"),
        (lambda values: np.full(len(values), "high"), "could not convert"),
    ],
)
def test_values_that_cannot_be_used_fail_the_trial(monkeypatch, wrong, message):
    problem, right = make("regression"), Learner.predict
    monkeypatch.setattr(Learner, "predict", lambda self, X: wrong(right(self, X)))
    with pytest.raises(ValueError, match=message):
        cross_validate(problem, tree(problem))


def test_a_booster_stops_at_the_deadline_and_still_counts():
    problem = make(rows=2000, splits=folds(2000, 2))
    config = Config(
        "light_gbm", defaults("light_gbm", problem) | {"n_estimators": 100_000, "learning_rate": 1e-5}
    )
    started = time.monotonic()
    facts, predictions = cross_validate(problem, config, deadline=started + 1.0)
    assert time.monotonic() - started < 5
    assert len(facts["rounds"]) == len(facts["rounds_run"]) == 2
    assert max(facts["rounds_run"]) < 100_000
    assert facts["cut_short"]
    assert np.isfinite(predictions).all()


@pytest.mark.parametrize("name", ["light_gbm", "cat_boost", "xg_boost_classifier"])
def test_a_short_time_is_used_with_larger_steps(name):
    problem = make(rows=3000, splits=holdout(3000))
    config = Config(name, defaults(name, problem) | {"n_estimators": 100_000, "learning_rate": 1e-4})
    fold, learner, _ = trial.fit_fold(problem, config, 0, deadline=time.monotonic() + 0.5)
    assert 1e-4 < fold.params["learning_rate"] <= 0.25
    assert fold.params == learner.params
    assert config.params["learning_rate"] == 1e-4  # not written into the proposal


@pytest.mark.parametrize("name", ["light_gbm", "cat_boost", "xg_boost_classifier"])
def test_a_fit_is_repeated_from_its_record(name):
    """What the clock cut is cut again by the number of rounds: equal predictions without a clock."""
    problem = make(rows=2000, splits=folds(2000, 2))
    config = Config(name, defaults(name, problem) | {"n_estimators": 3000, "learning_rate": 0.002})
    fold, _, predictions = trial.fit_fold(problem, config, 1, deadline=time.monotonic() + 0.4, seed=7)
    record = Config(name, fold.params)
    again, _, repeated = trial.fit_fold(problem, record, 1, rounds=fold.rounds_run, seed=7)
    np.testing.assert_array_equal(repeated, predictions)
    assert (again.params, again.rounds, again.rounds_run) == (fold.params, fold.rounds, fold.rounds_run)


def test_refits_use_the_rounds_of_the_splits():
    problem = make(rows=400, splits=folds(400, 3))
    config = boosted(problem)
    facts, _ = cross_validate(problem, config)
    rounds = trial.mean_rounds(facts["rounds"])
    assert rounds == round(np.mean(facts["rounds"]))
    learner = trial.refit(problem, config, rounds=rounds)
    assert learner.estimator_.model.num_trees() == rounds
    assert config.params["n_estimators"] != rounds  # not written into the record
    part = trial.refit(problem, config, rounds=rounds, rows=np.arange(0, 400, 2))
    assert not np.array_equal(part.predict_proba(problem.features), learner.predict_proba(problem.features))


def test_mean_rounds():
    assert trial.mean_rounds([]) is None
    assert trial.mean_rounds([10, 13]) in (11, 12)
    assert trial.mean_rounds([1]) == 1


@pytest.mark.parametrize("name", ["decision_tree", "random_forest", "light_gbm", "sgd"])
def test_equal_trials_are_equal(name):
    problem = make(splits=folds(200, 2))
    config = Config(name, defaults(name, problem))
    first, second = (cross_validate(problem, config) for _ in range(2))
    np.testing.assert_array_equal(first[1], second[1])
    times = {"fit_s", "predict_s", "spans"}
    assert {k: v for k, v in first[0].items() if k not in times} == {
        k: v for k, v in second[0].items() if k not in times
    }


def test_a_seed_depends_on_content_only():
    config = Config("knn", {"n_neighbors": 3, "weights": "uniform"})
    same = Config("knn", {"weights": "uniform", "n_neighbors": 3})
    assert config.key == same.key
    seeds = {config.seed(0), config.seed(1), Config("knn", {"n_neighbors": 4}).seed(0)}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_result_survives_the_journal():
    result = TrialResult(
        3, "knn", {"k": 1}, "KNN", "Failed", 7, error={"type": "x", "message": "y", "stage": "fit"}
    )
    back = TrialResult(**json.loads(json.dumps(result.to_dict())))
    assert back == result
    assert back.config == Config("knn", {"k": 1})


def test_undefined_metrics_are_left_out_of_the_average():
    tables = [{"a": 1.0, "b": float("nan")}, {"a": 3.0, "b": float("nan"), "c": 2.0}]
    assert trial.average(tables) == {"a": 2.0, "c": 2.0}


def test_every_algorithm_of_the_catalog_makes_a_trial():
    for task in ("classification", "regression"):
        problem = make(task, rows=60, splits=holdout(60))
        for algorithm in ALGORITHMS.values():
            if task in algorithm.estimators and not algorithm.missing_packages():
                config = Config(algorithm.name, algorithm.defaults(task, problem.shape))
                facts, predictions = cross_validate(problem, config)
                assert np.isfinite(facts["score"]), algorithm.name
                assert np.isfinite(predictions[::4]).all(), algorithm.name


def test_spans_say_when_each_split_was_at_work():
    problem = make(splits=folds(200, 2))
    before = time.time()
    facts = cross_validate(problem, Config("decision_tree", defaults("decision_tree", problem)))[0]
    (begin, end), (again, last) = facts["spans"]
    assert before - 0.001 <= begin <= end <= again <= last <= time.time() + 0.001  # here one after the other
    assert end - begin + last - again == pytest.approx(facts["fit_s"] + facts["predict_s"], abs=0.002)
