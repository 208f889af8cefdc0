"""Progress for as long as something runs: live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from automl_components.core.errors import SettingsError, nearest
from automl_components.core.events import listening, logger

VERBOSITIES = ("not_set", "debug", "info", "warning", "error", "critical")

CHATTY = ("alembic", "sqlalchemy", "mlflow")
"""Loggers that a library gives a level of its own, as it is imported."""
MLFLOW_LEVEL = "MLFLOW_LOGGING_LEVEL"
"""MLflow reads it as it is imported."""


@contextmanager
def watching(verbosity: str | None = None) -> Iterator[None]:
    """Show on standard error what happens inside the block.

    Parameters
    ----------
    verbosity : str, optional
        ``debug``, ``info`` (default), ``warning``, ``error`` or ``critical``. At info, a terminal shows a live
        display; everything else is plain lines, and above info there is no progress at all.

    Raises
    ------
    SettingsError
        It is none of these.
    """
    level = _level_name(verbosity)
    with _level(level):
        if level == "INFO" and _is_terminal():
            from automl_components.terminal.live import Live

            with _handler(logging.NullHandler()), Live() as live, listening(live.on_event):
                yield
            return
        lines = logging.StreamHandler(sys.stdout if _is_notebook() else sys.stderr)
        lines.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        with _handler(lines):
            yield


@contextmanager
def following(verbosity: str | None, default: str) -> Iterator[None]:
    """Show what happens to somebody who works in Python: as :func:`watching`, unless the program logs by itself.

    Parameters
    ----------
    verbosity : str, optional
        As in :func:`watching`. None: ``default``, and where the program has set up logging, the lines of this
        package go there and nowhere else, at the level that it chose.
    """
    if verbosity is None and logger.hasHandlers():
        yield
        return
    with watching(verbosity or default):
        yield


def _level_name(verbosity: str | None) -> str:
    name = str(verbosity or "not_set").lower()
    if name not in VERBOSITIES:
        raise SettingsError(f"verbosity: found {verbosity!r}{nearest(name, VERBOSITIES)}")
    return "INFO" if name == "not_set" else name.upper()


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _is_notebook() -> bool:
    """Whether output goes below a notebook's cell, where what is written to standard error looks like a failure."""
    return "ipykernel" in sys.modules and not sys.stdout.isatty()


@contextmanager
def only_ours(all_of_it: bool = False) -> Iterator[None]:
    """Keep what libraries warn of and log away from the user, who can do nothing about it; unless ``all_of_it``."""
    if all_of_it:
        yield
        return
    levels = {name: logging.getLogger(name).level for name in CHATTY}
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    silent = logging.NullHandler()  # without any handler, Python prints warnings of every logger
    logging.getLogger().addHandler(silent)
    added = MLFLOW_LEVEL not in os.environ
    os.environ.setdefault(MLFLOW_LEVEL, "ERROR")
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            yield
    finally:
        if added:
            os.environ.pop(MLFLOW_LEVEL, None)
        logging.getLogger().removeHandler(silent)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _level(level: str) -> Iterator[None]:
    before, propagate = logger.level, logger.propagate
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.propagate = propagate


@contextmanager
def _handler(handler: logging.Handler) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
