"""Voting against a plain implementation, stacking without a leak, and every meta-learner."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import folds, holdout, make
from sklearn.metrics import log_loss, roc_auc_score

from automl_components.core.errors import SettingsError
from automl_components.engine import ensemble as ensembles
from automl_components.engine.ensemble import META_LEARNERS, Candidate, StackError
from automl_components.engine.predictor import meta_predict, stack_features

METRICS = ["log_loss", "AUC_weighted", "accuracy", "norm_macro_recall", "problems:accurate"]


def models(problem, count, seed=0, spread=1.5, first=1):
    """Candidates that know something of the target, each with errors of its own."""
    rng = np.random.default_rng(seed)
    known = (problem.splits == 0).any(axis=1)
    made = []
    for number in range(first, first + count):
        noise = rng.normal(0, spread, problem.out_of_fold_shape)
        if problem.classes:
            logits = noise + np.eye(len(problem.classes))[problem.target]
            values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            values = values.astype(np.float32)
        else:
            values = problem.target + noise
        values[~known] = np.nan
        made.append(Candidate(number, ensembles.score_splits(problem, values)[0], values))
    return made


def plain_greedy(problem, candidates, most=25):
    """Written again from the paper's text: a list of picks, everything computed anew at each step."""
    sign = 1 if problem.scorer().metric.greater_is_better else -1

    def quality(picks):
        mean = sum(c.predictions.astype(float) for c in picks) / len(picks)
        return sign * ensembles.score_splits(problem, mean)[0]

    ranked = sorted(candidates, key=lambda c: (-quality([c]), c.number))
    best = quality([ranked[0]])
    near = [c for c in ranked[: min(5, most)] if best - quality([c]) <= 0.05 * abs(best)]
    picks = max((near[: k + 1] for k in range(len(near))), key=quality)  # the first of equals
    best_picks, since = picks, 0
    while len(picks) < most and since < 5:  # the paper's path to its end, of which the best prefix counts
        picks = max(([*picks, c] for c in ranked), key=quality)
        since += 1
        if quality(picks) > quality(best_picks) + 1e-9 * abs(quality(best_picks)):
            best_picks, since = picks, 0
    picks = best_picks
    return {c.number: sum(p is c for p in picks) / len(picks) for c in picks}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(3))
def test_voting_is_the_greedy_selection_of_the_paper(metric, seed):
    problem = make(rows=80, primary_metric=metric, splits=folds(80, 2))
    candidates = models(problem, 7, seed)
    made = ensembles.vote(problem, candidates)
    assert dict(zip(made.members, made.weights, strict=True)) == pytest.approx(
        plain_greedy(problem, candidates)
    )


@pytest.mark.parametrize(
    "metric", ["root_mean_squared_error", "r2_score", "spearman_correlation", "problems:absolute"]
)
def test_voting_for_regression(metric):
    problem = make("regression", rows=80, primary_metric=metric, weights=np.linspace(0.1, 3, 80))
    candidates = models(problem, 6)
    made = ensembles.vote(problem, candidates)
    assert dict(zip(made.members, made.weights, strict=True)) == pytest.approx(
        plain_greedy(problem, candidates)
    )
    assert len(made.members) > 1


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6), count=st.integers(1, 6), metric=st.sampled_from(METRICS), classes=st.integers(2, 4),
    most=st.sampled_from([None, 1, 2, 3, 30]), repeated=st.booleans(), weighted=st.booleans(),
)  # fmt: skip
def test_voting_always(seed, count, metric, classes, most, repeated, weighted):
    """Weights sum to 1, the order of the candidates does not matter, and no single model is better."""
    splits = folds(60, 3) if not repeated else np.column_stack([folds(60, 3, seed=s)[:, 0] for s in range(3)])
    weights = np.random.default_rng(seed).uniform(0.1, 2, 60) if weighted else None
    problem = make(rows=60, classes=classes, primary_metric=metric, splits=splits, weights=weights)
    candidates = models(problem, count, seed)
    made = ensembles.vote(problem, candidates, iterations=most)
    assert sum(made.weights) == pytest.approx(1)
    assert len(set(made.members)) == len(made.members) <= (most or 25)
    sign = problem.scorer().metric.sign
    assert sign(made.score) >= max(sign(c.score) for c in candidates) - 1e-6
    again = ensembles.vote(problem, candidates[::-1], iterations=most)
    assert (again.members, again.weights) == (made.members, made.weights)
    known = (problem.splits == 0).any(axis=1)
    mean = sum(w * candidates[n - 1].predictions for n, w in zip(made.members, made.weights, strict=True))
    np.testing.assert_allclose(made.predictions[known], mean[known], rtol=1e-5)
    assert np.isnan(made.predictions[~known]).all()


def test_of_equal_models_the_first_trial_is_taken():
    problem = make(rows=60)
    one = models(problem, 1)[0]
    same = [replace(one, number=number) for number in (7, 3, 9)]
    assert ensembles.vote(problem, same).members == (3,)


def test_a_useless_model_is_left_out():
    problem = make(rows=200, primary_metric="AUC_weighted")
    good, noise = models(problem, 3, spread=0.5), models(problem, 3, spread=100, first=4)
    assert set(ensembles.vote(problem, [*noise, *good]).members) <= {1, 2, 3}


def test_hundreds_of_trials_of_many_rows_are_quick():
    problem = make(rows=20_000, splits=folds(20_000, 5), primary_metric="AUC_weighted")
    rng = np.random.default_rng(0)
    candidates = []
    for number in range(1, 201):
        second = 1 / (1 + np.exp(rng.normal(0, 1.5, 20_000) - problem.target))
        candidates.append(Candidate(number, 0.7 - 1e-4 * number, np.column_stack([1 - second, second])))
    started = time.process_time()
    made = ensembles.vote(problem, candidates)
    assert time.process_time() - started < 8
    assert made.score > max(ensembles.score_splits(problem, c.predictions)[0] for c in candidates[:5])
    assert max(made.members) <= 25  # only the best ones are looked at


def test_many_rows_are_sampled_and_the_score_is_of_all(monkeypatch):
    monkeypatch.setattr(ensembles, "CELLS", 200)
    problem = make(rows=400)
    candidates = models(problem, 4)
    made = ensembles.vote(problem, candidates)
    assert made.score == ensembles.score_splits(problem, made.predictions)[0]
    assert made.score < min(c.score for c in candidates)


def maker(problem, kind=None, **kwargs):
    return lambda: ensembles.meta_learner(
        problem.task,
        kind,
        kwargs,
        cross_validated=problem.splits.shape[1] > 1,
        seed=1,
        variance=float(problem.target.var()),
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4])
@pytest.mark.parametrize("kind", [None, *META_LEARNERS])
def test_every_meta_learner_stacks(kind, scale, weighted):
    task = "classification" if kind is None else META_LEARNERS[kind][0]
    if task == "classification" and scale != 1:
        return
    problem = make(task, rows=240, weights=np.linspace(0.5, 2, 240) if weighted else None)
    if task == "regression":
        problem = replace(problem, target=problem.target * scale)
    candidates = [replace(c) for c in models(problem, 4, spread=1.2 * scale)]
    made = ensembles.stack(problem, candidates, maker(problem, kind))
    assert made.members == (1, 2, 3, 4)
    assert np.isfinite(made.predictions).all()
    assert made.score < np.median([c.score for c in candidates])  # log loss, RMSE
    again = ensembles.stack(problem, candidates, maker(problem, kind))
    np.testing.assert_array_equal(again.predictions, made.predictions)
    features = stack_features([c.predictions for c in candidates], task)
    assert np.isfinite(meta_predict(task, made.meta, features, 2)).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_stacking_of_noise_stays_noise(classes):
    """A leak of the target into the second layer would show as a score better than chance."""
    rng = np.random.default_rng(0)
    problem = make(rows=600, classes=classes, primary_metric="AUC_weighted")
    problem = replace(problem, target=rng.integers(0, classes, 600).astype(np.int32))
    proba = rng.dirichlet(np.ones(classes), (12, 600))
    candidates = [Candidate(n + 1, 0.5, values) for n, values in enumerate(proba)]
    for kind in ("logistic_regression", "light_gbm_classifier"):
        made = ensembles.stack(problem, candidates, maker(problem, kind))
        truth = problem.target if classes == 2 else np.eye(classes)[problem.target]
        values = made.predictions[:, 1] if classes == 2 else made.predictions
        assert roc_auc_score(truth, values) < 0.56
        trained = meta_predict(
            "classification", made.meta, stack_features(list(proba), "classification"), classes
        )
        seen = roc_auc_score(truth, trained[:, 1] if classes == 2 else trained)
        assert seen > 0.56  # the same meta-learner on the rows that it learned from


def test_each_row_is_stacked_by_a_meta_learner_that_has_not_seen_it():
    problem = make(rows=90)
    candidates = models(problem, 3)
    made = ensembles.stack(problem, candidates, maker(problem, "logistic_regression"))
    features = stack_features([c.predictions for c in candidates], "classification")
    for _, rows in problem.parts():
        others = np.setdiff1d(np.arange(90), rows)
        meta = maker(problem, "logistic_regression")().fit(features[others], problem.target[others])
        np.testing.assert_allclose(made.predictions[rows], meta.predict_proba(features[rows]), rtol=1e-9)


def test_rows_validated_by_several_splits():
    splits = np.ones((100, 3), np.int8)
    splits[:40, 0] = splits[20:60, 1] = splits[50:70, 2] = 0
    problem = make(rows=100, splits=splits)
    made = ensembles.stack(problem, models(problem, 2), maker(problem, "logistic_regression"))
    assert np.isfinite(made.predictions[:70]).all()
    assert np.isnan(made.predictions[70:]).all()
    np.testing.assert_allclose(made.predictions[:70].sum(axis=1), 1)
    twice = replace(problem, splits=np.column_stack([splits[:, 0]] * 2))
    with pytest.raises(StackError, match="none are left"):
        ensembles.stack(twice, models(twice, 2), maker(twice))


def test_splits_by_time_never_learn_from_later_rows():
    splits = np.full((120, 3), -1, np.int8)
    for number, start in enumerate((30, 60, 90)):
        splits[:start, number], splits[start : start + 30, number] = 1, 0
    problem = make(rows=120, splits=splits)
    candidates = models(problem, 3)
    made = ensembles.stack(problem, candidates, maker(problem, "logistic_regression"))
    np.testing.assert_allclose(
        made.predictions[30:60], np.mean([c.predictions[30:60] for c in candidates], axis=0)
    )
    later = np.arange(120) >= 90
    other = replace(problem, target=np.where(later, 1 - problem.target, problem.target))
    again = ensembles.stack(other, candidates, maker(other, "logistic_regression"))
    np.testing.assert_array_equal(again.predictions[:120], made.predictions[:120])
    assert not np.array_equal(again.meta.coef_, made.meta.coef_)


@pytest.mark.parametrize("rare", [1, 2, 4])
def test_classes_of_a_handful_of_rows(rare):
    problem = make(rows=120, classes=3, splits=folds(120, 3))
    target = np.minimum(problem.target, 1).astype(np.int32)
    target[:rare] = 2
    problem = replace(problem, target=target)
    for kind in (None, "logistic_regression", "light_gbm_classifier"):
        made = ensembles.stack(problem, models(problem, 3), maker(problem, kind))
        assert made.predictions.shape == (120, 3)
        assert np.isfinite(made.predictions).all()


def test_stacking_a_single_split_learns_from_its_validation_rows():
    problem = make(rows=400, splits=holdout(400))
    candidates = models(problem, 3)
    made = ensembles.stack(problem, candidates, maker(problem))
    validation = np.flatnonzero(problem.splits[:, 0] == 0)
    assert np.isnan(made.predictions[np.flatnonzero(problem.splits[:, 0] == 1)]).all()
    assert made.score == pytest.approx(log_loss(problem.target[validation], made.predictions[validation]))


def test_a_stack_of_a_single_split_predicts_rows_it_has_not_learned_from():
    problem = make("regression", rows=400, splits=holdout(400))
    candidates, row = models(problem, 3), 4
    assert problem.splits[row, 0] == 0
    target = problem.target.copy()
    target[row] += 100
    made = [
        ensembles.stack(p, candidates, maker(p, "linear_regression"))
        for p in (problem, replace(problem, target=target))
    ]
    assert made[0].predictions[row] == made[1].predictions[row]
    assert made[0].predictions[row + 4] != made[1].predictions[row + 4]


def test_stacking_a_single_split_keeps_rows_back():
    problem = make(rows=400, splits=holdout(400))
    candidates = models(problem, 3)
    train = np.flatnonzero(problem.splits[:, 0] == 1)
    asked, truth = [], models(replace(problem, splits=np.zeros((400, 1), np.int8)), 3)

    def refit(number, fitted, wanted):
        asked.append((fitted, wanted))
        return truth[number - 1].predictions[wanted]

    made = ensembles.stack_holdout(problem, candidates, maker(problem), 0.2, refit)
    for fitted, wanted in asked:
        assert len(wanted) == 60
        np.testing.assert_array_equal(np.sort(np.r_[fitted, wanted]), train)  # no validation row, none twice
        assert problem.target[wanted].mean() == pytest.approx(problem.target[train].mean(), abs=0.01)
    assert np.isnan(made.predictions[train]).all()
    validation = np.flatnonzero(problem.splits[:, 0] == 0)
    assert made.score == pytest.approx(log_loss(problem.target[validation], made.predictions[validation]))
    assert made.score < min(c.score for c in candidates)


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_too_few_rows_to_keep_back(share):
    problem = make(rows=8, splits=holdout(8))
    with pytest.raises(StackError, match=r"rows cannot be kept back|cannot be fitted"):
        ensembles.stack_holdout(
            problem, models(problem, 2), maker(problem), share, lambda n, f, w: np.full((len(w), 2), 0.5)
        )


@pytest.mark.parametrize(
    ("kind", "kwargs", "attribute", "value"),
    [
        ("logistic_regression", {"C": 0.25}, "C", 0.25),
        ("logistic_regression_cv", {"Cs": 3}, "Cs", 3),
        ("light_gbm_classifier", {"n_estimators": 9}, "n_estimators", 9),
        ("elastic_net", {"alpha": 2.0}, "alpha", 2.0),
        ("elastic_net_cv", {"l1_ratio": 0.7}, "l1_ratio", 0.7),
        ("light_gbm_regressor", {"num_leaves": 4, "random_state": 3}, "random_state", 3),
        ("linear_regression", {"positive": True}, "positive", True),
    ],
)
def test_arguments_of_the_meta_learner_are_taken(kind, kwargs, attribute, value):
    problem = make(META_LEARNERS[kind][0], rows=150)
    made = ensembles.stack(problem, models(problem, 2), maker(problem, kind, **kwargs))
    assert getattr(made.meta, attribute) == value


def test_what_the_meta_learner_refuses():
    problem = make()
    with pytest.raises(
        SettingsError, match="LogisticRegression has no argument 'max_itr'; did you mean 'max_iter'"
    ):
        maker(problem, "logistic_regression", max_itr=3)()
    with pytest.raises(
        SettingsError, match="'elastic_net' is for regression; for classification: logistic_regression"
    ):
        maker(problem, "elastic_net")()
    with pytest.raises(SettingsError, match="unknown stack_meta_learner_type 'ridge'"):
        maker(problem, "ridge")()
    with pytest.raises(StackError, match=r"LogisticRegression cannot be fitted: .*'C'"):
        ensembles.stack(problem, models(problem, 2), maker(problem, "logistic_regression", C=-1.0))


def test_defaults_are_azures():
    for splits, names in ((folds(90, 3), ["LogisticRegressionCV", "ElasticNetCV"]),
                          (holdout(90), ["LogisticRegression", "ElasticNet"])):  # fmt: skip
        for task, name in zip(("classification", "regression"), names, strict=True):
            for kind in (None, "none"):
                assert type(maker(make(task, rows=90, splits=splits), kind)()).__name__ == name


def test_stacking_is_quiet(capfd):
    for kind in ("logistic_regression_cv", "light_gbm_classifier"):
        problem = make(rows=90)
        ensembles.stack(problem, models(problem, 3), maker(problem, kind))
    assert capfd.readouterr() == ("", "")


def test_a_stack_leaves_the_threads_of_the_process_as_they_were():
    from threadpoolctl import threadpool_info

    problem, before = make(rows=90), threadpool_info()
    ensembles.stack(problem, models(problem, 3), maker(problem))
    assert [pool["num_threads"] for pool in threadpool_info()][: len(before)] == [
        p["num_threads"] for p in before
    ]
