"""Which model the run ends with: the ``ensemble`` section, which Azure does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Count, Text

if TYPE_CHECKING:
    from typing_extensions import Self


class EnsembleSettings(Settings):
    """Which model the run ends with; by default the best trial or ensemble."""

    section: ClassVar[str] = "ensemble"

    trial: Count | None = Field(None, description="Take the trial of this number, no ensemble.")
    metric: Text | None = Field(None, description="Take the best trial by this metric, no ensemble.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.trial is not None and self.metric is not None:
            raise ValueError("trial and metric both choose the model; remove one of them")
        return self

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen."""
        return self.trial is None and self.metric is None
