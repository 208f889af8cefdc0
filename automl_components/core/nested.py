"""Cells that hold several values, and the one text that stands for them wherever text is needed."""

from __future__ import annotations

import json
from typing import Any


def is_nested(value: Any) -> bool:
    """Whether one cell holds several values."""
    return isinstance(value, (list, tuple, dict, set, frozenset)) or _is_array(value)


def nested_text(value: Any) -> str:
    """A nested cell as JSON in a stable order, the same for a list, a tuple and an array, for 1 and 1.0.

    >>> nested_text(("a", 1.0, None, float("nan"))), nested_text({"b": {2, 1}, "a": 0.5})
    ('["a", 1, null, null]', '{"a": 0.5, "b": [1, 2]}')
    """
    return json.dumps(_plain(value), ensure_ascii=False)


def _is_array(value: Any) -> bool:
    return type(value).__module__ == "numpy" and getattr(value, "ndim", 0) > 0


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist") and type(value).__module__ == "numpy":
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in sorted(value.items(), key=lambda item: str(item[0]))}
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    return value if isinstance(value, (str, bool, int)) or value is None else str(value)
