"""Columns that hold personal data: addresses, telephone, card and account numbers, national ids, names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.core.masks import hidden, masked
from automl_components.guardrails import (
    LISTED,
    Facts,
    Finding,
    Guardrail,
    Repair,
    counted,
    joined,
    listed,
    looks,
    sentence,
)
from automl_components.guardrails.national_ids import find_national
from automl_components.guardrails.people import share_of_people
from automl_components.guardrails.personal_text import Within, find_within, is_free_text

LEAST = 1e6  # whole numbers from which they can be somebody's
VALUES = 200  # distinct values looked at
LONGEST = 1_000  # characters of each
FEW = 10  # distinct numbers below which a check digit may be right by chance
MOST, SURE = 0.8, 0.9  # shares of the values that must agree: with a shape, with a check digit

_MAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,250}\.[a-z]{2,20}", re.IGNORECASE)
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}")
_NINO = re.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]")
_PHONE = re.compile(
    r"(?:\+|00)[1-9][\d\s().\-/]{6,18}\d|1?[-. ]?\(\d{2,5}\) ?\d{2,4}[- .]?\d{3,5}|(?:1[-. ])?\d{3}([-. ])\d{3}\1\d{4}"
)
_DIGITS = re.compile(r"[+(]*\d[\d\s().\-/]{5,20}\d(?:\s*(?:x|ext\.?)\s*\d+)?")
_CARD = re.compile(r"[2-6]\d{3}([- ]?)\d{4,6}\1\d{4,5}(?:\1\d{1,7})?")
_PHONE_NAME = re.compile(
    r"(?:^|[^a-z])(?:(?:tele)?phone|tel|mobile|cell|fax|handy|telefon\w*|msisdn)(?:[^a-z]|$)"
)
_WITHIN = "e-mail addresses within text"
_SSN_NAME = re.compile(r"(?:^|[^a-z])(?:ssn|social.?security\w*)(?:[^a-z]|$)")


@dataclass(frozen=True)
class Personal:
    """What a column seems to hold, in how large a share of its values, and the shape of one of them."""

    kind: str
    share: float
    shape: str


def masked_rows(frame: pd.DataFrame, columns: Iterable[str], texts: Iterable[str] = ()) -> pd.DataFrame:
    """Rows for others to see: cells of personal columns keep their shape and dtype, and nothing else.

    Of ``texts``, columns with personal data inside of longer texts, only that is hidden.

    >>> masked_rows(pd.DataFrame({"phone": [6641234567], "name": ["Ann Lee"], "age": [44]}), ["phone", "name"])
            phone     name  age
    0  1000000000  Xxx Xxx   44
    """
    whole = {name: _masked_cells(frame[name], _masked_cell) for name in columns if name in frame}
    parts = {name: _masked_cells(frame[name], _hidden_cell) for name in texts if name in frame}
    return frame.assign(**parts, **whole)


def _masked_cells(column: pd.Series, mask: Callable[[Any], Any]) -> pd.Series:
    cells = pd.Series([mask(cell) for cell in column], index=column.index, dtype=object)
    return cells.astype("category" if isinstance(column.dtype, pd.CategoricalDtype) else column.dtype)


def _masked_cell(cell: Any) -> Any:
    if types.is_scalar(cell) and pd.isna(cell):
        return cell
    if types.is_number(cell):
        return 10 ** (len(f"{abs(cell):.0f}") - 1)
    return masked(str(cell))


def _hidden_cell(cell: Any) -> Any:
    return hidden(cell) if isinstance(cell, str) else cell


def find_personal(name: str, texts: list[str]) -> Personal | None:
    """What personal data a column seems to hold.

    Parameters
    ----------
    name : str
        Of the column: telephone numbers without a prefix, and names of people, need it as evidence.
    texts : list of str
        Distinct values, at most a few hundred; whole numbers as their digits.

    Examples
    --------
    >>> find_personal("contact", ["ann@mail.org", "bob@mail.org", "eve@web.de"])
    Personal(kind='e-mail addresses', share=1.0, shape='xxx@xxxx.xxx')
    """
    texts = [stripped for text in texts if (stripped := text.strip())]
    for kind, least, enough, agrees in _kinds(looks.plain_name(name)):
        if len(texts) < least:
            continue
        good = [text for text in texts if agrees(text)]
        if len(good) >= enough * len(texts):
            return Personal(kind, len(good) / len(texts), masked(good[0]))
    if national := find_national(texts):
        country, share = national
        return Personal(f"national ids ({country})", share, masked(texts[0]))
    share = share_of_people(looks.plain_name(name), texts)
    return Personal("names of people", share, masked(texts[0])) if share else None


def _kinds(name: str) -> list[tuple[str, int, float, Callable[[str], object]]]:
    """Kind, least number of distinct values, share that must agree, and the test of one value."""
    return [
        ("e-mail addresses", 3, MOST, lambda text: _MAIL.fullmatch(text)),
        (_WITHIN, 20, 0.2, lambda text: _MAIL.search(text)),
        ("IBAN account numbers", 3, MOST, _is_iban),
        ("IP addresses", 5, MOST, _is_address),
        ("national ids (US social security)", 5, SURE, lambda text: _SSN.fullmatch(text)),
        (
            "national ids (US social security)",
            5,
            SURE,
            lambda text: _SSN_NAME.search(name) and _is_long(text, 9, 9),
        ),
        ("national ids (British national insurance)", 5, SURE, lambda text: _NINO.fullmatch(text)),
        ("card numbers", FEW, SURE, _is_card),
        ("telephone numbers", 5, MOST, _is_phone),
        ("telephone numbers", 5, MOST, lambda text: _PHONE_NAME.search(name) and _is_long(text, 7, 15)),
    ]


def _is_iban(text: str) -> bool:
    from stdnum import iban

    return text[:2].isalpha() and 15 <= len(text) <= 42 and bool(iban.is_valid(text, check_country=False))


def _is_address(text: str) -> bool:
    """An internet address, and no version such as 1.2.3.4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == 6 or max(address.packed) >= 32


def _is_card(text: str) -> bool:
    from stdnum import luhn

    digits = re.sub(r"[- ]", "", text)
    return bool(_CARD.fullmatch(text)) and 13 <= len(digits) <= 19 and bool(luhn.is_valid(digits))


def _is_phone(text: str) -> bool:
    return bool(_PHONE.fullmatch(text)) and 7 <= sum(c.isdigit() for c in text) <= 15


def _is_long(text: str, least: int, most: int) -> bool:
    return bool(_DIGITS.fullmatch(text)) and least <= sum(c.isdigit() for c in text) <= most


def personal_kinds(look: looks.Look) -> dict[str, Personal]:
    """The columns that seem to hold personal data; worked out once a look."""
    return look.facts.remember("personal", lambda _: _find(look))


def _find(look: looks.Look) -> dict[str, Personal]:
    found = {name: find_personal(name, texts) for name in look.names if (texts := _distinct(look, name))}
    free = {name for name, levels in look.texts.items() if is_free_text(levels)}
    # of free text not the whole is personal, however many addresses are in it
    return {n: one for n, one in found.items() if one and not (n in free and one.kind == _WITHIN)}


def personal_texts(look: looks.Look) -> dict[str, list[Within]]:
    """The columns of free text with personal data in it; worked out once a look."""
    return look.facts.remember("personal texts", lambda _: _find_texts(look))


def _find_texts(look: looks.Look) -> dict[str, list[Within]]:
    whole = personal_kinds(look)
    free = {n: levels for n, levels in look.texts.items() if n not in whole and is_free_text(levels)}
    found = {name: find_within(levels) for name, levels in free.items()}
    return {name: kinds for name, kinds in found.items() if kinds}


def _distinct(look: looks.Look, name: str) -> list[str]:
    if types.is_object_dtype(look.dtypes[name]):  # numbers and texts may be mixed
        cells = dict.fromkeys(
            str(cell)[:LONGEST] for cell in look.frame[name] if isinstance(cell, (str, int))
        )
        return _spaced(list(cells))
    if name in look.texts:
        return [text[:LONGEST] for text in _spaced(list(look.texts[name].index))]
    values = look.numbers.get(name, np.empty(0))
    long = values[values >= LEAST]
    few_others = len(long) >= MOST * len(values)  # -1 or 0 where nothing is known
    if not long.size or not few_others or long.max() > 2**53 or (long % 1).any():
        return []
    return [f"{value:.0f}" for value in _spaced(list(pd.unique(long)))]


def _spaced(values: list[str]) -> list[str]:
    return values[:: max(1, -(-len(values) // VALUES))]


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    found, texts = personal_kinds(look), personal_texts(look)
    if not found and not texts:
        return GUARDRAIL.passed("No column looks like personal data.", {"columns": 0})
    parts = [f"{name!r} looks like {p.kind} ({p.share:.0%} of the values)" for name, p in found.items()]
    parts += [f"texts of {name!r} hold {_told(kinds)}" for name, kinds in texts.items()]
    out = [name for name in found if look.purpose(name) == "Hashes"]
    return GUARDRAIL.alerted(
        sentence(joined(parts)),
        remedy="Check whether they may be used at all; featurization.drop_columns leaves columns out of the model, "
        "and a category made of them (the domain, the area), or a word in their place in texts, often serves as well.",
        repair=f"Left out as identifiers: {listed(out)}." if out and facts.featurize else None,
        repairs=[Repair(name, "left out", len(facts.frame)) for name in out if facts.featurize],
        details={
            "columns": len(found) + len(texts),
            "personal": [
                {"column": name, "kind": p.kind, "share": p.share, "shape": p.shape}
                for name, p in found.items()
            ][:LISTED],
            "within_texts": [
                {"column": name, "kind": one.kind, "rows": one.rows, "shape": one.shape}
                for name, kinds in texts.items()
                for one in kinds
            ][:LISTED],
        },
    )


def _told(kinds: list[Within]) -> str:
    return joined([f"{one.kind} (in {counted(one.rows, 'row')})" for one in kinds])


def _example(facts: Facts) -> Facts:
    mails = [f"reader{number}@example.org" for number in range(len(facts.frame))]
    return facts.with_column("contact", mails, "Hashes")


GUARDRAIL = Guardrail("personal-data", "Personal data", _check, _example, rank=90)
