"""The leaderboard: trials and ensembles, best first; no times, so that equal runs have equal boards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from automl_components.engine.trial import TrialResult


def leaderboard(
    results: Iterable[TrialResult], metric: Any, ensembles: Sequence[Any] = (), *, first: str = ""
) -> pd.DataFrame:
    """One row a trial or ensemble, best first, those without a score last; of equals the simpler one is first.

    Parameters
    ----------
    results : iterable of TrialResult
    metric : Metric
        The primary metric: names the column of the score and its direction.
    ensembles : sequence of Ensemble
    first : str
        ``trial`` of the row that comes first whatever its score: a vote is scored cross-fitted, a little stricter than
        those of the trials that it was preferred to.

    Returns
    -------
    DataFrame
        Columns ``rank``, ``trial`` (number or ensemble kind), ``pipeline``, ``status``, the primary metric,
        ``algorithm``, ``note`` (what was changed before it ran, and why), then all other metrics by name.
    """
    rows = [
        {"trial": str(r.number), "pipeline": r.pipeline, "status": r.status, "algorithm": r.algorithm,
         "note": r.note, **r.metrics, metric.name: r.score, "_order": r.number}
        for r in results
    ]  # fmt: skip
    titles = {"voting_ensemble": "VotingEnsemble", "stack_ensemble": "StackEnsemble"}
    rows += [
        {"trial": e.kind, "pipeline": titles[e.kind], "status": "Completed", "algorithm": e.kind, "note": "",
         **e.metrics, metric.name: e.score, "_order": math.inf}
        for e in ensembles
    ]  # fmt: skip
    leading = ["trial", "pipeline", "status", metric.name, "algorithm", "note"]
    board = pd.DataFrame(rows)
    others = sorted(column for column in board if column not in [*leading, "_order"])
    worth = board[metric.name].astype(float) * (1 if metric.greater_is_better else -1)
    keys = {"later": board["trial"] != first, "worth": -worth, "number": board["_order"]}
    order = pd.DataFrame(keys).sort_values(list(keys)).index
    board = board.loc[order, [*leading, *others]].reset_index(drop=True)
    board.insert(0, "rank", range(1, len(board) + 1))
    return board
