"""What the checks of single columns share: the distinct texts and the numbers of each column, read once."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.guardrails import Facts
from automl_components.guardrails.facts import MANY_COLUMNS

DISTINCT = 1_000  # distinct texts whose writing is looked at
LONGEST = 60  # characters of a text that may be a number or a date
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
UNUSED = ("AllNan", "Constant", "Ignore")


class Look:
    """The feature columns as the checks of single columns see them.

    Attributes
    ----------
    frame : DataFrame
        The feature rows that are looked at.
    rows : int
        Of the whole table.
    dtypes : dict of str to dtype
        Of each column.
    names : list of str
        The columns that are neither empty, constant nor ignored.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts, self.frame = facts, facts.frame
        self.rows = facts.rows or len(facts.frame)
        self.dtypes = {str(name): dtype for name, dtype in self.frame.dtypes.items()}
        self._purposes = {name: self._purpose(name, dtype) for name, dtype in self.dtypes.items()}
        self.names = [str(name) for name in self.frame if self.purpose(str(name)) not in UNUSED]

    def purpose(self, name: str) -> str:
        """What the column is used as; without featurization, text is a category whatever it holds."""
        return self._purposes[name]

    def _purpose(self, name: str, dtype: Any) -> str:
        purpose = self.facts.purposes.get(name, "Ignore")
        plain = is_number_dtype(dtype) or types.is_datetime64_any_dtype(dtype)
        as_it_is = self.facts.featurize or plain or purpose in UNUSED
        return purpose if as_it_is else "Categorical"

    @cached_property
    def texts(self) -> dict[str, pd.Series]:
        """By column: see :func:`text_levels`; only columns that hold text."""
        named = [name for name in self.names if not types.is_numeric_dtype(self.dtypes[name])]
        found = {name: text_levels(self.frame[name]) for name in named}
        return {name: levels for name, levels in found.items() if len(levels)}

    @cached_property
    def measures(self) -> dict[str, np.ndarray]:
        """By column taken for Numeric, of whatever dtype: its finite values, float64."""
        return {name: self._values(name) for name in self.names if self.purpose(name) == "Numeric"}

    @cached_property
    def dates(self) -> dict[str, np.ndarray]:
        """By column taken for DateTime, of whatever dtype: its days, datetime64[D], without gaps."""
        named = [name for name in self.names if self.purpose(name) == "DateTime"]
        return {
            name: (self._values(name) // 86_400).astype(np.int64).astype("datetime64[D]") for name in named
        }

    def _values(self, name: str) -> np.ndarray:
        values = self.facts.values(name)
        return values[np.isfinite(values)]

    @cached_property
    def numbers(self) -> dict[str, np.ndarray]:
        """By column: see :func:`finite_numbers`; only columns of numbers."""
        named = [name for name in self.names if is_number_dtype(self.dtypes[name])]
        if len(named) < MANY_COLUMNS:
            return {name: finite_numbers(self.frame[name]) for name in named}
        measured = self.measures
        return {n: measured[n] if n in measured else finite_numbers(self.frame[n]) for n in named}


def look(facts: Facts) -> Look:
    """The look at these facts; the same one for every check."""
    return facts.remember("look", Look)


def plain_name(name: str) -> str:
    """A column's name in lower case, its words apart.

    >>> plain_name("phoneNumber"), plain_name("Account No"), plain_name("CustomerID")
    ('phone_number', 'account no', 'customer_id')
    """
    return _CAMEL.sub("_", name).lower()


def is_number(column: pd.Series) -> bool:
    """Whether the dtype is of real numbers (truth values and durations are none)."""
    return is_number_dtype(column.dtype)


def is_number_dtype(dtype: Any) -> bool:
    """The same for a dtype itself."""
    return types.is_numeric_dtype(dtype) and not (types.is_bool_dtype(dtype) or types.is_complex_dtype(dtype))


def finite_numbers(column: pd.Series) -> np.ndarray:
    """The finite values of a column of numbers, float64."""
    if isinstance(column.dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return values[np.isfinite(values)]


def text_levels(column: pd.Series) -> pd.Series:
    """Rows of each distinct text exactly as written, most frequent first; cells that are no text are skipped.

    >>> text_levels(pd.Series(["a", "a ", None, "a", 3])).to_dict()
    {'a': 2, 'a ': 1}
    """
    dtype = column.dtype
    if types.is_object_dtype(dtype):
        column = column[np.fromiter((isinstance(cell, str) for cell in column), bool, len(column))]
    elif not isinstance(dtype, pd.CategoricalDtype) and not types.is_string_dtype(dtype):
        return pd.Series(dtype=np.int64)
    counts = column.value_counts()
    pairs = [(text, rows) for text, rows in zip(counts.index, counts, strict=True) if rows]
    texts = {text: rows for text, rows in pairs if isinstance(text, str)}
    return pd.Series(texts, index=pd.Index(list(texts), dtype=object), dtype=np.int64)


def some(levels: pd.Series) -> pd.Series:
    """At most ``DISTINCT`` of the levels, evenly spaced from the most to the least frequent."""
    return levels.iloc[:: -(-len(levels) // DISTINCT)] if len(levels) > DISTINCT else levels


def short(text: str) -> str:
    """The text without blanks around it; empty where it is too long for a number or a date."""
    return text.strip() if len(text) <= LONGEST else ""


def share_of(levels: pd.Series, agrees: Callable[[str], object]) -> float:
    """Share of the rows whose text agrees."""
    rows = levels.to_numpy()
    return float(rows[[bool(agrees(text)) for text in levels.index]].sum() / max(1, rows.sum()))
