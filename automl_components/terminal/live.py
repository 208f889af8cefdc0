"""Live progress: lines that stay, and under them what is being done right now, with the time that is left."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automl_components.terminal.words import clock, figure, plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STATES = {"Passed": "green", "Done": "cyan", "Alerted": "yellow"}
UNLIMITED = 86_400.0
"""Seconds: a limit further away than a day says nothing about how long a search will take."""


@dataclass
class SearchState:
    """How far a search has got.

    Attributes
    ----------
    done : int
        Finished trials, those of an interrupted process before this one included.
    new : int
        Those that were finished in this process: its pace.
    started, ends : float
        ``time.monotonic()``; ``ends`` is None without a limit that matters.
    running : dict
        Algorithm and start, by the number of the trial.
    """

    metric: str
    greater_is_better: bool
    total: int
    done: int = 0
    ends: float | None = None
    best: Mapping[str, Any] | None = None
    new: int = 0
    started: float = 0.0
    last: float = 0.0
    running: dict[int, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def planned(cls, facts: Mapping[str, Any]) -> SearchState:
        """From the facts of a ``search`` event."""
        seconds, now = facts["seconds"], time.monotonic()
        return cls(
            facts["metric"], facts["greater_is_better"], facts["max_trials"], facts["done"], best=facts["best"],
            started=now, ends=now + seconds if seconds is not None and seconds <= UNLIMITED else None,
        )  # fmt: skip

    def begin(self, number: int, algorithm: str) -> None:
        """Take note of a trial that starts; the first one starts the clock: loading libraries is nobody's pace."""
        if not self.new and not self.running:
            self.started = time.monotonic()
        self.running[number] = (algorithm, time.monotonic())

    def add(self, trial: Mapping[str, Any]) -> bool:
        """Count a trial that ended; whether it is the best so far."""
        self.running.pop(trial["number"], None)
        self.done, self.new, self.last = self.done + 1, self.new + 1, time.monotonic()
        score = trial["score"]
        if score is None:
            return False
        best = None if self.best is None else self.best["score"]
        leads = best is None or (score > best if self.greater_is_better else score < best)
        if leads:
            self.best = trial
        return leads

    def time_left(self) -> str:
        """The time that is left by the limit, or about how long the trials will take, whichever is shorter."""
        now = time.monotonic()
        if self.done >= self.total:
            return ""
        limit = None if self.ends is None else self.ends - now
        if self.new:
            pace = (self.last - self.started) / self.new
            expected = self.last + pace * (self.total - self.done) - now
            if limit is None or expected < limit:
                return f"about {clock(expected)} left"
        return "" if limit is None else f"at most {clock(limit)} left"


class Live:
    """The display; events come in by :meth:`on_event`.

    Parameters
    ----------
    console : rich.console.Console, optional
        By default standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live as Display
        from rich.spinner import Spinner

        self.console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self.step, self.since = "", time.monotonic()
        self.search: SearchState | None = None
        self._spinner = Spinner("dots", style="cyan")
        self._display = Display(self, console=self.console, transient=True, refresh_per_second=8)

    def __enter__(self) -> Live:
        self._display.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.step, self.search = "", None
        self._display.stop()

    def on_event(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Take note of an event, and print what should stay."""
        if kind == "step":
            self._on_step(facts)
        elif kind == "finding":
            if facts["status"] != "Passed" and not facts.get("muted"):
                colour = "red" if facts.get("severity") == "error" else STATES[facts["status"]]
                state = f"[{colour}]{facts['status']:7s}[/]"
                self._print(f"{state} {plain(facts['title'])}: {plain(facts['summary'])}")
        elif kind == "search":
            self.search = SearchState.planned(facts)
            self._print(plain(facts["message"]))
        elif kind == "trial_started" and self.search:
            self.search.begin(facts["number"], facts["algorithm"])
        elif kind == "trial" and self.search:
            self._on_trial(self.search, facts)
        elif facts["message"] and facts["level"] >= logging.INFO:
            warns = facts["level"] >= logging.WARNING
            self._print(f"[yellow]{plain(facts['message'])}[/]" if warns else plain(facts["message"]))

    def _print(self, text: str) -> None:
        self.console.print(f"  {text}")

    def _on_step(self, facts: Mapping[str, Any]) -> None:
        name, self.search = facts["component"], None
        self.step, self.since = (name, time.monotonic()) if facts["state"] == "started" else ("", 0.0)
        if facts["state"] == "reused":
            self.console.print(f"[dim]✓ {name} is unchanged: kept[/]")
        elif facts["state"] == "done":
            self.console.print(f"[green]✓[/] [bold]{name}[/] [dim]{facts['seconds']:.1f} s[/]")

    def _on_trial(self, search: SearchState, trial: Mapping[str, Any]) -> None:
        head, seconds = f"trial {trial['number']}:", f"[dim]{trial['seconds']:.1f} s[/]"
        if search.add(trial):
            self._print(f"{head} {plain(trial['pipeline'])} [bold]{figure(trial['score'])}[/] {seconds}")
        elif trial["score"] is None:
            cause = (trial["error"] or {}).get("message", "").strip().split("\n", 1)[0]
            text = plain(f"{head} {trial['algorithm']}: {trial['status']}: {cause}")
            self._print(f"[yellow]{text}[/] {seconds}")

    def __rich__(self) -> RenderableType:
        """What moves: drawn several times a second."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        if not self.step:
            return Text()
        line = Table.grid(padding=(0, 1))
        if self.search is None:
            line.add_row(self._spinner, f"[bold]{self.step}[/]", f"[dim]{_since(self.since)}[/]")
            return line
        line.add_row(self._spinner, f"[bold]{self.step}[/]", *_figures(self.search))
        under = Text.from_markup(_under(self.search), overflow="ellipsis")
        under.no_wrap = True
        return Group(line, under)


def _figures(state: SearchState) -> tuple[RenderableType, ...]:
    from rich.progress_bar import ProgressBar

    bar = ProgressBar(state.total, state.done, width=24, complete_style="cyan", finished_style="green")
    return (
        bar,
        f"{state.done} of {state.total} trial{'s' if state.total > 1 else ''}",
        f"[dim]{state.time_left()}[/]",
    )


def _under(state: SearchState) -> str:
    """The best score so far, and what is being trained."""
    parts = []
    if state.best:
        score = figure(state.best["score"])
        parts.append(f"best {plain(state.metric)} [bold]{score}[/] by trial {state.best['number']}")
    running = [f"trial {n} {plain(name)} {_since(at)}" for n, (name, at) in state.running.items()]
    if running:
        parts.append(f"[dim]now {', '.join(running)}[/]")
    return "  " + "  ".join(parts)


def _since(moment: float) -> str:
    return clock(time.monotonic() - moment)
