"""A run that lies in an object store: a search whose machine is lost goes on on another one, which has nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from penguins import FAST, job_mapping
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings

pytest.importorskip("moto", reason="moto is not installed")
from s3_store import lost_search, s3_server

from prefect_tasks import Workspace, automl_flow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

JOB = job_mapping(
    limits={"max_trials": 2000, "max_cores_per_trial": 1}, n_cross_validations=None, validation_data_size=0.2,
    training={"allowed_training_algorithms": FAST, "enable_stack_ensemble": False},
)  # fmt: skip


def test_another_machine_goes_on_with_a_flow_in_s3(
    prefect: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    flow = automl_flow(JOB, name="lost")

    def run_on(machine: str, space: Workspace, trials: int) -> Any:
        """A run of the flow on a machine with a disk of its own: no cache, no draft, no earlier results."""
        monkeypatch.setenv("AUTOML_CACHE", str(prefect / machine / "cache"))
        with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: prefect / machine / "results"}):
            return flow(
                folder="s3://box/runs/lost", workspace=space, limits={"max_trials": trials}, return_state=True
            )

    with s3_server() as store:
        space = Workspace(
            storage_root="s3://box/runs", storage_options={"s3": store.options},
            mlflow_tracking_uri=f"sqlite:///{prefect}/mlflow.db", environment={"AUTOML_LEASE_SECONDS": "5"},
        )  # fmt: skip
        with lost_search(store, "box/runs/lost"):
            lost = run_on("one", space, trials=2000)
        assert "search_trials: its process ended with signal SIGKILL" in lost.message
        done = run_on("two", space, trials=4)
        assert done.is_completed()
        assert store.find("box/runs/lost/.*.draft") == []
    told = caplog.text
    assert "validate_data: unchanged, reused" in told
    assert "trials: going on from what another machine has finished" in told
    assert "trials were done before" in told
    made = done.result()
    assert made["registration"]["facts"]["version"] == "1"
    assert store.secret not in told + json.dumps(made)
