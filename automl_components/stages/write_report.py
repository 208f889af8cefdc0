"""The component that turns a finished run into a page."""

from __future__ import annotations

from typing import Any

from automl_components.core.artifacts import Input, Output, mlflow_model, uri_folder
from automl_components.core.component import component
from automl_components.core.events import emit
from automl_components.core.settings import RegistrationSettings
from automl_components.core.settings.tracking import TrackingSettings
from automl_components.stages.log_run import folder_name, job_settings


@component(version="2")
def write_report(
    guardrail_report: Input[uri_folder],
    featurizer: Input[mlflow_model],
    trials: Input[uri_folder],
    leaderboard: Input[uri_folder],
    best_model: Input[mlflow_model],
    report: Output[uri_folder],
    *,
    run: TrackingSettings,
    registering: RegistrationSettings,
    test_report: Input[uri_folder] | None = None,
) -> None:
    """Write the report page: findings, test charts, leaderboard, features and provenance in one HTML file.

    ``index.html`` needs nothing else, runs no script and can be mailed or printed. Without ``test_report`` it says so.
    """
    from automl_components.report import read_contents, render

    folders: list[Input[Any]] = [guardrail_report, featurizer, trials, best_model]
    place = folder_name(best_model)
    contents = read_contents(
        guardrail_report, featurizer, trials, leaderboard, best_model, test_report,
        name=run.display_name or run.name or place, description=run.description or "",
        settings=job_settings(folders, defaults=False),
        registration={
            "model_name": registering.model_name or run.experiment_name or run.name or place,
            "gate": registering.gate, "champion_alias": registering.champion_alias,
        } if registering.enabled else {},
    )  # fmt: skip
    (report.local / "index.html").write_text(render(contents), encoding="utf-8")
    emit("note", f"report page: {len(contents.alerts)} alerts, {len(contents.trials)} trials")
