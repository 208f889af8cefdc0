"""One job file, five ways to run it: the same leaderboard and the same predictions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
from penguins import write_job

from automl_components import Job, Run, pipeline
from automl_components.core.artifacts import MARKER

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AIRFLOW = """
import sys
from airflow.sdk import DAG
from airflow.utils.db import initdb
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow_provider import automl_task_group

initdb()
with DAG("same", schedule=None) as dag:
    automl_task_group(sys.argv[1], root=sys.argv[2])
DagBundlesManager().sync_bundles_to_db()
bag = DagBag("/nowhere", collect_dags=False)
bag.bag_dag(dag)
sync_bag_to_db(bag, "dags-folder", None)
assert str(dag.test().state) == "success"
"""
PREFECT = """
import sys
from prefect.testing.utilities import prefect_test_harness
from prefect_tasks import automl_flow

if __name__ == "__main__":
    with prefect_test_harness(server_startup_timeout=240):
        automl_flow(sys.argv[1])(folder=sys.argv[2])
"""


def python(*arguments: str, **environment: str) -> None:
    """A fresh interpreter that must succeed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def by_python(job: Path, folder: Path) -> None:
    Job.from_file(job).run(folder)


def by_the_command_line(job: Path, folder: Path) -> None:
    python("-m", "automl_components", "run", str(job), "--output", str(folder))


def by_one_process_a_stage(job: Path, folder: Path) -> None:
    given = {name: str(table) for name, table in Job.from_file(job).inputs().items()}
    made: set[str] = set()
    for stage in pipeline.LINE:
        inputs = {
            name: given.get(name, str(folder / name)) for name in stage.inputs if name in {*given, *made}
        }
        outputs = {name: str(folder / name) for name in stage.outputs}
        ports = [("--input", one) for one in inputs.items()] + [("--output", one) for one in outputs.items()]
        options = [text for option, (name, place) in ports for text in (option, f"{name}={place}")]
        python("-m", "automl_components", "component", stage.name, *options, "--settings", str(job))
        made |= {*stage.outputs}


def by_airflow(job: Path, folder: Path) -> None:
    script = folder.with_suffix(".py")
    script.write_text(AIRFLOW)
    home = {"AIRFLOW_HOME": str(folder / "home"), "_AIRFLOW_PROCESS_CONTEXT": "server"}
    python(str(script), str(job), str(folder / "store"), **home, AIRFLOW__CORE__LOAD_EXAMPLES="False")


def by_prefect(job: Path, folder: Path) -> None:
    script = folder.with_suffix(".py")
    script.write_text(PREFECT)
    python(
        str(script),
        str(job),
        str(folder),
        PREFECT_HOME=f"{folder}-home",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
    )


WAYS: tuple[Callable[[Path, Path], None], ...] = (
    by_the_command_line,
    by_one_process_a_stage,
    pytest.param(
        by_airflow, marks=pytest.mark.skipif(not find_spec("airflow"), reason="Airflow is not installed")
    ),
    pytest.param(
        by_prefect, marks=pytest.mark.skipif(not find_spec("prefect"), reason="Prefect is not installed")
    ),
)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_job(
        tmp_path_factory.mktemp("job") / "job.yml", limits={"max_trials": 4, "max_cores_per_trial": 1}
    )


@pytest.fixture(scope="module")
def expected(job: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run in this process."""
    folder = tmp_path_factory.mktemp("same")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        by_python(job, folder / "run")
    return Run(folder / "run")


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_run_a_job_gives_the_same(
    way: Callable[[Path, Path], None],
    job: Path,
    expected: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    way(job, tmp_path / "run")
    folders = {marker.parents[1] for marker in (tmp_path / "run").rglob(f"best_model/{MARKER}")}
    assert len(folders) == 1
    run = Run(folders.pop())
    pd.testing.assert_frame_equal(run.leaderboard, expected.leaderboard, check_exact=True)
    pd.testing.assert_frame_equal(run.predictions, expected.predictions, check_exact=True)
    assert run.registration["version"] == "1"
