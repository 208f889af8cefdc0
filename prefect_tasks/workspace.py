"""A Prefect block: where results go, which MLflow server is told, and the secrets that both need."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from automl_components.core import storage
from automl_components.core.artifacts import redacted
from automl_components.core.errors import nearest
from automl_components.launch import Child, Request

_ONE_AT_A_TIME = threading.RLock()


class Workspace(Block):
    """Where the results of AutoML runs go, and what is needed to get there.

    Secrets stay in Prefect's encrypted block document: they reach child processes by their environment and standard
    input, and are masked in every log line, result and artifact.

    Attributes
    ----------
    storage_root : str
        Local folder or fsspec address under which every run gets a folder. In object storage an interrupted search goes
        on on any machine, once the lost one has been silent for a minute (``AUTOML_LEASE_SECONDS``).
    mlflow_tracking_uri : secret str, optional
        MLflow server or database; by default what ``MLFLOW_TRACKING_URI`` says where the flow runs.
    environment : secret mapping
        Environment variables of the work: ``AWS_ACCESS_KEY_ID``, ``MLFLOW_TRACKING_PASSWORD``, ...
    storage_options : secret mapping
        Arguments of fsspec's file systems, by protocol: ``{"s3": {"key": ..., "secret": ...}}``.
    web_address : str, optional
        Where a browser finds ``storage_root``, for links to report pages.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # it may be a secret

    _block_type_name = "AutoML Workspace"
    _block_type_slug = "automl-workspace"
    _description = "Storage root, MLflow address and secrets of AutoML runs."

    storage_root: str = Field("runs", description="Local folder or fsspec address of all runs.")
    mlflow_tracking_uri: SecretStr | None = Field(None, description="MLflow server or database.")
    environment: SecretDict = Field(SecretDict({}), description="Environment variables of the work.")
    storage_options: SecretDict = Field(
        SecretDict({}), description="Arguments of fsspec's file systems, by protocol, such as s3."
    )
    web_address: str | None = Field(None, description="Where a browser finds the storage root.")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, values: Any) -> Any:
        """Blocks keep what they do not know; here it would be a typing error that sends results elsewhere."""
        for name in values if isinstance(values, Mapping) else ():
            if name not in cls.model_fields and not name.startswith(("block_type", "_")):
                raise ValueError(f"no field {name!r}{nearest(name, cls.model_fields)}")
        return values

    @field_validator("storage_root")
    @classmethod
    def _shown(cls, root: str) -> str:
        if redacted(root) != root:  # it is in every result's address
            raise ValueError(
                f"{redacted(root)} holds credentials: keep them in storage_options or environment"
            )
        return root

    @property
    def root(self) -> str:
        """The storage root as an address that means the same in every process."""
        if storage.is_remote(self.storage_root):
            return self.storage_root.rstrip("/")
        return str(storage.local_path(self.storage_root))

    def child(self, request: Request) -> Child:
        """A child process at work on a request, with this workspace's secrets."""
        options = self.storage_options.get_secret_value()
        return Child(request, environment=self._variables(), storage_options=options, warm=True)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Reach the storage from this process: one thread at a time, since it takes environment variables."""
        from automl_components.launch.child import connected
        from automl_components.run import environment

        with (
            _ONE_AT_A_TIME,
            environment(self._variables()),
            connected(self.storage_options.get_secret_value()),
        ):
            yield

    def page(self, address: str) -> str:
        """Where a browser finds a file of a run."""
        if self.web_address and address.startswith(f"{self.root}/"):
            return self.web_address.rstrip("/") + address.removeprefix(self.root)
        return address if "://" in address else Path(address).as_uri()

    def _variables(self) -> dict[str, str]:
        found = {name: str(value) for name, value in self.environment.get_secret_value().items()}
        if self.mlflow_tracking_uri is not None:
            found["MLFLOW_TRACKING_URI"] = self.mlflow_tracking_uri.get_secret_value()
        return found


def workspace_of(given: Workspace | str | None) -> Workspace:
    """The workspace that is meant: itself, the block document of that name, or the defaults."""
    if given is None:
        return Workspace()
    if isinstance(given, str):
        return Workspace.load(given, _sync=True)  # type: ignore[call-arg,return-value]
    return given
