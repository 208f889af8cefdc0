"""What the Prefect page of a run shows: tables, links, progress, and a summary with the main chart."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.runtime import flow_run

from automl_components.launch.facts import findings, leaderboard
from automl_components.launch.request import Reference
from automl_components.terminal.words import figure
from prefect_tasks.charts import picture
from prefect_tasks.workspace import Workspace

COLUMNS = 8
"""Of a table; a leaderboard has a column for every metric, which no page has room for."""
PAUSE = 1.0
"""Seconds between two updates of a progress bar."""


def key(name: str) -> str:
    """An artifact's key: of one flow, so that each has a history of its own; only small letters, digits and dashes."""
    text = f"{flow_run.get_flow_name() or ''}-{name}".lower()
    return re.sub("[^a-z0-9]+", "-", text).strip("-")


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """The first columns of some rows."""
    if rows:
        shown = [dict(list(row.items())[:COLUMNS]) for row in rows]
        create_table_artifact(shown, key=key(name), description=f"**{name.capitalize()}**")


def links(references: Mapping[str, Reference], workspace: Workspace) -> None:
    """A link to each page that an artifact has: the report, the MLflow run, the registered model."""
    for name, title, address in pages(references, workspace):
        create_link_artifact(address, link_text=title, key=key(name), description=f"{title}: {address}")


def pages(references: Mapping[str, Reference], workspace: Workspace) -> Iterator[tuple[str, str, str]]:
    """Artifact name, title and address of every page that there is."""
    titles = {"tracking": "MLflow run", "registration": "Registered model"}
    for name, reference in references.items():
        facts = reference["facts"]
        if page := facts.get("page"):
            yield name, name.replace("_", " ").capitalize(), workspace.page(page)
        elif (address := facts.get("address")) and str(address).startswith("http"):
            yield name, titles.get(name, name), str(address)


class Progress:
    """A progress bar that follows a search."""

    def __init__(self, title: str, total: int, done: int, metric: str) -> None:
        self.total, self.done, self.metric = total, done, metric
        name, text = key(f"{title}-progress"), f"{title}: up to {total} trials"
        self._id = cast(UUID, create_progress_artifact(100 * done / total, key=name, description=text))
        self._shown = time.monotonic()

    def add(self, trial: Mapping[str, Any]) -> None:
        """One more trial has ended."""
        self.done += 1
        if time.monotonic() - self._shown >= PAUSE:
            self._show(100 * self.done / self.total)

    def end(self) -> None:
        """The search is over, however many trials it took."""
        self._show(100.0)

    def _show(self, percent: float) -> None:
        update_progress_artifact(self._id, progress=min(percent, 100.0))
        self._shown = time.monotonic()


def summary(title: str, folder: str, references: Mapping[str, Reference], workspace: Workspace) -> None:
    """A markdown page on a finished run."""
    with workspace.open():
        text = "\n\n".join(_sections(title, folder, references, workspace))
    create_markdown_artifact(text, key=key("summary"), description=f"{title}: what came out")


def _sections(
    title: str, folder: str, references: Mapping[str, Reference], workspace: Workspace
) -> Iterator[str]:
    facts = {name: reference["facts"] for name, reference in references.items()}
    board, tested = facts.get("leaderboard", {}), facts.get("test_report", {}).get("metrics", {})
    metric = board.get("primary_metric", "")
    yield f"# {title}"
    if board:
        yield f"**{_best(board)}**: " + (
            f"{metric} **{figure(board['score'])}** in validation"
            + (f", **{figure(tested[metric])}** on test rows" if metric in tested else "")
        )
    if registered := facts.get("registration"):
        aliases = f" ({', '.join(registered['aliases'])})" if registered.get("aliases") else ""
        yield f"Registered as `{registered['model_name']}` version {registered['version']}{aliases}"
    if found := " · ".join(f"[{text}]({address})" for _, text, address in pages(references, workspace)):
        yield found
    if "test_report" in references and (drawn := picture(references["test_report"]["path"])):
        yield drawn
    if "leaderboard" in references:
        rows = leaderboard(references["leaderboard"]["path"], 10)
        yield "## Leaderboard\n\n" + markdown([dict(list(row.items())[:5]) for row in rows])
    if tested:
        yield "## Test\n\n" + markdown([{"metric": name, "value": figure(tested[name])} for name in tested])
    if "guardrail_report" in references:
        spoke = [one for one in findings(references["guardrail_report"]["path"]) if one["status"] != "Passed"]
        rows = [{"state": one["status"], "finding": one["title"], "seen": one["summary"]} for one in spoke]
        yield "## Guardrails\n\n" + (markdown(rows) if rows else "Nothing to repair, nothing to look at.")
    yield f"Everything is in `{folder}`."


def _best(board: Mapping[str, Any]) -> str:
    """Which trial, or which ensemble of which trials."""
    numbers = f"trial{'s' if len(board['members']) > 1 else ''} {', '.join(map(str, board['members']))}"
    kind = str(board["kind"]).replace("_", " ").capitalize()
    return numbers.capitalize() if board["kind"] == "trial" else f"{kind} of {numbers}"


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a markdown table.

    >>> print(markdown([{"a": 1, "b": "x|y"}]))
    | a | b |
    | --- | --- |
    | 1 | x\\|y |
    """
    if not rows:
        return ""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return re.sub(r"\s+", " ", re.sub(r"([|<>\[\]`*])", r"\\\1", text))
