"""The featurizer: what it makes of a table, what may be asked of it, and that prediction repeats training."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from automl_components.core.errors import DataError, SettingsError
from automl_components.core.settings import FeaturizationSettings
from automl_components.engine.features import Featurizer
from automl_components.engine.purposes import DROPPED, detect_purpose, dtype_purpose

N = 300


def table(seed=0):
    """A column of every sort, and four with nothing to learn from."""
    rng = np.random.default_rng(seed)
    words = np.array(["good", "bad", "great", "awful", "nice", "poor", "film", "plot", "actor", "scene"])
    when = pd.Timestamp("2021-01-01 08:00") + pd.to_timedelta(rng.integers(0, 10**6, N), unit="min")
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, N),
            "income": np.where(rng.random(N) < 0.1, np.nan, rng.lognormal(10, 1, N)),
            "color": rng.choice(["red", "green", "blue"], N, p=[0.6, 0.3, 0.1]),
            "member": rng.random(N) > 0.5,
            "when": when,
            "joined": when.strftime("%d.%m.%Y"),
            "review": [" ".join(rng.choice(words, 6)) for _ in range(N)],
            "price": [f"${value:,.2f}" for value in rng.uniform(1, 5000, N)],
            "zone": pd.Categorical(rng.choice(["a", "b"], N)),
            "user_id": np.arange(N) + 5000,
            "token": [f"{k * 7919:016x}" for k in range(N)],
            "same": 1,
            "empty": None,
        }
    )


@pytest.fixture(scope="module")
def raw():
    return table()


@pytest.fixture(scope="module")
def fitted(raw):
    return Featurizer().fit(raw)


def same(first, second):
    """Whether two feature matrices are equal, gap for gap."""
    np.testing.assert_array_equal(first.numeric, second.numeric)
    np.testing.assert_array_equal(first.codes, second.codes)
    assert (first.sparse is None) == (second.sparse is None)
    if first.sparse is not None:
        assert (first.sparse != second.sparse).nnz == 0
    assert first.schema == second.schema
    return True


def test_every_sort_of_column(raw, fitted):
    matrix = fitted.transform(raw)
    used = ["age", "income", "color", "member", "when", "joined", "review", "price", "zone"]
    assert fitted.columns_ == used
    assert matrix.schema.codes == ("color", "zone")
    assert fitted.levels_["color"] == ["red", "green", "blue"]
    np.testing.assert_array_equal(matrix.codes[:, 0], raw["color"].map({"red": 0, "green": 1, "blue": 2}))
    by_name = dict(zip(matrix.schema.numeric, matrix.numeric.T, strict=True))
    np.testing.assert_array_equal(by_name["age"], raw["age"])
    np.testing.assert_array_equal(by_name["income"], raw["income"].astype(np.float32))
    np.testing.assert_array_equal(by_name["income_WASNULL"], raw["income"].isna())
    np.testing.assert_array_equal(by_name["member"], raw["member"])
    np.testing.assert_allclose(
        by_name["price"], raw["price"].str.replace("[$,]", "", regex=True).astype(float)
    )
    np.testing.assert_array_equal(by_name["when_Hour"], raw["when"].dt.hour)
    np.testing.assert_array_equal(by_name["joined_Day"], raw["when"].dt.day)
    assert "joined_Hour" not in by_name
    assert "age_WASNULL" not in by_name
    assert matrix.numeric.dtype == np.float32
    assert matrix.codes.dtype == np.int32
    assert matrix.sparse.dtype == np.float32
    assert matrix.sparse.shape == (N, len(matrix.schema.sparse))
    assert "review_word_good" in matrix.schema.sparse


def test_training_rows_give_the_same_again(raw, fitted):
    params = {
        "imputer": [{"fields": ["income"], "parameters": {"strategy": "ffill"}}],
        "count_vectorizer": [{"fields": ["review"]}],
        "tf_idf": [{"fields": ["review"]}],
    }
    for featurizer in (Featurizer(), Featurizer(transformer_params=params)):
        learned = featurizer.fit_transform(raw)
        assert same(learned, featurizer.transform(raw))
    assert same(Featurizer().fit_transform(raw), fitted.transform(raw))


def test_summary_and_names(raw, fitted):
    rows = {row["RawFeatureName"]: row for row in fitted.summary_}
    assert list(rows) == list(raw.columns)
    assert {name: row["TypeDetected"] for name, row in rows.items()} == fitted.purposes_
    assert [name for name, row in rows.items() if row["Dropped"] == "Yes"] == [
        "user_id",
        "token",
        "same",
        "empty",
    ]
    assert rows["income"]["Tranformations"] == ["ImputationMarker", "Numeric"]
    assert rows["income"]["EngineeredFeatureCount"] == 2
    assert rows["same"] | {"Reason": ""} == {
        "RawFeatureName": "same",
        "TypeDetected": "Constant",
        "Dropped": "Yes",
        "EngineeredFeatureCount": 0,
        "Tranformations": [],
        "Reason": "",
        "Confidence": 1.0,
    }
    assert sum(row["EngineeredFeatureCount"] for row in rows.values()) == len(fitted.names_)
    assert list(fitted.feature_map_) == fitted.names_ == list(fitted.schema_.names)
    assert fitted.feature_map_["when_Hour"] == "when"
    assert set(fitted.feature_map_.values()) == set(fitted.columns_)
    assert json.loads(json.dumps(fitted.summary_)) == fitted.summary_


def test_to_frame(raw, fitted):
    frame = fitted.to_frame(fitted.transform(raw.head(4)))
    assert list(frame.columns) == fitted.names_
    assert frame["color"].tolist() == raw["color"].head(4).tolist()
    assert isinstance(frame["review_word_good"].dtype, pd.SparseDtype)


def test_a_feature_named_like_a_raw_column_gets_a_name_of_its_own():
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0, np.nan], "a_WASNULL": [5, 6, 7, 8]})
    featurizer = Featurizer().fit(frame)
    assert featurizer.names_ == ["a_WASNULL", "a", "a_WASNULL_"]
    assert featurizer.feature_map_["a_WASNULL_"] == "a_WASNULL"


def test_saved_by_skops_and_used_without_settings_libraries(raw, fitted, tmp_path):
    path = tmp_path / "featurizer.skops"
    skops.io.dump(fitted, path)
    types = skops.io.get_untrusted_types(file=path)
    assert all(name.startswith(("automl_components.", "sklearn.", "scipy.", "numpy.")) for name in types)
    loaded = skops.io.load(path, trusted=types)
    assert same(loaded.transform(raw), fitted.transform(raw))
    assert loaded.summary_ == fitted.summary_
    code = f"""if True:
        import sys, pandas as pd, skops.io
        before = set(sys.modules)
        types = skops.io.get_untrusted_types(file={str(path)!r})
        featurizer = skops.io.load({str(path)!r}, trusted=types)
        featurizer.transform(pd.DataFrame({{c: [None] for c in featurizer.columns_}}))
        print({{"pydantic", "click", "rich", "optuna", "fsspec", "mlflow"}} & (set(sys.modules) - before))"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_a_vocabulary_of_thousands_is_saved_small():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{k}" for k in rng.integers(0, 3000, 8)) for _ in range(2000)]
    frame = pd.DataFrame({"text": texts})
    featurizer = Featurizer(blocked_transformers=["text_svd"]).fit(frame)
    assert len(featurizer.names_) > 5000
    assert len(skops.io.dumps(featurizer)) < 100 * len(featurizer.names_)
    with_components = Featurizer().fit(frame)  # and four bytes for each n-gram and component
    assert len(skops.io.dumps(with_components)) < (100 + 4 * 32) * len(featurizer.names_)


def test_the_label_free_features_do_not_depend_on_row_order(raw, fitted):
    shuffled = raw.sample(frac=1, random_state=1)
    again = Featurizer().fit(shuffled)
    assert same(again.transform(raw), fitted.transform(raw))


# prediction


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda f: f[f.columns[::-1]], id="other order"),
        pytest.param(lambda f: f.assign(extra=1, more="x"), id="more columns"),
        pytest.param(
            lambda f: f.drop(columns=["user_id", "token", "same", "empty"]), id="dropped columns absent"
        ),
        pytest.param(lambda f: f.astype({"age": str, "income": str}), id="numbers as text"),
        pytest.param(lambda f: f.astype(object), id="objects"),
        pytest.param(lambda f: f.convert_dtypes(), id="nullable dtypes"),
        pytest.param(lambda f: f.convert_dtypes(dtype_backend="pyarrow"), id="arrow dtypes"),
        pytest.param(lambda f: f.astype({"color": "category", "zone": str}), id="categories as text"),
        pytest.param(lambda f: f.assign(color=f["color"] + " "), id="blanks"),
        pytest.param(lambda f: f.assign(when=f["when"].dt.strftime("%Y-%m-%dT%H:%M:%S")), id="dates as text"),
        pytest.param(lambda f: f.assign(when=f["when"].dt.tz_localize("UTC")), id="dates with zone"),
        pytest.param(
            lambda f: f.assign(joined=pd.to_datetime(f["joined"], format="%d.%m.%Y")), id="text as dates"
        ),
        pytest.param(lambda f: f.assign(income=f["income"].fillna(np.inf)), id="infinity for missing"),
        pytest.param(lambda f: f.assign(member=f["member"].astype(int)), id="truth as 1 and 0"),
        pytest.param(
            lambda f: f.assign(member=f["member"].map({True: "true", False: "false"})), id="truth as text"
        ),
        pytest.param(lambda f: f.set_index(pd.Index(["same"] * len(f))), id="strange index"),
        pytest.param(lambda f: json_rows(f), id="json"),
    ],
)
def test_the_same_rows_in_other_clothes_give_the_same_features(raw, fitted, change):
    assert same(fitted.transform(change(raw.copy())), fitted.transform(raw))


def json_rows(frame):
    """The rows as a scoring server gets them."""
    return pd.DataFrame(json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15)))


def test_unseen_missing_and_impossible_values(raw, fitted):
    strange = raw.head(3).copy()
    strange["color"] = ["violet", None, "red"]
    strange["age"] = ["old", None, 5]
    strange["when"] = ["tomorrow", None, "2021-02-03"]
    strange["review"] = [None, 5, "good"]
    matrix = fitted.transform(strange)
    assert matrix.codes[:, 0].tolist() == [-1, -1, 0]
    at = list(matrix.schema.numeric)
    np.testing.assert_array_equal(matrix.numeric[:, at.index("age")], [np.nan, np.nan, 5])
    np.testing.assert_array_equal(matrix.numeric[:, at.index("when_Day")], [np.nan, np.nan, 3])
    assert matrix.sparse[0].nnz == 0
    assert not np.isinf(matrix.numeric).any()


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_batches_of_nothing_and_of_one(raw, fitted, rows):
    batch = raw.iloc[:rows]
    assert same(fitted.transform(batch), fitted.transform(raw).take(np.arange(rows)))
    empty = pd.DataFrame({column: [None] * rows for column in raw.columns})
    matrix = fitted.transform(empty)
    assert matrix.numeric.shape == (rows, len(matrix.schema.numeric))
    assert (matrix.codes == -1).all()
    assert matrix.sparse.nnz == 0


def test_missing_and_doubled_columns_are_named(raw, fitted):
    with pytest.raises(DataError, match="needs column 'income', not in the data; did you mean 'incomes'"):
        fitted.transform(raw.rename(columns={"income": "incomes"}))
    with pytest.raises(DataError, match="two columns named 'age'"):
        fitted.transform(pd.concat([raw, raw[["age"]]], axis="columns"))


def test_an_optional_column_may_be_absent(raw):
    featurizer = Featurizer(optional_columns=["income", "same"]).fit(raw)
    assert featurizer.optional_columns_ == ["income"]  # nothing was learned from the other
    without = featurizer.transform(raw.drop(columns=["income", "same"]))
    assert same(without, featurizer.transform(raw.assign(income=None)))
    with pytest.raises(DataError, match="needs column 'age', not in the data"):
        featurizer.transform(raw.drop(columns=["income", "age"]))


def test_the_time_between_two_dates(raw):
    frame = raw[["when"]].assign(end=raw["when"] + pd.Timedelta("90min") * np.arange(N))
    featurizer = Featurizer().fit(frame)
    found = featurizer.to_frame(featurizer.transform(frame))["end_minus_when"]
    np.testing.assert_allclose(found, (frame["end"] - frame["when"]) / pd.Timedelta("1D"), rtol=1e-6)
    assert "end_minus_when" not in Featurizer(blocked_transformers=["DateDifferences"]).fit(frame).names_
    filled = {
        "imputer": [{"fields": ["end"], "parameters": {"strategy": "constant", "fill_value": "2022-01-01"}}]
    }
    imputed = Featurizer(transformer_params=filled).fit(frame)
    gap = imputed.to_frame(imputed.transform(frame.assign(end=None)))["end_minus_when"]
    assert not gap.isna().any()  # an imputer that is asked for comes before


def test_lists_become_a_column_for_every_item():
    frame = pd.DataFrame({"tags": [["a", "b"], ["b"], None, ["a", "c"], ["b", "a"]] * 8})
    featurizer = Featurizer().fit(frame)
    found = featurizer.transform(frame).sparse.toarray()
    assert featurizer.schema_.sparse == ("tags_a", "tags_b", "tags_c")
    assert found[:5].tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 1], [1, 1, 0]]
    as_text = frame["tags"].map(lambda cell: cell and str(cell))
    assert same(featurizer.transform(as_text.to_frame()), featurizer.transform(frame))


def test_vectors_and_objects_become_numbers():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 3)).round(4)
    frame = pd.DataFrame({"v": list(vectors), "o": [{"a": float(x), "b": "x"} for x in vectors[:, 0]]})
    featurizer = Featurizer().fit(frame)
    found = featurizer.to_frame(featurizer.transform(frame))
    np.testing.assert_allclose(found[["v_0", "v_1", "v_2"]], vectors, rtol=1e-6)
    np.testing.assert_allclose(found["o_a"], vectors[:, 0], rtol=1e-6)


def test_word_vectors_and_clusters_when_asked_for(raw, tmp_path):
    (tmp_path / "glove.txt").write_text("good 1 0\nbad -1 0.5\nfilm 0 2\n", encoding="utf-8")
    params = {
        "WordEmbedding": [{"fields": ["review"], "parameters": {"file": str(tmp_path / "glove.txt")}}],
        "cluster_distance": [{"fields": ["age", "income"], "parameters": {"clusters": 3}}],
    }
    featurizer = Featurizer("custom", transformer_params=params).fit(raw)
    (tmp_path / "glove.txt").unlink()
    few = raw.head(2).assign(review=["Good film", "unknown words"])
    found = featurizer.to_frame(featurizer.transform(few))
    assert found[["review_embedding_0", "review_embedding_1"]].to_numpy().tolist() == [[0.5, 1.0], [0, 0]]
    assert (found[[f"cluster_distance_{k}" for k in range(3)]] >= 0).all(axis=None)
    assert featurizer.sources_["cluster_distance_0"] == ["age", "income"]
    assert not {"WordEmbedding", "ClusterDistance"} & {
        title for row in Featurizer().fit(raw).summary_ for title in row["Tranformations"]
    }


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just("red"),
    st.just("2021-02-03"),
    st.sampled_from(
        ["a|b", "[1, 2]", "{", "(", "12 kg", "3K", "10:30", "2024-Q1", "Mai 2020", "yes", "1e400", "0=1"]
    ),
    st.lists(st.one_of(st.text(max_size=2), st.integers(), st.none()), max_size=3),
    st.dictionaries(st.text(max_size=2), st.one_of(st.floats(), st.booleans()), max_size=2),
    st.datetimes(),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(dict.fromkeys(["age", "color", "when", "review", "price"], cells)), max_size=4
    )
)
def test_no_row_breaks_prediction_and_none_depends_on_another(raw, fitted, rows):
    kept = [column for column in fitted.columns_ if column not in ("age", "color", "when", "review", "price")]
    batch = pd.DataFrame(
        [{**raw.iloc[0][kept], **row} for row in rows], columns=fitted.columns_, dtype=object
    )
    together = fitted.transform(batch)
    assert not np.isinf(together.numeric).any()
    assert (together.codes < together.schema.levels).all()
    assert np.isfinite(together.sparse.data).all()
    for at in range(len(rows)):
        assert same(fitted.transform(batch.iloc[[at]]), together.take(np.array([at])))


columns = st.lists(cells, min_size=4, max_size=4)


def detect(frame, mode):
    """What the columns are taken for."""
    columns = (frame[name] for name in frame)
    return [(dtype_purpose if mode == "off" else detect_purpose)(column).purpose for column in columns]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=4), columns, min_size=1, max_size=4))
def test_any_table_is_featurized_or_refused_in_words(values):
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in values.items()})
    for mode in ("auto", "off"):
        if set(detect(frame, mode)) <= DROPPED:
            with pytest.raises(DataError, match="no column to learn from"):
                Featurizer(mode).fit(frame)
            continue
        featurizer, refused = Featurizer(mode), ""
        try:
            featurizer.fit(frame)
        except DataError as error:
            refused = str(error)
        if refused:  # lists of one length without an item that repeats have nothing to say
            assert set(detect(frame, mode)) <= {"List", *DROPPED}
            assert "no transformer is left" in refused or "no column to learn from" in refused
            continue
        matrix = featurizer.transform(frame)
        assert len(set(featurizer.names_)) == len(featurizer.names_)
        assert not np.isinf(matrix.numeric).any()
        assert same(featurizer.fit_transform(frame), matrix)


# what the user may ask for


def test_off_adds_nothing(raw):
    featurizer = Featurizer("off").fit(raw)
    assert featurizer.columns_ == [column for column in raw.columns if column != "empty"]
    assert set(featurizer.schema_.numeric) == {
        "age",
        "income",
        "member",
        "when_DaysSinceStart",
        "user_id",
        "same",
    }
    assert featurizer.schema_.codes == ("color", "joined", "review", "price", "zone", "token")
    assert np.isnan(featurizer.transform(raw).numeric).any()


@pytest.mark.parametrize(
    ("strategy", "expected", "title"),
    [
        ({"strategy": "mean"}, 2.5, "MeanImputer"),
        ({"strategy": "Median"}, 2.0, "MedianImputer"),
        ({"strategy": "most_frequent"}, 2.0, "ModeImputer"),
        ({"strategy": "constant", "fill_value": -7}, -7, "ConstantImputer"),
        ({"strategy": "ffill"}, 1.0, "ForwardFillImputer"),
    ],
)
def test_an_imputer_is_really_applied(strategy, expected, title):
    frame = pd.DataFrame({"a": [2.0, 1.0, np.nan, 2.0, 5.0], "b": [1.0, 2.0, np.nan, 5.0, 6.0]})
    params = {"Imputer": [{"fields": ["a"], "parameters": strategy}]}
    featurizer = Featurizer("custom", transformer_params=params).fit(frame)
    found = featurizer.to_frame(featurizer.transform(frame))
    assert found["a"].tolist() == [2.0, 1.0, expected, 2.0, 5.0]
    assert found["a_WASNULL"].tolist() == [0, 0, 1, 0, 0]
    assert np.isnan(found["b"][2])
    assert featurizer.summary_[0]["Tranformations"] == [title, "ImputationMarker", "Numeric"]


def test_an_imputer_without_fields_fills_all_it_applies_to():
    frame = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": [np.nan, 3.0, 5.0], "c": ["x", None, "y"]})
    params = {"imputer": [{"fields": [], "parameters": {"strategy": "mean"}}]}
    matrix = Featurizer(transformer_params=params).fit_transform(frame)
    assert not np.isnan(matrix.numeric).any()
    assert matrix.codes[1, 0] == -1
    params["imputer"].append({"fields": ["b"], "parameters": {"strategy": "constant", "fill_value": 0}})
    params["imputer"].append({"fields": ["c"], "parameters": {"strategy": "constant", "fill_value": "none"}})
    featurizer = Featurizer(transformer_params=params).fit(frame)
    found = featurizer.to_frame(featurizer.transform(frame))
    assert found["a"].tolist() == [1.0, 2.0, 1.5]
    assert found["b"].tolist() == [0.0, 3.0, 5.0]
    assert found["c"].tolist() == ["x", "none", "y"]


def test_hashing_and_one_hot_on_request(raw):
    params = {"HashOneHotEncoder": [{"fields": [], "parameters": {"number_of_bits": 3}}]}
    featurizer = Featurizer("custom", transformer_params=params).fit(raw)
    assert featurizer.schema_.codes == ("color_hash", "zone_hash")
    assert featurizer.schema_.levels == (8, 8)
    params = {"one_hot_encoder": [{"fields": ["color"]}]}
    featurizer = Featurizer("custom", transformer_params=params).fit(raw)
    assert featurizer.schema_.codes == ("zone",)
    assert {"color_red", "color_green", "color_blue"} <= set(featurizer.schema_.sparse)


def test_many_levels_are_hashed_and_counted():
    frame = pd.DataFrame({"city": [f"c{k % 6000}" for k in range(13_000)]})
    featurizer = Featurizer().fit(frame)
    assert featurizer.schema_.codes == ("city_hash",)
    assert featurizer.schema_.levels == (4096,)
    assert featurizer.schema_.numeric == ("city_count",)


@pytest.mark.parametrize(
    ("blocked", "titles"),
    [
        ([], ["TfIdf", "TruncatedSVD", "TextStatistics"]),
        (["TfIdf"], ["CountVectorizer", "TruncatedSVD", "TextStatistics"]),
        (["TfIdf", "text_svd"], ["CountVectorizer", "TextStatistics"]),
        (["tf_idf", "CountVectorizer"], ["TextStatistics"]),
        (["tf_idf", "count_vectorizer", "text_statistics", "WordEmbedding"], []),
    ],
)
def test_blocked_transformers_are_not_used(raw, blocked, titles):
    featurizer = Featurizer("custom", blocked_transformers=blocked).fit(raw)
    row = next(row for row in featurizer.summary_ if row["RawFeatureName"] == "review")
    assert row["Tranformations"] == titles
    assert row["Dropped"] == ("No" if titles else "Yes")
    assert titles or "no transformer is left" in row["Reason"]


def test_declared_types_and_dropped_columns(raw):
    declared = {"age": "Categorical", "user_id": "numeric", "review": "Ignore", "color": "Text"}
    featurizer = Featurizer("custom", column_name_and_types=declared, drop_columns=["price"]).fit(raw)
    assert "age" in featurizer.schema_.codes
    assert "user_id" in featurizer.schema_.numeric
    assert "color_word_red" in featurizer.schema_.sparse
    assert not {"review", "price"} & set(featurizer.columns_)
    assert featurizer.purposes_["price"] == "Ignore"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "of"}, "unknown mode 'of'; did you mean 'off'"),
        ({"mode": "off", "blocked_transformers": ["tf_idf"]}, "mode 'off' takes no changes"),
        ({"blocked_transformers": ["LabelEncoding"]}, "unknown transformer 'LabelEncoding'; did you mean"),
        ({"drop_columns": ["agee"]}, "drop_columns: there is no column 'agee'; did you mean 'age'"),
        ({"column_name_and_types": {"agee": "Text"}}, "column_name_and_types: there is no column 'agee'"),
        ({"column_name_and_types": {"age": "Words"}}, "'age' cannot be 'Words'"),
        ({"transformer_params": {"imputr": []}}, "unknown transformer 'imputr'; did you mean 'imputer'"),
        (
            {"transformer_params": {"NaiveBayes": []}},
            "'NaiveBayes' looks at the target, so it is no part of what is fitted before the folds",
        ),
        ({"transformer_params": {"word_embedding": [{}]}}, "word_embedding: found no file None"),
        (
            {"transformer_params": {"date_differences": [{"fields": ["when"]}]}},
            "'date_differences' takes two columns or more, not only 'when'",
        ),
        (
            {"transformer_params": {"cluster_distance": [{"fields": ["age", "color"]}]}},
            "'cluster_distance' cannot be used on column 'color', which is Categorical",
        ),
        (
            {"transformer_params": {"imputer": [{"fields": ["same"]}]}},
            "'imputer' is asked for on column 'same', which is left out: Constant",
        ),
        ({"transformer_params": {"tf_idf": "all"}}, "'tf_idf' takes a list of {fields"),
        ({"transformer_params": {"tf_idf": 3}}, "'tf_idf' takes a list of {fields"),
        ({"transformer_params": {"tf_idf": [{"field": []}]}}, "unknown 'field'; did you mean 'fields'"),
        ({"transformer_params": {"tf_idf": [{"fields": 3}]}}, "takes fields as a list of columns"),
        (
            {"transformer_params": {"tf_idf": [{"parameters": {"bits": 1}}]}},
            "'tf_idf' has no parameter 'bits'",
        ),
        (
            {"transformer_params": {"tf_idf": [{"fields": ["agee"]}]}},
            "transformer_params: there is no column 'agee'",
        ),
        (
            {"transformer_params": {"tf_idf": [{"fields": ["age"]}]}},
            "'tf_idf' cannot be used on column 'age', which",
        ),
        ({"transformer_params": {"tf_idf": [{}, {}]}}, "'tf_idf' is given twice for all columns"),
        (
            {"transformer_params": {"imputer": [{"fields": ["color"], "parameters": {"strategy": "mean"}}]}},
            "imputer: strategy 'mean' cannot fill 'color', which is Categorical",
        ),
        (
            {"transformer_params": {"tf_idf": [{}]}, "blocked_transformers": ["TfIdf"]},
            "'tf_idf' is in blocked_transformers too",
        ),
    ],
)
def test_what_cannot_be_asked_for(raw, arguments, message):
    with pytest.raises(SettingsError) as raised:
        Featurizer(**arguments).fit(raw)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": []}), "nothing to learn from: 0 rows"),
        (pd.DataFrame(index=range(3)), "0 feature columns"),
        (pd.DataFrame({"a": [1, 1], "b": [None, None]}), "no column to learn from (a: Constant"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are named 'a'"),
    ],
)
def test_tables_without_anything_to_learn(frame, message):
    with pytest.raises(DataError) as raised:
        Featurizer().fit(frame)
    assert message in str(raised.value)


def test_the_readmes_example():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yml\n(featurization:.*?)^```", readme, re.DOTALL | re.MULTILINE)
    asked = FeaturizationSettings.read(yaml.safe_load(text)["featurization"])
    params = {name: [one.model_dump() for one in many] for name, many in asked.transformer_params.items()}
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "zip": rng.integers(1000, 9999, N),
            "note": "x",
            "income": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
            "age": rng.integers(18, 80, N),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D"),
        }
    )
    featurizer = Featurizer(
        asked.mode,
        asked.blocked_transformers,
        asked.column_name_and_types,
        params,
        optional_columns=asked.optional_columns,
    ).fit(frame)
    assert featurizer.schema_.levels == (1024,)
    assert {"since_Month_Sin", "cluster_distance_3", "income_WASNULL"} <= set(featurizer.names_)
    assert featurizer.purposes_["note"] == "Ignore"
    assert not np.isnan(featurizer.transform(frame.drop(columns="income")).numeric).any()


def test_odd_column_names():
    frame = pd.DataFrame([[1.5, "a", 2.0], [2.5, "b", 1.0]] * 5, columns=[0, ("x", "y"), "größe [m²]{}\n"])
    featurizer = Featurizer().fit(frame)
    assert featurizer.columns_ == ["0", "('x', 'y')", "größe [m²]{}\n"]
    assert same(featurizer.transform(frame.rename(columns={0: "0"})), featurizer.transform(frame))


# the open data sets


@pytest.fixture(scope="module")
def shared():
    found = [
        p / "shared" / "data" for p in Path(__file__).resolve().parents if (p / "shared" / "data").is_dir()
    ]
    if not found:
        pytest.skip("the open data sets (shared/data beside the project) are not here")
    return found[0]


def test_a_table_of_free_text_alone_can_be_learned(shared):
    train, test = (pd.read_parquet(shared / "sms_spam" / f"{part}.parquet") for part in ("train", "test"))
    featurizer = Featurizer()
    features = featurizer.fit_transform(train[["text"]])
    model = LogisticRegression(C=30, max_iter=300).fit(features.sparse, train["type"])
    scores = model.predict_proba(featurizer.transform(test).sparse)[:, 1]
    assert roc_auc_score(test["type"] == "spam", scores) > 0.99


def test_real_test_rows_are_transformed_alike(shared):
    for name in ("adult", "taxis", "penguins"):
        train, test = (pd.read_parquet(shared / name / f"{part}.parquet") for part in ("train", "test"))
        featurizer = Featurizer().fit(train)
        assert same(featurizer.transform(test.astype(object)), featurizer.transform(test))
