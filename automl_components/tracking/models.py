"""A model folder in MLflow: logged as it is, neither saved again nor searched for its requirements."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from automl_components.core.artifacts import MARKER

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

DIGEST = "automl.digest"
"""Tag with the digest of what was logged, on runs, models and versions: a digest is never logged twice."""
NAME = "best_model"


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
