"""Which character separates the values of a text file that does not say so."""

from __future__ import annotations

import csv
import io

from automl_components.core.mltable import streams
from automl_components.core.mltable.addresses import File

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SAMPLE = 1 << 16  # bytes
_ROWS = 100


def find_delimiter(file: File, expected: str = ",") -> str:
    """The delimiter under which the first rows, header included, all have the same number of values, two or more.

    The expected one wins where it does; where none does, it is taken as well, so that no guess stands behind an
    error. ``csv.Sniffer`` is not asked: it takes letters and spaces for delimiters, too.

    Parameters
    ----------
    file : File
        UTF-8; what is not is read as if it were, since all delimiters are ASCII.
    expected : str
        What the file's name suggests.
    """
    sample = b""
    with streams.raw(file) as stream:
        while len(sample) < _SAMPLE and (chunk := stream.read(_SAMPLE - len(sample))):
            sample += bytes(chunk)
    text = sample.decode("utf-8", errors="replace").removeprefix("\ufeff").replace("\0", "\ufdd0")
    counts = {sign: _values(text, sign, whole=len(sample) < _SAMPLE) for sign in DELIMITERS}
    if counts.get(expected, 0) > 1:
        return expected
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] > 1 else expected


def _values(text: str, delimiter: str, *, whole: bool) -> int:
    """How many values each row has under a delimiter; 0 where the rows differ."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return 0
    if not whole:
        rows = rows[:-1]  # it is cut off
    counts = {len(row) for row in rows[:_ROWS]}
    return counts.pop() if len(counts) == 1 else 0


def suspected(names: tuple[str, ...], delimiter: str) -> str:
    """The delimiter that stands in the name of an only column, or nothing."""
    if len(names) > 1:
        return ""
    return next((sign for sign in DELIMITERS if sign != delimiter and sign in "".join(names)), "")
