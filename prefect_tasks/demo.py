"""A real Prefect server with a served example: what `make demo-prefect` starts.

``python -m prefect_tasks.demo`` sets up a home, starts the server, serves ``flows/penguins.py`` and runs it, and stays
until Ctrl-C; with ``--once`` it ends when the run has ended, and says by its exit code how.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from typing_extensions import Self

from automl_components.launch import server


class Server(server.Server):
    """``prefect server start`` on SQLite, and what runs beside it: workers, served flows.

    Parameters
    ----------
    home : Path
        PREFECT_HOME, with the database, results and logs.
    port, environment
        As for :class:`automl_components.launch.server.Server`.
    """

    def __init__(
        self, home: Path, port: int | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(home, port)
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment |= {
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": f"{self.address}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.home}/mlflow.db",
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        import httpx

        super().__enter__()
        process = self.start("server", "-m", "prefect", "server", "start", "--port", str(self.port))

        def answers() -> bool:
            self.check_alive(process, "server")
            try:
                return httpx.get(f"{self.address}/api/health", timeout=5, trust_env=False).is_success
            except httpx.TransportError:
                return False

        try:
            self.wait(answers, "the server did not answer", seconds=900)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

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
    server.check_free(given.port, "prefect_tasks.demo")
    print("starting Prefect, half a minute the first time ...", flush=True)
    with Server(given.home, given.port or None) as prefect:
        prefect.start("served", given.flow, "serve")
        run = prefect.run("served")
        print(f"{given.flow} is running; look at it: {prefect.address}/runs/flow-run/{run}", flush=True)
        state = prefect.ended(run)
        for name, one in prefect.states(run).items():
            print(f"  {one:10s} {name}")
        print(f"{state}; start more runs at {prefect.address}/deployments", flush=True)
        if not given.once:
            print("Ctrl-C ends Prefect", flush=True)
            server.stay()
    return 0 if state == "Completed" else 1


if __name__ == "__main__":
    server.run_demo(main)
