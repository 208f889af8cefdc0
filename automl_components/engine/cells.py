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

_TRUTH = {"true": 1.0, "false": 0.0}
_SHELL = re.compile(r"([-+]?)\s*[$€£¥₹]?\s*([-+]?[\d.,\s\u00a0\u202f]+(?:[eE][-+]?\d+)?)\s*[%$€£¥₹]?")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[,\s\u00a0\u202f]\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
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
        if integral := _INTEGRAL.fullmatch(text):
            return integral[1]
        return text.capitalize() if text.lower() in _TRUTH else text or None
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


def to_numbers(column: pd.Series, decimal: str = ".") -> pd.Series:
    """The column as float64; NaN where missing, infinite or no number; durations in seconds.

    ``decimal`` is the decimal sign of numbers written as text, ``"."`` or ``","``; currency and percent signs
    and thousands separators are read over.
    """
    column = dense(column)
    if types.is_timedelta64_dtype(column.dtype):
        values = column.dt.total_seconds().to_numpy(float, na_value=np.nan)
    elif is_numeric(column):
        values = column.to_numpy(float, na_value=np.nan)
    else:
        labels = to_labels(column)
        values = spread(parse_numbers(labels.cat.categories, decimal), labels, np.nan)
    values = np.where(np.isfinite(values), values, np.nan)
    return pd.Series(values, index=column.index, name=column.name)


def spread(values: np.ndarray, labels: pd.Series, missing: Any) -> np.ndarray:
    """One value for each row of a categorical from one value for each of its categories."""
    return np.append(values, np.array([missing], dtype=values.dtype))[labels.cat.codes.to_numpy()]


def parse_numbers(texts: Sequence[str], decimal: str = ".") -> np.ndarray:
    """float64 array: each text as a number, NaN where it is none.

    >>> parse_numbers(["12", "$1,234.50", "7 %", "ten"]).tolist()
    [12.0, 1234.5, 7.0, nan]
    >>> parse_numbers(["1.234,5 €", "0,5"], decimal=",").tolist()
    [1234.5, 0.5]
    """
    return np.fromiter((_parse_number(text, decimal) for text in texts), dtype=float, count=len(texts))


def _parse_number(text: str, decimal: str) -> float:
    if decimal == "." and _PLAIN.fullmatch(text):
        return float(text)
    shell = _SHELL.fullmatch(text)
    if not shell:
        return _TRUTH.get(text.lower(), np.nan)
    body = shell[1] + shell[2].strip()
    swapped = body.translate(_SWAP) if decimal == "," else body
    if _GROUPED.fullmatch(swapped):
        return float(re.sub(r"[,\s]", "", swapped))
    return next((float(b) for b in (swapped, body) if _PLAIN.fullmatch(b)), np.nan)


def find_decimal(texts: Sequence[str]) -> str:
    """The decimal sign under which more of the texts are numbers; a point where both do."""
    found = {sign: np.isfinite(parse_numbers(texts, sign)).sum() for sign in (".", ",")}
    return "," if found[","] > found["."] else "."


def dense(column: pd.Series) -> pd.Series:
    """Sparse and nested Arrow columns in the ordinary form, others as they are."""
    if isinstance(column.dtype, pd.SparseDtype):
        return column.sparse.to_dense()
    nested = isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind == "O" and not is_numeric(column)
    return column.astype(object) if nested else column
