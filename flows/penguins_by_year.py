"""One model for each partition of the data, by mapping one task over them, and a task that sums up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from automl_components.demo import penguins_job, penguins_table
from prefect_tasks import automl_task

if TYPE_CHECKING:
    import pandas as pd

train = automl_task(penguins_job(), name="train", retries=1)


@task
def partitions() -> dict[int, pd.DataFrame]:
    """The rows of each year."""
    import pandas as pd

    table = pd.read_csv(penguins_table())
    return {int(year): rows.drop(columns="year") for year, rows in table.groupby("year")}


@task
def sum_up(made: list[dict[str, Any]]) -> dict[str, float]:
    """The accuracy on test rows of each model."""
    return {
        one["registration"]["facts"]["model_name"]: one["test_report"]["facts"]["metrics"]["accuracy"]
        for one in made
    }


@flow(name="penguins-by-year", log_prints=True, task_runner=ThreadPoolTaskRunner(max_workers=2))
def penguins_by_year(trials: int = 3) -> dict[str, float]:
    """Two years at a time; a year that was trained before on the same rows is not trained again."""
    by_year = partitions()
    overrides = [{"experiment_name": f"penguins-{year}", "limits.max_trials": trials} for year in by_year]
    models = train.map(training_data=list(by_year.values()), overrides=overrides)
    scores = sum_up(models)
    for name, accuracy in scores.items():
        print(f"{name}: accuracy {accuracy:.3f}")
    return scores


if __name__ == "__main__":
    penguins_by_year()
