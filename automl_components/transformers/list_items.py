"""Cells that hold several values, taken apart: lists, JSON, texts of tags with a sign between them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

SEPARATORS = ("|", ";", ",", " / ")
"""Signs between tags, tried in this order."""

_LARGEST = float(np.finfo(np.float32).max)
_BRACKETED = re.compile(r"\s*(?:\[.*\]|\{.*\}|\(.*,.*\))\s*", re.DOTALL)
_ITEM = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s,\[\]{}()"'][^,\[\]{}()]*)""")


def split_items(text: str, separator: str = "") -> list[str]:
    """The items of one cell as texts; ``key=value`` for JSON objects.

    >>> split_items('["a", 1, null]'), split_items("['a b', 'c']"), split_items("{x,y}")
    (['a', '1'], ['a b', 'c'], ['x', 'y'])
    >>> split_items('{"size": 3, "tags": ["x"]}'), split_items("red| blue |", "|")
    (['size=3', 'tags=x'], ['red', 'blue'])
    """
    if _BRACKETED.fullmatch(text):
        try:
            return list(_flat(json.loads(text)))
        except (ValueError, RecursionError):  # Python's or a database's way to write a list
            found = (next(filter(None, match.groups()), "") for match in _ITEM.finditer(text))
            return [item.strip() for item in found if item.strip()]
    parts = text.split(separator) if separator else [text]
    return [part.strip() for part in parts if part.strip()]


def is_bracketed(text: str) -> bool:
    """Whether a text is written like a list or an object.

    >>> is_bracketed("[1, 2]"), is_bracketed("{}"), is_bracketed("[a] or b")
    (True, True, False)
    """
    return bool(_BRACKETED.fullmatch(text))


def find_separator(texts: Sequence[str]) -> str:
    """The sign between tags that repeat, or between the numbers of vectors; empty where there is none.

    >>> find_separator(["red|blue", "blue|green", "green", "red|green"] * 3)
    '|'
    >>> find_separator(["Long Island City, NY", "I came, I saw"]), find_separator(["Lee, John", "Lee, Ann"] * 9)
    ('', '')
    """
    for separator in SEPARATORS:
        parts = [split_items(text, separator) for text in texts]
        several = sum(len(found) > 1 for found in parts)
        items = [item for found in parts for item in found]
        short = sum(len(item.split()) <= 3 and len(item) <= 40 for item in items)
        if is_vector(parts):
            return separator
        places = {(item, at) for found in parts for at, item in enumerate(found)}
        if len({len(found) for found in parts}) == 1 and len(places) == len(set(items)):
            continue  # "Smith, Mr. John": each part has a meaning of its own
        if several >= 0.3 * len(texts) and len(items) >= 3 * len(set(items)) and short >= 0.95 * len(items):
            return separator
    return ""


def is_vector(parts: Sequence[Sequence[str]]) -> bool:
    """Whether the items of all cells are numbers, two or more, and everywhere as many.

    >>> is_vector([["1", "2.5"], ["3", "-4"]]), is_vector([["1"], ["2"]]), is_vector([["1", "a"]])
    (True, False, False)
    """
    lengths = {len(found) for found in parts}
    if len(lengths) != 1 or lengths.pop() < 2:
        return False
    return all(np.isfinite(number(item)) for found in parts for item in found)


def number(item: str) -> float:
    """A finite number that float32 can hold, or NaN."""
    try:
        value = float(item)
    except ValueError:
        return math.nan
    return min(max(value, -_LARGEST), _LARGEST) if math.isfinite(value) else math.nan


def _flat(value: Any, key: str = "") -> Iterable[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(item, f"{key}{name}=" if not key else f"{key[:-1]}.{name}=")
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item, key)
    elif value is not None:
        yield f"{key}{value}"
