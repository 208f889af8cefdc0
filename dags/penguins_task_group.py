"""A whole job as a task group: from a table to a tested, registered model, one task for each stage.

The trials start only if the guardrails found no error in the data.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from airflow_provider import GuardrailGateOperator, automl_task_group
from automl_components.demo import penguins_table


@dag(schedule=None, tags=["automl"], params={"trials": 4}, doc_md=__doc__)
def penguins_task_group() -> None:
    automl = automl_task_group(
        "penguins.yml",
        inputs={"training_data": str(penguins_table())},
        overrides={"limits.max_trials": "{{ params.trials }}"},
        retries=1,
        retry_delay=timedelta(seconds=10),
        stage_args={"search_trials": {"execution_timeout": timedelta(minutes=30)}},
    )
    gate = GuardrailGateOperator(
        task_id="data_is_fit", report=automl.outputs["guardrail_report"], severity="error"
    )
    gate >> automl.stages["featurize_data"]

    @task
    def tell(registered: dict, tested: dict) -> None:
        facts, metrics = registered["facts"], tested["facts"]["metrics"]
        print(f"{facts['model_name']} version {facts['version']}: accuracy {metrics['accuracy']:.3f}")

    tell(automl.outputs["registration"], automl.outputs["test_report"])


penguins_task_group()
