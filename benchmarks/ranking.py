"""Runs of several systems side by side: ranks, wins, medians, failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

COSTS = ["fit_s", "wall_s", "cpu_s", "peak_mb", "rows_per_s"]
COLUMNS = ["dataset", "metric", "seed", "system", "budget", "score", *COSTS, "failure"]
SHOWN = {"score": ".5g", "rank": ".2f", "mean_rank": ".2f"}
SHOWN |= {"fit_s": ".1f", "wall_s": ".1f", "cpu_s": ".1f", "peak_mb": ".0f", "rows_per_s": ",.0f"}


def ranked(records: Sequence[Mapping[str, Any]], systems: Sequence[str]) -> pd.DataFrame:
    """One row a run, with ``rank`` among the systems on the same rows and ``win``.

    Scores that agree in six digits share their rank, a failure is last. Where not every system has been run
    yet, there are no ranks. A fit is ``late`` after 105 % of the budget and 2 seconds.
    """
    frame = pd.DataFrame(records).reindex(columns=COLUMNS)
    score = frame.score.astype(float)
    loss = score.where(frame.metric != "roc_auc", 1 - score).map(lambda value: float(f"{value:.6g}"))
    groups = loss.fillna(float("inf")).groupby([frame.dataset, frame.seed])
    whole = frame.groupby(["dataset", "seed"]).system.transform("nunique") == len(systems)
    return frame.assign(
        system=pd.Categorical(frame.system, systems),
        rank=groups.rank().where(whole),
        win=whole & (groups.rank("min") == 1) & score.notna(),
        late=frame.fit_s.astype(float) > 1.05 * frame.budget + 2,
    )


def report(records: Sequence[Mapping[str, Any]], systems: Sequence[str]) -> str:
    """Medians for each data set and system, then for each system, the best first, then the failures."""
    frame = ranked(records, systems)
    frame["metric"] = frame.metric.where(frame.metric == "roc_auc", frame.metric + " (less)")
    medians = {name: (name, "median") for name in COSTS}
    failures = {"failures": ("failure", "count")}
    by_set = frame.groupby(["dataset", "metric", "system"], observed=True).agg(
        score=("score", "median"), rank=("rank", "mean"), **failures, **medians
    )
    by_system = frame.groupby("system", observed=True).agg(
        runs=("seed", "size"), mean_rank=("rank", "mean"), wins=("win", "sum"), **failures, late=("late", "sum"),
        **medians,
    )  # fmt: skip
    parts = [_text(by_set.reset_index()), _text(by_system.sort_values("mean_rank").reset_index())]
    failed = frame[frame.failure.notna()].itertuples()
    lines = [f"{one.system} on {one.dataset}, seed {one.seed}: {one.failure}" for one in failed]
    return "\n\n".join(parts + ["\n".join(["Failures", *lines])] * bool(lines))


def _text(frame: pd.DataFrame) -> str:
    formats = {name: SHOWN[name] for name in frame if name in SHOWN}
    shown = {
        name: frame[name].map(lambda v, f=f: "-" if pd.isna(v) else f"{v:{f}}") for name, f in formats.items()
    }
    return frame.assign(**shown).to_string(index=False)
