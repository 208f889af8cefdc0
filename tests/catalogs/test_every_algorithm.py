"""What every algorithm owes: its tasks, a seed, weights or a no, both ends of its space, a safe file."""

import inspect
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
import skops.io
from scipy import sparse

from automl_components.algorithms import ALGORITHMS, Shape
from automl_components.algorithms.selection import resolve, select
from automl_components.algorithms.spaces import SCALERS, corners, neighbour, suggest
from automl_components.core.errors import SettingsError
from automl_components.engine.learner import Learner
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema

ROWS = 90
SCHEMA = FeatureSchema(("n0", "n1", "n2"), ("c0", "c1"), (3, 70), tuple(f"t{i}" for i in range(30)))
TRUSTED = ("automl_components.", "sklearn.", "lightgbm.", "xgboost.", "catboost.", "numpy.", "scipy.")
CASES = [
    pytest.param(name, task, classes, id=f"{name}-{classes or 'regression'}")
    for name, algorithm in ALGORITHMS.items()
    for task in algorithm.estimators
    for classes in ((2, 3) if task == "classification" else (0,))
]
ONCE = [case for case in CASES if case.values[2] != 2]  # type: ignore[index]
every_case = pytest.mark.parametrize(("name", "task", "classes"), CASES)
every_task = pytest.mark.parametrize(("name", "task", "classes"), ONCE)
every_algorithm = pytest.mark.parametrize("name", list(ALGORITHMS))


@pytest.fixture(autouse=True)
def _installed(request):
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    if name and (missing := ALGORITHMS[name].missing_packages()):
        pytest.skip(f"not installed: {', '.join(missing)}")


def make_problem(classes, rows=ROWS, seed=0):
    """Numbers and a large category with gaps, a small category, words; the target depends on two of them."""
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, 3)).astype(np.float32)
    codes = np.column_stack([rng.integers(0, 3, rows), rng.integers(-1, 70, rows)]).astype(np.int32)
    signal = 2 * numeric[:, 0] + 2 * (codes[:, 0] == 1) + 0.1 * rng.normal(size=rows)
    numeric[rng.random(numeric.shape) < 0.05] = np.nan
    words = sparse.random(rows, 30, 0.1, format="csr", dtype=np.float32, random_state=seed)
    X = FeatureMatrix(numeric, codes, words, SCHEMA)
    if not classes:
        return X, 1e6 + 1e4 * signal
    return X, np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes)).astype(np.int32)


def shape(classes):
    return Shape(ROWS, len(SCHEMA.names), classes, sparse=True)


def quick(params, **changes):
    """The same parameters with few rounds."""
    caps = {"n_estimators": 12, "max_iter": 30}
    return {k: min(v, caps.get(k, v)) if k in caps else v for k, v in params.items()} | changes


def learner(name, task, classes, params=None, seed=1):
    params = ALGORITHMS[name].defaults(task, shape(classes)) if params is None else params
    return Learner(name, task, quick(params), SCHEMA, classes, seed=seed)


def predictions(model, X):
    return model.predict_proba(X) if model.classes else model.predict(X)


def check(predicted, rows, classes):
    assert predicted.dtype == np.float64
    assert np.isfinite(predicted).all()
    assert predicted.shape == ((rows, classes) if classes else (rows,))
    if classes:
        assert (predicted >= 0).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-12)


@every_case
def test_learns(name, task, classes):
    X, y = make_problem(classes)
    model = learner(name, task, classes).fit(X, y)
    Z, z = make_problem(classes, rows=60, seed=9)
    predicted = predictions(model, Z)
    check(predicted, 60, classes)
    if classes:
        assert predicted[np.arange(60), z].mean() > 1 / classes + 0.03
        assert model.predict(Z).dtype == np.int32
    else:
        assert np.corrcoef(predicted, z)[0, 1] > 0.5
        assert abs(predicted.mean() - z.mean()) < 1e4
    assert model.pipeline_name.endswith(ALGORITHMS[name].title)


@every_task
def test_same_seed_same_model(name, task, classes):
    X, y = make_problem(classes)
    first, second = (predictions(learner(name, task, classes, seed=5).fit(X, y), X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@every_task
def test_takes_weights_or_says_no(name, task, classes):
    X, y = make_problem(classes)
    weight = np.random.default_rng(3).choice([0.05, 20.0], ROWS)
    Z, _ = make_problem(classes, seed=9)
    plain = predictions(learner(name, task, classes).fit(X, y), Z)
    model = learner(name, task, classes).fit(X, y, weight)
    weighted = predictions(model, Z)
    assert model.accepts_weights == ALGORITHMS[name].weights
    assert np.array_equal(plain, weighted) != model.accepts_weights
    if model.accepts_weights:  # only proportions count
        scaled = predictions(learner(name, task, classes).fit(X, y, 1024 * weight), Z)
        np.testing.assert_allclose(scaled, weighted, rtol=1e-6, atol=1e-9)


@every_task
def test_survives_both_ends_of_its_space(name, task, classes):
    X, y = make_problem(classes)
    for params in corners(ALGORITHMS[name], task, shape(classes)):
        check(predictions(learner(name, task, classes, params).fit(X, y), X), ROWS, classes)


@every_task
def test_survives_ten_rows(name, task, classes):
    X, y = make_problem(classes, rows=10)
    tiny = Shape(10, len(SCHEMA.names), classes, sparse=True)
    for params in (ALGORITHMS[name].defaults(task, tiny), *corners(ALGORITHMS[name], task, tiny)):
        check(predictions(learner(name, task, classes, params).fit(X, y), X), 10, classes)


@pytest.mark.parametrize("name", [n for n, a in ALGORITHMS.items() if "classification" in a.estimators])
def test_class_without_training_rows(name):
    X, y = make_problem(3)
    four = np.array([0, 1, 3])[y]  # nobody is of class 2
    model = learner(name, "classification", 4).fit(X, four, valid=(X, np.full(ROWS, 2), None))
    proba = model.predict_proba(X)
    check(proba, ROWS, 4)
    assert (proba[:, 2] > 0).all()
    assert (proba[:, 2] < 1e-5).all()
    assert np.mean(model.predict(X) == four) > 0.45


@pytest.mark.parametrize("name", [n for n, a in ALGORITHMS.items() if "classification" in a.estimators])
def test_classes_of_one_row(name):
    X, y = make_problem(2)
    y[:2] = [2, 3]
    check(learner(name, "classification", 4).fit(X, y).predict_proba(X), ROWS, 4)


@every_task
def test_model_file_is_safe_and_equal(name, task, classes):
    X, y = make_problem(classes)
    model = learner(name, task, classes).fit(X, y, valid=(X, y, None))
    file = skops.io.dumps(model)
    foreign = skops.io.get_untrusted_types(data=file)
    assert [kind for kind in foreign if not kind.startswith(TRUSTED)] == []
    again = skops.io.loads(file, trusted=foreign)
    np.testing.assert_array_equal(predictions(again, X), predictions(model, X))
    assert again.pipeline_name == model.pipeline_name


@every_task
def test_parameters_are_the_estimators_own(name, task, classes):
    algorithm = ALGORITHMS[name]
    kind = algorithm.estimator_class(task)
    accepted = {*inspect.signature(kind).parameters, *kind().get_params(), "scaler"}
    accepted |= {"cat_smooth", "extra_trees", "deterministic", "force_row_wise", "verbose"} & (
        {*algorithm.space(task, shape(classes)), *algorithm.fixed} if name == "light_gbm" else set()
    )  # LightGBM passes these on to its library
    for size in (10, 1_000, 1_000_000):
        for columns in (1, 100, 10_000):
            facts = Shape(size, columns, classes)
            space, defaults = algorithm.space(task, facts), algorithm.defaults(task, facts)
            assert {*space, *defaults, *algorithm.fixed} <= accepted
            assert not {*space, *defaults} & {*algorithm.fixed}
            scales_itself = defaults.get("scaler") == "none"
    assert ("scaler" in space) == (algorithm.view == "dense" and not scales_itself)


@every_task
def test_suggestions_are_repeatable_and_inside_the_space(name, task, classes):
    algorithm = ALGORITHMS[name]
    space = algorithm.space(task, shape(classes))
    drawn = [suggest(algorithm, task, shape(classes), np.random.default_rng(seed)) for seed in range(30)]
    again = [suggest(algorithm, task, shape(classes), np.random.default_rng(seed)) for seed in range(30)]
    assert drawn == again
    for params in drawn:
        assert params.keys() == {*space, *algorithm.defaults(task, shape(classes))}
        for key, distribution in space.items():
            value = params[key]
            assert value is None or type(value) in (int, float, str, bool)
            assert distribution._contains(distribution.to_internal_repr(value))
    for key, distribution in space.items():
        assert len({params[key] for params in drawn}) > 1 or distribution.single()


@every_task
def test_neighbours_are_repeatable_and_inside_the_space(name, task, classes):
    algorithm = ALGORITHMS[name]
    for rows, columns in product((10, 1_000, 1_000_000), (1, 100, 10_000)):
        facts = Shape(rows, columns, classes)
        space = algorithm.space(task, facts)
        for seed in range(10):
            params = algorithm.defaults(task, facts)
            for step in range(3):
                near = neighbour(algorithm, task, facts, params, np.random.default_rng([seed, step]))
                assert near == neighbour(algorithm, task, facts, params, np.random.default_rng([seed, step]))
                assert near.keys() >= params.keys()
                for key in space.keys() & near.keys():
                    moved = near[key] != params.get(key)
                    assert not moved or space[key]._contains(space[key].to_internal_repr(near[key]))
                params = near


# Azure's names, as sections 5 and 17 of its specification list them
V2 = {
    "classification": """
        logistic_regression sgd multinomial_naive_bayes bernoulli_naive_bayes svm linear_svm knn decision_tree
        random_forest extreme_random_trees light_gbm gradient_boosting xg_boost_classifier
    """,
    "regression": """
        elastic_net gradient_boosting decision_tree knn lasso_lars sgd random_forest extreme_random_trees
        light_gbm xg_boost_regressor
    """,
}
V1 = {
    "classification": """
        AveragedPerceptronClassifier LinearSVM BernoulliNaiveBayes DecisionTree ExtremeRandomTrees
        GradientBoosting KNN LightGBM LogisticRegression MultinomialNaiveBayes RandomForest SGD SVM
        XGBoostClassifier
    """,
    "regression": """
        OnlineGradientDescentRegressor FastLinearRegressor DecisionTree ElasticNet ExtremeRandomTrees
        GradientBoosting KNN LassoLars LightGBM RandomForest SGD XGBoostRegressor
    """,
}
V2018 = {
    "classification": {
        "logistic regression": "logistic_regression",
        "SGD classifier": "sgd",
        "MultinomialNB": "multinomial_naive_bayes",
        "BernoulliNB": "bernoulli_naive_bayes",
        "SVM": "svm",
        "LinearSVM": "linear_svm",
        "kNN": "knn",
        "DT": "decision_tree",
        "RF": "random_forest",
        "extra trees": "extreme_random_trees",
        "gradient boosting": "gradient_boosting",
        "lgbm_classifier": "light_gbm",
    },
    "regression": {
        "Elastic net": "elastic_net",
        "Gradient boosting regressor": "gradient_boosting",
        "DT regressor": "decision_tree",
        "kNN regressor": "knn",
        "Lasso lars": "lasso_lars",
        "SGD regressor": "sgd",
        "RF regressor": "random_forest",
        "extra trees regressor": "extreme_random_trees",
    },
}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_all_of_azures_names_resolve(task):
    v2, v1 = V2[task].split(), V1[task].split()
    assert [a.name for a in resolve(v2, task)] == v2
    assert [a.name for a in resolve([n.upper() for n in v2], task)] == v2
    assert [a.title for a in resolve(v1, task)] == v1
    for name, expected in V2018[task].items():
        assert [a.name for a in resolve([name], task)] == [expected]


def test_every_alias_means_one_algorithm():
    for task in ("classification", "regression"):
        able = [a for a in ALGORITHMS.values() if task in a.estimators]
        for algorithm in able:
            for name in (algorithm.name, algorithm.title, *algorithm.aliases):
                assert resolve([name], task) == [algorithm]


def test_wrong_names():
    with pytest.raises(SettingsError, match="unknown algorithm 'ligth_gbm'; did you mean 'light_gbm'"):
        resolve(["ligth_gbm"], "classification")
    with pytest.raises(
        SettingsError, match=r"'LassoLars' is for regression, not for classification; .*light_gbm"
    ):
        resolve(["LassoLars"], "classification")
    assert [a.name for a in resolve(["LightGBM", "light_gbm"], "regression")] == ["light_gbm"]


def test_selection_by_lists():
    facts = Shape(1000, 10, 2)
    chosen, skipped = select("classification", facts, allowed=["knn", "LightGBM"])
    assert [a.name for a in chosen] == ["light_gbm", "knn"]
    assert skipped == []
    chosen, skipped = select("classification", facts, blocked=["SVM", "kNN"])
    assert {"svm", "knn"} == {skip.name for skip in skipped if skip.reason == "blocked"}
    assert not {"svm", "knn"} & {a.name for a in chosen}
    assert [a.rank for a in chosen] == sorted(a.rank for a in chosen)
    with pytest.raises(SettingsError, match="both given"):
        select("classification", facts, allowed=["svm"], blocked=["knn"])
    everything = [a.name for a in ALGORITHMS.values() if "regression" in a.estimators]
    with pytest.raises(SettingsError, match="leaves no algorithm for regression"):
        select("regression", facts, blocked=everything)


def test_selection_by_size():
    small, _ = select("classification", Shape(1000, 10, 2))
    large, skipped = select("classification", Shape(1_000_000, 10, 2))
    names = [{a.name for a in chosen} for chosen in (small, large)]
    assert names[0] - names[1] >= {"svm", "knn", "gradient_boosting"}
    assert names[1] - names[0] == {"averaged_perceptron_classifier", "linear_svm_sgd"}
    reasons = {skip.name: skip.reason for skip in skipped}
    assert reasons["svm"] == "too slow above 20,000 rows (there are 1,000,000)"
    asked, _ = select("classification", Shape(1_000_000, 10, 2), allowed=["svm"])
    assert [a.name for a in asked] == ["svm"]


def test_selection_without_optional_packages(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    chosen, skipped = select("regression", Shape(1000, 10))
    reasons = {skip.name: skip.reason for skip in skipped}
    assert "pip install 'automl-components[boosting]'" in reasons["cat_boost"]
    assert "xgboost is not installed" in reasons["xg_boost_regressor"]
    assert "light_gbm" in {a.name for a in chosen}
    with pytest.raises(SettingsError, match=r"names 'cat_boost', but catboost is not installed: pip install"):
        select("regression", Shape(1000, 10), allowed=["cat_boost"])


def test_azures_scalers_are_offered():
    azure = """StandardScaler MinMaxScaler MaxAbsScaler RobustScaler PCA TruncatedSVD Normalizer"""
    assert sorted(SCALERS) == sorted(azure.split())


def test_prediction_needs_neither_optuna_nor_other_boosters():
    code = (
        "import sys, automl_components.engine.learner, automl_components.algorithms as a; list(a.ALGORITHMS);"
        "print({'optuna', 'lightgbm', 'xgboost', 'catboost', 'pydantic', 'click'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
