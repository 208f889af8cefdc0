"""The comparison of systems: ranks, resume, scores, and processes that must not outlive their time."""

from __future__ import annotations

import _thread
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # scripts that lie beside each other, not a package

import environments  # noqa: E402
import processes  # noqa: E402
import quality  # noqa: E402
import ranking  # noqa: E402
import tables  # noqa: E402

# a peer that hangs: its grandchild is in a session of its own, and what started that has ended
HANGING = """
import subprocess, sys, time
hang = "import time; time.sleep(600)"
middle = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-S', '-c', {hang!r}], "\\
         "start_new_session=True); print(p.pid, flush=True); time.sleep(0.7)"
subprocess.Popen([sys.executable, "-S", "-c", middle]).wait()
time.sleep(600)
"""


def record(
    system: str, score: float | None, dataset: str = "a", metric: str = "roc_auc", **more: object
) -> dict:
    run = {"dataset": dataset, "metric": metric, "seed": 0, "system": system, "budget": 10.0, "cores": 2}
    costs = {"fit_s": 9.0, "wall_s": 10.0, "cpu_s": 15.0, "peak_mb": 200.0, "rows_per_s": 1e4}
    result = {"failure": "ended after 20 s"} if score is None else {"score": score}
    return {**run, **costs, **result, **more}


def ranks(records: list[dict], systems: list[str]) -> list[float]:
    return ranking.ranked(records, systems)["rank"].tolist()


def test_more_auc_and_less_loss_are_better():
    systems = ["x", "y"]
    assert ranks([record("x", 0.8), record("y", 0.9)], systems) == [2, 1]
    for metric in ("rmse", "log_loss"):
        assert ranks([record(s, v, metric=metric) for s, v in (("x", 0.8), ("y", 0.9))], systems) == [1, 2]


def test_equal_scores_share_a_rank_and_failures_are_last():
    records = [record("w", None), record("x", 0.9), record("y", 0.9 + 1e-9), record("z", 0.8)]
    frame = ranking.ranked(records, ["w", "x", "y", "z"])
    assert frame["rank"].tolist() == [4, 1.5, 1.5, 3]
    assert frame.win.tolist() == [False, True, True, False]


def test_nobody_wins_where_all_fail():
    assert not ranking.ranked([record("x", None), record("y", None)], ["x", "y"]).win.any()


def test_rows_that_a_system_has_not_seen_yet_are_not_ranked():
    records = [record("x", 0.8), record("y", 0.9), record("x", 0.9, "b")]
    frame = ranking.ranked(records, ["x", "y"])
    assert frame["rank"].tolist()[:2] == [2, 1]
    assert np.isnan(frame["rank"][2])
    assert not frame.win[2]


def test_the_report_puts_systems_side_by_side():
    text = ranking.report([record("x", 0.8, fit_s=12.6), record("y", None)], ["x", "y"])
    by_set, by_system, failures = text.split("\n\n")
    assert by_set.splitlines()[1].split() == [
        *("a", "roc_auc", "x", "0.8", "1.00", "0"),
        *("12.6", "10.0", "15.0", "200", "10,000"),
    ]
    assert by_system.splitlines()[0].split()[:6] == [
        "system",
        "runs",
        "mean_rank",
        "wins",
        "failures",
        "late",
    ]
    assert by_system.splitlines()[1].split()[:6] == ["x", "1", "1.00", "1", "0", "1"]
    assert by_system.splitlines()[2].split()[:6] == ["y", "1", "2.00", "0", "1", "0"]
    assert failures.splitlines() == ["Failures", "y on a, seed 0: ended after 20 s"]


def test_a_torn_last_line_is_removed_and_a_strange_one_refused(tmp_path: Path):
    output = tmp_path / "quality.jsonl"
    assert quality.recorded(output) == []
    line = json.dumps(record("x", 0.8)) + "\n"
    output.write_text(line + line[:30])
    assert quality.recorded(output) == [record("x", 0.8)]
    assert output.read_text() == line
    output.write_text(line + '{"system": "x"}\n')
    with pytest.raises(ValueError, match=r"quality\.jsonl holds lines that are no runs"):
        quality.recorded(output)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def orphan(log: Path) -> int:
    """Process id that the hanging script printed."""
    return int(log.read_text())


def test_a_hanging_tree_is_ended_with_all_that_it_started(tmp_path: Path):
    log = tmp_path / "log"
    usage = processes.watch([sys.executable, "-c", HANGING], tmp_path, os.environ, log, limit=3)
    assert usage.code is None
    assert 3 <= usage.seconds < 60
    assert usage.cpu > 0
    assert usage.peak > 2**20
    assert gone(orphan(log))


def test_interrupting_ends_the_tree(tmp_path: Path):
    log = tmp_path / "log"

    def interrupt() -> None:
        while not (log.exists() and log.read_text().endswith("\n")):
            time.sleep(0.05)
        time.sleep(2 * processes.EVERY_S)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        processes.watch([sys.executable, "-c", HANGING], tmp_path, os.environ, log, limit=30)
    assert gone(orphan(log))


def test_cpu_seconds_of_processes_shorter_than_a_look_count(tmp_path: Path):
    burn = "import time\nwhile time.process_time() < 0.06: pass"
    many = (
        f"import subprocess, sys\nfor _ in range(5): subprocess.run([sys.executable, '-S', '-c', {burn!r}])"
    )
    usage = processes.watch([sys.executable, "-c", many], tmp_path, os.environ, tmp_path / "log")
    assert usage.code == 0
    assert usage.cpu >= 0.3


def table(kind: str, target: list[float], classes: int) -> tables.Table:
    rows = pd.DataFrame({"x": range(len(target)), "y": target})
    return tables.Table("t", kind, "y", rows, rows, classes)


def test_scores_follow_their_definitions():
    binary = table("binary", [0, 0, 1, 1], 2)
    assert quality.score(binary, pd.DataFrame({"0": [0.9, 0.6, 0.7, 0.2], "1": [0.1, 0.4, 0.3, 0.8]})) == 0.75
    assert quality.score(table("regression", [0, 0], 0), pd.DataFrame({"value": [3.0, 4.0]})) == 12.5**0.5
    three = table("multiclass", [0, 2], 3)  # nobody has seen class 1
    found = quality.score(three, pd.DataFrame({"2": [1.0, 3.0], "0": [1.0, 1.0]}))
    assert found == pytest.approx(-(np.log(1 / 2) + np.log(3 / 4)) / 2)


def test_predictions_that_are_short_or_missing_have_no_score():
    plain = table("regression", [0, 0], 0)
    with pytest.raises(ValueError, match="1 rows instead of 2"):
        quality.score(plain, pd.DataFrame({"value": [3.0]}))
    with pytest.raises(ValueError, match="missing or infinite"):
        quality.score(plain, pd.DataFrame({"value": [3.0, None]}))


def folder(place: Path, task: str = "multiclass", target: str = "kind") -> Path:
    place.mkdir()
    pd.DataFrame({"n": [1.0, 2.0, 3.0], "kind": ["b", "c", "b"]}).to_parquet(place / "train.parquet")
    pd.DataFrame({"n": [1.0, 2.0], "kind": ["a", "b"]}).to_parquet(place / "test.parquet")
    (place / "meta.json").write_text(json.dumps({"task": task, "target": target}))
    return place


def test_a_folder_is_read_as_it_is_split(tmp_path: Path):
    found = tables.read(str(folder(tmp_path / "mine")), seed=5)
    assert (found.name, found.classes) == ("mine", 3)
    assert found.train.kind.tolist() == [1, 2, 1]
    assert found.truth.tolist() == [0, 1]


def test_what_cannot_be_compared_is_refused_by_name(tmp_path: Path):
    with pytest.raises(ValueError, match=r"'whine' is neither a built-in data set \(breast_cancer"):
        tables.read("whine", 0)
    with pytest.raises(ValueError, match="task 'forecasting' cannot be compared"):
        tables.read(str(folder(tmp_path / "a", task="forecasting")), 0)
    with pytest.raises(ValueError, match=r"train\.parquet has no column 'sort'"):
        tables.read(str(folder(tmp_path / "b", target="sort")), 0)


@pytest.mark.parametrize("name", tables.BUILT_IN)
def test_built_in_sets_are_split_by_the_seed(name: str):
    one, again, other = (tables.read(name, seed) for seed in (0, 0, 1))
    assert one.kind in quality.METRICS
    pd.testing.assert_frame_equal(one.train, again.train)
    assert not one.test.equals(other.test)
    if one.classes:
        assert set(one.truth) == set(range(one.classes))


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the environment's Python")
def test_a_failing_installation_is_told(tmp_path: Path):
    python = tmp_path / "peer" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho no such package >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(RuntimeError, match="peer failed: no such package"):
        environments.interpreter(tmp_path, "peer", ["nothing>=1"])


def test_a_call_goes_on_after_what_is_done(tmp_path: Path):
    output = tmp_path / "quality.jsonl"
    done = json.dumps(record("lightgbm", 0.5, "wine", "log_loss", budget=20.0, cores=1))
    output.write_text(done + "\n")
    command = [sys.executable, str(BENCHMARKS / "quality.py"), "--systems", "lightgbm", "--budget", "20"]
    command += ["--cores", "1", "--output", str(output), "--datasets", "wine", "diabetes"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 0, ended.stderr
    before, after = output.read_text().splitlines()
    assert before == done
    assert json.loads(after)["dataset"] == "diabetes"
    assert 40 < json.loads(after)["score"] < 77  # 77 is the spread of the target
    assert "mean_rank" in ended.stdout


def test_options_that_make_no_sense_are_refused(capsys: pytest.CaptureFixture[str]):
    for arguments, message in [
        (["--systems", "flamel"], "invalid choice: 'flamel'"),
        (["--cores", "1000"], "--cores 1000: this process may use"),
        (["--budget", "0"], "must be positive"),
        (["--datasets", "wine", "elsewhere/wine"], "two are named 'wine'"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            quality.parsed(arguments)
        assert message in capsys.readouterr().err
