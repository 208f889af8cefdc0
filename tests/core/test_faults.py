"""What a machine does to a run: places that cannot be written, a disk that fills up, a clock that jumps."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shared_store import do_units, read_units, register

from automl_components.core import storage
from automl_components.core.errors import ArtifactError

JOB = """
type: automl
task: classification
training_data: {type: mltable, path: rows.csv}
target_column_name: y
"""


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("/proc/nothing", "no folder can be made there (/proc/nothing)"),
        ("/dev/null", "a file is in the way of a folder"),
        ("/dev/null/run", "a file is in the way of a folder"),
        ("rows.csv", "a file is in the way of a folder"),
        ("x" * 300, "the name is too long"),
        ("https://me:secret@127.0.0.1:1/run", "nothing can be written to a web server"),
        ("nosuch://bucket/run", "Protocol not known: nosuch"),
    ],
)
def test_an_output_that_cannot_be_written(tmp_path: Path, output: str, says: str) -> None:
    if output.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("this system has no /proc")
    (tmp_path / "rows.csv").write_text("x,y\n" + "1,a\n2,b\n" * 10)
    (tmp_path / "job.yml").write_text(JOB)
    command = [sys.executable, "-m", "automl_components", "run", "job.yml", "--output", output]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.yml", "rows.csv"]


def test_a_store_that_does_not_answer_is_named() -> None:
    refused = r"^cannot write s3://\*\*\*@box/run: the storage does not answer \(.*refused.*\); "
    with pytest.raises(ArtifactError, match=refused), storage.writing("s3://me:secret@box/run"):
        raise ConnectionRefusedError(111, "Connection refused")


def test_a_file_that_a_body_misses_is_not_taken_for_an_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), storage.writing(str(tmp_path / "out"), tmp_path / "draft"):
        (tmp_path / "draft" / "nothing").read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_fills_up_costs_no_finished_unit(tmp_path: Path, small_disk: Path) -> None:
    with pytest.raises(ArtifactError, match=rf"^cannot write {small_disk}/units: the disk is full"):
        do_units(units=str(small_disk / "units"), count=40)
    draft = small_disk / ".units.draft"
    done = [json.loads(line)["number"] for line in (draft / "journal.jsonl").read_text().splitlines()]
    assert done == list(range(len(done)))
    assert 3 < len(done) < 40
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    before = (draft / f"{done[-1]:02d}" / "result").stat().st_mtime_ns
    do_units(units=str(small_disk / "units"), count=40)
    do_units(units=str(tmp_path / "plain"), count=40)
    assert (small_disk / "units" / f"{done[-1]:02d}" / "result").stat().st_mtime_ns == before
    assert read_units(small_disk / "units") == read_units(tmp_path / "plain")


@pytest.mark.parametrize("where", ["disk", "store"])
def test_a_clock_that_jumps_changes_nothing(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    register()
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUTOML_LEASE_SECONDS", "2")
    do_units(units=str(tmp_path / "plain"), count=6)
    place, draw = tmp_path / "run" / "units", random.Random(0)
    monkeypatch.setattr(time, "time", lambda: draw.uniform(0, 4e9))
    with pytest.raises(RuntimeError, match="stopped"):
        do_units(
            units=f"shared://{place}" if where == "store" else str(place), count=6, stop_after=3, stop="raise"
        )
    do_units(units=f"shared://{place}" if where == "store" else str(place), count=6)
    assert read_units(place) == read_units(tmp_path / "plain")
    journal = [json.loads(line)["number"] for line in (place / "journal.jsonl").read_text().splitlines()]
    assert journal == list(range(6))


def test_views_of_this_process_outlive_a_clock_that_jumps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register()
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "cache"))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    first = storage.localise(f"shared://{tmp_path}/one")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 365 * 86_400)
    storage.localise(f"shared://{tmp_path}/two")
    assert (first / "file").read_text() == "one"
