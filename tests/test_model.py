"""Models by address: a run's folder, a model's folder, MLflow's registry and runs; and what is told of a wrong one."""

from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest
from run_folder import put
from yes_no import table

from automl_components import load_model, tracking
from automl_components.core.errors import ArtifactError, TrackingError
from automl_components.flavor import predictor_metadata
from automl_components.tracking.models import log_model

ROWS = table().head(20)


@pytest.fixture
def registered(models: dict[str, Path], mlflow_server: str) -> dict[str, str]:
    """Two versions of a registered model, the first with an alias; the addresses of the first."""
    made = {}
    for name in ("good", "poor"):
        facts = predictor_metadata(models[name])
        made[name] = tracking.register(
            tracking.Candidate(models[name], digest=name, task=facts["task"], experiment_name="bank"), "bank"
        )
    mlflow.MlflowClient().set_registered_model_alias("bank", "champion", "1")
    return made["good"]


@pytest.mark.parametrize("address", ["models:/bank/1", "models:/bank@champion", "{source}"])
def test_registered(address: str, registered: dict[str, str], models: dict[str, Path]) -> None:
    model = load_model(address.format(**registered))
    expected = load_model(models["good"]).predict_proba(ROWS)
    np.testing.assert_array_equal(model.predict_proba(ROWS), expected)
    assert not np.array_equal(load_model(models["poor"]).predict_proba(ROWS), expected)


def test_logged_with_a_run(models: dict[str, Path], mlflow_server: str) -> None:
    client = tracking.client()
    experiment = client.create_experiment("bank")
    run_id = client.create_run(experiment).info.run_id
    log_model(client, models["good"], experiment_id=experiment, digest="d", run_id=run_id)
    assert load_model(f"runs:/{run_id}/best_model").target == "y"
    with pytest.raises(ArtifactError, match=f"runs:/{run_id}/other: "):
        load_model(f"runs:/{run_id}/other")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("models:/bnak/1", "did you mean 'bank'"),
        ("models:/bank/7", "it has versions: 1, 2; aliases: champion"),
        ("models:/bank@chamption", "alias chamption not found .*aliases: champion"),
        ("models:/m-0000", "not found"),
        ("models:bank", "is no address of a model; should be models:/"),
        ("models:/bank", "is no address of a model; should be models:/"),
        ("runs:/0123/best_model", "not found"),
        ("runs:/0123", "runs:/<run id>/best_model"),
    ],
)
def test_nothing_there(address: str, says: str, registered: dict[str, str]) -> None:
    with pytest.raises(ArtifactError, match=f"^{address}.*{says}"):
        load_model(address)


def test_a_model_of_somebody_else(mlflow_server: str) -> None:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    logged = mlflow.sklearn.log_model(model, name="theirs", serialization_format="skops")
    with pytest.raises(ArtifactError, match=f"^{logged.model_uri} holds no model of automl-components"):
        load_model(logged.model_uri)


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"127\.0\.0\.1:9"):
        load_model("models:/bank/1")


class TestFolders:
    def test_of_a_model_and_of_a_run(self, models: dict[str, Path], tmp_path: Path) -> None:
        shutil.copytree(models["good"], tmp_path / "run" / "best_model")
        expected = load_model(tmp_path / "run" / "best_model").predict(ROWS)
        put(tmp_path / "run" / "best_model", {}, "build_ensemble", kind="mlflow_model")
        np.testing.assert_array_equal(load_model(tmp_path / "run").predict(ROWS), expected)

    def test_remote(self, models: dict[str, Path], tmp_path: Path) -> None:
        import fsspec

        shutil.copytree(models["good"], tmp_path / "best_model")
        put(tmp_path / "best_model", {}, "build_ensemble", kind="mlflow_model")
        memory = fsspec.filesystem("memory")
        memory.put(str(tmp_path / "best_model"), "/test-model/run/best_model", recursive=True)
        for address in ("memory://test-model/run", "memory://test-model/run/best_model"):
            assert load_model(address).target == "y"

    def test_no_model(self, tmp_path: Path) -> None:
        for place in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(ArtifactError, match="best_model"):
                load_model(place)
