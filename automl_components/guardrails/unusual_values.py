"""Infinite numbers, and columns that mix numbers with text."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, Repair, counted, listed, sentence


def _check(facts: Facts) -> Finding | None:
    odd = [name for name, dtype in facts.frame.dtypes.items() if dtype.kind not in "iub"]
    finite = _all_finite(facts.frame, odd)
    columns = {
        str(name): facts.frame[name]
        for name in odd
        if facts.purposes.get(str(name)) != "Ignore" and name not in finite
    }
    infinite = {name: count for name, column in columns.items() if (count := _infinite(column))}
    mixed = {name: kinds for name, column in columns.items() if (kinds := _kinds(column))}
    if not infinite and not mixed:
        return GUARDRAIL.passed(
            "No feature column holds infinite or mixed values.", {"infinite": 0, "mixed": 0}
        )
    parts, repairs = [], []
    if infinite:
        parts.append(f"{counted(sum(infinite.values()), 'infinite value')} in {listed(infinite)}")
        repairs.append("Infinite values count as missing")
    if mixed:
        parts.append(f"values of several types in {listed(mixed)}")
        used = [f"{name!r} as {facts.purposes.get(name, 'text')}" for name in list(mixed)[:LISTED]]
        repairs.append(f"Columns of several types are used {', '.join(used)}")
    return GUARDRAIL.done(
        sentence("; ".join(parts)),
        repair=". ".join(repairs) + ".",
        details={
            "infinite": sum(infinite.values()),
            "infinite_columns": [{"column": n, "values": v} for n, v in list(infinite.items())[:LISTED]],
            "mixed": len(mixed),
            "mixed_columns": [{"column": n, "types": v} for n, v in list(mixed.items())[:LISTED]],
        },
        severity="warning",
        repairs=[
            *(Repair(name, "read", rows, ("inf", "-inf"), "missing") for name, rows in infinite.items()),
            *(
                Repair(n, "read", int(columns[n].notna().sum()), to=facts.purposes.get(n, "text"))
                for n in mixed
            ),
        ],
    )


def _all_finite(frame: pd.DataFrame, names: list[str]) -> set[str]:
    """Plain columns of floats without an infinite value, all looked at at once."""
    floats = [
        name for name in names if isinstance(frame.dtypes[name], np.dtype) and frame.dtypes[name].kind == "f"
    ]
    infinite = np.isinf(frame[floats].to_numpy()).any(axis=0)
    return {name for name, one in zip(floats, infinite, strict=True) if not one}


def _infinite(column: pd.Series) -> int:
    if not types.is_float_dtype(column.dtype):
        return 0
    return int(np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan)).sum())


def _kinds(column: pd.Series) -> list[str]:
    """Type names of a column's values where numbers and other things are mixed, otherwise none."""
    if not types.is_object_dtype(column.dtype):
        return []
    if types.infer_dtype(column, skipna=True) not in ("mixed", "mixed-integer"):
        return []
    kinds = sorted({type(value).__name__ for value in column.dropna()})
    return kinds if len(kinds) > 1 else []  # lists or objects in every cell are one kind


def _example(facts: Facts) -> Facts:
    values = np.where(np.arange(len(facts.frame)) % 50 == 0, np.inf, np.arange(len(facts.frame)))
    return facts.with_column("ratio", values, "Numeric")


GUARDRAIL = Guardrail("unusual-values", "Infinite or mixed values", _check, _example, rank=54)
