"""The leaderboard: order in both directions, failures last, nothing that differs between equal runs."""

import numpy as np
import pytest

from automl_components.engine.ensemble import Ensemble
from automl_components.engine.leaderboard import leaderboard
from automl_components.engine.scoring import primary_metric
from automl_components.engine.trial import TrialResult


def result(number, score, **facts):
    status = "Completed" if score is not None else "Failed"
    return TrialResult(number, "knn", {}, "StandardScaler, KNN", status, 0, score, **facts)


@pytest.mark.parametrize(
    ("name", "order"), [("accuracy", ["2", "3", "1", "4"]), ("log_loss", ["1", "2", "3", "4"])]
)
def test_best_first_ties_by_number_failures_last(name, order):
    results = [result(4, None), result(3, 0.7), result(2, 0.7), result(1, 0.2)]
    board = leaderboard(results, primary_metric(name, "classification"))
    assert list(board["trial"]) == order
    assert list(board["rank"]) == [1, 2, 3, 4]
    assert np.isnan(board[name].iloc[-1])
    assert board["status"].iloc[-1] == "Failed"


def test_of_equals_the_simpler_one_stands_first():
    made = Ensemble(
        "voting_ensemble", (1, 2), (0.5, 0.5), np.zeros(1), 0.7, {"accuracy": 0.7, "AUC_weighted": 0.9}
    )
    results = [result(1, 0.7, metrics={"log_loss": 0.3}), result(2, 0.8)]
    board = leaderboard(results, primary_metric("accuracy", "classification"), [made])
    assert list(board["trial"]) == ["2", "1", "voting_ensemble"]
    chosen = leaderboard(results, primary_metric("accuracy", "classification"), [made], first=made.kind)
    assert list(chosen["trial"]) == ["voting_ensemble", "2", "1"]
    assert list(chosen["rank"]) == [1, 2, 3]
    first = ["rank", "trial", "pipeline", "status", "accuracy", "algorithm", "note"]
    assert list(board) == [*first, "AUC_weighted", "log_loss"]
    assert board["pipeline"].iloc[2] == "VotingEnsemble"


def test_times_leave_no_trace():
    metric = primary_metric("r2_score", "regression")
    slow = result(1, 0.5, seconds=9.0, fit_s=8.0, predict_s=1.0, started=1e9, peak_mb=500.0)
    assert leaderboard([slow], metric).equals(leaderboard([result(1, 0.5)], metric))


def test_all_failed():
    board = leaderboard([result(2, None), result(1, None)], primary_metric("accuracy", "classification"))
    assert list(board["trial"]) == ["1", "2"]
    assert board["accuracy"].isna().all()
