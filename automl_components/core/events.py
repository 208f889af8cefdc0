"""What a component tells while it works: events that a terminal, a log or an orchestrator may show."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

logger = logging.getLogger("automl_components")

Listener = Callable[[str, dict[str, Any]], None]
_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


def emit(kind: str, message: str = "", *, level: int = logging.INFO, **facts: Any) -> None:
    """Tell an event: to the listeners by ``kind`` and ``facts``, and as one plain log line.

    Kinds in use: ``step`` (a component starts, ends or is reused), ``search`` (the plan), ``trial_started``,
    ``trial`` (one ended), ``finding`` (a guardrail spoke), ``note`` (anything a user should read). The facts
    hold ``message`` and ``level``, too.
    """
    facts |= {"message": message, "level": level}
    for listener in _listeners.get():
        listener(kind, facts)
    if message:
        logger.log(level, message, extra={"event": kind})


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call ``listener(kind, facts)`` for every event inside the block."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)
