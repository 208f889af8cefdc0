"""No table, however odd, makes a guardrail fail; and every finding of it is JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from nasty_columns import NASTY, ROWS

from automl_components.engine import checking, folds
from automl_components.guardrails import Finding

RNG = np.random.default_rng(0)
AT = np.arange(ROWS)
ODD = {
    "complex": AT + 1j,
    "decimal": [Decimal(int(i)) / 7 for i in AT],
    "gap": [timedelta(hours=int(i)) for i in AT],
    "period": pd.period_range("2000-01", periods=ROWS, freq="M"),
    "sparse": pd.arrays.SparseArray(np.where(AT % 5, 0.0, AT)),
    "ordered": pd.Categorical(np.resize(["low", "mid", "high"], ROWS), ["low", "mid", "high"], ordered=True),
    "nullable": pd.array([None if i % 9 == 0 else int(i) for i in AT], dtype="Int64"),
    "arrow": pd.array([None if i % 9 == 0 else f"v{i % 4}" for i in AT], dtype="string[pyarrow]"),
    "maybe": pd.array([None if i % 9 == 0 else bool(i % 2) for i in AT], dtype="boolean"),
    "zoned": pd.date_range("2024-01-01", periods=ROWS, tz="Europe/Vienna"),
    "huge": np.where(AT % 2, 1e300, -1e300) * (1 + AT),
    "infinite": np.where(AT % 3, np.inf, -np.inf),
    "none": [None] * ROWS,
    "dicts": [{"a": int(i)} for i in AT],
    "sets": [{int(i) % 3} for i in AT],
    "bytes": [b"x%d" % (i % 5) for i in AT],
    "mixed": [(1, "one", 1.5, None, True)[i % 5] for i in AT],
}  # fmt: skip
TARGETS = {
    "classification": np.resize(["a", "b", "c", "b"], ROWS),
    "flag": AT % 3 > 0,
    "regression": AT * 1.0,
    "tiny": RNG.normal(size=ROWS) * 1e-50,
    "huge": RNG.normal(size=ROWS) * 1e100,
    "two": np.where(AT % 7, 0.0, 5.0),
}


def look(frame: pd.DataFrame, target: object, *, test: bool) -> list[Finding]:
    kind = "regression" if np.asarray(target).dtype.kind == "f" else "classification"
    table = frame.assign(the_target=target)
    checked = checking.check_tables(
        table, None, frame.iloc[::4] if test else None, task=kind, target_column_name="the_target"
    )
    splits = folds.make_splits(checked.y, task=kind)
    columns = checking.detect_columns(checked.frame, {})
    return checking.run_guardrails(
        checking.facts_of(checked, splits, columns, target_name="the_target", memory_bytes=2**34)
    )


def whole() -> pd.DataFrame:
    nasty = {column.name: pd.Series(column.values) for column in NASTY}
    return pd.DataFrame({**nasty, **{f"odd {name}": pd.Series(values) for name, values in ODD.items()}})


@pytest.mark.parametrize("kind", ["classification", "huge"])
def test_a_table_of_all_that_is_odd(kind):
    findings = look(whole(), TARGETS[kind], test=True)
    assert len({finding.code for finding in findings}) > 25
    for finding in findings:
        json.dumps(finding.to_dict(), allow_nan=False)


@pytest.mark.parametrize("name", list(ODD))
@pytest.mark.parametrize("kind", ["flag", "regression"])
def test_a_table_of_one_odd_column(name, kind):
    for finding in look(pd.DataFrame({name: pd.Series(ODD[name])}), TARGETS[kind], test=True):
        json.dumps(finding.to_dict(), allow_nan=False)


@pytest.mark.parametrize("rows", [10, 60])
@pytest.mark.parametrize("kind", ["flag", "two", "tiny"])
def test_few_rows(rows, kind):
    for finding in look(whole().head(rows), TARGETS[kind][:rows], test=rows > 20):
        json.dumps(finding.to_dict(), allow_nan=False)
