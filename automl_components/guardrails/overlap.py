"""Rows that training, validation and test data share: a score on them says nothing about new rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.guardrails import Facts, Finding, Guardrail, counted, probes, sentence, twins

MANY = 0.01  # share of the rows above which shared rows are told
BEYOND_CHANCE = 2  # times as many as shuffled columns share


def overlap(training: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Which test rows equal a training row in every column that both tables have.

    Numbers are compared as numbers whatever their type, dates as dates, everything else as text; a missing
    value equals a missing value. Rows are compared by 64-bit hashes, column after column, those of the test that
    still may be shared.

    Returns
    -------
    bool array, one value a test row

    Examples
    --------
    >>> overlap(pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [2.0, 3.0]})).tolist()
    [True, False]
    """
    shared = [name for name in training.columns if name in test.columns]
    found = np.zeros(len(test), dtype=bool)
    ours, theirs = np.arange(len(training)), np.arange(len(test))
    if not shared:
        return found
    hashes = [np.zeros(len(training), dtype=np.uint64), np.zeros(len(test), dtype=np.uint64)]
    for name in shared:
        columns = _comparable(training[name].iloc[ours], test[name].iloc[theirs])
        hashes = [(h * twins.FACTOR) ^ twins.hashed(c) for h, c in zip(hashes, columns, strict=True)]
        known = pd.Series(hashes[1]).isin(hashes[0]).to_numpy()
        also = pd.Series(hashes[0]).isin(hashes[1]).to_numpy()
        ours, theirs, hashes = ours[also], theirs[known], [hashes[0][also], hashes[1][known]]
        if not len(theirs):
            return found
    found[theirs] = True
    return found


def _comparable(a: pd.Series, b: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Both columns as they are where they are of one kind, as texts otherwise."""
    if all(types.is_numeric_dtype(c.dtype) and not types.is_complex_dtype(c.dtype) for c in (a, b)):
        return a, b
    if all(types.is_datetime64_any_dtype(column.dtype) for column in (a, b)):
        return a, b
    texts = [column.astype(object).map(str, na_action="ignore") for column in (a, b)]
    return texts[0], texts[1]


def _tables(facts: Facts) -> dict[str, pd.DataFrame]:
    """The rows that train, validate (where validation data was given) and test."""
    frame = facts.frame[probes.used_columns(facts)]  # an identifier would hide that all else is the same
    tables = {"training": frame}
    if facts.validation is not None and facts.splits.get("kind") == "given":
        tables = {"training": frame.drop(index=facts.validation.index), "validation": facts.validation}
    return tables if facts.test is None else {**tables, "test": facts.test}


def _shares(tables: dict[str, pd.DataFrame]) -> Iterator[dict[str, object]]:
    for a, b in combinations(tables, 2):
        if len(tables[a]) and len(tables[b]):
            same = int(overlap(tables[a], tables[b]).sum())
            yield {"of": b, "in": a, "rows": same, "share": same / len(tables[b])}


def _check(facts: Facts) -> Finding | None:
    tables = _tables(facts)
    seen = list(_shares(tables))
    if not seen:
        return None
    figures = {"shared": seen}
    if max(float(str(one["share"])) for one in seen) <= MANY:
        text = "; ".join(
            f"{one['rows']:,} rows of the {one['of']} data equal a {one['in']} row" for one in seen
        )
        return GUARDRAIL.passed(sentence(text), figures)
    chance = max(_by_chance(tables[str(one["in"])], tables[str(one["of"])]) for one in seen)
    told = [one for one in seen if float(str(one["share"])) > max(MANY, BEYOND_CHANCE * chance)]
    if not told:
        return GUARDRAIL.passed("No more rows are shared than few possible values let expect.", figures)
    parts = [
        f"{counted(int(str(one['rows'])), 'row')} of the {one['of']} data ({one['share']:.1%}) equal a {one['in']} row "
        "in all features"
        for one in told
    ]
    return GUARDRAIL.alerted(
        sentence("; ".join(parts) + ", so scores there may be too good"),
        remedy="Nothing was removed. Take those rows out of one of the two, or validate and test on rows collected "
        "later.",
        details={**figures, "expected_share": round(chance, 4)},
    )


def _by_chance(training: pd.DataFrame, test: pd.DataFrame) -> float:
    """Share of test rows that equal a training row when every column is shuffled on its own."""
    mixed = twins.shuffled(test.iloc[: twins.COMPARED])
    return float(overlap(training, mixed).mean()) if len(mixed) else 0.0


GUARDRAIL = Guardrail(
    "test-overlap",
    "Test data overlap",
    _check,
    example=lambda facts: replace(facts, test=facts.frame.head(7)),
    rank=85,
    sample_rows=None,
)
