"""What a guardrail saw: one finding, the schema of a report of them, and the rows that a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Status = Literal["Passed", "Done", "Alerted"]
Severity = Literal["info", "warning", "error"]
Details = Mapping[str, Any]  # figures: JSON values only

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")
"""From the lightest on."""


Action = Literal["missing", "merged", "read", "left out", "hashed", "imputed"]


@dataclass(frozen=True)
class Repair:
    """What was done to one column, and is done to it in new rows.

    Attributes
    ----------
    column : str
    action : str
        ``"missing"``: values count as missing; ``"merged"``: several ways of writing are one category; ``"read"``:
        cells are read as ``to``; ``"left out"``; ``"hashed"``; ``"imputed"``: gaps are filled for models that need it.
    rows : int
        In how many of the rows that were looked at.
    values : tuple of str or float
        Which values, where not all; only their shape in columns that look like personal data.
    to : str or None
        What became of them: a value, or a way to read them.
    beyond : tuple of two (float or None), or None
        The smallest and the largest number, or year, that is not repaired; None where there is no such end.
    """

    column: str
    action: Action
    rows: int
    values: tuple[str | float, ...] = ()
    to: str | None = None
    beyond: tuple[float | None, float | None] | None = None


@dataclass(frozen=True)
class Finding:
    """What one guardrail saw, under Azure's three states: an entry of ``guardrail_report/findings.json``.

    ``Passed``: nothing to report. ``Done``: seen, and repaired or decided by us. ``Alerted``: seen, and left
    to the user.

    Attributes
    ----------
    code : str
        The guardrail's stable name, in kebab case: what ``guardrails.fail_on`` and ``guardrails.mute`` name.
    title : str
        Azure's title where it has one.
    status : str
        ``"Passed"``, ``"Done"`` or ``"Alerted"``.
    severity : str
        ``"info"``, ``"warning"`` (scores may mislead) or ``"error"`` (they do, or nothing can be learnt).
    summary : str
        What was seen, in one sentence with figures.
    details : mapping
        The evidence: figures as JSON values, under keys that stay the same between versions.
    repair : str or None
        What was done about it, in words; None where nothing was.
    repairs : tuple of Repair
        The same column by column; empty where it is no matter of columns.
    remedy : str or None
        What the user may do about it.
    rows_seen, rows : int or None
        How many of how many rows were looked at, where it was a sample; None where it was all.
    muted : str or None
        The reason under which the job mutes the finding.
    """

    code: str
    title: str
    status: Status
    summary: str
    severity: Severity = "info"
    details: Details = field(default_factory=dict)
    repair: str | None = None
    remedy: str | None = None
    rows_seen: int | None = None
    rows: int | None = None
    muted: str | None = None
    repairs: tuple[Repair, ...] = ()

    @property
    def speaks(self) -> bool:
        """Whether there is something to tell: seen, and not muted."""
        return self.status != "Passed" and self.muted is None

    @property
    def advice(self) -> str:
        """What was done, then what may be done."""
        return " ".join(text for text in (self.repair, self.remedy) if text)

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)


def muted(findings: Iterable[Finding], reasons: Mapping[str, str]) -> list[Finding]:
    """The findings, those that spoke and are named in ``reasons`` marked as muted."""
    return [
        replace(finding, muted=reasons[finding.code])
        if finding.code in reasons and finding.status != "Passed"
        else finding
        for finding in findings
    ]


def stopping(findings: Iterable[Finding], fail_on: Sequence[str]) -> list[Finding]:
    """The findings that must stop the pipeline: named by code, or as severe as the lightest severity named.

    >>> found = Finding("drift", "Drift", "Alerted", "Old rows.", "warning")
    >>> [len(stopping([found], names)) for names in (["drift"], ["warning"], ["error"], [])]
    [1, 1, 0, 0]
    """
    lightest = min(
        (SEVERITIES.index(name) for name in fail_on if name in SEVERITIES), default=len(SEVERITIES)
    )
    return [
        finding
        for finding in findings
        if finding.speaks and (finding.code in fail_on or SEVERITIES.index(finding.severity) >= lightest)
    ]


def report_rows(findings: Iterable[Finding | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A report as a page shows it, what asks for attention first: by state, then by severity.

    Returns
    -------
    list of dict with ``state``, ``severity``, ``code``, ``title``, ``seen`` (what, and in how many rows),
    ``done``, ``remedy``, ``figures`` (pairs of words and value), ``muted`` (a reason or "") and ``how`` (how to
    mute the finding or make it fatal; "" where it passed).
    """
    known = [one if isinstance(one, Finding) else Finding(**one) for one in findings]
    states = {"Alerted": 0, "Done": 1, "Passed": 2}
    known.sort(key=lambda one: (one.muted is not None, states[one.status], -SEVERITIES.index(one.severity)))
    return [
        {
            "state": one.status,
            "severity": one.severity,
            "code": one.code,
            "title": one.title,
            "seen": one.summary + _sampled(one),
            "done": one.repair or "",
            "remedy": one.remedy or "",
            "figures": [(key.replace("_", " "), value) for key, value in one.details.items()]
            + _repaired(one),
            "muted": one.muted or "",
            "how": "" if one.status == "Passed" else how_to_switch(one.code),
        }
        for one in known
    ]


def how_to_switch(code: str) -> str:
    """How to mute a finding, and how to make it fatal.

    >>> how_to_switch("drift")
    'guardrails.mute: {drift: <your reason>} silences it, guardrails.fail_on: [drift] stops the run on it'
    """
    return (
        f"guardrails.mute: {{{code}: <your reason>}} silences it, "
        f"guardrails.fail_on: [{code}] stops the run on it"
    )


def _repaired(finding: Finding) -> list[tuple[str, Any]]:
    """The repairs by column, what they do not have left out."""
    known = [one if isinstance(one, Mapping) else asdict(one) for one in finding.repairs]
    shown = [{key: value for key, value in one.items() if value not in (None, (), [])} for one in known]
    return [("repairs", shown)] if shown else []


def _sampled(finding: Finding) -> str:
    if finding.rows_seen is None or finding.rows is None:
        return ""
    return f" ({finding.rows_seen:,} of {finding.rows:,} rows were looked at.)"


def report_schema() -> dict[str, Any]:
    """The JSON schema of ``findings.json``, from the dataclass; ``findings.schema.json`` here holds it."""
    from pydantic import ConfigDict, TypeAdapter, with_config

    strict = with_config(ConfigDict(extra="forbid"))(Finding)
    schema = TypeAdapter(list[strict]).json_schema()  # type: ignore[valid-type]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "guardrail_report/findings.json",
        **schema,
    }
