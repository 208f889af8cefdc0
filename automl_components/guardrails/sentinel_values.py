"""Numbers and dates that stand for "no value": 999, -1, 1900-01-01; found by where they lie, not by name."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import numpy as np

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, looks, sentence

LEAST_ROWS = 3  # a value that stands for "missing" repeats
LEAST_SHARE = 5e-4
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
    """

    value: float
    rows: int
    share: float
    rest: tuple[float, float]


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
    return found


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
        if _far(value, gap, high - low, count, usual, rows) or (
            len(beyond) == 1 and _only_negative(value, rest, count, near)
        ):
            found.append(Sentinel(value, count, count / rows, (low, high)))
    return found


def _far(value: float, gap: float, span: float, count: int, usual: float, rows: int) -> bool:
    if value == 0:
        return gap >= 0.2 * span and count <= 0.2 * rows and count >= 3 * usual
    if _is_code(value) and abs(value) > 9:
        return gap >= 3 * span or (gap >= 0.5 * span and count >= 2 * usual)
    return gap >= 3 * span and count >= max(10, 5e-3 * rows, 10 * usual)


def _only_negative(value: float, rest: np.ndarray, count: int, near: int) -> bool:
    """Whether -1 (or -9) breaks whole numbers from 0 on, and is no thin end of them."""
    counting = value < 0 <= rest[0] and len(rest) >= 5 and not (rest % 1).any()
    spike = count - near >= 2 * np.sqrt(count + near)  # two standard deviations of a difference of counts
    # a tail falls ever faster: next to as many -1 as these there would be some -2
    sudden = count * count >= 10 * near
    return bool(counting and _is_code(value) and count >= 5 and (spike or sudden))


def find_sentinel_dates(days: np.ndarray) -> list[tuple[str, int]]:
    """Days at the edge of a column of dates that are usual stand-ins, and their rows.

    Parameters
    ----------
    days : datetime64[D] array of n values, no gaps

    Examples
    --------
    >>> days = np.array(["1900-01-01"] * 9 + ["2020-01-05", "2021-02-03", "2022-07-01"], "datetime64[D]")
    >>> find_sentinel_dates(days)
    [('1900-01-01', 9)]
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
            found.append((str(distinct[at]), int(counts[at])))
    return found


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    seen = []
    for name, values in look.measures.items():
        seen += [
            {"column": name, **asdict(found), "rest": list(found.rest)} for found in find_sentinels(values)
        ]
    for name, days in look.dates.items():
        stand_ins = find_sentinel_dates(days)
        seen += [{"column": name, "value": d, "rows": n, "share": n / len(days)} for d, n in stand_ins]
    if not seen:
        return GUARDRAIL.passed("No number or date looks like a stand-in for a missing value.", {"values": 0})
    parts = [_words(item) for item in seen[:LISTED]]
    more = f" and {len(seen) - LISTED:,} more" if len(seen) > LISTED else ""
    return GUARDRAIL.alerted(
        sentence("; ".join(parts) + more),
        remedy="They are kept as they are, so that models take them for real. Where they mean that nothing is "
        "known, leave those cells empty in the data, in new rows too: gaps are marked and filled.",
        details={"values": len(seen), "sentinels": seen[:LISTED]},
    )


def _words(item: dict[str, object]) -> str:
    value = item["value"]
    shown = f"{value:.12g}" if isinstance(value, float) else value
    text = f"{item['column']!r} is {shown} in {item['rows']:,} rows ({item['share']:.1%})"
    if "rest" in item:
        low, high = item["rest"]  # type: ignore[misc]
        text += f" and lies between {low:.6g} and {high:.6g} elsewhere"
    return text


def _example(facts: Facts) -> Facts:
    at = np.arange(len(facts.frame))
    return facts.with_column("days_since_contact", np.where(at % 3 == 0, at % 28, 999), "Numeric")


GUARDRAIL = Guardrail(
    "sentinel-values", "Numbers and dates that hide missing values", _check, _example, rank=42
)
