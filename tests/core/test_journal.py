"""The journal: whatever a kill leaves at its end, whole records are read and the next one is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.core.journal import Journal

RECORDS = [
    {"number": 1, "text": "line\nbreak \u2028 and \r"},
    {"number": 2, "score": float("inf")},
    {"number": 3},
]


def write(path: Path) -> Journal:
    journal = Journal(path)
    for record in RECORDS:
        journal.append(record)
    return journal


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert write(tmp_path / "j").records == RECORDS
    assert Journal(tmp_path / "j").records == RECORDS
    assert len((tmp_path / "j").read_bytes().splitlines()) == len(RECORDS)


def test_there_need_be_no_file(tmp_path: Path) -> None:
    assert Journal(tmp_path / "j").records == []
    assert not (tmp_path / "j").exists()


def test_cut_at_any_byte_it_goes_on_after_the_last_whole_record(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path)
    data = path.read_bytes()
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        journal = Journal(path)
        whole = data[:cut].count(b"\n")
        assert journal.records == RECORDS[:whole]
        journal.append({"number": 9})
        assert Journal(path).records == [*RECORDS[:whole], {"number": 9}]


@settings(max_examples=50, deadline=None)
@given(tail=st.binary(max_size=40).filter(lambda tail: not tail.startswith((b"{", b" ", b"\t", b"\r"))))
def test_garbage_at_the_end_is_passed_over_and_overwritten(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    write(path)
    path.write_bytes(path.read_bytes() + tail)
    journal = Journal(path)
    assert journal.records == RECORDS
    journal.append({"number": 4})
    assert Journal(path).records == [*RECORDS, {"number": 4}]


@pytest.mark.parametrize("tail", [b"\0" * 64 + b"\n", b"123\n", b"[]\n", b"\xff\xfe\n", b"\n", b'{"a": \n'])
def test_a_line_that_is_no_record_ends_the_journal(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "j"
    write(path)
    path.write_bytes(path.read_bytes() + tail + b'{"number": 5}\n')
    assert Journal(path).records == RECORDS


def test_reading_never_changes_what_another_process_is_writing(tmp_path: Path) -> None:
    path = tmp_path / "j"
    writer = write(path)
    with path.open("ab") as stream:  # the first half of a line that is being written
        stream.write(b'{"number": ')
    before = path.read_bytes()
    assert Journal(path).records == RECORDS
    assert path.read_bytes() == before
    writer.append({"number": 4})
    assert Journal(path).records == [*RECORDS, {"number": 4}]


def test_a_full_disk_loses_no_record_and_spoils_none(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from automl_components.core.journal import Journal
journal = Journal(Path(sys.argv[1]))
journal.append({"number": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
try:
    journal.append({"text": "x" * 200})
except OSError:
    print("refused", len(journal.records))
journal.append({"number": 2})
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "j"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "refused 1\n"
    assert Journal(tmp_path / "j").records == [{"number": 1}, {"number": 2}]


def test_a_record_that_is_not_json_changes_nothing(tmp_path: Path) -> None:
    journal = write(tmp_path / "j")
    with pytest.raises(TypeError):
        journal.append({"number": object()})
    assert journal.records == RECORDS
    assert [json.loads(line) for line in (tmp_path / "j").read_text().splitlines()] == RECORDS
