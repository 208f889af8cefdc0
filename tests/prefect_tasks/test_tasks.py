"""Components as Prefect tasks: names, calls, caching, failures, time limits, cancellation."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import parts
import psutil
import pytest
from penguins import job_mapping, table
from prefect import flow, get_client, unmapped
from prefect.exceptions import CancelledRun, ParameterBindError
from prefect.states import Cancelling

from automl_components import stages
from automl_components.core.errors import RunError, SettingsError
from prefect_tasks import automl_task, component_task, tasks

TASK = {"task": "classification", "target_column_name": "species"}
obey = component_task(parts.obey)


def names(states: Any) -> list[str]:
    return [state.name for state in states]


@pytest.mark.parametrize("name", stages.__all__)
def test_there_is_a_ready_task_for_every_component(name: str) -> None:
    component, made = getattr(stages, name), getattr(tasks, name)
    assert (made.name, made.version, made.description) == (name, component.version, component.description)
    assert made.persist_result
    parameters = inspect.signature(made.fn).parameters
    assert set(parameters) == {*component.inputs, *component.setting_keys(), "folder", "workspace"}
    needed = {key for key, one in parameters.items() if one.default is one.empty}
    assert needed == {key for key, port in component.inputs.items() if not port.optional}
    assert name in dir(tasks)


def test_importing_the_package_loads_nothing_that_learns() -> None:
    # besides pandas, which Prefect itself loads where it is installed
    code = (
        "import sys; from prefect import flow, task; before = set(sys.modules); import prefect_tasks; "
        "print(sorted({n.partition('.')[0] for n in set(sys.modules) - before} & {'numpy', 'pandas', 'sklearn', "
        "'scipy', 'mlflow', 'lightgbm', 'xgboost', 'catboost', 'optuna', 'pyarrow', 'matplotlib', 'rich'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert ran.stdout.strip() == "[]"


def test_mistakes_are_refused_when_the_task_is_made() -> None:
    with pytest.raises(SettingsError, match=r"no component 'serch_trials'; did you mean 'search_trials'"):
        component_task("serch_trials")
    with pytest.raises(
        SettingsError, match=r"task find: limits.max_trial: unknown; did you mean 'max_trials'"
    ):
        component_task("search_trials", settings={"limits": {"max_trial": 3}}, name="find")
    with pytest.raises(SettingsError, match="component is 3; give a component"):
        component_task(3)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="task search_trials: settings is a list; give a mapping"):
        component_task("search_trials", settings=["limits"])  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"task search_trials: .*'many'"):
        component_task("search_trials", settings={"limits": {"max_trials": "many"}})


def test_mistakes_are_refused_when_the_task_is_called(prefect: Path) -> None:
    @flow
    def wrong(**given: Any) -> None:
        tasks.search_trials(**given)

    with pytest.raises(ParameterBindError, match=r"search_trials.*unexpected keyword argument 'featurs'"):
        wrong(features="x", featurs="y")
    with pytest.raises(ParameterBindError, match="missing a required argument: 'features'"):
        wrong(**TASK)
    with pytest.raises(
        SettingsError, match="input 'features': the task that it is wired to made checked_data"
    ):
        wrong(features={"checked_data": {"path": "x", "type": "mltable"}}, **TASK)
    with pytest.raises(SettingsError, match="input 'features' is a int; give a path or address, a table"):
        wrong(features=5, **TASK)
    with pytest.raises(SettingsError, match=r"limits\.max_trial: unknown"):
        wrong(features="nowhere", limits={"max_trial": 3}, **TASK)


def test_a_table_in_memory_is_checked_cached_and_checked_again_when_it_must(prefect: Path) -> None:
    frame = table()

    @flow
    def check(refresh: bool = False) -> Any:
        step = tasks.validate_data.with_options(refresh_cache=refresh)
        state = step(training_data=frame, return_state=True, **TASK)
        return state.name, state.result()

    name, made = check()
    assert name == "Completed"
    assert set(made) == {"checked_data", "guardrail_report"}
    assert made == json.loads(json.dumps(made))
    marker = Path(made["checked_data"]["path"]) / "_artifact.json"
    first = marker.stat().st_mtime_ns
    assert marker.is_relative_to(prefect / "runs" / "validate_data")
    assert check() == ("Cached", made)
    assert marker.stat().st_mtime_ns == first
    assert check(refresh=True) == ("Completed", made)
    assert marker.stat().st_mtime_ns > first
    (Path(made["guardrail_report"]["path"]) / "findings.json").write_text("[]")
    assert check() == ("Completed", made)
    assert check() == ("Cached", made)


def test_tasks_run_side_by_side_over_what_they_are_mapped_over(prefect: Path) -> None:
    (prefect / "a.txt").write_text("a")
    (prefect / "b.txt").write_text("b")

    @flow
    def letters() -> list[str]:
        made = obey.map(letter=["a.txt", "b.txt"], wish=unmapped({"what": "write"}))
        return [Path(one["note"]["path"]) / "note.txt" for one in made.result()]

    assert [file.read_text() for file in letters()] == ["a", "b"]


def test_a_worker_that_dies_is_the_cause_and_a_retry_goes_on(prefect: Path) -> None:
    @flow
    def crash() -> Any:
        return obey.with_options(retries=1, retry_delay_seconds=0)(wish={"what": "crash"}, return_state=True)

    state = crash(return_state=True).result(raise_on_failure=False)
    with get_client(sync_client=True) as client:
        run = client.read_task_run(state.state_details.task_run_id)
    assert run.run_count == 2
    assert "obey: its process ended with signal SIGKILL" in state.message
    assert "a last word" in state.message
    with pytest.raises(RunError, match="SIGKILL"):
        state.result()


def test_what_a_retry_cannot_mend_is_not_tried_again(prefect: Path) -> None:
    @flow
    def wrong() -> Any:
        step = tasks.validate_data.with_options(retries=3, retry_delay_seconds=0)
        return step(
            training_data=table(), task="classification", target_column_name="spices", return_state=True
        )

    state = wrong(return_state=True).result(raise_on_failure=False)
    with get_client(sync_client=True) as client:
        assert client.read_task_run(state.state_details.task_run_id).run_count == 1
    assert "did you mean 'species'" in state.message


def test_a_store_that_cannot_be_reached_is_the_cause(prefect: Path) -> None:
    @flow
    def lost() -> Any:
        return tasks.validate_data(training_data="http://127.0.0.1:9/t.csv", return_state=True, **TASK)

    state = lost(return_state=True).result(raise_on_failure=False)
    assert "input 'training_data': nothing at http://127.0.0.1:9/t.csv" in state.message


def test_tasks_travel_to_other_machines() -> None:
    import cloudpickle

    for one in (tasks.search_trials, obey, automl_task(job_mapping())):
        there = cloudpickle.loads(cloudpickle.dumps(one))
        assert inspect.signature(there.fn) == inspect.signature(one.fn)
        assert there.name == one.name


def sleeper(folder: Path, **options: Any) -> Any:
    @flow
    def sleep() -> Any:
        return obey.with_options(**options).submit(wish={"what": "sleep"}, folder=str(folder))

    return sleep


def children() -> list[psutil.Process]:
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if "automl_components.launch" in " ".join(one.cmdline())
    ]


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=30)[1]


def wait_for(file: Path, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_time_limit_ends_the_child_of_a_task_in_a_thread(prefect: Path) -> None:
    limit = parts.time_to_begin(prefect)
    sleep = sleeper(prefect / "x", timeout_seconds=limit)
    started = time.monotonic()
    thread = threading.Thread(target=sleep, kwargs={"return_state": True})
    thread.start()
    wait_for(prefect / "x" / ".note.draft" / "begun")
    busy = [one for child in children() for one in (child, *child.children(recursive=True))]
    assert len(busy) == 3
    thread.join(limit + 60)
    assert not thread.is_alive()
    assert gone(busy)
    assert time.monotonic() - started < limit + 30


def test_cancelling_a_flow_run_ends_the_child_and_leaves_its_draft(prefect: Path) -> None:
    sleep, ended = sleeper(prefect / "x"), []
    thread = threading.Thread(target=lambda: ended.append(sleep(return_state=True)))
    thread.start()
    begun = prefect / "x" / ".note.draft" / "begun"
    wait_for(begun)
    busy = [one for child in children() for one in (child, *child.children(recursive=True))]
    with get_client(sync_client=True) as client:
        run = max(client.read_flow_runs(), key=lambda run: run.created)
        client.set_flow_run_state(run.id, Cancelling(), force=True)
        thread.join(120)
        assert client.read_flow_run(run.id).state.is_cancelled()
    assert gone(busy)
    assert begun.exists()
    with pytest.raises(CancelledRun):
        ended[0].result()
