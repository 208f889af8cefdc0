"""What gives the target away, what says nothing of it, and how the target itself lies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_components.engine import checking, folds
from automl_components.engine.columns import detect_purposes
from automl_components.guardrails import GUARDRAILS, Facts, Finding


def facts_of(frame: pd.DataFrame, target: str, task: str, test: pd.DataFrame | None = None) -> Facts:
    checked = checking.check_tables(frame, None, test, task=task, target_column_name=target)
    splits = folds.make_splits(checked.y, task=task)
    return checking.facts_of(checked, splits, detect_purposes(checked.frame), target_name=target)


def see(code: str, frame: pd.DataFrame, target: str, task: str = "regression") -> Finding:
    finding = GUARDRAILS[code].finding(facts_of(frame, target, task))
    assert finding is not None
    return finding


def open_data(shared: Path, name: str, part: str = "train") -> tuple[pd.DataFrame, str, str]:
    folder = shared / name
    meta = json.loads((folder / "meta.json").read_text())
    task = "regression" if meta["task"] in ("regression", "forecasting") else "classification"
    return pd.read_parquet(folder / f"{part}.parquet"), meta["target"], task


def test_the_parts_of_a_sum_are_found_with_their_formula(shared):
    bikes, target, task = open_data(shared, "bike_share")
    share = np.random.default_rng(0).uniform(0.1, 0.4, len(bikes))
    bikes["casual"] = (bikes["cnt"] * share).round().astype(int)
    bikes["registered"] = bikes["cnt"] - bikes["casual"]
    finding = see("target-leakage", bikes, target, task)
    assert (finding.status, finding.severity) == ("Alerted", "error")
    (leak,) = finding.details["formulas"]
    assert (leak["formula"], leak["columns"]) == ("casual + registered = cnt", ["casual", "registered"])
    assert (leak["left_open"], leak["equal_rows"]) == (0, 1)
    assert "casual + registered = cnt in 100.0% of the rows" in finding.summary
    kept = see("target-leakage", bikes.drop(columns="registered"), target, task)
    assert kept.status == "Passed"


def test_the_duration_of_a_call_is_a_warning_and_no_verdict(shared):
    frame, target, task = open_data(shared, "bank_marketing")
    assert see("target-leakage", frame, target, task).status == "Passed"
    finding = see("later-columns", frame, target, task)
    assert (finding.status, finding.severity) == ("Alerted", "warning")
    assert [one["column"] for one in finding.details["by_name"]] == ["duration"]


def test_the_end_of_a_ride_is_known_only_when_it_is_over(shared):
    finding = see("later-columns", *open_data(shared, "taxis"))
    assert finding.details["by_date"] == [{"column": "dropoff", "after": "pickup"}]


@pytest.mark.parametrize(
    ("formula", "made"),
    [
        ("a - b = y", lambda a, b: a - b),
        ("a / b = y", lambda a, b: a / b),
        ("a + b = y", lambda a, b: 3 * (a + b) + 7),
    ],
)
def test_formulas_of_two_columns(formula, made):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.uniform(1, 9, (600, 3)), columns=["a", "b", "c"])
    finding = see("target-leakage", frame.assign(y=made(frame["a"], frame["b"])), "y")
    assert [one["formula"] for one in finding.details["formulas"]] == [formula]


def test_a_column_that_is_the_target_under_another_name():
    rng = np.random.default_rng(2)
    target = rng.choice(["low", "mid", "high"], 500)
    frame = pd.DataFrame(
        {"grade": pd.Series(target).map({"low": "C", "mid": "B", "high": "A"}), "x": rng.normal(size=500)}
    )
    finding = see("target-leakage", frame.assign(y=target), "y", "classification")
    assert finding.severity == "error"
    assert finding.details["formulas"][0]["columns"] == ["grade"]


def test_a_threshold_of_a_difference_gives_two_classes_away():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(800, 3)), columns=["paid", "owed", "age"])
    finding = see("target-leakage", frame.assign(y=frame["paid"] > frame["owed"]), "y", "classification")
    assert finding.details["formulas"][0]["columns"] == ["paid", "owed"]


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("seed", range(3))
def test_an_id_and_a_price_are_nothing_to_learn_from(seed, task):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"house": rng.permutation(3_000), "street": rng.choice(list("abcdef"), 3_000)})
    frame["price"] = (
        rng.lognormal(12, 1, 3_000) if task == "regression" else rng.choice(["a", "b", "c"], 3_000)
    )
    finding = see("nothing-to-learn", frame, "price", task)
    assert (finding.status, finding.severity) == ("Alerted", "error")
    assert "no better than a constant" in finding.summary


def test_few_rows_are_too_few_to_say_that_there_is_nothing():
    rng = np.random.default_rng(5)
    finding = see("nothing-to-learn", pd.DataFrame({"x": rng.normal(size=60), "y": rng.normal(size=60)}), "y")
    assert (finding.status, finding.severity) == ("Alerted", "warning")


def test_free_text_is_something_to_learn_from(shared):
    assert see("nothing-to-learn", *open_data(shared, "sms_spam")).status == "Passed"


def test_house_values_were_cut_off(shared):
    finding = see("target-limits", *open_data(shared, "california_housing"))
    assert [limit["value"] for limit in finding.details["limits"]] == [500001.0]


def test_targets_that_people_rounded():
    rng = np.random.default_rng(0)
    value = rng.integers(1_000, 9_000, 1_000)
    value = np.where(rng.uniform(size=1_000) < 0.7, value // 100 * 100, value)
    finding = see("target-limits", pd.DataFrame({"x": value + rng.normal(0, 90, 1_000), "y": value}), "y")
    assert finding.details["rounded_to"] == 100.0


def test_a_heavy_tail_suggests_the_logarithm():
    rng = np.random.default_rng(0)
    price = rng.lognormal(3, 1.2, 2_000)
    frame = pd.DataFrame({"x": np.log(price) + rng.normal(size=2_000), "price": price})
    assert "logarithm" in see("target-skew", frame, "price").remedy
    assert see("target-skew", frame.assign(price=np.log(price) + 9), "price").status == "Passed"


def test_swapped_labels_are_named_by_row():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1_500, 2)), columns=["x", "z"])
    frame["y"] = np.where(frame["x"] > 0, "oak", "elm")
    clear = np.flatnonzero(frame["x"].abs() > 0.8)[::20]
    frame.loc[clear, "y"] = np.where(frame.loc[clear, "x"] > 0, "elm", "oak")
    finding = see("label-noise", frame, "y", "classification")
    assert finding.status == "Alerted"
    assert {row - 1 for row in finding.details["first_rows"]} <= set(clear.tolist())


def test_contradictions_are_counted_by_what_cannot_be_right():
    frame = pd.DataFrame(
        {
            "x": [1] * 60 + [2] * 40 + list(range(3, 103)),
            "y": ["a"] * 50 + ["b"] * 10 + ["a"] * 40 + ["b"] * 100,
        }
    )
    finding = see("contradictory-labels", frame, "y", "classification")
    assert (finding.details["rows"], finding.details["groups"], finding.details["cannot_be_right"]) == (
        60,
        1,
        10,
    )
