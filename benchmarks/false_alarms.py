"""How often guardrails speak where there is nothing to say. Reported, never asserted.

.venv/bin/python benchmarks/false_alarms.py                      the data sets of ../shared/data, and tidy tables
.venv/bin/python benchmarks/false_alarms.py --seeds 20 --data my/data

Three kinds of tables: data sets as they are (what speaks there was looked up, and can be true); the same with every
column shuffled by itself, so that each keeps its values and no two have anything to do with each other; and the tidy
tables of the tests, with a target that is a noisy sum of three columns.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from automl_components.engine import checking, folds
from automl_components.guardrails import GUARDRAILS, Finding

ROOT = Path(__file__).resolve().parents[1]
ROWS = 20_000  # of a data set that are looked at


def findings(frame: pd.DataFrame, target: str, task: str, test: pd.DataFrame | None = None) -> list[Finding]:
    """What a run would be told of a table."""
    checked = checking.check_tables(frame, None, test, task=task, target_column_name=target)
    splits = folds.make_splits(checked.y, task=task, n_cross_validations=3, seed=0)
    columns = checking.detect_columns(checked.frame, {})
    return checking.run_guardrails(checking.facts_of(checked, splits, columns, target_name=target))


def data_sets(folder: Path) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame, str, str]]:
    """Name, training and test rows, target and task of every data set in a folder."""
    for file in sorted(folder.glob("*/meta.json")):
        meta = json.loads(file.read_text())
        train, test = (pd.read_parquet(file.with_name(f"{part}.parquet")) for part in ("train", "test"))
        task = "classification" if meta["task"] in ("binary", "multiclass") else "regression"
        yield file.parent.name, train.head(ROWS), test, meta["target"], task


def shuffled(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Every column in an order of its own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {name: column.to_numpy()[rng.permutation(len(frame))] for name, column in frame.items()}
    )


def tidy_table(seed: int, task: str) -> pd.DataFrame:
    """A tidy table with a target that has to be learnt."""
    sys.path.insert(0, str(ROOT / "tests" / "catalogs"))
    from tidy_columns import tidy

    frame = tidy(seed)
    parts = [frame[name].rank(pct=True) for name in ("normal", "calls", "beta")]
    value = sum(parts) + np.random.default_rng(seed).normal(0, 0.2, len(frame))
    return frame.assign(
        target=np.where(value > value.median(), "yes", "no") if task == "classification" else value
    )


def tables(folder: Path, seeds: int) -> Iterator[tuple[str, str, list[Finding]]]:
    """Kind and name of each table, and what is said of it."""
    for name, train, test, target, task in data_sets(folder):
        yield "as they are", name, findings(train, target, task, test)
        for seed in range(max(1, seeds // 4)):
            yield "columns shuffled", f"{name} {seed}", findings(shuffled(train, seed), target, task)
    for seed in range(seeds):
        for task in ("classification", "regression"):
            yield "tidy", f"{task} {seed}", findings(tidy_table(seed, task), "target", task)


def main() -> None:
    """Print what speaks: in how many tables of each kind, and where."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=8)
    given = parser.parse_args()
    started = time.process_time()
    count: Counter[str] = Counter()
    spoken: dict[str, dict[tuple[str, str], list[str]]] = {}
    for kind, name, found in tables(given.data, given.seeds):
        count[kind] += 1
        for one in found:
            if one.speaks:
                spoken.setdefault(kind, {}).setdefault((one.status, one.code), []).append(name)
                print(
                    f"{kind}: {name}: {one.status} {one.severity} {one.code}: {one.summary[:300]}",
                    file=sys.stderr,
                )
    for kind, total in count.items():
        said = spoken.get(kind, {})
        alerts = sum(len(names) for (status, _), names in said.items() if status == "Alerted")
        print(f"\n{kind}: {total} tables x {len(GUARDRAILS)} guardrails, {alerts} alerts")
        for (status, code), names in sorted(said.items(), key=lambda item: -len(item[1])):
            print(f"  {status:8s} {code:26s} {len(names):4d}  {', '.join(names[:6])}")
    print(f"\n{time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()
