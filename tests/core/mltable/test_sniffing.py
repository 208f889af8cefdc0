"""The delimiter of plain CSV files: found out where the first rows agree, never guessed."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.core import mltable
from automl_components.core.errors import DataError
from automl_components.core.events import listening
from automl_components.core.mltable.addresses import files_of
from automl_components.core.mltable.sniffing import DELIMITERS, find_delimiter
from automl_components.core.tables import read_table, scan_columns


def found(folder: Path, text: str, expected: str = ",", name: str = "t.csv") -> str:
    (folder / name).write_bytes(text.encode())
    return find_delimiter(files_of([("file", str(folder / name))])[0], expected)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1;2\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("name;price\nx;1,5\ny;2,5\n", ";"),  # decimal commas
        ("price, net;name\n1,5;x\n2;y\n", ";"),
        ('"a";"b"\n"x;y";"1"\n"z";"2"\n', ";"),
        ('"a;b",c\n"1;2",3\n', ","),
        ('a;b\n"line\nbreak";2\n', ";"),
        ("a;b,c\n1;2,3\n", ","),  # both would do: what is usual wins
        ("\ufeffa;b\n1;2\n", ";"),
        ("a;b\n", ";"),
        ("a;b\r\n\r\n1;2\r\n", ";"),
        # one column of text, whatever it holds
        ("text\nHello, world; this is it\nyes|no\n", ","),
        ("a;b\nx\n", ","),
        ("text\nx\n", ","),
        ("", ","),
        ("a b\n1 2\n", ","),
        ("a;b\n1;2\n1;2;3\n", ","),  # ragged under every delimiter
        ("a;b\n" + "1;2\n" * 20_000, ";"),  # more than is looked at
        ('a;b\n1;"' + "x" * 70_000 + '"\n', ";"),
    ],
)  # fmt: skip
def test_delimiters(tmp_path: Path, text: str, delimiter: str) -> None:
    assert found(tmp_path, text) == delimiter


def test_what_the_name_says_wins_where_it_can(tmp_path: Path) -> None:
    assert found(tmp_path, "a\tb,c\n1\t2,3\n", "\t", "t.tsv") == "\t"
    assert found(tmp_path, "a,b\n1,2\n", "\t", "t.tsv") == ","


@given(
    st.sampled_from(sorted(DELIMITERS)),
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.text("ab1,;\t|\n\"' ", max_size=6), min_size=width, max_size=width), min_size=3, max_size=6
        )
    ),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_quoted_file_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, sign: str, rows: list[list[str]]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sign, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([[f"c{i}" for i in range(len(rows[0]))], *rows])
    assert found(tmp_path_factory.mktemp("t"), text.getvalue()) == sign


def test_a_table_is_read_by_it_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"x;y\n1,5;NA\n2;b\n"))
    told: list[str] = []
    with listening(lambda kind, facts: told.append(facts["message"])):
        frame = read_table(tmp_path / "t.csv.gz")
        assert scan_columns(tmp_path / "t.csv.gz") == ["x", "y"]
    assert frame["x"].tolist() == ["1,5", "2"]
    assert told == [f"{tmp_path / 't.csv.gz'}: its values are separated by a semicolon"]


@pytest.mark.parametrize("plain", [True, False])
def test_one_column_that_looks_like_several_is_warned_of(tmp_path: Path, plain: bool) -> None:
    (tmp_path / "t.csv").write_text("x;y\n1;2\n3\n" if plain else "x;y\n1;2\n")
    told: list[str] = []
    with listening(lambda kind, facts: told.append(facts["message"])):
        if plain:
            read_table(tmp_path / "t.csv")
        else:
            mltable.from_delimited_files(str(tmp_path / "t.csv")).to_pandas_dataframe()
    (text,) = told
    assert "t.csv: has one column, 'x;y'" in text
    assert 'read_delimited: {delimiter: ";"}' in text


def test_a_missing_file_is_still_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        read_table(tmp_path / "nowhere.csv")
