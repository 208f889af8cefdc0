"""Between pandas and Arrow without loss: categories, units of time, object columns, odd column names."""

from __future__ import annotations

import base64
import json
import re
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import DataError
from automl_components.core.mltable.storable import storable

if TYPE_CHECKING:
    import pandas as pd

_DTYPES = b"automl_components.dtypes"
_PANDAS = b"pandas"
_INDEX = re.compile(r"__index_level_\d+__")


def duplicates(names: Iterable[str]) -> list[str]:
    """The names that are there more than once, each once."""
    names = list(names)
    return (
        list(dict.fromkeys(name for name in names if names.count(name) > 1))
        if len(set(names)) < len(names)
        else []
    )


def check_unique(names: Iterable[str], source: str) -> None:
    """Raise a DataError that lists the names that a table has twice."""
    twice = duplicates(names)
    if twice:
        raise DataError(
            f"{source}: column names must be unique; more than once there are {', '.join(map(repr, twice))}"
        )


def with_text_names(frame: pd.DataFrame, source: str = "the DataFrame") -> pd.DataFrame:
    """The frame under column names that are text; the data is shared.

    Raises
    ------
    DataError
        Several header rows, or two columns under the same name.
    """
    if frame.columns.nlevels > 1:
        raise DataError(f"{source}: has {frame.columns.nlevels} rows of column names; join them into one")
    names = [str(name) for name in frame.columns]
    check_unique(names, source)
    return frame if list(frame.columns) == names else frame.set_axis(names, axis=1)


def from_pandas(frame: pd.DataFrame) -> Any:
    """A ``pyarrow.Table`` that ``to_pandas`` turns into the same frame again, without its index.

    What Arrow or Parquet cannot hold becomes what they can, see :func:`storable`.

    Raises
    ------
    DataError
        Two columns under the same name.
    """
    import pyarrow as pa

    frame = with_text_names(frame)
    fixed = {str(name): new for name, old in frame.items() if (new := storable(old)) is not old}
    frame = frame.assign(**fixed) if fixed else frame
    with warnings.catch_warnings():
        # pyarrow 25 asks zoned columns of pandas 3.1 for their values in a deprecated way
        warnings.filterwarnings("ignore", "Series.values returning", DeprecationWarning)
        table = pa.Table.from_pandas(frame, preserve_index=False)
    notes = {name: _note(dtype) for name, dtype in frame.dtypes.items()}
    return table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _DTYPES: json.dumps(notes).encode()}
    )


def _note(dtype: Any) -> dict[str, Any]:
    import pandas as pd
    import pyarrow as pa

    if not isinstance(dtype, pd.CategoricalDtype):
        return {"dtype": "arrow" if isinstance(dtype, pd.ArrowDtype) else str(dtype)}
    batch = pa.record_batch([pa.array(dtype.categories, from_pandas=True)], names=["categories"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    encoded = base64.b64encode(sink.getvalue().to_pybytes()).decode()
    return {"dtype": "category", "ordered": bool(dtype.ordered), "categories": encoded}


def to_pandas(table: Any) -> pd.DataFrame:
    """A frame; what ``from_pandas`` made comes back with its dtypes.

    Dates become datetimes, and truth values with missing ones pandas' ``boolean``. Lists and structs become Python's
    lists and dicts.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.types as types

    check_unique(table.column_names, "the table")
    metadata = table.schema.metadata or {}
    notes = json.loads(metadata.get(_DTYPES, b"{}"))
    nested = {
        name: pd.Series(table[name].to_pylist(), dtype=object)
        for name in table.column_names
        if types.is_nested(table[name].type)
    }
    for name in nested:
        table = with_column(table, name, pa.nulls(table.num_rows))
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    fixed: dict[str, Any] = dict(nested)
    for name in table.column_names:
        if name in nested:
            continue
        if name in notes:
            note = notes[name]
            if note["dtype"] == "category" or note["dtype"] not in {"str", str(frame[name].dtype)}:
                fixed[name] = _restored(table[name], frame[name], note)
        elif types.is_boolean(table[name].type) and table[name].null_count and not _pandas_columns(metadata):
            fixed[name] = frame[name].astype("boolean")
    return frame.assign(**fixed) if fixed else frame


def _restored(column: Any, values: pd.Series[Any], note: dict[str, Any]) -> Any:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if note["dtype"] == "arrow":
        return pd.Series(pd.arrays.ArrowExtensionArray(column), index=values.index, name=values.name)
    if note["dtype"] == "object":
        plain = column.to_pandas(date_as_object=True, integer_object_nulls=True)
        return plain.astype(object).where(plain.notna(), None).rename(values.name)
    if note["dtype"] != "category":
        return values.astype(note["dtype"])
    batch = pa.ipc.open_stream(base64.b64decode(note["categories"])).read_next_batch()
    categories = batch.column(0)
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    codes = pc.fill_null(pc.index_in(plain.cast(categories.type), value_set=categories), -1).to_numpy()
    dtype = pd.CategoricalDtype(pd.Index(categories.to_pandas()).rename(None), ordered=note["ordered"])
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index=values.index, name=values.name)


def with_column(table: Any, name: str, values: Any) -> Any:
    """The table with other values in a column; what pandas knew of the old ones is forgotten."""
    changed = table.set_column(table.column_names.index(name), name, values)
    metadata = dict(changed.schema.metadata or {})
    if _DTYPES in metadata:
        notes = json.loads(metadata[_DTYPES])
        notes.pop(name, None)
        metadata[_DTYPES] = json.dumps(notes).encode()
    if _PANDAS in metadata:
        known = json.loads(metadata[_PANDAS])
        known["columns"] = [column for column in known.get("columns", []) if column.get("field_name") != name]
        metadata[_PANDAS] = json.dumps(known).encode()
    return changed.replace_schema_metadata(metadata or None)


def without_index(schema: Any) -> Any:
    """A Parquet file's schema without a nameless pandas index; a named one is a plain column."""
    import pyarrow as pa

    metadata = dict(schema.metadata or {})
    if _PANDAS in metadata:
        known = json.loads(metadata[_PANDAS])
        metadata[_PANDAS] = json.dumps({**known, "index_columns": []}).encode()
    fields = [item.remove_metadata() for item in schema if not _INDEX.fullmatch(item.name)]
    return pa.schema(fields, metadata=metadata or None)


def _pandas_columns(metadata: dict[bytes, bytes]) -> list[Any]:
    return list(json.loads(metadata[_PANDAS]).get("columns", [])) if _PANDAS in metadata else []
