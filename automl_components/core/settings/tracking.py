"""What a run is called in MLflow: top-level keys of a job file."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Label, Text


class TrackingSettings(Settings):
    """The names under which people find a run again.

    The address of the server is no setting but what ``MLFLOW_TRACKING_URI`` says: settings are written beside
    every output, and an address may hold a password.
    """

    inline: ClassVar[bool] = True

    experiment_name: Text | None = Field(
        None,
        description="MLflow experiment; by default MLFLOW_EXPERIMENT_NAME, else the name of the training data.",
    )
    name: Text | None = Field(None, description="Name of the run; by default its folder's name.")
    display_name: Text | None = Field(
        None, description="Name of the run where people look at it; by default its name."
    )
    description: str | None = Field(None, description="Description of the run.")
    tags: dict[Text, Label] = Field(default_factory=dict, description="Tags of the run.")
    properties: dict[Text, Label] = Field(default_factory=dict, description="Further tags of the run.")
