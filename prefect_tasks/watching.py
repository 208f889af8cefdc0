"""While a child process works: its events become log lines, a progress artifact and tables; it ends with its task."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from logging import INFO
from typing import Any

from prefect.client.orchestration import get_client
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger

from automl_components.launch import Child, Outcome, StoppedError
from prefect_tasks import artifacts

TICK = 0.2
"""Seconds after which a task that waits in a thread notices Prefect's time limit."""
ASK = 3.0
"""Seconds between two looks at whether the flow run is being cancelled."""


class CancelledError(StoppedError):
    """The flow run was cancelled while the work was going on."""


def follow(child: Child, on_event: Callable[[str, dict[str, Any]], None]) -> Outcome:
    """Wait for a child's outcome, in slices: signals, time limits and cancellation arrive meanwhile.

    Prefect ends a task in a thread only between two bytecodes, and tells nobody that a flow run without a runner is
    being cancelled.

    Raises
    ------
    CancelledError
        The flow run is being cancelled; the child has ended, and what it has finished is kept.
    """
    events: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
    ended: list[Outcome | BaseException] = []

    def listen() -> None:
        try:
            ended.append(child.result(lambda kind, facts: events.put((kind, facts))))
        except Exception as error:  # noqa: BLE001 - raised again in the task's own thread
            ended.append(error)
        events.put(None)

    threading.Thread(target=listen, daemon=True).start()
    asked = time.monotonic()
    while True:
        try:
            event = events.get(timeout=TICK)
        except queue.Empty:
            if time.monotonic() - asked > ASK:
                asked = time.monotonic()
                if is_cancelled():
                    child.stop()
                    raise CancelledError(
                        "the flow run was cancelled; what is finished is kept, the next run goes on"
                    ) from None
            continue
        if event is None:
            break
        on_event(*event)
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


def is_cancelled() -> bool:
    """Whether someone has cancelled this task's flow run; no where the server does not answer."""
    context = TaskRunContext.get()
    if context is None or context.task_run.flow_run_id is None:
        return False
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(context.task_run.flow_run_id).state
    except Exception:  # noqa: BLE001 - whatever keeps the server from answering, the work goes on
        return False
    return state is not None and (state.is_cancelling() or state.is_cancelled())


class Display:
    """What Prefect shows of the events of a component."""

    def __init__(self, title: str) -> None:
        self.title, self.logger = title, get_run_logger()
        self._progress: artifacts.Progress | None = None

    def on_event(self, kind: str, facts: dict[str, Any]) -> None:
        """Log an event's message, and show what it counts or lists."""
        if facts.get("message"):
            self.logger.log(facts.get("level", INFO), facts["message"])
        if kind == "search":
            self._progress = artifacts.Progress(
                self.title, facts["max_trials"], facts["done"], facts["metric"]
            )
        elif kind == "trial" and self._progress:
            self._progress.add(facts)
        elif kind == "note" and self._progress and facts["message"].startswith("search ended"):
            self._progress.end()
        elif kind in ("findings", "leaderboard"):
            artifacts.table(kind, facts["rows"])
