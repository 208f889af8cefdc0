"""Everything that talks to an MLflow server: logging a finished run, registering a model behind a gate."""

from __future__ import annotations

from automl_components.tracking.connection import address, clean, client
from automl_components.tracking.models import fetch_model
from automl_components.tracking.registration import Candidate, Gate, register
from automl_components.tracking.runs import Child, FinishedRun, log_run

__all__ = [
    "Candidate", "Child", "FinishedRun", "Gate", "address", "clean", "client", "fetch_model", "log_run", "register",
]  # fmt: skip
