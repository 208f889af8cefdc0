"""Registering a model: names first, then the gate, and only then a change in the registry."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import SettingsError
from automl_components.tracking import connection, registry
from automl_components.tracking.champion import duel
from automl_components.tracking.gate import Check, Duel, check, verdict
from automl_components.tracking.models import DIGEST, log_model
from automl_components.tracking.runs import open_experiment

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from automl_components.core.settings import Bounds


@dataclass(frozen=True)
class Candidate:
    """A model that wants to be registered.

    Attributes
    ----------
    folder : Path
        An MLflow model folder of this package.
    digest : str
        Of its files.
    task : str
        ``"classification"`` or ``"regression"``.
    logged : mapping or None
        What :func:`~automl_components.tracking.log_run` returned, if the model's run was logged.
    experiment_name : str, optional
        Where the model is logged if it was not.
    """

    folder: Path
    digest: str
    task: str
    logged: Mapping[str, Any] | None = None
    experiment_name: str | None = None


@dataclass(frozen=True)
class Gate:
    """What a model must prove before it is registered.

    Attributes
    ----------
    bounds : mapping
        By metric; as :func:`automl_components.tracking.gate.check` takes them.
    metrics : mapping or None
        Of the test run; None where there was none.
    champion_alias : str, optional
        The version under this alias, where there is one, must be beaten.
    metric, target, weight, positive_label
        By what and on which column it must be beaten.
    rows : callable, optional
        Gives the raw test rows with their target; it is called only when there is a champion.
    """

    bounds: Mapping[str, Bounds | float] = field(default_factory=dict)
    metrics: Mapping[str, float] | None = None
    champion_alias: str | None = None
    metric: str = ""
    target: str = ""
    weight: str | None = None
    positive_label: Any = None
    rows: Callable[[], pd.DataFrame] | None = None


def register(
    candidate: Candidate,
    name: str,
    *,
    gate: Gate | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    aliases: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Register a model, if the gate lets it through; the same model is registered once under a name.

    The champion alias moves to the new version.

    Returns
    -------
    dict
        ``model_name``, ``version``, ``aliases``, ``model_uri``, ``source``, ``run_id``, ``tracking_uri``,
        ``address``, ``gate``.

    Raises
    ------
    SettingsError
        A name that MLflow does not allow, a bound on an unknown metric, or a gate without the test data that
        it needs. Nothing was changed.
    GateError
        The gate refused the model; the message has all figures. Nothing was changed.
    TrackingError
        The server cannot be reached, or refused.
    """
    gate = gate or Gate()
    registry.check_names(name, tags or {})
    checks = _thresholds(gate, candidate.task)
    client = connection.client(connection.REGISTER_LATER)
    if candidate.logged and candidate.logged["tracking_uri"] != connection.address():
        raise SettingsError(
            f"the run was logged to {candidate.logged['tracking_uri']}, but MLFLOW_TRACKING_URI now means "
            f"{connection.address()}: set it to the same server, or log the run again"
        )
    champion = registry.champion_of(client, name, gate.champion_alias) if gate.champion_alias else None
    judged = verdict(checks, _against(champion, gate, candidate) if champion else None)
    source, run_id = _logged(client, candidate)
    if gate.champion_alias:
        aliases = tuple(dict.fromkeys([*aliases, gate.champion_alias]))
    version = registry.register(
        client, name, source, digest=candidate.digest, description=description, tags=tags, aliases=aliases
    )
    return {
        "model_name": name,
        "version": str(version.version),
        "aliases": sorted(version.aliases),
        "model_uri": f"models:/{name}/{version.version}",
        "source": source,
        "run_id": run_id,
        "tracking_uri": connection.address(),
        "address": connection.page("models", name, "versions", str(version.version)),
        "gate": judged,
    }


def _thresholds(gate: Gate, task: str) -> list[Check]:
    if gate.bounds and gate.metrics is None:
        raise SettingsError(
            "registration.gate judges the metrics of the test run, and there is none: give test_data or "
            "test_data_size, or remove the gate"
        )
    return check(gate.metrics or {}, gate.bounds, task)


def _against(champion: ModelVersion, gate: Gate, candidate: Candidate) -> Duel | None:
    """The comparison with the champion; None where the model is the champion already."""
    if champion.tags.get(DIGEST) == candidate.digest:
        return None
    if gate.rows is None:
        raise SettingsError(
            f"registration.champion_alias: version {champion.version} of {champion.name!r} is the champion, "
            "and cannot be compared without test rows: give test_data or test_data_size, or remove the alias"
        )
    with tempfile.TemporaryDirectory(prefix="automl-") as scratch:
        return duel(
            candidate.folder, registry.download(champion, Path(scratch)), gate.rows(), metric=gate.metric,
            target=gate.target, weight=gate.weight, positive_label=gate.positive_label,
            version=str(champion.version),
        )  # fmt: skip


def _logged(client: MlflowClient, candidate: Candidate) -> tuple[str, str | None]:
    """Address of the logged model and the run that it belongs to; logged now where it was not."""
    with connection.answering("log the model", connection.REGISTER_LATER):
        run = candidate.logged or {}
        experiment_id = (
            run.get("experiment_id") or open_experiment(client, candidate.experiment_name).experiment_id
        )
        model_id = log_model(
            client,
            candidate.folder,
            experiment_id=experiment_id,
            digest=candidate.digest,
            run_id=run.get("run_id"),
        )
    return f"models:/{model_id}", run.get("run_id")
