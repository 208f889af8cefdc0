"""Batch scoring on a schedule: every night, today's rows by the model that was registered last.

Where the model is, the asset's last event tells; until there is one, the run is skipped.
"""

from __future__ import annotations

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider import EvaluateModelOperator, model_asset
from automl_components.demo import penguins_table

MODEL = model_asset("penguins")


@dag(schedule="@daily", catchup=False, tags=["automl"], doc_md=__doc__)
def penguins_scoring() -> None:
    @task(inlets=[MODEL])
    def newest_model(*, inlet_events) -> str:
        events = inlet_events[MODEL]
        if not len(events):
            raise AirflowSkipException("no model 'penguins' was registered yet: run penguins_retrain first")
        return events[-1].extra["path"]

    @task
    def todays_rows() -> str:
        """Rows without the column that is to be predicted."""
        import tempfile

        import pandas as pd

        path = f"{tempfile.mkdtemp(prefix='penguins-')}/today.csv"
        pd.read_csv(penguins_table()).drop(columns="species").sample(50, random_state=1).to_csv(
            path, index=False
        )
        return path

    scored = EvaluateModelOperator(
        task_id="score",
        best_model=newest_model(),
        test_data=todays_rows(),
        task="classification",
        target_column_name="species",
    )

    @task
    def publish(predictions: dict) -> None:
        print(f"predictions are at {predictions['path']}")

    publish(scored.outputs["predictions"])


penguins_scoring()
