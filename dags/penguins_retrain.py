"""Retrain when there is new data; the new model replaces the champion only if it beats it on the same test rows.

`penguins_arrive` stands for whatever brings data: its asset event starts `penguins_retrain`. Registering a model is an
asset event, too: it starts `penguins_announce`, which reads version and metrics from it. Where the champion stays, the
last task is skipped and nothing is announced.
"""

from __future__ import annotations

from airflow.sdk import Asset, dag, task

from airflow_provider import automl_task_group, model_asset
from automl_components.demo import penguins_table

DATA = Asset("penguins_table", uri="x-penguins://table")


@dag(schedule=None, tags=["automl"], doc_md=__doc__)
def penguins_arrive() -> None:
    @task(outlets=[DATA])
    def arrive(*, outlet_events) -> None:
        outlet_events[DATA].extra = {"path": str(penguins_table())}

    arrive()


@dag(schedule=[DATA], tags=["automl"], max_active_runs=1, doc_md=__doc__)
def penguins_retrain() -> None:
    @task
    def newest(*, triggering_asset_events) -> str:
        events = triggering_asset_events.get(DATA)
        return events[-1].extra["path"] if events else str(penguins_table())

    automl_task_group(
        "penguins.yml",
        inputs={"training_data": newest()},
        overrides={"registration": {"model_name": "penguins", "champion_alias": "champion"}},
        stage_args={"register_model": {"on_refusal": "skip"}},
    )


@dag(schedule=[model_asset("penguins")], tags=["automl"], doc_md=__doc__)
def penguins_announce() -> None:
    @task
    def announce(*, triggering_asset_events) -> None:
        for events in triggering_asset_events.values():
            for event in events:
                told = event.extra
                print(f"{told['model_name']} version {told['version']}: {told['metrics']}")

    announce()


penguins_arrive()
penguins_retrain()
penguins_announce()
