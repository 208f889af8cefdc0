"""What may be personal in a text, and the text with its shape in its place, for messages, names and examples."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_START, _END = r"(?<![\w.,+\-])", r"(?![\w\-])"
MAIL = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{2,63}){1,5}")
PHONE = re.compile(
    _START + r"(?:(?:\+|00)[1-9][\d ().\-/]{6,16}\d"
    r"|\(0?\d{2,4}\) ?\d{3,4}[- .]\d{3,5}|\d{3}([-.])\d{3}\1\d{4}"
    r"|0[1-9]\d{8,9}|0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4})" + _END
)
CARD = re.compile(_START + r"[2-6]\d{3}([- ]?)\d{4,6}\1\d{4,5}(?:\1\d{1,7})?" + _END)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
SSN = re.compile(_START + r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}" + _END)
_WORD = re.compile(r"[^\W_]+")
_LONG = 5  # digits of a word of its own that are shown to nobody


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
    for pattern in (MAIL, IBAN, CARD, SSN, PHONE):
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
        word for text in texts for mail in MAIL.findall(text) for word in _WORD.findall(mail.lower())
    )
