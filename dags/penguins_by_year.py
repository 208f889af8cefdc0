"""One model for each partition of the data, by dynamic task mapping, and one task that sums up."""

from __future__ import annotations

from airflow.sdk import dag, task

from airflow_provider import AutoMLOperator
from automl_components.demo import penguins_table


@dag(schedule=None, tags=["automl"], max_active_tasks=2, doc_md=__doc__)
def penguins_by_year() -> None:
    @task
    def partitions() -> list[dict]:
        """What is different from year to year: the rows, and the name of the model."""
        import tempfile

        import pandas as pd

        table, made = pd.read_csv(penguins_table()), []
        folder = tempfile.mkdtemp(prefix="penguins-")
        for year, rows in table.groupby("year"):
            rows.drop(columns="year").to_csv(f"{folder}/{year}.csv", index=False)
            made.append(
                {
                    "inputs": {"training_data": f"{folder}/{year}.csv"},
                    "overrides": {
                        "experiment_name": f"penguins-{year}",
                        "limits.max_trials": 2,
                        "training.enable_stack_ensemble": False,
                    },
                }
            )
        return made

    models = AutoMLOperator.partial(
        task_id="train", job="penguins.yml", map_index_template="{{ task.overrides['experiment_name'] }}"
    ).expand_kwargs(partitions())

    @task
    def sum_up(made: list[dict]) -> None:
        for one in made:
            name = one["registration"]["facts"]["model_name"]
            print(f"{name}: {one['test_report']['facts']['metrics']['accuracy']:.3f}")

    sum_up(models.output)


penguins_by_year()
