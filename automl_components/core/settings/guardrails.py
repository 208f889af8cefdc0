"""Which findings stop the pipeline and which are silenced: the ``guardrails`` section, which Azure does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Names, Text

if TYPE_CHECKING:
    from typing_extensions import Self


class GuardrailSettings(Settings):
    """What the findings of the guardrails lead to.

    A finding that is muted stays in the report, with the reason; it is told nowhere else and stops nothing.
    """

    section: ClassVar[str] = "guardrails"

    fail_on: Names = Field(
        (),
        description="Codes of guardrails, or severities (info, warning, error; heavier ones are meant, too), "
        "whose findings stop the pipeline before anything is learnt.",
    )
    mute: dict[Text, Text] = Field(
        default_factory=dict, description="Codes of guardrails to silence, each with the reason."
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for code in self.fail_on:
            if code in self.mute:
                raise ValueError(f"mute: {code!r} is in fail_on, too; remove one")
        return self
