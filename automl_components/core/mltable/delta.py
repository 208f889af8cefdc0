"""``read_delta_lake``: a Delta table as it was at a version or a time; needs the ``delta`` extra."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable.addresses import absolute, filesystem, is_remote, shown
from automl_components.core.mltable.frames import check_unique
from automl_components.core.mltable.pieces import Piece, Wanted, aligned, one_schema, widened
from automl_components.core.mltable.readers import ReadDeltaLake, moment

# what delta-rs itself reads; tables elsewhere are copied to a temporary folder first
_OWN = ("s3://", "s3a://", "gs://", "az://", "abfs://", "abfss://", "adl://", "https://", "http://")


def read(
    items: Sequence[tuple[str, str]], base: str, options: ReadDeltaLake, wanted: Wanted
) -> Iterator[Piece]:
    """The rows of Delta tables; each data file is a partition.

    Parameters
    ----------
    items : pairs of str
        Of ``paths``; each must be a ``folder``.

    Raises
    ------
    DataError
        The ``delta`` extra is not installed, or there is no table, version or time.
    """
    with _datasets(items, base, options) as (addresses, datasets):
        schema = one_schema([dataset.schema for dataset in datasets], _joined)
        columns = wanted.columns(schema.names)
        kept = _plain_schema(schema, columns)
        number = 0
        for address, dataset in zip(addresses, datasets, strict=True):
            for fragment in dataset.get_fragments():
                where = f"{address.rstrip('/')}/{fragment.path.lstrip('/')}"
                if wanted.partitions is None or number in wanted.partitions:
                    for table in _tables(fragment, dataset.schema, columns):
                        yield Piece(aligned(table, kept, shown(address)), where, number)
                number += 1
        if not number:
            yield Piece(kept.empty_table(), addresses[0], 0)


def column_names(items: Sequence[tuple[str, str]], base: str, options: ReadDeltaLake) -> list[str]:
    """The names of the columns, from the tables' logs."""
    with _datasets(items, base, options) as (_, datasets):
        return list(dict.fromkeys(name for dataset in datasets for name in dataset.schema.names))


def _joined(name: str, types: Sequence[Any]) -> Any:
    kind = widened(types)
    if kind is None:
        raise DataError(f"column {name!r} has types that cannot be joined: {', '.join(map(str, types))}")
    return kind


def _plain_schema(schema: Any, columns: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.schema([schema.field(name).remove_metadata() for name in columns])


def _tables(fragment: Any, schema: Any, columns: Sequence[str]) -> Iterator[Any]:
    import pyarrow as pa

    names = [name for name in columns if name in schema.names]
    empty = True
    for batch in fragment.to_batches(schema=schema, columns=names):
        empty = False
        yield pa.Table.from_batches([batch])
    if empty:
        yield _plain_schema(schema, names).empty_table()


@contextmanager
def _datasets(
    items: Sequence[tuple[str, str]], base: str, options: ReadDeltaLake
) -> Iterator[tuple[list[str], list[Any]]]:
    addresses = []
    for kind, address in items:
        if kind != "folder":
            raise DataError(
                f"{shown(address)}: a Delta table is a folder; name it as `folder`, not as `{kind}`"
            )
        addresses.append(absolute(address, base))
    with tempfile.TemporaryDirectory(prefix="automl-delta-") as scratch:
        datasets = [_dataset(address, f"{scratch}/{i}", options) for i, address in enumerate(addresses)]
        for address, dataset in zip(addresses, datasets, strict=True):
            check_unique(dataset.schema.names, shown(address))
        yield addresses, datasets


def _dataset(address: str, scratch: str, options: ReadDeltaLake) -> Any:
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError
    except ImportError:
        raise DataError(
            f"{shown(address)}: Delta tables need the `delta` extra: pip install 'automl-components[delta]'"
        ) from None
    where = address
    if is_remote(address) and not address.startswith(_OWN):
        fs, path = filesystem(address)
        if not fs.isdir(path):
            raise DataError(f"{shown(address)}: there is no such folder")
        fs.get(path.rstrip("/") + "/", scratch, recursive=True)
        where = scratch
    asked = f"version {options.version_as_of}" if options.timestamp_as_of is None else options.timestamp_as_of
    try:
        if options.timestamp_as_of is None:
            return DeltaTable(where, version=options.version_as_of).to_pyarrow_dataset()
        table = DeltaTable(where)
        time = moment(options.timestamp_as_of)
        _check_not_before(table, time, address)
        table.load_as_version(time)
        return table.to_pyarrow_dataset()
    except TableNotFoundError:
        raise DataError(f"{shown(address)}: there is no Delta table") from None
    except (DeltaError, OSError) as error:
        raise DataError(
            f"{shown(address)}: cannot be read as of {asked}: {str(error).splitlines()[0]}"
        ) from None


def _check_not_before(table: Any, time: Any, address: str) -> None:
    """Refuse a time before the table was made, for which delta-rs gives its first version."""
    first = min((entry["timestamp"] for entry in table.history() if "timestamp" in entry), default=None)
    if first is not None and time.timestamp() * 1000 < first:
        import datetime as dt

        made = dt.datetime.fromtimestamp(first / 1000, dt.timezone.utc).isoformat()
        raise DataError(
            f"{shown(address)}: has nothing as of {time.isoformat()}; its first version is of {made}"
        )
