"""Chart data against scikit-learn's curves and hand-made cases."""

import json

import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve

from automl_components.core.errors import DataError
from automl_components.engine.charts import POINTS, classification_charts, regression_charts
from automl_components.engine.scoring import score_classification

CURVES = ("roc", "precision_recall", "cumulative_gains", "lift")
CLASSES = np.array(["a", "b", "c"])


def case(rows=3000, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.choice(3, rows, p=[0.6, 0.3, 0.1])
    raw = np.eye(3)[y] * 0.5 + rng.random((rows, 3))
    return y, raw / raw.sum(axis=1, keepdims=True), rng.gamma(2, 1, rows)


def lines(charts, name):
    return {line["label"] or line["kind"]: line for line in charts[name]["lines"]}


def points(line):
    return np.column_stack([line["x"], line["y"]])


def distance(inner, outer):
    """How far any point of ``inner`` is from the nearest of ``outer``."""
    return max(np.abs(outer - point).max(axis=1).min() for point in inner)


@pytest.mark.parametrize("weighted", [False, True])
def test_roc_and_precision_recall_are_points_of_scikit_learns_curves(weighted):
    y, proba, weight = case()
    weight = weight if weighted else None
    charts = classification_charts(y, proba, CLASSES, weight)
    cells = ((y[:, None] == range(3)).ravel(), proba.ravel(), None if weight is None else weight.repeat(3))
    truths = {label: (y == code, proba[:, code], weight) for code, label in enumerate(CLASSES)} | {
        "micro": cells
    }
    for label, (truth, score, w) in truths.items():
        fpr, tpr, _ = sk.roc_curve(truth, score, sample_weight=w, drop_intermediate=False)
        assert distance(points(lines(charts, "roc")[label]), np.column_stack([fpr, tpr])) < 1e-5
        precision, recall, _ = sk.precision_recall_curve(truth, score, sample_weight=w)
        line = points(lines(charts, "precision_recall")[label])
        assert distance(line, np.column_stack([recall, precision])) < 1e-5
        # thinned, and yet the same picture
        roc = lines(charts, "roc")[label]
        assert sk.auc(roc["x"], roc["y"]) == pytest.approx(sk.auc(fpr, tpr), abs=2e-3)


def test_small_curves_are_kept_whole():
    y, proba, _ = case(rows=40)
    line = lines(classification_charts(y, proba, CLASSES), "roc")["a"]
    fpr, tpr, _ = sk.roc_curve(y == 0, proba[:, 0], drop_intermediate=False)
    assert points(line) == pytest.approx(np.column_stack([fpr, tpr]), abs=1e-6)


def test_average_lines_have_the_average_area():
    y, proba, weight = case()
    charts = classification_charts(y, proba, CLASSES, weight)
    scores = score_classification(y, proba, CLASSES, sample_weight=weight)
    for kind in ("micro", "macro", "weighted"):
        roc, pr = lines(charts, "roc")[kind], lines(charts, "precision_recall")[kind]
        assert sk.auc(roc["x"], roc["y"]) == pytest.approx(scores[f"AUC_{kind}"], abs=2e-3)
        area = np.trapezoid if hasattr(np, "trapezoid") else np.trapz
        assert area(pr["y"], pr["x"]) == pytest.approx(scores[f"average_precision_score_{kind}"], abs=1e-2)


def test_every_curve_is_thin_and_keeps_its_ends():
    charts = classification_charts(*case()[:2], CLASSES)
    json.dumps(charts, allow_nan=False)
    for name in CURVES:
        drawn = lines(charts, name)
        assert list(drawn) == ["a", "b", "c", "micro", "macro", "weighted"]
        for line in drawn.values():
            assert 100 < len(line["x"]) <= POINTS
            assert len(line["x"]) == len(line["y"])
            assert line["x"] == sorted(line["x"])
            assert line["x"][-1] == 1
    for line in lines(charts, "roc").values():
        assert (line["x"][0], line["y"][0], line["y"][-1]) == (0, 0, 1)
    for line in lines(charts, "cumulative_gains").values():
        assert (line["x"][0], line["y"][0], line["y"][-1]) == (0, 0, 1)
    for line in lines(charts, "lift").values():
        assert line["y"][-1] == pytest.approx(1)


def test_gains_and_lift_by_hand():
    proba = np.column_stack([1 - (score := np.array([0.9, 0.8, 0.8, 0.3, 0.1])), score])
    charts = classification_charts([1, 1, 0, 1, 0], proba, ["n", "y"])
    # by falling probability: 1 | 1 and 0 tied | 1 | 0
    gains, lift = lines(charts, "cumulative_gains")["y"], lines(charts, "lift")["y"]
    assert gains["x"] == [0, 0.2, 0.6, 0.8, 1]
    assert gains["y"] == pytest.approx([0, 1 / 3, 2 / 3, 1, 1], abs=1e-6)
    assert lift["x"] == [0.2, 0.6, 0.8, 1]
    assert lift["y"] == pytest.approx([5 / 3, 10 / 9, 5 / 4, 1], abs=1e-5)


def test_weights_are_repeated_rows_in_every_chart():
    y, proba, _ = case(rows=60)
    weight = np.random.default_rng(1).integers(0, 4, 60)
    weighted = classification_charts(y, proba, CLASSES, weight)
    repeated = classification_charts(y.repeat(weight), proba.repeat(weight, axis=0), CLASSES)
    assert json.dumps(weighted) == json.dumps(repeated)
    truth, guess = y + proba[:, 0], y + proba[:, 1]
    weighted = regression_charts(truth, guess, weight)
    repeated = regression_charts(truth.repeat(weight), guess.repeat(weight))
    for chart in weighted:
        assert weighted[chart].keys() == repeated[chart].keys()
        for key in weighted[chart]:
            assert weighted[chart][key] == pytest.approx(repeated[chart][key], rel=1e-5)


def test_confusion_matrix():
    y, proba, weight = case()
    matrix = classification_charts(y, proba, CLASSES)["confusion_matrix"]
    labels = proba.argmax(axis=1)
    assert matrix["counts"] == sk.confusion_matrix(y, labels).tolist()
    assert np.array(matrix["normalized"]) == pytest.approx(
        sk.confusion_matrix(y, labels, normalize="true"), abs=1e-6
    )
    weighted = classification_charts(y, proba, CLASSES, weight)["confusion_matrix"]["counts"]
    assert np.array(weighted) == pytest.approx(sk.confusion_matrix(y, labels, sample_weight=weight))


def test_calibration_equals_scikit_learns_bins():
    y, proba, _ = case()
    proba = proba.round(2)  # some exactly on the edges of bins
    drawn = lines(classification_charts(y, proba, CLASSES), "calibration")
    cells = (y[:, None] == range(3)).ravel(), proba.ravel()
    for label, (truth, score) in {
        "a": (y == 0, proba[:, 0]),
        "c": (y == 2, proba[:, 2]),
        "micro": cells,
    }.items():
        rate, mean = calibration_curve(truth, score, n_bins=10)
        assert points(drawn[label]) == pytest.approx(np.column_stack([mean, rate]), abs=1e-5)
    assert sum(drawn["a"]["rows"]) == 3000
    assert sum(drawn["micro"]["rows"]) == 9000


def test_average_calibration_by_hand():
    proba = np.array([[0.95, 0.05], [0.85, 0.15], [0.35, 0.65]])
    drawn = lines(classification_charts([0, 1, 1], proba, ["a", "b"]), "calibration")
    # the bin of 0.6 to 0.7 holds only b's 0.65; that of 0.3 to 0.4 only a's 0.35
    assert drawn["macro"]["x"] == [0.05, 0.15, 0.35, 0.65, 0.85, 0.95]
    assert drawn["macro"]["y"] == [0, 1, 0, 1, 0, 1]
    two = np.array([[0.15, 0.85], [0.15, 0.85], [0.85, 0.15]])
    drawn = lines(classification_charts([0, 1, 1], two, ["a", "b"]), "calibration")
    # up to 0.2: half of a's two rows, b's one row; a weighs 1 of 3
    assert drawn["macro"]["y"][0] == 0.75
    assert drawn["weighted"]["y"][0] == pytest.approx((0.5 + 2 * 1) / 3, abs=1e-5)


def test_a_perfect_ranking_draws_corners():
    y = np.array([0, 1] * 50)
    charts = classification_charts(y, np.eye(2)[y], ["n", "y"])
    for line in lines(charts, "roc").values():
        assert [0, 1] in points(line).tolist()
        assert sk.auc(line["x"], line["y"]) == 1
    assert set(lines(charts, "precision_recall")["macro"]["y"]) == {1.0}


def test_an_absent_class_has_no_line_and_an_empty_row():
    y, proba, _ = case()
    rows = y != 1
    charts = classification_charts(y[rows], proba[rows], CLASSES)
    json.dumps(charts, allow_nan=False)
    for name in (*CURVES, "calibration"):
        assert list(lines(charts, name)) == ["a", "c", "micro", "macro", "weighted"]
    assert charts["confusion_matrix"]["normalized"][1] == [None, None, None]
    assert charts["confusion_matrix"]["counts"][1] == [0, 0, 0]


def test_rows_of_one_class_leave_only_the_confusion_matrix():
    charts = classification_charts([0, 0], [[0.8, 0.2], [0.4, 0.6]], ["n", "y"])
    assert charts["confusion_matrix"]["counts"] == [[1, 1], [0, 0]]
    assert all(charts[name]["lines"] == [] for name in (*CURVES, "calibration"))


def test_of_many_classes_the_largest_are_drawn():
    rng = np.random.default_rng(0)
    y = np.append(np.repeat(np.arange(60), 2), np.arange(20, 60))
    charts = classification_charts(y, rng.dirichlet(np.ones(60), len(y)), np.arange(60))
    for name in (*CURVES, "calibration"):
        labels = [line["label"] for line in charts[name]["lines"] if line["kind"] == "class"]
        assert labels == [*range(10), *range(20, 60)]


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        (np.array([3, 7]), [3, 7]),
        (np.array([False, True]), [False, True]),
        (np.array([0.5, 1.5]), [0.5, 1.5]),
        (np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"), ["2020-01-01", "2021-01-01"]),
    ],
)
def test_labels_are_json(classes, labels):
    charts = classification_charts([0, 1], [[0.8, 0.2], [0.4, 0.6]], classes)
    assert json.loads(json.dumps(charts))["confusion_matrix"]["classes"] == labels


def test_residuals_and_predicted_against_true():
    rng = np.random.default_rng(0)
    y = rng.uniform(0, 10, 2000)
    prediction = y + rng.normal(0.5, 1, 2000)
    charts = regression_charts(y, prediction)
    json.dumps(charts, allow_nan=False)
    residuals, against = charts["residuals"], charts["predicted_vs_true"]
    assert len(residuals["edges"]) == len(residuals["counts"]) + 1
    assert sum(residuals["counts"]) == 2000
    assert residuals["edges"][0] == pytest.approx((prediction - y).min(), rel=1e-5)
    assert residuals["mean"] == pytest.approx((prediction - y).mean(), rel=1e-5)
    assert residuals["std"] == pytest.approx((prediction - y).std(), rel=1e-5)
    assert against["histogram"] == np.histogram(y, bins=20)[0].tolist()
    first = y < np.histogram_bin_edges(y, bins=20)[1]
    assert against["true"][0] == pytest.approx(y[first].mean(), rel=1e-5)
    assert against["predicted"][0] == pytest.approx(prediction[first].mean(), rel=1e-5)
    assert against["std"][0] == pytest.approx(prediction[first].std(), rel=1e-5)


def test_bins_without_rows_have_no_point():
    against = regression_charts([0.0, 0.0, 10.0], [1.0, 3.0, 9.0])["predicted_vs_true"]
    assert (against["true"], against["predicted"], against["std"]) == ([0, 10], [2, 9], [1, 0])
    assert against["counts"] == [2, 1]
    assert len(against["histogram"]) == 20


def test_a_constant_target_and_a_perfect_prediction_are_drawn():
    charts = regression_charts([5.0, 5.0], [5.0, 5.0])
    assert sum(charts["residuals"]["counts"]) == 2
    assert charts["predicted_vs_true"]["predicted"] == [5]


def test_nothing_to_draw_is_refused():
    for refused in (
        lambda: regression_charts([], []),
        lambda: regression_charts([1.0], [np.inf]),
        lambda: classification_charts([0], [[np.nan, 1]], ["n", "y"]),
        lambda: classification_charts([0], [[0.5, 0.5]], ["n", "y"], [0]),
    ):
        with pytest.raises(DataError, match="nothing to draw"):
            refused()
