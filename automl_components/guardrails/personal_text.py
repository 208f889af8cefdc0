"""Personal data inside of longer texts: addresses, telephone, card, account and social security numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from stdnum import iban, luhn

from automl_components.core.masks import CARD, IBAN, MAIL, PHONE, SSN, masked

FREE = 3  # words of the usual text from which a column holds free text
LONGEST = 1_000  # characters of a text that are looked at
FEW = 3  # rows in which a number must look like somebody's, since one may by chance
VALID = (
    0.5  # share of the numbers written like a card's whose check digit must be right: chance gives a tenth
)
_HINT = re.compile(r"@|\d\d[\d\s().\-/]{3,}\d|[A-Z]{2}\d\d")


@dataclass(frozen=True)
class Within:
    """What texts of a column seem to hold, in how many rows, and the shape of one of them."""

    kind: str
    rows: int
    shape: str


def is_free_text(levels: pd.Series) -> bool:
    """Whether the usual text, of distinct texts with their rows, has several words."""
    texts = levels.index[:: max(1, len(levels) // 200)]
    return len(texts) > 0 and sorted(text.count(" ") for text in texts)[len(texts) // 2] + 1 >= FREE


def find_within(levels: pd.Series) -> list[Within]:
    """What personal data the texts hold.

    Parameters
    ----------
    levels : Series
        Rows of each distinct text.

    Examples
    --------
    >>> find_within(pd.Series({"write to ann@mail.org": 2, "see you at 8": 5}))
    [Within(kind='e-mail addresses', rows=2, shape='xxx@xxxx.xxx')]
    """
    told = [(text[:LONGEST], rows) for text, rows in levels.items() if _HINT.search(text, 0, LONGEST)]
    found = []
    for kind, pattern, agrees, few in _KINDS:
        matches = [(match, rows) for text, rows in told if (match := pattern.search(text))]
        good = [(match.group(), rows) for match, rows in matches if agrees(match.group())]
        if len(good) >= few and len(good) >= VALID * len(matches):
            found.append(Within(kind, int(sum(rows for _, rows in good)), masked(good[0][0])))
    return found


def _always(text: str) -> bool:
    return True


def _is_card(text: str) -> bool:
    digits = re.sub(r"[- ]", "", text)
    return 13 <= len(digits) <= 19 and bool(luhn.is_valid(digits))


def _is_iban(text: str) -> bool:
    return bool(iban.is_valid(text, check_country=False))


_KINDS: list[tuple[str, re.Pattern[str], Callable[[str], bool], int]] = [
    ("e-mail addresses", MAIL, _always, 1),
    ("IBAN account numbers", IBAN, _is_iban, 1),
    ("card numbers", CARD, _is_card, FEW),
    ("national ids (US social security)", SSN, _always, FEW),
    ("telephone numbers", PHONE, _always, FEW),
]
"""Kind, how it is written, the test of one, and in how many distinct texts it must be."""
