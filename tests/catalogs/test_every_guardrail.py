"""What every guardrail owes: silent on clean data, it speaks on its own example, in JSON and plain words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_components.core.settings.featurization import PURPOSES
from automl_components.engine.checking import run_guardrails
from automl_components.guardrails import GUARDRAILS, Facts, Finding
from automl_components.guardrails.class_balance import settled
from automl_components.guardrails.memory import FEATURE_BYTES

ROWS = 300
AZURE = {  # titles of Azure's own guardrails for tables without time series
    "Missing feature values imputation",
    "High cardinality feature detection",
    "Validation split handling",
    "Class balancing detection",
    "Memory issues detection",
    "Cross validation",
    "Train-test data split",
}


def clean(task: str, seed: int = 0, rows: int = ROWS) -> Facts:
    """Facts in which there is nothing to see: a signal with noise, whole columns, a split that the user asked for."""
    table, target = draw(task, seed, rows)
    test, _ = draw(task, seed + 1_000, rows // 2)
    sides = (np.arange(rows) % 3 > 0).astype(np.int8)[:, None]
    return Facts(
        frame=table,
        target=target,
        task=task,
        purposes={"age": "Numeric", "income": "Numeric", "job": "Categorical", "since": "DateTime"},
        splits={
            "kind": "holdout", "count": 1, "reason": "validation_data_size was given", "names": ["holdout"],
            "auto": False, "notes": [], "train_rows": [int(sides.sum())],
            "validation_rows": [int((sides == 0).sum())], "test_rows": 0,
        },
        sides=sides,
        test=test,
        memory_bytes=2**30,
    )  # fmt: skip


def draw(task: str, seed: int, rows: int) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    age, income = rng.integers(18, 90, rows), rng.normal(3_000, 500, rows)
    days = pd.to_timedelta(rng.integers(0, 3_000, rows), unit="D")
    frame = pd.DataFrame(
        {
            "age": age,
            "income": income,
            "job": rng.choice(["clerk", "nurse", "smith"], rows),
            "since": pd.Timestamp("2016-01-01") + days,
        }
    )
    score = (age - 54) / 21 + (income - 3_000) / 500 + rng.normal(0, 0.8, rows)
    return frame, pd.Series(np.where(score > 0, "yes", "no")) if task == "classification" else pd.Series(
        score
    )


def plain(value: object) -> bool:
    """Whether a value is made of JSON's own types: no numpy scalar, no NaN."""
    if isinstance(value, dict):
        return all(type(key) is str and plain(part) for key, part in value.items())
    if isinstance(value, list):
        return all(plain(part) for part in value)
    return value is None or type(value) in (str, int, bool) or (type(value) is float and np.isfinite(value))


tasks = pytest.mark.parametrize("task", ["classification", "regression"])
every = pytest.mark.parametrize("name", list(GUARDRAILS))


def test_the_catalog_covers_azure():
    assert {guardrail.title for guardrail in GUARDRAILS.values()} >= AZURE
    assert len({guardrail.rank for guardrail in GUARDRAILS.values()}) == len(GUARDRAILS)


@every
@tasks
def test_silent_on_clean_data(name, task):
    finding = GUARDRAILS[name].check(clean(task))
    assert finding is None or (finding.status, finding.severity) == ("Passed", "info")
    assert finding is None or plain(dict(finding.details))


@tasks
@pytest.mark.parametrize("seed", range(1, 9))
def test_the_whole_set_is_silent_on_clean_data(seed, task):
    findings = run_guardrails(clean(task, seed, rows=250 * seed))
    assert {one.code for one in findings if one.status != "Passed"} == set()


@tasks
def test_equal_facts_have_equal_reports(task):
    facts = clean(task).with_column("gap", [None, 1.5] * (ROWS // 2), "Numeric")
    again = clean(task).with_column("gap", [None, 1.5] * (ROWS // 2), "Numeric")
    assert run_guardrails(facts) == run_guardrails(replace(again, memory_bytes=2**31))


@every
@tasks
def test_a_sample_is_said_to_be_one(name, task):
    """A million rows are cut down before they are looked at, and the report says so."""
    guardrail = GUARDRAILS[name]
    small = replace(guardrail, sample_rows=100)
    found = small.finding(clean(task))
    if found is not None:
        assert (found.rows_seen, found.rows) == (100, ROWS)
    assert guardrail.sample_rows is None or guardrail.sample_rows <= 20_000


@every
@tasks
def test_speaks_on_its_own_example(name, task):
    guardrail = GUARDRAILS[name]
    finding = guardrail.check(guardrail.example(clean(task)))
    assert finding is not None
    assert (finding.code, finding.title) == (name, guardrail.title)
    assert finding.status in ("Done", "Alerted")
    assert (finding.status == "Alerted") <= (finding.severity != "info")
    assert (finding.repair if finding.status == "Done" else finding.remedy) is not None
    for text in filter(None, (finding.summary, finding.repair, finding.remedy)):
        assert text[0] == text[0].upper()
        assert text[-1] == "."
        assert ".." not in text
    assert plain(dict(finding.details))
    assert json.loads(json.dumps(finding.to_dict(), allow_nan=False))["code"] == name


@pytest.mark.parametrize("name", ["missing-values", "high-cardinality", "constant-features"])
def test_featurization_off_promises_no_repair(name):
    guardrail = GUARDRAILS[name]
    finding = guardrail.check(replace(guardrail.example(clean("classification")), featurize=False))
    assert finding.status == "Alerted"
    assert "off" in finding.remedy


def see(name: str, **changes) -> Finding:
    return GUARDRAILS[name].check(replace(clean("classification"), **changes))


def test_missing_values_names_columns_by_share():
    facts = clean("classification").with_column("few", [None] * 3 + [1.0] * 297, "Numeric")
    facts = facts.with_column("many", [None] * 150 + ["x"] * 150, "Categorical").with_column(
        "none", None, "AllNan"
    )
    finding = GUARDRAILS["missing-values"].check(facts)
    assert finding.details["columns"] == 2
    assert finding.details["cells"] == 153
    assert finding.details["most"][0] == {"column": "many", "missing": 150, "share": 0.5}


def test_many_columns_are_counted_and_ten_named():
    facts = clean("classification")
    for number in range(12):
        facts = facts.with_column(f"gap{number}", [None] + [1.0] * 299, "Numeric")
    finding = GUARDRAILS["missing-values"].check(facts)
    assert "and 2 more" in finding.summary
    assert len(finding.details["most"]) == 10


@pytest.mark.parametrize(("minority", "status"), [(50, "Alerted"), (51, "Passed")])
def test_class_balance_has_azures_threshold(minority, status):
    target = pd.Series(["big"] * 250 + ["small"] * minority)  # 50 is a fifth of 250
    assert see("class-balance", target=target).status == status


@pytest.mark.parametrize(("tried", "status"), [([8], "Done"), ([], "Alerted")])
def test_class_balance_is_done_once_weights_were_tried(tried, status):
    found = see("class-balance", target=pd.Series(["big"] * 250 + ["small"] * 20)).to_dict()
    other = {"code": "x", "status": "Alerted", "repair": None}
    made = settled([found, other], {"tried": tried, "reason": "trial 8 is in the model"})
    assert (made[0]["status"], made[0]["repair"]) == (status, "Trial 8 is in the model.")
    assert made[1] == other
    assert found["status"] == "Alerted"  # as it was found
    assert settled([found], None) == [found]


def test_rare_classes_are_named_with_their_rows():
    splits = {**clean("classification").splits, "count": 10}
    target = pd.Series(["a"] * 280 + ["b"] * 12 + ["c"] * 7 + ["d"])
    finding = see("rare-classes", target=target, splits=splits)
    assert finding.details["threshold"] == 10
    assert finding.details["rows"] == [{"class": "d", "rows": 1}, {"class": "c", "rows": 7}]
    assert "'d' (1), 'c' (7)" in finding.summary
    assert "1 class of one row" in finding.remedy


def test_a_wish_that_was_not_met_is_reported_before_the_rule():
    splits = {**clean("classification").splits, "auto": True, "notes": ["10 folds were wanted; rows allow 7"]}
    finding = see("validation-split", splits=splits)
    assert (finding.status, finding.severity) == ("Done", "warning")
    assert "rows allow 7" in finding.summary


def test_cross_validation_shows_sizes():
    splits = {**clean("classification").splits, "count": 3, "train_rows": [666, 667, 667],
              "validation_rows": [334, 333, 333], "kind": "k_fold", "reason": "3 folds"}  # fmt: skip
    assert (
        "on 666 to 667 rows, and scored on 333 to 334 others"
        in see("cross-validation", splits=splits).summary
    )


def test_target_missing_counts_the_test_rows_too():
    splits = {**clean("classification").splits, "test_rows": 100}
    finding = see("target-missing", splits=splits, dropped_rows=100)
    assert finding.details["share"] == 0.2
    assert finding.severity == "warning"


def test_hashed_and_dropped_columns_are_told_apart():
    facts = clean("classification").with_column("zip", [str(n % 200) for n in range(ROWS)], "CategoricalHash")
    finding = GUARDRAILS["high-cardinality"].check(
        facts.with_column("id", [f"i{n}" for n in range(ROWS)], "Hashes")
    )
    assert finding.details["distinct"] == [{"column": "id", "values": 300}, {"column": "zip", "values": 200}]
    assert "Left out: 'id'. Hashed into a fixed number of columns: 'zip'." in finding.repair


def test_mixed_types_are_found_in_text_columns_only():
    mixed = [1, "two", 3.5] * 100
    finding = GUARDRAILS["unusual-values"].check(
        clean("classification").with_column("code", mixed, "Categorical")
    )
    assert finding.details["mixed_columns"] == [{"column": "code", "types": ["float", "int", "str"]}]
    numbers = pd.Series([1, 2.5] * 150, dtype=object)
    assert (
        GUARDRAILS["unusual-values"].check(clean("regression").with_column("n", numbers, "Numeric")).status
        == "Passed"
    )


def test_names_alike_are_paired():
    facts = clean("classification").with_column("Age ", 1, "Constant")
    assert GUARDRAILS["column-names"].check(facts).details["alike_columns"] == [["age", "Age "]]


@pytest.mark.parametrize(("share", "status"), [(1.0, "Passed"), (0.5, "Alerted")])
def test_memory_is_compared_with_an_estimate(share, status):
    frame = pd.DataFrame(np.zeros((1_000, 10))).add_prefix("x")
    estimate = 1_000 * 10 * (8 + 4 * 8)  # the table, and four copies of a value and its marker
    finding = see(
        "memory",
        frame=frame,
        purposes=dict.fromkeys(frame, "Numeric"),
        memory_bytes=int(share * estimate / 0.8) + 1,
    )
    assert finding.status == status
    assert finding.details["needed_mb"] == round(estimate / 2**20, 1)
    assert see("memory", memory_bytes=0) is None


def test_text_needs_memory():
    facts = clean("classification").with_column("note", "six fine words are in this text " * 30, "Text")
    need = GUARDRAILS["memory"].check(facts).details["needed_mb"]
    assert need > 4 * 4 * ROWS * 960 / 2**20


def test_every_purpose_needs_memory():
    used = [purpose for purpose in PURPOSES if purpose not in ("Hashes", "Ignore")]
    assert set(FEATURE_BYTES) == set(used)


@pytest.mark.parametrize("values", [[["a", "b"]] * ROWS, ["one, two, three"] * ROWS])
def test_lists_need_memory(values):
    facts = clean("classification")
    without = GUARDRAILS["memory"].check(facts).details["needed_mb"]
    assert (
        GUARDRAILS["memory"].check(facts.with_column("tags", values, "List")).details["needed_mb"] > without
    )


@pytest.mark.parametrize(
    ("values", "word"),
    [([0.0] * 200 + list(range(100)), "the same target, 0"), ([*range(299), 1e7], "1 row")],
)
def test_a_target_ruled_by_few_rows(values, word):
    finding = see("target-distribution", task="regression", target=pd.Series(values))
    assert finding.status == "Alerted"
    assert word in finding.summary
