"""Values that a model cannot read are told by column, with counts; ordinary gaps are not."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.core.events import listening
from automl_components.engine import predictor as module
from automl_components.engine.features import Featurizer
from automl_components.engine.learner import Learner
from automl_components.engine.predictor import Predictor
from automl_components.engine.unread import COLUMNS, Unread

ROWS = 60
FRAME = pd.DataFrame(
    {
        "size": np.arange(ROWS) * 0.5,
        "price": [f"${i}.50" for i in range(ROWS)],
        "day": pd.date_range("2024-01-01", periods=ROWS),
        "colour": ["red", "green", "blue"] * (ROWS // 3),
    }
)
FEATURIZER = Featurizer().fit(FRAME)
X = FEATURIZER.transform(FRAME)
MODEL = Predictor(
    FEATURIZER,
    [Learner("decision_tree", "regression", {}, X.schema, 0).fit(X, FRAME["size"].to_numpy())],
    [1.0],
    task="regression",
    target="y",
)


def told(frame, level=logging.WARNING):
    """What predicting tells, by column: count, rows and message."""
    notes = []
    with listening(lambda _, facts: notes.append(facts)):
        MODEL.predict(frame)
    return {one.get("column", one["message"]): one for one in notes if one["level"] == level}


def test_the_training_rows_are_read_whole():
    assert told(FRAME) == {}


def test_words_in_a_column_of_numbers():
    sizes = FRAME["size"].astype(object)
    sizes[:5] = ["abc", "abc", "x" * 99, "NA", None]
    (facts,) = told(FRAME.assign(size=sizes)).values()
    assert (facts["column"], facts["count"], facts["rows"]) == ("size", 3, ROWS)
    assert (
        "'size': 3 of 60 values are no numbers and count as missing, such as 'abc', 'xxxx" in facts["message"]
    )
    assert "x" * 41 not in facts["message"]


@pytest.mark.parametrize(
    ("column", "values", "count"),
    [
        ("size", np.inf, ROWS),
        ("size", [[1, 2]] * ROWS, ROWS),
        ("size", None, 0),
        ("size", pd.array([None, 1] * (ROWS // 2), dtype="Int64"), 0),
        ("size", " ", 0),
        ("size", "7 %", 0),
        ("size", True, 0),
        ("price", "free", ROWS),
        ("price", [f"{i}" for i in range(ROWS)], 0),
        ("day", "yesterday", ROWS),
        ("day", "2024-05-06", 0),
        ("day", pd.NaT, 0),
        ("colour", "violet", 0),
        ("colour", 7, 0),
    ],
)
def test_what_counts(column, values, count):
    found = told(FRAME.assign(**{column: values}))
    assert {name: facts["count"] for name, facts in found.items()} == ({column: count} if count else {})


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from([1.5, 2, "3", "x", "long ago", None, "n/a", float("nan")]), min_size=1))
def test_the_count_is_that_of_the_cells_that_became_missing(cells):
    frame = FRAME.head(1).loc[[0] * len(cells)].assign(size=pd.Series(cells, dtype=object).to_numpy())
    words = sum(cell in ("x", "long ago") for cell in cells)
    assert sum(facts["count"] for facts in told(frame).values()) == words


def test_batches_are_one_prediction(monkeypatch):
    monkeypatch.setattr(module, "_batches", lambda rows, _: (slice(at, at + 7) for at in range(0, rows, 7)))
    (facts,) = told(FRAME.assign(day="never")).values()
    assert facts["count"] == ROWS
    assert "are no dates" in facts["message"]


def test_categories_that_were_not_learned_only_at_debug(caplog):
    rows = FRAME.assign(colour=["violet"] * 20 + ["red"] * 40)
    assert told(rows, logging.DEBUG) == {}
    with caplog.at_level(logging.DEBUG, logger="automl_components"):
        assert told(rows, logging.DEBUG)["colour"]["count"] == 20
        assert told(FRAME, logging.DEBUG) == {}


def test_of_many_columns_the_worst_are_named():
    unread = Unread()
    for number in range(COLUMNS + 3):
        name = f"c{number}"
        unread.counts[name], unread.kinds[name], unread.examples[name] = number + 1, "numbers", ["x"]
    lines = []
    with listening(lambda _, facts: lines.append(facts["message"])):
        unread.tell(100)
    assert len(lines) == COLUMNS + 1
    assert "'c12': 13 of 100" in lines[0]
    assert lines[-1] == "warning: the same in 3 more columns"
