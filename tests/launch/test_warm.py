"""Children forked from a warm process: what a new process would be, and an end that leaves nobody behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import parts
import psutil
import pytest
from penguins import job_mapping

from automl_components import launch
from automl_components.core.errors import RunError, SettingsError
from automl_components.job import Job

if sys.platform != "linux":
    pytest.skip("warm processes are there on Linux", allow_module_level=True)

from automl_components.launch.fork import Fork, Warm, folder, starting

OBEY = launch.reference(parts.obey)
LIMIT = 200.0
"""Seconds for libraries to load, however busy the machine is."""


def wait(true: Callable[[], Any], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False


def gone(pids: list[int]) -> bool:
    return wait(
        lambda: not any(psutil.pid_exists(p) and psutil.Process(p).status() != "zombie" for p in pids)
    )


def processes(place: Path) -> list[psutil.Process]:
    """Those whose sockets are, or will be, in a folder; the one that listens comes first."""
    found = [
        one for one in psutil.process_iter(["cmdline"]) if f'"{place}' in " ".join(one.info["cmdline"] or ())
    ]
    return sorted(found, key=psutil.Process.create_time)


def started(place: Path, environment: dict[str, str]) -> psutil.Process:
    """A new warm process, ready."""
    others = {one.pid for one in processes(place)}
    Warm(environment).start()
    assert wait(lambda: Warm(environment)._place().exists(), LIMIT)
    return next(one for one in processes(place) if one.pid not in others)


@pytest.fixture(scope="module", autouse=True)
def path() -> Iterator[None]:
    """Without the code of models: a test that loads one leaves its folder in front of all others."""
    before, root = list(sys.path), Path(launch.__file__).parents[2]
    sys.path[:] = [p for p in before if Path(p) == root or not Path(p, "automl_components").is_dir()]
    yield
    sys.path[:] = before


@pytest.fixture(scope="module")
def place(mlflow_template: Path) -> Iterator[Path]:  # that one sets variables for all tests after it
    """A folder of its own for the warm processes of these tests; none of them is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_WARM_SECONDS", "600")
        short = tempfile.mkdtemp(dir="/tmp")  # a socket's address is short
        patch.setattr(tempfile, "tempdir", short)
        found = folder()
        yield found
        for process in processes(found):
            process.kill()
        shutil.rmtree(short)


@pytest.fixture(scope="module")
def warm(place: Path) -> psutil.Process:
    return started(place, dict(os.environ))


def child(folder: Path, what: str, **options: Any) -> launch.Child:
    request = launch.Request(OBEY, {}, {"note": str(folder / "note")}, {"wish": {"what": what}})
    return launch.Child(request, **{"warm": True, **options})


def sights(folder: Path, **options: Any) -> dict[str, Any]:
    told: list[dict[str, Any]] = []
    with child(folder, "look", **options) as one:
        one.result(lambda kind, facts: told.append(facts))
        assert isinstance(one._process, Fork) == options.get("warm", True)
    return next(facts for facts in told if "same" in facts)


def asleep(one: launch.Child, then: Callable[[list[int]], Any]) -> None:
    """Wait for the outcome of a child that sleeps; ``then(pids)`` as soon as it and its own children do."""
    one.result(lambda kind, facts: then(facts["pids"]) if "pids" in facts else None)


def test_a_forked_child_is_what_a_new_process_is(warm: psutil.Process, tmp_path: Path) -> None:
    secret = {
        "MLFLOW_TRACKING_TOKEN": "s3cret",
        "AIRFLOW_CTX_TASK_ID": "one",
    }  # no reason for another process
    there, again = (sights(tmp_path / name, environment=secret) for name in ("there", "again"))
    new = sights(tmp_path / "new", environment=secret, warm=False)
    assert there["modules"] == ["lightgbm", "mlflow", "pandas", "sklearn", "skops.io"]
    assert "mlflow" not in new["modules"]
    assert len({there["pids"][0], *there["pids"]}) == 1  # of its own session and group
    assert not {*there["draws"]} & {*again["draws"]}
    imported = there["same"]["environment"].keys() - new["same"]["environment"].keys()
    assert imported <= {
        "OMP_WAIT_POLICY", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "_MLFLOW_TELEMETRY_SESSION_ID"
    }  # fmt: skip
    for name in imported:
        del there["same"]["environment"][name]
    for facts in (there, new):  # pytest's, which changes
        facts["same"]["environment"].pop("PYTEST_CURRENT_TEST")
    assert there["same"] == new["same"]
    assert "s3cret" not in str(warm.environ())


def test_a_job_in_a_forked_child_is_the_job_in_this_process(
    warm: psutil.Process, tmp_path: Path, mlflow_template: Path
) -> None:
    shutil.copy(mlflow_template, tmp_path)
    job = job_mapping(registration={"enabled": False}, limits={"max_trials": 2, "max_cores_per_trial": 1})
    job["environment_variables"] = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
    told: dict[str, Any] = {}
    with launch.Child(launch.Request(job=job, folder=str(tmp_path / "there")), warm=True) as one:
        assert isinstance(one._process, Fork)
        outcome = one.result(lambda kind, facts: told.__setitem__(kind, facts))
    here = Job.from_mapping(job).run(tmp_path / "here")
    rows = here.leaderboard.astype(str).to_dict("records")
    assert [row["pipeline"] for row in told["leaderboard"]["rows"]] == [row["pipeline"] for row in rows]
    assert float(told["leaderboard"]["rows"][0]["log_loss"]) == here.leaderboard["log_loss"].iloc[0]
    assert outcome["outputs"]["test_report"]["facts"]["metrics"] == here.test_metrics


def test_two_children_at_once_and_their_ends(warm: psutil.Process, tmp_path: Path) -> None:
    with child(tmp_path / "a", "sleep") as first, child(tmp_path / "b", "crash") as second:
        pids: list[int] = []
        with pytest.raises(RunError, match=r"(?s)obey: .*SIGKILL.*run out of memory.*a last word"):
            second.result()

        def stop(found: list[int]) -> None:
            pids.extend(found)
            threading.Thread(target=first.stop).start()

        before = time.monotonic()
        with pytest.raises(launch.StoppedError, match="obey was stopped"):
            asleep(first, stop)
    assert time.monotonic() - before < 20
    assert pids[0] == first.pid
    assert gone(pids)
    assert (tmp_path / "a" / ".note.draft" / "begun").exists()  # it unwound, and goes on from there
    assert warm.is_running()


def test_secrets_are_masked_and_an_error_is_the_components_own(warm: psutil.Process, tmp_path: Path) -> None:
    options = {"s3": {"secret": "wei-rd-s3cret", "endpoint_url": "http://store"}}
    with child(tmp_path, "betray", storage_options=options) as one, pytest.raises(RunError) as caught:
        one.result()
    assert isinstance(one._process, Fork)
    assert "for ***" in str(caught.value)


def test_a_forked_child_does_not_outlive_a_killed_client(
    warm: psutil.Process, place: Path, tmp_path: Path
) -> None:
    script = (
        "import json, sys, tempfile; sys.path[:] = json.loads(sys.argv[1]); tempfile.tempdir = sys.argv[2]\n"
        "from automl_components import launch\n"
        "with launch.Child(launch.Request(**json.loads(sys.argv[3])), warm=True) as one:\n"
        "    print(json.dumps([type(one._process).__name__]), flush=True)\n"
        "    one.result(lambda kind, facts: 'pids' in facts and print(json.dumps(facts['pids']), flush=True))"
    )
    request = launch.Request(OBEY, {}, {"note": str(tmp_path / "note")}, {"wish": {"what": "sleep"}})
    arguments = [json.dumps(sys.path), str(place.parent), json.dumps(request.to_dict())]
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as client:
        assert client.stdout is not None
        assert json.loads(client.stdout.readline()) == ["Fork"]
        pids = json.loads(client.stdout.readline())
        client.send_signal(signal.SIGKILL)
    assert gone(pids)
    assert warm.is_running()


def test_another_environment_has_another_process_which_ends_when_idle(
    warm: psutil.Process, place: Path, tmp_path: Path
) -> None:
    other = {**os.environ, "AUTOML_WARM_SECONDS": "1", "WORDS": "from outside"}
    with child(tmp_path / "first", "write", environment=other) as one:
        assert isinstance(one._process, subprocess.Popen)  # it also starts the warm one for the next
        one.result()
    assert wait(lambda: Warm(other)._place().exists(), LIMIT)
    second = processes(place)[-1]
    assert second.pid != warm.pid
    assert second.ppid() != os.getpid()  # it ends with nobody
    with child(tmp_path / "second", "write", environment=other) as one:
        assert isinstance(one._process, Fork)
        one.result()
    assert (tmp_path / "second" / "note" / "note.txt").read_text() == "from outside"
    assert wait(lambda: not Warm(other)._place().exists())
    assert gone([second.pid])


def test_what_matters_makes_another_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from automl_components.launch import sameness

    before = sameness.key(os.environ)
    assert sameness.key({**os.environ, "PREFECT__FLOW_RUN_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}) == before
    assert sameness.key({**os.environ, "OMP_NUM_THREADS": "7"}) != before
    mask = os.umask(0o027)
    try:
        assert sameness.key(os.environ) != before
    finally:
        os.umask(mask)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text("1")
    monkeypatch.setattr(sameness, "PACKAGE", tmp_path / "package")
    changed = sameness.key(os.environ)
    (tmp_path / "package" / "module.py").write_text("22")
    assert len({before, changed, sameness.key(os.environ)}) == 3


def test_a_folder_that_is_not_this_users_alone_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place = folder()
    assert place.stat().st_mode & 0o777 == 0o700
    with starting(place) as first, starting(place) as second:  # one at a time
        assert (first, second) == (True, False)
    place.chmod(0o770)
    with pytest.raises(PermissionError, match="of this user alone"):
        folder()
    assert Warm({**os.environ, "AUTOML_WARM_SECONDS": "60"}).fork() is None
    place.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(place, 12345, -1)
        with pytest.raises(PermissionError, match="of this user alone"):
            folder()
    shutil.move(place, tmp_path / "mine")
    place.symlink_to(tmp_path / "mine")
    with pytest.raises(PermissionError, match="of this user alone"):
        folder()


def test_off_is_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for options in (
        {"environment": {"AUTOML_WARM_SECONDS": "0"}},
        {"python": sys.executable},
        {"warm": False},
    ):
        with child(tmp_path / str(len(options)), "write", **options) as one:
            assert isinstance(one._process, subprocess.Popen)
    assert not any(path.name.startswith("automl-warm") for path in tmp_path.iterdir())
    with pytest.raises(SettingsError, match="AUTOML_WARM_SECONDS is 'soon'"):
        child(tmp_path, "write", environment={"AUTOML_WARM_SECONDS": "soon"})


def test_work_goes_on_when_the_warm_process_is_killed(
    warm: psutil.Process, place: Path, tmp_path: Path
) -> None:
    with child(tmp_path / "a", "look") as first, child(tmp_path / "b", "sleep") as second:
        assert isinstance(first._process, Fork)
        warm.kill()
        warm.wait(10)
        assert first.result()["outputs"]["note"]["path"] == str(tmp_path / "a" / "note")
        with pytest.raises(RunError, match="its warm process did not live to tell"):
            asleep(second, lambda pids: os.kill(pids[0], signal.SIGKILL))
    assert Warm(os.environ).fork() is None
