"""One Airflow on SQLite for the tests of this folder; they are skipped where Airflow is not installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

DAGS = Path(__file__).parents[2] / "dags"
HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))
SETTINGS = {  # Airflow reads them as it is imported, which no test does before this
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    "_AIRFLOW_PROCESS_CONTEXT": "server",
}


@pytest.fixture(scope="session")
def airflow_home() -> Iterator[Path]:
    """AIRFLOW_HOME with an initialised database."""
    if find_spec("airflow") is None:  # not imported yet: it reads its settings as it is
        pytest.skip("Airflow is not installed: pip install 'automl-components[airflow]'")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in SETTINGS.items():
            patch.setenv(key, value)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{HOME}/mlflow.db")
        patch.syspath_prepend(str(DAGS))  # as Airflow does for the folder of its DAGs
        from airflow.utils.db import initdb

        initdb()
        yield HOME
