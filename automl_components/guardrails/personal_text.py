"""Personal data inside of longer texts: addresses, telephone, card, account and social security numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd
from stdnum import iban, luhn

FREE = 3  # words of the usual text from which a column holds free text
LONGEST = 1_000  # characters of a text that are looked at
FEW = 3  # rows in which a number must look like somebody's, since one may by chance
VALID = (
    0.5  # share of the numbers written like a card's whose check digit must be right: chance gives a tenth
)
_START, _END = r"(?<![\w.,+\-])", r"(?![\w\-])"

_HINT = re.compile(r"@|\d\d[\d\s().\-/]{3,}\d|[A-Z]{2}\d\d")
_MAIL = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{2,63}){1,5}")
_PHONE = re.compile(
    _START + r"(?:(?:\+|00)[1-9][\d ().\-/]{6,16}\d"
    r"|\(0?\d{2,4}\) ?\d{3,4}[- .]\d{3,5}|\d{3}([-.])\d{3}\1\d{4}"
    r"|0[1-9]\d{8,9}|0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4})" + _END
)
_CARD = re.compile(_START + r"[2-6]\d{3}([- ]?)\d{4,6}\1\d{4,5}(?:\1\d{1,7})?" + _END)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SSN = re.compile(_START + r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}" + _END)
_WORD = re.compile(r"[^\W_]+")
_LONG = 5  # digits of a word of its own that are shown to nobody


@dataclass(frozen=True)
class Within:
    """What texts of a column seem to hold, in how many rows, and the shape of one of them."""

    kind: str
    rows: int
    shape: str


def masked(text: str) -> str:
    """The shape of a text: letters as x, digits as 0, at most 40 characters.

    >>> masked("Ann.Lee7@mail.org")
    'Xxx.Xxx0@xxxx.xxx'
    """
    shown = ("0" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in text[:40])
    return "".join(shown)


def hidden(text: str) -> str:
    """The text with what may be personal as its shape.

    >>> hidden("Call 0871 277 4810 or write to ann@mail.org, room 12")
    'Call 0000 000 0000 or write to xxx@xxxx.xxx, room 12'
    """
    for _, pattern, _, _ in _KINDS:
        text = pattern.sub(lambda match: masked(match.group()), text)
    return text


def hidden_words(name: str, words: Collection[str]) -> str:
    """A feature's name without these words (in lower case) and without long numbers.

    >>> hidden_words("text_lee mail 08712774810", {"lee"})
    'text_xxx mail 00000000000'
    """

    def shown(match: re.Match[str]) -> str:
        word = match.group()
        private = word.lower() in words or sum(c.isdigit() for c in word) >= _LONG
        return masked(word) if private else word

    return _WORD.sub(shown, name)


def words_of_addresses(column: pd.Series) -> frozenset[str]:
    """The words, in lower case, of the e-mail addresses in a column of texts."""
    texts = [text for text in column.dropna().unique() if isinstance(text, str) and "@" in text]
    return frozenset(
        word for text in texts for mail in _MAIL.findall(text) for word in _WORD.findall(mail.lower())
    )


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
    ("e-mail addresses", _MAIL, _always, 1),
    ("IBAN account numbers", _IBAN, _is_iban, 1),
    ("card numbers", _CARD, _is_card, FEW),
    ("national ids (US social security)", _SSN, _always, FEW),
    ("telephone numbers", _PHONE, _always, FEW),
]
"""Kind, how it is written, the test of one, and in how many distinct texts it must be."""
