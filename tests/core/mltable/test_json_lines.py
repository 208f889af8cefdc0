"""``read_json_lines``: every option, mixed values, bad lines."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_components.core import mltable
from automl_components.core.errors import DataError, SettingsError


def write(folder: Path, *lines: str, name: str = "a.jsonl", encoding: str = "utf-8") -> str:
    (folder / name).write_bytes("\n".join(lines).encode(encoding))
    return str(folder / name)


def test_types(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        '{"i": 1, "f": 1, "d": "2020-01-01", "t": "é"}',
        "",
        '{"i": null, "f": 2.5, "b": true, "t": "x"}',
    )
    table = mltable.from_json_lines_files(file)
    frame = table.to_pandas_dataframe()
    assert table.columns() == list(frame) == ["i", "f", "d", "t", "b"]
    assert frame["f"].tolist() == [1.0, 2.5]
    assert frame["d"].tolist() == [pd.Timestamp("2020-01-01"), pd.NaT]
    assert frame["t"].tolist() == ["é", "x"]
    assert frame["b"].tolist() == [pd.NA, True]


def test_invalid_lines(tmp_path: Path) -> None:
    file = write(
        tmp_path, '{"a": 1, "d": "2020-01-01"}', "[1, 2]", "nope", '{"a": 2, "a": 3}', '{"a": 4, "d": null}'
    )
    with pytest.raises(
        DataError, match=r"a\.jsonl, line 2: is no JSON object: '\[1, 2\]'; with invalid_lines: drop"
    ):
        mltable.from_json_lines_files(file).to_arrow()
    frame = mltable.from_json_lines_files(file, invalid_lines="drop").to_pandas_dataframe()
    assert frame["a"].tolist() == [1, 4]
    assert frame["d"][0] == pd.Timestamp("2020-01-01")
    with pytest.raises(SettingsError, match="invalid_lines: found 'ignore'; known: drop, error"):
        mltable.from_json_lines_files(file, invalid_lines="ignore")


def test_mixed_values_become_text(tmp_path: Path) -> None:
    file = write(
        tmp_path, '{"a": 1, "b": [1]}', '{"a": "x", "b": ["é"]}', '{"a": true, "b": null}', '{"a": null}'
    )
    assert mltable.from_json_lines_files(file).to_arrow().to_pylist() == [
        {"a": "1", "b": "[1]"},
        {"a": "x", "b": '["é"]'},
        {"a": "true", "b": None},
        {"a": None, "b": None},
    ]


def test_files_with_other_keys_and_types(tmp_path: Path) -> None:
    write(tmp_path, '{"a": 1, "b": 1}', name="1.jsonl")
    write(tmp_path, '{"c": "x", "b": 2.5}', name="2.jsonl")
    table = mltable.from_json_lines_files({"folder": str(tmp_path)})
    assert table.to_arrow().to_pylist() == [{"a": 1, "b": 1.0, "c": None}, {"a": None, "b": 2.5, "c": "x"}]
    assert table.keep_columns(["c"]).to_arrow().to_pydict() == {"c": [None, "x"]}
    assert table.get_partition_count() == 2


def test_nested_values(tmp_path: Path) -> None:
    table = mltable.from_json_lines_files(write(tmp_path, '{"a": {"x": [1, 2]}}', '{"a": null}'))
    assert table.to_pandas_dataframe()["a"].tolist() == [{"x": [1, 2]}, None]
    text = table.convert_column_types({"a": mltable.DataType.to_string()}).to_arrow()["a"].to_pylist()
    assert text == ['{"x": [1, 2]}', None]


@pytest.mark.parametrize("encoding", ["utf8", "latin1", "utf16", "utf8bom", "windows1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    codec = {"utf8bom": "utf-8-sig", "windows1252": "cp1252"}.get(encoding, encoding)
    file = write(tmp_path, '{"a": "é"}', "no", encoding=codec)
    table = mltable.from_json_lines_files(file, encoding=encoding, invalid_lines="drop")
    assert table.to_arrow().to_pydict() == {"a": ["é"]}


def test_wrong_encoding(tmp_path: Path) -> None:
    file = write(tmp_path, '{"a": "x"}', '{"a": "é"}', encoding="latin-1")
    with pytest.raises(DataError, match=r"a\.jsonl: is not utf-8: byte 0xe9 on line 2"):
        mltable.from_json_lines_files(file).to_arrow()


@pytest.mark.parametrize("text", ["", "\n\n", "no\n"])
def test_nothing_to_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(DataError, match=r"a\.jsonl: the file holds no JSON lines"):
        mltable.from_json_lines_files(str(tmp_path / "a.jsonl"), invalid_lines="drop").to_arrow()


def test_partitions_and_path(tmp_path: Path) -> None:
    file = write(tmp_path, *[f'{{"a": {i}}}' for i in range(10)])  # 89 bytes
    table = mltable.from_json_lines_files(file, partition_size=30, path_column="file")
    assert table.get_partition_count() == 3
    assert table.select_partitions([2, 0]).to_arrow()["a"].to_pylist() == [0, 1, 2, 3, 8, 9]
    assert set(table.to_arrow()["file"].to_pylist()) == {file}


def test_not_a_number(tmp_path: Path) -> None:
    assert (
        mltable.from_json_lines_files(write(tmp_path, '{"a": 1.5}', '{"a": NaN}'))
        .to_arrow()["a"]
        .to_pylist()[0]
        == 1.5
    )
