"""The component that registers a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from run_folder import put, write_run
from yes_no import table

from automl_components.core.errors import GateError, SettingsError, TrackingError
from automl_components.stages import log_run, register_model

TASK = {"task": "classification", "target_column_name": "y"}


@pytest.fixture
def run(tmp_path: Path, models: dict[str, Path]) -> dict[str, Path]:
    return write_run(tmp_path / "bank", models["good"])


def given(run: dict[str, Path], *names: str) -> dict[str, Any]:
    return {name: run[name] for name in ("best_model", *names)}


def facts_of(outputs: Any) -> dict[str, Any]:
    return json.loads((outputs.registration.local / "registration.json").read_text())


def test_a_model_is_registered_with_its_run(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    run |= {"tracking": log_run(**run, output=tmp_path / "out").tracking.local}
    tracked = json.loads((run["tracking"] / "tracking.json").read_text())
    registering = {"model_name": "churn", "description": "d", "tags": {"team": "risk"}, "aliases": ["prod"]}
    facts = facts_of(
        register_model(**given(run, "tracking"), output=tmp_path / "out", registering=registering, **TASK)
    )
    assert facts == {
        "model_name": "churn", "version": "1", "aliases": ["prod"], "model_uri": "models:/churn/1",
        "source": tracked["model_uri"], "run_id": tracked["run_id"], "tracking_uri": mlflow_server,
        "address": None, "gate": {"thresholds": [], "champion": None, "passed": True},
        "trial": "1", "pipeline": "DecisionTree",
    }  # fmt: skip
    version = MlflowClient().get_model_version("churn", "1")
    assert version.description == "d"
    assert {key: version.tags[key] for key in ("team", "trial")} == {"team": "risk", "trial": "1"}
    assert len(mlflow.pyfunc.load_model("models:/churn@prod").predict(table(5))) == 5


@pytest.mark.parametrize(
    ("names", "expected"),
    [({}, "bank"), ({"name": "given"}, "given"), ({"name": "given", "experiment_name": "exp"}, "exp")],
)
def test_the_registered_name_has_a_default(
    mlflow_server: str, run: dict[str, Path], tmp_path: Path, names: dict[str, str], expected: str
) -> None:
    made = register_model(**given(run), output=tmp_path / "out", **TASK, **names)
    assert facts_of(made)["model_name"] == expected


def test_a_default_name_that_mlflow_refuses_names_the_remedy(
    mlflow_server: str, run: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=r"registration\.model_name: found 'risk/churn'"):
        register_model(**given(run), output=tmp_path / "out", **TASK, experiment_name="risk/churn")
    assert MlflowClient().search_registered_models() == []


def test_a_retry_makes_no_second_version(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    first = facts_of(register_model(**given(run), output=tmp_path / "first", **TASK))
    assert facts_of(register_model(**given(run), output=tmp_path / "second", **TASK)) == first


def test_the_gate_reads_the_test_report(mlflow_server: str, run: dict[str, Path], tmp_path: Path) -> None:
    gate = {"gate": {"accuracy": 0.86, "log_loss": 0.5}}
    with pytest.raises(GateError, match=r"accuracy is 0\.85 on the test data, must be at least 0\.86"):
        register_model(**given(run, "test_report"), output=tmp_path / "out", registering=gate, **TASK)
    assert MlflowClient().search_registered_models() == []
    assert not (tmp_path / "out" / "registration").exists()
    with pytest.raises(SettingsError, match="give test_data or test_data_size"):
        register_model(**given(run), output=tmp_path / "out", registering=gate, **TASK)
    gate = {"gate": {"accuracy": {"min": 0.8, "max": 0.9}, "log_loss": 0.5}}
    facts = facts_of(
        register_model(**given(run, "test_report"), output=tmp_path / "out", registering=gate, **TASK)
    )
    assert [(one["metric"], one["value"]) for one in facts["gate"]["thresholds"]] == [
        ("accuracy", 0.85), ("log_loss", 0.4),
    ]  # fmt: skip


def test_champion_and_challenger_meet_on_the_same_test_data(
    mlflow_server: str, tmp_path: Path, models: dict[str, Path]
) -> None:
    runs = {name: write_run(tmp_path / name / "run", models[name]) for name in ("poor", "good")}
    rows = table(60, seed=1)
    champion = {"registering": {"model_name": "churn", "champion_alias": "champion"}}
    register_model(**given(runs["poor"]), output=tmp_path / "1", **champion, **TASK)
    with pytest.raises(SettingsError, match="cannot be compared without test rows"):
        register_model(**given(runs["good"]), output=tmp_path / "2", **champion, **TASK)
    made = register_model(**given(runs["good"]), test_data=rows, output=tmp_path / "2", **champion, **TASK)
    duel = facts_of(made)["gate"]["champion"]
    assert duel["challenger"] > duel["champion"]
    assert (duel["metric"], duel["rows"], duel["version"]) == ("AUC_weighted", 60, "1")
    assert MlflowClient().get_registered_model("churn").aliases == {"champion": 2}
    with pytest.raises(GateError, match="the champion"):
        register_model(**given(runs["poor"]), test_data=rows, output=tmp_path / "3", **champion, **TASK)
    assert MlflowClient().get_registered_model("churn").aliases == {"champion": 2}


def test_the_test_rows_of_the_run_itself_are_used(
    mlflow_server: str, tmp_path: Path, models: dict[str, Path]
) -> None:
    from automl_components.core.tables import write_mltable

    runs = {name: write_run(tmp_path / name, models[name]) for name in ("poor", "good")}
    checked = tmp_path / "good" / "checked_data"
    write_mltable(table(40), checked)
    write_mltable(table(50, seed=2), checked / "test")
    put(checked, {"checked.json": {}}, "validate_data", kind="mltable")
    champion = {"registering": {"model_name": "churn", "champion_alias": "champion"}}
    register_model(**given(runs["poor"]), output=tmp_path / "1", **champion, **TASK)
    made = register_model(
        **given(runs["good"]), checked_data=checked, output=tmp_path / "2", **champion, **TASK
    )
    assert facts_of(made)["gate"]["champion"]["rows"] == 50


def test_an_unreachable_server_says_how_to_go_on(
    run: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(TrackingError, match="start register_model again"):
        register_model(**given(run), output=tmp_path / "out", **TASK)
