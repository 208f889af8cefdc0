"""Rows that repeat, belong together, follow each other, or look different in the test data."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.engine import checking, folds
from automl_components.engine.columns import detect_purposes
from automl_components.guardrails import GUARDRAILS, Finding
from automl_components.guardrails.drift import column_shifts
from automl_components.guardrails.overlap import overlap
from automl_components.guardrails.twins import equal_rows


def facts_of(frame, target="y", task="classification", *, validation=None, test=None, groups=None):
    checked = checking.check_tables(
        frame, validation, test, task=task, target_column_name=target, group_column_name=groups
    )
    splits = folds.make_splits(
        checked.y, task=task, validation_rows=checked.validation, groups=checked.groups
    )
    return checking.facts_of(checked, splits, detect_purposes(checked.frame), target_name=target)


def see(code: str, *tables, **others) -> Finding | None:
    return GUARDRAILS[code].finding(facts_of(*tables, **others))


def noise(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    frame["kind"] = rng.choice(["x", "y", "z"], rows)
    frame["y"] = np.where(frame["a"] + rng.normal(0, 0.5, rows) > 0, "yes", "no")
    return frame


cell = st.one_of(st.none(), st.integers(0, 2), st.sampled_from(["a", "b"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, -0.0, 1.5, np.nan]), cell), min_size=1, max_size=12))
def test_equal_rows_are_those_that_pandas_groups(rows):
    frame = pd.DataFrame(rows, columns=["number", "label"])
    frame["number"] = frame["number"] + 0.0
    frame["label"] = frame["label"].map(str, na_action="ignore")
    groups = equal_rows(frame)
    twins = frame.duplicated(keep=False).to_numpy()
    assert ((groups >= 0) == twins).all()
    expected = frame.groupby(list(frame), dropna=False).ngroup().to_numpy()
    for group in set(groups[groups >= 0]):
        assert len(set(expected[groups == group])) == 1
    assert overlap(frame, frame).all()


def test_copies_are_found_and_few_possible_rows_are_not():
    frame = noise(1_000)
    finding = see("duplicate-rows", pd.concat([frame, frame.head(100)], ignore_index=True))
    assert finding.details["repeated_rows"] == 100
    numbered = pd.concat([frame, frame.head(100)], ignore_index=True).assign(row_id=range(1_100))
    assert see("duplicate-rows", numbered).details["repeated_rows"] == 100
    rng = np.random.default_rng(0)
    dice = pd.DataFrame(rng.integers(0, 3, (1_000, 3)), columns=list("abc")).assign(
        y=rng.choice(["u", "v"], 1_000)
    )
    assert see("duplicate-rows", dice).status == "Passed"


def test_shared_rows_are_told_by_table():
    frame = noise(900)
    finding = see("test-overlap", frame, validation=frame.head(90), test=noise(300, 7))
    shares = {(one["of"], one["in"]): one["rows"] for one in finding.details["shared"]}
    assert shares == {("validation", "training"): 90, ("test", "training"): 0, ("test", "validation"): 0}
    assert finding.status == "Alerted"
    assert see("test-overlap", frame, test=noise(300, 7)).status == "Passed"


@pytest.mark.parametrize("seed", range(5))
def test_no_drift_between_random_parts(seed):
    frame = noise(3_000, seed)
    assert see("drift", frame.head(2_000), test=frame.tail(1_000)).status == "Passed"


def test_drift_names_the_columns_and_how_well_they_tell():
    test = noise(800, 1)
    test["b"] += 1
    test["kind"] = np.where(np.arange(800) % 2, "x", test["kind"])
    finding = see("drift", noise(2_000), test=test)
    seen = finding.details["test"]
    assert {one["column"]: one["test"] for one in seen["columns"]} == {
        "b": "Kolmogorov-Smirnov",
        "kind": "chi-squared",
    }
    assert 0.65 < seen["classifier_area"] < 0.95


def test_false_discoveries_are_rare_over_many_columns():
    rng = np.random.default_rng(0)
    names = [f"x{number}" for number in range(400)]
    one, other = (pd.DataFrame(rng.normal(size=(500, 400)), columns=names) for _ in range(2))
    facts = facts_of(one.assign(y=np.where(one["x0"] > 0, "u", "v")))
    assert column_shifts(facts, one, other) == []


def test_a_walk_in_time_is_seen_whatever_the_order_of_the_rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=400), "x": rng.normal(size=400)})
    frame["y"] = np.cumsum(rng.normal(size=400))
    finding = see(
        "time-order", frame.sample(frac=1, random_state=0).reset_index(drop=True), task="regression"
    )
    assert finding.status == "Alerted"
    assert "split_time_column_name to 'day'" in finding.remedy
    shuffled = frame.assign(y=frame["y"].sample(frac=1, random_state=1).to_numpy())
    assert see("time-order", shuffled, task="regression").status == "Passed"


def test_a_table_sorted_by_its_class_is_no_time_series():
    frame = noise(600).sort_values("y", ignore_index=True)
    assert see("time-order", frame).status == "Passed"


def test_visits_of_patients_are_a_group():
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(80), 5)
    age, risk = rng.integers(20, 90, 80)[patient], rng.normal(size=80)[patient]
    frame = pd.DataFrame({"patient_id": patient, "age": age, "pulse": rng.normal(size=400) + risk})
    frame["y"] = np.where(risk > 0, "ill", "well")
    finding = see("repeated-groups", frame)
    assert "group_column_name to 'patient_id'" in finding.remedy
    assert finding.details["columns"][0]["constant_columns"] == ["age"]
    assert see("repeated-groups", frame, groups="patient_id") is None


def test_a_class_without_validation_rows():
    frame = noise(600)
    frame.loc[:4, "y"] = "perhaps"
    validation = noise(200, 3)
    finding = see("missing-classes", frame, validation=validation)
    assert finding.details == {"classes": 3, "not_validated": ["perhaps"], "not_trained": []}


def test_the_whole_set_is_cheap():
    """CPU seconds, of 30,000 rows and 15 columns; the goal is 3, a busy machine counts more."""
    frame = pd.concat([noise(30_000).add_suffix(f"_{n}") for n in range(3)], axis=1).drop(
        columns=["y_1", "y_2"]
    )
    facts = facts_of(frame, "y_0")
    begun = time.process_time()
    checking.run_guardrails(facts)
    assert time.process_time() - begun < 6
