"""Numbers and dates that stand for "no value": 999, -1, 1900-01-01; found by where they lie, not by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from automl_components.guardrails import (
    LISTED,
    Facts,
    Finding,
    Guardrail,
    Repair,
    how_to_repair,
    joined,
    listed,
    looks,
    sentence,
)
from automl_components.guardrails.personal_data import personal_kinds

LEAST_ROWS = 3  # a value that stands for "missing" repeats
LEAST_SHARE = 5e-4
FAR = 3.0  # spans of all other values between them and a value that is no part of them
MANY = 10  # whole numbers from 0 on, next to which a lone -1 is no value of theirs
_CODE = re.compile(r"9+[789]|7{2,}|8{2,}")
_MACHINE = frozenset([32767, 32768, 65535, 2147483647, 2147483648, 4294967295, 999.25, 9999.25])
_DATES = np.array([
    "0001-01-01", "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1970-01-01",
    "2099-12-31", "2199-12-31", "2262-04-11", "2999-12-31", "3000-01-01", "9999-12-31",
], "datetime64[D]")  # fmt: skip


@dataclass(frozen=True)
class Sentinel:
    """A value at the edge of a column, and the evidence that it stands for "no value".

    Attributes
    ----------
    value : float
    rows : int
    share : float
        Of the rows with a value.
    rest : tuple of two floats
        Between which all other values lie.
    certain : bool
        Whether it is a usual code, the only one of the column, and either very far from the rest or the only negative
        value of many whole numbers: then it is repaired. Several codes may differ in what they mean.
    """

    value: float
    rows: int
    share: float
    rest: tuple[float, float]
    certain: bool = False


def find_sentinels(values: np.ndarray) -> list[Sentinel]:
    """The values of a column that probably stand for "no value".

    They repeat, lie at the edge, and either far from the rest, or are the only negative value of whole
    numbers that count from 0; far is less far for a usual code (nines, eights, sevens, limits of integers),
    and for a few zeros below positive numbers.

    Parameters
    ----------
    values : float array of n finite values

    Examples
    --------
    >>> days = np.array([999] * 40 + [3, 6, 4, 9, 2, 12, 7, 10, 5, 1] * 3)
    >>> [(found.value, found.rows) for found in find_sentinels(days)]
    [(999.0, 40)]
    >>> find_sentinels(np.array([1.0, 2.0, 3.0, 99.0]))
    []
    """
    distinct, counts = np.unique(values, return_counts=True)
    if not len(counts) or counts.max() < LEAST_ROWS:
        return []
    found = []
    at = np.arange(len(distinct))
    low, high = _codes(distinct, -1), _codes(distinct[::-1], 1)
    for edge in at < low, at >= len(distinct) - high:
        found += _at_the_edge(distinct, counts, edge)
    if not found:
        ends = np.zeros(len(distinct), dtype=bool)
        for end in (0, -1) if len(distinct) > 2 else ():
            ends[:] = False
            ends[end] = True
            found += _at_the_edge(distinct, counts, ends)
    return found if len(found) == 1 else [replace(one, certain=False) for one in found]


def _codes(values: np.ndarray, sign: int) -> int:
    """How many of the values, from the first on, are usual codes of this sign."""
    others = (at for at, value in enumerate(values) if value * sign <= 0 or not _is_code(value))
    return next(others, len(values))


def _is_code(value: float) -> bool:
    size = abs(value)
    if value < 0 and size in range(1, 10):
        return True
    return size in _MACHINE or size >= 1e30 or bool(_CODE.fullmatch(f"{size:.12g}".replace(".", "")))


def _at_the_edge(distinct: np.ndarray, counts: np.ndarray, edge: np.ndarray) -> list[Sentinel]:
    """Those of the values marked in ``edge`` that lie beyond all that are not, with enough evidence."""
    rest = distinct[~edge]
    if len(rest) < 2 or not edge.any():
        return []
    low, high, rows = float(rest[0]), float(rest[-1]), int(counts.sum())
    beyond = [at for at in np.flatnonzero(edge) if not low < distinct[at] < high]
    usual = float(np.median(counts[~edge]))
    found = []
    for at in beyond:
        value, count = float(distinct[at]), int(counts[at])
        if count < max(LEAST_ROWS, LEAST_SHARE * rows):
            continue
        gap = low - value if value < low else value - high
        near = counts[~edge][0 if value < low else -1]
        alone = len(beyond) == 1 and _only_negative(value, rest, count, near)
        if alone or _far(value, gap, high - low, count, usual, rows):
            certain = _is_code(value) and (gap >= FAR * (high - low) or (alone and len(rest) >= MANY))
            found.append(Sentinel(value, count, count / rows, (low, high), certain))
    return found


def _far(value: float, gap: float, span: float, count: int, usual: float, rows: int) -> bool:
    if value == 0:
        return gap >= 0.2 * span and count <= 0.2 * rows and count >= 3 * usual
    if _is_code(value) and abs(value) > 9:
        return gap >= FAR * span or (gap >= 0.5 * span and count >= 2 * usual)
    return gap >= FAR * span and count >= max(10, 5e-3 * rows, 10 * usual)


def _only_negative(value: float, rest: np.ndarray, count: int, near: int) -> bool:
    """Whether -1 (or -9) breaks whole numbers from 0 on, and is no thin end of them."""
    counting = value < 0 <= rest[0] and len(rest) >= 5 and not (rest % 1).any()
    spike = count - near >= 2 * np.sqrt(count + near)  # two standard deviations of a difference of counts
    # a tail falls ever faster: next to as many -1 as these there would be some -2
    sudden = count * count >= 10 * near
    return bool(counting and _is_code(value) and count >= 5 and (spike or sudden))


def find_sentinel_dates(days: np.ndarray) -> list[tuple[str, int, bool]]:
    """Days at the edge of a column of dates that are usual stand-ins, their rows, and whether that is certain.

    It is where there is one of them, farther from all other days than these from each other.

    Parameters
    ----------
    days : datetime64[D] array of n values, no gaps

    Examples
    --------
    >>> days = np.array(["1900-01-01"] * 9 + ["2020-01-05", "2021-02-03", "2022-07-01"], "datetime64[D]")
    >>> find_sentinel_dates(days)
    [('1900-01-01', 9, True)]
    """
    distinct, counts = np.unique(days, return_counts=True)
    known = np.isin(distinct, _DATES)
    rest = distinct[~known]
    if len(rest) < 2:
        return []
    span, usual = (rest[-1] - rest[0]).astype(int), np.median(counts[~known])
    found = []
    for at in np.flatnonzero(known):
        gap = max((rest[0] - distinct[at]).astype(int), (distinct[at] - rest[-1]).astype(int))
        if counts[at] >= max(LEAST_ROWS, 3 * usual) and gap >= 0.05 * span + 1:
            found.append((str(distinct[at]), int(counts[at]), bool(gap >= span)))
    return found if len(found) == 1 else [(day, rows, False) for day, rows, _ in found]


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    private = personal_kinds(look)  # their other values are shown nowhere
    seen: list[dict[str, Any]] = []
    for name, values in look.measures.items():
        for found in find_sentinels(values):
            item = {"column": name, **asdict(found), "rest": list(found.rest)}
            seen.append({k: value for k, value in item.items() if k != "rest" or name not in private})
    for name, days in look.dates.items():
        seen += [
            {"column": name, "value": day, "rows": rows, "share": rows / len(days), "certain": certain}
            for day, rows, certain in find_sentinel_dates(days)
        ]
    if not seen:
        return GUARDRAIL.passed("No number or date looks like a stand-in for a missing value.", {"values": 0})
    for item in seen:
        item["repaired"] = facts.mends(GUARDRAIL.name, str(item["column"]), certain=bool(item.pop("certain")))
    done = [str(item["column"]) for item in seen if item["repaired"]]
    left = [str(item["column"]) for item in seen if not item["repaired"]]
    repair = (
        f"Counted as missing, in new rows too, and marked in <column>_WASNULL: {listed(dict.fromkeys(done))}."
    )
    summary, details = sentence(joined(map(_words, seen))), {"values": len(seen), "sentinels": seen[:LISTED]}
    repairs = [
        Repair(str(item["column"]), "missing", item["rows"], (item["value"],))
        for item in seen
        if item["repaired"]
    ]
    if not left:
        return GUARDRAIL.done(
            summary,
            repair=repair,
            details=details,
            remedy=f"Where they are real, featurization.repairs: {{{GUARDRAIL.name}: none}} keeps them; "
            "a list of columns repairs only those.",
            repairs=repairs,
        )
    return GUARDRAIL.alerted(
        summary,
        remedy=f"Kept as they are, so that models take them for real: {listed(dict.fromkeys(left))}. Where they mean "
        f"that nothing is known, {how_to_repair(facts, GUARDRAIL.name, left)} counts them as missing.",
        details=details,
        repair=repair if done else None,
        repairs=repairs,
    )


def _words(item: Mapping[str, Any]) -> str:
    value = item["value"]
    shown = f"{value:.12g}" if isinstance(value, float) else value
    text = f"{item['column']!r} is {shown} in {item['rows']:,} rows ({item['share']:.1%})"
    if "rest" in item:
        low, high = item["rest"]
        text += f" and lies between {low:.6g} and {high:.6g} elsewhere"
    return text


def _example(facts: Facts) -> Facts:
    at = np.arange(len(facts.frame))
    return facts.with_column("days_since_contact", np.where(at % 3 == 0, at % 28, 999), "Numeric")


GUARDRAIL = Guardrail(
    "sentinel-values", "Numbers and dates that hide missing values", _check, _example, rank=42
)
