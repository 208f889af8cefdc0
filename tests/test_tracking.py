"""Logging and registering against a real MLflow server on SQLite."""

from __future__ import annotations

import errno
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from yes_no import make_model, make_regression, table

from automl_components import flavor, tracking
from automl_components.core.artifacts import MARKER
from automl_components.core.errors import DataError, GateError, SettingsError, TrackingError
from automl_components.core.settings import Bounds
from automl_components.tracking import Candidate, Child, FinishedRun, Gate, records
from automl_components.tracking.gate import Check, check, verdict

GONE = "http://127.0.0.1:9"


def candidate(models: dict[str, Path], name: str, **changes: object) -> Candidate:
    return Candidate(
        **{"folder": models[name], "digest": f"digest-of-{name}", "task": "classification", **changes}
    )


def duel_gate(**changes: object) -> Gate:
    facts = {
        "champion_alias": "champion",
        "metric": "AUC_weighted",
        "target": "y",
        "rows": lambda: table(60, seed=1),
    }
    return Gate(**{**facts, **changes})


def finished(models: dict[str, Path], **changes: object) -> FinishedRun:
    children = [
        Child("1", "trial 1: DecisionTree", seconds=2.0,
              params={"max_depth": 3, "nested": {"a": None, "b": [1]}},
              metrics={"accuracy": 0.9, "AUC_weighted": float("nan"), "fold_score": [0.8, None, 1.0]}),
        Child("2", "trial 2: kNN", "Failed", 1.0,
              tags={"automl.error": {"type": "ValueError", "message": "k" * 9000}}),
        Child("3", "trial 3: SVM", "TimedOut", 5.0),
        Child("voting_ensemble", "VotingEnsemble", metrics={"accuracy": 0.95}),
    ]  # fmt: skip
    facts = {
        "name": "bank", "digest": "abc", "ended": 1_700_000_000.5,
        "children": children, "best": "voting_ensemble",
        "model": models["good"], "model_digest": "digest-of-good", "description": "a first run",
        "params": {"seed": 3, "limits": {"max_trials": 4}},
        "metrics": {"best_score": 0.95, "test_accuracy": 0.9}, "tags": {"team": "risk"},
    }  # fmt: skip
    return FinishedRun(**{**facts, **changes})


# ------------------------------------------------------------------------------------------------ logging


def test_parent_run_holds_settings_scores_artifacts_and_the_model(
    mlflow_server: str, models: dict[str, Path], tmp_path: Path
) -> None:
    report = tmp_path / "test_report"
    report.mkdir()
    (report / "metrics.json").write_text("{}")
    (tmp_path / "search.json").write_text("{}")
    artifacts = [("test_report", report), ("trials", tmp_path / "search.json")]
    made = tracking.log_run(finished(models, artifacts=artifacts), "risk/churn")

    run = MlflowClient().get_run(made["run_id"])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "bank"
    assert (run.info.start_time, run.info.end_time) == (1_699_999_992_500, 1_700_000_000_500)
    assert run.data.params == {"seed": "3", "limits.max_trials": "4"}
    assert run.data.metrics == {"best_score": 0.95, "test_accuracy": 0.9}
    assert run.data.tags["automl_best_child_run_id"] == made["trials"]["voting_ensemble"]
    assert run.data.tags["team"] == "risk"
    assert run.data.tags["mlflow.note.content"] == "a first run"
    assert made["tracking_uri"] == mlflow_server
    assert made["experiment_name"] == "risk/churn"
    assert made["address"] is None
    listed = {
        f.path
        for place in ("test_report", "trials")
        for f in MlflowClient().list_artifacts(made["run_id"], place)
    }
    assert listed == {"test_report/metrics.json", "trials/search.json"}
    logged = MlflowClient().get_logged_model(made["model_uri"].removeprefix("models:/"))
    assert logged.source_run_id == made["run_id"]
    assert {metric.key: metric.value for metric in logged.metrics} == run.data.metrics
    assert [output.model_id for output in run.outputs.model_outputs] == [logged.model_id]


def test_each_trial_is_a_nested_run_and_a_failure_keeps_its_error(
    mlflow_server: str, models: dict[str, Path]
) -> None:
    made = tracking.log_run(finished(models))
    client = MlflowClient()
    runs = {key: client.get_run(run_id) for key, run_id in made["trials"].items()}
    assert list(runs) == ["1", "2", "3", "voting_ensemble"]
    assert {key: run.info.status for key, run in runs.items()} == {
        "1": "FINISHED", "2": "FAILED", "3": "KILLED", "voting_ensemble": "FINISHED",
    }  # fmt: skip
    assert all(run.data.tags["mlflow.parentRunId"] == made["run_id"] for run in runs.values())
    assert runs["1"].data.params == {"max_depth": "3", "nested.b": "[1]"}
    assert runs["1"].data.metrics == {"accuracy": 0.9, "fold_score": 1.0}  # nothing undefined
    history = client.get_metric_history(made["trials"]["1"], "fold_score")
    assert [(point.step, point.value) for point in history] == [(0, 0.8), (2, 1.0)]
    assert runs["2"].data.tags["automl.error.type"] == "ValueError"
    assert len(runs["2"].data.tags["automl.error.message"]) == 8000
    assert runs["3"].data.tags["automl.status"] == "TimedOut"
    assert [run.info.end_time - run.info.start_time for run in runs.values()] == [2000, 1000, 5000, 0]


def test_logging_again_adds_nothing(mlflow_server: str, models: dict[str, Path]) -> None:
    first = tracking.log_run(finished(models))
    assert tracking.log_run(finished(models, metrics={"test_accuracy": 0.9, "test_r": 1.0})) == first
    client = MlflowClient()
    runs = client.search_runs([first["experiment_id"]])
    assert len(runs) == 5
    assert len(client.search_logged_models([first["experiment_id"]])) == 1
    parent = client.get_run(first["run_id"])
    assert parent.data.metrics == {"best_score": 0.95, "test_accuracy": 0.9, "test_r": 1.0}
    assert len(client.get_metric_history(first["run_id"], "test_accuracy")) == 1
    assert len(parent.outputs.model_outputs) == 1


def test_another_run_is_another_run(mlflow_server: str, models: dict[str, Path]) -> None:
    first, second = tracking.log_run(finished(models)), tracking.log_run(finished(models, digest="def"))
    assert first["run_id"] != second["run_id"]
    assert not set(first["trials"].values()) & set(second["trials"].values())


def test_an_interrupted_attempt_is_completed(
    mlflow_server: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes away after the second trial has begun; the retry finishes the same runs."""
    calls = []
    real = MlflowClient.log_batch

    def failing(self: MlflowClient, run_id: str, *args: object, **kwargs: object) -> None:
        calls.append(run_id)
        if len(calls) == 2:
            raise ConnectionError("the server went away")
        real(self, run_id, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", failing)
        with pytest.raises(TrackingError, match=r"went away.*automl log RUN_FOLDER"):
            tracking.log_run(finished(models))
    made = tracking.log_run(finished(models))
    runs = MlflowClient().search_runs([made["experiment_id"]])
    assert len(runs) == 5
    assert made["trials"]["2"] == calls[1]
    assert {run.info.status for run in runs} == {"FINISHED", "FAILED", "KILLED"}


def test_the_model_is_logged_as_it_is(mlflow_server: str, models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["good"], folder, ignore=shutil.ignore_patterns("__pycache__"))
    files = {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
    (folder / MARKER).write_text("{}")
    made = tracking.log_run(finished(models, model=folder))
    copy = Path(mlflow.artifacts.download_artifacts(made["model_uri"], dst_path=str(tmp_path / "copy")))
    copied = {p.relative_to(copy) for p in copy.rglob("*") if p.is_file()}
    assert copied - {Path("registered_model_meta")} == files  # MLflow adds that one when it downloads
    for name in files - {Path("MLmodel")}:
        assert (copy / name).read_bytes() == (folder / name).read_bytes(), name
    loaded = mlflow.pyfunc.load_model(made["model_uri"])
    assert (loaded.metadata.model_id, loaded.metadata.run_id) == (made["model_uri"][8:], made["run_id"])
    rows = table(20, seed=5)
    assert list(loaded.predict(rows)) == list(flavor.load_model(folder).predict(rows))


def test_an_ordinary_trial_is_one_batch(
    mlflow_server: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []
    real = MlflowClient.log_batch

    def counted(self: MlflowClient, run_id: str, *args: object, **kwargs: object) -> None:
        batches.append(run_id)
        real(self, run_id, *args, **kwargs)

    monkeypatch.setattr(MlflowClient, "log_batch", counted)
    wide = {f"value_{i}": i / 9 for i in range(40)}
    children = [Child(str(n), f"trial {n}", params=wide, metrics=wide, tags=wide) for n in (1, 2)]
    made = tracking.log_run(finished(models, children=children, best="1"))
    assert batches == [*made["trials"].values(), made["run_id"]]


def test_more_than_a_batch_holds(mlflow_server: str, models: dict[str, Path]) -> None:
    child = Child(
        "1", "wide", params={f"p{i}": "v" * 7000 for i in range(230)}, tags={f"t{i}": i for i in range(230)},
        metrics={f"m{i}": i for i in range(2500)},
    )  # fmt: skip
    made = tracking.log_run(finished(models, children=[child], best="1"))
    run = MlflowClient().get_run(made["trials"]["1"])
    assert len(run.data.params) == 230
    assert {len(value) for value in run.data.params.values()} == {6000}
    assert run.data.metrics == {f"m{i}": i for i in range(2500)}
    assert sum(key.startswith("t") for key in run.data.tags) == 230


def test_keys_that_mlflow_refuses_are_spelled_otherwise(mlflow_server: str, models: dict[str, Path]) -> None:
    names = ["a<b", "a>b", "größe", "..", "x" * 400, "my.metrics:cost", "/etc/x"]
    child = Child(
        "1",
        "odd",
        params=dict.fromkeys(names, 1),
        metrics=dict.fromkeys(names, 1.0),
        tags=dict.fromkeys(names),
    )
    made = tracking.log_run(finished(models, children=[child], best="1"))
    run = MlflowClient().get_run(made["trials"]["1"])
    assert set(run.data.params) == {"a_b", "a_b_2", "gr__e", "_", "x" * 250, "my.metrics_cost", "_etc_x"}
    assert set(run.data.metrics) == set(run.data.params)


def test_a_deleted_experiment_is_named(mlflow_server: str, models: dict[str, Path]) -> None:
    made = tracking.log_run(finished(models), "old")
    MlflowClient().delete_experiment(made["experiment_id"])
    with pytest.raises(SettingsError, match=r"'old' was deleted.*restore --experiment-id"):
        tracking.log_run(finished(models), "old")


def test_the_experiment_may_come_from_the_environment(
    mlflow_server: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tracking.log_run(finished(models))["experiment_name"] == "Default"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from outside")
    assert tracking.log_run(finished(models))["experiment_name"] == "from outside"


# ------------------------------------------------------------------------------------ unreachable servers


@pytest.mark.parametrize(
    "uri",
    [
        GONE,
        "http://ann:secret@127.0.0.1:9",
        "postgresql://ann:secret@127.0.0.1:9/mlflow",
        "mysql://ann:secret@127.0.0.1:9/m",
    ],
)
def test_an_unreachable_server_fails_within_seconds(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    started = time.perf_counter()
    with pytest.raises(TrackingError, match=r"kept on disk.*automl log RUN_FOLDER") as caught:
        tracking.log_run(finished(models))
    assert time.perf_counter() - started < 15
    assert "127.0.0.1:9" in str(caught.value)
    assert f"could not reach it ([Errno {errno.ECONNREFUSED}] Connection refused)." in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "ann" not in str(caught.value)
    assert caught.value.__suppress_context__  # a traceback would show the password


def test_registering_without_a_server_says_what_to_do(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", GONE)
    with pytest.raises(TrackingError, match="start register_model again"):
        tracking.register(candidate(models, "good"), "bank")


def test_the_file_store_is_refused_with_mlflows_reason(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{tmp_path}/mlruns")
    with pytest.raises(TrackingError, match="filesystem tracking backend"):
        tracking.client()


def test_the_patience_of_other_code_is_left_alone(
    mlflow_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(os.environ)
    tracking.client()
    assert dict(os.environ) == before


class _Deaf(http.server.BaseHTTPRequestHandler):
    """A server that answers everything with an error, and tells where it is asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b"broken at http://ann:secret@inside/?token=hidden")

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        pass


def test_a_broken_server_is_given_up_and_its_words_are_cleaned(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Deaf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
    try:
        with pytest.raises(TrackingError) as caught:
            tracking.client()
    finally:
        server.shutdown()
        server.server_close()
    assert _Deaf.asked
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)


SERVER = """
from mlflow.server import app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def web_server(mlflow_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real MLflow server behind HTTP, in its own process, at an address with a password."""
    settings = {
        "_MLFLOW_SERVER_FILE_STORE": mlflow_server, "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(tmp_path / "artifacts"),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], env={**os.environ, **settings}, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        uri = f"http://ann:secret@127.0.0.1:{int(process.stdout.readline())}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        yield uri
        process.kill()


def test_a_web_server_gets_the_same_and_no_secret_is_shown(
    web_server: str, models: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    made = tracking.log_run(finished(models))
    assert tracking.log_run(finished(models)) == made
    gate = duel_gate()
    first = tracking.register(candidate(models, "poor"), "bank", gate=gate)
    second = tracking.register(candidate(models, "good", logged=made), "bank", gate=gate)
    with pytest.raises(GateError) as refused:
        tracking.register(candidate(models, "poor", digest="again"), "bank", gate=gate)
    shown = str([made, first, second, refused.value, *capfd.readouterr()])
    assert "secret" not in shown
    assert "ann" not in shown
    plain = web_server.replace("ann:secret@", "")
    assert made["address"] == f"{plain}/#/experiments/0/runs/{made['run_id']}"
    assert second["address"] == f"{plain}/#/models/bank/versions/2"
    assert second["source"] == made["model_uri"]
    client = MlflowClient()
    assert len(client.search_runs(["0"])) == 5
    assert client.get_registered_model("bank").aliases in ({"champion": 2}, {"champion": "2"})
    assert len(mlflow.pyfunc.load_model("models:/bank@champion").predict(table(5))) == 5


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("http://a:b@h/x", "http://***@h/x"),
        ("(http://a:b@c@h:1/x?k=v)", "(http://***@h:1/x?k=***)"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
        ("mail ann@example.org", "mail ann@example.org"),
    ],
)
def test_addresses_lose_their_secrets(text: str, cleaned: str) -> None:
    assert tracking.clean(text) == cleaned


def test_the_address_of_a_page_needs_a_web_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ann:secret@ml.example.org/")
    assert tracking.connection.page("experiments", "1") == "https://ml.example.org/#/experiments/1"


# ------------------------------------------------------------------------------------------- registering


def test_a_model_is_registered_with_its_run(mlflow_server: str, models: dict[str, Path]) -> None:
    logged = tracking.log_run(finished(models))
    made = tracking.register(
        candidate(models, "good", logged=logged), "bank", description="the first", tags={"team": "risk"},
        aliases=("prod", "eu"),
    )  # fmt: skip
    version = MlflowClient().get_model_version("bank", "1")
    assert made == {
        "model_name": "bank", "version": "1", "aliases": ["eu", "prod"], "model_uri": "models:/bank/1",
        "source": logged["model_uri"], "run_id": logged["run_id"],
        "tracking_uri": mlflow_server, "address": None,
        "gate": {"thresholds": [], "champion": None, "passed": True},
    }  # fmt: skip
    assert (version.run_id, version.source) == (logged["run_id"], logged["model_uri"])
    assert version.description == "the first"
    assert version.tags == {"team": "risk", "automl.digest": "digest-of-good"}
    assert sorted(version.aliases) == ["eu", "prod"]
    rows = table(10)
    assert len(mlflow.pyfunc.load_model("models:/bank@prod").predict(rows)) == 10
    assert len(MlflowClient().search_logged_models([logged["experiment_id"]])) == 1


def test_a_model_without_a_run_is_registered_too(mlflow_server: str, models: dict[str, Path]) -> None:
    made = tracking.register(candidate(models, "good", experiment_name="shelf"), "bank")
    logged = MlflowClient().get_logged_model(made["source"].removeprefix("models:/"))
    assert MlflowClient().get_experiment(logged.experiment_id).name == "shelf"
    assert made["run_id"] is None
    assert len(mlflow.pyfunc.load_model("models:/bank/1").predict(table(4))) == 4


def test_another_model_of_a_run_is_logged_beside_it(mlflow_server: str, models: dict[str, Path]) -> None:
    logged = tracking.log_run(finished(models))
    made = tracking.register(candidate(models, "poor", logged=logged), "bank")
    assert made["run_id"] == logged["run_id"]
    assert made["source"] != logged["model_uri"]
    model = mlflow.pyfunc.load_model("models:/bank/1")
    assert list(model.predict(table(30))) == list(flavor.load_model(models["poor"]).predict(table(30)))


def test_the_same_model_is_registered_once(mlflow_server: str, models: dict[str, Path]) -> None:
    first = tracking.register(candidate(models, "good"), "bank", tags={"a": "1"})
    again = tracking.register(candidate(models, "good"), "bank", tags={"a": "2"}, aliases=("prod",))
    other = tracking.register(candidate(models, "poor"), "bank")
    assert (first["version"], again["version"], other["version"]) == ("1", "1", "2")
    version = MlflowClient().get_model_version("bank", "1")
    assert (version.tags["a"], version.aliases) == ("2", ["prod"])


@pytest.mark.parametrize("name", ["a/b", "a:b", " ", "..", "it's", "n" * 251])
def test_bad_names_are_refused_first(mlflow_server: str, models: dict[str, Path], name: str) -> None:
    with pytest.raises(SettingsError, match=r"registration\.model_name: found"):
        tracking.register(candidate(models, "good"), name)
    with pytest.raises(SettingsError, match=r"registration\.tags: found 'a<b'"):
        tracking.register(candidate(models, "good"), "bank", tags={"a<b": "1"})
    nothing_changed()


def nothing_changed() -> None:
    client = MlflowClient()
    assert client.search_registered_models() == []
    assert client.search_logged_models(["0"]) == []


def test_a_run_on_another_server_is_refused(mlflow_server: str, models: dict[str, Path]) -> None:
    logged = {**tracking.log_run(finished(models)), "tracking_uri": "http://elsewhere"}
    with pytest.raises(SettingsError, match=r"logged to http://elsewhere, but MLFLOW_TRACKING_URI now"):
        tracking.register(candidate(models, "good", logged=logged), "bank")
    assert MlflowClient().search_registered_models() == []


# ---------------------------------------------------------------------------------------------- the gate


def test_bounds_know_the_direction_of_a_metric() -> None:
    metrics = {"accuracy": 0.9, "log_loss": 0.3}
    bounds = {"Accuracy": 0.9, "log_loss": 0.3}
    assert check(metrics, bounds, "classification") == [
        Check("accuracy", 0.9, 0.9, None), Check("log_loss", 0.3, None, 0.3),
    ]  # fmt: skip
    assert all(one.passed for one in check(metrics, bounds, "classification"))
    worse = check({"accuracy": 0.89, "log_loss": 0.31}, bounds, "classification")
    assert not any(one.passed for one in worse)
    both = check(metrics, {"accuracy": Bounds(min=0.5, max=0.8)}, "classification")
    with pytest.raises(
        GateError, match=r"accuracy is 0\.9 on the test data, must be at least 0\.5 and at most 0\.8"
    ):
        verdict(both, None)


def test_a_gate_on_an_unknown_or_foreign_metric_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match=r"'acuracy'.*did you mean 'accuracy'"):
        check({}, {"acuracy": 0.5}, "classification")
    with pytest.raises(SettingsError, match="'r2_score' is for regression"):
        check({}, {"r2_score": 0.5}, "classification")


def test_an_undefined_metric_does_not_pass() -> None:
    with pytest.raises(GateError, match="AUC_weighted is undefined"):
        verdict(check({"accuracy": 1.0}, {"AUC_weighted": 0.5}, "classification"), None)


def test_a_gate_passes_and_refuses_by_the_test_run(mlflow_server: str, models: dict[str, Path]) -> None:
    bounds = {"accuracy": 0.8, "log_loss": 0.5}
    with pytest.raises(GateError) as caught:
        tracking.register(
            candidate(models, "good"),
            "bank",
            gate=Gate(bounds, {"accuracy": 0.7, "log_loss": 0.6}),
            aliases=("prod",),
        )
    assert str(caught.value) == (
        "the gate refused the model, nothing was registered: "
        "accuracy is 0.7 on the test data, must be at least 0.8; "
        "log_loss is 0.6 on the test data, must be at most 0.5"
    )
    assert caught.value.exit_code == 1
    nothing_changed()
    made = tracking.register(
        candidate(models, "good"), "bank", gate=Gate(bounds, {"accuracy": 0.9, "log_loss": 0.1})
    )
    assert made["gate"]["thresholds"] == [
        {"metric": "accuracy", "value": 0.9, "min": 0.8, "max": None},
        {"metric": "log_loss", "value": 0.1, "min": None, "max": 0.5},
    ]


def test_a_gate_without_a_test_run_is_refused(mlflow_server: str, models: dict[str, Path]) -> None:
    with pytest.raises(SettingsError, match="give test_data or test_data_size"):
        tracking.register(candidate(models, "good"), "bank", gate=Gate({"accuracy": 0.1}))
    nothing_changed()


def test_the_first_champion_needs_no_comparison(mlflow_server: str, models: dict[str, Path]) -> None:
    made = tracking.register(candidate(models, "good"), "bank", gate=duel_gate(rows=None))
    assert made["aliases"] == ["champion"]
    assert made["gate"]["champion"] is None
    again = tracking.register(candidate(models, "good"), "bank", gate=duel_gate(rows=None))
    assert again["version"] == "1", "the champion itself is not compared with itself"


def test_a_better_challenger_becomes_champion(mlflow_server: str, models: dict[str, Path]) -> None:
    tracking.register(candidate(models, "poor"), "bank", gate=duel_gate())
    made = tracking.register(candidate(models, "good"), "bank", gate=duel_gate())
    figures = made["gate"]["champion"]
    rows = table(60, seed=1)
    truth = (rows["y"] == "yes").to_numpy()
    from sklearn.metrics import roc_auc_score

    for who, name in (("challenger", "good"), ("champion", "poor")):
        proba = flavor.load_model(models[name]).predict_proba(rows)[:, 1]
        assert figures[who] == pytest.approx(roc_auc_score(truth, proba), abs=1e-12)
    assert (figures["metric"], figures["version"], figures["rows"]) == ("AUC_weighted", "1", 60)
    assert MlflowClient().get_registered_model("bank").aliases == {"champion": 2}


def test_a_worse_challenger_is_refused_with_both_figures(mlflow_server: str, models: dict[str, Path]) -> None:
    tracking.register(candidate(models, "good"), "bank", gate=duel_gate())
    before = len(MlflowClient().search_logged_models(["0"]))
    with pytest.raises(GateError, match=r"AUC_weighted is 0\.\d+ on 60 test rows, .*version 1\) is 0\.\d+"):
        tracking.register(candidate(models, "poor"), "bank", gate=duel_gate())
    assert [v.version for v in MlflowClient().search_model_versions("name = 'bank'")] in ([1], ["1"])
    assert MlflowClient().get_registered_model("bank").aliases == {"champion": 1}
    assert len(MlflowClient().search_logged_models(["0"])) == before


def test_a_tie_keeps_the_champion(mlflow_server: str, models: dict[str, Path]) -> None:
    tracking.register(candidate(models, "good"), "bank", gate=duel_gate())
    with pytest.raises(GateError, match="must beat it"):
        tracking.register(candidate(models, "good", digest="the same predictions"), "bank", gate=duel_gate())


def test_an_error_metric_is_beaten_from_below(mlflow_server: str, models: dict[str, Path]) -> None:
    gate = duel_gate(metric="log_loss")
    tracking.register(candidate(models, "good"), "bank", gate=gate)
    with pytest.raises(GateError, match="less is better"):
        tracking.register(candidate(models, "poor"), "bank", gate=gate)


def test_a_champion_without_test_rows_is_an_error(mlflow_server: str, models: dict[str, Path]) -> None:
    tracking.register(candidate(models, "good"), "bank", gate=duel_gate())
    with pytest.raises(SettingsError, match="cannot be compared without test rows"):
        tracking.register(candidate(models, "poor"), "bank", gate=duel_gate(rows=None))
    with pytest.raises(DataError, match="no column 'y'"):
        tracking.register(
            candidate(models, "poor"), "bank", gate=duel_gate(rows=lambda: table(9).drop(columns="y"))
        )


def test_models_of_different_classes_are_compared_on_all_of_them(
    mlflow_server: str, models: dict[str, Path], tmp_path: Path
) -> None:
    """The champion has never seen 'maybe': it can only be wrong there."""
    rows = table(90)
    rows.loc[rows["x"].abs() < 0.3, "y"] = "maybe"
    wide = make_model(tmp_path / "wide", "x", rows=rows)
    tracking.register(candidate(models, "good"), "bank", gate=duel_gate())
    test = rows.assign(weight=1.0)
    test.loc[0, "y"] = None
    gate = duel_gate(rows=lambda: test, metric="accuracy", weight="weight")
    made = tracking.register(candidate({"wide": wide}, "wide"), "bank", gate=gate)
    figures = made["gate"]["champion"]
    known = test["y"].notna()
    for who, folder in (("challenger", wide), ("champion", models["good"])):
        hits = flavor.load_model(folder).predict(test)[known] == test["y"][known].to_numpy()
        assert figures[who] == pytest.approx(hits.mean(), abs=1e-12)
    assert figures["rows"] == 89


def test_labels_of_another_type_are_compared_as_text(mlflow_server: str, tmp_path: Path) -> None:
    rows = table()
    numbers = rows.assign(y=(rows["y"] == "yes").astype(int))
    texts = {
        "old": make_model(tmp_path / "old", "noise", rows=numbers),
        "new": make_model(tmp_path / "new", "x", rows=numbers.assign(y=numbers["y"].astype(str))),
    }
    tracking.register(candidate(texts, "old"), "bank", gate=duel_gate())
    made = tracking.register(candidate(texts, "new"), "bank", gate=duel_gate(rows=lambda: numbers))
    assert made["gate"]["champion"]["rows"] == 120
    assert made["gate"]["champion"]["challenger"] > 0.9


def test_regressions_are_compared_by_their_errors(mlflow_server: str, tmp_path: Path) -> None:
    made = {name: make_regression(tmp_path / name, name) for name in ("x", "noise")}
    rows = table(60, seed=1).assign(y=lambda frame: frame["x"])
    gate = duel_gate(metric="mean_absolute_error", rows=lambda: rows)
    tracking.register(candidate(made, "noise", task="regression"), "bank", gate=gate)
    figures = tracking.register(candidate(made, "x", task="regression"), "bank", gate=gate)["gate"][
        "champion"
    ]
    for who, name in (("challenger", "x"), ("champion", "noise")):
        error = np.abs(flavor.load_model(made[name]).predict(rows) - rows["y"]).mean()
        assert figures[who] == pytest.approx(error, abs=1e-12)


def test_models_of_different_tasks_are_not_compared(
    mlflow_server: str, models: dict[str, Path], tmp_path: Path
) -> None:
    tracking.register(candidate(models, "good"), "bank", gate=duel_gate())
    other = {"x": make_regression(tmp_path / "x", "x")}
    gate = duel_gate(metric="r2_score")
    with pytest.raises(GateError, match="the champion's task is classification, this one's is regression"):
        tracking.register(candidate(other, "x", task="regression"), "bank", gate=gate)


@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
def test_a_champion_of_another_make_is_compared_by_its_labels(
    mlflow_server: str, models: dict[str, Path], tmp_path: Path
) -> None:
    source = tmp_path / "stranger.py"
    source.write_text(
        "import numpy as np\n"
        "class Stranger:\n"
        "    def predict(self, rows, params=None):\n"
        "        return np.where(rows['x'] > 5, 'yes', 'no')\n"
        "def _load_pyfunc(path):\n"
        "    return Stranger()\n"
    )
    folder = tmp_path / "foreign"
    mlflow.pyfunc.save_model(
        str(folder), loader_module="stranger", code_paths=[str(source)], pip_requirements=["numpy"]
    )
    client = tracking.client()
    client.create_registered_model("bank")
    client.create_model_version("bank", folder.as_uri())
    client.set_registered_model_alias("bank", "champion", "1")
    with pytest.raises(GateError, match="gives labels only, AUC_weighted needs probabilities"):
        tracking.register(candidate(models, "good"), "bank", gate=duel_gate())
    made = tracking.register(candidate(models, "good"), "bank", gate=duel_gate(metric="accuracy"))
    always_no = (table(60, seed=1)["y"] == "no").mean()
    assert made["gate"]["champion"]["champion"] == pytest.approx(always_no, abs=1e-12)
    assert made["version"] == "2"


# ---------------------------------------------------------------------------------------------- records


def test_texts_are_flat_and_short() -> None:
    values = {"a": {"b": {"c": 1.5}}, "none": None, "yes": True, "text": "x" * 20, "uri": "s3://k:s@b/x"}
    assert records.texts(values, 10) == {
        "a.b.c": "1.5",
        "yes": "true",
        "text": "x" * 9 + "…",
        "uri": "s3://***@…",
    }


def test_points_leave_out_what_is_not_finite() -> None:
    assert list(records.points({"a": 1, "b": None, "c": float("inf"), "d": [None, 2.0]})) == [
        ("a", 1.0, 0),
        ("d", 2.0, 1),
    ]


def test_a_finished_run_starts_before_its_trials(models: dict[str, Path]) -> None:
    run = finished(models)
    assert run.ended - run.started == 8.0
    assert replace(run, children=[]).started == run.ended
    assert json.dumps(run.params)


def test_two_processes_may_make_the_database_at_once(tmp_path: Path) -> None:
    """MLflow's migrations fail where they are begun twice."""
    code = "from automl_components.tracking import connection; connection.client()"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}"}
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
