"""The trials: who is best, what the best model is made of, how the score went, what failed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from automl_components import formats
from automl_components.core.artifacts import redacted
from automl_components.report.contents import Contents, Record
from automl_components.report.drawing import COLOURS, DASHES, WIDE, Drawing, Key, draw
from automl_components.report.words import duration, plural, score, short, without_places

TOP = 10
BESIDE = {  # metrics beside the primary one, the first of them that there are
    "classification": ("accuracy", "AUC_weighted", "f1_score_macro", "log_loss"),
    "regression": ("r2_score", "root_mean_squared_error", "mean_absolute_error", "spearman_correlation"),
}
LEVELS = 4  # a score this many times further from the best than the median is drawn at the chart's edge


def fill(contents: Contents) -> dict[str, Any]:
    """The best rows of the leaderboard, the members of the best model, the course of the search."""
    board, metric = contents.board, contents.metric
    there = {name for row in board for name, value in row.items() if value is not None}
    beside = [n for n in BESIDE.get(contents.search.get("task", ""), ()) if n != metric and n in there][:3]
    shown = list(board[:TOP])
    shown += [row for row in board[TOP:] if row["trial"] == contents.chosen]
    costs = {str(trial["number"]): trial.get("seconds") for trial in contents.trials}
    return {
        "metrics": [metric, *beside],
        "rows": [entry(contents, row, [metric, *beside], costs.get(row["trial"])) for row in shown],
        "hidden": len(board) - len(shown),
        "members": members(contents),
        "choices": formats.reasons(contents.best),
        "course": course(contents),
        "failures": failures(contents.trials),
        "skipped": contents.search.get("skipped") or [],
        "reason": contents.search.get("stop_reason") or "",
    }


def entry(contents: Contents, row: Record, metrics: Sequence[str], seconds: float | None) -> dict[str, Any]:
    """One row of the leaderboard."""
    done = row["status"] == "Completed"
    return {
        "rank": int(row["rank"]),
        "trial": row["trial"] if row["trial"].isdecimal() else "",
        "name": (row["pipeline"] if done else row["algorithm"]) or row["algorithm"],
        "figures": [score(row.get(metric)) for metric in metrics],
        "seconds": "" if seconds is None else duration(seconds),
        "status": "" if done else row["status"],
        "chosen": row["trial"] == contents.chosen,
    }


def members(contents: Contents) -> list[dict[str, Any]]:
    """The trials in the best model, the heaviest first; empty where it is one trial."""
    best = contents.best
    if best["kind"] == "trial":
        return []
    scores = {trial["number"]: trial.get("score") for trial in contents.trials}
    weights = list(best.get("weights") or ())
    total, voted = sum(weights) or 1.0, best["kind"] == "voting_ensemble"
    names = list(best.get("pipelines") or ()) or [""] * len(best["members"])
    made = [
        {
            "trial": number,
            "name": name,
            "score": score(scores.get(number)),
            "share": weight / total if voted else None,
        }
        for number, name, weight in zip(best["members"], names, weights or [0.0] * len(names), strict=True)
    ]
    return sorted(made, key=lambda member: -(member["share"] or 0.0))


def failures(trials: Sequence[Record]) -> list[dict[str, Any]]:
    """Why trials have no score: each cause once, with how often it was seen."""
    causes = Counter(
        (trial["algorithm"], trial["status"], cause(trial))
        for trial in trials
        if trial["status"] != "Completed"
    )
    return [
        {"algorithm": name, "status": status, "message": message, "times": times}
        for (name, status, message), times in causes.most_common()
    ]


def cause(trial: Record) -> str:
    """What a trial failed of, without secrets and places."""
    message = str((trial.get("error") or {}).get("message") or "").strip().split("\n", 1)[0]
    return short(without_places(redacted(message)), 300)


@dataclass(frozen=True)
class Course:
    """Scores by trial number with the best so far, within limits that let differences be seen."""

    numbers: list[int]
    scores: list[float]
    best: list[float]
    low: float
    high: float

    @property
    def outside(self) -> int:
        """Scores beyond the limits."""
        return sum(not self.low <= value <= self.high for value in self.scores)


def measured(contents: Contents) -> Course | None:
    """The course of the search; None below two scores."""
    scored = [
        (trial["number"], trial["score"]) for trial in contents.trials if trial.get("score") is not None
    ]
    if len(scored) < 2:
        return None
    sign = 1 if contents.greater_is_better else -1
    values = [sign * value for _, value in scored]
    best = [max(values[: at + 1]) for at in range(len(values))]
    final = max(best[-1], sign * contents.best["score"])
    worst = max(min(values), final - LEVELS * (final - statistics.median(values)))
    margin = 0.06 * (final - worst) or 0.01 * (abs(final) or 1.0)
    ends = sorted((sign * (worst - margin), sign * (final + margin)))
    return Course([n for n, _ in scored], [v for _, v in scored], [sign * b for b in best], *ends)


def course(contents: Contents) -> Drawing | None:
    """The score of each trial with the best so far, and the score of the ensemble."""
    run = measured(contents)
    if run is None:
        return None
    used = set(contents.best["members"])
    ensemble = None if contents.best["kind"] == "trial" else contents.best["score"]

    def plot(axes: Any) -> None:
        axes.set(xlabel="Trial", ylabel="", ylim=(run.low, run.high))
        axes.margins(x=0.03)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.step(run.numbers, run.best, where="post", color=COLOURS["accent"], linewidth=2)
        if ensemble is not None:
            axes.axhline(ensemble, color=COLOURS["line2"], linewidth=1.5, linestyle=DASHES)
        for number, value in zip(run.numbers, run.scores, strict=True):
            inside = run.low <= value <= run.high
            axes.plot(
                number, min(max(value, run.low), run.high), clip_on=False, markersize=7, color=COLOURS["accent"],
                marker="o" if inside else "v" if value < run.low else "^", markeredgewidth=1.4,
                markerfacecolor=COLOURS["accent"] if number in used else "none",
            )  # fmt: skip

    return Drawing(
        f"{contents.metric} by trial",
        draw(plot, alt=" ".join(read(contents, run, ensemble)), size=WIDE, left=0.05),
        list(keys(run, ensemble is not None)),
    )


def read(contents: Contents, run: Course, ensemble: float | None) -> Iterator[str]:
    """The chart in words."""
    first = run.numbers[run.scores.index(run.best[-1])]
    yield f"{contents.metric} of {plural(len(run.scores), 'trial')}:"
    yield f"the first reached {score(run.scores[0])}, trial {first} the best, {score(run.best[-1])}."
    if ensemble is not None:
        yield f"The ensemble reached {score(ensemble)}."


def keys(run: Course, ensemble: bool) -> Iterator[Key]:
    """The chart's legend."""
    if ensemble:
        yield Key("in the best model", "accent", "dot")
        yield Key("other trials", "accent", "ring")
        yield Key("best trial so far", "accent", "line")
        yield Key("ensemble", "line2", "dashed")
    else:
        yield Key("the best model", "accent", "dot")
        yield Key("other trials", "accent", "ring")
        yield Key("best so far", "accent", "line")
    if run.outside:
        yield Key(f"{plural(run.outside, 'trial')} beyond the edge", "accent", "edge")
