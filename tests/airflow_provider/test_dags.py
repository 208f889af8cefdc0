"""Every example DAG, run for real by `dag.test()`: in one process, on one database, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).parents[2] / "dags"
pytestmark = [
    pytest.mark.timeout(900),  # a machine may be busy
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("airflow_home"),
]


@pytest.fixture(scope="module")
def bag(airflow_home: Any) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(DAGS))


def run(bag: Any, name: str, **conf: Any) -> tuple[Any, dict[str, str]]:
    done = bag.dags[name].test(run_conf=conf)
    instances = done.get_task_instances()
    return done, {f"{i.task_id}{i.map_index if i.map_index >= 0 else ''}": str(i.state) for i in instances}


def xcom(done: Any, task_id: str, key: str) -> Any:
    return done.get_task_instance(task_id).xcom_pull(task_ids=task_id, key=key)


def test_task_group(bag: Any) -> None:
    done, states = run(bag, "penguins_task_group", trials=2)
    assert set(states.values()) == {"success"}
    assert xcom(done, "automl.search_trials", "trials")["facts"]["trials"] == 2
    assert xcom(done, "automl.register_model", "registration")["facts"]["model_name"] == "penguins"


def test_by_hand(bag: Any) -> None:
    done, states = run(bag, "penguins_by_hand", least_accuracy=1.01)  # nobody is that good
    assert states["look_into_it"] == "success"
    assert states["celebrate"] == "skipped"
    assert done.state == "success"
    best = xcom(done, "test", "test_report")["facts"]["metrics"]
    assert best["accuracy"] > 0.9


def test_retrain_and_score(bag: Any) -> None:
    """Data arrives, a champion is made, whoever waits for it is told, and the nightly scoring uses it."""
    assert run(bag, "penguins_arrive")[0].state == "success"
    done, states = run(bag, "penguins_retrain")
    assert set(states.values()) == {"success"}
    facts = xcom(done, "automl.register_model", "registration")["facts"]
    assert facts["aliases"] == ["champion"]

    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        told = session.query(AssetEvent).order_by(AssetEvent.id.desc()).first()
        extra = dict(told.extra)
    assert (extra["model_name"], extra["version"]) == ("penguins", facts["version"])
    assert extra["metrics"]["accuracy"] > 0.9

    assert run(bag, "penguins_announce")[0].state == "success"
    scored, states = run(bag, "penguins_scoring")
    assert set(states.values()) == {"success"}

    from automl_components.core.tables import read_table

    assert len(read_table(xcom(scored, "score", "predictions")["path"])) == 50


@pytest.mark.slow
def test_by_year(bag: Any) -> None:
    done, states = run(bag, "penguins_by_year")
    assert states == dict.fromkeys(["partitions", "train0", "train1", "train2", "sum_up"], "success")
    assert done.state == "success"
