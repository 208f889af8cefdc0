"""What happens beside the stages of a run."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from penguins import write_job

from automl_components.core.errors import SettingsError
from automl_components.core.events import emit
from automl_components.job import Job
from automl_components.run import tracking_ahead

TOLD = """
import io, logging, sys
from automl_components.core.events import logger
from automl_components.job import Job

if __name__ == "__main__":
    job = Job.from_file(sys.argv[1])

    def lines(**how):
        sys.stderr = io.StringIO()
        before = logger.level, logger.propagate, len(logger.handlers)
        job.run("run", **how)
        assert before == (logger.level, logger.propagate, len(logger.handlers))
        return sys.stderr.getvalue().splitlines()

    first = lines()
    assert any("trial 1 of 1" in line for line in first), first
    assert any("validate_data: unchanged, reused" in line for line in lines())
    assert lines(verbosity="error") == []
    job = Job.from_mapping(job.to_mapping() | {"log_verbosity": "warning"})
    assert lines() == []
    assert lines(verbosity="info")
    heard = io.StringIO()
    logging.basicConfig(stream=heard, format="theirs: %(message)s")  # warnings and above
    assert lines() == [] and heard.getvalue() == ""
    assert lines(verbosity="info") and heard.getvalue() == ""
    logging.getLogger().setLevel(logging.INFO)
    assert lines() == []
    assert heard.getvalue().startswith("theirs: ") and heard.getvalue().count("validate_data: unchanged") == 1
"""


def test_a_run_in_python_tells_what_it_does(tmp_path: Path, mlflow_server: str) -> None:
    """On standard error, unless the program has logging of its own: then there, at its level, and once."""
    job = write_job(
        tmp_path / "job.yml", test_data_size=None, registration={"enabled": False}, limits={"max_trials": 1},
        training={"allowed_training_algorithms": ["decision_tree"], "enable_stack_ensemble": False},
    )  # fmt: skip
    (tmp_path / "told.py").write_text(TOLD)
    ran = subprocess.run(
        [sys.executable, "told.py", job], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ""


def test_an_unknown_verbosity() -> None:
    job = Job.from_mapping({"task": "regression", "training_data": "t.csv", "target_column_name": "y"})
    with pytest.raises(SettingsError, match="verbosity: found 'inof'; did you mean 'info'"):
        job.run("nowhere", verbosity="inof")
    assert not Path("nowhere").exists()


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
