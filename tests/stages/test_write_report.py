"""The component that writes the report page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient
from run_folder import put, write_run

from automl_components.core.component import COMPONENTS
from automl_components.core.errors import SettingsError
from automl_components.guardrails.findings import Finding
from automl_components.stages import log_run, write_report


@pytest.fixture
def run(tmp_path: Path, models: dict[str, Path]) -> dict[str, Path]:
    """The folders that the component reads, of a finished and tested run."""
    made = write_run(tmp_path / "bank", models["good"])
    alert = Finding("class-balance", "Class balancing detection", "Alerted", "Few rows of yes.", "warning")
    shutil.rmtree(made["guardrail_report"])
    settings = {"task": {"task": "classification", "target_column_name": "y", "seed": 0}}
    inputs = {"training_data": {"path": str(tmp_path / "data" / "train.csv"), "digest": "12" * 32}}
    made["guardrail_report"] = put(
        tmp_path / "bank" / "guardrail_report",
        {"findings.json": [alert.to_dict()]},
        "validate_data",
        settings,
        inputs,
    )
    told = {
        "summary": [{"RawFeatureName": "job<b>", "TypeDetected": "Categorical", "Dropped": "No",
                     "EngineeredFeatureCount": 3, "Tranformations": ["OneHotEncoder"], "Reason": "3 levels"}],
        "features": [{"columns": ["job<b>"], "title": "OneHotEncoder", "names": ["job_a", "job_b", "job_c"]}],
    }  # fmt: skip
    made["featurizer"] = put(
        tmp_path / "bank" / "featurizer",
        {"MLmodel": "", "featurization.json": told},
        "featurize_data",
        kind="mlflow_model",
    )
    best = json.loads((made["leaderboard"] / "ensemble.json").read_text())
    shutil.rmtree(made["leaderboard"])
    facts = {**best, "primary_metric": "AUC_weighted", "pipelines": ["kNN", "LightGBM"]}
    board = (
        "rank,trial,pipeline,status,AUC_weighted,algorithm,accuracy\n"
        "1,voting_ensemble,VotingEnsemble,Completed,0.93,voting_ensemble,0.91\n"
        '2,1,"MinMaxScaler, kNN",Completed,0.9,knn,0.88\n3,2,LightGBM,Failed,,light_gbm,\n'
    )
    made["leaderboard"] = put(
        tmp_path / "bank" / "leaderboard",
        {"leaderboard.csv": board, "ensemble.json": facts},
        "build_ensemble",
    )
    return made


def page(run: dict[str, Path], output: Path, **settings: object) -> str:
    made = write_report(**run, output=output, **settings)
    assert [file.name for file in made.report.local.iterdir() if file.name != "_artifact.json"] == [
        "index.html"
    ]
    return (made.report.local / "index.html").read_text(encoding="utf-8")


def test_the_page_tells_what_the_folders_hold(run: dict[str, Path], tmp_path: Path) -> None:
    html = page(run, tmp_path / "out", display_name="January", description="first try")
    for text in (
        "January: predicting", "first try", "Few rows of yes.", "guardrails.mute: {class-balance:", "MinMaxScaler, kNN",
        "bad input s3://***@b/x", "job&lt;b&gt;", "job_a, job_b, job_c", "0.9300", "0.8500", "train.csv", "12" * 8,
        "max_trials: 4",
    ):  # fmt: skip
        assert text in html, text
    assert "job<b>" not in html


def test_without_a_test_run_it_says_so(run: dict[str, Path], tmp_path: Path) -> None:
    del run["test_report"]
    html = page(run, tmp_path / "out")
    assert "There was no test" in html
    assert 'id="test"' not in html


def test_a_featurizer_that_says_nothing_is_no_failure(run: dict[str, Path], tmp_path: Path) -> None:
    shutil.rmtree(run["featurizer"])
    put(run["featurizer"], {"MLmodel": ""}, "featurize_data", kind="mlflow_model")
    assert 'id="features"' not in page(run, tmp_path / "out")


def test_the_same_run_is_the_same_page_and_tells_no_places(run: dict[str, Path], tmp_path: Path) -> None:
    html = page(run, tmp_path / "out")
    assert page(run, tmp_path / "again") == html
    assert str(tmp_path) not in html
    moved = shutil.copytree(tmp_path / "bank", tmp_path / "elsewhere" / "bank")
    assert page({name: moved / name for name in run}, tmp_path / "third") == html


def test_it_says_what_becomes_of_the_model(run: dict[str, Path], tmp_path: Path) -> None:
    html = page(run, tmp_path / "a", experiment_name="churn", registration={"gate": {"accuracy": 0.9}})
    assert "The run registers the model next, as churn, if accuracy passes its bound" in html
    html = page(run, tmp_path / "b", registration={"enabled": False})
    assert "registers the model next" not in html
    assert "automl register ." in html


def test_the_page_is_an_artifact_of_the_run_in_mlflow(
    mlflow_server: str, run: dict[str, Path], tmp_path: Path
) -> None:
    made = write_report(**run, output=tmp_path / "out")
    del run["featurizer"]
    facts = json.loads(
        (
            log_run(**run, report=made.report, output=tmp_path / "out").tracking.local / "tracking.json"
        ).read_text()
    )
    files = [file.path for file in MlflowClient().list_artifacts(facts["run_id"], "report")]
    assert "report/index.html" in files


def test_it_is_a_component_like_the_others() -> None:
    component = COMPONENTS["write_report"]
    assert list(component.outputs) == ["report"]
    assert component.inputs["test_report"].optional
    spec = yaml.safe_load(yaml.safe_dump(component.spec()))
    assert spec["inputs"]["test_report"] == {"type": "uri_folder", "optional": True}
    with pytest.raises(SettingsError, match="unknown argument 'theme'"):
        component(theme="dark")


def test_every_stage_of_the_line_is_a_public_name() -> None:
    import automl_components
    from automl_components.pipeline import LINE

    for stage in LINE:
        assert getattr(automl_components, stage.name) is stage
        assert stage.name in automl_components.__all__
