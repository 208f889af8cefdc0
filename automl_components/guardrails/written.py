"""What checks of columns whose values are written as text report: what is read, what is left to the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl_components.guardrails import LISTED, Finding, Guardrail, Repair, joined, listed, looks, sentence


@dataclass(frozen=True)
class AsText:
    """One column whose values are written as text.

    Attributes
    ----------
    words : str
        What was seen, after the column's name.
    rows : int
        Of these values.
    figures : mapping
        The evidence as JSON values.
    trouble : str
        What is left to the user; empty where nothing is.
    """

    words: str
    rows: int
    figures: Mapping[str, Any]
    trouble: str = ""

    def sentence_of(self, name: str) -> str:
        """What was seen in the column of this name."""
        return f"{name!r}: {self.words}" + (f" ({self.trouble})" if self.trouble else "")


def report(
    guardrail: Guardrail,
    look: looks.Look,
    found: Mapping[str, AsText],
    *,
    purpose: str,
    nouns: str,
    remedy: str,
) -> Finding:
    """The finding of all columns, by name; ``purpose`` is what such a column should be taken for."""
    if not found:
        return guardrail.passed(f"No column holds {nouns}.", {"columns": 0})
    read = [name for name in found if look.purpose(name) == purpose]
    figures = {
        "columns": len(found),
        "left_to_you": sum(bool(one.trouble) for one in found.values()),
        nouns.split()[0]: [
            {"column": name, **one.figures, "read_as": look.purpose(name)} for name, one in found.items()
        ][:LISTED],
    }
    summary = sentence(joined(one.sentence_of(name) for name, one in found.items()))
    repairs = [Repair(name, "read", found[name].rows, to=purpose) for name in read]
    repair = f"Read as {purpose}, in new rows too: {listed(read)}." if read else None
    if repair and not any(one.trouble for one in found.values()):
        return guardrail.done(summary, repair, figures, repairs=repairs)
    return guardrail.alerted(summary, remedy, figures, repair=repair, repairs=repairs)
