"""What a job says about itself and about where Azure would run it: top-level keys of a job file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from automl_components.core.errors import nearest
from automl_components.core.settings.base import Settings
from automl_components.core.settings.tracking import TrackingSettings
from automl_components.core.settings.values import (
    Count,
    Label,
    Names,
    Text,
    Values,
    not_yet,
    refused,
    spelled,
)

Verbosity = Literal["not_set", "debug", "info", "warning", "error", "critical"]
READ_ONLY = ("id", "status", "creation_context", "log_files")
AZURE_ONLY = ("compute", "resources", "queue_settings", "identity", "services", "environment_id")


class Resources(Settings):
    """Azure's description of the machine to run on."""

    instance_type: Any = None
    instance_count: Count | None = None
    max_instance_count: Count | None = None
    locations: Names = ()
    shm_size: Text | None = None
    docker_args: Any = None
    properties: Values = Field(default_factory=dict)


class QueueSettings(Settings):
    """Azure's queue."""

    job_tier: Text | None = None
    priority: Text | None = None


class Identity(Settings):
    """Azure's identity of a job."""

    type: Annotated[
        Literal["managed", "managed_identity", "aml_token", "user_identity"],
        spelled(["managed", "managed_identity", "aml_token", "user_identity"]),
    ]
    client_id: Text | None = None
    object_id: Text | None = None
    resource_id: Text | None = None


def _no_place(value: object) -> object:
    raise ValueError(f"found {value!r}; the model is written to best_model in the run's folder: remove it")


def _no_name(value: object) -> object:
    raise ValueError(
        f"found {value!r}; the model's name in the registry is registration.model_name: remove it"
    )


def _only_model(value: object) -> object:
    if value not in ("mlflow_model", "MLFLOW_MODEL"):
        raise ValueError(f"found {value!r}; the best model is always an 'mlflow_model'")
    return "mlflow_model"


class ModelOutput(Settings):
    """Azure's declaration of the output ``best_model``."""

    type: Annotated[Literal["mlflow_model"], BeforeValidator(_only_model)] = "mlflow_model"
    mode: (
        Annotated[
            Literal["mount", "upload", "rw_mount", "direct"],
            spelled(["mount", "upload", "rw_mount", "direct"]),
        ]
        | None
    ) = None
    path: Annotated[str, BeforeValidator(_no_place)] | None = None
    name: Annotated[str, BeforeValidator(_no_name)] | None = None
    version: Annotated[str, BeforeValidator(_no_name)] | None = None


def _output_name(value: object) -> object:
    if value != "best_model":
        raise ValueError(f"unknown output{nearest(str(value), ['best_model'])}")
    return value


OutputName = Annotated[str, BeforeValidator(_output_name)]


def _output(value: object) -> object:
    """Python may hold an Output object with the attributes of the mapping."""
    if hasattr(value, "type") and hasattr(value, "path"):
        names = ("type", "mode", "path", "name", "version")
        return {name: getattr(value, name) for name in names if getattr(value, name, None)}
    return value


def _job_type(value: object) -> object:
    if value == "pipeline":
        raise not_yet("type 'pipeline'", "put the body of its automl node into a file of its own")
    if value != "automl":
        raise ValueError(f"found {value!r}; only 'automl' jobs are run here")
    return value


class JobFacts(TrackingSettings):
    """What a job says about itself. Names and tags go to MLflow; what only Azure can use changes nothing."""

    schema_uri: str | None = Field(None, alias="$schema")
    type: Annotated[Literal["automl"], BeforeValidator(_job_type)] = "automl"
    environment_variables: dict[Text, Label] = Field(
        default_factory=dict, description="Set while the job runs."
    )
    log_verbosity: Annotated[
        Verbosity, spelled(["not_set", "debug", "info", "warning", "error", "critical"])
    ] = Field("info", description="How much is logged.")
    cache: bool = Field(True, description="Reuse finished steps whose inputs and settings are unchanged.")
    outputs: dict[OutputName, Annotated[ModelOutput, BeforeValidator(_output)]] = Field(
        default_factory=dict, description="best_model: {type: mlflow_model}."
    )
    enable_model_explainability: Annotated[bool, refused("explanations of the best model")] = Field(
        False, description="Azure's documents have it here, its schema in training; only false for now."
    )
    compute: Text | None = Field(None, description="Azure's cluster; runs here all the same.")
    resources: Resources | None = None
    queue_settings: QueueSettings | None = None
    identity: Identity | None = None
    services: Values | None = None
    environment_id: Text | None = None
    id: Any = None
    status: Any = None
    creation_context: Any = None
    log_files: Any = None

    def notes(self) -> list[str]:
        """What is Azure's and changes nothing here."""
        given = [name for name in AZURE_ONLY if name in self.model_fields_set and self.compute != "local"]
        said = [name for name in READ_ONLY if name in self.model_fields_set]
        return [f"{name} is for Azure; the job runs on this machine" for name in given] + [
            f"{name} was written by Azure and is ignored" for name in said
        ]
