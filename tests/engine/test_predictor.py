import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from automl_components.core.errors import DataError
from automl_components.engine import predictor as module
from automl_components.engine.bag import Bag
from automl_components.engine.features import Featurizer
from automl_components.engine.learner import Learner
from automl_components.engine.predictor import Predictor, meta_predict, stack_features

ROWS = 400
PARAMS = {
    "logistic_regression": {},
    "elastic_net": {"alpha": 0.01},
    "random_forest": {"n_estimators": 8, "max_depth": 4},
    "light_gbm": {"n_estimators": 8, "num_leaves": 5},
}


def raw_rows(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "size": rng.integers(0, 1000, rows),
            "width": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "colour": rng.choice(["red", "green", "blue"], rows),
            "flag": rng.random(rows) < 0.5,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
            "constant": 7,
        }
    )


FRAME = raw_rows()
SIGNAL = FRAME["size"] / 1000 + (FRAME["colour"] == "red") + 0.2 * FRAME["flag"]
FEATURIZER = Featurizer().fit(FRAME)
X = FEATURIZER.transform(FRAME)


def fitted(algorithm, classes):
    task = "classification" if classes else "regression"
    y = pd.qcut(SIGNAL, classes, labels=False).to_numpy(np.int32) if classes else SIGNAL.to_numpy()
    return Learner(algorithm, task, PARAMS[algorithm], X.schema, classes).fit(X, y), y


BINARY = [fitted(name, 2)[0] for name in ("logistic_regression", "random_forest", "light_gbm")]
MANY = [fitted(name, 3)[0] for name in ("logistic_regression", "random_forest", "light_gbm")]
VALUES = [fitted(name, 0)[0] for name in ("elastic_net", "random_forest", "light_gbm")]


def classifier(members=BINARY, weights=None, labels=("no", "yes"), **more):
    weights = weights or [1.0] * len(members)
    return Predictor(
        FEATURIZER, members, weights, task="classification", target="y", classes=np.array(labels), **more
    )


def regressor(members=VALUES, weights=(1.0, 2.0, 1.0), **more):
    return Predictor(FEATURIZER, members, list(weights), task="regression", target="y", **more)


def test_a_single_member_predicts_what_the_learner_predicts():
    model = classifier(BINARY[:1])
    assert np.array_equal(model.predict_proba(FRAME), BINARY[0].predict_proba(X))
    assert np.array_equal(model.predict(FRAME), np.array(["no", "yes"])[BINARY[0].predict(X)])
    assert np.array_equal(regressor(VALUES[:1], [3.0]).predict(FRAME), VALUES[0].predict(X))


def test_voting_is_the_weighted_mean():
    first, second, third = (member.predict_proba(X) for member in MANY)
    model = classifier(MANY, [2.0, 1.0, 1.0], ("a", "b", "c"))
    assert model.predict_proba(FRAME) == pytest.approx((2 * first + second + third) / 4, abs=1e-15)
    assert model.predict_proba(FRAME).sum(axis=1) == pytest.approx(np.ones(ROWS))
    first, second, third = (member.predict(X) for member in VALUES)
    assert regressor().predict(FRAME) == pytest.approx((first + 2 * second + third) / 4)


def test_a_member_without_weight_is_never_asked():
    assert np.array_equal(
        classifier([BINARY[0], Bag([])], [1.0, 0.0]).predict_proba(FRAME), BINARY[0].predict_proba(X)
    )


@pytest.mark.parametrize(("members", "classes", "width"), [(BINARY, 2, 3), (MANY, 3, 9)])
def test_stacking_feeds_the_meta_learner_with_all_members(members, classes, width):
    features = stack_features([member.predict_proba(X) for member in members], "classification")
    assert features.shape == (ROWS, width)
    meta = LogisticRegression().fit(features, fitted("light_gbm", classes)[1])
    model = classifier(members, [1.0, 1.0, 0.0], tuple("abc"[:classes]), meta=meta)
    assert np.array_equal(model.predict_proba(FRAME), meta.predict_proba(features))
    assert np.array_equal(model.predict(FRAME), np.array(list("abc"))[meta.predict(features)])


def test_stacking_of_values():
    features = np.column_stack([member.predict(X) for member in VALUES])
    assert np.array_equal(stack_features([member.predict(X) for member in VALUES], "regression"), features)
    meta = LinearRegression().fit(features, SIGNAL)
    assert np.array_equal(regressor(meta=meta).predict(FRAME), meta.predict(features))


def test_stack_features_of_two_classes_keep_the_second():
    given = [np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]])]
    assert stack_features(given, "classification").tolist() == [[0.75, 0.5]]
    wide = [np.array([[0.2, 0.3, 0.5]]), np.array([[0.6, 0.4, 0.0]])]
    assert stack_features(wide, "classification").tolist() == [[0.2, 0.3, 0.5, 0.6, 0.4, 0.0]]


def test_a_class_that_the_meta_learner_never_saw_gets_next_to_nothing():
    meta = LogisticRegression().fit([[0.0], [1.0], [0.1], [0.9]], [0, 2, 0, 2])
    proba = meta_predict("classification", meta, np.array([[0.0], [1.0]]), 3)
    assert ((proba[:, 1] > 0) & (proba[:, 1] < 1e-5)).all()
    assert proba.sum(axis=1) == pytest.approx([1, 1])
    assert proba.argmax(axis=1).tolist() == [0, 2]


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([3, 17]),
        np.array([-1, 1], dtype=np.int8),
        np.array([False, True]),
        np.array([1.0, 2.0]),
        np.array([0.5, 1.5], dtype=np.float32),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_come_back_in_their_own_type(labels):
    predicted = classifier(labels=labels).predict(FRAME)
    assert predicted.dtype == labels.dtype
    assert set(predicted.tolist()) == set(labels.tolist())


def test_the_table_of_predictions():
    rows = FRAME.set_index(np.arange(ROWS) + 1000)
    model = classifier(labels=[0, 1])
    table = model.predict_table(rows)
    assert list(table) == ["prediction", "proba_0", "proba_1"]
    assert table.index.equals(rows.index)
    assert np.array_equal(table["prediction"], model.predict(rows))
    assert np.array_equal(table[["proba_0", "proba_1"]], model.predict_proba(rows))
    assert list(regressor().predict_table(rows)) == ["prediction"]
    assert regressor().predict(rows).dtype == np.float64


def test_order_and_other_columns_do_not_matter():
    shuffled = FRAME[FRAME.columns[::-1]].assign(y="yes", other=np.nan).drop(columns="constant")
    assert "constant" not in classifier().columns
    assert np.array_equal(classifier().predict_proba(shuffled), classifier().predict_proba(FRAME))


@pytest.mark.parametrize("rows", [0, 1, ROWS])
def test_a_missing_column_is_named(rows):
    with pytest.raises(DataError, match="'colour'"):
        classifier().predict(FRAME.drop(columns="colour").head(rows))
    with pytest.raises(DataError, match="'size'"):
        regressor().predict(pd.concat([FRAME, FRAME[["size"]]], axis=1).head(rows))


def test_unseen_categories_and_missing_values():
    odd = FRAME.head(6).copy()
    odd["colour"] = ["violet", None, "red", "", "blue", "green"]
    odd.loc[3, "width"] = np.inf
    odd["flag"] = pd.array([True, None, False, None, True, None], dtype="boolean")
    odd.loc[4, "day"] = pd.NaT
    for model in (classifier(), regressor()):
        assert np.isfinite(model.predict_table(odd).select_dtypes("number")).all(axis=None)
    nothing = pd.DataFrame({column: [None, None] for column in FRAME})
    assert np.isfinite(classifier().predict_proba(nothing)).all()


def test_other_dtypes_of_the_same_values():
    expected = classifier().predict_proba(FRAME)
    changed = FRAME.assign(
        size=FRAME["size"].astype(float),
        width=FRAME["width"].astype("Float64"),
        colour=FRAME["colour"].astype("category"),
        flag=FRAME["flag"].astype(object),
        day=FRAME["day"].dt.strftime("%Y-%m-%d"),
    )
    assert np.array_equal(classifier().predict_proba(changed), expected)
    text = FRAME.assign(size=FRAME["size"].astype(str), flag=FRAME["flag"].astype(str))
    assert np.array_equal(classifier().predict_proba(text), expected)


def test_no_row_and_one_row():
    nothing = FRAME.iloc[:0]
    assert classifier().predict(nothing).shape == (0,)
    assert classifier().predict(nothing).dtype == classifier().classes.dtype
    assert classifier(MANY, labels=("a", "b", "c")).predict_proba(nothing).shape == (0, 3)
    assert list(classifier().predict_table(nothing)) == ["prediction", "proba_no", "proba_yes"]
    assert regressor().predict(nothing).shape == (0,)
    one = np.vstack([classifier().predict_proba(FRAME.iloc[[row]]) for row in range(5)])
    assert one == pytest.approx(classifier().predict_proba(FRAME.head(5)), abs=1e-6)  # float32 features


def test_batches_change_nothing(monkeypatch):
    rows = raw_rows(2500, seed=1)
    whole = classifier().predict_proba(rows)
    seen = []
    transform = FEATURIZER.transform
    monkeypatch.setattr(
        FEATURIZER, "transform", lambda part, *more: seen.append(len(part)) or transform(part, *more)
    )
    monkeypatch.setattr(module, "BATCH_CELLS", 1)
    assert classifier().predict_proba(rows) == pytest.approx(whole, abs=1e-6)
    assert seen == [1024, 1024, 452]


def test_threads_reach_the_members():
    model = classifier(threads=2)
    assert model.members[1].estimator_.n_jobs == 2
    expected = model.predict_proba(FRAME)
    assert model.use_threads(1).members[1].estimator_.n_jobs == 1
    assert model.predict_proba(FRAME) == pytest.approx(expected)


def test_no_probabilities_of_values():
    with pytest.raises(DataError, match="'y' is a regression"):
        regressor().predict_proba(FRAME)


@pytest.mark.parametrize(
    ("members", "weights", "task", "classes"),
    [
        ([], [], "regression", None),
        (VALUES, [1.0], "regression", None),
        (VALUES, [0.0, 0.0, 0.0], "regression", None),
        (VALUES, [1.0, -1.0, 1.0], "regression", None),
        (VALUES, [1.0, 1.0, 1.0], "regression", [0, 1]),
        (BINARY, [1.0, 1.0, 1.0], "classification", None),
    ],
)
def test_parts_that_do_not_fit_together(members, weights, task, classes):
    with pytest.raises(ValueError, match=r"weight|classes"):
        Predictor(FEATURIZER, members, weights, task=task, target="y", classes=classes)
