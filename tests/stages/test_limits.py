"""Limits on memory and on the time of a prediction, through the stages."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from automl_components import automl
from automl_components.__main__ import main
from automl_components.core.errors import NoModelError
from automl_components.core.events import listening
from automl_components.job import Job


def job(**limits: Any) -> Any:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    made = automl.regression(
        training_data=frame.assign(y=frame["a"] + rng.normal(size=300)), target_column_name="y"
    )
    made.set_data(n_cross_validations=2)
    made.set_limits(max_trials=2, **limits)
    made.set_training(allowed_training_algorithms=["decision_tree", "elastic_net"])
    made.set_registration(enabled=False)
    return made


def test_the_time_for_a_row_is_measured_and_told_only_where_it_is_limited(tmp_path: Path) -> None:
    free = job().run(tmp_path / "free")
    assert "prediction_ms_per_row" not in free.ensemble
    assert free.trials["row_ms"].isna().all()
    warnings: list[str] = []
    with listening(
        lambda kind, facts: warnings.append(facts["message"]) if facts["level"] >= logging.WARNING else None
    ):
        run = job(max_prediction_ms_per_row=1e-6).run(tmp_path / "limited")
    assert (run.trials["row_ms"] > 0).all()
    told = run.ensemble["prediction_ms_per_row"]
    assert told["limit"] == 1e-6
    assert told["expected"] > 2 * run.trials["row_ms"].min()  # two learners, and the features
    assert told["measured"] > 0
    assert run.ensemble["kind"] == "trial"
    assert any("no trial predicts a row in 1e-06 ms" in text for text in warnings)
    generous = job(max_prediction_ms_per_row=1e6).run(tmp_path / "generous")
    assert generous.ensemble["members"] == free.ensemble["members"]
    pd.testing.assert_frame_equal(generous.leaderboard, free.leaderboard)


def test_where_no_fit_has_room_each_is_listed_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(NoModelError, match=r"elastic_net: needs about \d+ MB, a trial may use 100 MB"):
        job(max_memory_mb=200, max_concurrent_trials=2).run(tmp_path / "run")
    journal = (tmp_path / "run" / ".trials.draft" / "journal.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in journal]
    assert {record["error"]["type"] for record in records} == {"NoMemory"}
    assert {record["status"] for record in records} == {"Canceled"}


def test_a_run_that_cannot_be_replayed_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"a": range(60), "y": range(60)})
    table.to_csv("rows.csv", index=False)
    text = "type: automl\ntask: regression\ntraining_data: {type: mltable, path: rows.csv}\ntarget_column_name: y\n"
    Path("job.yml").write_text(text)
    done = CliRunner().invoke(main, ["run", "job.yml", "--replay", "runs/old", "--output", "new"])
    assert done.exit_code == 2
    place = tmp_path / "runs" / "old"
    assert f"limits.replay: {place} has no trials; only a finished run can be repeated" in done.stderr
    assert not (tmp_path / "new").exists()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "again.yml").write_text(text + "limits: {replay: ../runs/old}\n")
    assert Job.from_file("jobs/again.yml").limits.replay == str(place)
