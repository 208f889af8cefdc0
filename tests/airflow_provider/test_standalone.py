"""A real Airflow server, driven through its REST interface as people and their tools do."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
        started.wait_healthy()
        yield started


def eventually(said: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionError):  # a busy machine may take its time to answer
            if found := said():
                return found
        time.sleep(0.5)
    pytest.fail(f"not within {seconds:.0f} s: {what}")


def task(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"


def launched(server: Any) -> list[Any]:
    """The child processes of tasks, and what these have started."""
    found = []
    for process in server.processes():
        try:
            line = " ".join(process.cmdline())
        except Exception:  # noqa: BLE001 - it has just ended
            continue
        if "automl_components.launch" in line or "automl_components.engine" in line:
            found.append(process)
    return found


def test_a_run_its_xcoms_its_links_and_the_asset_that_it_tells_of(server: Any) -> None:
    server.patch("/api/v2/dags/penguins_announce", {"is_paused": False})
    run_id = server.trigger("penguins_retrain")
    assert server.wait("penguins_retrain", run_id) == "success", server.tasks("penguins_retrain", run_id)
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

    told = eventually(announced, 60, "a run that the asset started")[0]
    assert told["run_type"] == "asset_triggered"
    assert server.wait("penguins_announce", told["dag_run_id"]) == "success"
    events = server.get("/api/v2/assets/events")["asset_events"]
    extra = next(event["extra"] for event in events if event["uri"].startswith("mlflow-model://penguins"))
    assert (extra["version"], extra["metrics"]["accuracy"] > 0.9) == ("1", True)


def test_marked_failed_while_it_searches_its_children_end_and_a_retry_resumes(server: Any) -> None:
    dag_id, search = "penguins_task_group", "automl.search_trials"
    run_id = server.trigger(dag_id, trials=2000)

    def journals() -> list[Path]:
        found = (server.home / "automl-runs" / dag_id).glob("*/automl/.trials.draft/journal.jsonl")
        return [path for path in found if path.read_text().count("\n") >= 2]

    eventually(journals, 300, "two finished trials")
    children = launched(server)
    assert len(children) >= 2  # the component's process and a trial's
    server.patch(task(dag_id, run_id, search), {"new_state": "failed"})
    eventually(
        lambda: not any(one.is_running() and one.status() != "zombie" for one in children), 20, "their end"
    )
    assert server.tasks(dag_id, run_id)[search] == "failed"
    done = journals()[0].read_text().count("\n")

    body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [search], "only_failed": True}
    server.post(f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def resumed() -> bool:
        logs = (server.home / "logs").glob(f"dag_id={dag_id}/run_id=*/task_id={search}/attempt=*.log")
        return any(f"{done} of 2000 trials were done before" in path.read_text() for path in logs)

    eventually(resumed, 120, f"a search that goes on after {done} trials")
    server.patch(task(dag_id, run_id, search), {"new_state": "failed"})
    eventually(lambda: not launched(server), 20, "no child is left")
