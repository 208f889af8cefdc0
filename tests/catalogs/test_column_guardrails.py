"""Guardrails of columns speak on real-world dirt, are silent on clean tables, and never crash or tell a secret."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from column_facts import facts_about, findings_about
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_columns import NASTY
from tidy_columns import tidy

from automl_components.engine.checking import run_guardrails
from automl_components.guardrails import GUARDRAILS
from automl_components.guardrails.sentinel_values import find_sentinels


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: nasty.name)
def test_findings_of_nasty_columns(nasty):
    found = findings_about(pd.DataFrame({nasty.name: pd.Series(nasty.values)}))
    assert set(found) == nasty.findings, [finding.summary for finding in found.values()]
    for finding in found.values():
        assert repr(nasty.name) in finding.summary
        assert finding.advice.endswith(".")
        json.dumps(finding.to_dict(), allow_nan=False)


@pytest.mark.parametrize("nasty", [n for n in NASTY if "personal-data" in n.findings], ids=lambda n: n.name)
def test_personal_data_is_shown_nowhere(nasty):
    secrets = {str(value) for value in nasty.values}
    # a case variant and a number far away, which other guardrails would quote
    values = [*nasty.values, *([str(value).upper() + " " for value in nasty.values[:9]] * 2)]
    facts = facts_about(pd.DataFrame({nasty.name: values, "more": np.arange(len(values)) % 7}))
    found = [guardrail.finding(facts) for guardrail in GUARDRAILS.values()]
    assert "personal-data" in {finding.code for finding in found if finding and finding.status == "Alerted"}
    report = json.dumps([finding.to_dict() for finding in found if finding], ensure_ascii=False)
    assert not [secret for secret in secrets if secret in report or secret.upper() in report]


def test_a_filler_among_personal_numbers_is_told_without_them():
    numbers = [6_640_000_000 + int(n) for n in np.random.default_rng(0).integers(1e6, 9e6, 300)]
    frame = pd.DataFrame({"mobile_number": [n if at % 10 else -1 for at, n in enumerate(numbers)]})
    found = findings_about(frame)
    assert {"personal-data", "sentinel-values"} <= set(found)
    report = json.dumps([finding.to_dict() for finding in found.values()])
    assert "'mobile_number' is -1 in 30 rows" in report
    assert not [n for n in numbers if str(n) in report or f"{n:.6g}" in report]


def test_all_of_them_in_one_table():
    frame = pd.DataFrame({nasty.name: pd.Series(nasty.values) for nasty in NASTY})
    found = {finding.code: finding for finding in run_guardrails(facts_about(frame)) if finding.speaks}
    for code in {code for nasty in NASTY for code in nasty.findings}:
        assert code in found
    assert all(len(finding.summary) < 4000 for finding in found.values())
    json.dumps([finding.to_dict() for finding in found.values()], allow_nan=False)


def test_tidy_tables_raise_hardly_an_alarm():
    tables = [tidy(seed) for seed in range(12)]
    alarms = [(seed, code) for seed, table in enumerate(tables) for code in findings_about(table)]
    assert len(alarms) <= 0.005 * sum(table.shape[1] for table in tables), alarms


RNG = np.random.default_rng(5)
INNOCENT = {  # they look like something at first sight
    "car": ["chevrolet chevelle malibu", "Ford Gran Torino", "Toyota Corona Mark II", "Audi 100 LS", "Fiat 124B"] * 40,
    "zone": [f"{a} {b}" for a in ["Murray", "Lenox", "Clinton", "Forest", "Jackson", "Gramercy", "Battery", "Penn"]
             for b in ["Hill", "East", "Heights", "Park", "Square", "Village", "Yards", "Slope"]] * 3,
    "company": [f"{a} {b}" for a in ["Acme", "Global", "Northern", "Blue", "Prime"] for b in ["Ltd", "Inc", "AG"]] * 12,
    "product_name": [f"{a} {b}" for a in ["Oak", "Steel", "Glass", "Cotton"] for b in ["Chair", "Table", "Lamp"]] * 15,
    "flight": [f"LH {n}" for n in RNG.integers(100, 140, 200)],
    "resolution": RNG.choice(["1920x1080", "1280x720", "3840x2160"], 200),
    "ratio": RNG.choice(["16:9", "4:3", "21:9"], 200),
    "income_band": RNG.choice(["10-20", "20-30", "30-40", ">40"], 200),
    "result": [f"{a}-{b}" for a, b in RNG.integers(0, 5, (200, 2))],
    "colour": [f"#{n:06x}" for n in RNG.choice([255, 65280, 16711680], 200)],
    "grade": RNG.choice(["A+", "A", "B", "C-"], 200),
    "build": [f"{a}.{b}.{c}.{d}" for a, b, c, d in RNG.integers(0, 3, (200, 4))],
    "zip_plus_four": [f"{a:05d}-{b:04d}" for a, b in RNG.integers(1000, 1030, (200, 2))],
    "amount": RNG.integers(10**9, 10**10, 200) * 10,
    "revenue": np.round(RNG.lognormal(16, 1, 200)),
    "cents": RNG.integers(10**12, 10**13, 200) // 7 * 2,
    "month": RNG.choice(["jan", "feb", "mar", "dec"], 200),
    "part": [f"{a}-{b}/{c}" for a, b, c in RNG.integers(10, 20, (200, 3))],
    "cabin": RNG.choice(["C85", "E46", "B28", "D33", "G6"], 200),
    "ocean": RNG.choice(["<1H OCEAN", "INLAND", "NEAR BAY"], 200),
    "blood": RNG.choice(["A+", "0-", "B+", "AB-"], 200),
    "language": RNG.choice(["en", "de", "none", "fr"], 200),
    "nationality": RNG.choice(["Jordan", "Chad", "Georgia", "Austria", "Peru"], 200),
    "emoji": RNG.choice(["😀", "😡", "🙂"], 200),
    "ticks": np.sort(RNG.choice(10**7, 200)) * 0.25,
    "dimension": [f"{a} x {b} cm" for a, b in RNG.integers(10, 20, (200, 2))],
}  # fmt: skip


@pytest.mark.parametrize("name", INNOCENT)
def test_innocent_columns_raise_no_alarm(name):
    found = findings_about(pd.DataFrame({name: INNOCENT[name]}))
    assert not found, [finding.summary for finding in found.values()]


def dutch(number: int) -> bool:
    """The eleven test of a Dutch citizen service number, by its published weights."""
    *body, last = map(int, f"{number:09d}")
    return (sum(w * d for w, d in zip(range(9, 1, -1), body, strict=True)) - last) % 11 == 0


def polish(number: int) -> bool:
    """The check digit of a Polish PESEL, by its published weights."""
    *body, last = map(int, f"{number:011d}")
    return (sum(w * d for w, d in zip((1, 3, 7, 9, 1, 3, 7, 9, 1, 3), body, strict=True)) + last) % 10 == 0


@pytest.mark.parametrize(
    ("rule", "first", "country"), [(dutch, 123456000, "Dutch"), (polish, 85010112000, "Polish")]
)
@pytest.mark.parametrize("kind", [int, str])
def test_national_ids_are_known_by_their_check_digit(rule, first, country, kind):
    numbers = [kind(number) for number in range(first, first + 900) if rule(number)]
    finding = findings_about(pd.DataFrame({"reference": numbers}))["personal-data"]
    assert country in finding.summary
    others = [kind(number + 1) for number in map(int, numbers)]
    assert "personal-data" not in findings_about(pd.DataFrame({"reference": others}))


EXPECTED = {  # what is really there: each was looked up
    "abalone": set(),
    "adult": {"duplicate-features", "sentinel-values"},  # education_num numbers education; capital_gain 99999
    "airline_passengers": set(),
    "bank_marketing": {
        "duplicate-features",
        "sentinel-values",
        "missing-words",
    },  # two monthly indices; pdays 999
    "bike_share": set(),
    "california_housing": set(),
    "letter": set(),
    "oj_sales": {"duplicate-features"},  # ten columns that are constant in each of three stores
    "penguins": set(),
    "sms_spam": {"personal-data"},  # numbers to call, in 295 rows, and addresses in 4
    "taxis": set(),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_open_data_sets_raise_no_false_alarm(shared, name):
    meta = json.loads((shared / name / "meta.json").read_text())
    frame = pd.read_parquet(shared / name / "train.parquet").drop(columns=meta["target"])
    found = findings_about(frame)
    assert set(found) == EXPECTED[name], [finding.summary for finding in found.values()]


def test_a_sample_is_looked_at_and_said_to_be():
    rows = 60_000
    frame = pd.DataFrame(
        {"pdays": np.where(np.arange(rows) % 9, 999, np.arange(rows) % 28), "x": np.arange(rows) % 97}
    )
    finding = findings_about(frame)["sentinel-values"]
    assert (finding.rows_seen, finding.rows) == (20_000, rows)


def test_without_featurization_nothing_is_called_done():
    prices = [f"${value:,.2f}" for value in range(1000, 1240)]
    days = pd.date_range("2024-01-01", periods=240).strftime("%d.%m.%Y")
    codes = [f"{number:032x}" for number in np.random.default_rng(0).integers(2**62, size=240)]
    frame = pd.DataFrame({"price": prices, "day": days, "code": codes})
    found = findings_about(frame, featurize=False)
    assert {code: finding.status for code, finding in found.items()} == dict.fromkeys(
        ["dates-as-text", "identifiers", "numbers-as-text"], "Alerted"
    )


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=30), st.binary(max_size=9),
    st.decimals(allow_nan=False), st.dates(), st.datetimes(), st.timedeltas(), st.just(pd.NA), st.just(pd.NaT),
    st.complex_numbers(), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from([dt.time(3, 4), Decimal("NaN"), np.float32(3), np.int8(2), "12,5 %", "$-1", "١٢٣"]),
)  # fmt: skip
COLUMNS = st.one_of(
    st.lists(CELLS, min_size=12, max_size=60),
    st.lists(st.floats(), min_size=12, max_size=60),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=12, max_size=60),
    st.lists(st.text(max_size=20), min_size=12, max_size=60),
    st.lists(st.datetimes(), min_size=12, max_size=60),
)


@settings(max_examples=40, deadline=None)
@given(first=COLUMNS, second=COLUMNS, name=st.text(max_size=12))
def test_no_column_makes_a_check_fail(first, second, name):
    frame = pd.DataFrame({name: pd.Series(first), name + "2": pd.Series(second)}).head(len(first))
    for finding in findings_about(frame).values():
        json.dumps(finding.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1.5, None, 3] * 20, dtype="Float64"), pd.Series([True, None] * 30, dtype="boolean"),
        pd.Series(["a", None, "b "] * 20, dtype="string"), pd.Series(pd.Categorical([1, 2, None] * 20)),
        pd.Series(pd.interval_range(0, 60)), pd.Series([1 + 2j] * 30 + [2j] * 30), pd.Series([{1, 2}, {3}] * 30),
        pd.Series(pd.arrays.SparseArray([0.0, 0, 3] * 20)), pd.Series(np.linspace(0, 1, 60), dtype="float32[pyarrow]"),
        pd.Series(["x", "y"] * 30, dtype="string[pyarrow]"), pd.Series([dt.date(2024, 1, 1), None] * 30),
        pd.Series([Decimal("1.5"), Decimal("NaN")] * 30), pd.Series([10**30, 5] * 30),
        pd.Series([np.inf, -np.inf] * 30),
    ],
    ids=lambda values: str(values.dtype),
)  # fmt: skip
def test_every_dtype_can_be_looked_at(values):
    facts = facts_about(pd.DataFrame({"a": values, "b": values}))
    for guardrail in GUARDRAILS.values():
        found = guardrail.finding(facts)
        assert found is None or json.dumps(found.to_dict(), allow_nan=False)


def test_a_lone_minus_one_is_told_from_a_thin_end():
    rng = np.random.default_rng(0)
    thin = [np.round(rng.normal(rng.uniform(2, 9), rng.uniform(0.8, 4), 500)) for _ in range(300)]
    assert sum(found.value < 0 for values in thin for found in find_sentinels(values)) <= 2
    counts = [np.where(rng.random(1000) < 0.05, -1, rng.integers(0, 30, 1000)) for _ in range(50)]
    assert all([found.value for found in find_sentinels(values.astype(float))] == [-1] for values in counts)
