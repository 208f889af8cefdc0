"""Airflow on PostgreSQL with several tasks at once, as deployments have it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
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


def tools() -> Path:
    """PostgreSQL's programs; Debian's package is installed where that is possible."""
    where = Path("/usr/lib/postgresql")
    if not where.exists() and os.geteuid() == 0 and shutil.which("apt-get"):
        command = "apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql"
        subprocess.run(["sh", "-c", command], timeout=300, capture_output=True, check=False)
    found = sorted(where.glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed, and could not be installed: apt-get install postgresql")
    return found[-1].parent


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database on a socket of its own; its address."""
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed")
    programs, folder = tools(), Path("/tmp") / f"automl-postgres-{os.getpid()}"
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else ""  # it refuses to run as root
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        command = ["runuser", "-u", user, "--", *command] if user else command
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120)

    data, log = str(folder / "data"), str(folder / "log")
    try:
        run(
            "initdb",
            "-D",
            data,
            "-U",
            "airflow",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
        )
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        run("createdb", "-h", str(folder), "-U", "airflow", "airflow")
        yield f"postgresql+psycopg2://airflow@/airflow?host={folder}"
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_two_tasks_at_once(database: str, tmp_path: Path) -> None:
    from airflow_provider.demo import Server

    settings = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database, "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}
    dag_id = "penguins_by_year"
    with Server(tmp_path / "home", DAGS, environment=settings) as server:
        run_id = server.trigger(dag_id)
        state = server.ended(dag_id, run_id)
        found: list[dict[str, Any]] = server.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")[
            "task_instances"
        ]
    assert state == "success", {one["task_id"]: one["state"] for one in found}
    spans = sorted(
        (datetime.fromisoformat(one["start_date"]), datetime.fromisoformat(one["end_date"]))
        for one in found
        if one["task_id"] == "train"
    )
    assert len(spans) == 3
    assert spans[1][0] < spans[0][1]  # the second began before the first had ended
