"""Test rows that are also training rows: a score on them says nothing about new rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.guardrails import Facts, Finding, Guardrail, counted


def overlap(training: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Which test rows equal a training row in every column that both tables have.

    Numbers are compared as numbers whatever their type, dates as dates, everything else as text; a missing
    value equals a missing value. Rows are compared by 64-bit hashes.

    Returns
    -------
    bool array, one value a test row

    Examples
    --------
    >>> overlap(pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [2.0, 3.0]})).tolist()
    [True, False]
    """
    shared = [name for name in training.columns if name in test.columns]
    if not shared or not len(training) or not len(test):
        return np.zeros(len(test), dtype=bool)
    pairs = [_comparable(training[name], test[name]) for name in shared]
    hashes = [
        pd.util.hash_pandas_object(pd.DataFrame(dict(enumerate(side))), index=False).to_numpy()
        for side in zip(*pairs, strict=True)
    ]
    return pd.Series(hashes[1]).isin(hashes[0]).to_numpy()


def _comparable(a: pd.Series, b: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    both = (a, b)
    if all(
        types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype) for column in both
    ):
        return _numbers(a), _numbers(b)
    if all(types.is_datetime64_any_dtype(column.dtype) for column in both):
        return _seconds(a), _seconds(b)
    return _texts(a), _texts(b)


def _numbers(column: pd.Series) -> np.ndarray:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # -0.0 becomes 0.0
    return np.where(np.isnan(values), np.nan, values)  # one bit pattern for every NaN


def _seconds(column: pd.Series) -> np.ndarray:
    utc = pd.to_datetime(column, utc=True).astype("datetime64[ns, UTC]")
    return utc.astype(np.int64).to_numpy()


def _texts(column: pd.Series) -> np.ndarray:
    missing = column.isna().to_numpy()
    texts = column.astype(object).astype(str).to_numpy(dtype=object)
    return np.where(missing, "\uffff", texts)


def _check(facts: Facts) -> Finding | None:
    if facts.test is None or not len(facts.test):
        return None
    same = int(overlap(facts.frame, facts.test).sum())
    figures = {"test_rows": len(facts.test), "overlapping_rows": same, "share": same / len(facts.test)}
    if not same:
        return GUARDRAIL.passed("No test row equals a training row.", figures)
    return GUARDRAIL.alerted(
        f"{counted(same, 'row')} of {len(facts.test):,} in the test data equal a training row in all "
        "features, so the test score may be too good.",
        remedy="Nothing was removed. Take those rows out of one of the two, or test on rows collected later.",
        details=figures,
    )


GUARDRAIL = Guardrail(
    "test-overlap",
    "Test data overlap",
    _check,
    example=lambda facts: replace(facts, test=facts.frame.head(7)),
    rank=85,
    sample_rows=None,
)
