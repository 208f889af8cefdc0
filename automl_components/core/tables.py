"""Tables from anywhere: a DataFrame, a file, a folder, a pattern or an MLTable, and back into a folder."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from automl_components.core.errors import DataError
from automl_components.core.events import emit
from automl_components.core.mltable import (
    MLTable,
    addresses,
    frames,
    from_delimited_files,
    from_delta_lake,
    from_json_lines_files,
    from_parquet_files,
    load,
)
from automl_components.core.mltable.conversion import MISSING
from automl_components.core.mltable.definition import FILE, Definition, paths_from
from automl_components.core.mltable.sniffing import DELIMITERS, find_delimiter
from automl_components.core.mltable.steps import parse_step
from automl_components.core.mltable.streams import CODECS

if TYPE_CHECKING:
    import pandas as pd

TableSource: TypeAlias = Union[str, "PathLike[str]", MLTable, "pd.DataFrame"]

DATA = "data.parquet"
_ENDINGS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "json", ".ndjson": "json",
}  # fmt: skip
NULLS = (*MISSING[1:], "<NA>")
"""Missing values in the text of a CSV file without an MLTable file: what pandas takes for one, but for ``None``,
which is the name of a category in too many tables."""
_FUTURE = "9999-12-31T00:00:00Z"


def read_table(source: TableSource) -> pd.DataFrame:
    """All rows of a table.

    Parameters
    ----------
    source : DataFrame, MLTable, str or path
        A local path or fsspec address may be a CSV, TSV, Parquet or JSON lines file (text also compressed), a
        folder with an MLTable file, a Delta table, a folder of files of one kind, or a pattern.
        An MLTable file is followed to the letter. CSV files without one are read as most people mean them: ``NA``
        and the like are missing values in columns of text, too, and the delimiter is found out.

    Returns
    -------
    pandas.DataFrame
        Column names are text. A DataFrame is not copied.

    Raises
    ------
    DataError
        There is nothing, no rows, or the file cannot be read; the message names it, and the row or column.
    """
    if isinstance(source, (str, PathLike, MLTable)):
        table = open_table(source)
        if not isinstance(source, MLTable):
            _tell_delimiter(table, _name(source))
        frame, name = table.to_pandas_dataframe(), _name(source)
    else:
        frame, name = frames.with_text_names(_frame(source)), "the DataFrame"
    if not len(frame):
        raise DataError(f"{name}: the table has no rows")
    return frame


def scan_columns(source: TableSource) -> list[str]:
    """The names of a table's columns; no more is read than they need."""
    if isinstance(source, (str, PathLike, MLTable)):
        return open_table(source).columns()
    return list(frames.with_text_names(_frame(source)).columns)


def open_table(source: str | PathLike[str] | MLTable) -> MLTable:
    """What ``read_table`` reads, without reading it; of a CSV without an MLTable file the first rows are looked at."""
    return _opened(source, look=True)


def _opened(source: str | PathLike[str] | MLTable, *, look: bool) -> MLTable:
    if isinstance(source, MLTable):
        return source
    given = str(source)
    address = addresses.absolute(given)
    if any(sign in given for sign in "*?[") and not _exists(address):
        return _reader({"pattern": address}, address, look)
    if not addresses.is_folder(address):
        if address.endswith(f"/{FILE}"):
            return load(address)
        return _reader({"file": address}, address, look)
    fs, path = addresses.filesystem(address)
    path = path.rstrip("/")
    if fs.exists(f"{path}/{FILE}"):
        return load(address)
    if fs.isdir(f"{path}/_delta_log"):
        return from_delta_lake(address, timestamp_as_of=_FUTURE)
    return _reader({"folder": address}, address, look)


def table_files(source: str | PathLike[str]) -> list[str]:
    """The addresses of every file that a table is read from, its MLTable file included."""
    table = _opened(source, look=False)
    own = [f"{table.base}/{FILE}"] if table.base else []
    reader = table.definition.reader
    if reader is not None and reader.name == "read_delta_lake":
        found = []
        for _, item in table.definition.locations():
            found += [file.address for file in addresses.all_below(addresses.absolute(item, table.base))]
        return own + found
    return own + [file.address for file in addresses.files_of(table.definition.locations(), table.base)]


def write_mltable(table: Any, folder: str | PathLike[str], *, metadata: dict[str, Any] | None = None) -> None:
    """Write a local folder with an ``MLTable`` file and ``data.parquet``.

    ``read_table`` of the folder gives the same names (as text), dtypes and values; the index is not kept. Of what
    Parquet cannot hold (complex numbers, dicts, categories of intervals, ...) it gives the text.

    Parameters
    ----------
    table : pandas.DataFrame or pyarrow.Table
    folder : path
        Made if it is not there.
    metadata : dict, optional
        Free notes for the MLTable file.

    Raises
    ------
    DataError
        Two columns under the same name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = table if isinstance(table, pa.Table) else frames.from_pandas(_frame(table))
    frames.check_unique(arrow.column_names, "the table")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrow, place / DATA)
    definition = Definition(
        paths_from([{"file": f"./{DATA}"}]), (parse_step("read_parquet"),), metadata=dict(metadata or {})
    )
    (place / FILE).write_text(definition.to_yaml(), encoding="utf-8")


def write_table(frame: pd.DataFrame, address: str | PathLike[str]) -> None:
    """Write one CSV, TSV, Parquet or JSON lines file, by the ending of its name, at any path or address.

    Raises
    ------
    DataError
        The ending is none of these.
    """
    import pyarrow.parquet as pq

    target, kind = addresses.absolute(str(address)), kind_to_write(address)
    frame = frames.with_text_names(frame)
    fs, path = addresses.filesystem(target)
    if not addresses.is_remote(target):
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
    with fs.open(path, "wb") as sink:
        if kind == "parquet":
            pq.write_table(frames.from_pandas(frame), sink)
        elif kind == "json":
            frame.to_json(sink, orient="records", lines=True, date_format="iso")
        else:
            frame.to_csv(sink, index=False, sep="\t" if kind == "tsv" else ",")


def kind_to_write(address: str | PathLike[str]) -> str:
    """What ``write_table`` writes there, ``"csv"``, ``"tsv"``, ``"parquet"`` or ``"json"``; else a DataError."""
    target = addresses.absolute(str(address))
    kind = _kind(target)
    if kind is None or target.lower().endswith(tuple(CODECS)):
        raise DataError(
            f"cannot write {addresses.shown(target)}: end the name in one of {', '.join(_ENDINGS)}"
        )
    return kind


def _frame(source: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source
    raise DataError(
        f"a {type(source).__name__} is no table; give a DataFrame, a path, an address or an MLTable"
    )


def _tell_delimiter(table: MLTable, name: str) -> None:
    """A note where the values of a CSV without an MLTable file are not separated by what is usual."""
    reader = table.definition.reader
    if table.definition.source or reader is None or reader.name != "read_delimited":
        return
    if reader.arguments.delimiter != ("\t" if _kind(name) == "tsv" else ","):
        emit("note", f"{name}: its values are separated by a {DELIMITERS[reader.arguments.delimiter]}")


def _name(source: str | PathLike[str] | MLTable) -> str:
    if isinstance(source, MLTable):
        return source.definition.source or ", ".join(address for _, address in source.definition.locations())
    return addresses.shown(str(source))


def _exists(address: str) -> bool:
    fs, path = addresses.filesystem(address)
    return bool(fs.exists(path))


def _reader(item: dict[str, str], address: str, look: bool) -> MLTable:
    """A table of the files that an item means, read by the kind that their names say.

    With ``look`` the delimiter of CSV files is found out, else it is what is usual.
    """
    ((kind, where),) = item.items()
    files = addresses.files_of([(kind, where)]) if kind != "file" else []
    names = [file.address for file in files] or [address]
    kinds = {_kind(name): name for name in names}
    if len(kinds) > 1:
        listed = " and ".join(addresses.shown(name) for name in list(kinds.values())[:2])
        raise DataError(
            f"{addresses.shown(address)}: holds files of different kinds: {listed}; give a pattern"
        )
    (found,) = kinds
    if found is None:
        found = _by_content(addresses.files_of([(kind, where)])[0])
    if found == "parquet":
        return from_parquet_files([item])
    if found == "json":
        return from_json_lines_files([item])
    delimiter = "\t" if found == "tsv" else ","
    if look:
        delimiter = find_delimiter((files or addresses.files_of([(kind, where)]))[0], delimiter)
    return from_delimited_files([item], delimiter=delimiter, null_values=NULLS)


def _kind(name: str) -> str | None:
    plain = name.split("?", 1)[0].lower() if name.startswith("http") else name.lower()
    for ending in CODECS:
        plain = plain.removesuffix(ending)
    return next((kind for ending, kind in _ENDINGS.items() if plain.endswith(ending)), None)


def _by_content(file: addresses.File) -> str:
    """The kind of a file whose name does not say it: Parquet begins with its own mark."""
    with file.open() as stream:
        if stream.read(4) == b"PAR1":
            return "parquet"
    raise DataError(
        f"{file}: what kind of table is it? Known endings are {', '.join(_ENDINGS)}; "
        "for anything else write an MLTable file that says how it is read"
    )
