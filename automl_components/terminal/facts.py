"""What a run left, as one JSON value: the report for a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        first; ``best_model`` (kind, members, weights, score, validation metrics); ``test_metrics``;
        ``registration``; ``tracking``; and ``places``, the path of each artifact by its name.
    """
    board = run.leaderboard.to_dict("records") if run.has("leaderboard") or run.has("trials") else []
    return {
        "folder": run.folder,
        "finished": run.has("best_model"),
        "findings": _rows(run.guardrails.to_dict("records") if run.has("guardrail_report") else []),
        "leaderboard": _rows(board),
        "best_model": run.ensemble if run.has("leaderboard") else None,
        "test_metrics": run.test_metrics if run.has("test_report") else {},
        "registration": run.registration if run.has("registration") else None,
        "tracking": run.tracking if run.has("tracking") else None,
        "places": {name: str(run.path(name)) for name in PLACES if run.has(name)},
    }


def _rows(rows: Iterable[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Rows of a table without NaN, which is no JSON."""
    return [{str(key): None if value != value else value for key, value in row.items()} for row in rows]
