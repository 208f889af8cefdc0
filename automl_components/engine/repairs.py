"""Repairs of columns that guardrails decided: values that stand for "missing", categories written in several ways.

A repair is a mapping of plain values, as ``checked_data`` and a recipe keep it: ``column``; ``action``, which is
``"missing"`` with the ``values`` (numbers, texts, or days as 1900-01-31) or with the ends ``beyond`` which numbers, or
years, are none (None: no end); or ``"merged"`` with ``every`` (see
:func:`automl_components.core.writing.plain_writing`). Fitted, it has ``rows``, how many of training it changed, and
``"merged"`` has ``to``: how each category is written most often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from automl_components.core.writing import plain_writing

Repair: TypeAlias = Mapping[str, Any]

TITLES = {"missing": "RepairedValues", "merged": "MergedCategories"}
"""What the transparency table prints."""
NEAR = 1e-6  # relative distance of a number that is the same in another precision
KNOWN = 5_000  # categories whose usual writing is kept; beyond, the plain one does


def learned(values: pd.Series, repairs: Iterable[Repair]) -> list[dict[str, Any]]:
    """The repairs fitted on a column of training as it was read."""
    fitted = []
    for repair in repairs:
        known = (
            {**repair, "to": _usual(values, repair["every"])}
            if repair["action"] == "merged"
            else dict(repair)
        )
        after = repaired(values, [known])
        changed = after.isna() & values.notna() if repair["action"] == "missing" else _differ(values, after)
        fitted.append({**known, "rows": int(changed.sum())})
        values = after
    return fitted


def repaired(values: pd.Series, repairs: Sequence[Repair]) -> pd.Series:
    """A column as it was read (float64, a categorical of texts, naive dates) after its fitted repairs."""
    for repair in repairs:
        if repair["action"] == "merged":
            values = _merged(values, repair)
        elif isinstance(values.dtype, pd.CategoricalDtype):
            values = values.cat.remove_categories(values.cat.categories.intersection(repair["values"]))
        else:
            found = (
                _outside(values, *repair["beyond"])
                if "beyond" in repair
                else _among(values, repair["values"])
            )
            values = values.mask(found)
    return values


def _among(values: pd.Series, stand_ins: Sequence[Any]) -> np.ndarray:
    cells = values.to_numpy()
    if cells.dtype.kind == "M":
        return np.isin(cells.astype("datetime64[D]"), np.array(stand_ins, "datetime64[D]"))
    return np.any([np.isclose(cells, one, rtol=NEAR, atol=0) for one in stand_ins], axis=0)


def _outside(values: pd.Series, low: float | None, high: float | None) -> np.ndarray:
    cells = values.to_numpy()
    numbers = np.array(values.dt.year, float) if cells.dtype.kind == "M" else cells
    return ((numbers < low) if low is not None else False) | ((numbers > high) if high is not None else False)


def _merged(values: pd.Series, repair: Repair) -> pd.Series:
    plain = [plain_writing(text, every=repair["every"]) for text in values.cat.categories]
    texts = np.array([repair["to"].get(text, text) for text in plain], dtype=object)
    merged, known = pd.factorize(texts)
    codes = np.append(merged, -1)[values.cat.codes.to_numpy()]  # code -1 picks the appended -1
    labels = pd.Categorical.from_codes(codes, categories=pd.Index(known, dtype=object))
    return pd.Series(labels, index=values.index, name=values.name)


def _usual(values: pd.Series, every: bool) -> dict[str, str]:
    """For each category, by its plain writing, the way in which most rows write it."""
    usual: dict[str, str] = {}
    counts = (
        values.value_counts()
    )  # the most frequent first; equally frequent ones in the order of the alphabet
    for text in sorted(counts.index, key=lambda text: (-counts[text], text)):
        usual.setdefault(plain_writing(text, every=every), text)
    return usual if len(usual) <= KNOWN else {}


def _differ(values: pd.Series, after: pd.Series) -> pd.Series:
    return values.notna() & (values.astype(object) != after.astype(object))
