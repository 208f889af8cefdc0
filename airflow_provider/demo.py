"""A real Airflow with the example DAGs: what `make demo-airflow` starts.

``python -m airflow_provider.demo`` sets up a home, starts the server, runs an example in it, and stays until Ctrl-C;
with ``--once`` it ends when the run has ended, and says by its exit code how.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

ENDED = ("success", "failed")


class Server:
    """`airflow standalone` on SQLite, and its REST interface.

    Parameters
    ----------
    home : Path
        AIRFLOW_HOME; its database is made if it is not there.
    dags : Path
        Folder of the DAGs.
    port : int, optional
        By default a free one.
    environment : mapping, optional
        Further environment variables.
    """

    def __init__(
        self, home: Path, dags: Path, port: int | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.home, self.dags = home.absolute(), dags.absolute()
        self.port = port or _free_port()
        self.address = f"http://localhost:{self.port}"
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.home}/mlflow.db",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "standalone.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"], env=self.environment, cwd=self.home,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        for process in self.processes():  # `airflow standalone` leaves children behind when it is interrupted
            with contextlib.suppress(Exception):
                process.kill()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def processes(self) -> list[Any]:
        """Every process of the server and of what runs in it."""
        import psutil

        if self._process is None or not psutil.pid_exists(self._process.pid):
            return []
        root = psutil.Process(self._process.pid)
        return [*root.children(recursive=True), root]

    def wait_healthy(self, seconds: float = 300) -> None:
        """Block until the interface answers and the DAGs are known; RuntimeError if that does not come to pass."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process is not None and self._process.poll() is not None:
                break
            with contextlib.suppress(OSError, ValueError, KeyError):
                health = self.get("/api/v2/monitor/health")
                parts = ("metadatabase", "scheduler", "dag_processor")
                if (
                    all(health[one]["status"] == "healthy" for one in parts)
                    and self.get("/api/v2/dags")["dags"]
                ):
                    return
            time.sleep(1)
        log = (self.home / "standalone.log").read_text(errors="replace")
        raise RuntimeError(f"Airflow did not become healthy within {seconds:.0f} s:\n{log[-3000:]}")

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

    def wait(self, dag_id: str, run_id: str, seconds: float = 600) -> str:
        """Block until a run has ended; its state."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(ConnectionError):  # a busy machine may take its time to answer
                state = str(self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])
                if state in ENDED:
                    return state
            time.sleep(1)
        raise TimeoutError(f"run {run_id} of {dag_id} has not ended within {seconds:.0f} s")

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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


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
    with Server(given.home, given.dags, given.port or None) as server:
        print(f"starting Airflow on {server.address}, about a minute the first time ...", flush=True)
        server.wait_healthy()
        run_id = server.trigger(given.dag)
        page = f"{server.address}/dags/{given.dag}/runs/{run_id}"
        print(f"{given.dag} is running; look at it: {page}", flush=True)
        state = server.wait(given.dag, run_id)
        for task, one in server.tasks(given.dag, run_id).items():
            print(f"  {one:10s} {task}")
        print(f"{given.dag}: {state}; artifacts are under {server.home / 'automl-runs'}", flush=True)
        if not given.once:
            print("Ctrl-C ends Airflow", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    return 0 if state == "success" else 1


if __name__ == "__main__":
    sys.exit(main())
