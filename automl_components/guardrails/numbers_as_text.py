"""Numbers that are written as text: currency, percent, thousands, decimal commas, units."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail, looks
from automl_components.guardrails.missing_words import stands_for_nothing
from automl_components.guardrails.written import AsText, report

AGREE = 0.95  # share of the texts that must be numbers, words for "missing" aside
MOST = 0.5  # beyond, a column of numbers is spoilt by a few words
FEW_WORDS = 10
REMEDY = "Write plain numbers, in one unit and one currency."
DECLARE = "Numeric in column_name_and_types makes what is no number count as missing."

_CURRENCY = (
    r"(?:[$€£¥₹₽₩₺₫₪฿₴]|(?:US|C|A|R|HK|NZ|S)\$|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|"
    r"BRL|SEK|NOK|DKK|PLN|kr\.?|zł|Rs\.?|Kč|Ft)"
)
_BODY = r"(?:\d[\d.,'’\s\u00a0\u202f]*|[.,]\d+)(?:[eE][-+]?\d+)?"
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+−]?)\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[-+−]?)(?P<body>{_BODY})\s*"
    rf"(?P<after>{_CURRENCY}|[%‰]|(?P<unit>[A-Za-zµ°²³\"'/]{{1,9}}\.?))?(?P<close>\))?(?P<behind>-)?",
)
_COMMA = re.compile(r"(?:\d{1,3}(?:[.\s\u00a0\u202f'’]\d{3})+|\d*),\d+|\d{1,3}(?:\.\d{3}){2,}")
_GROUPS = re.compile(r"\d{1,3}(?:[,\s\u00a0\u202f'’]\d{3})+(?:\.\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")
_LEADING_ZERO = re.compile(r"0\d+")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\.?")


@dataclass(frozen=True)
class Written:
    """How the numbers of a column are written as text.

    Attributes
    ----------
    share : float
        Of the rows with a text, words for "missing" aside.
    signs : dict of str to int
        Rows with ``currency``, ``percent``, ``thousands``, ``decimal comma``, ``unit``, ``accounting minus``.
    marks : tuple of str
        The currencies and units that were seen, and ``%``.
    partly : bool
        Whether some rows have a percent sign, or a unit, and others not.
    words : tuple of str
        What is no number, at most ``FEW_WORDS`` different texts.
    """

    share: float
    signs: dict[str, int]
    marks: tuple[str, ...]
    partly: bool
    words: tuple[str, ...] = ()


def find_numbers(levels: pd.Series) -> Written | None:
    """How a column's numbers are written as text; None where it holds other text, or codes like ``007``.

    Examples
    --------
    >>> find_numbers(pd.Series({"$1,200.50": 2, "$80": 1})).signs
    {'currency': 3, 'thousands': 2}
    >>> find_numbers(pd.Series({"red": 2, "7": 1})) is None
    True
    """
    looked = looks.some(levels)
    looked = looked[[not stands_for_nothing(text) for text in looked.index]]
    matches = {text: _NUMBER.fullmatch(looks.short(text)) for text in looked.index}
    numbers = {text: found for text, found in matches.items() if found and _is_whole(found)}
    rows, total = int(looked[list(numbers)].sum()), int(looked.sum())
    if not numbers or any(_LEADING_ZERO.fullmatch(text.strip()) for text in numbers):
        return None
    units = {found["unit"] for found in numbers.values() if found["unit"]}
    if any(map(_ORDINAL.fullmatch, units)) or (len(units) > 1 and not units <= set("kKmMbB") | {"bn", "mn"}):
        return None
    words = tuple(text for text in looked.index if text not in numbers)
    if rows < AGREE * total and not (
        rows > MOST * total and len(words) <= FEW_WORDS and len(numbers) > FEW_WORDS
    ):
        return None
    signs: dict[str, int] = {}
    for text, found in numbers.items():
        for sign in _signs(found):
            signs[sign] = signs.get(sign, 0) + int(looked[text])
    partly = any(0 < signs.get(sign, 0) < rows for sign in ("percent", "unit"))
    marks = dict.fromkeys(found[at] for found in numbers.values() for at in ("before", "after") if found[at])
    return Written(rows / total, signs, tuple(marks), partly, words if rows < AGREE * total else ())


def _is_whole(found: re.Match[str]) -> bool:
    """Whether brackets match, and separators make a number (not an address, a version or a date)."""
    body = found["body"].strip()
    plain = bool(re.fullmatch(r"\d*\.?\d*(?:[eE][-+]?\d+)?", body))
    return bool(found["open"]) == bool(found["close"]) and (
        plain or bool(_GROUPS.fullmatch(body)) or bool(_COMMA.fullmatch(body))
    )


def _signs(found: re.Match[str]) -> list[str]:
    body, after = found["body"].strip(), found["after"] or ""
    signs = {
        "currency": found["before"] or (after and after not in "%‰" and not found["unit"]),
        "percent": after and after in "%‰",
        "thousands": _GROUPS.fullmatch(body),
        "decimal comma": _COMMA.fullmatch(body) and not _GROUPS.fullmatch(body),
        "unit": found["unit"],
        "accounting minus": found["open"] or found["behind"],
    }
    return [sign for sign, there in signs.items() if there]


def _trouble(written: Written, purpose: str) -> str:
    """What is left to the user, if anything."""
    currencies = [mark for mark in written.marks if re.fullmatch(_CURRENCY, mark)]
    if purpose == "Numeric" and len(currencies) > 1:
        return f"the currencies {', '.join(currencies)} were read as one"
    if purpose == "Numeric" and written.partly:
        return "some have a sign or unit, others not; all were read alike"
    if purpose != "Numeric" and written.words:
        return f"{len(written.words)} other texts, so it is taken for {purpose}"
    return "" if purpose == "Numeric" else f"it is taken for {purpose}"


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    found: dict[str, AsText] = {}
    spoilt = False
    for name, levels in look.texts.items():
        purpose = look.purpose(name)
        if purpose in ("DateTime", "Hashes") or len(levels) < 2:
            continue
        written = find_numbers(levels)
        if written and (written.signs or written.words or purpose == "Numeric"):
            found[name] = _as_text(written, int(levels.sum()), purpose)
            spoilt = spoilt or bool(found[name].trouble and purpose != "Numeric")
    return report(
        GUARDRAIL,
        look,
        found,
        purpose="Numeric",
        nouns="numbers that are written as text",
        remedy=f"{REMEDY} {DECLARE}" if spoilt else REMEDY,
    )


def _as_text(written: Written, rows: int, purpose: str) -> AsText:
    signs = f" with {', '.join(written.signs)}" if written.signs else ""
    return AsText(
        f"{written.share:.0%} of the texts are numbers{signs}",
        round(written.share * rows),
        {"share": written.share, "rows_with": written.signs, "other_texts": len(written.words)},
        _trouble(written, purpose),
    )


def _example(facts: Facts) -> Facts:
    prices = [f"${value:,.2f}" for value in np.linspace(900, 40_000, len(facts.frame))]
    return facts.with_column("price", prices, "Numeric")


GUARDRAIL = Guardrail("numbers-as-text", "Numbers stored as text", _check, _example, rank=60)
