"""What a person sees: live progress, tables, one line for each event where there is no terminal."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from automl_components.core.events import listening

if TYPE_CHECKING:
    from rich.console import Console

    from automl_components.run import Run

STATES = {"Passed": "green", "Done": "cyan", "Alerted": "yellow"}
QUIET = ("alembic", "mlflow", "sqlalchemy", "matplotlib", "fsspec")


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


@contextmanager
def watching(verbosity: str | None = None) -> Iterator[None]:
    """Show what happens inside the block: live on a terminal, as plain lines elsewhere; both on standard error.

    Parameters
    ----------
    verbosity : str, optional
        ``debug``, ``info`` (default), ``warning``, ``error`` or ``critical``; above info there is no progress.
    """
    level = {"not_set": "INFO", None: "INFO"}.get(verbosity, str(verbosity).upper())
    logger = logging.getLogger("automl_components")
    logger.setLevel(level)
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "DEBUG" if level == "DEBUG" else "WARNING")
    for name in QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "DEBUG" else "WARNING")
    if level != "DEBUG":
        warnings.simplefilter("ignore")
    if sys.stderr.isatty() and level == "INFO":
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        live = Live()
        with live, listening(live.on_event):
            yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)


class Live:
    """One moving line (step, trials done, best score so far, time left) under the lines that stay."""

    def __init__(self) -> None:
        self.console = _console(stderr=True)
        self.status = self.console.status("starting")
        self.best: float | None = None
        self.done, self.total, self.ends, self.metric, self.greater = 0, 0, None, "", True

    def __enter__(self) -> Live:
        self.status.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.status.stop()

    def on_event(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Redraw, and print what should stay."""
        if kind == "step":
            self._step(facts)
        elif kind == "finding":
            if facts["status"] != "Passed":
                colour = STATES[facts["status"]]
                self.console.print(f"  [{colour}]{facts['status']:8s}[/] {_plain(facts['title'])}: {_plain(facts['summary'])}")
        elif kind == "search":
            self.total, self.done, self.metric = facts["max_trials"], facts["done"], facts["metric"]
            self.greater = facts["greater_is_better"]
            self.ends = None if facts["seconds"] is None else time.monotonic() + facts["seconds"]
            self._progress()
        elif kind == "trial":
            self._trial(facts)
        elif facts["message"]:
            self.console.print(f"  {_plain(facts['message'])}")

    def _step(self, facts: Mapping[str, Any]) -> None:
        name = facts["component"]
        if facts["state"] == "started":
            self.status.update(f"[bold]{name}[/]")
        elif facts["state"] == "reused":
            self.console.print(f"[dim]✓ {name}: unchanged, reused[/]")
        else:
            self.console.print(f"[green]✓[/] {name} [dim]{facts['seconds']:.1f} s[/]")

    def _trial(self, facts: Mapping[str, Any]) -> None:
        self.done += 1
        score = facts["score"]
        if facts["status"] != "Completed":
            cause = (facts["error"] or {}).get("message", "").split("\n")[0][:100]
            self.console.print(f"  [yellow]trial {facts['number']}: {facts['algorithm']}: {facts['status']}: {_plain(cause)}[/]")
        elif self.best is None or (score > self.best if self.greater else score < self.best):
            self.best = score
            self.console.print(
                f"  trial {facts['number']}: {_plain(facts['pipeline'])} [bold]{score:.5f}[/] [dim]{facts['seconds']:.1f} s[/]"
            )
        self._progress()

    def _progress(self) -> None:
        best = "" if self.best is None else f", best {self.metric} {self.best:.5f}"
        left = "" if self.ends is None or self.ends - time.monotonic() > 86400 else f", {clock(self.ends - time.monotonic())} left"
        self.status.update(f"[bold]search_trials[/] {self.done} of at most {self.total} trials{best}{left}")


def clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> clock(75.2)
    '1:15'
    """
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def summary(run: Run, *, findings: bool = False, rows: int = 10) -> None:
    """The end of a run on standard output: leaderboard, test metrics, and where everything is."""
    from rich.table import Table

    console = _console()
    if findings:
        table = Table("State", "Guardrail", "What was seen", box=None)
        for row in run.guardrails.to_dict("records"):
            table.add_row(f"[{STATES[row['status']]}]{row['status']}[/]", _plain(row["title"]), _plain(row["summary"]))
        console.print(table)
    board = run.leaderboard
    metric = board.columns[4]
    table = Table("Rank", "Trial", "Pipeline", metric, title="Leaderboard", box=None, title_style="bold")
    for row in board.head(rows).to_dict("records"):
        table.add_row(str(row["rank"]), row["trial"], _plain(row["pipeline"]), f"{row[metric]:.5f}")
    console.print(table)
    if len(board) > rows:
        console.print(f"[dim]and {len(board) - rows} more[/]")
    if run.has("test_report"):
        metrics_table(run.metrics)
    where = Table(box=None, show_header=False)
    chosen = run.ensemble
    where.add_row("model", f"{run.best_model}  ({chosen['kind']}: {', '.join(chosen['pipelines'])})")
    where.add_row("leaderboard", str(run.path("leaderboard") / "leaderboard.csv"))
    where.add_row("findings", str(run.path("guardrail_report") / "findings.json"))
    if run.has("test_report"):
        where.add_row("test report", str(run.path("test_report")))
    if run.has("registration"):
        facts = run.registration
        where.add_row("registered", f"{facts['model_name']} version {facts['version']} ({facts['model_uri']})")
    console.print(where)


def metrics_table(metrics: Mapping[str, float]) -> None:
    """Metrics of a test run."""
    from rich.table import Table

    table = Table("Metric", "Test", box=None)
    for name, value in metrics.items():
        table.add_row(name, f"{value:.5f}")
    _console().print(table)


def catalog_table(name: str) -> None:
    """The entries of a catalog, as a job file may name them."""
    from rich.table import Table

    table = Table(box=None)
    for row in _entries(name):
        if not table.columns:
            for key in row:
                table.add_column(key)
        table.add_row(*row.values())
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
            yield {"name": metric.name, "task": metric.task, "better": "greater" if metric.greater_is_better else "less"}
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


def _plain(text: str) -> str:
    """Text with rich's markup escaped."""
    from rich.markup import escape

    return escape(str(text))
