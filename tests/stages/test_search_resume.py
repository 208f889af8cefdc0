"""A search that is killed, wherever it is and wherever it goes on: no finished trial is trained again.

Run as a script it is one machine: its own cache, its own process.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_components.core.errors import ArtifactError

CORE = Path(__file__).parents[1] / "core"
TRIALS = 6
TASK = {"task": "classification", "primary_metric": "accuracy", "target_column_name": "y", "seed": 3}
ALGORITHMS = ["light_gbm", "decision_tree", "logistic_regression", "bernoulli_naive_bayes"]


def search(features: str, trials: str, **limits: Any) -> Any:
    """The stage, with a limit on trials alone."""
    from automl_components import search_trials

    return search_trials(
        features=features, trials=trials, **TASK, limits={"max_trials": TRIALS, **limits},
        training={"allowed_training_algorithms": ALGORITHMS}, reuse=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> str:
    from yes_no import table

    from automl_components import featurize_data, validate_data

    folder = tmp_path_factory.mktemp("features")
    splits = {"n_cross_validations": 2}
    checked = validate_data(training_data=table(), **TASK, **splits, output=folder)
    return str(featurize_data(checked_data=checked.checked_data, output=folder).features.path)


@pytest.fixture(scope="module")
def uninterrupted(features: str, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("whole") / "trials"
    search(features, str(folder))
    return pd.read_csv(folder / "leaderboard.csv")


def start(features: str, trials: str, cache: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "AUTOML_CACHE": str(cache), "AUTOML_LEASE_SECONDS": "1"}
    return subprocess.Popen([sys.executable, __file__, features, trials], env=environment)


def lines(journal: Path) -> list[str]:
    """The finished trials."""
    return journal.read_text().splitlines() if journal.exists() else []


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
@pytest.mark.parametrize("where", ["local", "store"])
def test_killed_at_random_it_gives_what_an_uninterrupted_one_does(
    tmp_path: Path, features: str, uninterrupted: pd.DataFrame, where: str, seed: int
) -> None:
    draw = random.Random(seed)
    place = tmp_path / "run" / "trials"
    address = str(place) if where == "local" else f"shared://{place}"
    stop_at, finished = draw.randint(1, TRIALS - 2), []
    for machine in ("a", "b"):
        process = start(features, address, tmp_path / machine)
        if machine == "a":
            commits, journal = (
                tmp_path / "run/.trials.draft/commits",
                tmp_path / "run/.trials.draft/journal.jsonl",
            )
            while process.poll() is None:
                done = len(lines(journal)) if where == "local" else len(list(commits.glob("*")))
                if done >= stop_at:
                    time.sleep(draw.uniform(0, 0.3))
                    process.kill()
                time.sleep(0.01)
            if process.returncode == 0:
                pytest.skip("the search was over before it was killed")
            assert process.returncode == -9
            if where == "local":
                finished = lines(journal)
        else:
            assert process.wait(timeout=120) == 0
    kept = lines(place / "journal.jsonl")
    assert kept[: len(finished)] == finished
    ran_by = [json.loads(line)["number"] for line in kept]
    assert sorted(ran_by) == list(range(1, len(ran_by) + 1))
    pd.testing.assert_frame_equal(pd.read_csv(place / "leaderboard.csv"), uninterrupted)
    assert not list((tmp_path / "run").glob(".*.draft*"))


def test_a_clock_that_jumps_changes_nothing(
    tmp_path: Path, features: str, uninterrupted: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(0)
    monkeypatch.setattr(time, "time", lambda: draw.uniform(0, 4e9))
    search(features, str(tmp_path / "trials"), timeout_minutes=1440)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "trials" / "leaderboard.csv"), uninterrupted)


def test_a_search_goes_on_under_higher_limits(tmp_path: Path, features: str) -> None:
    trials = tmp_path / "trials"
    search(features, str(trials), max_trials=3, timeout_minutes=1)
    before = (trials / "journal.jsonl").read_text()
    plan = json.loads((trials / "plan.json").read_text())
    search(features, str(trials), max_trials=TRIALS, timeout_minutes=30)
    assert (trials / "journal.jsonl").read_text().startswith(before)
    assert len(lines(trials / "journal.jsonl")) == TRIALS
    after = json.loads((trials / "plan.json").read_text())
    assert (plan["seconds"], after["seconds"]) == (60, 1800)
    assert (after["rounds"], after["first"]) == (plan["rounds"], plan["first"])


def test_trials_for_which_there_was_no_time_are_tried_when_there_is() -> None:
    from automl_components.engine.trial import TrialResult
    from automl_components.stages.search_trials import without_misses

    def result(number: int, error: str | None = None) -> TrialResult:
        status = "Completed" if error is None else "Canceled"
        return TrialResult(number, "sgd", {}, "sgd", status, 0, error=error and {"type": error})

    results = [result(1), result(2, "NoTime"), result(3, "Crash"), result(4, "NoTime"), result(5, "NoTime")]
    assert without_misses(results) == results[:3]
    assert without_misses(results[:3]) == results[:3]
    assert without_misses(results[1:2]) == []


def test_a_disk_that_fills_up_costs_no_trial(
    tmp_path: Path, features: str, uninterrupted: pd.DataFrame
) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        with pytest.raises(ArtifactError, match=rf"^cannot write {place}/trials: the disk is full"):
            search(features, str(place / "trials"))
        before = lines(place / ".trials.draft" / "journal.jsonl")
        assert all(json.loads(line)["status"] == "Completed" for line in before)
        subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        search(features, str(place / "trials"))
        assert lines(place / "trials" / "journal.jsonl")[: len(before)] == before
        pd.testing.assert_frame_equal(pd.read_csv(place / "trials" / "leaderboard.csv"), uninterrupted)
    finally:
        subprocess.run(["umount", str(place)], check=True)


if __name__ == "__main__":
    sys.path.insert(0, str(CORE))
    from shared_store import register

    register()
    search(sys.argv[1], sys.argv[2])
