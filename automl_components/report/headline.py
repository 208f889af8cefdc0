"""The top of the page: what was learned, how well, from what, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from automl_components.report.contents import Contents
from automl_components.report.words import duration, plural, score, share

SHARED = 0.01  # of the test rows also in the training data, from which on they are worth a word
LATE = 0.75  # an improvement in the last quarter of the trials suggests that more would help


@dataclass(frozen=True)
class Tile:
    """One figure that everybody looks for."""

    label: str
    value: str
    note: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Step:
    """Something to do next: an alert is about the run's worth, a command is typed in the run's folder."""

    text: str
    anchor: str = ""
    command: str = ""
    alert: bool = False


def fill(contents: Contents) -> dict[str, Any]:
    """Lead, tiles and next steps."""
    return {
        "lead": lead(contents),
        "tiles": list(tiles(contents)),
        "steps": list(steps(contents)),
        "kind": contents.search.get("task") or contents.model.get("task") or "",
    }


def lead(contents: Contents) -> str:
    """The run in one sentence or two."""
    best, metric = contents.best, contents.metric
    members, trials = len(best["members"]), plural(len(contents.trials), "trial")
    if best["kind"] == "trial":
        text = f"{best['pipelines'][0]} came out best of {trials}"
    else:
        how = "vote" if best["kind"] == "voting_ensemble" else "stack"
        text = f"A {how} of {plural(members, 'model')} came out best of {trials}"
    text += f": {metric} {score(best['score'])} in validation"
    if contents.test is not None and metric in contents.test.metrics:
        rows = contents.test.facts.get("scored_rows", contents.test.facts["rows"])
        text += f", {score(contents.test.metrics[metric])} on {plural(rows, 'test row')} kept apart from the search"
    return f"{text}."


def tiles(contents: Contents) -> Iterator[Tile]:
    """The figures that everybody looks for."""
    metric, test = contents.metric, contents.test
    better = "greater is better" if contents.greater_is_better else "less is better"
    if test is not None and metric in test.metrics:
        yield Tile(f"{metric}, test", score(test.metrics[metric]), against(contents), "test")
        yield Tile(f"{metric}, validation", score(contents.best["score"]), better, "leaderboard")
    else:
        yield Tile(f"{metric}, validation", score(contents.best["score"]), better, "leaderboard")
    failed = sum(trial["status"] != "Completed" for trial in contents.trials)
    note = f"{failed} without a score" if failed else "all completed"
    yield Tile("Trials", f"{len(contents.trials):,}", note, "leaderboard")
    rows, columns = contents.best.get("rows") or contents.search.get("rows"), len(contents.model["columns"])
    if rows:
        yield Tile(
            "Rows to learn from", f"{rows:,}", plural(columns, "column") if columns else "", "features"
        )
    alerts = len(contents.alerts)
    note = "to look at" if alerts else f"{plural(len(contents.findings), 'check')} done"
    yield Tile("Alerts", f"{alerts}" if alerts else "none", note, "findings")
    if seconds := sum({marker.component: marker.seconds for marker in contents.steps.values()}.values()):
        yield Tile("Took", duration(seconds), stopped(contents), "provenance")


def against(contents: Contents) -> str:
    """How the test score compares with the validation score."""
    assert contents.test is not None
    difference = contents.test.metrics[contents.metric] - contents.best["score"]
    if not contents.greater_is_better:
        difference = -difference
    if abs(difference) <= 1e-3 * max(abs(contents.best["score"]), 1e-9):
        return "as in validation"
    return f"{score(abs(difference))} {'better' if difference > 0 else 'worse'} than in validation"


def stopped(contents: Contents) -> str:
    """Why the search ended, in a word or two."""
    reason = str(contents.search.get("stop_reason") or "").partition(":")[0]
    return f"ended by {reason}" if reason else ""


def steps(contents: Contents) -> Iterator[Step]:
    """What to do next, what endangers the score first."""
    if alerts := contents.alerts:
        titles = ", ".join(dict.fromkeys(alert["title"] for alert in alerts))
        yield Step(
            f"Look at {plural(len(alerts), 'alert')} before relying on the score: {titles}",
            "findings",
            alert=True,
        )
    yield from about_the_test(contents)
    yield from about_the_search(contents)
    if name := contents.registration.get("model_name"):
        yield Step(f"The run registers the model next, as {name}{conditions(contents)}")
    else:
        yield Step("Register the model", command="automl register .")
    yield Step(
        "Predict new rows", command="automl predict best_model new_rows.csv --output predictions.parquet"
    )


def about_the_test(contents: Contents) -> Iterator[Step]:
    """What is missing for an honest score, or spoils it."""
    test = contents.test
    if test is None or not test.metrics:
        what = (
            "There was no test" if test is None else "The test rows had no target, so there is no test score"
        )
        yield Step(f"{what}: the validation score has been searched for and is a little too good. Give test_data or "
                   "test_data_size", alert=True)  # fmt: skip
        return
    shared = test.facts.get("overlap_rows") or 0
    told = any("overlap" in alert["code"] for alert in contents.alerts)
    if shared >= SHARED * test.facts["rows"] and not told:
        part = share(shared / test.facts["rows"])
        yield Step(f"{plural(shared, 'test row')} ({part}) {'are' if shared > 1 else 'is'} also in the training data: "
                   "the test score looks too good by as much", "test", alert=True)  # fmt: skip


def about_the_search(contents: Contents) -> Iterator[Step]:
    """Whether more trials would help, and whether some failed."""
    trials, sign = contents.trials, 1 if contents.greater_is_better else -1
    scored = [trial for trial in trials if trial.get("score") is not None]
    if len(scored) >= 8:
        last = max(scored, key=lambda trial: (sign * trial["score"], -trial["number"]))["number"]
        if last > LATE * len(trials):
            yield Step(f"Give it more trials or time: the best single model came late, as trial {last} of "
                       f"{len(trials)}", "leaderboard")  # fmt: skip
    if failed := sum(trial["status"] in ("Failed", "TimedOut") for trial in trials):
        yield Step(f"See why {plural(failed, 'trial')} failed or ran out of time", "leaderboard", alert=True)


def conditions(contents: Contents) -> str:
    """Under which conditions the registry takes the model."""
    wanted = contents.registration
    parts = [f"{name} passes its bound" for name in wanted.get("gate") or ()]
    if wanted.get("champion_alias"):
        parts.append(f"it beats {wanted['champion_alias']!r} on the same test rows")
    return f", if {' and '.join(parts)}" if parts else ""
