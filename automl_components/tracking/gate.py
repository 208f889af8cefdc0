"""The gate before the registry: whether a model's figures are good enough, and better than the champion's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import GateError

if TYPE_CHECKING:
    from automl_components.core.settings import Bounds


@dataclass(frozen=True)
class Check:
    """One metric of the test run against its bounds.

    Attributes
    ----------
    value : float or None
        None where the metric is undefined on the test rows; that is never good enough.
    min, max : float or None
        Ends included.
    """

    metric: str
    value: float | None
    min: float | None
    max: float | None

    @property
    def passed(self) -> bool:
        """Whether the value lies within the bounds."""
        if self.value is None:
            return False
        return (self.min is None or self.value >= self.min) and (self.max is None or self.value <= self.max)

    def __str__(self) -> str:
        wanted = [f"at least {self.min:g}"] if self.min is not None else []
        wanted += [f"at most {self.max:g}"] if self.max is not None else []
        found = "undefined" if self.value is None else f"{self.value:.6g}"
        return f"{self.metric} is {found} on the test data, must be {' and '.join(wanted)}"


@dataclass(frozen=True)
class Duel:
    """The model and the champion by one metric, on the same test rows.

    Attributes
    ----------
    challenger, champion : float
        The metric's values; NaN where it is undefined.
    version : str
        The champion's version.
    rows : int
        Test rows that were scored.
    """

    metric: str
    greater_is_better: bool
    challenger: float
    champion: float
    version: str
    rows: int

    @property
    def passed(self) -> bool:
        """Whether the challenger is better. A tie keeps the champion, and so does an undefined value."""
        if self.greater_is_better:
            return self.challenger > self.champion
        return self.challenger < self.champion

    def __str__(self) -> str:
        better = "greater" if self.greater_is_better else "less"
        return (
            f"{self.metric} is {self.challenger:.6g} on {self.rows} test rows, that of the champion (version "
            f"{self.version}) is {self.champion:.6g}: the new model must beat it ({better} is better)"
        )


def check(metrics: Mapping[str, float], bounds: Mapping[str, Bounds | float], task: str) -> list[Check]:
    """Each bound against the metrics of the test run.

    Parameters
    ----------
    metrics : mapping
        What ``test_report`` holds.
    bounds : mapping
        Metric names in any casing; a plain number is the worst value that is let through: the least for a
        metric where greater is better, the most for an error.

    Raises
    ------
    SettingsError
        A name is no metric of the task.
    """
    from automl_components.engine.scoring import primary_metric

    checks = []
    for name, bound in bounds.items():
        metric = primary_metric(name, task)
        if isinstance(bound, (int, float)):
            low, high = (bound, None) if metric.greater_is_better else (None, bound)
        else:
            low, high = bound.min, bound.max
        checks.append(Check(metric.name, metrics.get(metric.name), low, high))
    return checks


def verdict(checks: list[Check], duel: Duel | None) -> dict[str, Any]:
    """The gate's figures as JSON values; GateError, with all of them, where one is not good enough."""
    all_: list[Check | Duel] = [*checks, *([duel] if duel else [])]
    failed = [str(one) for one in all_ if not one.passed]
    if failed:
        raise GateError("the gate refused the model, nothing was registered: " + "; ".join(failed))
    return {
        "thresholds": [asdict(one) for one in checks],
        "champion": asdict(duel) if duel else None,
        "passed": True,
    }
