"""Thousands of columns are looked at as a block, and what is said of them is what is said of each alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.guardrails import facts as facts_module
from automl_components.guardrails.duplicate_features import find_duplicates
from automl_components.guardrails.facts import MANY_COLUMNS, Facts
from automl_components.guardrails.looks import look
from automl_components.guardrails.near_constant_features import _varied, count_others
from automl_components.guardrails.unusual_values import _all_finite


def wide(rows=400, columns=MANY_COLUMNS + 30) -> pd.DataFrame:
    """Numbers of many kinds: continuous, with gaps, whole, nearly constant, equal to another."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, columns))).add_prefix("f")
    frame.iloc[::3, 0] = np.nan
    frame["infinite"] = np.where(np.arange(rows) == 7, np.inf, frame["f1"])
    frame["near"] = (np.arange(rows) < 3).astype(float)
    frame["grade"] = rng.integers(0, 5, rows).astype(float)
    frame["relabelled"] = 10 - 2 * frame["grade"]
    frame["copy"] = frame["f5"]
    frame["gaps_too"] = frame["f0"]
    frame["word"] = rng.choice(["red", "blue"], rows)
    return frame


def known(frame):
    purposes = {name: "Categorical" if name == "word" else "Numeric" for name in frame}
    target = pd.Series(np.arange(len(frame)) % 2)
    return Facts(frame, target, "classification", purposes, {"kind": "k_fold", "count": 3})


def test_values_are_those_of_each_column():
    frame = wide()
    facts = known(frame)
    for name in frame:
        alone = facts_module.read_values(frame[name], "Numeric")
        np.testing.assert_array_equal(facts.values(name), np.where(np.isinf(alone), np.nan, alone))
    assert "f0" in facts_module._block(facts)
    assert not facts_module._block(known(frame[["f0", "f1", "word"]]))


def test_numbers_are_the_finite_ones():
    frame = wide()
    numbers = look(known(frame)).numbers
    assert set(numbers) == set(frame) - {"word"}
    assert len(numbers["infinite"]) == len(frame) - 1
    assert len(numbers["f0"]) == frame["f0"].notna().sum()


def test_duplicates_are_found_among_many():
    frame = wide()
    few = frame[["f0", "f5", "grade", "relabelled", "copy", "gaps_too", "near"]]
    same, alike = find_duplicates(frame)
    assert sorted(map(sorted, same)) == sorted(map(sorted, find_duplicates(few)[0]))
    assert sorted(map(sorted, same)) == [["copy", "f5"], ["f0", "gaps_too"]]
    assert alike == find_duplicates(few)[1] == [["grade", "relabelled"]]


def test_what_is_passed_over_is_never_nearly_constant():
    frame = wide()
    varied = _varied(look(known(frame)))
    assert "f1" in varied
    assert not varied & {"near", "grade", "word"}
    assert all(count_others(frame[name]) is None for name in varied)


def test_columns_without_an_infinite_value():
    frame = wide()
    assert _all_finite(frame, list(frame)) == {
        name for name in frame if name != "word" and not np.isinf(frame[name]).any()
    }


def test_a_block_of_one_dtype_is_not_written_into():
    """pandas gives a read-only view of a table that is one block of float64."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(300, MANY_COLUMNS))).rename(columns=str)
    frame = frame.mask(frame > 3.2, np.inf)
    kept = frame.copy()
    facts = known(frame)
    assert np.isnan(facts.values("0")).sum() == np.isinf(kept["0"]).sum()
    pd.testing.assert_frame_equal(frame, kept)
