"""Results on standard output: a run's findings, leaderboard, metrics and places; what a catalog holds."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automl_components.terminal.live import STATES
from automl_components.terminal.words import figure, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from automl_components.run import Run

PIPED_WIDTH = 200
"""Columns where nobody sets a width: in a file, lines had better not be broken."""


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console


def _table(*columns: str) -> Table:
    from rich.table import Table

    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _show(console: Console, title: str, table: Table) -> None:
    console.print(f"[bold]{title}[/]")
    console.print(table)


def summary(run: Run, *, findings: bool = False, rows: int = 10) -> None:
    """What a run left: its leaderboard, its test metrics, and where everything is; of an unfinished run, what is there.

    Parameters
    ----------
    findings : bool
        Whether to begin with every finding of the guardrails.
    rows : int
        Lines of the leaderboard that are shown.
    """
    console = _console()
    if console.is_terminal:
        console.print()  # below the lines of progress
    if findings and run.has("guardrail_report"):
        _findings(console, run.guardrails.to_dict("records"))
    if run.has("leaderboard") or run.has("trials"):
        _leaderboard(console, run, rows)
    if run.has("test_report") and (tested := run.test_metrics):
        _metrics(console, tested)
    for label, place in _places(run):
        console.print(f"[dim]{label:12s}[/]{plain(place)}", soft_wrap=True)  # a path is there to be copied
    if not run.has("best_model"):
        how = f"; go on with: automl run --resume --output {shlex.quote(run.folder)}" if run.has_job else ""
        console.print(f"not finished{plain(how)}", soft_wrap=True)


def _findings(console: Console, found: Sequence[Mapping[str, Any]]) -> None:
    table = _table("State", "Guardrail", "What was seen, and what was done or would help")
    for row in found:
        seen = plain(row["summary"])
        if isinstance(row["repair"], str):  # pandas has NaN where there is none
            seen += f" [dim]{plain(row['repair'])}[/]"
        table.add_row(f"[{STATES[row['status']]}]{row['status']}[/]", plain(row["title"]), seen)
    _show(console, "Findings", table)
    console.print()


def _leaderboard(console: Console, run: Run, rows: int) -> None:
    board = run.leaderboard
    metric = str(board.columns[4])
    table = _table("Rank", "Trial", "Pipeline")
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
    _show(console, "Leaderboard", table)
    if len(board) > rows:
        console.print(f"[dim]and {len(board) - rows} more in leaderboard.csv[/]")
    console.print()


def _chosen(run: Run) -> str:
    if not run.has("best_model") or not run.has("leaderboard"):
        return ""
    facts = run.ensemble
    return str(facts["members"][0]) if facts["kind"] == "trial" else str(facts["kind"])


def _places(run: Run) -> Iterator[tuple[str, str]]:
    if run.has("best_model"):
        yield "model", run.best_model
    if run.has("leaderboard"):
        yield "leaderboard", str(run.path("leaderboard") / "leaderboard.csv")
    if run.has("guardrail_report"):
        yield "findings", str(run.path("guardrail_report") / "findings.json")
    if run.has("test_report"):
        yield "test report", str(run.path("test_report"))
    if run.has("predictions"):
        yield "predictions", str(run.path("predictions"))
    if run.has("registration"):
        facts = run.registration
        yield "registered", f"{facts['model_name']} version {facts['version']}, {facts['model_uri']}"


def metrics_table(metrics: Mapping[str, float]) -> None:
    """Metrics of a test run, as many side by side as there is room for."""
    _metrics(_console(), metrics)


def _metrics(console: Console, metrics: Mapping[str, float]) -> None:
    widest = max(map(len, metrics)) + 16
    columns = max(1, min(3, console.width // widest))
    lines = -(-len(metrics) // columns)
    table = _table()
    table.show_header = False
    for _ in range(columns):
        table.add_column()
        table.add_column(justify="right")
    cells = [(plain(name), figure(value)) for name, value in metrics.items()]
    for line in range(lines):
        table.add_row(*(text for cell in cells[line::lines] for text in cell))
    _show(console, "Test metrics", table)
    console.print()


def catalog_table(name: str) -> None:
    """The entries of a catalog, as a job file may name them."""
    rows = list(_entries(name))
    table = _table(*rows[0])
    for row in rows:
        table.add_row(*map(plain, row.values()))
    _console().print(table)


def _entries(name: str) -> Iterator[dict[str, str]]:
    if name == "algorithms":
        from automl_components.algorithms import ALGORITHMS

        for entry in ALGORITHMS.values():
            missing = ", ".join(entry.missing_packages())
            yield {"name": entry.name, "title": entry.title, "tasks": ", ".join(entry.estimators),
                   "needs": f"{missing} (not installed)" if missing else ""}  # fmt: skip
    elif name == "metrics":
        from automl_components.metrics import METRICS

        for metric in METRICS.values():
            yield {
                "name": metric.name,
                "task": metric.task,
                "better": "greater" if metric.greater_is_better else "less",
            }
    elif name == "guardrails":
        from automl_components.guardrails import GUARDRAILS

        for guardrail in GUARDRAILS.values():
            yield {"name": guardrail.name, "title": guardrail.title}
    elif name == "transformers":
        from automl_components.transformers import TRANSFORMERS

        for transformer in TRANSFORMERS.values():
            yield {"name": transformer.name, "title": transformer.title, "makes": transformer.kind}
    else:
        from automl_components.pipeline import LINE

        for stage in LINE:
            yield {"name": stage.name, "title": stage.title}
