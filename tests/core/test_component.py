"""Components: ports from a signature, one code path, never half an output, work that is done is not repeated."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pandas as pd
import pytest

from automl_components.core import storage
from automl_components.core.artifacts import (
    MARKER,
    Input,
    Output,
    mlflow_model,
    mltable,
    uri_file,
    uri_folder,
)
from automl_components.core.component import COMPONENTS, Component, Outputs, component
from automl_components.core.errors import ArtifactError, RunError, SettingsError
from automl_components.core.events import listening
from automl_components.core.settings import Settings
from automl_components.core.tables import read_table

CALLS: list[str] = []
"""What the bodies below did, in order."""


class Times(Settings):
    section: ClassVar[str] = "times"
    factor: int = 1
    label: str = "x"


class Limits(Settings):
    section: ClassVar[str] = "limits"
    steps: int = 3


class Facts(Settings):
    inline: ClassVar[bool] = True
    target: str = "y"


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Components that a test defines are forgotten after it; downloads go to a folder of its own."""
    monkeypatch.setattr("automl_components.core.component.COMPONENTS", COMPONENTS, raising=True)
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "cache"))
    before = dict(COMPONENTS)
    CALLS.clear()
    yield
    COMPONENTS.clear()
    COMPONENTS.update(before)


@pytest.fixture
def remote() -> Iterator[str]:
    """An address in fsspec's file system in memory."""
    yield "memory://box"
    fs = fsspec.filesystem("memory")
    if fs.exists("/box"):
        fs.rm("/box", recursive=True)


@pytest.fixture
def count() -> Component:
    @component(version="3")
    def count_rows(table: Input[mltable], counted: Output[uri_folder], *, times: Times) -> None:
        """Count rows.

        More about it.
        """
        CALLS.append("count")
        (counted.local / "deep").mkdir()
        (counted.local / "deep" / "rows.txt").write_text(str(len(read_table(table.path)) * times.factor))

    return count_rows


@pytest.fixture
def show() -> Component:
    @component()
    def show_count(
        counted: Input[uri_folder], shown: Output[uri_folder], notes: Input[uri_file] | None = None
    ) -> None:
        CALLS.append("show")
        text = (counted.local / "deep" / "rows.txt").read_text()
        (shown.local / "text").write_text(text + (notes.local.read_text() if notes else ""))

    return show_count


@pytest.fixture
def steps() -> Component:
    """A component that writes a line a step and is made to stop by its limits."""

    @component(resumable=True, elastic=("limits",))
    def take_steps(walk: Output[uri_folder], *, times: Times, limits: Limits) -> None:
        path = walk.local / "steps.txt"
        done = path.read_text().splitlines() if path.exists() else []
        for number in range(len(done), 5):
            if number == limits.steps:
                raise KeyboardInterrupt
            with path.open("a") as stream:
                stream.write(f"{number} {len(done)}\n")

    return take_steps


def table(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"a": range(rows), "b": ["t"] * rows})


def leftovers(folder: Path) -> set[str]:
    """Everything beside the outputs."""
    return {name for name in os.listdir(folder) if name.startswith(".")} if folder.exists() else set()


def test_ports_and_sections_come_from_the_signature(count: Component, show: Component) -> None:
    assert {n: (p.type, p.optional) for n, p in count.inputs.items()} == {"table": ("mltable", False)}
    assert {n: p.type for n, p in count.outputs.items()} == {"counted": "uri_folder"}
    assert count.settings == {"times": Times}
    assert show.inputs["notes"].optional
    assert (count.name, count.version, count.title) == ("count_rows", "3", "Count rows")
    assert COMPONENTS["count_rows"] is count


def test_a_parameter_that_is_no_port_and_no_section_is_refused() -> None:
    with pytest.raises(TypeError, match=r"bad_one: depth must be an Input, an Output or a Settings section"):

        @component()
        def bad_one(out: Output[uri_folder], depth: int) -> None: ...


def test_a_frame_goes_in_and_folders_come_out(count: Component, show: Component, tmp_path: Path) -> None:
    made = count(table=table(), output=tmp_path, times={"factor": 2})
    assert isinstance(made, Outputs)
    assert not made.reused
    assert made.counted.path == made["counted"].path == str(tmp_path / "counted")
    shown = show(counted=made["counted"], output=tmp_path)
    assert (shown.shown.local / "text").read_text() == "6"
    assert leftovers(tmp_path) == set()
    assert str(tmp_path / "counted") in repr(made)
    with pytest.raises(AttributeError, match="nothing"):
        _ = made.nothing


def test_outputs_without_a_place_get_a_new_folder(
    count: Component, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = count(table=table()), count(table=table())
    assert first.counted.path.startswith("runs/count_rows-")
    assert first.counted.path != second.counted.path
    assert (tmp_path / second.counted.path / MARKER).exists()


def test_the_marker_says_what_made_it(count: Component, tmp_path: Path) -> None:
    table().to_csv(tmp_path / "in.csv", index=False)
    made = count(table=tmp_path / "in.csv", output=tmp_path, times={"factor": 2})
    marker = storage.read_marker(made.counted.path)
    assert marker is not None
    assert (marker.type, marker.name, marker.component, marker.version) == (
        "uri_folder", "counted", "count_rows", "3",
    )  # fmt: skip
    assert marker.files == {
        "deep/rows.txt": (1, storage.digest_file(made.counted.local / "deep" / "rows.txt"))
    }
    assert marker.settings == {"times": {"factor": 2, "label": "x"}}
    assert marker.inputs["table"]["path"] == str(tmp_path / "in.csv")
    assert len(marker.inputs["table"]["digest"]) == len(marker.fingerprint) == 64
    assert {"python", "pandas", "scikit-learn", "automl-components"} <= set(marker.libraries)
    assert marker.seconds >= 0
    assert marker.created.endswith("+00:00")
    frame = storage.read_marker(count(table=table(), output=tmp_path / "frame").counted.path)
    assert frame is not None
    assert frame.inputs["table"]["path"] == "DataFrame"


def test_sections_that_are_not_given_have_their_defaults(count: Component, tmp_path: Path) -> None:
    made = count.run({"table": table()}, {"counted": tmp_path / "c"}, {})
    assert (made.counted.local / "deep" / "rows.txt").read_text() == "3"


def test_only_a_table_may_be_in_memory(show: Component, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="input 'counted' must be a path or an Input, not DataFrame"):
        show(counted=table(), output=tmp_path)


def test_inline_sections_have_their_fields_at_the_top(tmp_path: Path) -> None:
    @component()
    def uses_facts(out: Output[uri_folder], *, facts: Facts) -> None:
        (out.local / "t").write_text(facts.target)

    assert (uses_facts(output=tmp_path / "a", target="z").out.local / "t").read_text() == "z"
    assert (uses_facts(output=tmp_path / "b", facts=Facts(target="w")).out.local / "t").read_text() == "w"
    with pytest.raises(SettingsError, match="did you mean 'target'"):
        uses_facts(output=tmp_path, targt="z")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "input 'counted': nothing at .*counted"),
        (lambda path: path.mkdir(), f"has no marker file {MARKER}: it is incomplete"),
        (lambda path: path.write_text("x"), f"has no marker file {MARKER}"),
    ],
)
def test_what_a_component_makes_must_carry_its_marker(
    count: Component, show: Component, tmp_path: Path, make: Any, message: str
) -> None:
    make(tmp_path / "counted")
    with pytest.raises(ArtifactError, match=message):
        show(counted=tmp_path / "counted", output=tmp_path / "out")
    assert not CALLS
    assert not (tmp_path / "out").exists()


def test_an_artifact_of_another_type_or_name_is_refused(
    count: Component, show: Component, tmp_path: Path
) -> None:
    @component()
    def make_model(model: Output[mlflow_model], other: Output[uri_folder]) -> None:
        (model.local / "MLmodel").write_text("{}")
        (other.local / "x").write_text("")

    @component()
    def use_any(anything: Input[uri_folder], out: Output[uri_folder]) -> None: ...

    made = make_model(output=tmp_path)
    with pytest.raises(ArtifactError, match="is a mlflow_model, a uri_folder is needed"):
        use_any(anything=made.model.path, output=tmp_path / "out")
    with pytest.raises(ArtifactError, match="is given as a mlflow_model, a uri_folder is needed"):
        use_any(anything=made.model, output=tmp_path / "out")
    with pytest.raises(ArtifactError, match=r"holds 'other' \(made by make_model\)"):
        show(counted=made.other, output=tmp_path / "out")


def test_an_input_that_was_changed_after_it_was_made_is_refused(
    count: Component, show: Component, tmp_path: Path
) -> None:
    made = count(table=table(), output=tmp_path)
    (made.counted.local / "deep" / "rows.txt").write_text("9")
    with pytest.raises(
        ArtifactError, match=r"rows\.txt is gone or was changed after count_rows wrote it; run that"
    ):
        show(counted=made.counted, output=tmp_path)


def test_inputs_of_every_other_kind(show: Component, count: Component, tmp_path: Path) -> None:
    @component()
    def take_all(
        folder: Input[uri_folder], file: Input[uri_file], model: Input[mlflow_model], out: Output[uri_folder]
    ) -> None:
        text = (
            (folder.local / "a").read_text() + file.local.read_text() + (model.local / "MLmodel").read_text()
        )
        (out.local / "all").write_text(text)

    for name, file in (("folder", "a"), ("model", "MLmodel")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(name)
    (tmp_path / "file").write_text("file")
    given = {name: tmp_path / name for name in ("folder", "file", "model")}
    made = take_all(**given, output=tmp_path / "out")
    assert (made.out.local / "all").read_text() == "folderfilemodel"
    for name, wrong, message in (
        ("file", "folder", "is a folder, a file is needed"),
        ("folder", "file", "is a file, the folder of a uri_folder is needed"),
        ("model", "folder", "is not a mlflow_model: it has no MLmodel file"),
    ):
        with pytest.raises(ArtifactError, match=message):
            take_all(**{**given, name: tmp_path / wrong}, output=tmp_path / "bad")


def test_a_file_that_a_component_writes_arrives_as_a_file(tmp_path: Path) -> None:
    @component()
    def write_file(report: Output[uri_file], *, times: Times) -> None:
        for number in range(times.factor):
            (report.local / f"{number}.html").write_text("report")

    @component()
    def read_file(report: Input[uri_file], out: Output[uri_folder]) -> None:
        (out.local / report.local.name).write_text(report.local.read_text())

    for base in (str(tmp_path / "run"), "memory://box/files"):
        made = read_file(report=write_file(output=base).report, output=tmp_path / f"out{len(base)}")
        assert (made.out.local / "0.html").read_text() == "report"
    with pytest.raises(RuntimeError, match="left 2 files in its output 'report', a uri_file"):
        write_file(output=tmp_path / "two", times={"factor": 2})


def test_an_optional_input_may_be_absent_and_a_file(
    count: Component, show: Component, tmp_path: Path
) -> None:
    made = count(table=table(), output=tmp_path)
    (tmp_path / "notes.txt").write_text(" rows")
    with_notes = show(counted=made.counted, notes=tmp_path / "notes.txt", output=tmp_path / "a")
    assert (with_notes.shown.local / "text").read_text() == "3 rows"
    without = show(counted=made.counted, notes=None, output=tmp_path / "b")
    assert (without.shown.local / "text").read_text() == "3"


def test_an_output_is_never_optional() -> None:
    with pytest.raises(TypeError, match="maybe: the output extra cannot be optional"):

        @component()
        def maybe(out: Output[uri_folder], extra: Output[uri_folder] | None = None) -> None: ...


# reuse -------------------------------------------------------------------------------------------


def test_work_that_is_done_is_not_repeated(count: Component, tmp_path: Path) -> None:
    states = []
    with listening(lambda kind, facts: states.append(facts.get("state")) if kind == "step" else None):
        first = count(table=table(), output=tmp_path, reuse=True)
        second = count(table=table(), output=tmp_path, reuse=True)
    assert (first.reused, second.reused, CALLS) == (False, True, ["count"])
    assert states == ["started", "done", "reused"]
    assert not count(table=table(), output=tmp_path).reused  # only where it is asked for


def test_the_place_of_a_table_does_not_matter(count: Component, tmp_path: Path) -> None:
    from automl_components.core.tables import write_mltable

    for name in ("here", "there"):
        write_mltable(table(), tmp_path / name)
    count(table=tmp_path / "here", output=tmp_path, reuse=True)
    assert count(table=tmp_path / "there", output=tmp_path, reuse=True).reused


def test_another_version_is_new_work(count: Component, tmp_path: Path) -> None:
    from dataclasses import replace

    run = {"output": tmp_path, "reuse": True, "table": table()}
    assert not count(**run).reused
    assert not replace(count, version="4")(**run).reused
    assert replace(count, version="4")(**run).reused


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "deep" / "rows.txt").unlink(),
        lambda folder: (folder / "deep" / "rows.txt").write_text("7"),  # as many bytes
        lambda folder: (folder / MARKER).unlink(),
        lambda folder: (folder / MARKER).write_text("[]"),
        lambda folder: (folder / MARKER).write_text('{"type": "uri_folder"}'),
        lambda folder: (folder / MARKER).write_bytes((folder / MARKER).read_bytes()[:-20]),
        lambda folder: shutil.rmtree(folder),
    ],
)
def test_what_was_deleted_or_damaged_is_made_again(count: Component, tmp_path: Path, harm: Any) -> None:
    made = count(table=table(), output=tmp_path)
    harm(made.counted.local)
    if made.counted.local.exists() and not (made.counted.local / MARKER).exists():
        shutil.rmtree(made.counted.local)  # nothing without a marker is ever replaced
    assert not count(table=table(), output=tmp_path, reuse=True).reused
    assert (made.counted.local / "deep" / "rows.txt").read_text() == "3"
    assert count(table=table(), output=tmp_path, reuse=True).reused


def test_reuse_needs_every_output(tmp_path: Path) -> None:
    two = two_outputs()
    two(output=tmp_path)
    shutil.rmtree(tmp_path / "second")
    assert not two(output=tmp_path, reuse=True).reused
    assert two(output=tmp_path, reuse=True).reused


def test_what_has_an_effect_elsewhere_is_never_skipped(tmp_path: Path) -> None:
    @component(external=True)
    def send(sent: Output[uri_folder]) -> None:
        CALLS.append("send")
        (sent.local / "x").write_text("")

    assert not any(send(output=tmp_path, reuse=True).reused for _ in range(2))
    assert CALLS == ["send", "send"]


# never half an output -----------------------------------------------------------------------------


def two_outputs() -> Component:
    @component()
    def write_two(first: Output[uri_folder], second: Output[mlflow_model], *, times: Times) -> None:
        (first.local / "x").write_text(times.label)
        if times.factor == 2:
            raise ValueError("in the middle")
        if times.factor == 3:
            return
        (second.local / "MLmodel").write_text(times.label)

    return write_two


@pytest.mark.parametrize(
    ("factor", "error"), [(2, "in the middle"), (3, "left its output 'second' without MLmodel")]
)
def test_a_failure_publishes_nothing(tmp_path: Path, factor: int, error: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=error):
        two_outputs()(output=tmp_path, times={"factor": factor})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("factor", [2, 3])
def test_a_failure_leaves_what_was_there(tmp_path: Path, factor: int) -> None:
    made = two_outputs()(output=tmp_path, times={"label": "old"})
    with pytest.raises((ValueError, RuntimeError)):
        two_outputs()(output=tmp_path, times={"factor": factor, "label": "new"})
    assert (made.first.local / "x").read_text() == (made.second.local / "MLmodel").read_text() == "old"
    two_outputs()(output=tmp_path, times={"label": "new"})
    assert (made.first.local / "x").read_text() == (made.second.local / "MLmodel").read_text() == "new"
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("where", ["local", "memory://box"])
def test_what_a_failed_component_says_is_finished_is_kept(tmp_path: Path, remote: str, where: str) -> None:
    @component()
    def stopping(report: Output[uri_folder], rows: Output[uri_folder]) -> None:
        (report.local / "why.txt").write_text("no")
        (rows.local / "half.txt").write_text("half")
        raise RunError("stopped", finished=("report",))

    folder = str(tmp_path / where) if where == "local" else where
    with pytest.raises(RunError, match=f"stopped\n  report is in {folder}/report"):
        stopping(output=folder)
    marker = storage.read_marker(f"{folder}/report")
    assert marker is not None
    assert storage.is_intact(f"{folder}/report", marker)
    assert storage.read_marker(f"{folder}/rows") is None
    if where == "local":
        assert os.listdir(folder) == ["report"]


def test_an_interruption_keeps_a_resumable_draft(steps: Component, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        steps(output=tmp_path)
    assert not (tmp_path / "walk").exists()
    made = steps(output=tmp_path, limits={"steps": 9})  # elastic: the same work with another limit
    lines = (made.walk.local / "steps.txt").read_text().splitlines()
    assert lines == ["0 0", "1 0", "2 0", "3 3", "4 3"]
    assert leftovers(tmp_path) == set()


def test_a_draft_of_other_settings_is_not_continued(steps: Component, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        steps(output=tmp_path)
    made = steps(output=tmp_path, limits={"steps": 9}, times={"factor": 2})
    assert (made.walk.local / "steps.txt").read_text().splitlines()[-1] == "4 0"


def test_a_draft_is_not_continued_by_what_is_not_resumable(tmp_path: Path) -> None:
    @component()
    def fragile(out: Output[uri_folder], *, times: Times) -> None:
        seen = sorted(p.name for p in out.local.iterdir())
        assert seen == [], seen
        (out.local / "half").write_text("")
        if times.factor == 2:
            os._exit(1)
        (out.local / "whole").write_text("")

    pid = os.fork()
    if pid == 0:
        fragile(output=tmp_path, times={"factor": 2})
    os.waitpid(pid, 0)
    assert leftovers(tmp_path) == {".out.draft", ".out.draft.json", ".out.draft.lock"}
    made = fragile(output=tmp_path)
    assert sorted(os.listdir(made.out.local)) == [MARKER, "half", "whole"]
    assert leftovers(tmp_path) == set()


KILLED = """
import os, sys, time
from pathlib import Path
from automl_components.core.artifacts import Output, uri_folder
from automl_components.core.component import component

@component(resumable=True)
def slow(first: Output[uri_folder], second: Output[uri_folder]) -> None:
    done = (first.local / "a").exists()
    (first.local / "a").write_text("1")
    (second.local / "resumed").write_text(str(done))
    print("half", flush=True)
    if sys.argv[2] == "wait":
        time.sleep(60)

slow(output=sys.argv[1])
"""


def test_kill_9_in_the_middle_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    script, run = tmp_path / "slow.py", tmp_path / "run"
    script.write_text(KILLED)
    with subprocess.Popen([sys.executable, script, run, "wait"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        second = subprocess.run(
            [sys.executable, script, run, "go"], capture_output=True, text=True, check=False
        )
        assert second.returncode != 0  # one writer at a time
        assert "is being written by another process" in second.stderr
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not {"first", "second"} & set(os.listdir(run))
    subprocess.run([sys.executable, script, run, "go"], check=True, capture_output=True)
    assert (run / "second" / "resumed").read_text() == "True"
    assert set(os.listdir(run)) == {"first", "second"}


def test_a_place_that_cannot_be_written_is_named_before_any_work(count: Component, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for place in (tmp_path / "file" / "run", tmp_path / "file"):
        with pytest.raises(ArtifactError, match=r"cannot write .*file.* in the way of a folder"):
            count.run({"table": table()}, {"counted": place}, {})
    assert not CALLS
    assert (tmp_path / "file").read_text() == "in the way"


def test_what_no_component_wrote_is_never_replaced(count: Component, tmp_path: Path) -> None:
    precious = tmp_path / "counted"
    precious.mkdir()
    (precious / "thesis.tex").write_text("years of work")
    with pytest.raises(ArtifactError, match="not empty, and no component wrote what is in it"):
        count(table=table(), output=tmp_path)
    assert (precious / "thesis.tex").read_text() == "years of work"
    (precious / "thesis.tex").unlink()
    count(table=table(), output=tmp_path)  # an empty folder is fine


def test_outputs_need_places_of_their_own(count: Component, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table().to_csv(tmp_path / "in" / "t.csv", index=False)
    with pytest.raises(
        SettingsError, match=r"output 'counted' cannot be at .*, that is also the place of input 'table'"
    ):
        count.run({"table": tmp_path / "in"}, {"counted": tmp_path / "in" / ".." / "in"}, {})
    with pytest.raises(SettingsError, match="also the place of output 'second'"):
        two_outputs().run({}, {"first": tmp_path / "x", "second": tmp_path / "x" / "y"}, {})
    count.run({"table": tmp_path / "in"}, {"counted": tmp_path / "in" / "counted"}, {})
    assert (tmp_path / "in" / "t.csv").exists()


FULL = """
import resource, sys
from automl_components.core.artifacts import Output, uri_folder
from automl_components.core.component import component
from automl_components.core.errors import ArtifactError

@component()
def big(out: Output[uri_folder]) -> None:
    (out.local / "block").write_bytes(b"0" * 2_000_000)

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    big(output=sys.argv[1])
except ArtifactError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def test_no_room_for_an_output_is_a_clear_error(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"cannot write {tmp_path}/out: the file would be larger" in done.stdout
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    @component()
    def fill(out: Output[uri_folder]) -> None:
        with Path("/dev/full").open("wb", buffering=0) as stream:
            stream.write(b"x")

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(
        ArtifactError, match=r"cannot write .*/out: the disk is full; make room or give another"
    ):
        fill(output=tmp_path)


def test_errors_of_other_files_are_left_alone(tmp_path: Path) -> None:
    @component()
    def read_elsewhere(out: Output[uri_folder]) -> None:
        raise PermissionError(13, "Permission denied", "/etc/shadow")

    with pytest.raises(PermissionError):
        read_elsewhere(output=tmp_path)


# elsewhere ----------------------------------------------------------------------------------------


def test_a_component_works_from_storage_to_storage(count: Component, show: Component, remote: str) -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/box/in/t.csv", b"a\n1\n2\n")
    fs.pipe_file("/box/in/notes.txt", b" rows")
    made = count(table=f"{remote}/in/t.csv", output=f"{remote}/run/")
    assert made.counted.path == f"{remote}/run/counted"
    given = {"counted": made.counted, "notes": f"{remote}/in/notes.txt"}
    shown = show(**given, output=f"{remote}/run")
    assert storage.read_text(f"{shown.shown.path}/text") == "2 rows"
    assert fs.find("/box/run") == [
        f"/box/run/counted/{MARKER}", "/box/run/counted/deep/rows.txt", f"/box/run/shown/{MARKER}",
        "/box/run/shown/text",
    ]  # fmt: skip
    assert show(**given, output=f"{remote}/run", reuse=True).reused
    fs.pipe_file("/box/in/notes.txt", b" lines")
    assert not show(**given, output=f"{remote}/run", reuse=True).reused
    assert storage.read_text(f"{shown.shown.path}/text") == "2 lines"


def test_remote_outputs_are_checked_byte_by_byte(count: Component, show: Component, remote: str) -> None:
    fs = fsspec.filesystem("memory")
    made = count(table=table(), output=remote)
    fs.pipe_file("/box/counted/deep/rows.txt", b"9")  # as many bytes
    with pytest.raises(
        ArtifactError, match=r"memory://box/counted/deep/rows\.txt is gone or was changed after"
    ):
        show(counted=made.counted, output=remote)
    assert not count(table=table(), output=remote, reuse=True).reused
    show(counted=made.counted, output=remote)
    fs.rm("/box/counted/deep/rows.txt")
    assert not count(table=table(), output=remote, reuse=True).reused


def test_a_remote_artifact_is_downloaded_once(
    count: Component, show: Component, remote: str, tmp_path: Path
) -> None:
    made = count(table=table(), output=remote)
    views = tmp_path / "cache" / "inputs"
    show(counted=made.counted, output=remote)
    (view,) = views.glob("*/counted/deep/rows.txt")
    stamp = view.stat().st_mtime_ns
    show(counted=made.counted, output=remote)
    assert view.stat().st_mtime_ns == stamp
    view.write_text("9")  # a damaged view is replaced
    assert storage.read_text(f"{show(counted=made.counted, output=remote).shown.path}/text") == "3"


def test_views_that_nobody_uses_are_deleted(
    count: Component, show: Component, remote: str, tmp_path: Path
) -> None:
    old = tmp_path / "cache" / "inputs" / "old"
    old.mkdir(parents=True)
    os.utime(old, (time.time() - 30 * 86_400,) * 2)
    show(counted=count(table=table(), output=remote).counted, output=remote)
    assert not old.exists()


def test_an_interrupted_upload_is_incomplete_and_is_done_again(
    count: Component, show: Component, remote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs = fsspec.filesystem("memory")
    count(table=table(), output=remote)
    with monkeypatch.context() as patch:
        patch.setattr(type(fs), "put_file", lambda *a, **k: (_ for _ in ()).throw(ConnectionError("gone")))
        with pytest.raises(ArtifactError, match=r"the storage does not answer \(gone\)"):
            count(table=table(4), output=remote)
    with pytest.raises(ArtifactError, match="has no marker file"):
        show(counted=f"{remote}/counted", output=remote)
    assert not count(table=table(4), output=remote, reuse=True).reused
    assert storage.read_text(f"{remote}/counted/deep/rows.txt") == "4"
    assert not [name for name in fs.find("/box") if "incomplete" in name]


def test_what_no_component_wrote_is_not_replaced_in_storage_either(count: Component, remote: str) -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/box/counted/thesis.tex", b"years")
    with pytest.raises(ArtifactError, match="no component wrote what is in it"):
        count(table=table(), output=remote)
    assert fs.cat_file("/box/counted/thesis.tex") == b"years"


def test_secrets_in_addresses_reach_no_message_and_no_marker(
    show: Component, count: Component, remote: str, tmp_path: Path
) -> None:
    secret = "memory://key:s3cr3t@box/run"
    with pytest.raises(ArtifactError) as error:
        show(counted=f"{secret}/counted", output=tmp_path)
    assert "s3cr3t" not in str(error.value)
    fs = fsspec.filesystem("memory")
    table().to_csv(tmp_path / "t.csv", index=False)
    fs.put_file(str(tmp_path / "t.csv"), "/key:s3cr3t@box/t.csv")
    made = count(table="memory://key:s3cr3t@box/t.csv", output=tmp_path)
    fs.rm("/key:s3cr3t@box", recursive=True)
    assert "s3cr3t" not in (made.counted.local / MARKER).read_text()
    assert (
        json.loads((made.counted.local / MARKER).read_text())["inputs"]["table"]["path"]
        == "memory://***@box/t.csv"
    )
