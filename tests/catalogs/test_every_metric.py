"""What every metric owes: its best value, its direction, its weights, and NaN where it is undefined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.engine.scoring import score_classification, score_regression
from automl_components.metrics import METRICS

AVERAGED = ("AUC", "average_precision_score", "f1_score", "precision_score", "recall_score")
CLASSIFICATION = {
    f"{name}_{kind}" for name in AVERAGED for kind in ("macro", "micro", "weighted", "binary")
} | {
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "matthews_correlation",
    "norm_macro_recall",
    "weighted_accuracy",
}
ERRORS = {
    "mean_absolute_error",
    "median_absolute_error",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
}
REGRESSION = (
    ERRORS
    | {f"normalized_{name}" for name in ERRORS}
    | {"explained_variance", "r2_score", "spearman_correlation", "mean_absolute_percentage_error"}
)
EVERY = sorted(CLASSIFICATION | REGRESSION)


def values(task, y, predictions, weight=None):
    """All metrics of a task; classification has three classes and a positive one."""
    if task == "regression":
        return score_regression(y, predictions, sample_weight=weight, y_min=0.0, y_max=20.0)
    return score_classification(y, predictions, [0, 1, 2], sample_weight=weight, positive_label=1)


def perfect(task, rows=600, seed=0):
    rng = np.random.default_rng(seed)
    if task == "regression":
        y = rng.gamma(3, 2, rows)
        return y, y.copy()
    y = rng.choice(3, rows, p=[0.6, 0.3, 0.1])
    return y, np.eye(3)[y]


def worse(task, predictions, share, seed=1):
    """The predictions with a share of the rows shuffled."""
    rng = np.random.default_rng(seed)
    predictions, rows = predictions.copy(), rng.random(len(predictions)) < share
    predictions[rows] = rng.permutation(predictions[rows])
    return predictions if task == "regression" else 0.9 * predictions + 0.1 / 3


def test_the_catalog_holds_the_names_of_azure():
    assert {name for name, metric in METRICS.items() if metric.task == "classification"} == CLASSIFICATION
    assert {name for name, metric in METRICS.items() if metric.task == "regression"} == REGRESSION
    assert set(values("classification", *perfect("classification"))) == CLASSIFICATION
    assert set(values("regression", *perfect("regression"))) == REGRESSION


def test_only_errors_and_log_loss_are_better_when_less():
    less = {name for name, metric in METRICS.items() if not metric.greater_is_better}
    assert less == {"log_loss", "mean_absolute_percentage_error"} | {
        n for n in REGRESSION if n.endswith("error")
    }
    assert METRICS["log_loss"].sign(2.0) == -2.0
    assert METRICS["accuracy"].sign(2.0) == 2.0


@pytest.mark.parametrize("name", EVERY)
def test_a_perfect_prediction_scores_best(name):
    task = METRICS[name].task
    assert values(task, *perfect(task))[name] == pytest.approx(METRICS[name].best, abs=1e-12)


@pytest.mark.parametrize("name", EVERY)
def test_worse_predictions_score_worse(name):
    metric = METRICS[name]
    y, predictions = perfect(metric.task)
    scores = [
        values(metric.task, y, worse(metric.task, predictions, share))[name] for share in (0, 0.2, 0.5, 1)
    ]
    turned = [metric.sign(score) for score in scores]
    # half or more rows wrong: the median error and r2's lower end may already have stopped moving
    assert turned[0] > turned[2]
    assert turned == sorted(turned, reverse=True)


@pytest.mark.parametrize("name", EVERY)
def test_whether_probabilities_matter_is_what_it_says(name):
    metric = METRICS[name]
    if metric.task == "regression":
        assert not metric.needs_proba
        return
    rng = np.random.default_rng(5)
    y, proba = rng.integers(0, 3, 200), rng.dirichlet(np.ones(3), 200)
    labels_only = np.eye(3)[proba.argmax(axis=1)]
    same = values("classification", y, proba)[name] == values("classification", y, labels_only)[name]
    assert same is not metric.needs_proba


@st.composite
def weighted_cases(draw, task):
    """A small case with ties, and whole weights, some of them 0."""
    rows = draw(st.integers(2, 25))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    weight = rng.integers(0, 4, rows)
    if task == "regression":
        return rng.integers(1, 8, rows).astype(float), np.round(rng.gamma(3, 2, rows), 1), weight
    proba = rng.dirichlet(np.ones(3), rows).round(1) + 0.1
    return rng.integers(0, draw(st.integers(1, 3)), rows), proba / proba.sum(axis=1, keepdims=True), weight


@pytest.mark.parametrize("task", ["classification", "regression"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_whole_weight_is_that_many_rows(task, data):
    y, predictions, weight = data.draw(weighted_cases(task))
    repeated = values(task, y.repeat(weight), predictions.repeat(weight, axis=0))
    assert values(task, y, predictions, weight) == pytest.approx(repeated, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("task", ["classification", "regression"])
@settings(max_examples=40, deadline=None)
@given(data=st.data(), scale=st.floats(1e-3, 1e3))
def test_only_the_proportion_of_weights_matters(task, data, scale):
    y, predictions, weight = data.draw(weighted_cases(task))
    scaled = values(task, y, predictions, weight * scale)
    assert scaled == pytest.approx(values(task, y, predictions, weight), abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_nothing_to_judge_is_undefined(task):
    y, predictions = perfect(task, rows=4)
    empty = values(task, y[:0], predictions[:0])
    weightless = values(task, y, predictions, np.zeros(4))
    missing, infinite = predictions.copy(), predictions.copy()
    missing[2], infinite[2] = np.nan, np.inf
    for scores in (empty, weightless, values(task, y, missing), values(task, y, infinite)):
        assert scores
        assert all(np.isnan(value) for value in scores.values())


def test_one_class_alone_leaves_what_compares_classes_undefined():
    proba = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1]])
    scores = values("classification", [0, 0], proba)
    undefined = {name for name, value in scores.items() if np.isnan(value)}
    # class 1 is the positive one: nobody has it, so its recall and areas do not exist; its precision is 0
    assert undefined == {
        *("AUC_macro", "AUC_weighted", "AUC_binary", "average_precision_score_binary"),
        *("recall_score_binary", "matthews_correlation"),
    }
    assert scores["recall_score_macro"] == scores["accuracy"] == 0.5
    assert scores["average_precision_score_macro"] == 1.0
    assert scores["precision_score_binary"] == scores["f1_score_binary"] == 0.0


def test_a_constant_target_leaves_explained_shares_undefined():
    scores = values("regression", [0.1] * 7, np.linspace(0, 1, 7))
    undefined = {name for name, value in scores.items() if np.isnan(value)}
    assert undefined == {"explained_variance", "r2_score", "spearman_correlation"}


def test_huge_errors_are_infinite_and_no_warning():
    scores = values("regression", [1.0, 2.0, 3.0], [1e300, 1.0, -1e300])
    assert scores["root_mean_squared_error"] == np.inf
    assert scores["r2_score"] == -1
