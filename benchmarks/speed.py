"""Start-up, time, memory, overhead and logging, each in processes of its own. Reported, never asserted.

.venv/bin/python benchmarks/speed.py                  start, small, large and mlflow
.venv/bin/python benchmarks/speed.py tall wide        a million rows; five thousand columns
.venv/bin/python benchmarks/speed.py --json speed.json --data ../shared/data --large bank_marketing
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import processes
import psutil
from processes import Usage

ROOT = Path(__file__).resolve().parents[1]
AUTOML = [sys.executable, "-c", "from automl_components.__main__ import main; main()"]
USUAL = ("start", "small", "large", "mlflow")
MB = 2**20


@dataclass(frozen=True)
class Figure:
    """One line of the report: ``goal`` is the greatest value that is good; None where there is no goal.

    ``others`` is how many cores other processes of this machine kept busy meanwhile.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    others: float | None = None


def watch(command: list[str], folder: Path, log: Path) -> Usage:
    """Run a command to its end, with this working tree's package."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTHONDONTWRITE"))}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])
    usage = processes.watch(command, folder, env, log)
    if usage.code:
        raise SystemExit(f"{' '.join(command[-3:])} ended with {usage.code}:\n{log.read_text()[-3000:]}")
    return usage


def start(place: Path, repeat: int) -> Iterator[Figure]:
    """Import and help, the best of a few: the first one fills the file cache. Imports must not load pandas."""
    check = "import sys; sys.exit('pandas' in sys.modules)"
    imports = {"import automl_components": 0.3, "from automl_components import automl": None}
    commands = [(code, [sys.executable, "-c", f"{code}; {check}"], goal) for code, goal in imports.items()]
    for name, command, goal in [*commands, ("automl --help", [*AUTOML, "--help"], 0.6)]:
        seconds = min(watch(command, place, place / "log").seconds for _ in range(max(3, repeat)))
        yield Figure(name, seconds, "s", goal)


def job(task: str, data: dict[str, Any], target: str, **rest: Any) -> dict[str, Any]:
    """A job file's content; JSON is YAML."""
    tables = {name: {"type": "mltable", "path": str(path)} for name, path in data.items()}
    return {"type": "automl", "task": task, "target_column_name": target, "seed": 0, **tables, **rest}


def run(name: str, content: dict[str, Any], place: Path, repeat: int) -> tuple[Path, Usage]:
    """Run a job a few times from nothing to a registered model; the fastest run, and its folder."""
    usages = {}
    for number in range(repeat):
        folder = place / f"{name}-{number}"
        folder.mkdir()
        (folder / "job.yml").write_text(json.dumps({**content, "experiment_name": name}))
        command = [*AUTOML, "run", "job.yml", "--output", "run"]
        usages[folder / "run"] = watch(command, folder, folder / "log")
    return min(usages.items(), key=lambda pair: pair[1].seconds)


def costs(
    label: str, folder: Path, usage: Usage, goal: float | None, memory: float | None
) -> Iterator[Figure]:
    """Time and memory of a run, and how its time is made up."""
    from automl_components.core import storage
    from automl_components.pipeline import LINE
    from automl_components.run import Run

    run = Run(folder)
    work = together((begin, end) for spans in run.trials.spans for begin, end in spans)
    again = run.ensemble["refit_s"]
    yield Figure(f"{label}: {len(run.trials)} trials, registered", usage.seconds, "s", goal, usage.others)
    yield Figure(f"{label}: CPU", usage.cpu, "s")
    yield Figure(f"{label}: peak memory of all processes", usage.peak / MB, "MB", memory)
    overhead = 0.15 if label.startswith("large") else None
    yield Figure(
        f"{label}: share not fitting or predicting in trials", 1 - work / usage.seconds, "", overhead
    )
    yield Figure(f"{label}: ... nor fitting members again", 1 - (work + again) / usage.seconds, "")
    yield Figure(f"{label}:   fitting and predicting in trials", work, "s")
    yield Figure(f"{label}:   fitting members again", again, "s")
    inside, rest = {"search_trials": work, "build_ensemble": again}, usage.seconds
    for stage in LINE:
        marker = storage.read_marker(storage.join(str(folder), next(iter(stage.outputs))))
        if marker is not None:
            rest -= marker.seconds
            besides = " besides" if stage.name in inside else ""
            seconds = marker.seconds - inside.get(stage.name, 0.0)
            yield Figure(f"{label}:   {stage.name}{besides}", seconds, "s")
    yield Figure(f"{label}:   start, imports, end", rest, "s")


def together(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds in which at least one of the spans was under way: splits of trials run side by side."""
    total, until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def logging(folder: Path, place: Path) -> list[Figure]:
    """What MLflow costs, on SQLite: a trial, and the model, its first time in a process."""
    from automl_components import flavor, formats
    from automl_components.core.artifacts import Input
    from automl_components.core.settings.tracking import TrackingSettings
    from automl_components.stages.log_run import read_run
    from automl_components.tracking import log_run
    from automl_components.tracking.connection import client
    from automl_components.tracking.models import log_model

    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{place / 'mlflow.db'}"
    parts = {
        name: Input(path=str(folder / name))
        for name in ("guardrail_report", "trials", "leaderboard", "best_model")
    }
    finished = read_run(**parts, test_report=None, names=TrackingSettings())
    model = flavor.load_model(folder / "best_model")
    example = formats.read_checked(folder / "checked_data").frame.head(3)
    saved = timed(lambda: flavor.save_model(model, place / "model", input_example=example))
    first = timed(lambda: log_run(replace(finished, digest="first"), "first"))
    one = timed(lambda: log_run(replace(finished, digest="bare", children=()), "second"))
    many = timed(lambda: log_run(replace(finished, digest="full"), "second"))
    logged = timed(lambda: log_model(client(), place / "model", experiment_id="0", digest="model"))
    return [
        Figure("mlflow: logging a trial", (many - one) / len(finished.children), "s", 0.1),
        Figure("mlflow: saving the model in its format and logging it", saved + logged, "s", 2.0),
        Figure("mlflow:   of that, logging it", logged, "s"),
        Figure("mlflow: making the data base, first run logged", first, "s"),
    ]


def timed(work: Any) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def fresh(function: Any, *arguments: Any) -> Any:
    """Call a function in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def table(data: Path | None, name: str) -> tuple[dict[str, Any], str] | None:
    """Paths of the training and test part of a table of ``--data``, and its target; None where it is not there."""
    if data is None or not (data / name / "meta.json").is_file():
        return None
    target = json.loads((data / name / "meta.json").read_text())["target"]
    return {
        f"{'training' if p == 'train' else p}_data": data / name / f"{p}.parquet" for p in ("train", "test")
    }, target


def generated(place: Path, rows: int, numbers: int, categories: int) -> dict[str, Any]:
    """A table with missing values and a target ``y`` of two classes that some of the columns decide."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"n{j}": rng.normal(size=rows).astype(np.float32) for j in range(numbers)}
    signal = sum(columns[f"n{j}"] * (1 + j % 3) for j in range(min(6, numbers)))
    for j in range(categories):
        codes = rng.integers(0, 4 * 2**j, rows)
        signal = signal + np.sin(codes)
        columns[f"c{j}"] = pd.Categorical.from_codes(codes, [f"level {k}" for k in range(4 * 2**j)]).astype(
            str
        )
    for j in range(0, numbers, 5):
        columns[f"n{j}"][rng.random(rows) < 0.05] = np.nan
    frame = pd.DataFrame(columns)
    frame["y"] = np.where(signal + rng.normal(scale=4, size=rows) > 0, "yes", "no")
    path = place / f"{rows}x{numbers + categories}.parquet"
    frame.to_parquet(path)
    return {"training_data": path}


def measure(
    wanted: list[str], data: Path | None, large: str, trials: int, repeat: int, place: Path
) -> Iterator[Figure]:
    """The figures that were asked for, as they are found."""
    two = {"allowed_training_algorithms": ["light_gbm", "logistic_regression"]}
    if "start" in wanted:
        yield from start(place, repeat)
    if "small" in wanted:
        from automl_components.demo import penguins_table

        tables, target = table(data, "penguins") or ({"training_data": penguins_table()}, "species")
        test = {} if "test_data" in tables else {"test_data_size": 0.25}
        content = job("classification", tables, target, limits={"max_trials": 20}, **test)
        yield from costs("small (penguins)", *run("small", content, place, repeat), 45, None)
    if {"large", "mlflow"} & set(wanted):
        found = table(data, large)
        tables, target = found or (fresh(generated, place, 36_000, 8, 6), "y")
        test = {} if found else {"test_data_size": 0.25}
        content = job("classification", tables, target, limits={"max_trials": trials}, **test)
        folder, usage = run("large", content, place, repeat)
        if "large" in wanted:
            yield from costs(f"large ({large if found else 'generated'})", folder, usage, 150, 1.5 * 1024)
        if "mlflow" in wanted:
            yield from fresh(logging, folder, place)
    for name, rows, numbers, categories in (("tall", 1_000_000, 14, 6), ("wide", 2_000, 5_000, 0)):
        if name in wanted:
            tables = fresh(generated, place, rows, numbers, categories)
            content = job(
                "classification", tables, "y", limits={"max_trials": 2}, training=two, test_data_size=0.1
            )
            yield from costs(name, *run(name, content, place, 1), None, None)


def main() -> None:
    beside = ROOT.parent / "shared" / "data"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "figures", nargs="*", default=USUAL, metavar="FIGURE", help="start small large mlflow tall wide"
    )
    parser.add_argument(
        "--data", type=Path, default=beside if beside.is_dir() else None, help="folder of data sets"
    )
    parser.add_argument("--large", default="adult", help="the larger table of --data (default: adult)")
    parser.add_argument("--trials", type=int, default=10, help="trials on the larger table (default: 10)")
    parser.add_argument("--repeat", type=int, default=1, help="runs of which the fastest counts")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    if unknown := set(options.figures) - {*USUAL, "tall", "wide"}:
        parser.error(f"unknown figure {unknown.pop()!r}")
    print(
        f"{platform.processor() or platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}"
    )
    print(f"{'figure':58s}{'goal':>10s}{'measured':>12s}  ok   cores busy with other things")
    figures = []
    with tempfile.TemporaryDirectory(prefix="automl-speed-") as place:
        for figure in measure(
            options.figures, options.data, options.large, options.trials, options.repeat, Path(place)
        ):
            figures.append(figure)
            ok = "" if figure.goal is None else "yes" if figure.value <= figure.goal else "NO"
            goal = "" if figure.goal is None else f"{figure.goal:g} {figure.unit}"
            others = "" if figure.others is None else f"{figure.others:.1f}"
            print(
                f"{figure.name:58s}{goal:>10s}{figure.value:>9.3g} {figure.unit:2s}  {ok:4s} {others}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")


if __name__ == "__main__":
    main()
