"""The built-in example: a job on the Palmer penguins, which the ``demo`` extra brings along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from automl_components.core.errors import SettingsError

if TYPE_CHECKING:
    from automl_components.job import Job


def penguins_table() -> Path:
    """Path of the table, as a CSV file of the package ``palmerpenguins``.

    Raises
    ------
    SettingsError
        The extra is not installed.
    """
    from importlib.util import find_spec

    found = find_spec("palmerpenguins")
    if found is None or found.origin is None:
        raise SettingsError("the example's table is missing: pip install 'automl-components[demo]'")
    return Path(found.origin).parent / "data" / "penguins.csv"


def penguins_job(trials: int = 8) -> Job:
    """Which species is a penguin of? A fifth of the rows is kept for the test run."""
    from automl_components import automl

    job = automl.classification(
        training_data=str(penguins_table()), target_column_name="species", primary_metric="AUC_weighted",
        experiment_name="penguins", test_data_size=0.2, n_cross_validations=5,
    )  # fmt: skip
    job.set_limits(max_trials=trials)
    return job
