"""What the guardrails saw, what was repaired, what is left to the user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from automl_components.report.contents import Contents, Record
from automl_components.report.words import plural, score, short

CLASSES = {"Alerted": "alert", "Done": "done", "Passed": "passed"}
FIGURES = 12  # of a finding that are shown
LISTED = 8  # values of a list that are shown


def fill(contents: Contents) -> dict[str, Any] | None:
    """Alerts first, then repairs, each with its evidence; what passed or was muted is only named."""
    rows = contents.findings
    if not rows:
        return None
    passed = [row for row in rows if row["state"] == "Passed"]
    silent = [row for row in rows if row["muted"]]
    shown = [row for row in rows if row not in passed and row not in silent]
    return {
        "shown": [
            {**row, "class": CLASSES[row["state"]], "figures": list(figures(row["figures"]))} for row in shown
        ],
        "passed": passed,
        "silent": silent,
        "summary": summary(rows, shown, len(silent), len(passed)),
    }


def summary(rows: Sequence[Record], shown: Sequence[Record], silent: int, passed: int) -> str:
    """How many of each state."""
    alerts = sum(row["state"] == "Alerted" for row in shown)
    parts = [f"{alerts} left to you", f"{len(shown) - alerts} dealt with"]
    parts += [f"{silent} muted"] if silent else []
    return f"{plural(len(rows), 'check')}: {', '.join([*parts, f'{passed} passed'])}."


def figures(details: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """The evidence as names and texts, long lists cut."""
    for name, value in details[:FIGURES]:
        yield name, text_of(value)
    if len(details) > FIGURES:
        yield "and more", f"{len(details) - FIGURES} in findings.json"


def text_of(value: Any) -> str:
    """A JSON value in a line.

    >>> text_of({"rows": 1200, "share": 0.25, "kept": True}), text_of(list(range(10)))
    ('rows: 1,200, share: 0.2500, kept: yes', '0, 1, 2, 3, 4, 5, 6, 7 and 2 more')
    >>> text_of([{"column": "age", "rows": 3}, {"column": "job", "rows": 1}])
    'column: age, rows: 3; column: job, rows: 1'
    """
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, (int, float)):
        return score(value)
    if isinstance(value, Mapping):
        items = list(value.items())[:LISTED]
        return cut([f"{short(name, 40)}: {text_of(one)}" for name, one in items], len(value))
    if isinstance(value, (list, tuple)):
        between = "; " if any(isinstance(one, Mapping) for one in value) else ", "
        return cut([text_of(one) for one in value[:LISTED]], len(value), between)
    return short(value)


def cut(parts: Sequence[str], length: int, between: str = ", ") -> str:
    """The first parts of a list, and how many there are beyond."""
    more = f" and {length - len(parts):,} more" if length > len(parts) else ""
    return (between.join(parts) or "none") + more
