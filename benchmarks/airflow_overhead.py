"""What Airflow costs over the plain Python run, a stage; and what a DAG file of ours costs to parse.

    python benchmarks/airflow_overhead.py [runs]

The same job runs as a task group in a real `airflow standalone`, and in a fresh Python process, a few times each; the
first time warms everything up. Where the seconds of a stage go is told by Airflow's own records and by the markers of
the artifacts, which hold the seconds of the component itself.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from airflow_provider.demo import Server
from automl_components.core import storage
from automl_components.demo import penguins_job
from automl_components.pipeline import line_for

RUNS = int(sys.argv[1]) if sys.argv[1:] else 4
REST = 15.0
"""Seconds in which it is seen what Airflow does while nothing runs in it."""
DAG = """
import json
from pathlib import Path
from airflow.sdk import dag
from airflow_provider import automl_task_group


@dag(schedule=None)
def overhead():
    automl_task_group(json.loads(Path(__file__).with_name("job.json").read_text()), folder="run")


overhead()
"""
PLAIN = """
import sys
from automl_components import Job
Job.from_file(sys.argv[1]).run(sys.argv[2], verbosity="warning")
"""
PARSING = """
import sys, time
import airflow.sdk, airflow.sdk.exceptions, airflow.providers.standard.operators.python
from airflow.sdk import BaseOperator, TaskGroup, BaseHook, BaseBranchOperator, Asset, dag, task
sys.path[:0] = [sys.argv[1]]
before = time.process_time()
__import__(sys.argv[2])
print(time.process_time() - before)
"""


def main() -> None:
    """The tables of benchmarks/README.md."""
    job = penguins_job(trials=2)
    job.set_training(allowed_training_algorithms=["knn", "decision_tree"])
    stages = [stage.name for stage in line_for(job.inputs(), job.sections())]
    for file in ("penguins_task_group", "penguins_by_hand", "penguins_retrain"):
        print(f"parsing dags/{file}.py: {parse(file):.3f} s of processor time")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "dags").mkdir()
        (home / "dags" / "overhead.py").write_text(DAG)
        (home / "dags" / "job.json").write_text(json.dumps(job.to_mapping()))
        with Server(home / "airflow", home / "dags") as server:
            pairs, before = [], processor(server)
            time.sleep(REST)
            idle = (processor(server) - before) / REST
            for number in range(RUNS):
                there = airflow(server, idle)
                pairs.append((there, plain(server, home / "dags" / "job.json", home / str(number))))
                there, here = pairs[-1]
                print(f"run {number}: Airflow {there['run']:.1f} s, Python {here['run']:.1f} s")
    told = {
        "in all": [(a["run"] - p["run"]) / len(stages) for a, p in pairs[1:]],
        "processor time in all": [(a["processor"] - p["processor"]) / len(stages) for a, p in pairs[1:]],
        "scheduling: from the end of what it waits for to its start": [a["gap"] / len(stages) for a, _ in pairs[1:]],
        "task and child process: its duration, without the component's seconds": [
            (a["duration"] - a["work"]) / len(stages) for a, _ in pairs[1:]
        ],
        "imports that the next stage of a process has: the component's seconds, there and here": [
            (a["work"] - p["work"]) / len(stages) for a, p in pairs[1:]
        ],
    }  # fmt: skip
    for what, seconds in told.items():
        print(f"{statistics.median(seconds):6.2f} s a stage  {what}")


def parse(name: str) -> float:
    """Processor seconds of importing a DAG file, once Airflow is there; the best of three."""
    dags = str(Path(__file__).resolve().parents[1] / "dags")
    command = [sys.executable, "-c", PARSING, dags, name]
    told = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)]
    return min(float(text.split()[-1]) for text in told)


def processor(server: Server) -> float:
    """Processor seconds of Airflow and of all that it has started and waited for, and of the stages' warm process."""
    found = [*server.processes(), *warm(server)]
    return sum(sum(one.cpu_times()[:4]) for one in found if one.is_running())


def warm(server: Server) -> list[psutil.Process]:
    """What stages are forked from: nobody's child, so that it ends with no task."""
    found = [one for one in psutil.process_iter(["cmdline"]) if "--warm" in (one.info["cmdline"] or ())]
    return [one for one in found if one.environ().get("AIRFLOW_HOME") == str(server.home) and one.ppid() == 1]


def airflow(server: Server, idle: float) -> dict[str, float]:
    """Seconds of a run of the DAG, and of its parts, summed over its tasks; ``idle`` is what Airflow uses without."""
    started, used = time.monotonic(), processor(server)
    run_id = server.trigger("overhead")
    state = server.ended("overhead", run_id)
    used = processor(server) - used - idle * (time.monotonic() - started)
    tasks = {
        one["task_id"]: one
        for one in server.get(f"/api/v2/dags/overhead/dagRuns/{run_id}/taskInstances")["task_instances"]
    }
    assert state == "success", {name: one["state"] for name, one in tasks.items()}
    spans = {name: (_time(one["start_date"]), _time(one["end_date"])) for name, one in tasks.items()}
    run = server.get(f"/api/v2/dags/overhead/dagRuns/{run_id}")
    order = sorted(spans.values())  # one after the other: each takes what the one before it made
    ends = [_time(run["start_date"]), *(end for _, end in order[:-1])]
    entry = server.get(
        f"/api/v2/dags/overhead/dagRuns/{run_id}/taskInstances/automl.search_trials/xcomEntries/trials"
    )
    place = entry["value"] if isinstance(entry["value"], Mapping) else json.loads(entry["value"])
    return {
        "run": _time(run["end_date"]) - _time(run["start_date"]),
        "processor": used,
        "gap": sum(max(0.0, start - end) for (start, _), end in zip(order, ends, strict=True)),
        "duration": sum(end - start for start, end in spans.values()),
        "work": work(Path(place["path"]).parent),
    }


def plain(server: Server, job: Path, folder: Path) -> dict[str, float]:
    """Seconds of the same job in a fresh Python process, and of its components."""
    started, before = time.monotonic(), psutil.Process().cpu_times()
    command = [sys.executable, "-c", PLAIN, str(job), str(folder)]
    subprocess.run(command, env=server.environment, check=True, capture_output=True)
    seconds, after = time.monotonic() - started, psutil.Process().cpu_times()
    return {"run": seconds, "processor": sum(after[2:4]) - sum(before[2:4]), "work": work(folder)}


def work(folder: Path) -> float:
    """The seconds of all components of a run, by their markers; one marker for each of them."""
    markers: list[Any] = [storage.read_marker(str(place)) for place in folder.iterdir() if place.is_dir()]
    return sum({one.component: float(one.seconds) for one in markers if one is not None}.values())


def _time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    print(f"{psutil.cpu_percent(interval=5):.0f} % of the machine is busy with other things")
    main()
