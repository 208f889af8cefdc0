"""A run that a clock ended, repeated: the same leaderboard, the same predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_components import automl
from automl_components.core.errors import SettingsError
from automl_components.run import Run

pytestmark = pytest.mark.slow  # a run that a clock ends takes that long


def table(rows: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, 6))
    group = rng.integers(0, 30, rows)
    y = np.sin(2 * x[:, 0]) * x[:, 1] + (group % 7) * 0.3 + rng.normal(0, 0.4, rows)
    frame = pd.DataFrame(x, columns=list("abcdef"))
    return frame.assign(group=[f"g{i}" for i in group], y=y)


def job(**limits: Any) -> Any:
    made = automl.regression(training_data=table(), target_column_name="y", primary_metric="r2_score")
    made.set_limits(**limits)
    made.set_training(allowed_training_algorithms=["elastic_net", "light_gbm", "cat_boost", "decision_tree"])
    made.set_registration(enabled=False)
    return made


@pytest.fixture(scope="module", params=[3, None], ids=["folds", "holdout"])
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Run]:
    """A job of a few seconds, and its run."""
    timed = job(timeout_seconds=20)
    timed.set_data(**{"n_cross_validations": 3} if request.param else {"validation_data_size": 0.2})
    return timed, timed.run(tmp_path_factory.mktemp("first") / "run")


def test_a_replay_is_the_same_run_without_its_clock(first: tuple[Any, Run], tmp_path: Path) -> None:
    timed, run = first
    again = job(replay=run.folder)
    again.set_data(**timed.splits.given())
    repeated = again.run(tmp_path / "again")
    pd.testing.assert_frame_equal(repeated.leaderboard, run.leaderboard)
    new = table(40).drop(columns="y")
    pd.testing.assert_frame_equal(repeated.predict(new), run.predict(new))
    scripts = [json.loads((r.path("trials") / "plan.json").read_text())["trials"] for r in (run, repeated)]
    assert scripts[0] == scripts[1]
    search = json.loads((repeated.path("trials") / "search.json").read_text())
    assert search["stop_reason"] == f"replay: the trials of {run.folder} were repeated"
    again.set_limits(replay=repeated.folder)
    pd.testing.assert_frame_equal(again.run(tmp_path / "third").leaderboard, run.leaderboard)


def test_what_cannot_be_repeated_is_refused(first: tuple[Any, Run], tmp_path: Path) -> None:
    timed, run = first
    other = job(replay=run.folder)
    other.set_data(training_data=table(700), **timed.splits.given())
    with pytest.raises(
        SettingsError, match=r"limits.replay: rows of that run: \d+, here: \d+; give the data"
    ):
        other.run(tmp_path / "other")
