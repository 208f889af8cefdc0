"""Feature columns that say the same: equal values, or the same categories under other names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, looks, sentence
from automl_components.guardrails.facts import MANY_COLUMNS

REPEATED = 5  # rows a level has on average, before a relabelled copy is one


def find_duplicates(frame: pd.DataFrame) -> tuple[list[list[str]], list[list[str]]]:
    """Groups of columns that are equal, and groups that are one-to-one relabellings of each other.

    Examples
    --------
    >>> grades = pd.DataFrame({"grade": ["a", "b"] * 6, "rank": [1, 2] * 6, "copy": ["a", "b"] * 6})
    >>> find_duplicates(grades)
    ([['grade', 'copy']], [['grade', 'rank']])
    """
    skipped = _alone(frame)
    same: dict[tuple[bytes, bytes], list[str]] = {}
    alike: dict[bytes, list[str]] = {}
    for name in frame.columns:
        if name in skipped:
            continue
        try:
            codes, values = pd.factorize(frame[name])
        except TypeError:  # lists and other cells without a hash
            continue
        if len(values) < 2:
            continue
        pattern = codes.astype(np.int32).tobytes()
        # categories and their plain values are equal, numbers are under any dtype
        first = same.setdefault((pattern, _content(values)), [])
        first.append(name)
        if len(first) == 1 and len(values) * REPEATED <= len(frame):
            alike.setdefault(pattern, []).append(name)
    return [names for names in same.values() if len(names) > 1], [n for n in alike.values() if len(n) > 1]


def _alone(frame: pd.DataFrame) -> set[str]:
    """Of thousands of columns those of many different numbers whose sum no other column has."""
    kinds = [dtype.kind if isinstance(dtype, np.dtype) else "category" for dtype in frame.dtypes]
    names = [name for name, kind in zip(frame.columns, kinds, strict=True) if kind == "f"]
    if len(names) < MANY_COLUMNS or set(kinds) - {"f", "O"}:
        return set()  # numbers of another dtype may be equal to one of these
    table = np.ascontiguousarray(frame[names].to_numpy(np.float64).T)
    table = np.where(np.isnan(table), np.pi, table)
    with np.errstate(all="ignore"):
        sums = (table * np.random.default_rng(0).uniform(1, 2, table.shape[1])).sum(axis=1)
    _, at, times = np.unique(sums, return_inverse=True, return_counts=True)
    table.sort(axis=1)
    distinct = 1 + (table[:, 1:] > table[:, :-1]).sum(axis=1)
    alone = (times[at] == 1) & (distinct > len(frame) / REPEATED + 1)
    return {name for name, one in zip(names, alone, strict=True) if one}


def _content(values: pd.Index | np.ndarray) -> bytes:
    """The same for equal values, whether they are a category's or numbers of another dtype."""
    plain = np.asarray(values)
    if plain.dtype.kind in "biuf":
        return plain.astype(np.float64).tobytes()
    return "\x00".join(map(str, plain)).encode(errors="surrogatepass")


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    same, alike = find_duplicates(look.frame[look.names])
    if not same and not alike:
        return GUARDRAIL.passed("No two feature columns say the same.", {"equal": 0, "relabelled": 0})
    parts = [f"{_joined(names)} are equal" for names in same[:LISTED]]
    parts += [f"{_joined(names)} give the same groups of rows under other names" for names in alike[:LISTED]]
    return GUARDRAIL.alerted(
        sentence("; ".join(parts)),
        remedy="They are kept: a model is no worse for them, but their importances are shared out among them. "
        "featurization.drop_columns leaves some out.",
        details={"equal": len(same), "relabelled": len(alike), "equal_columns": [n[:LISTED] for n in same[:LISTED]],
                 "relabelled_columns": [n[:LISTED] for n in alike[:LISTED]]},
    )  # fmt: skip


def _joined(names: list[str]) -> str:
    shown = names[:LISTED]
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return " and ".join(map(repr, shown)) + more if len(shown) < 3 else ", ".join(map(repr, shown)) + more


def _example(facts: Facts) -> Facts:
    return facts.with_column("age_again", facts.frame.iloc[:, 0].to_numpy(), "Numeric")


GUARDRAIL = Guardrail("duplicate-features", "Features that say the same", _check, _example, rank=55)
