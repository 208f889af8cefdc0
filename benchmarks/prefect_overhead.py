"""What Prefect costs over the plain Python run: seconds of each stage that are not its child process.

    python benchmarks/prefect_overhead.py

A stage's child process is timed from its start to its outcome; what is left of the flow run (states, logs, artifacts,
fingerprints, digests) is Prefect's and the adapter's. Processor seconds of this process hold on a busy machine, too.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from typing import Any

from prefect.testing.utilities import prefect_test_harness

import prefect_tasks.tasks as adapter
from automl_components.demo import penguins_job
from prefect_tasks import automl_flow


def main() -> None:
    """Three runs in folders of their own, the first of which warms everything up."""
    inside: list[tuple[str, float, float]] = []
    work = adapter._work

    def timed(request: Any, *rest: Any) -> Any:
        wall, processor = time.monotonic(), time.process_time()
        made = work(request, *rest)
        inside.append((request.name, time.monotonic() - wall, time.process_time() - processor))
        return made

    adapter._work = timed
    job = penguins_job(trials=2)
    job.set_training(allowed_training_algorithms=["knn", "decision_tree"])
    flow = automl_flow(job, name="overhead")
    with prefect_test_harness(server_startup_timeout=120), tempfile.TemporaryDirectory() as folder:
        rows = []
        for number in range(3):
            inside.clear()
            wall, processor = time.monotonic(), time.process_time()
            flow(folder=f"{folder}/{number}")
            wall, processor = time.monotonic() - wall, time.process_time() - processor
            stages = len(inside)
            rows.append(((wall - sum(one[1] for one in inside)) / stages, processor / stages))
            print(f"run {number}: {stages} stages, {wall:.1f} s in all")
    print(f"outside of child processes: {statistics.median(r[0] for r in rows[1:]):.3f} s a stage")
    print(f"processor time of the flow's process: {statistics.median(r[1] for r in rows[1:]):.3f} s a stage")


if __name__ == "__main__":
    main()
