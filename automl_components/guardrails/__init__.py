"""The catalog of guardrails, one check per file: what is looked for, what was seen, what was repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from automl_components.core.catalog import Catalog
from automl_components.core.errors import SettingsError, nearest
from automl_components.guardrails.facts import SAMPLE_ROWS, Facts
from automl_components.guardrails.findings import SEVERITIES, Details, Finding, Repair, Severity, Status

__all__ = [
    "GUARDRAILS", "LISTED", "SAMPLE_ROWS", "Details", "Facts", "Finding", "Guardrail", "Repair", "Severity", "Status",
    "counted", "guardrail_code", "how_to_repair", "joined", "listed", "sentence",
]  # fmt: skip

LISTED = 10  # how many columns, classes or rows a finding names before it only counts


@dataclass(frozen=True)
class Guardrail:
    """One check: ``check(facts)`` returns its finding, or None where it does not apply.

    Attributes
    ----------
    name : str
        Stable code, in kebab case; findings carry it as ``code``.
    title : str
        Azure's title where it has one.
    check : callable (facts) -> Finding or None
        Builds its finding with :meth:`passed`, :meth:`done` or :meth:`alerted`.
    example : callable (facts) -> facts
        Turns the facts of clean data into facts on which the guardrail speaks; the shared tests use it.
    rank : int
        Position in the report.
    sample_rows : int or None
        The most rows of a table that the check is given; None where it needs all, and is cheap on a million.
    """

    name: str
    title: str
    check: Callable[[Facts], Finding | None]
    example: Callable[[Facts], Facts]
    rank: int = 100
    sample_rows: int | None = SAMPLE_ROWS

    def finding(self, facts: Facts) -> Finding | None:
        """What the check finds in these facts, or in a sample of them, and then how large that was."""
        seen = facts.sampled(self.sample_rows)
        found = self.check(seen)
        if found is None or seen is facts or not seen.rows or len(seen.frame) == seen.rows:
            return found
        return replace(found, rows_seen=len(seen.frame), rows=seen.rows)

    def passed(self, summary: str, details: Details | None = None) -> Finding:
        """Nothing to report."""
        return Finding(self.name, self.title, "Passed", summary, "info", details or {})

    def done(
        self,
        summary: str,
        repair: str,
        details: Details,
        severity: Severity = "info",
        remedy: str | None = None,
        repairs: Iterable[Repair] = (),
    ) -> Finding:
        """Seen, and repaired or decided by us: ``repair`` says how, ``remedy`` what the user may do instead."""
        return Finding(
            self.name, self.title, "Done", summary, severity, details, repair, remedy, repairs=tuple(repairs)
        )

    def alerted(
        self,
        summary: str,
        remedy: str,
        details: Details,
        severity: Severity = "warning",
        repair: str | None = None,
        repairs: Iterable[Repair] = (),
    ) -> Finding:
        """Seen, and left to the user; ``remedy`` says what would help, ``repair`` what was done all the same."""
        return Finding(
            self.name,
            self.title,
            "Alerted",
            summary,
            severity,
            details,
            repair,
            remedy,
            repairs=tuple(repairs),
        )


def listed(values: Iterable[Any], limit: int = LISTED) -> str:
    """Values for a message: quoted where they are text, cut after ``limit``.

    >>> listed(["age", "job", 3], limit=2)
    "'age', 'job' and 1 more"
    """
    known = [value.item() if hasattr(value, "item") else value for value in values]
    return joined(map(repr, known), ", ", limit)


def joined(parts: Iterable[str], between: str = "; ", limit: int = LISTED) -> str:
    """The first parts of a list, and how many there are beyond.

    >>> joined(["3 rows", "4 rows", "5 rows"], limit=1)
    '3 rows and 2 more'
    """
    known = list(parts)
    shown = between.join(known[:limit])
    return f"{shown} and {len(known) - limit:,} more" if len(known) > limit else shown


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is due.

    >>> counted(1, "row"), counted(1200, "row"), counted(2, "class")
    ('1 row', '1,200 rows', '2 classes')
    """
    plural = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def sentence(text: str) -> str:
    """Text that begins with a capital and ends with a full stop.

    >>> sentence("3 rows; none of BMW")
    '3 rows; none of BMW.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def how_to_repair(facts: Facts, code: str, columns: Iterable[str]) -> str:
    """What makes the featurizer repair what was seen in these columns, for the middle of a sentence."""
    if not facts.featurize:
        return "featurization.mode 'auto', which repairs such values, or empty cells in the data, in new rows too"
    named = list(dict.fromkeys(columns))
    chosen = "all" if len(named) > LISTED else "[" + ", ".join(named) + "]"
    return f"featurization.repairs: {{{code}: {chosen}}}"


GUARDRAILS: Catalog[Guardrail] = Catalog("automl_components.guardrails", Guardrail, "guardrail")


def guardrail_code(name: str, *, severities: bool = False) -> str:
    """The code of a guardrail as the catalog has it, in whatever casing; with ``severities``, one of those, too.

    Raises
    ------
    SettingsError
        There is no guardrail of that name; the nearest ones are named.
    """
    from automl_components.core.settings import match  # pydantic, which a prediction does without

    known = [*(SEVERITIES if severities else ()), *GUARDRAILS]
    found = match(name, known)
    if found is None:
        raise SettingsError(f"no guardrail {name!r}{nearest(name, known)}")
    return found
