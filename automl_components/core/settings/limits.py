"""How long and how far the search may go: the ``limits`` section."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Count, Duration, Number, not_yet


def _cores(value: object) -> object:
    if isinstance(value, bool) or value in (0, "0"):
        raise ValueError(f"found {value!r}; should be 1 or more, or -1 for all cores")
    return value


def _one_node(value: object) -> object:
    if isinstance(value, int) and value > 1:
        raise not_yet(f"distributed mode (max_nodes {value})", "remove it or set it to 1")
    return value


def _place(value: str) -> str:
    """An address as it is, a path as it is from here."""
    return value if "://" in value else os.path.abspath(os.path.expanduser(value))


class LimitsSettings(Settings):
    """When the search ends, and what it may use.

    Where Azure's sources disagree: the whole search may take 8,640 minutes and a trial 43,200, as the how-to
    pages say (the forecasting YAML page: 360 and 30). The time covers checking and featurizing the data, the
    search and the ensembles: of Azure's how-to pages and its YAML reference, which disagree on the last, the
    latter, since who sets a limit means it. Test run, report and registration come after it.
    ``max_cores_per_trial`` is -1, all cores shared out among the concurrent trials, as in the YAML reference
    (the Python package: 1), so that no core idles.
    """

    section: ClassVar[str] = "limits"
    former_names: ClassVar[Mapping[str, str]] = {
        "timeout": "timeout_minutes",
        "trial_timeout": "trial_timeout_minutes",
        "max_concurrent_iterations": "max_concurrent_trials",
    }
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (("timeout_minutes", "timeout_seconds"),)

    max_trials: Count = Field(1000, description="Number of configurations to try.")
    timeout_minutes: Duration = Field(
        8640.0, description="Time from the first look at the data to the finished model, in minutes."
    )
    timeout_seconds: Duration | None = Field(
        None, description="The same in seconds; instead of timeout_minutes."
    )
    trial_timeout_minutes: Duration = Field(43200.0, description="Time for one trial, in minutes.")
    max_concurrent_trials: Count = Field(
        1, description="Fits at the same time; unless given, a small table gets one for each core."
    )
    max_cores_per_trial: Annotated[int, BeforeValidator(_cores), Field(ge=-1)] = Field(
        -1, description="Cores of one trial; -1: all, shared out among concurrent trials."
    )
    max_memory_mb: Count | None = Field(
        None,
        description="Memory of all trial processes together, in MB: fits that need more are made smaller or left out, "
        "processes that take more are ended; by default four fifths of the machine's.",
    )
    max_prediction_ms_per_row: Duration | None = Field(
        None,
        description="Time that the model may take for a row, in milliseconds, where it predicts a thousand at once; "
        "slower trials and ensembles are passed over, and where all are slower the quickest is taken.",
    )
    enable_early_termination: bool = Field(
        True, description="Stop when the best score stays the same, and new trials add nothing to the others."
    )
    exit_score: Number | None = Field(None, description="Stop when the primary metric reaches this value.")
    replay: Annotated[str, AfterValidator(_place)] | None = Field(
        None,
        description="Folder of a finished run on the same data: its trials and ensembles are repeated exactly, "
        "whatever ended them; the other limits end nothing then.",
    )
    max_nodes: Annotated[Count, BeforeValidator(_one_node)] | None = Field(
        None, description="Machines; only 1."
    )
    strict: bool = Field(
        False, description="Make Azure's rule on size and time an error instead of a warning."
    )

    @property
    def seconds(self) -> float:
        """Time from the first look at the data to the model, in seconds."""
        return self.timeout_minutes * 60 if self.timeout_seconds is None else self.timeout_seconds

    def after(self, elapsed: float) -> float:
        """Seconds that are left after so many; at least half, so that there is a model whatever went before."""
        return max(self.seconds / 2, self.seconds - elapsed)

    @property
    def trial_seconds(self) -> float:
        """Time for one trial, in seconds."""
        return self.trial_timeout_minutes * 60

    @property
    def threads(self) -> int:
        """Cores that one trial may use on this machine."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if self.max_cores_per_trial == -1:
            return max(1, cores // self.max_concurrent_trials)
        return min(self.max_cores_per_trial, cores)

    @property
    def concurrent(self) -> int | None:
        """Fits at the same time, where that was asked for."""
        return self.max_concurrent_trials if "max_concurrent_trials" in self.model_fields_set else None
