"""What a run left, as one JSON value: the report for a program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_components.run import Run

PLACES = ("best_model", "leaderboard", "guardrail_report", "test_report", "predictions")


def run_facts(run: Run) -> dict[str, Any]:
    """A run as JSON values; what it has not got to is None or empty.

    Returns
    -------
    dict
        ``folder``; ``finished`` (whether there is a model); ``findings`` of the guardrails; ``leaderboard``, best
        first; ``search`` (why it ended and what it cost, as :attr:`automl_components.run.Run.search`); ``trials`` (one
        record each: parameters, seconds, memory, error); ``best_model`` (kind, members, weights, score, validation
        metrics); ``test_metrics``; ``registration``; ``tracking``; ``places``, the path of each artifact by its name.
    """
    board = run.leaderboard.to_dict("records") if run.has("leaderboard") or run.has("trials") else []
    facts = {
        "folder": run.folder,
        "finished": run.has("best_model"),
        "findings": run.findings if run.has("guardrail_report") else [],
        "leaderboard": board,
        "search": run.search if run.has("trials") else None,
        "trials": run.trials.to_dict("records") if run.has("trials") else [],
        "best_model": run.ensemble if run.has("leaderboard") else None,
        "test_metrics": run.test_metrics if run.has("test_report") else {},
        "registration": run.registration if run.has("registration") else None,
        "tracking": run.tracking if run.has("tracking") else None,
        "places": {name: str(run.path(name)) for name in PLACES if run.has(name)},
    }
    made: dict[str, Any] = _plain(facts)
    return made


def _plain(value: Any) -> Any:
    """The value with None for what is no finite number, for which JSON has no word."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
