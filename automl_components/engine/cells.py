"""One way to read a raw column, whatever its dtype: as labels or as numbers, in training and later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from automl_components.core.nested import is_nested, nested_text

types = pd.api.types

# words that stand for "no value" in a column of numbers or dates; in a column of labels they stay labels
MISSING_WORDS = frozenset(["", "?", "-", "--", ".", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "nil"])

TRUTH_PAIRS = (
    *(("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("1", "0")),
    *(("wahr", "falsch"), ("ja", "nein"), ("ja", "nee"), ("ja", "nej"), ("vrai", "faux"), ("oui", "non")),
    *(("verdadero", "falso"), ("sí", "no"), ("si", "no"), ("sim", "não"), ("tak", "nie"), ("да", "нет")),
    *(("是", "否"), ("はい", "いいえ"), ("예", "아니요")),
)
"""How true and false are written, in several languages."""
_TRUTH = {word: value for pair in TRUTH_PAIRS for word, value in zip(pair, (1.0, 0.0), strict=True)}
_BOOLS = {"true": 1.0, "false": 0.0}

MAGNITUDES = {"k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9}
UNITS = frozenset(
    [
        *("kg", "g", "mg", "t", "lb", "lbs", "oz", "km", "m", "cm", "mm", "mi", "ft", "in", "l", "ml", "gal"),
        *("h", "hr", "hrs", "hour", "hours", "min", "mins", "minutes", "s", "sec", "secs", "seconds", "ms"),
        *(
            "day",
            "days",
            "week",
            "weeks",
            "month",
            "months",
            "yr",
            "yrs",
            "year",
            "years",
            "mph",
            "kmh",
            "km/h",
        ),
        *(
            "kmpl",
            "mpg",
            "hp",
            "bhp",
            "ps",
            "cc",
            "w",
            "kw",
            "kwh",
            "v",
            "hz",
            "khz",
            "mhz",
            "ghz",
            "b",
            "kb",
        ),
        *("mb", "gb", "tb", "px", "dpi", "bpm", "cal", "kcal", "°c", "°f", "°", "pts", "x"),
    ]
)
"""Units that numbers written as text may carry, in lower case."""
_MONEY = r"(?:US\$|R\$|[$€£¥₹₽₩₺₴฿]|(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|RUB|BRL|zł|kr)\b\.?)"
_BLANK = r"\s\u00a0\u202f"
_SHELL = re.compile(rf"([-+]?)\s*{_MONEY}?\s*([-+]?[\d.,'’{_BLANK}]+(?:[eE][-+]?\d+)?)\s*(?:%|{_MONEY})?")
_GROUPED = re.compile(
    rf"[-+]?(?:\d{{1,3}}(?:[,'’{_BLANK}]\d{{3}})+|\d{{1,2}}(?:,\d{{2}})+,\d{{3}})(?:\.\d+)?"
)
_CLOCK = re.compile(r"(-?)(?:(\d+) days?,? )?(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?\s*([aApP][mM])?")
_UNIT = re.compile(r"(.*[\d.])\s*([^\W\d_]{1,8}|[^\W\d_]+/[^\W\d_]+|°[cCfF]?)\.?")
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_UNGROUPED = str.maketrans("", "", ",'’")
_SWAP = str.maketrans(".,", ",.")
_INTEGRAL = re.compile(r"([-+]?\d+)\.0+")


def is_missing(value: Any) -> bool:
    """Whether a cell is None, NaN, NaT or NA (a list or an array never is)."""
    return value is None or (types.is_scalar(value) and bool(pd.isna(value)))


def is_numeric(column: pd.Series) -> bool:
    """Whether the dtype itself is real numbers or truth values."""
    dtype = column.dtype
    return types.is_bool_dtype(dtype) or (types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype))


def label(value: Any) -> str | None:
    """The text by which a category is known, equal for 1, 1.0 and "1.0"; None if missing, blank or infinite.

    >>> [label(v) for v in (1, 1.0, "1.0", " a ", True, "true", b"x", [1, "b"], " ", float("inf"))]
    ['1', '1', '1', 'a', 'True', 'True', 'x', '[1, "b"]', None, None]
    """
    if isinstance(value, str):
        text = value.strip()
        if text.endswith("0") and (integral := _INTEGRAL.fullmatch(text)):
            return integral[1]
        return text.capitalize() if len(text) < 6 and text.lower() in _BOOLS else text or None
    if isinstance(value, Decimal):
        value = float(value) if value.is_finite() else None
    if is_missing(value):
        return None
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, (float, np.floating)):
        return np.format_float_positional(value or 0.0, trim="-") if np.isfinite(value) else None
    if isinstance(value, (bytes, bytearray)):
        return label(bytes(value).decode("utf-8", errors="replace"))
    if is_nested(value):
        return nested_text(value)
    return label(value.isoformat() if hasattr(value, "isoformat") else str(value))


def to_labels(column: pd.Series) -> pd.Series:
    """The column as a categorical of texts (object categories, in order of appearance), see :func:`label`."""
    column = dense(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories
    elif types.is_object_dtype(column) and types.infer_dtype(column, skipna=True) != "string":
        # 1, True and 1.0 share a hash and lists have none: cells of mixed types are read one by one
        codes, values = pd.factorize(np.array([label(v) for v in column], dtype=object))
    else:
        codes, values = pd.factorize(column)
    texts = np.array([label(v) for v in values], dtype=object)
    merged, known = pd.factorize(texts)
    codes = np.append(merged, -1)[codes]  # code -1 picks the appended -1
    labels = pd.Categorical.from_codes(codes, categories=pd.Index(known, dtype=object))
    return pd.Series(labels, index=column.index, name=column.name)


def to_numbers(column: pd.Series, decimal: str = ".", unit: str = "") -> pd.Series:
    """The column as float64; NaN where missing, infinite or no number; durations and clock times in seconds.

    ``decimal`` is the decimal sign of numbers written as text, ``"."`` or ``","``; currency and percent signs,
    thousands separators and ``unit`` are read over (see :func:`find_unit`).
    """
    column = dense(column)
    if types.is_timedelta64_dtype(column.dtype):
        values = column.dt.total_seconds().to_numpy(float, na_value=np.nan)
    elif is_numeric(column):
        values = column.to_numpy(float, na_value=np.nan)
    else:
        labels = to_labels(column)
        values = spread(parse_numbers(labels.cat.categories, decimal, unit), labels, np.nan)
    values = np.where(np.isfinite(values), values, np.nan)
    return pd.Series(values, index=column.index, name=column.name)


def to_truth(column: pd.Series) -> pd.Series:
    """The column as float64, 1 for true and 0 for false in whatever words; NaN where missing or neither.

    >>> to_truth(pd.Series(["yes", "No", True, 0, "nein", "maybe", None], dtype=object)).tolist()
    [1.0, 0.0, 1.0, 0.0, 0.0, nan, nan]
    """
    column = dense(column)
    if is_numeric(column):
        values = column.to_numpy(float, na_value=np.nan)
        values = np.where((values == 0) | (values == 1), values, np.nan)
    else:
        labels = to_labels(column)
        truth = [_TRUTH.get(text.lower(), np.nan) for text in labels.cat.categories]
        values = spread(np.array(truth, dtype=float), labels, np.nan)
    return pd.Series(values, index=column.index, name=column.name)


def spread(values: np.ndarray, labels: pd.Series, missing: Any) -> np.ndarray:
    """One value for each row of a categorical from one value for each of its categories."""
    return np.append(values, np.array([missing], dtype=values.dtype))[labels.cat.codes.to_numpy()]


def parse_numbers(texts: Sequence[str], decimal: str = ".", unit: str = "") -> np.ndarray:
    """float64 array: each text as a number, NaN where it is none.

    >>> parse_numbers(["12", "$1,234.50", "7 %", "ten", "(1,234)", "1'000 CHF", "1:30", "1:30 pm"]).tolist()
    [12.0, 1234.5, 7.0, nan, -1234.0, 1000.0, 5400.0, 48600.0]
    >>> parse_numbers(["1.234,5 €", "0,5"], decimal=",").tolist()
    [1234.5, 0.5]
    >>> parse_numbers(["12 kg", "13"], unit="kg").tolist(), parse_numbers(["1.5K", "2M"], unit="k").tolist()
    ([12.0, 13.0], [1500.0, 2000000.0])
    """
    if unit:
        bare = [_without_unit(text, unit) for text in texts]
        values = parse_numbers([text for text, _ in bare], decimal)
        return values * np.array([factor for _, factor in bare], dtype=float)
    return np.fromiter((_parse_number(text, decimal) for text in texts), dtype=float, count=len(texts))


def _parse_number(text: str, decimal: str) -> float:
    if decimal == "." and _PLAIN.fullmatch(text):
        return float(text)
    text = text.replace("\u2212", "-")  # the typographer's minus
    if text.startswith("(") and text.endswith(")"):  # an accountant's minus
        return -abs(_parse_number(text[1:-1].strip(), decimal))
    if ":" in text and (clock := _CLOCK.fullmatch(text)):
        sign, days, hours, minutes, seconds, half = clock.groups()
        hour = int(hours) if not half else int(hours) % 12 + 12 * (half.lower() == "pm")
        total = int(days or 0) * 86400 + hour * 3600 + int(minutes) * 60 + float(seconds or 0)
        return -total if sign else float(total)
    shell = _SHELL.fullmatch(text)
    if not shell:
        return _BOOLS.get(text.lower(), np.nan)
    body = shell[1] + shell[2].strip()
    swapped = body.translate(_SWAP) if decimal == "," else body
    if _GROUPED.fullmatch(swapped):
        return float("".join(swapped.translate(_UNGROUPED).split()))
    return next((float(b) for b in (swapped, body) if _PLAIN.fullmatch(b)), np.nan)


def _without_unit(text: str, unit: str) -> tuple[str, float]:
    found = _UNIT.fullmatch(text)
    if not found:
        return text, 1.0
    given = found[2].lower()
    if unit in MAGNITUDES and unit not in UNITS:
        return (found[1], MAGNITUDES[given]) if given in MAGNITUDES else (text, 1.0)
    return (found[1] if given == unit else text), 1.0


def find_unit(texts: Sequence[str]) -> str:
    """The unit that most of the texts end with, in lower case; ``"k"`` for K, M and B; empty where none.

    >>> find_unit(["12 kg", "7.5kg"]), find_unit(["1.2K", "3M"]), find_unit(["12A", "13A"]), find_unit(["kg"])
    ('kg', 'k', '', '')
    """
    ends = [found[2].lower() for text in texts if (found := _UNIT.fullmatch(text))]
    if len(ends) < 0.9 * len(texts) and not set(ends) & set(MAGNITUDES):
        return ""
    if len(set(ends)) == 1:
        return ends[0] if ends[0] in UNITS else "k" if ends[0] in MAGNITUDES else ""
    return "k" if ends and set(ends) <= set(MAGNITUDES) else ""


def find_decimal(texts: Sequence[str], unit: str = "") -> str:
    """The decimal sign under which more of the texts are numbers; a point where both do."""
    found = {sign: np.isfinite(parse_numbers(texts, sign, unit)).sum() for sign in (".", ",")}
    return "," if found[","] > found["."] else "."


def dense(column: pd.Series) -> pd.Series:
    """Sparse and nested Arrow columns in the ordinary form, others as they are."""
    if isinstance(column.dtype, pd.SparseDtype):
        return column.sparse.to_dense()
    nested = isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind == "O" and not is_numeric(column)
    return column.astype(object) if nested else column
