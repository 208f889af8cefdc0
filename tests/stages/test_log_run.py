"""The component that logs a finished run."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient
from run_folder import CREATED, write_run

from automl_components.core.component import COMPONENTS
from automl_components.core.errors import ArtifactError, SettingsError, TrackingError
from automl_components.stages import log_run


@pytest.fixture
def run(tmp_path: Path, models: dict[str, Path]) -> dict[str, Path]:
    return write_run(tmp_path / "bank", models["good"])


def facts_of(outputs: object) -> dict:
    return json.loads((outputs.tracking.local / "tracking.json").read_text())


def test_a_run_is_logged_from_its_folders(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    made = log_run(
        **run, output=tmp_path / "out", experiment_name="churn", display_name="january", description="first",
        tags={"team": "risk"},
    )  # fmt: skip
    facts = facts_of(made)
    assert list(facts["trials"]) == ["1", "2", "3", "4", "voting_ensemble"]
    client = MlflowClient()
    parent = client.get_run(facts["run_id"])
    assert parent.info.run_name == "january"
    assert parent.data.params == {
        "task": "classification", "target_column_name": "y", "primary_metric": "AUC_weighted", "seed": "0",
        "limits.max_trials": "4",
    }  # fmt: skip
    assert parent.data.metrics == {
        "AUC_weighted": 0.93, "accuracy": 0.91, "best_score": 0.93,
        "test_AUC_weighted": 0.9, "test_accuracy": 0.85, "test_log_loss": 0.4,
    }  # fmt: skip
    assert parent.data.tags["automl.stop_reason"] == "max_trials"
    assert parent.data.tags["team"] == "risk"
    assert parent.data.tags["automl_best_child_run_id"] == facts["trials"]["voting_ensemble"]
    assert parent.info.end_time == datetime.fromisoformat(CREATED).timestamp() * 1000
    files = {file.path for file in client.list_artifacts(facts["run_id"])}
    assert files == {"guardrail_report", "leaderboard", "test_report", "trials"}
    assert {file.path for file in client.list_artifacts(facts["run_id"], "trials")} == {
        "trials/journal.jsonl", "trials/search.json",
    }  # fmt: skip
    assert facts["model_uri"].startswith("models:/m-")


def test_trials_carry_what_the_journal_says(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    facts = facts_of(log_run(**run, output=tmp_path / "out"))
    runs = {key: MlflowClient().get_run(run_id) for key, run_id in facts["trials"].items()}
    assert runs["1"].info.run_name == "trial 1: MinMaxScaler, kNN"
    assert runs["1"].data.params == {"algorithm": "knn", "seed": "7", "n_neighbors": "5", "scaler": "min_max"}
    assert runs["1"].data.metrics == {
        "AUC_weighted": 0.9, "accuracy": 0.88, "score": 0.9, "fit_s": 0.5, "predict_s": 0.1, "seconds": 1.5,
        "peak_mb": 120.0, "fold_score": 0.92,
    }  # fmt: skip
    assert runs["2"].info.status == "FAILED"
    assert runs["2"].info.run_name == "trial 2: light_gbm"
    tags = {key: value for key, value in runs["2"].data.tags.items() if key.startswith("automl.error")}
    assert tags == {
        "automl.error.type": "ValueError", "automl.error.message": "bad input s3://***@b/x",
        "automl.error.stage": "fit",
    }  # fmt: skip
    assert runs["3"].info.status == "KILLED"
    assert runs["4"].data.metrics["rounds"] == 12
    ensemble = runs["voting_ensemble"]
    assert ensemble.data.params == {
        "algorithm": "voting_ensemble",
        "members": "[1, 4]",
        "weights": "[0.5, 0.5]",
    }
    assert ensemble.data.metrics == {"AUC_weighted": 0.93, "accuracy": 0.91}


def test_the_run_has_the_name_of_its_folder(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    facts = facts_of(log_run(**run, output=tmp_path / "out"))
    assert MlflowClient().get_run(facts["run_id"]).info.run_name == "bank"
    named = facts_of(log_run(**run, output=tmp_path / "named", experiment_name="other", name="given"))
    assert MlflowClient().get_run(named["run_id"]).info.run_name == "given"


def test_a_retry_logs_nothing_twice(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    first = facts_of(log_run(**run, output=tmp_path / "first"))
    assert facts_of(log_run(**run, output=tmp_path / "second")) == first
    assert len(MlflowClient().search_runs([first["experiment_id"]])) == 6
    assert len(MlflowClient().search_logged_models([first["experiment_id"]])) == 1


def test_a_test_run_may_come_later(
    mlflow_server: str, tmp_path: Path, models: dict[str, Path], run: dict[str, Path]
) -> None:
    without = {name: path for name, path in run.items() if name != "test_report"}
    first = facts_of(log_run(**without, output=tmp_path / "first"))
    assert "test_accuracy" not in MlflowClient().get_run(first["run_id"]).data.metrics
    assert facts_of(log_run(**run, output=tmp_path / "second")) == first
    assert MlflowClient().get_run(first["run_id"]).data.metrics["test_accuracy"] == 0.85


def test_an_unreachable_server_leaves_the_run_as_it_is(
    run: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:secret@127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"http://\*\*\*@127\.0\.0\.1:9.*automl log RUN_FOLDER"):
        log_run(**run, output=tmp_path / "out")
    assert not (tmp_path / "out" / "tracking").exists()
    assert all(path.exists() for path in run.values())


@pytest.mark.filterwarnings("ignore:Query string argument:sqlalchemy.exc.SAWarning")
def test_nothing_secret_is_written(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    """A database may want a user and a password; SQLite ignores the query."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", mlflow_server + "?password=hunter2")
        made = log_run(**run, output=tmp_path / "out")
    assert facts_of(made)["tracking_uri"] == mlflow_server + "?password=***"
    for file in (tmp_path / "out").rglob("*"):
        if file.is_file():
            assert "hunter2" not in file.read_text(), file


def test_it_needs_complete_inputs(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    (run["trials"] / "_artifact.json").unlink()
    with pytest.raises(ArtifactError, match="no marker file"):
        log_run(**run, output=tmp_path / "out")


def test_unknown_settings_are_refused(run: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown argument 'experiment'"):
        log_run(**run, output=tmp_path / "out", experiment="x")


def test_the_component_is_known() -> None:
    component = COMPONENTS["log_run"]
    assert list(component.outputs) == ["tracking"]
    assert component.inputs["test_report"].optional
