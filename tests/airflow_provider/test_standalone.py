"""A real Airflow server, driven through its REST interface as people and their tools do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

DAGS = Path(__file__).parents[2] / "dags"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("airflow_home"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, airflow_home: Path) -> Iterator[Any]:
    from airflow_provider.demo import Server

    with Server(tmp_path_factory.mktemp("standalone"), DAGS) as started:
        yield started


def task(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"


def launched(server: Any) -> list[Any]:
    """The child processes of tasks, and what these have started."""
    found = []
    for process in server.processes():
        with contextlib.suppress(psutil.Error):  # it has just ended
            line = " ".join(process.cmdline())
            if "automl_components.launch" in line or "automl_components.engine" in line:
                found.append(process)
    return found


def test_a_run_its_xcoms_its_links_and_the_asset_that_it_tells_of(server: Any) -> None:
    server.patch("/api/v2/dags/penguins_announce", {"is_paused": False})
    run_id = server.trigger("penguins_retrain")
    assert server.ended("penguins_retrain", run_id) == "success", server.tasks("penguins_retrain", run_id)
    register = task("penguins_retrain", run_id, "automl.register_model")
    registered = server.get(f"{register}/xcomEntries/registration")["value"]
    facts = registered["facts"] if isinstance(registered, dict) else registered
    assert facts["model_name"] == "penguins"
    assert facts["version"] == "1"
    links = server.get(task("penguins_retrain", run_id, "automl.write_report") + "/links")["extra_links"]
    assert links["Report"].startswith("file:///")
    assert links["Report"].endswith(".html")

    def announced() -> Any:
        return server.get("/api/v2/dags/penguins_announce/dagRuns")["dag_runs"]

    told = server.wait(announced, "the asset has started no run", 300)[0]
    assert told["run_type"] == "asset_triggered"
    assert server.ended("penguins_announce", told["dag_run_id"]) == "success"
    events = server.get("/api/v2/assets/events")["asset_events"]
    extra = next(event["extra"] for event in events if event["uri"].startswith("mlflow-model://penguins"))
    assert (extra["version"], extra["metrics"]["accuracy"] > 0.9) == ("1", True)


def test_marked_failed_while_it_searches_its_children_end_and_a_retry_resumes(server: Any) -> None:
    dag_id, search = "penguins_task_group", "automl.search_trials"
    run_id = server.trigger(dag_id, trials=2000)

    def journals() -> list[Path]:
        found = (server.home / "automl-runs" / dag_id).glob("*/automl/.trials.draft/journal.jsonl")
        return [path for path in found if path.read_text().count("\n") >= 2]

    server.wait(journals, "no two finished trials", 600)
    children = launched(server)
    assert len(children) >= 2  # the component's process and a trial's
    server.patch(task(dag_id, run_id, search), {"new_state": "failed"})
    assert not psutil.wait_procs(children, timeout=60)[1]
    assert server.tasks(dag_id, run_id)[search] == "failed"
    done = journals()[0].read_text().count("\n")

    body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [search], "only_failed": True}
    server.post(f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def resumed() -> bool:
        logs = (server.home / "logs").glob(f"dag_id={dag_id}/run_id=*/task_id={search}/attempt=*.log")
        return any(f"{done} of 2000 trials were done before" in path.read_text() for path in logs)

    server.wait(resumed, f"no search goes on after {done} trials", 600)
    server.patch(task(dag_id, run_id, search), {"new_state": "failed"})
    server.wait(lambda: not launched(server), "a child is left", 60)
