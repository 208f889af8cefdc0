"""The learner: targets, weights, early stopping, deadlines, calibration."""

import time

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.svm import LinearSVC

from automl_components.algorithms import ALGORITHMS, Shape
from automl_components.core.errors import DataError, SettingsError
from automl_components.engine.boosters import Stopper
from automl_components.engine.learner import Learner
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.engine.scores import decision, fit_calibration

SCHEMA = FeatureSchema(("a", "b"), ("c",), (4,), ())
BOOSTERS = ["light_gbm", "cat_boost", "xg_boost"]


def problem(task, rows=300, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, 2)).astype(np.float32)
    codes = rng.integers(-1, 4, (rows, 1)).astype(np.int32)
    signal = numeric[:, 0] + (codes[:, 0] == 2) + noise * rng.normal(size=rows)
    X = FeatureMatrix(numeric, codes, None, SCHEMA)
    return X, signal if task == "regression" else (signal > 0.3).astype(np.int32)


def learner(name, task, rows=300, **changes):
    settings = {k: changes.pop(k) for k in ("seed", "rounds", "threads") if k in changes}
    classes = 2 if task == "classification" else 0
    if name == "xg_boost":
        name = "xg_boost_classifier" if task == "classification" else "xg_boost_regressor"
    algorithm = ALGORITHMS[name]
    if missing := algorithm.missing_packages():
        pytest.skip(f"not installed: {', '.join(missing)}")
    params = algorithm.defaults(task, Shape(rows, 3, classes)) | changes
    return Learner(name, task, params, SCHEMA, classes, **settings)


def output(model, X):
    return model.predict_proba(X) if model.classes else model.predict(X)


def loss(model, X, y):
    return (
        log_loss(y, model.predict_proba(X)) if model.classes else float(np.mean((model.predict(X) - y) ** 2))
    )


def count_rounds(model):
    booster = model.estimator_.model
    if model.algorithm == "light_gbm":
        return booster.best_iteration if booster.best_iteration > 0 else booster.num_trees()
    return booster.tree_count_ if model.algorithm == "cat_boost" else booster.num_boosted_rounds()


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("name", BOOSTERS)
def test_early_stopping_is_a_fit_of_fewer_rounds(name, task):
    X, y = problem(task)
    Z, z = problem(task, seed=1)
    stopped = learner(name, task).fit(X, y, valid=(Z, z, None))
    assert stopped.stop_reason_ == "patience"
    assert 1 <= stopped.rounds_ < 500
    assert count_rounds(stopped) == stopped.rounds_
    same = learner(name, task, rounds=stopped.rounds_).fit(X, y)
    assert same.rounds_ is None
    assert same.stop_reason_ == "rounds"
    np.testing.assert_allclose(output(same, Z), output(stopped, Z), rtol=1e-6)
    for other in (stopped.rounds_ + 100, max(1, stopped.rounds_ // 3)):
        assert loss(stopped, Z, z) <= loss(learner(name, task, rounds=other).fit(X, y), Z, z)


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("name", BOOSTERS)
def test_a_deadline_ends_a_booster_with_what_it_has(name, validated):
    X, y = problem("regression")
    valid = (X, y, None) if validated else None
    late = learner(name, "regression").fit(X, y, valid=valid, deadline=time.monotonic())
    assert late.stop_reason_ == "deadline"
    assert count_rounds(late) == 1
    assert late.rounds_ == (1 if validated else None)
    assert np.ptp(late.predict(X)) > 0
    begun = time.monotonic()
    timed = learner(name, "regression", n_estimators=1_000_000, learning_rate=1e-4)
    timed.fit(X, y, valid=valid, deadline=begun + 0.4)
    assert timed.stop_reason_ == "deadline"
    assert time.monotonic() - begun < 5
    assert count_rounds(timed) > 5


def test_patience_grows_with_the_best_round():
    def rounds_until_stop(rows, best):
        stopper = Stopper(rows, None)
        for number in range(10_000):
            if stopper(1 / (1 + min(number, best))):
                return number, stopper
        raise AssertionError

    for rows, base in ((1_000, 150), (20_000, 75), (10_000_000, 20)):
        for best in (0, 10, 200):
            number, stopper = rounds_until_stop(rows, best)
            assert number - best == int(0.3 * best + base) + 1
            assert (stopper.rounds, stopper.reason) == (best + 1, "patience")
    number, stopper = Stopper(10**7, None), None
    assert [number(float("nan")) for _ in range(22)] == [False] * 21 + [True]
    assert number.rounds == 1


@pytest.mark.parametrize("name", ["light_gbm", "logistic_regression", "linear_svm", "random_forest"])
def test_a_row_of_weight_zero_is_no_row(name):
    X, y = problem("classification")
    weight = np.random.default_rng(0).choice([0.0, 1.0, 2.0], 300)
    kept = weight > 0
    whole = learner(name, "classification").fit(X, y, weight)
    part = learner(name, "classification").fit(X.take(kept), y[kept], weight[kept])
    np.testing.assert_array_equal(output(whole, X), output(part, X))


def test_validation_weights_count():
    X, y = problem("classification")
    Z, z = problem("classification", seed=1)
    flipped = (Z, 1 - z, np.zeros(300))
    assert (
        learner("light_gbm", "classification", n_estimators=40).fit(X, y, np.ones(300), flipped).rounds_
        is None
    )
    weight = np.r_[np.ones(150), np.zeros(150)]
    mixed = np.r_[z[:150], 1 - z[150:]]
    first = learner("light_gbm", "classification").fit(X, y, np.ones(300), (Z, mixed, weight))
    half = np.arange(150)
    second = learner("light_gbm", "classification").fit(X, y, np.ones(300), (Z.take(half), z[half], None))
    assert first.rounds_ == second.rounds_ > 1


def test_weights_that_leave_nothing_are_refused():
    X, y = problem("regression")
    with pytest.raises(DataError, match="weights of all training rows are 0"):
        learner("light_gbm", "regression").fit(X, y, np.zeros(300))


@pytest.mark.parametrize("name", ["elastic_net", "light_gbm", "sgd", "knn", "xg_boost"])
def test_regression_does_not_depend_on_the_targets_unit(name):
    X, y = problem("regression")
    changes = {"n_estimators": 30} if name in ("light_gbm", "xg_boost") else {}
    plain = learner(name, "regression", **changes).fit(X, y).predict(X)
    moved = learner(name, "regression", **changes).fit(X, 1e7 + 4096 * y).predict(X)
    np.testing.assert_allclose((moved - 1e7) / 4096, plain, rtol=1e-4, atol=1e-4)


def test_constant_targets():
    X, _ = problem("regression")
    assert set(learner("light_gbm", "regression").fit(X, np.full(300, 7.5)).predict(X)) == {7.5}
    model = learner("logistic_regression", "classification").fit(X, np.ones(300, np.int32))
    np.testing.assert_allclose(model.predict_proba(X), np.tile([0, 1], (300, 1)), atol=1e-5)
    assert set(model.predict(X)) == {1}


@pytest.mark.parametrize("name", ["light_gbm", "knn", "svm"])
def test_no_rows_no_predictions(name):
    X, y = problem("classification")
    nobody = X.take(np.arange(0))
    model = learner(name, "classification").fit(X, y)
    assert model.predict_proba(nobody).shape == (0, 2)
    assert model.predict(nobody).shape == (0,)


def test_others_do_not_look_at_validation_rows():
    X, y = problem("classification")
    plain = learner("random_forest", "classification").fit(X, y)
    watched = learner("random_forest", "classification").fit(X, y, valid=(X, 1 - y, None))
    np.testing.assert_array_equal(output(plain, X), output(watched, X))
    assert watched.rounds_ is None
    assert watched.stop_reason_ is None


def test_native_categories_reach_lightgbm_and_catboost():
    """Levels scattered over the codes are told from the rest by one split: they are no numbers."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 31, (6000, 1)).astype(np.int32)
    X = FeatureMatrix(np.empty((6000, 0), np.float32), codes, None, FeatureSchema((), ("c",), (31,), ()))
    y = np.isin(codes[:, 0], [3, 8, 15, 22, 28]).astype(float)
    for name, changes in (
        ("light_gbm", {"num_leaves": 2, "learning_rate": 1.0, "subsample": 1.0, "cat_smooth": 0}),
        ("cat_boost", {"depth": 1, "learning_rate": 1.0, "one_hot_max_size": 2, "subsample": 1.0}),
    ):
        if ALGORITHMS[name].missing_packages():
            continue
        model = Learner(name, "regression", {"n_estimators": 1, **changes}, X.schema)
        assert np.corrcoef(model.fit(X, y).predict(X), y)[0, 1] > 0.99


@pytest.mark.parametrize("name", ["linear_svm", "svm", "averaged_perceptron_classifier", "linear_svm_sgd"])
def test_scores_become_honest_probabilities(name):
    rng = np.random.default_rng(0)
    numeric = rng.normal(size=(3000, 2)).astype(np.float32)
    truth = expit(1.5 * numeric[:, 0] - 1)
    y = (rng.random(3000) < truth).astype(np.int32)
    X = FeatureMatrix(numeric, np.empty((3000, 0), np.int32), None, FeatureSchema(("a", "b")))
    train, test = np.arange(1500), np.arange(1500, 3000)
    params = ALGORITHMS[name].defaults("classification", Shape(1500, 2, 2))
    model = Learner(name, "classification", params, X.schema, 2).fit(X.take(train), y[train])
    proba = model.predict_proba(X.take(test))[:, 1]
    best = log_loss(y[test], truth[test])
    assert log_loss(y[test], proba) < best + 0.03
    assert abs(proba.mean() - truth[test].mean()) < 0.03


def test_calibration_scores_rows_that_were_held_out():
    """Pure noise in more columns than rows: training scores look perfect, held-out ones tell nothing."""
    rng = np.random.default_rng(0)
    X, y, fresh = rng.normal(size=(300, 600)), np.tile([0, 1], 150), rng.normal(size=(300, 600))
    svm = LinearSVC(dual=True, max_iter=5000)
    model = fit_calibration(svm, X, y, None, seed=0)
    scores = decision(svm.fit(X, y), fresh)
    assert np.abs(model.predict_proba(scores) - 0.5).mean() < 0.1
    naive = LogisticRegression().fit(decision(svm, X), y)
    assert np.abs(naive.predict_proba(scores) - 0.5).mean() > 0.2


def test_calibration_of_many_rows_costs_one_extra_fit():
    fits = []

    class Counted(LinearSVC):
        def fit(self, X, y, sample_weight=None):
            fits.append(len(y))
            return super().fit(X, y, sample_weight)

    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 1))
    y = (X[:, 0] + rng.normal(size=20_000) > 0).astype(int)
    model = fit_calibration(Counted(dual=False), X, y, np.ones(20_000), seed=0)
    assert fits == [15_001]  # one part of four is held out, but for one row of its class
    assert model.classes_.tolist() == [0, 1]


def test_settings_are_checked():
    with pytest.raises(SettingsError, match="unknown algorithm 'lightgbm'; did you mean 'light_gbm'"):
        Learner("lightgbm", "regression", {}, SCHEMA)
    with pytest.raises(SettingsError, match="'svm' is for classification, not for regression"):
        Learner("svm", "regression", {}, SCHEMA)
    with pytest.raises(SettingsError, match="'knn' has no rounds"):
        Learner("knn", "regression", {}, SCHEMA, rounds=5)
    with pytest.raises(SettingsError, match="'light_gbm' takes no scaler"):
        Learner("light_gbm", "regression", {"scaler": "PCA"}, SCHEMA)
    X, y = problem("regression")
    with pytest.raises(
        SettingsError, match="knn has no parameter 'n_neighbours'; did you mean 'n_neighbors'"
    ):
        Learner("knn", "regression", {"n_neighbours": 3}, SCHEMA).fit(X, y)
    with pytest.raises(SettingsError, match="unknown scaler"):
        Learner("knn", "regression", {"scaler": "Standard"}, SCHEMA).fit(X, y)


def test_names_on_the_leaderboard():
    assert learner("light_gbm", "regression").pipeline_name == "LightGBM"
    assert learner("knn", "regression").pipeline_name == "StandardScaler, KNN"
    assert learner("knn", "regression", scaler="PCA").pipeline_name == "PCA, KNN"
    assert (
        learner("bernoulli_naive_bayes", "classification").pipeline_name == "Binarizer, BernoulliNaiveBayes"
    )


ENCODED = FeatureSchema(("x",), ("city",), (400,))


def cities(rows, seed=0):
    """A number without meaning, and a city of 400 whose mean decides."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 400, (rows, 1)).astype(np.int32)
    levels = np.random.default_rng(9).normal(size=400)
    numeric = rng.normal(size=(rows, 1)).astype(np.float32)
    return FeatureMatrix(numeric, codes, None, ENCODED), levels[codes[:, 0]] + 0.5 * rng.normal(size=rows)


def test_encodings_of_the_target_are_learned_from_the_training_rows():
    X, y = cities(4000)
    Z, z = cities(4000, seed=1)
    params = ALGORITHMS["elastic_net"].defaults("regression", Shape(4000, 2))
    plain = Learner("elastic_net", "regression", params, ENCODED).fit(X, y)
    encoded = Learner(
        "elastic_net", "regression", {**params, "encodings": ["cat_target_encoder"]}, ENCODED
    ).fit(X, y)
    assert np.mean((encoded.predict(Z) - z) ** 2) < 0.8 * np.mean((plain.predict(Z) - z) ** 2)
    noise = np.random.default_rng(5).permutation(y)  # a target of nothing is not learned by heart
    blind = Learner("elastic_net", "regression", {**params, "encodings": ["cat_target_encoder"]}, ENCODED)
    assert np.var(blind.fit(X, noise).predict(X)) < 0.2 * np.var(noise)


def test_an_unknown_encoding_is_refused():
    X, y = cities(100)
    with pytest.raises(
        SettingsError, match="unknown encoding 'cat_target'; did you mean 'cat_target_encoder'"
    ):
        Learner("elastic_net", "regression", {"encodings": ["cat_target"]}, ENCODED).fit(X, y)


def rare(rows=400, share=0.08):
    """A problem whose second class is rare; the other rows are in their order."""
    X, y = problem("classification", rows=4 * rows)
    keep = np.sort(np.r_[np.flatnonzero(y == 0)[:rows], np.flatnonzero(y == 1)[: int(share * rows)]])
    return X.take(keep), y[keep]


@pytest.mark.parametrize("name", ["logistic_regression", *BOOSTERS])
def test_balanced_class_weights_are_weights_of_rows(name):
    """scikit-learn's formula, multiplied with the weights that rows have; the model is that of those weights."""
    X, y = rare()
    own = np.random.default_rng(0).uniform(0.5, 2, len(y))
    masses = np.bincount(y, own)
    by_hand = own * (own.sum() / (2 * masses))[y]
    balanced = learner(name, "classification", class_weight="balanced").fit(X, y, own)
    weighted = learner(name, "classification").fit(X, y, by_hand)
    np.testing.assert_allclose(balanced.predict_proba(X), weighted.predict_proba(X), rtol=1e-6)
    plain = learner(name, "classification").fit(X, y, own)
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()
    assert balanced.pipeline_name.endswith("balanced " + ALGORITHMS[balanced.algorithm].title)


def test_restored_priors_are_those_of_the_rows():
    X, y = rare(rows=3000)
    plain = learner("logistic_regression", "classification").fit(X, y)
    restored = learner(
        "logistic_regression", "classification", class_weight="balanced", restore_priors=True
    ).fit(X, y)
    expected, found = plain.predict_proba(X)[:, 1], restored.predict_proba(X)[:, 1]
    assert found.mean() == pytest.approx(expected.mean(), rel=0.1)
    np.testing.assert_allclose(found, expected, atol=0.1)
    np.testing.assert_allclose(restored.predict_proba(X).sum(axis=1), 1)


def test_early_stopping_sees_balanced_classes():
    X, y = rare()
    valid = rare(rows=300)
    stopped = learner("light_gbm", "classification", class_weight="balanced").fit(X, y, valid=(*valid, None))
    weights = len(y) / (2 * np.bincount(y))
    same = learner("light_gbm", "classification").fit(X, y, weights[y], valid=(*valid, weights[valid[1]]))
    assert stopped.rounds_ == same.rounds_


def test_class_weights_where_there_are_none():
    with pytest.raises(SettingsError, match="cannot weigh the classes of a regression"):
        learner("light_gbm", "regression", class_weight="balanced")
    with pytest.raises(SettingsError, match="'knn' cannot weigh the classes"):
        learner("knn", "classification", class_weight="balanced")
    with pytest.raises(SettingsError, match="class_weight is 'balanced' or absent, not 'half'"):
        learner("light_gbm", "classification", class_weight="half")
