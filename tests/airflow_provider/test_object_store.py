"""A run that lies in an object store, with a key from a connection: a lost worker, another one that goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from penguins import FAST, penguins_table

pytest.importorskip("moto", reason="moto is not installed")
from running import run, xcom
from s3_store import S3Store, lost_search, s3_server

pytestmark = [
    pytest.mark.timeout(1800),  # a machine may be busy
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("airflow_home"),
]

JOB = {
    "task": "classification", "training_data": str(penguins_table()), "target_column_name": "species", "seed": 7,
    "primary_metric": "log_loss", "test_data_size": 0.2, "validation_data_size": 0.2, "experiment_name": "in-s3",
    "limits": {"max_trials": 2000, "max_cores_per_trial": 1},
    "training": {"allowed_training_algorithms": FAST, "enable_stack_ensemble": False},
}  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[S3Store]:
    with s3_server() as started:
        yield started


@pytest.fixture
def dag(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from airflow.sdk import DAG

    monkeypatch.setenv("AUTOML_LEASE_SECONDS", "5")
    with DAG(request.node.name.replace("[", "-").replace("]", ""), schedule=None) as made:
        yield made


@pytest.mark.slow
def test_a_retry_on_another_worker_goes_on_with_what_a_lost_one_has_finished(
    dag: Any, store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    from airflow_provider import automl_task_group

    def on_a_disk_of_its_own(context: Any) -> None:
        ti = context["ti"]
        monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / f"{ti.task_id}-{ti.try_number}"))

    monkeypatch.setenv("AIRFLOW_CONN_BOX", store.connection())
    automl_task_group(
        JOB, root="s3://box/automl", store_conn_id="box", retries=1, retry_delay=timedelta(0),
        overrides={"limits.max_trials": "{{ 2000 if ti.try_number == 1 else 4 }}"}, pre_execute=on_a_disk_of_its_own,
    )  # fmt: skip
    folder = f"box/automl/{dag.dag_id}/*/automl"
    with lost_search(store, folder):
        done = run(dag)
    told = capfd.readouterr().out
    assert set(done.states.values()) == {"success"}
    assert done.tasks["automl.search_trials"].try_number == 2
    assert "search_trials: its process ended with signal SIGKILL" in told
    assert "no sign of life of" in told
    assert "trials: going on from what another machine has finished" in told
    assert "trials were done before" in told
    assert xcom(done, "automl.register_model", "registration")["facts"]["version"] == "1"
    assert store.find(f"{folder}/.*.draft") == []  # what is published needs no checkpoints
    everything = told + json.dumps([xcom(done, name) for name in done.tasks])
    assert store.secret not in everything
    assert json.dumps(store.secret)[1:-1] not in everything


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "not-the-secret"}, "no permission to write there (Forbidden)"),
        ({"login": "AKIANOBODY"}, "no permission to write there (Forbidden)"),
        (
            {"extra": {"endpoint_url": "http://127.0.0.1:9"}},
            'the storage does not answer (Could not connect to the endpoint URL: "http://127.0.0.1:9/',
        ),
    ],
    ids=["secret", "key", "endpoint"],
)
def test_a_store_that_cannot_be_used_is_the_last_word_of_the_log(
    dag: Any, store: S3Store, changes: dict[str, Any], words: str,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from airflow_provider import ValidateDataOperator

    monkeypatch.setenv("AIRFLOW_CONN_BOX", store.connection(**changes))
    ValidateDataOperator(
        task_id="check", training_data=str(penguins_table()), task="classification", target_column_name="species",
        root="s3://box/elsewhere", store_conn_id="box",
    )  # fmt: skip
    done = run(dag)
    told = capfd.readouterr().out
    assert done.states == {"check": "failed"}
    assert f"cannot write s3://box/elsewhere/{dag.dag_id}/" in told
    assert words in told
    assert "botocore" not in told  # a cause, not a library's traceback
    assert store.secret not in told
