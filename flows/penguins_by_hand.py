"""Components between tasks of one's own: prepare a table, learn from it in two ways at once, take the better model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import flow, task

from automl_components.demo import penguins_table
from prefect_tasks import component_task, tasks

if TYPE_CHECKING:
    import pandas as pd

TASK = {"task": "classification", "target_column_name": "species", "primary_metric": "log_loss", "seed": 7}
search = component_task("search_trials", settings=TASK, retries=2, timeout_seconds=1800, tags=["search"])
ensemble = component_task("build_ensemble", settings=TASK)


@task
def prepare(path: str) -> pd.DataFrame:
    """Add the length of a bill over its depth, and leave out rows without any measurement."""
    import pandas as pd

    table = pd.read_csv(path).dropna(subset=["bill_length_mm", "bill_depth_mm"])
    return table.assign(bill_ratio=table["bill_length_mm"] / table["bill_depth_mm"])


@flow(name="penguins-by-hand", log_prints=True)
def penguins_by_hand(trials: int = 3) -> dict[str, Any]:
    """What a task returns is wired to the next as it is; each takes the artifacts that it needs."""
    table = prepare.submit(str(penguins_table()))
    checked = tasks.validate_data.submit(
        training_data=table, test_data_size=0.2, n_cross_validations=3, **TASK
    )
    features = tasks.featurize_data.submit(checked_data=checked, featurization={"drop_columns": ["year"]})
    found = []
    for algorithms in (["light_gbm", "extreme_random_trees"], ["logistic_regression", "knn"]):
        trained = search.submit(
            features=features,
            limits={"max_trials": trials, "max_cores_per_trial": 1},
            training={"allowed_training_algorithms": algorithms},
        )
        found.append(
            ensemble.submit(checked_data=checked, features=features, featurizer=features, trials=trained)
        )
    best = min((one.result() for one in found), key=lambda made: made["leaderboard"]["facts"]["score"])
    tested = tasks.evaluate_model(best_model=best, checked_data=checked, **TASK)
    print(f"log_loss on test rows: {tested['test_report']['facts']['metrics']['log_loss']:.4f}")
    return best | tested


if __name__ == "__main__":
    penguins_by_hand()
