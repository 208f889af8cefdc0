"""The catalog of guardrails, one check per file: what is looked for, what was seen, what was repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from automl_components.core.catalog import Catalog

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Status = Literal["Passed", "Done", "Alerted"]
Severity = Literal["info", "warning", "error"]
Details = Mapping[str, Any]  # figures: JSON values only

LISTED = 10  # how many columns, classes or rows a finding names before it only counts


@dataclass(frozen=True)
class Finding:
    """What one guardrail saw, under Azure's three states.

    ``Passed``: nothing to report. ``Done``: seen, and repaired or decided by us. ``Alerted``: seen, and left
    to the user. ``details`` holds JSON values with the figures; ``repair`` says what was done or would help.
    """

    code: str
    title: str
    status: Status
    summary: str
    severity: Severity = "info"
    details: Details = field(default_factory=dict)
    repair: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Facts:
    """What a guardrail may look at: the training rows after the target was settled, and what was decided.

    Attributes
    ----------
    frame : DataFrame
        The feature columns as they came (no target, no weight, no split columns).
    target : Series
        Same length as ``frame``; no missing values any more.
    task : str
        ``"classification"`` or ``"regression"``.
    purposes : mapping of column to str
        What each column was taken for (engine.columns), such as ``"Numeric"`` or ``"Categorical"``.
    splits : mapping
        ``kind`` (``"k_fold"``, ``"holdout"``, ``"monte_carlo"``, ``"given"``, ...), ``count``, ``reason``,
        ``auto`` (nobody asked for a split), ``notes`` (list of str: where a wish could not be met),
        ``train_rows`` and ``validation_rows`` (lists, one number a split), ``test_rows`` (rows cut from the
        training data for the test, 0 where test data was given or none is wanted).
    dropped_rows : int
        Rows left out because their target was missing.
    featurize : bool
        Whether repairs take place (``featurization.mode`` is not ``"off"``).
    validation, test : DataFrame or None
        The feature columns of validation and test data, where given or cut.
    weights : array or None
        Sample weights.
    memory_bytes : int
        Memory available to this process; 0 where unknown.
    notes : tuple of str
        Small repairs made while the tables were read, each one sentence.
    """

    frame: pd.DataFrame
    target: pd.Series
    task: str
    purposes: Mapping[str, str]
    splits: Mapping[str, Any]
    dropped_rows: int = 0
    featurize: bool = True
    validation: pd.DataFrame | None = None
    test: pd.DataFrame | None = None
    weights: np.ndarray | None = None
    memory_bytes: int = 0
    notes: tuple[str, ...] = ()

    def columns(self, *purposes: str) -> list[str]:
        """Names of the feature columns that were taken for one of ``purposes``."""
        return [str(name) for name in self.frame.columns if self.purposes.get(name) in purposes]

    def with_column(self, name: str, values: Any, purpose: str) -> Facts:
        """The same facts with one more feature column."""
        return replace(
            self, frame=self.frame.assign(**{name: values}), purposes={**self.purposes, name: purpose}
        )


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
    """

    name: str
    title: str
    check: Callable[[Facts], Finding | None]
    example: Callable[[Facts], Facts]
    rank: int = 100

    def passed(self, summary: str, details: Details | None = None) -> Finding:
        """Nothing to report."""
        return Finding(self.name, self.title, "Passed", summary, "info", details or {})

    def done(self, summary: str, repair: str, details: Details, severity: Severity = "info") -> Finding:
        """Seen, and repaired or decided by us."""
        return Finding(self.name, self.title, "Done", summary, severity, details, repair)

    def alerted(self, summary: str, repair: str, details: Details, severity: Severity = "warning") -> Finding:
        """Seen, and left to the user; ``repair`` says what would help."""
        return Finding(self.name, self.title, "Alerted", summary, severity, details, repair)


def listed(values: Iterable[Any], limit: int = LISTED) -> str:
    """Values for a message: quoted where they are text, cut after ``limit``.

    >>> listed(["age", "job", 3], limit=2)
    "'age', 'job' and 1 more"
    """
    known = [value.item() if hasattr(value, "item") else value for value in values]
    shown = ", ".join(repr(value) for value in known[:limit])
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


GUARDRAILS: Catalog[Guardrail] = Catalog("automl_components.guardrails", Guardrail, "guardrail")
