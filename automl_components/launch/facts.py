"""Small facts of finished artifacts, for those who only get their address; read from any store, file by file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from automl_components.core import storage
from automl_components.core.artifacts import redacted
from automl_components.core.errors import ArtifactError

ROWS = 20
"""Lines of the leaderboard that are told."""
_FINDING = ("code", "title", "status", "severity", "summary", "muted")


def facts_of(name: str, address: str, files: Iterable[str] = ()) -> dict[str, Any]:
    """What is worth knowing of an artifact, by its name; and its ``page``, where one of its files is one to look at."""
    reader = _READERS.get(name)
    pages = sorted(file for file in files if file.endswith(".html") and "/" not in file)
    page = {"page": storage.join(address, pages[0])} if pages else {}
    return page if reader is None else {**reader(address), **page}


def tables_of(outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Events that show what was made: ``findings`` and ``leaderboard``, each with its ``rows``."""
    if "guardrail_report" in outputs:
        yield "findings", {"rows": findings(outputs["guardrail_report"]["path"])}
    if "leaderboard" in outputs:
        metric = outputs["leaderboard"]["facts"].get("primary_metric", "")
        yield "leaderboard", {"metric": metric, "rows": leaderboard(outputs["leaderboard"]["path"])}


def findings(address: str) -> list[dict[str, Any]]:
    """What the guardrails saw, in the order in which they looked."""
    found = _json(address, "findings.json")
    return [{key: one.get(key) for key in _FINDING} for one in found or ()]


def leaderboard(address: str, rows: int = ROWS) -> list[dict[str, str]]:
    """The first rows of the leaderboard, best first; every value as text."""
    text = storage.read_text(storage.join(address, "leaderboard.csv")) or ""
    return [row for row, _ in zip(csv.DictReader(text.splitlines()), range(rows), strict=False)]


def _report(address: str) -> dict[str, Any]:
    found = findings(address)
    spoke = [one for one in found if one["status"] != "Passed"]
    return {"checks": len(found), "findings": spoke}


def _trials(address: str) -> dict[str, Any]:
    return _chosen(address, "search.json", "trials", "primary_metric", "stop_reason")


def _leaderboard(address: str) -> dict[str, Any]:
    return _chosen(address, "ensemble.json", "kind", "members", "primary_metric", "score")


def _test(address: str) -> dict[str, Any]:
    return {"metrics": _json(address, "metrics.json") or {}}


def _tracking(address: str) -> dict[str, Any]:
    return _chosen(address, "tracking.json", "address", "run_id", "experiment_name", "tracking_uri")


def _registration(address: str) -> dict[str, Any]:
    keys = ("model_name", "version", "aliases", "model_uri", "address", "gate")
    return _chosen(address, "registration.json", *keys)


_READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "guardrail_report": _report,
    "trials": _trials,
    "leaderboard": _leaderboard,
    "test_report": _test,
    "tracking": _tracking,
    "registration": _registration,
}


def _chosen(address: str, file: str, *keys: str) -> dict[str, Any]:
    values = _json(address, file) or {}
    return {key: values[key] for key in keys if key in values}


def _json(address: str, file: str) -> Any:
    """The content of a file of an artifact; None where the artifact has no such file."""
    place = storage.join(address, file)
    text = storage.read_text(place)
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise ArtifactError(
            f"{redacted(place)}: not JSON ({error}); run the step that writes it again"
        ) from None
