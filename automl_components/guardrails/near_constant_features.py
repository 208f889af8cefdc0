"""Feature columns in which one value leaves next to nothing to learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, counted, joined, looks, sentence
from automl_components.guardrails.facts import MANY_COLUMNS

FEW = 10  # other rows, spread over folds, from which nothing can be learnt
SHARE = 1e-3  # of the rows, where the table is large
LEAST = 0.95  # share of the one value: a short table has few other rows of anything


def count_others(column: pd.Series) -> int | None:
    """Rows that differ from the most frequent value (a gap is one), where these are next to none.

    >>> count_others(pd.Series([0] * 500 + [1, 2]))
    2
    >>> count_others(pd.Series([0] * 400 + [1] * 100)) is None
    True
    """
    rows = len(column)
    limit = max(FEW, SHARE * rows)
    try:
        # the middle and the ends of a column would hardly differ from its one value
        few = column.iloc[:: max(1, rows // 100)]
        if few.nunique(dropna=False) > max(2, limit):
            return None
        most = int(column.value_counts(dropna=False).iloc[0])
    except TypeError:  # lists and other cells that cannot be compared
        return None
    return rows - most if 0 < rows - most < limit and most >= LEAST * rows else None


def _varied(look: looks.Look) -> set[str]:
    """Columns of numbers of which a few rows already differ too much: of thousands, all are looked at at once."""
    names = [name for name in look.measures if looks.is_number_dtype(look.dtypes[name])]
    if len(names) < MANY_COLUMNS:
        return set()
    rows = len(look.frame)
    few = np.sort(
        look.frame[names].iloc[:: max(1, rows // 100)].to_numpy(np.float64, na_value=np.nan), axis=0
    )
    distinct = (few[1:] > few[:-1]).sum(axis=0)  # a gap is no more than one value, which comes last
    return {n for n, more in zip(names, distinct, strict=True) if more > max(2, FEW, SHARE * rows)}


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    varied = _varied(look)
    named = [name for name in look.names if name not in varied]
    counts = {name: others for name in named if (others := count_others(look.frame[name]))}
    if not counts:
        return GUARDRAIL.passed("No feature column has nearly always the same value.", {"columns": 0})
    shown = joined((f"{name!r} differs in {counted(rows, 'row')}" for name, rows in counts.items()), ", ")
    return GUARDRAIL.alerted(
        sentence(f"nearly all of {len(look.frame):,} rows share one value: {shown}"),
        remedy="They are kept. So few rows cannot be both learnt from and judged: collect more of them, or "
        "leave the columns out with featurization.drop_columns.",
        details={
            "columns": len(counts),
            "rows": len(look.frame),
            "other_rows": [{"column": name, "rows": rows} for name, rows in counts.items()][:LISTED],
        },
    )


def _example(facts: Facts) -> Facts:
    return facts.with_column("recalled", np.arange(len(facts.frame)) < 2, "Numeric")


GUARDRAIL = Guardrail("near-constant-features", "Nearly constant features", _check, _example, rank=53)
