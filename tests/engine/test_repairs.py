"""Repairs change the cells that they name and no other ones, in training and in any batch later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.engine import cells
from automl_components.engine.features import Featurizer
from automl_components.engine.repairs import learned, repaired
from automl_components.transformers import TRANSFORMERS


def missing(*values: object) -> dict[str, object]:
    return {"column": "x", "action": "missing", "values": list(values)}


def merged(*, every: bool = False) -> dict[str, object]:
    return {"column": "x", "action": "merged", "every": every}


def labels(*values: str | None) -> pd.Series:
    return cells.to_labels(pd.Series(values, name="x", dtype=object))


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from([999.0, -1.0]), st.floats(-50, 50)), min_size=1))
def test_numbers_that_are_named_become_missing_and_no_other(values):
    column = pd.Series(values)
    fitted = learned(column, [missing(999.0, -1.0)])
    expected = column.replace({999.0: np.nan, -1.0: np.nan})
    near = column.between(-1 - 1e-6, -1 + 1e-6)
    pd.testing.assert_series_equal(repaired(column, fitted)[~near], expected[~near])
    assert fitted[0]["rows"] == repaired(column, fitted).isna().sum()


def test_a_stand_in_is_known_in_another_precision():
    single = pd.Series([9999.9, 1.5], dtype="float32").astype(float)
    fitted = learned(single, [missing(single[0])])
    assert repaired(pd.Series([9999.9, 9999.0, 1.5]), fitted).isna().tolist() == [True, False, False]


def test_days_become_missing_whatever_the_hour():
    dates = pd.Series(
        pd.to_datetime(["1900-01-01 00:00", "1900-01-01 13:00", "2020-05-05 08:00", None])
    ).astype("datetime64[us]")
    assert repaired(dates, [missing("1900-01-01")]).isna().tolist() == [True, True, False, True]


def test_what_lies_beyond_becomes_missing():
    beyond = {"column": "x", "action": "missing", "beyond": [0.0, 130.0]}
    assert repaired(pd.Series([-1.0, 0, 130, 131, np.nan]), [beyond]).isna().tolist() == [
        True,
        False,
        False,
        True,
        True,
    ]
    years = {"column": "x", "action": "missing", "beyond": [None, 2150.0]}
    dates = pd.Series(np.array(["1020-01-01", "2020-01-01", "3020-01-01"], "datetime64[us]"))
    assert repaired(dates, [years]).isna().tolist() == [False, False, True]


def test_words_become_missing_categories():
    column = labels("?", "a", None, "n/a", "b")
    assert repaired(column, [missing("?", "n/a", "never seen")]).astype(object).tolist()[1::3] == ["a", "b"]
    assert repaired(column, [missing("?", "n/a")]).isna().tolist() == [True, False, True, True, False]


@pytest.mark.parametrize(
    ("every", "kept"), [(False, ["Vienna", "Vienna", "Vienna", "aBc", "abc", "m", "M"]), (True, ["abc", "m"])]
)
def test_ways_of_writing_become_the_most_frequent_one(every, kept):
    training = labels("Vienna", "Vienna", "vienna", "VIENNA", "aBc", "abc", "abc", "m", "m", "M")
    fitted = learned(training, [merged(every=every)])
    later = labels("Ｖienna", "vIENNA" if every else "Vienna", "VIENNA", "aBc", "abc", "m", "M")
    given = repaired(later, fitted).astype(object).tolist()
    assert given[:3] == ["Vienna"] * 3
    assert given[3:] == (["abc", "abc", "m", "m"] if every else ["aBc", "abc", "m", "M"])


def test_a_way_of_writing_that_training_lacked_is_the_same_category():
    fitted = learned(labels("Graz", "Linz", "LINZ"), [merged()])
    assert repaired(labels("GRAZ", "Wien"), fitted).astype(object).tolist() == ["Graz", "wien"]


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=1), st.booleans())
def test_merging_again_changes_nothing_and_rows_do_not_matter(texts, every):
    column = labels(*texts)
    fitted = learned(column, [merged(every=every)])
    once = repaired(column, fitted)
    assert once.isna().equals(column.isna())
    assert repaired(once, fitted).astype(object).equals(once.astype(object))
    alone = [repaired(labels(text), fitted).astype(object).iloc[0] for text in column.astype(object)]
    assert pd.Series(alone, dtype=object).equals(once.astype(object).reset_index(drop=True))


def test_a_featurizer_repairs_marks_and_replays():
    days = np.where(np.arange(400) % 100 == 0, 999, np.arange(400) % 28)
    frame = pd.DataFrame({"x": days, "y": np.arange(400.0)})
    featurizer = Featurizer(repairs=[missing(999.0)])
    matrix = featurizer.fit_transform(frame)
    table = featurizer.to_frame(matrix)
    assert table["x"].isna().tolist() == (days == 999).tolist()
    assert table["x_WASNULL"].tolist() == (days == 999).astype(float).tolist()
    later = featurizer.to_frame(featurizer.transform(pd.DataFrame({"x": ["999", "5", None], "y": [1, 2, 3]})))
    assert later["x"].isna().tolist() == [True, False, True]
    assert featurizer.recipes_[0].repairs == [{**missing(999.0), "rows": 4}]
    assert featurizer.summary_[0]["Tranformations"] == ["RepairedValues", "ImputationMarker", "Numeric"]


def test_a_featurizer_that_is_off_repairs_nothing():
    frame = pd.DataFrame({"x": [999, 1, 2, 3] * 9})
    table = Featurizer(mode="off", repairs=[missing(999.0)])
    assert not np.isnan(table.fit_transform(frame).numeric).any()


VALUES = {
    "numbers": pd.Series([3.0, 1.0, None, 2.0, 8.0, 1.0], name="x"),
    "dates": pd.Series(
        np.array(
            ["2020-01-01", "2021-06-01", "NaT", "2020-02-01", "2024-01-01", "2020-01-01"], "datetime64[us]"
        ),
        name="x",
    ),
    "labels": labels("b", "a", None, "c", "c", "b"),
}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
@settings(deadline=None, max_examples=25)
@given(weights=st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_a_weight_counts_like_so_many_rows(kind, strategy, weights):
    column = VALUES[kind]
    entry = TRANSFORMERS["imputer"].make({"strategy": strategy})
    if not entry.accepts(kind) or not np.array(weights)[column.notna()].any():
        return
    repeated = column.repeat(weights)
    (expected,) = entry.fit(repeated.to_frame()).values
    assert entry.fit(column.to_frame(), np.array(weights, float)).values == [expected]
    reference = repeated.dropna()  # pandas, on the repeated rows
    golden = (
        reference.astype(object).mode().iloc[0]
        if strategy == "most_frequent"
        else getattr(reference, strategy)()
    )
    if kind == "numbers":
        assert expected == pytest.approx(golden, rel=1e-12)
    elif kind == "labels":
        assert expected == golden
    else:
        assert abs(pd.Timestamp(expected) - golden) < pd.Timedelta("2us")


def test_a_featurizer_fills_gaps_by_the_weights_of_rows():
    frame = pd.DataFrame({"x": [1.0, 5.0, None], "y": [1.0, 2.0, 3.0]})
    wish = {"imputer": [{"fields": ["x"], "parameters": {"strategy": "mean"}}]}
    table = Featurizer(transformer_params=wish)
    matrix = table.fit_transform(frame, weights=np.array([3.0, 1.0, 1.0]))
    assert table.to_frame(matrix)["x"].tolist() == [1.0, 5.0, 2.0]
