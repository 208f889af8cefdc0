"""``read_delimited``: every option, and what is refused."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.core import mltable
from automl_components.core.errors import DataError, SettingsError
from automl_components.core.mltable import (
    DataType,
    MLTable,
    MLTableFileEncoding,
    MLTableHeaders,
    csv_parser,
    delimited,
)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> str:
    (folder / name).write_bytes(text.encode(encoding))
    return str(folder / name)


def rows(table: MLTable) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_arrow().to_pylist()]


# ---------------------------------------------------------------- types


def test_types_are_those_of_all_rows(tmp_path: Path) -> None:
    text = "i,f,b,d,t,s,e,m\n1,1,true,2020-01-01,12:30,x,,1\n2,2.5,false,2020-01-02,13:00,2,,x\n"
    frame = mltable.from_delimited_files(write(tmp_path, "a.csv", text)).to_pandas_dataframe()
    assert frame["i"].tolist() == [1, 2]
    assert frame["i"].dtype == "int64"
    assert frame["f"].tolist() == [1.0, 2.5]
    assert frame["b"].dtype == bool
    assert frame["d"].tolist() == [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")]
    assert frame["t"].tolist() == ["12:30", "13:00"]
    assert frame["s"].tolist() == ["x", "2"]
    assert frame["e"].dtype == "float64"
    assert frame["e"].isna().all()
    assert frame["m"].tolist() == ["1", "x"]


def test_spellings_of_missing_values(tmp_path: Path) -> None:
    table = mltable.from_delimited_files(write(tmp_path, "a.csv", 'n,t,b\n1,NA,true\nNA,,\n"",x,NaN\n'))
    assert rows(table) == [(1, "NA", True), (None, None, None), (None, "x", None)]
    assert table.to_pandas_dataframe()["b"].dtype == "boolean"


def test_empty_as_string(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", 'n,t\n1,\n,""\n,x\n')
    assert rows(mltable.from_delimited_files(file)) == [(1, None), (None, None), (None, "x")]
    assert rows(mltable.from_delimited_files(file, empty_as_string=True)) == [
        (1, ""),
        (None, ""),
        (None, "x"),
    ]


def test_no_inference_leaves_text(tmp_path: Path) -> None:
    table = mltable.from_delimited_files(
        write(tmp_path, "a.csv", "a,b\n007,2020-01-01\n1,\n"), infer_column_types=False
    )
    assert rows(table) == [("007", "2020-01-01"), ("1", None)]


def test_overrides_and_sample_size(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "zip,day,n,m\n00123,03/02/2020,1,2\n90210,04/02/2020,2.5,x\n")
    inference = {
        "sample_size": 1,
        "column_type_overrides": [
            {"columns": "zip", "column_type": "string"},
            {"columns": ["day"], "column_type": {"datetime": {"formats": "%d/%m/%Y"}}},
            {"columns": {"pattern": "^N$", "ignore_case": True}, "column_type": DataType.to_float()},
        ],
    }
    frame = mltable.from_delimited_files(file, infer_column_types=inference).to_pandas_dataframe()
    assert frame["zip"].tolist() == ["00123", "90210"]
    assert frame["day"].tolist() == [pd.Timestamp("2020-02-03"), pd.Timestamp("2020-02-04")]
    assert frame["n"].tolist() == [1.0, 2.5]
    assert frame["m"].tolist() == ["2", "x"]  # Azure would have made it an integer by its first row


def test_override_of_an_absent_column_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "age\n1\n")
    inference = {"column_type_overrides": [{"columns": "aeg", "column_type": "string"}]}
    with pytest.raises(DataError, match=r"a\.csv: there is no column 'aeg'; did you mean 'age'"):
        mltable.from_delimited_files(file, infer_column_types=inference).to_arrow()


def test_a_later_block_widens_a_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_parser, "BLOCK", 64)
    lines = ["a,b,c"] + [f"{i},{i},1" for i in range(50)] + ["1.5,x,"]
    frame = mltable.from_delimited_files(write(tmp_path, "a.csv", "\n".join(lines))).to_pandas_dataframe()
    assert frame["a"].dtype == "float64"
    assert frame["b"].tolist() == [*map(str, range(50)), "x"]
    assert frame["c"].isna().sum() == 1


# ---------------------------------------------------------------- large files

CELLS = st.sampled_from(
    [
        "",
        "1",
        "-7",
        "2.5",
        "1e3",
        "007",
        "true",
        "x",
        "a\nb",
        'q"q',
        "a,b",
        "2020-01-01",
        "2020-01-01 10:00:00",
        "NA",
        "é",
    ]
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12), st.booleans())
@settings(max_examples=40, deadline=None)
def test_streaming_gives_what_reading_at_once_gives(cells: list[tuple[str, ...]], typed: bool) -> None:
    import tempfile

    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("a", "b", "c"), *cells])
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        file = write(Path(folder), "a.csv", buffer.getvalue())
        table = mltable.from_delimited_files(file, infer_column_types=typed)
        whole = table.to_arrow()
        patch.setattr(delimited, "WHOLE", 0)
        patch.setattr(csv_parser, "BLOCK", 80)
        streamed = table.to_arrow()
    if "bool" not in map(str, whole.schema.types):  # 1 beside true, block by block, is text
        assert streamed.schema == whole.schema
    assert streamed.num_rows == whole.num_rows == len(cells)
    if streamed.schema == whole.schema:
        assert streamed.combine_chunks().equals(whole.combine_chunks())


def test_streaming_stops_when_enough_rows_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "WHOLE", 0)
    monkeypatch.setattr(csv_parser, "BLOCK", 1 << 10)
    text = "a,b\n" + "".join(f"{i},x\n" for i in range(5_000)) + "5000.5,x\n"
    table = mltable.from_delimited_files(write(tmp_path, "a.csv", text))
    assert table.take(3).to_pandas_dataframe()["a"].tolist() == [0.0, 1.0, 2.0]
    assert table.filter("a > 4999").to_pandas_dataframe()["a"].tolist() == [5000.5]
    assert len(table.to_pandas_dataframe()) == 5_001


# ---------------------------------------------------------------- quotes and delimiters


@pytest.mark.parametrize("support_multi_line", [True, False])
def test_quoted_newlines_never_misalign(tmp_path: Path, support_multi_line: bool) -> None:
    text = 'A,B,C\nA1,B1,C1\nA2,"B\n2",C2\nA3,"B3 ""q"", x",C3\n'
    table = mltable.from_delimited_files(
        write(tmp_path, "a.csv", text), support_multi_line=support_multi_line
    )
    assert rows(table) == [("A1", "B1", "C1"), ("A2", "B\n2", "C2"), ("A3", 'B3 "q", x', "C3")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, newline: str) -> None:
    table = mltable.from_delimited_files(
        write(tmp_path, "a.csv", newline.join(["", "a,b", "1,x", "", "2,y"]))
    )
    assert rows(table) == [(1, "x"), (2, "y")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", "||", "::", "~|"])
def test_delimiters(tmp_path: Path, delimiter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quoted = f'"x{delimiter}y\nz"'
    text = (
        "\n".join(delimiter.join(row) for row in [["a", "b", "c"], ["1", quoted, "2.5"], ["2", "v", "3"]])
        + "\n"
    )
    table = mltable.from_delimited_files(write(tmp_path, "a.csv", text), delimiter=delimiter)
    expected = [(1, f"x{delimiter}y\nz", 2.5), (2, "v", 3.0)]
    assert rows(table) == expected
    assert table.columns() == ["a", "b", "c"]
    monkeypatch.setattr(delimited, "WHOLE", 0)
    assert rows(table) == expected


def test_a_long_delimiter_cut_by_chunks(tmp_path: Path) -> None:
    text = "a||b\n" + "".join(f"{'x' * (i % 7)}||{i}\n" for i in range(300_000))
    frame = mltable.from_delimited_files(write(tmp_path, "a.csv", text), delimiter="||").to_pandas_dataframe()
    assert frame["b"].tolist() == list(range(300_000))


@pytest.mark.parametrize("delimiter", ["", "abc", '"', "\n", "é"])
def test_impossible_delimiters(delimiter: str) -> None:
    with pytest.raises(SettingsError, match=r"read_delimited\.delimiter"):
        mltable.from_delimited_files("a.csv", delimiter=delimiter)


def test_a_long_delimiter_beside_the_character_that_stands_for_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv: holds the control character U\+001F"):
        mltable.from_delimited_files(write(tmp_path, "a.csv", "a||b\n1||\x1f\n"), delimiter="||").to_arrow()


# ---------------------------------------------------------------- headers


def test_header_all_files_same(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "a,b\n1,x\n")
    write(tmp_path, "2.csv", "b,a\ny,2.5\n")
    table = mltable.from_delimited_files({"pattern": f"{tmp_path}/*.csv"})
    assert rows(table) == [(1.0, "x"), (2.5, "y")]
    write(tmp_path, "3.csv", "a,c\n1,x\n")
    with pytest.raises(
        DataError, match=r"3\.csv: has other columns than .*1\.csv: additional \['c'\], missing \['b'\]"
    ):
        table.to_arrow()


def test_header_all_files_different(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "a,b\n1,x\n")
    write(tmp_path, "2.csv", "c,a\n2020-01-01,z\n")
    table = mltable.from_delimited_files(
        {"folder": str(tmp_path)}, header=MLTableHeaders.all_files_different_headers
    )
    frame = table.to_pandas_dataframe()
    assert table.columns() == list(frame) == ["a", "b", "c"]
    assert frame["a"].tolist() == ["1", "z"]
    assert frame["b"].isna().tolist() == [False, True]
    assert frame["c"].isna().tolist() == [True, False]


def test_header_from_first_file(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "a,b\n1,x\n")
    write(tmp_path, "2.csv", "2,y\n")
    table = mltable.from_delimited_files({"folder": str(tmp_path)}, header="from_first_file")
    assert table.columns() == ["a", "b"]
    assert rows(table) == [(1, "x"), (2, "y")]


def test_no_header(tmp_path: Path) -> None:
    table = mltable.from_delimited_files(write(tmp_path, "1.csv", "1,x\n2,y\n"), header="no_header")
    assert table.columns() == ["Column1", "Column2"]
    assert rows(table) == [(1, "x"), (2, "y")]


def test_names_of_columns(tmp_path: Path) -> None:
    table = mltable.from_delimited_files(write(tmp_path, "1.csv", '\n\n"a\nx",, b ,1\n1,2,3,4\n'))
    assert table.columns() == ["a\nx", "Column2", " b ", "1"]
    assert rows(table) == [(1, 2, 3, 4)]
    with pytest.raises(DataError, match=r"2\.csv: column names must be unique; more than once there are 'a'"):
        mltable.from_delimited_files(write(tmp_path, "2.csv", "a,b,a\n1,2,3\n")).columns()


# ---------------------------------------------------------------- encodings

WORDS = "name,n\nÄrger,1\nça,2\n"


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("utf8", "utf-8"), ("utf-8", "utf-8-sig"), ("utf8 bom", "utf-8-sig"), ("utf8bom", "utf-8-sig"),
        ("iso88591", "latin-1"), ("iso-8859-1", "latin-1"), ("latin1", "latin-1"), ("Latin-1", "latin-1"),
        ("utf16", "utf-16"), ("utf-16", "utf-16"), ("utf32", "utf-32"), ("windows1252", "cp1252"),
        ("windows-1252", "cp1252"), (MLTableFileEncoding.utf16, "utf-16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("whole", [True, False])
def test_encodings(
    tmp_path: Path, encoding: str, codec: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "WHOLE", (1 << 20) * whole)
    table = mltable.from_delimited_files(write(tmp_path, "a.csv", WORDS, codec), encoding=encoding)
    assert table.columns() == ["name", "n"]
    assert rows(table) == [("Ärger", 1), ("ça", 2)]


@pytest.mark.parametrize(
    ("codec", "encoding", "message"),
    [
        ("latin-1", "utf8", r"a\.csv: is not utf-8: byte 0xc4 on line 2; .*encoding: windows1252"),
        ("utf-8", "ascii", r"a\.csv: is not ascii: byte 0xc3 on line 2"),
        ("utf-16", "utf8", r"a\.csv: .*say encoding: utf16"),
        ("utf-32", "utf8", r"a\.csv: .*say encoding: utf32"),
        ("utf-16", "latin1", r"a\.csv: holds NUL characters.*encoding: utf16"),
        ("utf-16-le", "utf8", r"a\.csv: (holds NUL characters.*encoding: utf16|is not utf-8)"),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_wrong_encoding(
    tmp_path: Path, codec: str, encoding: str, message: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "WHOLE", (1 << 20) * whole)
    table = mltable.from_delimited_files(write(tmp_path, "a.csv", WORDS, codec), encoding=encoding)
    with pytest.raises(DataError, match=message):
        table.to_arrow()


@pytest.mark.parametrize("whole", [True, False])
def test_nul_characters_below_the_header(
    tmp_path: Path, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "WHOLE", (1 << 20) * whole)
    file = write(tmp_path, "a.csv", "a\0b,1\nc,2\n")
    assert rows(mltable.from_delimited_files(file, header="no_header")) == [("a\0b", 1), ("c", 2)]


def test_wrong_encoding_far_below(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\n" + b"x\n" * 100_000 + b"caf\xe9\n")
    with pytest.raises(DataError, match=r"a\.csv: is not utf-8: byte 0xe9 on line 100002"):
        mltable.from_delimited_files(str(tmp_path / "a.csv")).to_arrow()


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.csv: the file is empty"),
        ("\n\n", r"a\.csv: the file is empty"),
        ("a,b\n1,2\n3,4,5\n", r"a\.csv, row 3 \(with the header\): expected 2 values, found 3: '3,4,5'"),
        ('a,b\n1,"x\ny"\n3\n', r"a\.csv, row 3 .*expected 2 values, found 1: '3'"),
        ("a,b,c\n1,2\n", r"a\.csv, row 2 .*expected 3 values, found 2"),
        ('a,b\n1,"x\n2,3\n4,5\n', r"a\.csv.*quote"),
    ],
)
def test_broken_files(
    tmp_path: Path, text: str, message: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "WHOLE", (1 << 20) * whole)
    with pytest.raises(DataError, match=message):
        mltable.from_delimited_files(write(tmp_path, "a.csv", text)).to_arrow()


def test_a_quote_that_is_never_closed_in_a_long_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_parser, "BLOCK", 1 << 10)
    with pytest.raises(DataError, match=r"a\.csv: a row is longer than .*is a quote never closed"):
        mltable.from_delimited_files(write(tmp_path, "a.csv", 'a,b\n1,"x\n' + "2,3\n" * 1_000)).to_arrow()


def test_a_last_value_with_a_newline_is_fine(tmp_path: Path) -> None:
    assert rows(mltable.from_delimited_files(write(tmp_path, "a.csv", 'a,b\n1,"x\ny\n"\n'))) == [
        (1, "x\ny\n")
    ]
    assert rows(mltable.from_delimited_files(write(tmp_path, "b.csv", 'a,b\n1,"x\ny"'))) == [(1, "x\ny")]


def test_ragged_rows_are_found_among_many(tmp_path: Path) -> None:
    text = "a,b\n" + "1,2\n" * 30_000 + "1,2,3\n" + "1,2\n" * 30_000
    with pytest.raises(DataError, match="row 30002 "):
        mltable.from_delimited_files(write(tmp_path, "a.csv", text)).to_arrow()


def test_header_only_has_no_rows(tmp_path: Path) -> None:
    for text in ("a,b\n", "a,b"):
        table = mltable.from_delimited_files(write(tmp_path, "a.csv", text))
        assert table.to_arrow().num_rows == 0
        assert table.columns() == ["a", "b"]


def test_files_without_rows_among_others(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "")
    write(tmp_path, "2.csv", "a,b\n")
    write(tmp_path, "3.csv", "a,b\n1,x\n")
    assert rows(mltable.from_delimited_files({"folder": str(tmp_path)})) == [(1, "x")]


# ---------------------------------------------------------------- paths and partitions


def test_path_column(tmp_path: Path) -> None:
    one, two = write(tmp_path, "1.csv", "a\n1\n2\n"), write(tmp_path, "2.csv", "a\n3\n")
    both = [{"file": one}, {"file": two}]
    assert rows(mltable.from_delimited_files(both, include_path_column=True)) == [
        (one, 1),
        (one, 2),
        (two, 3),
    ]
    named = mltable.from_delimited_files(both, path_column="source")
    assert named.columns() == ["source", "a"]
    assert named.keep_columns(["source"]).to_pandas_dataframe()["source"].tolist() == [one, one, two]
    assert named.drop_columns("source").columns() == ["a"]
    with pytest.raises(DataError, match="has a column 'a' already"):
        mltable.from_delimited_files(both, path_column="a").to_arrow()


def test_partitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "1.csv", "a\n" + "".join(f"{i:03d}\n" for i in range(10)))
    write(tmp_path, "2.csv", "a\n" + "".join(f"{i:03d}\n" for i in range(10, 15)))
    table = mltable.from_delimited_files({"folder": str(tmp_path)})
    assert table.get_partition_count() == 2
    assert table.select_partitions([1]).to_pandas_dataframe()["a"].tolist() == list(range(10, 15))
    assert table.select_partitions([1]).get_partition_count() == 1
    small = mltable.from_delimited_files({"folder": str(tmp_path)}, partition_size=15)
    for whole in (1 << 20, 0):
        monkeypatch.setattr(delimited, "WHOLE", whole)
        assert small.get_partition_count() == 5  # 42 bytes and 22 bytes
        assert small.select_partitions([0, 4]).to_pandas_dataframe()["a"].tolist() == [0, 1, 2, 3, 13, 14]
        assert small.to_pandas_dataframe()["a"].tolist() == list(range(15))
    with pytest.raises(DataError, match="there is no partition 2, counted from 0"):
        table.select_partitions([2]).to_arrow()


def test_compressed(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b'a,b\n1,"x\ny"\n'))
    assert rows(mltable.from_delimited_files(str(tmp_path / "a.csv.gz"))) == [(1, "x\ny")]


def test_in_memory(memory: object) -> None:
    memory.pipe_file("/data/1.csv", "a;b\n1;é\n".encode("utf-16"))  # type: ignore[attr-defined]
    memory.pipe_file("/data/sub/2.csv", "a;b\n2.5;x\n".encode("utf-16"))  # type: ignore[attr-defined]
    table = mltable.from_delimited_files(
        {"folder": "memory://data"}, delimiter=";", encoding="utf16", include_path_column=True
    )
    assert rows(table) == [("memory://data/1.csv", 1.0, "é"), ("memory://data/sub/2.csv", 2.5, "x")]


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**53), 2**53),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=40, deadline=None)
def test_a_csv_that_pandas_wrote_comes_back(values: list[tuple[int, float, str]]) -> None:
    import tempfile

    frame = pd.DataFrame(values, columns=["i", "f", "t"])
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/a.csv"
        frame.to_csv(file, index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        table = mltable.from_delimited_files(
            file,
            empty_as_string=True,
            infer_column_types={"column_type_overrides": [{"columns": "t", "column_type": "string"}]},
        ).to_arrow()
    assert table["i"].to_pylist() == frame["i"].tolist()
    np.testing.assert_array_equal(table["f"].cast(pa.float64()).to_numpy(), frame["f"].to_numpy())
    assert [value or "" for value in table["t"].to_pylist()] == frame["t"].tolist()
