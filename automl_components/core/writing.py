"""Ways of writing one word: blanks, Unicode forms, upper and lower case."""

from __future__ import annotations

import unicodedata

WORD = 3  # letters from which upper and lower case are a habit of writing; Aa and AA may be two genotypes


def plain_writing(text: str, *, every: bool = False) -> str:
    """The text by which ways of writing one category are equal.

    Unicode forms are made one and blanks single. Case is left out where it is a habit: all small, all capitals, or
    a capital at the beginning, of three letters or more; with ``every`` always.

    >>> [plain_writing(text) for text in ("New  York", "NEW YORK", "Ｎew york", "aBc", "M", "Aa")]
    ['new york', 'new york', 'new york', 'aBc', 'M', 'Aa']
    >>> plain_writing("aBc", every=True)
    'abc'
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if every or (sum(map(str.isalpha, plain)) >= WORD and _is_habit(plain)):
        return plain.casefold()
    return plain


def _is_habit(text: str) -> bool:
    return text.islower() or text.isupper() or text.istitle() or text == text.capitalize()
