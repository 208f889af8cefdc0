"""Child processes: the same work as in this process, and an end that leaves nobody behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import parts
import psutil
import pytest
from penguins import job_mapping

from automl_components import launch
from automl_components.core.component import component
from automl_components.core.errors import ArtifactError, DataError, RunError, SettingsError
from automl_components.job import Job

OBEY = launch.reference(parts.obey)


def obey(folder: Path, what: str, **inputs: Any) -> launch.Request:
    return launch.Request(OBEY, inputs, {"note": str(folder / "note")}, {"wish": {"what": what}})


def gone(pids: list[int], seconds: float = 5) -> bool:
    """Whether none of the processes is left after so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_a_child_runs_any_importable_component(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear reader")
    told: list[tuple[str, dict[str, Any]]] = []
    request = obey(tmp_path, "write", letter=str(tmp_path / "letter.txt"))
    outcome = launch.run(request, lambda kind, facts: told.append((kind, facts)))
    note = outcome["outputs"]["note"]
    assert (note["type"], note["path"], note["facts"]) == ("uri_folder", str(tmp_path / "note"), {})
    assert len(note["digest"]) == 64
    assert (tmp_path / "note" / "note.txt").read_text() == "dear reader"
    assert [kind for kind, _ in told] == ["step", "note", "step"]
    assert told[1][1]["pid"] != os.getpid()
    again = launch.run(request)
    assert again["reused"]
    assert again["outputs"] == outcome["outputs"]


def test_the_environment_reaches_the_child_alone(tmp_path: Path) -> None:
    launch.run(obey(tmp_path, "write"), environment={"WORDS": "from outside"})
    assert (tmp_path / "note" / "note.txt").read_text() == "from outside"
    assert "WORDS" not in os.environ


def test_a_job_in_a_child_is_the_job_in_this_process(tmp_path: Path, mlflow_server: str) -> None:
    job = job_mapping(registration={"enabled": False}, limits={"max_trials": 2, "max_cores_per_trial": 1})
    told: list[tuple[str, dict[str, Any]]] = []
    request = launch.Request(job=job, folder=str(tmp_path / "child"))
    outcome = launch.run(request, lambda kind, facts: told.append((kind, facts)))
    here = Job.from_mapping(job).run(tmp_path / "here")
    assert outcome["outputs"]["trials"]["facts"]["trials"] == 2
    events = dict(told)
    board = here.leaderboard.astype(str).to_dict("records")
    assert [row["pipeline"] for row in events["leaderboard"]["rows"]] == [row["pipeline"] for row in board]
    metric = here.leaderboard["log_loss"].iloc[0]
    assert float(events["leaderboard"]["rows"][0]["log_loss"]) == metric
    assert outcome["outputs"]["leaderboard"]["facts"]["score"] == pytest.approx(metric)
    assert outcome["outputs"]["test_report"]["facts"]["metrics"] == here.test_metrics
    findings = outcome["outputs"]["guardrail_report"]["facts"]["findings"]
    assert {"code", "title", "status", "severity", "summary"} <= findings[0].keys()
    assert json.loads(json.dumps(outcome, allow_nan=False)) == outcome
    # one stage of the job, by itself, in the same folder: the same fingerprint, so nothing is to be done
    stage = launch.Request(
        "featurize_data",
        {"checked_data": f"{tmp_path}/child/checked_data"},
        {name: f"{tmp_path}/child/{name}" for name in ("features", "featurizer")},
        job=job,
    )
    assert launch.run(stage)["reused"]


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (launch.Request("featurize_data"), SettingsError, "featurize_data needs its input 'checked_data'"),
        (launch.Request("valid_data"), SettingsError, "did you mean 'validate_data'"),
        (launch.Request("nowhere.at:all"), SettingsError, "cannot import 'nowhere.at'"),
        (launch.Request("parts:obay"), SettingsError, "did you mean 'obey'"),
        (launch.Request(OBEY, {}, {"note": "x"}, {"wish": {"wat": 1}}), SettingsError, "wish.wat: unknown"),
        (launch.Request(OBEY, {"letter": "/nowhere"}, {"note": "x"}), ArtifactError, "nothing at /nowhere"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_the_components_own_error(
    request_: launch.Request, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        launch.run(request_)


def test_the_kind_of_an_error_survives_the_way(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("y\n1\n2\n")
    outputs = {name: str(tmp_path / name) for name in ("checked_data", "guardrail_report")}
    settings = {"task": "classification", "target_column_name": "z"}
    request = launch.Request("validate_data", {"training_data": str(tmp_path / "t.csv")}, outputs, settings)
    with pytest.raises(DataError, match="'z'"):
        launch.run(request)


def test_whatever_else_fails_is_a_failed_run_without_its_secrets(tmp_path: Path) -> None:
    told: list[str] = []
    options = {"s3": {"secret": 'wei"rd-s3cret', "endpoint_url": "http://store"}}
    with pytest.raises(RunError) as caught:
        launch.run(
            obey(tmp_path, "betray"),
            lambda kind, facts: told.append(json.dumps(facts)),
            storage_options=options,
        )
    assert str(
        caught.value
    ) == "obey failed: ConnectionError: no answer from http://store for ***" or "store" in str(caught.value)
    assert "s3cret" not in str(caught.value) + "".join(told)
    assert any("Traceback" in line for line in told)


def test_a_child_that_dies_is_told_with_its_cause_and_last_words(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"(?s)obey: .*SIGKILL.*run out of memory.*a last word"):
        launch.run(obey(tmp_path, "crash"))


def test_stop_ends_the_child_and_whatever_it_has_started(tmp_path: Path) -> None:
    pids: list[int] = []
    with launch.Child(obey(tmp_path, "sleep")) as child:

        def on_event(kind: str, facts: dict[str, Any]) -> None:
            if "pids" in facts:
                pids.extend(facts["pids"])
                threading.Thread(target=child.stop).start()

        started = time.monotonic()
        with pytest.raises(launch.StoppedError, match="obey was stopped"):
            child.result(on_event)
    assert time.monotonic() - started < 10
    assert len(pids) == 3
    assert gone(pids)
    assert (tmp_path / ".note.draft" / "begun").exists()  # it goes on from there


def test_an_exception_in_the_callers_code_ends_the_child(tmp_path: Path) -> None:
    pids: list[int] = []

    def on_event(kind: str, facts: dict[str, Any]) -> None:
        pids.extend(facts.get("pids", ()))
        if pids:
            raise TimeoutError("the caller's")

    with pytest.raises(TimeoutError):
        launch.run(obey(tmp_path, "sleep"), on_event)
    assert gone(pids)


def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import json, sys; sys.path[:0] = json.loads(sys.argv[1])\n"
        "from automl_components import launch\n"
        "launch.run(launch.Request(**json.loads(sys.argv[2])), \n"
        "           lambda kind, facts: print(json.dumps(facts), flush=True))"
    )
    request = json.dumps(obey(tmp_path, "sleep").to_dict())
    # a model that was loaded may have put a part of the package first on the path
    package = str(Path(launch.__file__).parents[2])
    command = [sys.executable, "-c", script, json.dumps([package, *sys.path]), request]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = next(json.loads(line)["pids"] for line in parent.stdout if "pids" in line)
        parent.send_signal(signal.SIGKILL)
    assert gone(pids)


def test_a_search_that_was_stopped_goes_on(tmp_path: Path) -> None:
    job = job_mapping(limits={"max_trials": 5, "max_cores_per_trial": 1})
    names = ("checked_data", "guardrail_report", "features", "featurizer", "trials")
    place = {name: str(tmp_path / name) for name in names}
    steps = [
        ("validate_data", ["training_data"], ["checked_data", "guardrail_report"]),
        ("featurize_data", ["checked_data"], ["features", "featurizer"]),
        ("search_trials", ["features"], ["trials"]),
    ]
    place["training_data"] = job["training_data"]
    requests = [
        launch.Request(name, {n: place[n] for n in ins}, {n: place[n] for n in outs}, job=job)
        for name, ins, outs in steps
    ]
    for request in requests[:2]:
        launch.run(request)
    with launch.Child(requests[2]) as child, pytest.raises(launch.StoppedError):
        child.result(lambda kind, facts: child.stop() if kind == "trial" else None)
    done: list[dict[str, Any]] = []
    outcome = launch.run(requests[2], lambda kind, facts: done.append(facts) if kind == "search" else None)
    assert 1 <= done[0]["done"] < 5
    assert outcome["outputs"]["trials"]["facts"]["trials"] == 5


def test_another_interpreter(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot start /nowhere/python"):
        launch.run(obey(tmp_path, "write"), python="/nowhere/python")
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(RunError, match="No module named"):
        launch.run(obey(tmp_path, "write"), python=str(bare))


def test_a_component_that_cannot_be_imported_is_refused() -> None:
    @component(version="1")
    def inner(note: parts.Output[parts.uri_folder]) -> None:
        """Nowhere to be found."""

    with pytest.raises(SettingsError, match="inner: a child process cannot import it"):
        launch.reference(inner)


def test_a_request_is_for_a_component_or_a_job() -> None:
    with pytest.raises(SettingsError, match="give a component, or a job"):
        launch.Request()
    with pytest.raises(SettingsError, match="search_trials: give its settings, or the job"):
        launch.Request("search_trials", settings={"seed": 1}, job={})
