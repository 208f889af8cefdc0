"""The registry: names it allows, versions of a model, the champion among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from automl_components.core.errors import SettingsError
from automl_components.core.events import emit
from automl_components.tracking.connection import REGISTER_LATER, answering
from automl_components.tracking.models import DIGEST
from automl_components.tracking.records import texts

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def check_names(name: str, tags: Iterable[str] = ()) -> None:
    """Refuse, with a SettingsError, what MLflow would refuse half-way."""
    if not name.strip() or re.search(r"[/:'\"`]", name) or name in (".", "..") or len(name) > 250:
        raise SettingsError(
            f"registration.model_name: found {name!r}; a registered model's name has no '/', ':' or quotes, "
            "is neither '.' nor '..', and has 250 characters at most"
        )
    for tag in tags:
        if not re.fullmatch(r"[\w.\- ]{1,250}", tag, re.ASCII) or tag in (".", ".."):
            raise SettingsError(
                f"registration.tags: found {tag!r}; MLflow allows letters, digits, '_', '-', '.' and blanks"
            )


def champion_of(client: MlflowClient, name: str, alias: str) -> ModelVersion | None:
    """The version that an alias points at; None where model or alias do not exist yet."""
    from mlflow.exceptions import MlflowException

    with answering("look for the champion", REGISTER_LATER):
        try:
            version = client.get_registered_model(name).aliases.get(alias)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return None if version is None else client.get_model_version(name, version)


def download(version: ModelVersion, folder: Path) -> Path:
    """A local copy of a registered version's model folder."""
    from mlflow.artifacts import download_artifacts

    with answering("download the champion", REGISTER_LATER):
        uri = f"models:/{version.name}/{version.version}"
        return Path(download_artifacts(artifact_uri=uri, dst_path=str(folder)))


def register(
    client: MlflowClient,
    name: str,
    model_uri: str,
    *,
    digest: str,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    aliases: Iterable[str] = (),
) -> ModelVersion:
    """A version of a registered model, made once for each digest, with its aliases pointed at it.

    Parameters
    ----------
    model_uri : str
        ``models:/<id>`` of a logged model.
    digest : str
        Of the model's files: a version that carries it already is the same model, and is used again.
    """
    import mlflow

    tags = texts({**(tags or {}), DIGEST: digest}, 5000)
    with answering("register the model", REGISTER_LATER):
        version = known = same_model(client, name, digest)
        if version is None:
            with redirect_stderr(
                StringIO()
            ):  # it prints, whatever the log level, what we tell in our own words
                version = mlflow.register_model(model_uri, name, tags=tags)
        if description is not None:
            client.update_model_version(name, version.version, description)
        for key, value in tags.items():
            if version.tags.get(key) != value:
                client.set_model_version_tag(name, version.version, key, value)
        for alias in aliases:
            client.set_registered_model_alias(name, alias, version.version)
        done = f"{name} version {version.version}"
        emit("note", f"{done} is this very model, reused" if known else f"registered {done}")
        return client.get_model_version(name, version.version)


def same_model(client: MlflowClient, name: str, digest: str) -> ModelVersion | None:
    """The latest version with the same files, if there is one."""
    found = client.search_model_versions(f"name = '{name}'")
    same = [version for version in found if version.tags.get(DIGEST) == digest]
    return max(same, key=lambda version: int(version.version), default=None)
