"""Operators wired by hand, with a preparation step of one's own before them and a decision at the end."""

from __future__ import annotations

from airflow.sdk import dag, task
from bill_ratio import bill_ratio

from airflow_provider import (
    BuildEnsembleOperator,
    ComponentOperator,
    EvaluateModelOperator,
    FeaturizeDataOperator,
    PromotionBranchOperator,
    SearchTrialsOperator,
    ValidateDataOperator,
)
from automl_components.demo import penguins_table

SETTINGS = {
    "task": "classification",
    "target_column_name": "species",
    "primary_metric": "accuracy",
    "experiment_name": "penguins-by-hand",
    "seed": 7,
}


@dag(
    schedule=None,
    tags=["automl"],
    params={"least_accuracy": 0.9},
    render_template_as_native_obj=True,  # so that the bound is a number
    doc_md=__doc__,
)
def penguins_by_hand() -> None:
    @task
    def extract() -> str:
        return str(penguins_table())  # a query, a download, ...; what travels is where the table is

    prepared = ComponentOperator(task_id="prepare", component=bill_ratio, inputs={"raw_table": extract()})
    checked = ValidateDataOperator(
        task_id="validate",
        training_data=prepared.outputs["prepared_table"],
        n_cross_validations=3,
        test_data_size=0.2,
        settings=SETTINGS,
    )
    features = FeaturizeDataOperator(
        task_id="featurize",
        checked_data=checked.outputs["checked_data"],
        featurization={"drop_columns": ["year"]},
    )
    trials = SearchTrialsOperator(
        task_id="search",
        features=features.outputs["features"],
        limits={"max_trials": 3, "max_cores_per_trial": 1},
        training={"allowed_training_algorithms": ["light_gbm", "logistic_regression", "knn"]},
        settings=SETTINGS,
    )
    best = BuildEnsembleOperator(
        task_id="assemble",
        checked_data=checked.outputs["checked_data"],
        features=features.outputs["features"],
        featurizer=features.outputs["featurizer"],
        trials=trials.outputs["trials"],
        settings=SETTINGS,
    )
    tested = EvaluateModelOperator(
        task_id="test",
        best_model=best.outputs["best_model"],
        checked_data=checked.outputs["checked_data"],
        settings=SETTINGS,
    )
    decided = PromotionBranchOperator(
        task_id="register_if_good",
        inputs={"best_model": best.outputs["best_model"], "test_report": tested.outputs["test_report"]},
        settings={
            **SETTINGS,
            "registration": {"gate": {"accuracy": "{{ params.least_accuracy }}"}, "aliases": ["candidate"]},
        },
        if_promoted="celebrate",
        otherwise="look_into_it",
    )

    @task
    def celebrate() -> None:
        print("a new candidate is in the registry")

    @task
    def look_into_it() -> None:
        print("not good enough; the registry is as it was")

    decided >> [celebrate(), look_into_it()]


penguins_by_hand()
