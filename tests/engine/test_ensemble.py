"""Stacking without a leak, and every meta-learner."""

from dataclasses import replace

import numpy as np
import pytest
from problems import folds, holdout, make, models
from sklearn.metrics import log_loss, roc_auc_score

from automl_components.core.errors import SettingsError
from automl_components.engine import ensemble as ensembles
from automl_components.engine.ensemble import META_LEARNERS, Candidate, StackError
from automl_components.engine.predictor import meta_predict, stack_features


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
