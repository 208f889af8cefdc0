"""Drafts in object storage: another machine goes on from them, one machine writes at a time, nothing half is read."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import shared_store
from shared_store import do_units, read_units, register

from automl_components.core import checkpoints
from automl_components.core.checkpoints import place_of
from automl_components.core.drafts import draft_folder, forget
from automl_components.core.events import listening
from automl_components.core.snapshots import Snapshots

UNITS = 6


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register()
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "here"))
    monkeypatch.setenv("AUTOML_LEASE_SECONDS", "2")


@pytest.fixture
def units(tmp_path: Path) -> str:
    """The address of the output."""
    return f"shared://{tmp_path}/store/run/units"


def start(machine: str, address: str, tmp_path: Path, **plan: Any) -> subprocess.Popen[str]:
    """A machine: a process with a cache of its own."""
    environment = {**os.environ, "AUTOML_CACHE": str(tmp_path / machine), "MACHINE": machine}
    command = [sys.executable, shared_store.__file__, address, json.dumps({"count": UNITS, **plan})]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def said(process: subprocess.Popen[str]) -> str:
    """What a machine has told at its end."""
    return process.communicate(timeout=60)[0]


def code(process: subprocess.Popen[str]) -> int:
    """The exit code of a machine."""
    process.communicate(timeout=60)
    return process.returncode


def written_by(address: str) -> str:
    """Which machine has done each unit."""
    journal = Path(address.removeprefix("shared://")) / "journal.jsonl"
    return "".join(json.loads(line)["by"] for line in journal.read_text().splitlines())


def whole(address: str) -> dict[str, str]:
    return read_units(Path(address.removeprefix("shared://")))


@pytest.fixture
def uninterrupted(tmp_path: Path) -> dict[str, str]:
    do_units(units=str(tmp_path / "plain"), count=UNITS)
    return read_units(tmp_path / "plain")


def drafts_left(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "store").rglob(".*")]


class TestAnotherMachine:
    def test_goes_on_after_the_last_finished_unit(
        self, tmp_path: Path, units: str, uninterrupted: dict[str, str]
    ) -> None:
        assert code(start("a", units, tmp_path, stop_after=3)) == -signal.SIGKILL
        told = said(start("b", units, tmp_path))
        assert "waiting 2 s for a sign of life" in told
        assert "taking over" in told
        assert "going on from what another machine has finished" in told
        assert written_by(units) == "aaabbb"
        assert whole(units) == uninterrupted
        assert drafts_left(tmp_path) == []

    def test_goes_on_at_once_where_the_first_one_could_say_goodbye(self, tmp_path: Path, units: str) -> None:
        assert code(start("a", units, tmp_path, stop_after=3, stop="raise")) == 3
        began = time.monotonic()
        told = said(start("b", units, tmp_path))
        assert "waiting" not in told
        assert written_by(units) == "aaabbb"
        assert time.monotonic() - began < 30

    def test_the_same_machine_needs_not_wait(self, tmp_path: Path, units: str) -> None:
        assert code(start("a", units, tmp_path, stop_after=3)) == -signal.SIGKILL
        assert "waiting" not in said(start("a", units, tmp_path))
        assert written_by(units) == "a" * UNITS

    def test_back_and_forth(self, tmp_path: Path, units: str, uninterrupted: dict[str, str]) -> None:
        for machine, stop in (("a", 1), ("b", 2), ("a", 3), ("a", 4), ("b", 5), ("c", 0)):
            code(start(machine, units, tmp_path, stop_after=stop, stop="raise"))
        assert written_by(units) == "abaabc"
        assert whole(units) == uninterrupted
        assert drafts_left(tmp_path) == []

    def test_what_was_finished_elsewhere_is_not_gone_on_with(self, tmp_path: Path, units: str) -> None:
        code(start("a", units, tmp_path, stop_after=3, stop="raise"))
        code(start("b", units, tmp_path))
        code(start("a", units, tmp_path))  # without reuse: anew, and not from its own old draft
        draft = Path(units.removeprefix("shared://"))
        assert written_by(units) == "a" * UNITS
        assert (draft / "00" / "result").exists()
        code(start("a", units, tmp_path, stop_after=2, stop="raise"))
        code(start("b", units, tmp_path, stop_after=4, stop="raise"))
        said(start("a", units, tmp_path))
        assert written_by(units) == "aabbaa"


class TestOneAtATime:
    def test_a_living_holder_is_not_disturbed(
        self, tmp_path: Path, units: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AUTOML_LEASE_SECONDS", "12")  # a busy machine may be silent for a while
        first = start("a", units, tmp_path, seconds=1)
        wait_for(tmp_path / "store/run/.units.draft/commits/000001-000000.json")
        told = said(start("b", units, tmp_path))
        assert "ArtifactError: " in told
        assert f"is being written by another process, on {os.uname().nodename} (process {first.pid})" in told
        assert code(first) == 0
        assert written_by(units) == "a" * UNITS

    def test_one_that_was_asleep_and_replaced_notices(self, tmp_path: Path, units: str) -> None:
        first = start("a", units, tmp_path, stop_after=3, stop="sleep")
        while psutil.Process(first.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.05)
        assert (tmp_path / "store/run/.units.draft/commits/000001-000002.json").exists()
        said(start("b", units, tmp_path))
        assert written_by(units) == "aaabbb"
        first.send_signal(signal.SIGCONT)
        assert "another machine took over" in said(first)
        assert written_by(units) == "aaabbb"


class TestNothingHalf:
    def test_a_commit_that_was_cut_off_does_not_count(
        self, tmp_path: Path, units: str, uninterrupted: dict[str, str]
    ) -> None:
        code(start("a", units, tmp_path, stop_after=3, stop="raise"))
        last = tmp_path / "store/run/.units.draft/commits/000001-000002.json"
        last.write_text(last.read_text()[:-20])
        code(start("b", units, tmp_path, stop_after=4, stop="raise"))
        first = tmp_path / "store/run/.units.draft/commits/000002-000000.json"
        first.write_text(first.read_text()[:40])
        said(start("c", units, tmp_path))
        assert written_by(units) == "aacccc"
        assert whole(units) == uninterrupted

    def test_what_a_replaced_holder_adds_later_does_not_count(self, tmp_path: Path, units: str) -> None:
        code(start("a", units, tmp_path, stop_after=3, stop="raise"))
        commits = tmp_path / "store/run/.units.draft/commits"
        late = (commits / "000001-000002.json").read_text()
        (commits / "000001-000002.json").unlink()
        code(start("b", units, tmp_path, stop_after=4, stop="raise"))
        (commits / "000001-000002.json").write_text(late)
        said(start("c", units, tmp_path))
        assert written_by(units) == "aabbcc"

    def test_bytes_that_were_changed_are_told(self, tmp_path: Path, units: str) -> None:
        code(start("a", units, tmp_path, stop_after=3, stop="raise"))
        part = next((tmp_path / "store/run/.units.draft/files").rglob("000002"))
        part.write_text("something else")
        told = said(start("b", units, tmp_path))
        assert "in the store was changed or deleted; start anew with --fresh" in told
        forget(units)
        do_units(units=units, count=UNITS)
        assert whole(units)["journal"] == str(UNITS)

    def test_no_line_of_the_journal_is_ever_there_before_its_files(self, tmp_path: Path, units: str) -> None:
        """The store is copied again and again while a machine works; each copy must be one to go on from."""
        worker, store = start("a", units, tmp_path, count=20, seconds=0.05), tmp_path / "store/run"
        copies = 0
        while worker.poll() is None and not (store / "units").exists():
            if (store / ".units.draft/commits").exists():
                copy = tmp_path / "copies" / str(copies) / "run/.units.draft"
                shutil.copytree(store / ".units.draft/commits", copy / "commits")
                shutil.copytree(
                    store / ".units.draft/files", copy / "files"
                )  # later: it has all that they name
                copies += 1
            time.sleep(0.05)
        assert code(worker) == 0
        seen = set()
        for number in range(copies - 1):  # the last one may have met the end
            seen.add(lines_of(tmp_path / "copies" / str(number), tmp_path / "again" / str(number)))
        assert len(seen) > 3


def lines_of(store: Path, here: Path) -> int:
    """How many lines the journal in a copied store has, after each was found to have its file."""
    snapshots = Snapshots(f"shared://{store}/run/.units.draft")
    for name, file in snapshots.latest().files.items():
        assert snapshots.get(file, here / name)
    journal = here / "journal.jsonl"
    numbers = (
        [json.loads(line)["number"] for line in journal.read_text().splitlines()] if journal.exists() else []
    )
    for number in numbers:
        assert (here / f"{number:02d}" / "result").read_text() == f"result {number}\n" * 100
    return len(numbers)


class TestInOneProcess:
    def run(self, address: str, **plan: Any) -> list[str]:
        told: list[str] = []
        with listening(lambda kind, facts: told.append(facts["message"])):
            do_units(units=address, **{"count": UNITS, **plan})
        return told

    def test_only_what_is_new_is_uploaded(self, tmp_path: Path, units: str) -> None:
        with pytest.raises(RuntimeError, match="stopped"):
            self.run(units, stop_after=4, stop="raise")
        parts = [p for p in (tmp_path / "store/run/.units.draft/files").rglob("0*") if p.is_file()]
        sizes = sorted(part.stat().st_size for part in parts)
        assert len(parts) == 8  # a result and a line of the journal for each unit
        assert sizes[:4] == [len('{"by": "?", "number": 0}\n')] * 4

    def test_forgetting_starts_anew(
        self, tmp_path: Path, units: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(RuntimeError, match="stopped"):
            self.run(units, stop_after=3, stop="raise")
        monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("MACHINE", "b")
        forget(units)
        self.run(units)
        assert written_by(units) == "b" * UNITS

    def test_other_work_is_not_gone_on_with(
        self, tmp_path: Path, units: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(RuntimeError, match="stopped"):
            self.run(units, stop_after=3, stop="raise")
        monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("MACHINE", "b")
        monkeypatch.setattr(
            "automl_components.core.work.Work.fingerprint", lambda self, elastic=False: "other"
        )
        self.run(units)
        assert written_by(units) == "b" * UNITS

    def test_a_store_that_does_not_answer_costs_nothing_but_a_warning(
        self, tmp_path: Path, units: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write, calls = Snapshots._put_part, []

        def flaky(self: Snapshots, *arguments: Any) -> str:
            calls.append(1)
            if len(calls) in (2, 3):
                raise OSError("the line is down")
            return write(self, *arguments)

        monkeypatch.setattr(Snapshots, "_put_part", flaky)
        told: list[str] = []
        with (
            listening(lambda kind, facts: told.append(facts["message"])),
            pytest.raises(RuntimeError, match="stopped"),
        ):
            do_units(units=units, count=UNITS, seconds=0.05, stop_after=4, stop="raise")
        assert any("could not be saved on the way (the line is down)" in text for text in told)
        monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("MACHINE", "b")
        self.run(units)
        assert written_by(units) == "????bb"

    def test_a_local_output_has_no_checkpoints(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checkpoints, "Checkpoints", None)
        monkeypatch.setattr("automl_components.core.drafts.Checkpoints", None)
        self.run(str(tmp_path / "local"))
        assert sorted(os.listdir(tmp_path)) == ["local"]


def test_where_checkpoints_lie() -> None:
    assert place_of("s3://me:secret@bucket/run/trials") == "s3://me:secret@bucket/run/.trials.draft"
    assert place_of("memory://trials") is None


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 10))]
)
def test_killed_at_any_moment_on_any_machine(
    tmp_path: Path, units: str, seed: int, uninterrupted: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local for even seeds, in the store for odd ones; what comes out is what an uninterrupted run gives."""
    monkeypatch.setenv("AUTOML_LEASE_SECONDS", "0.5")
    draw = random.Random(seed)
    address = units if seed % 2 else str(tmp_path / "out")
    machines, kills = "ab" if seed % 2 else "a", 0
    for round_ in range(40):  # more and more time, so that a busy machine comes to an end, too
        process = start(draw.choice(machines), address, tmp_path, seconds=0.1)
        try:
            process.wait(timeout=draw.uniform(0.2, 0.7) * 1.1**round_)  # six units take 0.6 s and a start
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        process.communicate()
        if process.returncode == 0:
            break
    assert process.returncode == 0
    assert kills
    assert whole(address) == uninterrupted
    assert not draft_folder(str(tmp_path / "out")).exists()


def wait_for(file: Path) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < end, f"{file} did not come"
        time.sleep(0.02)
