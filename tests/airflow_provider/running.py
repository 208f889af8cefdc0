"""A DAG of a test, run for real by `dag.test()`."""

from __future__ import annotations

from typing import Any


def run(dag: Any) -> Any:
    """A run of the DAG, with the instances of its tasks by id."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag("/nowhere", collect_dags=False)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    done = dag.test()
    done.tasks = {instance.task_id: instance for instance in done.get_task_instances()}
    done.states = {name: str(instance.state) for name, instance in done.tasks.items()}
    return done


def xcom(done: Any, task_id: str, key: str = "return_value") -> Any:
    return done.tasks[task_id].xcom_pull(task_ids=task_id, key=key)
