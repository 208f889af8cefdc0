"""A real Prefect server with a served example: what `make demo-prefect` starts.

``python -m prefect_tasks.demo`` sets up a home, starts the server, serves ``flows/penguins.py`` and runs it, and stays
until Ctrl-C; with ``--once`` it ends when the run has ended, and says by its exit code how.
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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any


class Server:
    """``prefect server start`` on SQLite, and what runs beside it: workers, served flows.

    Parameters
    ----------
    home : Path
        PREFECT_HOME, with the database, results and logs; made if it is not there.
    port : int, optional
        By default a free one.
    environment : mapping, optional
        Further environment variables.
    """

    def __init__(
        self, home: Path, port: int | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.home, self.port = home.absolute(), port or _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": f"{self.address}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.home}/mlflow.db",
            **(environment or {}),
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Server:
        self.home.mkdir(parents=True, exist_ok=True)
        self.start("server", "-m", "prefect", "server", "start", "--port", str(self.port))
        self.wait(self._answers, "the server did not answer", seconds=300)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        while self._processes:
            self.stop(self._processes[-1])

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start Python with this server's environment; its output goes to ``<home>/<name>.log``."""
        with (self.home / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, *command], env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        self._processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End a process that was started here, and all of its children."""
        import psutil

        tree = []
        with contextlib.suppress(psutil.Error):
            found = psutil.Process(process.pid)
            tree = [*found.children(recursive=True), found]
        for one in tree:
            with contextlib.suppress(psutil.Error):
                one.terminate()
        for one in psutil.wait_procs(tree, timeout=5)[1]:
            with contextlib.suppress(psutil.Error):
                one.kill()
        process.wait()
        self._processes.remove(process)

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        """Prefect's client of this server."""
        from prefect import get_client
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with (
            temporary_settings({PREFECT_API_URL: f"{self.address}/api"}),
            get_client(sync_client=True) as client,
        ):
            yield client

    def run(self, deployment: str, **parameters: Any) -> Any:
        """Start a run of a deployment, once that is there; the run's id."""
        with self.client() as client:

            def found() -> Any:
                return next((one for one in client.read_deployments() if one.name == deployment), None)

            known = self.wait(found, f"no deployment {deployment!r}")
            return client.create_flow_run_from_deployment(known.id, parameters=parameters).id

    def ended(self, run: Any, seconds: float = 900) -> str:
        """Wait for the end of a flow run; the name of its final state."""
        with self.client() as client:

            def final() -> str | None:
                state = client.read_flow_run(run).state
                return state.name if state is not None and state.is_final() else None

            return str(self.wait(final, f"run {run} has not ended", seconds=seconds))

    def states(self, run: Any) -> dict[str, str]:
        """State of each task of a flow run, by the task's name, in order."""
        with self.client() as client:
            tasks = [one for one in client.read_task_runs() if one.flow_run_id == run]
        tasks.sort(key=lambda one: one.created)
        return {one.name.rpartition("-")[0] or one.name: one.state_name for one in tasks}

    def wait(self, true: Callable[[], Any], otherwise: str, seconds: float = 120) -> Any:
        """The first true value, asked for twice a second; TimeoutError after so many seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := true():
                return found
            time.sleep(0.5)
        raise TimeoutError(f"{otherwise} within {seconds:.0f} s; the logs are in {self.home}")

    def _answers(self) -> bool:
        import httpx

        if (code := self._processes[0].poll()) is not None:
            raise RuntimeError(
                f"the server ended with exit code {code}; see {self.home / 'server.log'} (is port {self.port} taken?)"
            )
        try:
            return httpx.get(f"{self.address}/api/health", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """The demo; 0 where the example's run was completed."""
    parser = argparse.ArgumentParser(description="Prefect with a served example flow, and a run of it.")
    parser.add_argument(
        "--home", type=Path, default=Path(".prefect"), help="PREFECT_HOME (default: .prefect)"
    )
    parser.add_argument("--flow", default="flows/penguins.py", help="the file to serve")
    parser.add_argument("--port", type=int, default=4200, help="port of the page (default: 4200; 0: any)")
    parser.add_argument("--once", action="store_true", help="end when the run has ended")
    given = parser.parse_args()
    print("starting Prefect, half a minute the first time ...", flush=True)
    with Server(given.home, given.port or None) as server:
        server.start("served", given.flow, "serve")
        run = server.run("served")
        print(f"{given.flow} is running; look at it: {server.address}/runs/flow-run/{run}", flush=True)
        state = server.ended(run)
        for name, one in server.states(run).items():
            print(f"  {one:10s} {name}")
        print(f"{state}; start more runs at {server.address}/deployments", flush=True)
        if not given.once:
            print("Ctrl-C ends Prefect", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    return 0 if state == "Completed" else 1


if __name__ == "__main__":
    sys.exit(main())
