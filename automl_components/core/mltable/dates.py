"""Text to dates by strptime formats, each distinct text once."""

from __future__ import annotations

from typing import Any

from automl_components.core.mltable.column_types import DatetimeOptions

_DATE_DIRECTIVES = ("%Y", "%y", "%m", "%b", "%B", "%d", "%j", "%x", "%c", "%U", "%W", "%G", "%V", "%D", "%F")


def parse_dates(text: Any, options: DatetimeOptions) -> Any:
    """Dates, null where no format fits.

    As soon as one format has a zone (``%z``) they are in UTC; without formats zones are only accounted for.

    Parameters
    ----------
    text : pyarrow.Array or ChunkedArray of strings

    Returns
    -------
    pyarrow.ChunkedArray
        Timestamps in microseconds.
    """
    import pandas as pd
    import pyarrow as pa

    words = (text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text).dictionary_encode()
    distinct = pd.Series(words.dictionary.to_pylist(), dtype=object)
    found = pd.Series(pd.NaT, index=distinct.index, dtype="datetime64[us, UTC]")
    for form in options.formats or ("ISO8601",):
        dates = pd.to_datetime(distinct, format=form, errors="coerce", utc=True)
        if options.date_constant and not any(directive in form for directive in _DATE_DIRECTIVES):
            dates += pd.Timestamp(options.date_constant) - pd.Timestamp("1900-01-01")  # strptime's own date
        found = found.fillna(dates.astype(found.dtype))
    zoned = any("%z" in form for form in options.formats)
    values = pa.array(found.dt.tz_localize(None), from_pandas=True)
    values = values.cast(pa.timestamp("us", "UTC") if zoned else values.type)
    return pa.chunked_array([values.take(words.indices)])
