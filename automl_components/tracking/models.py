"""A model folder in MLflow: logged as it is, neither saved again nor searched for its requirements."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from automl_components.core.artifacts import MARKER
from automl_components.core.errors import ArtifactError, nearest
from automl_components.tracking import connection

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

DIGEST = "automl.digest"
"""Tag with the digest of what was logged, on runs, models and versions: a digest is never logged twice."""
NAME = "best_model"
ADDRESS = re.compile(r"models:/(?P<name>[^/@]+)(/\w+|@[^/@]+)|models:/m-\w+|runs:/\w+/.+")
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


def log_model(
    client: MlflowClient,
    folder: Path,
    *,
    experiment_id: str,
    digest: str,
    run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> str:
    """Log a model folder as one of MLflow's logged models, once for each digest and run.

    Parameters
    ----------
    folder : Path
        Holds an ``MLmodel`` file.
    run_id : str, optional
        The run that made the model; without one it stands in the experiment alone.

    Returns
    -------
    str
        The model's id; its address is ``models:/<id>``.
    """
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    known = client.search_logged_models([experiment_id], filter_string=f"tags.`{DIGEST}` = '{digest}'")
    for model in known:
        if (model.source_run_id or None) == run_id and model.status == LoggedModelStatus.READY:
            break
    else:
        model = client.create_logged_model(
            experiment_id, name=NAME, source_run_id=run_id, tags={DIGEST: digest, **(tags or {})}
        )
        with _prepared(folder, model) as prepared:
            client.log_model_artifacts(model.model_id, str(prepared))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    if run_id is not None:
        outputs = client.get_run(run_id).outputs
        if model.model_id not in [output.model_id for output in (outputs.model_outputs if outputs else [])]:
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return str(model.model_id)


def fetch_model(address: str, folder: Path) -> Path:
    """A local copy of the model at one of MLflow's addresses, below ``folder``.

    Parameters
    ----------
    address : str
        ``models:/name/version``, ``models:/name@alias``, ``models:/<id>`` or ``runs:/<run>/<path>``.

    Raises
    ------
    ArtifactError
        It is no such address, or the server has no model there; the message names what is near.
    TrackingError
        The server does not answer.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    known = ADDRESS.fullmatch(address)
    if known is None:
        raise ArtifactError(
            f"{address} is no address of a model; should be models:/<name>/<version>, models:/<name>@<alias>, "
            f"models:/<model id> or runs:/<run id>/{NAME}"
        )
    server = connection.client("Nothing was changed")
    with connection.answering("fetch the model", "Nothing was changed"):
        try:
            return Path(download_artifacts(artifact_uri=address, dst_path=str(folder)))
        except MlflowException as error:
            if error.error_code not in NOT_THERE:
                raise
            said, hint = str(error).split("\n", 1)[0], ""
            if known["name"]:
                hint = _near(server, known["name"])
        raise ArtifactError(f"{address}: {said.rstrip('.')} at {connection.address()}{hint}")


def _near(client: MlflowClient, name: str) -> str:
    """What there is of a registered model, or the nearest of the others."""
    names = [model.name for model in client.search_registered_models()]
    if name not in names:
        return nearest(name, names)
    versions = sorted(int(v.version) for v in client.search_model_versions(f"name = '{name}'"))
    aliases = sorted(client.get_registered_model(name).aliases)
    parts = [f"versions: {', '.join(map(str, versions[-10:]))}"] if versions else []
    parts += [f"aliases: {', '.join(aliases)}"] if aliases else []
    return f"; it has {'; '.join(parts)}" if parts else ""


@contextmanager
def _prepared(folder: Path, model: LoggedModel) -> Iterator[Path]:
    """A copy of the folder; only the lines of ``MLmodel`` that name the logged model and its run differ."""
    with tempfile.TemporaryDirectory(prefix="automl-") as scratch:
        copy = Path(scratch) / NAME
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(MARKER, "__pycache__"))
        file = copy / "MLmodel"
        facts = yaml.safe_load(file.read_text(encoding="utf-8"))
        facts |= {"model_id": model.model_id, "model_uuid": model.model_id, "run_id": model.source_run_id}
        file.write_text(yaml.safe_dump(facts), encoding="utf-8")
        yield copy
