"""Tables of ten thousand columns, and of a million rows: the same features, few objects, bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components import formats
from automl_components.engine.columns import detect_purpose, detect_purposes, dtype_purposes
from automl_components.engine.features import Featurizer
from automl_components.engine.purposes import ColumnInfo, dtype_purpose
from automl_components.flavor import load_featurizer, save_featurizer
from automl_components.flavor.trust import nodes

ROWS, COLUMNS = 200, 1200


@pytest.fixture(scope="module")
def wide():
    """Numbers of several dtypes among truth values and categories, a fifth of them with gaps."""
    rng = np.random.default_rng(0)
    columns = {}
    for at in range(COLUMNS):
        values = rng.normal(size=ROWS)
        if at % 5 == 0:
            values[rng.random(ROWS) < 0.1] = np.nan
        dtype = ("float64", "float32", "float64", "float64")[at % 4]
        columns[f"n{at}"] = values.astype(dtype)
    columns["whole"] = rng.integers(0, 99, ROWS)
    columns["kind"] = rng.choice(["a", "b"], ROWS)
    columns |= {f"b{at}": rng.random(ROWS) < 0.5 for at in range(20)}
    columns["nullable"] = pd.array(rng.integers(0, 9, ROWS), dtype="Int64")
    columns["large"] = 1.7e9 + rng.integers(0, 1000, ROWS)
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def fitted(wide):
    return Featurizer().fit(wide)


def test_the_features_are_those_of_each_column_alone(wide, fitted):
    matrix = fitted.transform(wide)
    some = ["n0", "n1", "n7", "n1195", "whole", "b3", "nullable", "large"]
    at = {name: place for place, name in enumerate(matrix.schema.numeric)}
    for name in some:
        alone = Featurizer().fit(wide[[name]])
        expected = alone.transform(wide[[name]])
        found = matrix.numeric[:, [at[one] for one in expected.schema.numeric]]
        np.testing.assert_array_equal(found, expected.numeric)
    levels = np.array(fitted.levels_["kind"], dtype=object)
    assert (levels[matrix.codes[:, 0]] == wide["kind"]).all()


def test_names_follow_the_order_of_the_raw_columns(wide, fitted):
    raw = [fitted.feature_map_[name] for name in fitted.schema_.numeric]
    order = [name for name in wide if name != "kind"]
    assert list(dict.fromkeys(raw)) == order
    assert fitted.schema_.numeric[:4] == ("n0_WASNULL", "n0", "n1", "n2")


def test_the_file_holds_few_objects(fitted, tmp_path):
    skops.io.dump(fitted, tmp_path / "featurizer.skops")
    assert len(list(nodes(tmp_path / "featurizer.skops"))) < 150


def test_saved_loaded_and_used_one_row_at_a_time(wide, fitted, tmp_path):
    save_featurizer(fitted, tmp_path / "featurizer", input_example=wide.head(3))
    loaded = load_featurizer(tmp_path / "featurizer")
    expected = fitted.transform(wide.head(3))
    shuffled = wide.head(3)[wide.columns[::-1]]
    np.testing.assert_array_equal(loaded.transform(shuffled).numeric, expected.numeric)
    np.testing.assert_array_equal(loaded.transform(wide.iloc[[1]]).numeric[0], expected.numeric[1])


def test_columns_of_a_block_without_features_are_not_needed():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 4)), columns=list("abcd"))
    frame.loc[::5, ["b", "d"]] = np.nan
    params = {"imputer": [{"parameters": {"strategy": "median"}}]}
    featurizer = Featurizer(transformer_params=params, blocked_transformers=["numeric"]).fit(frame)
    assert featurizer.columns_ == ["b", "d"]
    assert featurizer.names_ == ["b_WASNULL", "d_WASNULL"]
    np.testing.assert_array_equal(featurizer.transform(frame[["d", "b"]]).numeric, frame[["b", "d"]].isna())
    rows = {row["RawFeatureName"]: row for row in featurizer.summary_}
    assert [rows[name]["Dropped"] for name in "abcd"] == ["Yes", "No", "Yes", "No"]
    assert rows["b"]["Tranformations"] == ["MedianImputer", "ImputationMarker"]


numbers = st.one_of(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 7.0, 20240131.0, 1.6e9]), st.floats())


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["price", "id", "date", "Size", "createdAt", "x"]),
        st.lists(numbers, min_size=25, max_size=25),
        min_size=1,
    ),
    st.sampled_from(["float64", "object", "Float64"]),
)
def test_purposes_of_many_columns_are_those_of_each_alone(values, dtype):
    frame = pd.DataFrame({name: pd.Series(some).astype(dtype) for name, some in values.items()})
    assert detect_purposes(frame) == {name: detect_purpose(frame[name]) for name in frame}
    assert dtype_purposes(frame) == {name: dtype_purpose(frame[name]) for name in frame}
    half = dict(list(detect_purposes(frame).items())[::2])
    assert detect_purposes(frame, known=half) == detect_purposes(frame)


def test_what_columns_were_detected_as_travels_with_the_rows(tmp_path):
    frame = pd.DataFrame(
        {
            "size": np.arange(60) * 0.5,
            "weight": [f"{at},5 kg" for at in range(60)],
            "day": [f"{1 + at % 28:02}.01.2024" for at in range(60)],
            "mixed": pd.Series([1, "a", 2.5] * 20, dtype=object),
            "sparse": pd.arrays.SparseArray(np.arange(60) % 3),
        }
    )
    found = detect_purposes(frame)
    data = formats.CheckedData(
        frame, np.zeros(60), [], np.ones((60, 1), np.int8), None, {"task": "regression"}, None, found
    )
    formats.write_checked(data, tmp_path)
    read = formats.read_checked(tmp_path)
    assert read.columns == {name: found[name] for name in ("size", "weight", "day")}
    handed_on, alone = Featurizer(), Featurizer()
    with_known = handed_on.fit_transform(read.frame, read.columns)
    np.testing.assert_array_equal(with_known.numeric, alone.fit_transform(read.frame).numeric)
    assert handed_on.summary_ == alone.summary_


def test_what_is_known_is_not_looked_at_again_but_declarations_win():
    frame = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30.0) % 7})
    known = {"b": ColumnInfo("Ignore", "said before"), "gone": ColumnInfo("Text", "of another table")}
    assert Featurizer().fit(frame, known).names_ == ["a"]
    declared = Featurizer(column_name_and_types={"b": "Categorical"}).fit(frame, known)
    assert declared.purposes_ == {"a": "Numeric", "b": "Categorical"}
    assert Featurizer("off").fit(frame, known).names_ == ["a", "b"]


TALL = """
import resource, sys
import numpy as np, pandas as pd
from automl_components.engine.features import Featurizer

rows = 1_000_000
rng = np.random.default_rng(0)
columns = {f"n{j}": rng.normal(size=rows) for j in range(14)}
for j in range(0, 14, 5):
    columns[f"n{j}"][rng.random(rows) < 0.05] = np.nan
for j in range(6):
    levels = [f"level {k}" for k in range(4 * 2**j)]
    columns[f"c{j}"] = pd.Categorical.from_codes(rng.integers(0, len(levels), rows), levels).astype(str)
frame = pd.DataFrame(columns)
data = int(frame.memory_usage(deep=True).sum())
Featurizer().fit(frame.head(1000))  # what is imported on first use
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
featurizer = Featurizer()
learned = featurizer.fit_transform(frame)
again = featurizer.transform(frame)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
np.testing.assert_array_equal(again.numeric, learned.numeric)
np.testing.assert_array_equal(again.codes, learned.codes)
at = list(learned.schema.numeric)
np.testing.assert_array_equal(again.numeric[:, at.index("n5")], frame["n5"].to_numpy(np.float32))
np.testing.assert_array_equal(again.numeric[:, at.index("n5_WASNULL")], frame["n5"].isna())
for j, name in enumerate(learned.schema.codes):
    levels = np.array(featurizer.levels_[name], dtype=object)
    assert (levels[again.codes[::997, j]] == frame[name].to_numpy(object)[::997]).all()
features = learned.numeric.nbytes + learned.codes.nbytes
print(data, features, (after - before) * 1024)
"""


@pytest.mark.slow
def test_a_million_rows_are_featurized_in_bounded_memory():
    """Beside the table itself: the features twice (of training, and again) and no more than the table once more."""
    place = str(Path(__file__).resolve().parents[2])
    made = subprocess.run(
        [sys.executable, "-c", TALL], capture_output=True, text=True, cwd=place, check=False
    )
    assert made.returncode == 0, made.stderr
    data, features, more = map(int, made.stdout.split())
    assert more < 2 * features + data
    assert data + more < 3 * data
