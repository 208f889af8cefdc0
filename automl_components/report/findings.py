"""What the guardrails saw, what was repaired, what is left to the user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from automl_components.report.contents import Contents, Record
from automl_components.report.words import plural, score, short

STATES = {"Alerted": "alert", "Done": "done", "Passed": "passed"}
SEVERITIES = ("error", "warning", "info")
FIGURES = 12  # of a finding that are shown
LISTED = 8  # values of a list that are shown


def findings(contents: Contents) -> dict[str, Any] | None:
    """Alerts first, then repairs, each with its figures; checks that passed are only named."""
    if not contents.findings:
        return None
    shown = sorted((f for f in contents.findings if f.get("status") != "Passed"), key=urgency)
    return {
        "shown": [entry(finding) for finding in shown],
        "passed": [entry(finding) for finding in contents.findings if finding.get("status") == "Passed"],
        "summary": summary(contents.findings),
    }


def urgency(finding: Record) -> tuple[int, int]:
    """Where a finding stands: alerts before repairs, the most severe first, else as the guardrails reported."""
    severity, state = finding.get("severity"), finding.get("status")
    return (
        list(STATES).index(state) if state in STATES else len(STATES),
        SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES),
    )


def summary(found: Sequence[Record]) -> str:
    """How many of each state."""
    number = {state: sum(f.get("status") == state for f in found) for state in STATES}
    text = f"{plural(len(found), 'check')}: {number['Alerted']} left to you, {number['Done']} dealt with"
    return f"{text}, {number['Passed']} passed."


def entry(finding: Record) -> dict[str, Any]:
    """One finding as the template takes it."""
    status = str(finding.get("status", ""))
    return {
        "code": finding.get("code", ""),
        "title": finding.get("title") or finding.get("code", ""),
        "state": STATES.get(status, "done"),
        "status": status,
        "severity": finding.get("severity", ""),
        "summary": finding.get("summary", ""),
        "repair": finding.get("repair"),
        "figures": list(figures(finding.get("details") or {})),
    }


def figures(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The evidence as names and texts, long lists cut."""
    items = list(details.items())
    for name, value in items[:FIGURES]:
        yield str(name).replace("_", " "), text_of(value)
    if len(items) > FIGURES:
        yield "and more", f"{len(items) - FIGURES} in findings.json"


def text_of(value: Any) -> str:
    """A JSON value in a line."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, (int, float)):
        return score(value)
    if isinstance(value, Mapping):
        return cut(
            [f"{short(name, 40)}: {text_of(one)}" for name, one in list(value.items())[: LISTED + 1]],
            len(value),
        )
    if isinstance(value, (list, tuple)):
        return cut([text_of(one) for one in value[: LISTED + 1]], len(value))
    return short(value)


def cut(parts: Sequence[str], length: int) -> str:
    """The first parts, and how many there are beyond."""
    text = ", ".join(parts[:LISTED]) or "none"
    return f"{text} and {length - LISTED:,} more" if length > LISTED else text
