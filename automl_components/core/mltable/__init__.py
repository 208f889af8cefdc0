"""MLTable files, read and written completely: Azure's ``mltable`` package on any fsspec address.

>>> import tempfile, pathlib
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> _ = (folder / "people.csv").write_text("name,age\\nAda,36\\nMax,7\\n")
>>> table = from_delimited_files([{"file": str(folder / "people.csv")}]).filter('col("age") > 18')
>>> table.to_pandas_dataframe()
  name  age
0  Ada   36
>>> table.save(folder)
>>> load(folder).partition_keys, load(folder).columns()
([], ['name', 'age'])
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from enum import Enum
from os import PathLike
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable.addresses import absolute, filesystem, shown
from automl_components.core.mltable.column_types import ColumnType, DataType
from automl_components.core.mltable.columns import Pattern
from automl_components.core.mltable.definition import FILE, SCHEMA, Definition, Traits, from_yaml, paths_from
from automl_components.core.mltable.steps import parse_step
from automl_components.core.mltable.table import MLTable

__all__ = [
    "DataType",
    "MLTable",
    "MLTableFileEncoding",
    "MLTableHeaders",
    "Pattern",
    "Traits",
    "from_delimited_files",
    "from_delta_lake",
    "from_json_lines_files",
    "from_parquet_files",
    "from_paths",
    "load",
]


class MLTableHeaders(str, Enum):
    """What the first row of a delimited text file is."""

    no_header = "no_header"
    from_first_file = "from_first_file"
    all_files_different_headers = "all_files_different_headers"
    all_files_same_headers = "all_files_same_headers"


class MLTableFileEncoding(str, Enum):
    """How text files are encoded."""

    utf8 = "utf8"
    utf8bom = "utf8bom"
    iso88591 = "iso88591"
    latin1 = "latin1"
    ascii = "ascii"
    utf16 = "utf16"
    utf32 = "utf32"
    windows1252 = "windows1252"


def load(uri: str | PathLike[str]) -> MLTable:
    """The table of a folder with an ``MLTable`` file.

    Parameters
    ----------
    uri : str
        The folder, or the file itself: a local path or any fsspec address.

    Raises
    ------
    DataError
        There is no such file.
    SettingsError
        The file says something that an MLTable file cannot say.
    """
    address = absolute(str(uri)).rstrip("/")
    fs, path = filesystem(address)
    folder, file = (address, posixpath.join(path, FILE))
    if posixpath.basename(path) == FILE and not fs.isdir(path):
        folder, file = posixpath.dirname(address), path
    source = shown(f"{folder}/{FILE}")
    try:
        text = fs.cat_file(file).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise DataError(f"{source}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{source}: cannot be read ({error})") from None
    return MLTable(from_yaml(text, source), folder)


def from_paths(paths: Any) -> MLTable:
    """The addresses of files, one row each, in a column ``Path``.

    Parameters
    ----------
    paths : list of mappings, or one or several paths
        ``[{"file": ...}, {"folder": ...}, {"pattern": ...}]``; a plain path counts as what it is.
        Relative paths are relative to the working directory.
    """
    return MLTable(Definition(paths_from(paths), schema=SCHEMA))


def from_delimited_files(
    paths: Any,
    header: str | MLTableHeaders = "all_files_same_headers",
    delimiter: str = ",",
    support_multi_line: bool = False,
    empty_as_string: bool = False,
    encoding: str | MLTableFileEncoding = "utf8",
    include_path_column: bool = False,
    infer_column_types: bool | Mapping[str, Any] = True,
    *,
    path_column: str | None = None,
    partition_size: int | None = None,
    null_values: Sequence[str] | None = None,
) -> MLTable:
    """The rows of CSV files and their kin; see ``ReadDelimited`` for options, ``from_paths`` for ``paths``.

    Line breaks in quotes never make rows, whatever ``support_multi_line`` says. ``infer_column_types`` may be
    ``{"sample_size": n, "column_type_overrides": [{"columns": ..., "column_type": ...}]}``.
    ``null_values`` are texts that are missing values in columns of text, too, where Azure leaves them text.
    """
    given = {
        "delimiter": delimiter, "header": header, "support_multi_line": support_multi_line,
        "empty_as_string": empty_as_string, "encoding": encoding, "infer_column_types": infer_column_types,
        "include_path_column": include_path_column or None, "path_column": path_column,
        "partition_size": partition_size, "null_values": null_values,
    }  # fmt: skip
    return _reading("read_delimited", paths, given)


def from_parquet_files(
    paths: Any, include_path_column: bool = False, *, path_column: str | None = None
) -> MLTable:
    """The rows of Parquet files; see ``from_paths`` for ``paths``."""
    return _reading(
        "read_parquet",
        paths,
        {"include_path_column": include_path_column or None, "path_column": path_column},
    )


def from_json_lines_files(
    paths: Any,
    invalid_lines: str = "error",
    encoding: str | MLTableFileEncoding = "utf8",
    include_path_column: bool = False,
    *,
    path_column: str | None = None,
    partition_size: int | None = None,
) -> MLTable:
    """The rows of JSON lines files; ``invalid_lines`` is ``error`` or ``drop``."""
    given = {
        "invalid_lines": invalid_lines, "encoding": encoding, "partition_size": partition_size,
        "include_path_column": include_path_column or None, "path_column": path_column,
    }  # fmt: skip
    return _reading("read_json_lines", paths, given)


def from_delta_lake(
    delta_table_uri: str | PathLike[str],
    timestamp_as_of: str | None = None,
    version_as_of: int | None = None,
    include_path_column: bool = False,
) -> MLTable:
    """The rows of a Delta table as of a time (RFC 3339; one in the future is the present) or a version.

    Needs the ``delta`` extra.
    """
    given = {
        "timestamp_as_of": timestamp_as_of, "version_as_of": version_as_of,
        "include_path_column": include_path_column or None,
    }  # fmt: skip
    return _reading("read_delta_lake", [{"folder": str(delta_table_uri)}], given)


def _reading(name: str, paths: Any, given: Mapping[str, Any]) -> MLTable:
    plain = {key: _plain(value) for key, value in given.items() if value is not None}
    return MLTable(Definition(paths_from(paths), (parse_step({name: plain}),), schema=SCHEMA))


def _plain(value: Any) -> Any:
    """What YAML can hold: enums by their value, column types as an MLTable file gives them."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, ColumnType):
        return value.given
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
