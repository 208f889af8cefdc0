"""``read_json_lines``: one JSON object a line, parsed by Arrow; only what it refuses is read line by line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable import streams
from automl_components.core.mltable.addresses import File
from automl_components.core.mltable.pieces import Piece, Wanted, aligned, cut, one_schema, widened
from automl_components.core.mltable.readers import CODECS, ReadJsonLines

BLOCK = 16 << 20  # bytes; also the longest line


def read(files: Sequence[File], options: ReadJsonLines, wanted: Wanted) -> Iterator[Piece]:
    """The rows of JSON lines files; absent keys are missing values, ISO texts dates, mixed values text.

    Raises
    ------
    DataError
        A file is empty, in another encoding, or has a line that is no JSON object (unless those are dropped).
    """
    parsed = [(file, table) for file in files if (table := _parsed(file, options)) is not None]
    if not parsed:
        raise DataError(f"{files[0]}: the file holds no JSON lines")
    schema = one_schema([table.schema for _, table in parsed], _common)
    partition = 0
    for file, table in parsed:
        pieces = -(-file.size() // options.partition_size) if options.partition_size else 1
        for part, rows in cut([aligned(table, schema, str(file))], table.num_rows, pieces):
            yield Piece(rows.select(wanted.columns(schema.names)), file.address, partition + part)
        partition += part + 1


def _common(name: str, types: Sequence[Any]) -> Any:
    import pyarrow as pa

    kind = widened(types)
    if kind is None and any(pa.types.is_nested(one) for one in types):
        listed = ", ".join(map(str, types))
        raise DataError(
            f"column {name!r} holds different things in different files: {listed}; give them one type"
        )
    return kind or pa.string()


def _parsed(file: File, options: ReadJsonLines) -> Any | None:
    """The file's table, or None if it has no lines."""
    import pyarrow as pa

    encoding = CODECS[options.encoding]
    try:
        with streams.text(file, encoding) as stream:
            table = _arrow(stream)
            return table if table.num_columns else None
    except UnicodeDecodeError:
        streams.check_encoding(file, encoding)
        raise
    except pa.ArrowInvalid:
        streams.check_encoding(file, encoding)
    lines = _cleaned(file, encoding, drop=options.invalid_lines == "drop")
    try:
        return _arrow(io.BytesIO(lines)) if lines else None
    except pa.ArrowInvalid as error:
        raise DataError(f"{file}: {str(error).splitlines()[0]}") from None


def _arrow(source: Any) -> Any:
    import pyarrow.json as pa_json

    table = pa_json.read_json(source, read_options=pa_json.ReadOptions(block_size=BLOCK))
    for item in table.schema:
        # a text that is no UTF-8 would only show when it is used
        if str(item.type) == "string":
            table[item.name].validate(full=True)
    return table


def _cleaned(file: File, encoding: str, *, drop: bool) -> bytes:
    """The lines that are JSON objects, written so that Arrow takes them: mixed values of a key as text."""
    rows = []
    with streams.raw(file) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig" if encoding == "utf-8" else encoding)
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                rows.append(_object(line))
            except ValueError as error:
                if not drop:
                    raise DataError(
                        f"{file}, line {number}: {error}: {line.strip()[:80]!r}; "
                        "with invalid_lines: drop such lines are left out"
                    ) from None
    kinds: dict[str, set[str]] = {}
    for row in rows:
        for key, value in row.items():
            kinds.setdefault(key, set()).update([_kind(value)] if value is not None else [])
    mixed = {key for key, found in kinds.items() if len(found) > 1}
    return b"\n".join(
        json.dumps({k: _as_text(v) if k in mixed else v for k, v in row.items()}).encode() for row in rows
    )


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON ({error.msg} at character {error.colno})") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("has a key twice")
    return value


def _kind(value: Any) -> str:
    """What Arrow tells apart; nested values by their text, because their parts may be mixed, too."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else f"nested {_shape(value)}"


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_shape(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + "|".join(sorted({_shape(item) for item in value})) + "]"
    return "null" if value is None else _kind(value)


def _as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
