"""What tests of several folders share: an MLflow database of their own, models, the open data sets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

# no doctests there, and all have the same module name
collect_ignore_glob = ["**/conftest.py", "conftest.py"]

os.environ.setdefault(
    "AUTOML_WARM_SECONDS", "0"
)  # nothing stays behind; tests/launch/test_warm.py has warm processes


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the open data sets, ``shared/data`` beside the project; a test that needs it is skipped without."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / "data").is_dir():
            return parent / "shared" / "data"
    pytest.skip("the open data sets (shared/data beside the project) are not here")


@pytest.fixture(scope="session")
def mlflow_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty MLflow database, made once: its hundred migrations take seconds."""
    from automl_components import tracking

    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        tracking.client()
        yield folder / "mlflow.db"


@pytest.fixture
def mlflow_server(mlflow_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty MLflow database that ``MLFLOW_TRACKING_URI`` names; files go beside it."""
    folder = tmp_path / "server"
    folder.mkdir()
    shutil.copy(mlflow_template, folder / "mlflow.db")
    uri = f"sqlite:///{folder}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return uri


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of two models of ``yes_no.table``: "good" and "poor"."""
    from yes_no import make_model

    folder = tmp_path_factory.mktemp("models")
    return {name: make_model(folder / name, column) for name, column in (("good", "x"), ("poor", "noise"))}
