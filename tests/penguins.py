"""The Palmer penguins as a small real problem, and a job on them that is done in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from automl_components.demo import penguins_table

FAST = ["light_gbm", "logistic_regression", "decision_tree", "knn"]


def job_mapping(**changes: Any) -> dict[str, Any]:
    """What a job file holds: four quick algorithms, six trials, three folds."""
    job = {
        "type": "automl", "task": "classification", "experiment_name": "penguins", "seed": 7,
        "training_data": str(penguins_table()), "target_column_name": "species", "primary_metric": "log_loss",
        "test_data_size": 0.2, "n_cross_validations": 3,
        "limits": {"max_trials": 6, "max_cores_per_trial": 1}, "training": {"allowed_training_algorithms": FAST},
    }  # fmt: skip
    return job | changes


def write_job(path: Path, **changes: Any) -> Path:
    """A job file."""
    from automl_components.core.settings import write_yaml

    path.write_text(write_yaml(job_mapping(**changes)), encoding="utf-8")
    return path


def table() -> pd.DataFrame:
    """The table itself."""
    return pd.read_csv(penguins_table())
