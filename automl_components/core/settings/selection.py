"""Which model the run ends with: the ``selection`` section, which Azure does not have."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Count, Text


class SelectionSettings(Settings):
    """Which model the run ends with; by default the best trial or ensemble."""

    section: ClassVar[str] = "selection"
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (("trial", "metric"),)

    trial: Count | None = Field(None, description="Take the trial of this number, no ensemble.")
    metric: Text | None = Field(None, description="Take the best trial by this metric, no ensemble.")

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen."""
        return self.trial is None and self.metric is None
