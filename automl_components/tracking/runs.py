"""A finished run in MLflow: a parent run with a nested run for every trial and ensemble."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import SettingsError
from automl_components.core.events import emit
from automl_components.tracking import connection, records
from automl_components.tracking.models import DIGEST, log_model

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

BEST_CHILD = "automl_best_child_run_id"
"""Azure's tag on a parent run."""
TRIAL = "automl.trial"
PARENT = "mlflow.parentRunId"
STATUS = {
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "TimedOut": "KILLED",
    "Pruned": "KILLED",
    "Canceled": "KILLED",
}


@dataclass(frozen=True)
class Child:
    """One trial or ensemble of a run.

    Attributes
    ----------
    key : str
        The trial's number, ``"voting_ensemble"`` or ``"stack_ensemble"``.
    status : str
        ``"Completed"``, ``"Failed"``, ``"TimedOut"``, ``"Pruned"`` or ``"Canceled"``.
    seconds : float
        How long it took.
    started : float or None
        When it began, seconds since 1970; by default when the one before it ended.
    """

    key: str
    name: str
    status: str = "Completed"
    seconds: float = 0.0
    started: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FinishedRun:
    """What a run left on disk.

    Attributes
    ----------
    name, description : str
        What people call it.
    digest, model_digest : str
        Of everything that makes it this run and no other, and of the model alone.
    ended : float
        Seconds since 1970.
    best : str
        Key of the child that became the model.
    params, metrics, tags : mappings
        Of the parent run.
    artifacts : sequence of (str, Path)
        Files and folders, each with the folder of the parent run that it goes into.
    model : Path
        An MLflow model folder.
    """

    name: str
    digest: str
    ended: float
    children: Sequence[Child]
    best: str
    model: Path
    model_digest: str
    description: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Sequence[tuple[str, Path]] = ()

    @property
    def started(self) -> float:
        """Seconds since 1970, as if one trial had followed the other."""
        return self.ended - sum(child.seconds for child in self.children)


def log_run(run: FinishedRun, experiment_name: str | None = None) -> dict[str, Any]:
    """Log a run with all its trials, artifacts and the model; what is there already is not logged twice.

    Parameters
    ----------
    experiment_name : str, optional
        By default ``MLFLOW_EXPERIMENT_NAME``, else ``"Default"``.

    Returns
    -------
    dict
        ``tracking_uri`` (nothing secret in it), ``experiment_id``, ``experiment_name``, ``run_id``,
        ``trials`` (run ids by key), ``model_uri``, ``model_digest``, ``address`` (where a browser finds the
        run, or None).

    Raises
    ------
    TrackingError
        The server cannot be reached, or it refused. Started again, it goes on with what is missing.
    """
    client = connection.client()
    with connection.answering("log the run"):
        experiment = open_experiment(client, experiment_name)
        parent = _open_parent(client, experiment.experiment_id, run)
        run_id = str(parent.info.run_id)
        ids = _log_children(client, experiment.experiment_id, run_id, run)
        for place, path in run.artifacts:
            if path.is_dir():
                client.log_artifacts(run_id, str(path), place)
            else:
                client.log_artifact(run_id, str(path), place)
        model_id = log_model(
            client, run.model, experiment_id=experiment.experiment_id, digest=run.model_digest, run_id=run_id
        )
        records.log(
            client, run_id, at=_ms(run.ended), model_id=model_id, metrics=run.metrics,
            params={} if parent.data.params else run.params,
            tags={**run.tags, BEST_CHILD: ids.get(run.best), "mlflow.note.content": run.description or None},
        )  # fmt: skip
        client.set_terminated(run_id, "FINISHED", _ms(run.ended))
    facts = {
        "tracking_uri": connection.address(),
        "experiment_id": experiment.experiment_id,
        "experiment_name": experiment.name,
        "run_id": run_id,
        "trials": ids,
        "model_uri": f"models:/{model_id}",
        "model_digest": run.model_digest,
        "address": connection.page("experiments", experiment.experiment_id, "runs", run_id),
    }
    where = facts["address"] or f"{facts['tracking_uri']}, experiment {experiment.name!r}"
    trials = "1 trial" if len(ids) == 1 else f"{len(ids)} trials"
    known = parent.info.status == "FINISHED"
    told = f"this run is there already, reused: {where}" if known else f"{trials} logged to {where}"
    emit("note", f"MLflow: {told}", tracking=facts)
    return facts


def open_experiment(client: MlflowClient, name: str | None = None) -> Experiment:
    """The experiment of that name, made where there is none; SettingsError where it was deleted."""
    from mlflow.exceptions import MlflowException

    name = name or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "Default"
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.get_experiment(client.create_experiment(name))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process was faster
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise SettingsError(
            f"experiment_name: {name!r} was deleted in MLflow; choose another name, or restore it with: "
            f"mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    return found


def _open_parent(client: MlflowClient, experiment_id: str, run: FinishedRun) -> Run:
    from mlflow.tracking.context.registry import resolve_tags

    known = client.search_runs(
        [experiment_id], filter_string=f"tags.`{DIGEST}` = '{run.digest}'", max_results=1
    )
    if known:
        return known[0]
    tags = {**resolve_tags(), DIGEST: run.digest}
    return client.create_run(experiment_id, start_time=_ms(run.started), run_name=run.name, tags=tags)


def _log_children(
    client: MlflowClient, experiment_id: str, parent_id: str, run: FinishedRun
) -> dict[str, str]:
    """Run ids of all children; those that an earlier attempt finished are left alone."""
    known = {child.data.tags.get(TRIAL, ""): child for child in _nested(client, experiment_id, parent_id)}
    ids, started = {}, run.started
    for child in run.children:
        started = child.started or started
        ended = started + child.seconds
        there = known.get(child.key) or client.create_run(
            experiment_id,
            start_time=_ms(started),
            run_name=child.name,
            tags={PARENT: parent_id, TRIAL: child.key},
        )
        ids[child.key] = run_id = str(there.info.run_id)
        if there.info.status != STATUS[child.status]:
            tags = {**child.tags, "automl.status": child.status}
            records.log(client, run_id, params=child.params, metrics=child.metrics, tags=tags, at=_ms(ended))
            client.set_terminated(run_id, STATUS[child.status], _ms(ended))
        started = ended
    return ids


def _nested(client: MlflowClient, experiment_id: str, parent_id: str) -> Iterator[Run]:
    token = None
    while True:
        page = client.search_runs(
            [experiment_id], filter_string=f"tags.`{PARENT}` = '{parent_id}'", page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
