"""The component that registers a model, if it is good enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from automl_components.core import storage
from automl_components.core.artifacts import Input, Output, mlflow_model, mltable, uri_folder
from automl_components.core.component import component
from automl_components.core.settings import RegistrationSettings, TaskSettings
from automl_components.core.settings.tracking import TrackingSettings
from automl_components.stages.log_run import folder_name

if TYPE_CHECKING:
    import pandas as pd


@component(version="1", external=True)
def register_model(
    best_model: Input[mlflow_model],
    registration: Output[uri_folder],
    *,
    task: TaskSettings,
    run: TrackingSettings,
    registering: RegistrationSettings,
    tracking: Input[uri_folder] | None = None,
    test_report: Input[uri_folder] | None = None,
    checked_data: Input[mltable] | None = None,
    test_data: Input[mltable] | None = None,
) -> None:
    """Register a model in MLflow's registry, if the gate lets it through.

    The gate wants every metric of ``test_report`` within its bounds, and a better score than the champion's
    on the same test rows: ``test_data``, or those that ``test_data_size`` cut off (in ``checked_data``). A
    refusal changes nothing in the registry. With ``tracking`` the version belongs to the run that was logged; the
    model of another trial than the best belongs to that trial's run.
    """
    from automl_components import flavor, formats
    from automl_components.tracking import Candidate, Gate, register

    facts = flavor.predictor_metadata(best_model.local)
    source = origin(facts["metadata"])
    digest = storage.digest(best_model.path, best_model.type)
    made = register(
        Candidate(
            folder=best_model.local,
            digest=digest,
            task=facts["task"],
            logged=logged(tracking, digest, source.get("trial", "")) if tracking else None,
            experiment_name=run.experiment_name,
        ),
        registering.model_name or run.experiment_name or run.name or folder_name(best_model),
        gate=Gate(
            bounds=registering.gate,
            metrics=metrics_of(test_report),
            champion_alias=registering.champion_alias,
            metric=task.primary_metric,
            target=task.target_column_name,
            weight=task.weight_column_name,
            positive_label=task.positive_label,
            rows=rows_of(checked_data, test_data),
        ),
        description=registering.description,
        tags={**source, **registering.tags},
        aliases=registering.aliases,
    )
    formats.write_json(registration.local / "registration.json", {**made, **source})


def logged(tracking: Input[Any], digest: str, trial: str) -> dict[str, Any]:
    """What was logged of the run, its ``run_id`` that of the nested run of the trial where the model is a trial's own.

    A digest tells: the model that was logged with the run is its best one, whichever trial that is.
    """
    from automl_components import formats

    facts: dict[str, Any] = formats.read_json(tracking.local / "tracking.json")
    best = facts.get("model_digest", digest) == digest
    return facts if best else {**facts, "run_id": facts["trials"].get(trial, facts["run_id"])}


def origin(facts: Mapping[str, Any]) -> dict[str, str]:
    """Which trial or ensemble a model is, from what ``build_ensemble`` noted in it."""
    if "kind" not in facts:
        return {}
    members = ", ".join(map(str, facts["members"]))
    if facts["kind"] == "trial":
        return {"trial": members, "pipeline": facts["pipelines"][0]}
    return {"trial": facts["kind"], "members": members}


def metrics_of(test_report: Input[Any] | None) -> dict[str, float] | None:
    """Metrics of the test run; None without one, or where the test rows had no target."""
    from automl_components import formats

    file = test_report.local / "metrics.json" if test_report else None
    return formats.read_json(file) if file and file.exists() else None


def rows_of(
    checked_data: Input[Any] | None, test_data: Input[Any] | None
) -> Callable[[], pd.DataFrame] | None:
    """A function that reads the test rows; None where there are none."""
    from automl_components import formats
    from automl_components.stages.evaluate_model import test_rows

    if test_data is not None:
        return lambda: test_rows(None, test_data)
    if checked_data is not None and (folder := checked_data.local / formats.TEST).exists():
        return lambda: test_rows(None, Input(type="mltable", path=str(folder)))
    return None
