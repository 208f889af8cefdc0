"""``read_parquet``: files batch by batch, only the columns and partitions that are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable.addresses import File
from automl_components.core.mltable.frames import check_unique, without_index
from automl_components.core.mltable.pieces import Piece, Wanted, aligned, one_schema, widened
from automl_components.core.mltable.readers import ReadParquet

ROWS = 1 << 17  # rows of a batch


def read(files: Sequence[File], options: ReadParquet, wanted: Wanted) -> Iterator[Piece]:
    """The rows of Parquet files under one schema; a file is a partition.

    Raises
    ------
    DataError
        A file is no Parquet, has a column name twice, or a column has types that cannot be joined.
    """
    schema = _schema(files)
    columns = wanted.columns(schema.names)
    schema = _only(schema, columns)
    for number, file in enumerate(files):
        if wanted.partitions is not None and number not in wanted.partitions:
            continue
        for table in _batches(file, columns):
            yield Piece(aligned(table, schema, str(file)), file.address, number)


def column_names(files: Sequence[File]) -> list[str]:
    """The names of the columns, from the files' footers."""
    return list(_schema(files).names)


def _schema(files: Sequence[File]) -> Any:
    schemas = []
    for file in files:
        with _opened(file) as parquet:
            check_unique(parquet.schema_arrow.names, str(file))
            schemas.append(without_index(parquet.schema_arrow))
    return one_schema(schemas, lambda name, types: _joined(name, types, files, schemas))


def _joined(name: str, types: Sequence[Any], files: Sequence[File], schemas: Sequence[Any]) -> Any:
    kind = widened(types)
    if kind is None:
        holders = {
            str(s.field(name).type): str(f) for f, s in zip(files, schemas, strict=True) if name in s.names
        }
        listed = ", ".join(f"{kind} in {file}" for kind, file in holders.items())
        raise DataError(
            f"column {name!r} has types that cannot be joined: {listed}; write the files with one type"
        )
    return kind


def _only(schema: Any, columns: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.schema([schema.field(name) for name in columns], metadata=schema.metadata)


def _batches(file: File, columns: Sequence[str]) -> Iterator[Any]:
    """Tables of one file, at least one."""
    import pyarrow as pa

    with _opened(file) as parquet:
        schema = without_index(parquet.schema_arrow)
        # of a file without any of the columns one is read, so that its rows are counted
        wanted = set(columns)
        names = [name for name in schema.names if name in wanted] or schema.names[:1]
        empty = True
        for batch in parquet.iter_batches(batch_size=ROWS, columns=names):
            empty = False
            table = pa.Table.from_batches([batch]).select(names)
            yield table.replace_schema_metadata(schema.metadata)
        if empty:
            yield _only(schema, names).empty_table()


@contextmanager
def _opened(file: File) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source: Any = file.path if file.is_local else file.open()
    try:
        with pq.ParquetFile(source) as parquet:
            yield parquet
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise DataError(f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None
    finally:
        if not file.is_local:
            source.close()
