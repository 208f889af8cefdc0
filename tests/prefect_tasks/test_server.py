"""A real Prefect server with a process worker and a served flow: run, cache, cancel, resume; a person's decision."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from prefect_tasks import Workspace
from prefect_tasks.demo import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PROJECT = Path(__file__).parents[2]
QUICK = {
    "training": {"allowed_training_algorithms": ["knn", "decision_tree"], "enable_stack_ensemble": False},
    "limits": {"max_trials": 2, "max_cores_per_trial": 1},
    "n_cross_validations": 3,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        with Server(tmp_path_factory.mktemp("prefect")) as started:
            prefect(started, "work-pool", "create", "automl", "--type", "process")
            yield started


def prefect(server: Server, *command: str) -> None:
    subprocess.run([sys.executable, "-m", "prefect", *command], env=server.environment, check=True)


def logs(server: Server, run: Any) -> str:
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

    with server.client() as client:
        found = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run])), limit=200)
    return "\n".join(one.message for one in found)


def cancel(server: Server, run: Any) -> None:
    from prefect.states import Cancelling

    with server.client() as client:
        client.set_flow_run_state(run, Cancelling())


def test_a_worker_runs_caches_cancels_and_resumes(server: Server, tmp_path: Path) -> None:
    prefect(server, "deploy", "--name", "pool", "--no-prompt")
    worker = server.start("worker", "-m", "prefect", "worker", "start", "--pool", "automl")
    here = {"folder": str(tmp_path / "run"), **QUICK}
    first = server.run("pool", **here)
    assert server.ended(first) == "Completed"
    assert server.states(first)["search_trials"] == "Completed"
    second = server.run("pool", **here)
    assert server.ended(second) == "Completed"
    assert {server.states(second)[name] for name in ("validate_data", "search_trials", "build_ensemble")} == {
        "Cached"
    }

    many = {
        **QUICK,
        "folder": str(tmp_path / "other"),
        "seed": 1,
        "limits": {**QUICK["limits"], "max_trials": 60},
    }
    third = server.run("pool", **many)
    journal = tmp_path / "other" / ".trials.draft" / "journal.jsonl"
    server.wait(lambda: journal.exists() and journal.read_text().count("\n") >= 2, "no trials", 300)
    busy = psutil.Process(worker.pid).children(recursive=True)
    assert any("automl_components.launch" in " ".join(one.cmdline()) for one in busy)
    cancel(server, third)
    assert server.ended(third) == "Cancelled"
    assert not psutil.wait_procs(busy, timeout=60)[1]
    kept = journal.read_text().count("\n")
    assert 2 <= kept < 60
    fourth = server.run("pool", **{**many, "limits": {**QUICK["limits"], "max_trials": kept + 1}})
    assert server.ended(fourth) == "Completed"
    told = f"{kept} of {kept + 1} trials were done before"
    server.wait(lambda: told in logs(server, fourth), "no such log line", 120)
    server.stop(worker)


def test_a_served_flow_runs_with_parameters_of_its_form(server: Server, tmp_path: Path) -> None:
    served = server.start("served", "flows/penguins.py", "serve")
    run = server.run("served", folder=str(tmp_path / "run"), seed=3, **QUICK)
    assert server.ended(run) == "Completed"
    assert (tmp_path / "run" / "report" / "index.html").exists()
    assert "seed: 3" in (tmp_path / "run" / "job.yml").read_text()
    server.stop(served)


def test_a_person_decides_on_the_promotion(server: Server, tmp_path: Path) -> None:
    from prefect.flow_runs import resume_flow_run

    prefect(server, "deploy", "--name", "approval", "--no-prompt")
    worker = server.start("worker-2", "-m", "prefect", "worker", "start", "--pool", "automl")
    with server.client():
        Workspace(storage_root=str(tmp_path / "store")).save("here")
    run = server.run("approval", trials=1, ask_every_seconds=1, workspace="here")
    with server.client() as client:
        server.wait(lambda: client.read_flow_run(run).state.is_paused(), "not paused", 600)
        resume_flow_run(run, run_input={"promote": True, "alias": "champion", "reason": "good"}, _sync=True)
    assert server.ended(run) == "Completed"
    told = r"penguins version \d+ is champion"  # logs arrive in batches
    server.wait(lambda: re.search(told, logs(server, run)), "no such log line", 120)
    assert list((tmp_path / "store").glob("penguins-candidate-*/best_model"))
    server.stop(worker)
