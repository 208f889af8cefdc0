"""Quality at equal time: this project and other AutoML systems, side by side, on the same rows, seconds and cores.

Each system runs in a process and an environment of its own (made on first use, with pip, under --environments).
It may fit for --budget seconds on --cores cores and then predicts the test rows, whose target it never sees. At
twice the budget, start-up and prediction included, it is ended with all its children: that is a failure, and the
last rank. Every run is a line of --output as soon as it is over. The same command goes on where it was interrupted
(Ctrl-C keeps what is done); once all is done, it prints the table again. To repeat a run, delete its line.

  python benchmarks/quality.py                                          small built-in sets, a minute each
  python benchmarks/quality.py --systems ours lightgbm --budget 10      without any download
  python benchmarks/quality.py --datasets wine my/adult --systems ours autogluon_best --budget 300 --repeats 3

my/adult is a folder with train.parquet, test.parquet and meta.json: {"target": "income", "task": "binary"}; the task
is binary (scored by ROC AUC), multiclass (log loss) or regression (RMSE). Built-in sets are split anew in each repeat,
folders are taken as they are split; the repeat's seed is passed to the systems, too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from environments import interpreter
from peers import PEERS
from processes import Usage, watch
from ranking import report
from tables import BUILT_IN, Table, read

HERE = Path(__file__).resolve().parent
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
KEY = ["dataset", "seed", "system", "budget", "cores"]
KILLED_AT = 2.0  # budgets
MB = 2**20
Record = dict[str, Any]


def recorded(output: Path) -> list[Record]:
    """The runs of earlier calls. A last line that was being written when the machine went down is removed."""
    if not output.exists():
        return []
    whole, newline, torn = output.read_text().rpartition("\n")
    if torn:
        output.write_text(whole + newline)
    try:
        records = [json.loads(line) for line in whole.splitlines()]
        [key(record) for record in records]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{output} holds lines that are no runs of this benchmark: {error!r}") from None
    return records


def key(record: Record) -> tuple[Any, ...]:
    """What makes two runs the same run."""
    return tuple(record[name] for name in KEY)


def run(system: str, python: Path, table: Table, wanted: Record, log: Path) -> Record:
    """One system on one data set, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="automl-quality-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        table.train.to_parquet(folder / "train.parquet")
        table.test.drop(columns=table.target).to_parquet(folder / "test.parquet")
        task = {"kind": table.kind, "target": table.target, "seconds": wanted["budget"]}
        task |= {name: wanted[name] for name in ("cores", "seed")}
        (folder / "task.json").write_text(json.dumps(task))
        command = [str(python), str(HERE / "peers.py"), system, place]
        log.unlink(missing_ok=True)
        facts = {"metric": METRICS[table.kind], "started": time.strftime("%Y-%m-%dT%H:%M:%S")}
        env, limit = environment(folder, wanted["cores"]), KILLED_AT * wanted["budget"]
        usage = watch(command, folder, env, log, limit)
        return {**wanted, **facts, **outcome(usage, table, folder, log)}


def environment(folder: Path, cores: int) -> dict[str, str]:
    """Environment variables of a run: as many threads as cores, scratch files and MLflow in the run's folder."""
    threads = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))}
    env |= {f"{name}_NUM_THREADS": str(cores) for name in threads} | {"LOKY_MAX_CPU_COUNT": str(cores)}
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "TMPDIR": str(folder)}
    return env | store | {"PYTHONNOUSERSITE": "1", "PYTHONHASHSEED": "0"}


def outcome(usage: Usage, table: Table, folder: Path, log: Path) -> Record:
    """What a run cost, and its score or why there is none."""
    facts: Record = {"wall_s": usage.seconds, "cpu_s": usage.cpu, "peak_mb": usage.peak / MB}
    facts["other_cores"] = usage.others
    facts = {name: round(value, 2) for name, value in facts.items()}
    if usage.code is None:
        return {**facts, "failure": f"ended after {usage.seconds:.0f} s"}
    if usage.code != 0:
        said = " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
        return {**facts, "failure": f"exit code {usage.code}: {said[-300:] or 'no output'}"}
    try:
        facts |= json.loads((folder / "timing.json").read_text())
        return {**facts, "score": score(table, pd.read_parquet(folder / "predictions.parquet"))}
    except (ValueError, OSError) as error:
        return {**facts, "failure": f"predictions that cannot be scored: {error}"}


def score(table: Table, predicted: pd.DataFrame) -> float:
    """Metric of predictions: a column ``value``, or a column a class (a class without one has probability 0)."""
    from sklearn import metrics

    if len(predicted) != len(table.test):
        raise ValueError(f"{len(predicted)} rows instead of {len(table.test)}")
    if not np.isfinite(predicted.to_numpy(float)).all():
        raise ValueError("missing or infinite values")
    if table.kind == "regression":
        return float(metrics.root_mean_squared_error(table.truth, predicted["value"]))
    codes = [str(code) for code in range(table.classes)]
    P = predicted.reindex(columns=codes, fill_value=0.0).to_numpy(float)
    if table.kind == "binary":
        return float(metrics.roc_auc_score(table.truth, P[:, 1]))
    return float(metrics.log_loss(table.truth, P / P.sum(axis=1, keepdims=True), labels=range(table.classes)))


def planned(options: argparse.Namespace) -> Iterator[tuple[str, Record]]:
    """All runs that are asked for, repeat by repeat, so that an interruption leaves whole data sets."""
    for seed in range(options.seed, options.seed + options.repeats):
        for where in options.datasets:
            for system in options.systems:
                values = (Path(where).resolve().name, seed, system, options.budget, options.cores)
                yield where, dict(zip(KEY, values, strict=True))


def compare(options: argparse.Namespace) -> None:
    """Do what is not done yet and write each run down. Environments are made, and data sets read, before the first."""
    done = {key(record) for record in recorded(options.output)}
    left = [(where, wanted) for where, wanted in planned(options) if key(wanted) not in done]
    if not left:
        return
    for where in options.datasets:
        read(where, options.seed)
    pythons = {system: python(system, options.environments) for system in options.systems}
    logs = options.output.with_suffix(".logs")
    logs.mkdir(parents=True, exist_ok=True)
    print(
        f"{platform.node()}: {options.cores} of {psutil.cpu_count()} cores, Python {platform.python_version()}"
    )
    print(
        f"{len(left)} runs, at most {KILLED_AT * options.budget * len(left) / 60:.0f} minutes; logs in {logs}"
    )
    for where, wanted in left:
        name = "-".join(map(str, key(wanted)))
        table, system = read(where, wanted["seed"]), wanted["system"]
        record = run(system, pythons[system], table, wanted, logs / name)
        with options.output.open("a") as file:
            file.write(json.dumps(record) + "\n")
        print(f"{name}: {record.get('failure') or record['score']}, {record['wall_s']:.1f} s", flush=True)


def python(system: str, environments: Path) -> Path:
    """The interpreter that a system runs in."""
    peer = PEERS[system]
    if peer.environment is None:
        return Path(sys.executable)
    return interpreter(environments, peer.environment, peer.requirements)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = [name for name in PEERS if name not in ("autogluon_best", "mljar")]
    add = parser.add_argument
    add(
        "--datasets",
        nargs="+",
        default=list(BUILT_IN),
        metavar="SET",
        help=f"{', '.join(BUILT_IN)}, or folders",
    )
    add("--systems", nargs="+", default=usual, choices=PEERS, metavar="SYSTEM", help=", ".join(PEERS))
    add("--budget", type=float, default=60.0, help="seconds for fitting (default: 60)")
    add("--cores", type=int, default=min(2, len(_cores())), help="cores that a system may use (default: 2)")
    add("--seed", type=int, default=0, help="of the first repeat (default: 0)")
    add("--repeats", type=int, default=1, help="how often, each time with the next seed (default: 1)")
    add("--output", type=Path, default=Path("quality.jsonl"), help="one line a run (default: quality.jsonl)")
    where = Path("~/.cache/automl-components-benchmarks").expanduser()
    add(
        "--environments",
        type=Path,
        default=where,
        help=f"folder of the peers' environments (default: {where})",
    )
    options = parser.parse_args(arguments)
    if not 1 <= options.cores <= len(_cores()):
        parser.error(f"--cores {options.cores}: this process may use {len(_cores())}")
    if options.budget <= 0 or options.repeats < 1:
        parser.error("--budget and --repeats must be positive")
    options.datasets, options.systems = (list(dict.fromkeys(x)) for x in (options.datasets, options.systems))
    names = [Path(where).resolve().name for where in options.datasets]
    if twice := {name for name in names if names.count(name) > 1}:
        parser.error(f"--datasets: two are named {twice.pop()!r}; rename a folder")
    try:
        recorded(options.output)
    except ValueError as error:
        parser.error(str(error))
    return options


def _cores() -> list[int]:
    """Cores that this process may use; where the system cannot say, all."""
    if hasattr(psutil.Process, "cpu_affinity"):
        return list(psutil.Process().cpu_affinity())
    return list(range(psutil.cpu_count() or 1))


def main(arguments: Sequence[str] | None = None) -> int:
    options = parsed(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(psutil.Process, "cpu_affinity"):  # inherited by everything started: nobody uses more cores
        psutil.Process().cpu_affinity(_cores()[: options.cores])
    interrupted = False
    try:
        compare(options)
    except KeyboardInterrupt:
        interrupted = True
        print(f"\nInterrupted: the same command goes on after what is in {options.output}.", file=sys.stderr)
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    asked = {key(wanted) for _, wanted in planned(options)}
    if records := [record for record in recorded(options.output) if key(record) in asked]:
        print("\n" + report(records, options.systems))
    return 130 if interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
