"""What happens beside the stages of a run."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from automl_components.core.events import emit
from automl_components.run import tracking_ahead


def test_mlflow_is_ready_when_the_search_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    before = set(threading.enumerate())
    with tracking_ahead():
        emit("step", component="featurize_data", state="done")
        assert not (tmp_path / "mlflow.db").exists()
        emit("search")
        emit("step", component="search_trials", state="done")
        assert set(threading.enumerate()) == before
        assert (tmp_path / "mlflow.db").stat().st_size > 0


def test_a_server_that_does_not_answer_is_left_to_the_stage_that_logs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with tracking_ahead():
        emit("search")
        emit("step", component="search_trials", state="done")


def test_a_search_that_is_reused_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with tracking_ahead():
        emit("step", component="search_trials", state="reused")
        emit("step", component="log_run", state="done")
    assert not (tmp_path / "mlflow.db").exists()
