"""Tasks that run: gates, kills, retries, links, assets, stores, logs; in one process, by `dag.test()`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from penguins import FAST, penguins_table
from running import run, xcom

pytestmark = [
    pytest.mark.timeout(900),  # a machine may be busy
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("airflow_home"),
]

JOB = {
    "task": "classification", "training_data": str(penguins_table()), "target_column_name": "species", "seed": 7,
    "primary_metric": "log_loss", "n_cross_validations": 3, "registration": {"enabled": False},
    "limits": {"max_trials": 2, "max_cores_per_trial": 1}, "training": {"allowed_training_algorithms": FAST},
}  # fmt: skip


@pytest.fixture
def dag(request: pytest.FixtureRequest) -> Iterator[Any]:
    from airflow.sdk import DAG

    with DAG(request.node.name.replace("[", "-").replace("]", ""), schedule=None) as made:
        yield made


def report(*severities: str) -> dict[str, Any]:
    """A guardrail report as it travels between tasks."""
    found = [
        {"code": "missing-values", "title": f"T{k}", "status": "Alerted", "severity": severity.split()[0],
         "summary": "seen", "muted": "muted" in severity}
        for k, severity in enumerate(severities)
    ]  # fmt: skip
    return {"type": "uri_folder", "path": "/x", "digest": "", "facts": {"checks": 9, "findings": found}}


@pytest.mark.parametrize(
    ("found", "options", "state"),
    [
        ((), {}, "success"),
        (("warning",), {}, "success"),
        (("warning",), {"severity": "warning"}, "failed"),
        (("info", "error"), {}, "failed"),
        (("error",), {"on_findings": "skip"}, "skipped"),
        (("error",), {"codes": ["class-balance"]}, "success"),
        (("error",), {"codes": ["Missing_Values"]}, "failed"),
        ((), {"codes": ["class-balanc"]}, "failed"),  # its gate would always be open
        (("error muted",), {}, "success"),
    ],
)
def test_the_guardrail_gate(dag: Any, found: tuple[str, ...], options: dict[str, Any], state: str) -> None:
    from airflow_provider import GuardrailGateOperator

    GuardrailGateOperator(task_id="gate", report=report(*found), retries=3, **options)
    assert run(dag).states == {"gate": state}


def test_the_guardrail_branch(dag: Any) -> None:
    from airflow.providers.standard.operators.empty import EmptyOperator

    from airflow_provider import GuardrailBranchOperator

    for name, found in (("bad", report("error")), ("good", report("info"))):
        branch = GuardrailBranchOperator(
            task_id=name, report=found, if_found=f"{name}_repair", otherwise=f"{name}_train"
        )
        branch >> [EmptyOperator(task_id=f"{name}_repair"), EmptyOperator(task_id=f"{name}_train")]
    states = run(dag).states
    assert states["bad_repair"] == states["good_train"] == "success"
    assert states["bad_train"] == states["good_repair"] == "skipped"


def test_what_travels_is_small_and_legible_and_the_log_tells(
    dag: Any, capfd: pytest.CaptureFixture[str], airflow_home: Path
) -> None:
    from airflow_provider import automl_task_group

    automl_task_group(JOB)
    done = run(dag)
    assert set(done.states.values()) == {"success"}
    board = xcom(done, "automl.build_ensemble", "leaderboard")
    assert set(board) == {"type", "path", "digest", "facts"}
    assert board["path"].startswith(f"{airflow_home}/automl-runs/{dag.dag_id}/manual__")
    assert board["facts"]["primary_metric"] == "log_loss"
    everything = [xcom(done, name) for name in done.tasks]
    assert len(json.dumps(everything)) < 20_000
    lines = capfd.readouterr().out
    assert "trial 2 of 2:" in lines
    assert "Guardrail " in lines
    assert "voting_ensemble" in lines

    from automl_components import Job, Run

    # a run like any other, and the same as in plain Python
    there, here = Run(Path(board["path"]).parent), Job.from_mapping(JOB).run(airflow_home / "plain")
    pd.testing.assert_frame_equal(there.leaderboard, here.leaderboard)
    rows = pd.read_csv(penguins_table()).drop(columns="species").head(50)
    pd.testing.assert_frame_equal(there.predict(rows), here.predict(rows))


def test_links_lead_to_the_report_and_to_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from airflow_provider.links import MLflowLink, ReportLink

    made = {
        "report": {"facts": {"page": "/runs/a b/report.html"}},
        "tracking": {"facts": {"address": "http://m/1"}},
    }
    task: Any = SimpleNamespace(made=made)
    assert ReportLink().get_link(task, ti_key=None) == "file:///runs/a%20b/report.html"  # type: ignore[arg-type]
    monkeypatch.setenv("AUTOML_PAGES_URL", "https://pages.example.org/")
    served: Any = SimpleNamespace(made=made, kept_under="/runs")
    assert ReportLink().get_link(served, ti_key=None) == "https://pages.example.org/a%20b/report.html"  # type: ignore[arg-type]
    assert MLflowLink().get_link(task, ti_key=None) == "http://m/1"  # type: ignore[arg-type]
    assert MLflowLink().get_link(SimpleNamespace(made={}), ti_key=None) == ""  # type: ignore[arg-type]


def test_a_users_mistake_is_not_retried_and_its_cause_is_told(
    dag: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from airflow_provider import ValidateDataOperator

    (tmp_path / "t.csv").write_text("y\n1\n2\n")
    ValidateDataOperator(
        task_id="v", training_data=f"{tmp_path}/t.csv", task="regression", target_column_name="z", retries=5
    )
    done = run(dag)
    assert done.states == {"v": "failed"}
    assert done.tasks["v"].try_number == 1
    assert "no column 'z'" in capfd.readouterr().out


def test_a_root_with_credentials_is_refused(dag: Any, tmp_path: Path) -> None:
    from airflow_provider import FeaturizeDataOperator

    FeaturizeDataOperator(task_id="f", checked_data="/x", root="{{ 's3://key:secret@bucket/automl' }}")
    assert run(dag).states == {"f": "failed"}


def test_a_timeout_ends_all_children_and_a_retry_goes_on(
    dag: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import parts

    from airflow_provider import ComponentOperator

    ComponentOperator(
        task_id="obey", component=parts.obey, root=str(tmp_path),
        settings={"wish": {"what": "{{ 'sleep' if ti.try_number == 1 else 'write' }}"}},
        execution_timeout=timedelta(seconds=parts.time_to_begin(tmp_path)), retries=1, retry_delay=timedelta(0),
    )  # fmt: skip
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    done = run(dag)
    told = capfd.readouterr().out
    assert "asleep" in told
    assert "I go on with what was begun" in told
    assert done.states == {"obey": "success"}
    assert done.tasks["obey"].try_number == 2
    assert [p for p in psutil.Process().children(recursive=True) if p.pid not in before] == []


def test_a_store_connection_brings_root_and_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider.hooks import StoreHook, tracking_environment
    from automl_components.core.errors import SettingsError

    def connection(name: str, **values: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(values))

    extra = {"storage_options": {"endpoint_url": "https://store"}}
    connection(
        "own", conn_type="automl_store", host="s3://bucket/automl", login="k", password="s", extra=extra
    )
    assert StoreHook("own").root == "s3://bucket/automl"
    assert StoreHook("own").storage_options() == {
        "s3": {"key": "k", "secret": "s", "endpoint_url": "https://store"}
    }
    assert StoreHook("own").storage_options("/local") == {}
    connection("amazon", conn_type="aws", login="k", password="s", extra={"region_name": "eu-west-1"})
    assert StoreHook("amazon").storage_options("s3://b/x") == {
        "s3": {"key": "k", "secret": "s", "client_kwargs": {"region_name": "eu-west-1"}}
    }
    connection(
        "google", conn_type="google_cloud_platform", extra={"keyfile_dict": '{"a": 1}', "project": "p"}
    )
    assert StoreHook("google").storage_options("gs://b") == {"gs": {"token": {"a": 1}, "project": "p"}}
    connection("azure", conn_type="wasb", login="account", password="key")
    assert StoreHook("azure").storage_options("abfss://box@a.dfs.core.windows.net/x") == {
        "abfss": {"account_name": "account", "account_key": "key"}
    }
    connection("mail", conn_type="smtp", host="x")
    with pytest.raises(SettingsError, match="connection 'mail' is of the type 'smtp'"):
        StoreHook("mail").storage_options("s3://b")
    connection("mlflow", conn_type="http", host="https://mlflow", login="me", password="pw")
    assert tracking_environment("mlflow") == {
        "MLFLOW_TRACKING_URI": "https://mlflow", "MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "pw",
    }  # fmt: skip


@pytest.fixture
def ftp_store(tmp_path: Path) -> Iterator[str]:
    """The address of a store that wants user ``me`` and password ``s3cret-word``."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import ThreadedFTPServer

    (tmp_path / "ftp").mkdir()
    authorizer = DummyAuthorizer()
    authorizer.add_user("me", "s3cret-word", str(tmp_path / "ftp"), perm="elradfmwMT")
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer})
    server = ThreadedFTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"ftp://127.0.0.1:{server.address[1]}/automl"
    server.close_all()
    thread.join(5)


@pytest.mark.parametrize(
    ("password", "state"), [("s3cret-word", "success"), ("not-the-s3cret", "failed")], ids=["right", "wrong"]
)
def test_artifacts_in_a_store_with_credentials_from_a_connection(
    dag: Any, ftp_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    password: str, state: str,
) -> None:  # fmt: skip
    import parts

    from airflow_provider import ComponentOperator

    store = {"conn_type": "automl_store", "host": ftp_store, "login": "me", "password": password}
    monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps(store))
    ComponentOperator(
        task_id="obey", component=parts.obey, store_conn_id="store", environment={"WORDS": "hello"}
    )
    done = run(dag)
    told = capfd.readouterr().out
    assert done.states == {"obey": state}
    assert "s3cret" not in told
    if state == "success":
        path = xcom(done, "obey", "note")["path"]
        assert path.startswith(f"{ftp_store}/{dag.dag_id}/manual__")
        place = tmp_path / "ftp" / path.split("/", 3)[3]
        assert (place / "note.txt").read_text() == "hello"
    else:
        assert "530 Authentication failed" in told  # the cause is in the log


def test_names_of_runs_are_folders_in_every_store() -> None:
    from airflow_provider.work import folder_name

    assert folder_name("manual__2026-01-31T12:00:00+00:00") == "manual__2026-01-31T12-00-00-00-00"
    assert folder_name("mine") == "mine"
    odd = {folder_name("a/b"), folder_name("a?b"), folder_name("a b"), folder_name("a-b")}
    assert len(odd) == 4
    assert not any(set(name) & set("/?* ") for name in odd)
