"""The whole line on real data: every part that a run leaves, repeatability, resuming, remote folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from penguins import job_mapping, table, write_job

from automl_components import automl
from automl_components.core import storage
from automl_components.core.component import Component
from automl_components.core.errors import GateError, SettingsError, TrackingError
from automl_components.job import Job
from automl_components.pipeline import LINE, edges
from automl_components.run import Run

AUTOML = str(Path(sys.executable).with_name("automl"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One finished run, with its own MLflow database."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        yield Job.from_mapping(job_mapping()).run(folder / "run")


def test_a_run_leaves_every_artifact_complete(finished: Run) -> None:
    for stage in LINE:
        for name in stage.outputs:
            marker = storage.read_marker(storage.join(finished.folder, name))
            assert marker is not None, name
            assert storage.is_intact(storage.join(finished.folder, name), marker)
            assert marker.component == stage.name
            assert "scikit-learn" in marker.libraries


def test_the_leaderboard_is_ordered_and_holds_the_ensembles(finished: Run) -> None:
    board = finished.leaderboard
    scores = board["log_loss"].to_numpy()
    kind, members = finished.ensemble["kind"], finished.ensemble["members"]
    assert board["trial"].iloc[0] == (str(members[0]) if kind == "trial" else kind)  # the model
    assert (np.diff(scores[1:]) >= 0).all()  # log loss: less is better
    assert {"voting_ensemble", "stack_ensemble"} <= set(board["trial"])
    assert set(board["trial"]) - {"voting_ensemble", "stack_ensemble"} == {str(n) for n in range(1, 7)}
    assert finished.ensemble["score"] in board["log_loss"].to_numpy()
    assert set(finished.choices) >= {"vote", "refit"}
    assert finished.ensemble["choices"]["refit"]["again"] == []
    assert finished.ensemble["refit_s"] == 0  # the learners of the folds are the model
    assert not [column for column in board if "second" in column or "time" in column]


def test_the_test_run_has_metrics_under_azures_names(finished: Run) -> None:
    metrics = finished.metrics
    assert metrics["AUC_weighted"] > 0.95
    assert {"accuracy", "f1_score_macro", "log_loss", "matthews_correlation", "norm_macro_recall"} <= set(
        metrics
    )
    charts = json.loads((finished.path("test_report") / "charts.json").read_text())
    assert "confusion_matrix" in charts
    predictions = finished.predictions
    assert len(predictions) == 69  # a fifth of 344
    hits = (predictions["prediction"] == predictions["species"]).mean()
    assert hits == pytest.approx(metrics["accuracy"], abs=1e-12)


def test_findings_name_the_missing_values(finished: Run) -> None:
    found = finished.guardrails.set_index("code")
    missing = found[found["summary"].str.contains("missing")]
    assert (missing["status"] == "Done").any()


def test_the_report_page_tells_of_the_run_and_lies_with_it_in_mlflow(
    finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    page = Path(finished.report).read_text(encoding="utf-8")
    assert "predicting <q>species</q>" in page
    for text in (
        "Chinstrap",
        "flipper_length_mm",
        "Missing feature values imputation",
        "penguins.csv",
        "VotingEnsemble",
    ):
        assert text in page, text
    assert str(Path(finished.folder).parent) not in page
    assert len(page.encode()) < 300_000
    facts = finished.registration
    monkeypatch.setenv("MLFLOW_TRACKING_URI", facts["tracking_uri"])
    kept = mlflow.MlflowClient().list_artifacts(facts["run_id"], "report")
    assert "report/index.html" in [file.path for file in kept]


def test_the_model_is_registered_with_its_run(finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    facts = finished.registration
    monkeypatch.setenv("MLFLOW_TRACKING_URI", facts["tracking_uri"])
    loaded = mlflow.pyfunc.load_model(f"models:/{facts['model_name']}/{facts['version']}")
    rows = table().drop(columns="species").head(20)
    assert list(loaded.predict(rows)) == list(finished.predict(rows)["prediction"])
    client = mlflow.MlflowClient()
    parent = client.get_run(facts["run_id"])
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    )
    assert len(children) == 8  # six trials, two ensembles


def test_nothing_is_done_twice(finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{Path(finished.folder).parent}/mlflow.db")
    stamps = {stage.name: read_stamps(finished, stage) for stage in LINE if not stage.external}
    registered = finished.registration
    Job.from_mapping(job_mapping()).run(finished.folder)
    assert {stage.name: read_stamps(finished, stage) for stage in LINE if not stage.external} == stamps
    assert finished.registration["version"] == registered["version"]  # the same model is one version
    assert finished.registration["run_id"] == registered["run_id"]


def read_stamps(run: Run, stage: Component) -> list[int]:
    return [(Path(run.folder) / name / "_artifact.json").stat().st_mtime_ns for name in stage.outputs]


def test_one_process_a_stage_gives_the_same_run(finished: Run, tmp_path: Path) -> None:
    job, run = write_job(tmp_path / "job.yml"), tmp_path / "run"
    given, made = {"training_data": job_mapping()["training_data"]}, set()
    for stage in LINE:
        if stage.name in ("log_run", "register_model"):
            continue
        command = [AUTOML, "component", stage.name, "--settings", str(job)]
        for name in stage.inputs:
            if name in made:
                command += ["--input", f"{name}={run / name}"]
            elif name in given:
                command += ["--input", f"{name}={given[name]}"]
        for name in stage.outputs:
            command += ["--output", f"{name}={run / name}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        made |= set(stage.outputs)
    other = Run(run)
    pd.testing.assert_frame_equal(other.leaderboard, finished.leaderboard)
    pd.testing.assert_frame_equal(other.predictions, finished.predictions)


def test_workers_do_not_change_the_result(finished: Run, tmp_path: Path, mlflow_server: str) -> None:
    limits = {"max_trials": 6, "max_cores_per_trial": 1, "max_concurrent_trials": 2}
    job = Job.from_mapping(job_mapping(limits=limits, registration={"enabled": False}))
    run = job.run(tmp_path / "run")
    pd.testing.assert_frame_equal(run.leaderboard, finished.leaderboard)
    pd.testing.assert_frame_equal(run.predictions, finished.predictions)
    assert not run.has("registration")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_goes_on(
    finished: Run, tmp_path: Path, mlflow_server: str, how: signal.Signals
) -> None:
    write_job(tmp_path / "job.yml")
    command = [AUTOML, "run", "job.yml", "--output", "run"]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if "trial 3" in line:
                break
        os.kill(child.pid, how)
        rest = child.stderr.read()
        code = child.wait(timeout=30)
    if how is signal.SIGINT:
        assert code == 130
        assert "Traceback" not in rest
        assert "interrupted" in rest
    journal = tmp_path / "run" / ".trials.draft" / "journal.jsonl"
    before = journal.read_text().splitlines()
    assert 3 <= len(before) < 6
    again = [AUTOML, "run", "--resume", "--output", "run"]
    done = subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = Run(tmp_path / "run")
    kept = (tmp_path / "run" / "trials" / "journal.jsonl").read_text().splitlines()
    assert kept[: len(before)] == before  # not trained again
    pd.testing.assert_frame_equal(run.leaderboard, finished.leaderboard)
    pd.testing.assert_frame_equal(run.predictions, finished.predictions)


def test_a_higher_limit_goes_on_with_the_finished_trials(
    finished: Run, tmp_path: Path, mlflow_server: str
) -> None:
    fewer = Job.from_mapping(job_mapping(limits={"max_trials": 3, "max_cores_per_trial": 1}))
    fewer.run(tmp_path / "run")
    before = (tmp_path / "run" / "trials" / "journal.jsonl").read_text().splitlines()
    run = Job.from_mapping(job_mapping()).run(tmp_path / "run")
    kept = (tmp_path / "run" / "trials" / "journal.jsonl").read_text().splitlines()
    assert len(before) == 3
    assert kept[:3] == before  # not trained again
    pd.testing.assert_frame_equal(run.leaderboard, finished.leaderboard)
    pd.testing.assert_frame_equal(run.predictions, finished.predictions)


def test_any_trial_can_be_made_tested_and_registered(
    finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(shutil.copytree(finished.folder, tmp_path / "run"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{Path(finished.folder).parent}/mlflow.db")
    tested = run.test(trial=3, output=tmp_path / "tested")
    metrics = json.loads((tested["test_report"].local / "metrics.json").read_text())
    assert metrics["log_loss"] != run.metrics["log_loss"]
    facts = run.register(metric="accuracy", model_name="most-accurate", aliases=["candidate"])
    assert facts["model_name"] == "most-accurate"
    assert facts["aliases"] == ["candidate"]
    best = run.leaderboard[~run.leaderboard["trial"].str.contains("ensemble")]["accuracy"].max()
    row = run.leaderboard.set_index("trial").loc[facts["trial"]]
    assert row["accuracy"] == best
    with pytest.raises(SettingsError, match="no completed trial 99"):
        run.model(trial=99)


def test_the_gate_refuses_and_changes_nothing(finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    uri = f"sqlite:///{Path(finished.folder).parent}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(GateError, match="accuracy"):
        finished.register(model_name="gated", gate={"accuracy": 1.01})
    client = mlflow.MlflowClient(uri, uri)
    assert not client.search_model_versions("name = 'gated'")


def test_an_unreachable_server_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    job = Job.from_mapping(job_mapping(limits={"max_trials": 1}, registration={"enabled": False}))
    started = time.monotonic()
    with pytest.raises(TrackingError, match="automl log"):
        job.run(tmp_path / "run")
    assert time.monotonic() - started < 60
    run = Run(tmp_path / "run")
    assert run.metrics["accuracy"] > 0.5
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    facts = run.log()
    assert len(facts["trials"]) >= 1


def test_regression_from_a_frame_with_validation_and_test_tables(tmp_path: Path, mlflow_server: str) -> None:
    frame = table().dropna(subset=["body_mass_g"]).reset_index(drop=True)
    parts = [frame.iloc[::5], frame.iloc[1::5], frame.iloc[2::5].drop(columns="body_mass_g")]
    train = pd.concat([frame.iloc[3::5], frame.iloc[4::5]])
    job = automl.regression(
        training_data=train, validation_data=parts[0], test_data=parts[2], target_column_name="body_mass_g",
        primary_metric="r2_score", name="mass",
    )  # fmt: skip
    job.set_limits(max_trials=3)
    job.set_training(allowed_training_algorithms=["elastic_net", "light_gbm", "decision_tree"])
    run = job.run(tmp_path / "mass")
    assert run.ensemble["score"] > 0.6
    assert not (run.path("test_report") / "metrics.json").exists()  # no target: predictions only
    assert len(run.predictions) == len(parts[2])
    assert run.predictions["prediction"].between(2000, 7000).all()


def test_a_run_in_object_storage(finished: Run, tmp_path: Path, mlflow_server: str) -> None:
    import fsspec

    fs = fsspec.filesystem("memory")
    fs.put(job_mapping()["training_data"], "/in/penguins.csv")
    job = Job.from_mapping(job_mapping(training_data="memory://in/penguins.csv"))
    run = job.run("memory://runs/penguins")
    pd.testing.assert_frame_equal(run.leaderboard, finished.leaderboard)
    pd.testing.assert_frame_equal(run.predictions, finished.predictions)
    assert fs.exists("/runs/penguins/best_model/MLmodel")
    facts = run.register(trial=2, model_name="second", gate={"accuracy": 0.5})
    assert (facts["model_name"], facts["trial"]) == ("second", "2")
    assert fs.exists("/runs/penguins/models/trial_2/registration/registration.json")


def test_environment_variables_are_set_but_not_kept(tmp_path: Path, mlflow_server: str) -> None:
    job = Job.from_mapping(
        job_mapping(environment_variables={"MLFLOW_EXPERIMENT_NAME": "hidden"}, experiment_name=None)
        | {"limits": {"max_trials": 1}, "registration": {"enabled": False}}
    )
    run = job.run(tmp_path / "run")
    assert "hidden" not in (tmp_path / "run" / "job.yml").read_text()
    facts = json.loads((run.path("tracking") / "tracking.json").read_text())
    assert facts["experiment_name"] == "hidden"
    assert "MLFLOW_EXPERIMENT_NAME" not in os.environ


def test_every_input_of_the_line_is_made_before_it_is_used() -> None:
    wired = list(edges())
    given = {name for producer, name, _ in wired if not producer}
    assert given == {"training_data", "validation_data", "test_data"}
