"""Dates and times that are written as text, or as numbers such as 20240131."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail, looks
from automl_components.guardrails.missing_words import stands_for_nothing
from automl_components.guardrails.written import AsText, report

AGREE = 0.95  # share of the texts that must look like dates, words for "missing" aside
FEW = 20  # distinct whole numbers below which none are called dates

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = (
    r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[ap]\.?m\.?)?\s*(?:Z|UTC|GMT|[-+]\d{2}:?\d{2})?)?"
)
WAYS = {
    "year first": re.compile(rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}{_TIME}", re.IGNORECASE),
    "day or month first": re.compile(
        rf"(?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?:\d{{4}}|\d{{2}}){_TIME}", re.IGNORECASE
    ),
    "named month": re.compile(
        rf"(?:[a-z]{{3,9}},?\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?[-\s]+{_MONTH}[-\s,]+\d{{2,4}}|"
        rf"{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:\d{{2}}:\d{{2}}:\d{{2}}\s+)?\d{{4}}|{_MONTH}[-\s]+\d{{4}}){_TIME}",
        re.IGNORECASE,
    ),
    "time of day": re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?", re.IGNORECASE),
}
_TIME_NAME = re.compile(
    r"(?:^|[^a-z])(?:date|time|timestamp|ts|epoch|datetime|created|updated|at|on|day)(?:[^a-z]|$)"
)


@dataclass(frozen=True)
class Dated:
    """How the dates of a column are written.

    Attributes
    ----------
    share : float
        Of the rows with a text, words for "missing" aside.
    ways : dict of str to float
        Share of the rows by way of writing: the keys of ``WAYS``, ``"YYYYMMDD"``, ``"seconds from 1970"``.
    either : bool
        Whether day and month could be exchanged in all of them.
    """

    share: float
    ways: dict[str, float]
    either: bool = False


def find_dates(levels: pd.Series) -> Dated | None:
    """How a column's dates are written as text; None where it holds other text.

    Examples
    --------
    >>> find_dates(pd.Series({"03/04/2024": 5, "05/06/2024": 1})).either
    True
    >>> find_dates(pd.Series({"2024-01-31": 5, "1.2.3": 5})) is None
    True
    """
    looked = looks.some(levels)
    looked = looked[[not stands_for_nothing(text) for text in looked.index]]
    total, rows = int(looked.sum()), dict.fromkeys(WAYS, 0)
    parts: list[tuple[int, int]] = []
    for text, count in looked.items():
        for way, pattern in WAYS.items():
            if found := pattern.fullmatch(looks.short(str(text))):
                rows[way] += int(count)
                if "first" in pattern.groupindex:
                    parts.append((int(found["first"]), int(found["second"])))
                break
    shares = {way: count / total for way, count in rows.items() if count}
    if sum(shares.values()) < AGREE or any(min(pair) > 12 or max(pair) > 31 for pair in parts):
        return None
    either = len(parts) > 1 and all(max(pair) <= 12 for pair in parts) and any(a != b for a, b in parts)
    return Dated(sum(shares.values()), shares, either)


def find_number_dates(name: str, values: np.ndarray) -> Dated | None:
    """Whether whole numbers are days like 20240131, or, under a name of time, seconds or more from 1970.

    Examples
    --------
    >>> days = np.array([20240100.0 + day for day in range(1, 31)])
    >>> find_number_dates("day", days).ways
    {'YYYYMMDD': 1.0}
    """
    distinct = np.unique(values)
    if len(distinct) < FEW or (distinct % 1).any():
        return None
    low, high = distinct[0], distinct[-1]
    if low >= 19000101 and high <= 20991231:
        month, day = distinct // 100 % 100, distinct % 100
        if ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
            return Dated(1.0, {"YYYYMMDD": 1.0})
    for unit, size in (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)):
        if 3e8 * size <= low and high <= 2.2e9 * size and _TIME_NAME.search(looks.plain_name(name)):
            return Dated(1.0, {f"{unit} from 1970": 1.0})
    return None


def _as_text(dated: Dated, rows: int, purpose: str) -> AsText:
    return AsText(
        f"{dated.share:.0%} of the values are dates or times ({', '.join(dated.ways)})",
        round(dated.share * rows),
        {"share": dated.share, "ways": dated.ways},
        _trouble(dated, purpose),
    )


def _trouble(dated: Dated, purpose: str) -> str:
    """What is left to the user, if anything."""
    if list(dated.ways) == ["time of day"] and purpose == "Numeric":
        return ""
    if purpose != "DateTime":
        return f"it is taken for {purpose}"
    if dated.either:
        return "day and month can be either; the month was taken to come first"
    return "written in several ways" if sum(share > 0.02 for share in dated.ways.values()) > 1 else ""


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    found = {
        name: _as_text(dated, int(levels.sum()), look.purpose(name))
        for name, levels in look.texts.items()
        if len(levels) > 1 and (dated := find_dates(levels))
    }
    found |= {
        name: _as_text(dated, len(values), look.purpose(name))
        for name, values in look.numbers.items()
        if (dated := find_number_dates(name, values))
    }
    return report(
        GUARDRAIL,
        look,
        found,
        purpose="DateTime",
        nouns="dates that are written as text or numbers",
        remedy="Write dates as 2024-01-31; DateTime in column_name_and_types says that a column holds dates.",
    )


def _example(facts: Facts) -> Facts:
    days = pd.date_range("2024-01-01", periods=len(facts.frame)).strftime("%d.%m.%Y")
    return facts.with_column("visited", list(days), "DateTime")


GUARDRAIL = Guardrail("dates-as-text", "Dates stored as text or numbers", _check, _example, rank=62)
