"""Results on standard output: a run's findings, leaderboard, metrics and places."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from automl_components.terminal import tables
from automl_components.terminal.live import STATES
from automl_components.terminal.words import figure, plain

if TYPE_CHECKING:
    from rich.console import Console

    from automl_components.run import Run

STATUSES = {
    "Completed": "completed", "Pruned": "given up", "Failed": "failed", "TimedOut": "timed out", "Canceled": "not run"
}  # fmt: skip


def summary(run: Run, *, findings: bool = False, trials: bool = False, rows: int = 10) -> None:
    """What a run left: its leaderboard, its test metrics, and where everything is; of an unfinished run, what is there.

    Parameters
    ----------
    findings : bool
        Whether to begin with the findings of the guardrails.
    trials : bool
        Whether every trial is listed with what it cost.
    rows : int
        Lines of the leaderboard that are shown.
    """
    console = tables.console()
    if console.is_terminal:
        console.print()  # below the lines of progress
    if findings and run.has("guardrail_report"):
        _findings(console, run)
    if run.has("leaderboard") or run.has("trials"):
        _leaderboard(console, run, rows)
    if run.has("trials"):
        if trials:
            _trials(console, run)
        console.print(plain(_search(run)), soft_wrap=True)
        console.print()
    if run.has("test_report") and (tested := run.test_metrics):
        _metrics(console, tested)
    for label, place in _places(run):
        console.print(f"[dim]{label:12s}[/]{plain(place)}", soft_wrap=True)  # a path is there to be copied
    if not run.has("best_model"):
        how = f"; go on with: automl run --resume --output {shlex.quote(run.folder)}" if run.has_job else ""
        console.print(f"not finished{plain(how)}", soft_wrap=True)


def _findings(console: Console, run: Run) -> None:
    """A row for each finding that asks for attention, the heaviest first; the checks that passed in one."""
    from automl_components.guardrails.findings import how_to_switch, report_rows

    rows = report_rows(run.findings)
    table = tables.table("State", "Guardrail", "What was seen, and what was done or would help")
    passed = [row["title"] for row in rows if row["state"] == "Passed"]
    for row in rows:
        if row["state"] == "Passed":
            continue
        advice = " ".join(filter(None, (row["done"], row["remedy"])))
        if row["muted"]:
            advice = f"Muted: {row['muted']}"
        colour = "dim" if row["muted"] else "red" if row["severity"] == "error" else STATES[row["state"]]
        below = "\n" if console.is_terminal else " "  # in a pipe a row is a line
        name = f"{plain(row['title'])}{below}[dim]{plain(row['code'])}[/]"
        more = f" [dim]{plain(advice)}[/]" if advice else ""
        table.add_row(f"[{colour}]{row['state']}[/]", name, plain(row["seen"]) + more)
    if passed:
        count = f"{len(passed)} check{'s' if len(passed) > 1 else ''}"
        table.add_row(f"[{STATES['Passed']}]Passed[/]", count, f"[dim]{plain(', '.join(passed))}[/]")
    tables.show(console, "Findings", table)
    if any(row["how"] and not row["muted"] for row in rows):
        console.print(f"[dim]{plain(how_to_switch('code'))}[/]", soft_wrap=True)
    console.print()


def _leaderboard(console: Console, run: Run, rows: int) -> None:
    board = run.leaderboard
    metric = str(board.columns[4])
    table = tables.table("Rank", "Trial", "Pipeline")
    table.add_column(metric, justify="right")
    table.add_column("")
    chosen = _chosen(run)
    for row in board.head(rows).to_dict("records"):
        done = row["status"] == "Completed"
        note = (
            "[green]best model[/]"
            if row["trial"] == chosen
            else ""
            if done
            else f"[yellow]{row['status']}[/]"
        )
        name = plain(row["pipeline"] if done else row["algorithm"])
        table.add_row(str(row["rank"]), row["trial"], name, figure(row[metric]), note)
    tables.show(console, "Leaderboard", table)
    if len(board) > rows:
        console.print(f"[dim]and {len(board) - rows} more in leaderboard.csv[/]")
    for name, reason in run.choices.items():
        console.print(f"[dim]{plain(name)}: {plain(reason)}[/]", soft_wrap=True)
    console.print()


def _trials(console: Console, run: Run) -> None:
    """What each trial cost and what became of it, in the order in which they were proposed."""
    table = tables.table("Trial", "Pipeline", "State")
    for name in ("Score", "Seconds", "MB"):
        table.add_column(name, justify="right")
    table.add_column("Why")
    for row in run.trials.to_dict("records"):
        why = row["note"] or str((row["error"] or {}).get("message", "")).strip().split("\n", 1)[0]
        if row["cut_short"]:
            why = "cut short by the clock"
        state = row["status"] if row["status"] == "Completed" else f"[yellow]{row['status']}[/]"
        table.add_row(
            str(row["number"]), plain(row["pipeline"]), state, figure(row["score"]), f"{row['seconds']:.1f}",
            f"{row['peak_mb']:.0f}", plain(why),
        )  # fmt: skip
    tables.show(console, "Trials", table)
    console.print()


def _search(run: Run) -> str:
    """One sentence: how many trials, what they cost, why there are no more."""
    facts = run.search
    counts = ", ".join(f"{count} {STATUSES.get(name, name)}" for name, count in facts["statuses"].items())
    limit = "" if facts["limit_seconds"] is None else f" of {facts['limit_seconds']:g} s"
    return (
        f"Search: {counts}, in {facts['seconds']:.1f} s{limit} ({facts['trial_seconds']:.1f} s in trials, at most "
        f"{facts['peak_mb']:.0f} MB each); ended by {facts['stop_reason']}"
    )


def _chosen(run: Run) -> str:
    if not run.has("best_model") or not run.has("leaderboard"):
        return ""
    facts = run.ensemble
    return str(facts["members"][0]) if facts["kind"] == "trial" else str(facts["kind"])


def _places(run: Run) -> Iterator[tuple[str, str]]:
    if run.has("report"):
        yield "report page", run.report
    if run.has("best_model"):
        yield "model", run.best_model
    if run.has("leaderboard"):
        yield "leaderboard", str(run.path("leaderboard") / "leaderboard.csv")
    if run.has("guardrail_report"):
        yield "findings", str(run.path("guardrail_report") / "findings.json")
    if run.has("test_report"):
        yield "test report", str(run.path("test_report"))
    elif run.has("best_model"):
        yield "no test run", "give test_data or test_data_size; the scores are those of validation rows"
    if run.has("predictions"):
        yield "predictions", str(run.path("predictions"))
    if run.has("registration"):
        facts = run.registration
        yield "registered", f"{facts['model_name']} version {facts['version']}, {facts['model_uri']}"


def metrics_table(metrics: Mapping[str, float]) -> None:
    """Metrics of a test run: as many side by side as a terminal has room for, one a line in a pipe."""
    _metrics(tables.console(), metrics)


def _metrics(console: Console, metrics: Mapping[str, float]) -> None:
    widest = max(map(len, metrics)) + 16
    columns = 1 if tables.is_piped(console) else max(1, min(3, console.width // widest))
    lines = -(-len(metrics) // columns)
    table = tables.table()
    table.show_header = False
    for _ in range(columns):
        table.add_column()
        table.add_column(justify="right")
    cells = [(plain(name), figure(value)) for name, value in metrics.items()]
    for line in range(lines):
        table.add_row(*(text for cell in cells[line::lines] for text in cell))
    tables.show(console, "Test metrics", table)
    console.print()
