"""Numbers, times and foreign text as the report page shows them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

JOINERS = "\u200c\u200d"  # Persian words and emoji fall apart without them
LONGEST = 120
_PATH = re.compile(r"(?<![\w/:.])(?:[A-Za-z]:)?[/\\](?:[^\s'\"/\\:]+[/\\])+")


def score(value: float | None) -> str:
    """A metric or another real number: four decimals, fewer for large numbers, four digits for tiny ones.

    >>> score(0.953119), score(43574.5643), score(1234567.8), score(-0.0000123), score(None), score(7)
    ('0.9531', '43,574.6', '1,234,568', '-1.23e-05', '–', '7')
    """
    if value is None or value != value:
        return "–"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    size = abs(value)
    if size < 0.001 or size >= 1e15:
        return f"{value:.3g}"
    return f"{value:,.{4 if size < 100 else 1 if size < 100_000 else 0}f}"


def share(value: float) -> str:
    """A part of a whole in percent.

    >>> share(0.1267), share(1.0), share(0.0003)
    ('12.7 %', '100 %', '0.03 %')
    """
    percent = 100 * value
    digits = 0 if percent in (0, 100) else 1 if percent >= 0.1 else 2
    return f"{percent:.{digits}f} %"


def duration(seconds: float) -> str:
    """Seconds, in the unit that a person would use.

    >>> duration(0.42), duration(33.4), duration(125), duration(3725)
    ('0.4 s', '33 s', '2 min 5 s', '1 h 2 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def plural(number: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "trial"), plural(1200, "row"), plural(2, "class")
    ('1 trial', '1,200 rows', '2 classes')
    """
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def printable(value: Any) -> Any:
    """Text without characters that would steer a browser or cannot be written: controls, overrides, surrogates.

    >>> printable("a\\u202eb\\x00c\\u00a0d"), printable(3)
    ('a\ufffdb\ufffdc d', 3)
    """
    if (
        type(value) is not str or value.isprintable()
    ):  # markup has a type of its own, and was made from printable text
        return value
    return "".join(map(_visible, value))


def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Zs":
        return " "
    return "\ufffd" if kind[0] == "C" and character not in f"\n\t{JOINERS}" else character


def short(value: Any, longest: int = LONGEST) -> str:
    """A value as text, cut where it is very long.

    >>> short("abcdefgh", 5), short(True), short(2.0)
    ('abcd…', 'True', '2.0')
    """
    text = str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def without_places(text: str) -> str:
    """A message without the folders of the machine it was written on.

    >>> without_places("cannot read '/tmp/x/oof.npy' (C:\\\\a\\\\b.txt), see https://host/a/b")
    "cannot read '…/oof.npy' (…/b.txt), see https://host/a/b"
    """
    return _PATH.sub("…/", text)
