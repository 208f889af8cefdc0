"""The catalog of guardrails, one check per file: what is looked for, what was seen, what was repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from automl_components.core.catalog import Catalog

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Status = Literal["Passed", "Done", "Alerted"]
Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """What one guardrail saw, under Azure's three states.

    ``Passed``: nothing to report. ``Done``: seen, and repaired or decided by us. ``Alerted``: seen, and left to
    the user. ``details`` holds JSON values with the figures; ``repair`` says what was done.
    """

    code: str
    title: str
    status: Status
    summary: str
    severity: Severity = "info"
    details: Mapping[str, Any] = field(default_factory=dict)
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
        ``train_rows`` and ``validation_rows`` (lists, one number a split), ``test_rows``.
    dropped_rows : int
        Rows left out because their target was missing.
    featurize : bool
        Whether repairs take place (``featurization.mode`` is not ``"off"``).
    validation, test : DataFrame or None
        The feature columns of validation and test data, where given.
    weights : array or None
        Sample weights.
    memory_bytes : int
        Memory available to this process.
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


@dataclass(frozen=True)
class Guardrail:
    """One check: ``check(facts)`` returns its finding, or None where it does not apply."""

    name: str
    title: str
    check: Callable[[Facts], Finding | None]
    rank: int = 100


GUARDRAILS: Catalog[Guardrail] = Catalog("automl_components.guardrails", Guardrail, "guardrail")
