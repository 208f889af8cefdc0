"""A real Airflow with the example DAGs: what `make demo-airflow` starts.

``python -m airflow_provider.demo`` sets up a home, starts the server, runs an example in it, and stays until Ctrl-C;
with ``--once`` it ends when the run has ended, and says by its exit code how.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import Self

from automl_components.launch import server

ENDED = ("success", "failed")


class Server(server.Server):
    """`airflow standalone` on SQLite, and its REST interface.

    Parameters
    ----------
    home : Path
        AIRFLOW_HOME; its database is made if it is not there.
    dags : Path
        Folder of the DAGs.
    port, environment
        As for :class:`automl_components.launch.server.Server`.
    """

    def __init__(
        self, home: Path, dags: Path, port: int | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(home, port)
        self.environment |= {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags.absolute()),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",  # of 5 s a busy machine needs more, and the task fails
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.home}/mlflow.db",
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        super().__enter__()
        process = self.start("standalone", "-m", "airflow", "standalone", folder=self.home)

        def healthy() -> bool:
            self.check_alive(process, "standalone")
            try:
                health = self.get("/api/v2/monitor/health")
                parts = ("metadatabase", "scheduler", "dag_processor")
                answers = all(health[one]["status"] == "healthy" for one in parts)
                return answers and bool(self.get("/api/v2/dags")["dags"])
            except (ValueError, KeyError):  # it is only half there
                return False

        try:
            self.wait(healthy, "Airflow did not become healthy, or knows no DAG,", seconds=900)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def get(self, path: str) -> Any:
        """What the interface answers."""
        return self._ask("GET", path)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Make something."""
        return self._ask("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change something."""
        return self._ask("PATCH", path, body)

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Start a run of a DAG; its id."""
        self.patch(f"/api/v2/dags/{dag_id}", {"is_paused": False})
        made = self.post(f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return str(made["dag_run_id"])

    def ended(self, dag_id: str, run_id: str, seconds: float = 900) -> str:
        """Wait for the end of a run; its state."""

        def final() -> str | None:
            state = str(self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])
            return state if state in ENDED else None

        return str(self.wait(final, f"run {run_id} of {dag_id} has not ended", seconds=seconds))

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """State of each task of a run, by id."""
        found = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {one["task_id"]: one["state"] for one in found}

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        import httpx

        with httpx.Client(base_url=self.address, timeout=60, trust_env=False) as client:
            try:
                token = client.get("/auth/token").json()["access_token"]
                answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
            except httpx.TransportError as error:
                raise ConnectionError(f"{self.address}: {error}") from error
        if answer.is_error:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None


def main() -> int:
    """The demo; 0 where the example's run succeeded."""
    parser = argparse.ArgumentParser(description="Airflow with the example DAGs, and one of them running.")
    parser.add_argument(
        "--home", type=Path, default=Path(".airflow"), help="AIRFLOW_HOME (default: .airflow)"
    )
    parser.add_argument("--dags", type=Path, default=Path("dags"), help="folder of the DAGs (default: dags)")
    parser.add_argument("--dag", default="penguins_task_group", help="the DAG to run")
    parser.add_argument(
        "--port", type=int, default=8080, help="port of the interface (default: 8080; 0: any)"
    )
    parser.add_argument("--once", action="store_true", help="end when the run has ended")
    given = parser.parse_args()
    server.check_free(given.port, "airflow_provider.demo")
    airflow = Server(given.home, given.dags, given.port or None)
    print(f"starting Airflow on {airflow.address}, about a minute the first time ...", flush=True)
    with airflow:
        run_id = airflow.trigger(given.dag)
        page = f"{airflow.address}/dags/{given.dag}/runs/{run_id}"
        print(f"{given.dag} is running; look at it: {page}", flush=True)
        state = airflow.ended(given.dag, run_id)
        for task, one in airflow.tasks(given.dag, run_id).items():
            print(f"  {one:10s} {task}")
        print(f"{given.dag}: {state}; artifacts are under {airflow.home / 'automl-runs'}", flush=True)
        if not given.once:
            print("Ctrl-C ends Airflow", flush=True)
            server.stay()
    return 0 if state == "success" else 1


if __name__ == "__main__":
    server.run_demo(main)
