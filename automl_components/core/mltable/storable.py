"""Columns of any pandas dtype in a form that Arrow and Parquet can hold, with nothing lost that a text can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_components.core.nested import is_nested, nested_text

if TYPE_CHECKING:
    import pandas as pd


def storable(column: Any) -> Any:
    """The column itself where Parquet can hold it, else one that says the same.

    Sparse columns become dense, extended floats float64, complex numbers text. Lists, tuples and arrays of single
    values stay lists; dicts, sets and lists of different things become JSON, other objects the text that they are
    printed as. Categories that are no plain values (intervals, periods, tuples, ...) become text, in their order.
    """
    import pandas as pd

    types, dtype = pd.api.types, column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return storable(column.sparse.to_dense())
    if isinstance(dtype, pd.CategoricalDtype):
        return column if _is_plain(dtype.categories) else _with_text_categories(column)
    if isinstance(dtype, pd.ArrowDtype):
        return _plain_arrow(column)
    if types.is_object_dtype(dtype):
        return _storable_objects(column)
    if types.is_complex_dtype(dtype):
        return column.map(cell_text, na_action="ignore")
    if types.is_float_dtype(dtype) and getattr(dtype, "itemsize", 8) > 8:
        return column.astype("float64")
    return column


def cell_text(value: Any) -> str:
    """One value as text: nested ones as JSON, points in time in ISO 8601, bytes and broken text without what is broken.

    >>> cell_text([1, "b"]), cell_text(1 + 2j), cell_text(b"a"), cell_text("a\\ud800")
    ('[1, "b"]', '(1+2j)', 'a', 'a?')
    """
    if is_nested(value):
        value = nested_text(value)
    elif isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", errors="replace")
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    return str(value).encode("utf-8", errors="replace").decode("utf-8")


def _storable_objects(values: Any) -> Any:
    """An object column of one kind of values that Parquet holds, else text."""
    import pandas as pd
    import pyarrow as pa

    try:
        kind = pa.array(values, from_pandas=True).type
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        kind = None
    if kind is None or not _holds(kind):
        return values.map(cell_text, na_action="ignore")
    # Arrow reads a number beside dates as days since 1970
    mixed = pd.api.types.infer_dtype(values, skipna=True) in {"mixed", "mixed-integer"}
    if mixed and not pa.types.is_nested(kind):
        return values.map(cell_text, na_action="ignore")
    return values


def _holds(kind: Any) -> bool:
    """Whether values of an inferred Arrow type come back from Parquet as they were: no structs, their keys unite."""
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds(kind.value_type)
    return not pa.types.is_nested(kind) and not isinstance(kind, pa.BaseExtensionType)


def _plain_arrow(column: Any) -> Any:
    """Nested Arrow values as objects, and a dictionary, whose dtype pandas cannot name again, as its values."""
    import pandas as pd
    import pyarrow as pa

    kind = column.dtype.pyarrow_dtype
    if pa.types.is_nested(kind):
        return _storable_objects(column.astype(object))
    return column.astype(pd.ArrowDtype(kind.value_type)) if pa.types.is_dictionary(kind) else column


def _is_plain(categories: pd.Index[Any]) -> bool:
    """Whether a dictionary of these values can be written to Parquet."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(categories.dtype, (pd.PeriodDtype, pd.IntervalDtype)):
        return False
    if not pd.api.types.is_object_dtype(categories.dtype):
        return not pd.api.types.is_complex_dtype(categories.dtype)
    try:
        kind = pa.array(categories, from_pandas=True).type
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return False
    return not pa.types.is_nested(kind) and not isinstance(kind, pa.BaseExtensionType)


def _with_text_categories(column: Any) -> Any:
    """The same categories as text; a column of text where two of them have the same one."""
    texts = [cell_text(value) for value in column.cat.categories]
    if len(set(texts)) < len(texts):
        return column.astype(object).map(cell_text, na_action="ignore")
    return column.cat.rename_categories(texts)
