"""Scores against scikit-learn, SciPy and the stated formulas; names, custom metrics, and what is refused."""

import pickle
import re
import sys

import numpy as np
import pytest
import sklearn.metrics as sk
from scipy.stats import rankdata, spearmanr

from automl_components.core.errors import DataError, RunError, SettingsError
from automl_components.engine.scoring import (
    Scorer,
    positive_code,
    primary_metric,
    score_classification,
    score_regression,
)
from automl_components.metrics import METRICS

EXACT = {"rel": 1e-12, "abs": 1e-12}


def classification_case(classes, weighted, rows=400, seed=0):
    """Imbalanced classes, probabilities with ties, one class hardly ever predicted."""
    rng = np.random.default_rng([seed, classes])
    shares = np.arange(classes, 0, -1.0)
    y = rng.choice(classes, rows, p=shares / shares.sum())
    raw = (np.eye(classes)[y] * 0.7 + rng.random((rows, classes))).round(2) + 0.01
    raw[:, -1] *= 0.5
    return y, raw / raw.sum(axis=1, keepdims=True), rng.gamma(2, 1, rows) if weighted else None


def golden_classification(y, proba, weight):
    classes = proba.shape[1]
    labels, truth = proba.argmax(axis=1), np.eye(classes)[y]
    w = {"sample_weight": weight}
    size = np.bincount(y, weight, minlength=classes)[y]
    own = 1.0 if weight is None else weight
    golden = {
        "accuracy": sk.accuracy_score(y, labels, **w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, labels, **w),
        "log_loss": sk.log_loss(y, proba, labels=range(classes), **w),
        "matthews_correlation": sk.matthews_corrcoef(y, labels, **w),
        "weighted_accuracy": np.average(y == labels, weights=own * size),
        "norm_macro_recall": sk.balanced_accuracy_score(y, labels, adjusted=True, **w),
    }
    for kind in ("macro", "micro", "weighted"):
        golden[f"AUC_{kind}"] = sk.roc_auc_score(truth, proba, average=kind, **w)
        golden[f"average_precision_score_{kind}"] = sk.average_precision_score(
            truth, proba, average=kind, **w
        )
        for name in ("precision_score", "recall_score", "f1_score"):
            value = getattr(sk, name)(y, labels, average=kind, zero_division=0, **w)
            golden[f"{name}_{kind}"] = value
    hit, guess = y == 1, labels == 1
    golden["AUC_binary"] = sk.roc_auc_score(hit, proba[:, 1], **w)
    golden["average_precision_score_binary"] = sk.average_precision_score(hit, proba[:, 1], **w)
    for name in ("precision_score", "recall_score", "f1_score"):
        golden[f"{name}_binary"] = getattr(sk, name)(hit, guess, **w)
    return golden


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classification_equals_scikit_learn(classes, weighted):
    y, proba, weight = classification_case(classes, weighted)
    scores = score_classification(y, proba, range(classes), sample_weight=weight, positive_label=1)
    assert scores == pytest.approx(golden_classification(y, proba, weight), **EXACT)


def test_golden_numbers_by_hand():
    proba = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    scores = score_classification([0, 0, 1, 1], proba, ["n", "y"], sample_weight=[1, 1, 2, 4])
    # weights 2 of n, all right; 6 of y, 2 of them right
    assert scores["accuracy"] == 4 / 8
    assert scores["balanced_accuracy"] == pytest.approx((1 + 1 / 3) / 2, **EXACT)
    assert scores["norm_macro_recall"] == pytest.approx(1 / 3, **EXACT)
    assert scores["weighted_accuracy"] == pytest.approx((2 * 2 + 6 * 2) / (2 * 2 + 6 * 6), **EXACT)
    # of 12 pairs of weight, y 0.8 beats both n (4), y 0.3 beats n 0.1 (4)
    assert scores["AUC_binary"] == pytest.approx(8 / 12, **EXACT)
    assert scores["precision_score_binary"] == 1.0
    assert scores["log_loss"] == pytest.approx(
        -(np.log(0.9) + np.log(0.6) + 2 * np.log(0.8) + 4 * np.log(0.3)) / 8, **EXACT
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_an_absent_class_is_left_out_of_what_it_cannot_have(weighted):
    y, proba, weight = classification_case(4, weighted)
    rows = y != 2
    y, proba, weight = y[rows], proba[rows], weight[rows] if weighted else None
    scores = score_classification(y, proba, range(4), sample_weight=weight)
    truth, labels, there = np.eye(4)[y], proba.argmax(axis=1), [0, 1, 3]
    assert 2 in labels  # predicted, though nobody has it: precision and F1 0, which scikit-learn counts
    w = {"sample_weight": weight}
    expected = {
        "balanced_accuracy": sk.recall_score(y, labels, average="macro", labels=there, **w),
        "recall_score_macro": sk.recall_score(y, labels, average="macro", zero_division=np.nan, **w),
        "precision_score_macro": sk.precision_score(y, labels, average="macro", **w),
        "f1_score_macro": sk.f1_score(y, labels, average="macro", **w),
        "log_loss": sk.log_loss(y, proba, labels=range(4), **w),
    }
    for kind in ("macro", "weighted"):
        part = truth[:, there], proba[:, there]
        expected[f"AUC_{kind}"] = sk.roc_auc_score(*part, average=kind, **w)
        expected[f"average_precision_score_{kind}"] = sk.average_precision_score(*part, average=kind, **w)
    expected["AUC_micro"] = sk.roc_auc_score(truth.ravel(), proba.ravel(), sample_weight=_each(weight, 4))
    assert {name: scores[name] for name in expected} == pytest.approx(expected, **EXACT)
    chance = 1 / 4
    assert scores["norm_macro_recall"] == pytest.approx(
        (scores["recall_score_macro"] - chance) / (1 - chance)
    )
    assert not any(name.endswith("_binary") for name in scores)


def _each(weight, times):
    return None if weight is None else weight.repeat(times)


def test_a_class_never_predicted_has_precision_0_and_never_predicting_earns_nothing():
    y, proba = np.array([0, 0, 1, 1]), np.tile([0.9, 0.1], (4, 1))
    scores = score_classification(y, proba, [0, 1])
    assert scores["precision_score_macro"] == 0.25
    assert scores["precision_score_binary"] == scores["f1_score_binary"] == scores["recall_score_binary"] == 0
    assert scores["matthews_correlation"] == 0
    assert scores["AUC_weighted"] == 0.5


def test_a_given_decision_changes_labels_and_not_rankings():
    y, proba, _ = classification_case(2, False)
    decision = (proba[:, 1] >= 0.3).astype(int)
    usual = score_classification(y, proba, [0, 1])
    moved = score_classification(y, proba, [0, 1], decision=decision)
    assert moved["recall_score_binary"] == pytest.approx(sk.recall_score(y, decision), **EXACT)
    assert moved["recall_score_binary"] > usual["recall_score_binary"]
    assert {n for n in usual if usual[n] == moved[n]} >= {n for n in usual if n.startswith(("AUC", "log"))}


def test_binary_metrics_follow_the_positive_label():
    y, proba, _ = classification_case(3, False)
    scores = score_classification(y, proba, ["a", "b", "c"], positive_label="c")
    assert scores["recall_score_binary"] == pytest.approx(sk.recall_score(y == 2, proba.argmax(axis=1) == 2))
    assert scores["AUC_binary"] == pytest.approx(sk.roc_auc_score(y == 2, proba[:, 2]), **EXACT)


@pytest.mark.parametrize(
    ("classes", "label", "code"),
    [
        ([0, 1], None, 1),
        (["x", "y", "z"], None, None),
        (["x", "y", "z"], "y", 1),
        (["a", "A"], "A", 1),
        (np.array([3, 7]), "7", 1),
        (np.array([3.0, 7.0]), 3, 0),
        (np.array([False, True]), "true", 1),
        (np.array(["no", "yes"], dtype=object), True, 1),
        (["no", "yes"], "No", 0),
        (["off", "on"], False, 0),
    ],
)
def test_positive_label_finds_its_class(classes, label, code):
    assert positive_code(classes, label) == code


def test_an_unknown_positive_label_is_refused():
    with pytest.raises(
        SettingsError, match=r"positive_label 'yess' is none of the classes; did you mean 'yes'"
    ):
        score_classification([0], [[1, 0]], ["no", "yes"], positive_label="yess")


def regression_case(weighted, rows=301, seed=0):
    rng = np.random.default_rng(seed)
    y = np.round(rng.gamma(3, 2, rows), 1) + 0.1
    return y, np.round(y + rng.normal(0, 1, rows), 1).clip(0), rng.integers(1, 5, rows) if weighted else None


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_equals_scikit_learn(weighted):
    y, prediction, weight = regression_case(weighted)
    scores = score_regression(y, prediction, sample_weight=weight, y_min=-1.0, y_max=19.0)
    w = {"sample_weight": weight}
    times = 1 if weight is None else weight
    errors = {
        "mean_absolute_error": sk.mean_absolute_error(y, prediction, **w),
        "median_absolute_error": np.median(np.abs(y - prediction).repeat(times)),
        "root_mean_squared_error": np.sqrt(sk.mean_squared_error(y, prediction, **w)),
        "root_mean_squared_log_error": np.sqrt(sk.mean_squared_log_error(y, prediction, **w)),
    }
    golden = {
        **errors,
        **{f"normalized_{name}": value / 20 for name, value in errors.items()},
        "explained_variance": sk.explained_variance_score(y, prediction, **w),
        "r2_score": sk.r2_score(y, prediction, **w),
        "spearman_correlation": spearmanr(y.repeat(times), prediction.repeat(times)).statistic,
        "mean_absolute_percentage_error": sk.mean_absolute_percentage_error(y, prediction, **w),
    }
    assert scores == pytest.approx(golden, **EXACT)


def test_spearman_takes_weights_that_are_no_whole_numbers():
    rng = np.random.default_rng(3)
    y, prediction, weight = rng.integers(0, 9, 50), rng.normal(size=50), rng.integers(1, 9, 50)
    halves = score_regression(y, prediction, sample_weight=weight / 2)["spearman_correlation"]
    ranks = [rankdata(values.repeat(weight)) for values in (y, prediction)]
    assert halves == pytest.approx(np.corrcoef(*ranks)[0, 1], **EXACT)


def test_median_with_tenths_is_the_midpoint():
    scores = score_regression([0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], sample_weight=[0.1] * 6)
    assert scores["median_absolute_error"] == 3.5


@pytest.mark.parametrize(
    ("name", "y", "prediction", "expected"),
    [
        ("r2_score", [1, 2, 3], [30, -20, 10], -1.0),
        ("mean_absolute_percentage_error", [0, 2], [1, 2], np.nan),
        ("mean_absolute_percentage_error", [-4, 2], [-3, 2], 0.125),
        ("root_mean_squared_log_error", [0, 1], [0, 1], 0.0),
        ("root_mean_squared_log_error", [1, 1], [-1, 1], np.nan),
        ("spearman_correlation", [1, 2, 3], [5, 5, 5], np.nan),
        ("spearman_correlation", [1, 2, 3], [9, 8, 0], -1.0),
        ("normalized_mean_absolute_error", [1, 5], [2, 5], 0.125),
        ("normalized_mean_absolute_error", [5, 5], [2, 5], np.nan),
    ],
)
def test_edges_of_regression(name, y, prediction, expected):
    assert score_regression(y, prediction)[name] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    "spelled",
    [str.lower, str.upper, lambda name: name.replace("_", ""), lambda name: name.title().replace("_", "")],
)
def test_any_casing_names_a_metric(name, spelled):
    assert primary_metric(spelled(name), METRICS[name].task) is METRICS[name]


@pytest.mark.parametrize(
    ("name", "task", "message"),
    [
        ("acuracy", "classification", "unknown metric 'acuracy' for classification; did you mean 'accuracy'"),
        (
            "accuracy",
            "regression",
            "'accuracy' is for classification, the task is regression; automl list metrics prints all",
        ),
        ("nowhere.at_all:f", "regression", "'nowhere.at_all:f' cannot be loaded .No module named 'nowhere'"),
        ("math:cosinus", "regression", "cannot be loaded .*cosinus"),
        ("math.pi", "regression", "'math.pi' is a float, not a function"),
        ("..", "regression", "cannot be loaded"),
        (":", "regression", "cannot be loaded"),
    ],
)
def test_unknown_metrics_are_refused(name, task, message):
    with pytest.raises(SettingsError, match=message):
        primary_metric(name, task)


CUSTOM = """
import numpy as np

def cost(y_true, y_pred, sample_weight=None):
    assert set(y_true) | set(y_pred) <= {"bad", "good"}
    return np.average((y_true == "good") != (y_pred == "good"), weights=sample_weight)

cost.greater_is_better = False

def brier(y_true, y_pred):
    return float(np.mean((y_pred[:, 1] - (y_true == "good")) ** 2))

brier.greater_is_better, brier.needs_proba = False, True

def bias(y_true, y_pred, **options):
    return np.average(y_pred - y_true, weights=options.get("sample_weight"))

def text(y_true, y_pred):
    return "much"

def raises(y_true, y_pred):
    raise KeyError('no such label')

def three(y_true, y_pred, threshold):
    return threshold

class Family:
    @staticmethod
    def member(y_true, y_pred):
        return 7
"""


@pytest.fixture
def custom(tmp_path, monkeypatch):
    """The name of an importable module of custom metrics."""
    (tmp_path / "my_metrics.py").write_text(CUSTOM)
    (tmp_path / "broken_metrics.py").write_text("def f(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_metrics"
    sys.modules.pop("my_metrics", None)
    primary_metric.cache_clear()


PROBA = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])


def test_a_custom_metric_sees_original_labels(custom):
    for path in ("my_metrics:cost", "my_metrics.cost"):
        scorer = Scorer(path, "classification", classes=np.array(["bad", "good"]))
        assert scorer.metric.name == "my_metrics.cost"
        assert scorer.score([0, 0, 1], PROBA) == pytest.approx(1 / 3)
        assert scorer.score([0, 0, 1], PROBA, [1, 2, 1]) == pytest.approx(0.5)
        assert scorer.loss([0, 0, 1], PROBA) == pytest.approx(1 / 3)
        assert scorer.all([0, 0, 1], PROBA)["my_metrics.cost"] == pytest.approx(1 / 3)
        assert not scorer.metric.greater_is_better


def test_a_custom_metric_may_ask_for_probabilities(custom):
    scorer = Scorer("my_metrics:brier", "classification", classes=["bad", "good"])
    assert scorer.score([0, 0, 1], PROBA) == pytest.approx((0.01 + 0.36 + 0.09) / 3)
    with pytest.raises(SettingsError, match="needs probabilities, and the task is regression"):
        primary_metric("my_metrics:brier", "regression")


def test_a_custom_metric_for_regression_travels_in_a_pickle(custom):
    scorer = pickle.loads(pickle.dumps(Scorer("my_metrics:bias", "regression")))
    assert scorer.score([1, 2], [2, 5], [1, 3]) == pytest.approx(2.5)
    assert scorer.loss([1, 2], [2, 5]) == -2.0
    assert Scorer("my_metrics:Family.member", "regression").score([1], [1]) == 7.0


def test_a_custom_metric_that_cannot_do_its_work_says_so(custom):
    with pytest.raises(SettingsError, match="'my_metrics:text' returned a str, not a number"):
        Scorer("my_metrics:text", "regression").score([1.0], [1.0])
    with pytest.raises(SettingsError, match="'my_metrics:text' must take sample_weight"):
        Scorer("my_metrics:text", "regression").score([1.0], [1.0], [1.0])
    with pytest.raises(SettingsError, match="cannot be loaded"):
        primary_metric("broken_metrics:f", "regression")


def test_an_error_of_a_custom_metric_names_it_and_its_line(custom, tmp_path):
    line = CUSTOM.splitlines().index("    raise KeyError('no such label')") + 1
    message = f"custom metric 'my_metrics:raises' failed at {tmp_path}/my_metrics.py, line {line}: KeyError: 'no such"
    with pytest.raises(RunError, match=re.escape(message)):
        Scorer("my_metrics:raises", "regression").score([1.0], [1.0])
    with pytest.raises(RunError, match=r"'my_metrics:three' failed: TypeError: .*'threshold'"):
        Scorer("my_metrics:three", "regression").score([1.0], [1.0])


@pytest.mark.parametrize("name", METRICS)
def test_the_primary_metric_alone_equals_the_one_among_all(name):
    if METRICS[name].task == "regression":
        y, predictions, weight = regression_case(True)
        scorer = Scorer(name, "regression", y_min=0.0, y_max=30.0)
    else:
        y, predictions, weight = classification_case(3, True)
        scorer = Scorer(name, "classification", classes=["a", "b", "c"], positive_label="b")
    value = scorer.score(y, predictions, weight)
    assert value == scorer.all(y, predictions, weight)[name]
    assert scorer.loss(y, predictions, weight) == (-value if METRICS[name].greater_is_better else value)
    assert pickle.loads(pickle.dumps(scorer)).score(y, predictions, weight) == value


def test_undefined_is_the_greatest_loss():
    scorer = Scorer("auc_weighted", "classification", classes=[0, 1])
    assert np.isnan(scorer.score([1, 1], PROBA[:2]))
    assert scorer.loss([1, 1], PROBA[:2]) == np.inf
    assert Scorer("r2_score", "regression").loss([1, 2], [np.nan, 1]) == np.inf


def test_a_binary_metric_without_a_positive_class_is_refused():
    with pytest.raises(SettingsError, match="'f1_score_binary' judges one class of 3: set positive_label"):
        Scorer("f1_score_binary", "classification", classes=["a", "b", "c"])
    with pytest.raises(SettingsError, match="needs the classes"):
        Scorer("accuracy", "classification")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [[0.5, 0.5]], [0, 1]), r"shape \(1, 2\); 2 rows of 2 classes need \(2, 2\)"),
        (([0, 2], PROBA[:2], [0, 1]), "true classes must be whole numbers from 0 to 1"),
        (([0, -1], PROBA[:2], [0, 1]), "true classes must be whole numbers"),
        (([0.0, 1.0], PROBA[:2], [0, 1]), "true classes must be whole numbers"),
    ],
)
def test_classification_that_does_not_fit_together_is_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        score_classification(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": [1, -1]}, r"sample weight -1.0 of row 1"),
        ({"sample_weight": [np.nan, 1]}, r"sample weight nan of row 0"),
        ({"sample_weight": [1]}, r"shape \(1,\); 2 rows need \(2,\)"),
        ({"decision": [0]}, "decision has 1 predicted classes for 2 rows"),
        ({"decision": [0, 5]}, "predicted classes must be whole numbers"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        score_classification([0, 1], PROBA[:2], [0, 1], **options)


def test_regression_that_does_not_fit_together_is_refused():
    with pytest.raises(DataError, match=r"shape \(1,\); the target has \(2,\)"):
        score_regression([1, 2], [1])
