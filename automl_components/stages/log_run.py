"""The component that logs a finished run to MLflow."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core import storage
from automl_components.core.artifacts import Input, Output, digest_of, mlflow_model, uri_folder
from automl_components.core.component import COMPONENTS, component
from automl_components.core.settings import Settings
from automl_components.core.settings.tracking import TrackingSettings

if TYPE_CHECKING:
    from automl_components.tracking import Child, FinishedRun

BOARD_FACTS = ("rank", "trial", "pipeline", "status", "algorithm", "note")
"""Columns of the leaderboard that are no metrics."""


@component(version="1", external=True)
def log_run(
    guardrail_report: Input[uri_folder],
    trials: Input[uri_folder],
    leaderboard: Input[uri_folder],
    best_model: Input[mlflow_model],
    tracking: Output[uri_folder],
    *,
    run: TrackingSettings,
    test_report: Input[uri_folder] | None = None,
    report: Input[uri_folder] | None = None,
) -> None:
    """Log a finished run to MLflow: a parent run, a nested run for each trial, reports, metrics, the model.

    The server is what ``MLFLOW_TRACKING_URI`` names, by default the database ``mlflow.db`` in the working
    folder. However often this is started, a run is logged once; what an interrupted attempt left out is
    added.
    """
    from automl_components import formats
    from automl_components.tracking import log_run as log

    finished = read_run(guardrail_report, trials, leaderboard, best_model, test_report, run, page=report)
    formats.write_json(tracking.local / "tracking.json", log(finished, run.experiment_name))


def read_run(
    guardrail_report: Input[Any],
    trials: Input[Any],
    leaderboard: Input[Any],
    best_model: Input[Any],
    test_report: Input[Any] | None,
    names: TrackingSettings,
    *,
    page: Input[Any] | None = None,
) -> FinishedRun:
    """The run that these folders hold."""
    from automl_components import formats
    from automl_components.core.journal import Journal
    from automl_components.tracking import FinishedRun

    search = formats.read_json(trials.local / "search.json")
    best = formats.read_json(leaderboard.local / "ensemble.json")
    journal = Journal(trials.local / "journal.jsonl")
    tested = test_report.local / "metrics.json" if test_report else None
    test = formats.read_json(tested) if tested and tested.exists() else {}
    findings = formats.read_json(guardrail_report.local / "findings.json")
    grave = [one["code"] for one in findings if one.get("severity") == "error" and not one.get("muted")]
    digests = [storage.digest(folder.path, folder.type) for folder in (trials, leaderboard, best_model)]
    reports = [guardrail_report, leaderboard, *([test_report] if test_report else [])]
    files = [trials.local / "journal.jsonl", trials.local / "search.json"]
    kept = [*reports, *([page] if page else [])]
    return FinishedRun(
        name=names.display_name or names.name or folder_name(best_model),
        description=names.description or "",
        digest=digest_of(digests),
        ended=ended(trials),
        children=[*(trial(record) for record in journal.records), *ensembles(leaderboard.local, best)],
        best=str(best["members"][0]) if best["kind"] == "trial" else best["kind"],
        model=best_model.local,
        model_digest=digests[-1],
        params=job_settings([trials, best_model, *reports]),
        metrics={**best["metrics"], "best_score": best["score"], **{f"test_{k}": v for k, v in test.items()}},
        tags={
            "automl.task": search["task"], "automl.primary_metric": search["primary_metric"],
            "automl.stop_reason": search["stop_reason"],
            **({"automl.guardrail_errors": ", ".join(grave)} if grave else {}),
            **names.properties, **names.tags,
        },
        artifacts=[(one.local.name, one.local) for one in kept] + [("trials", file) for file in files],
    )  # fmt: skip


def trial(record: Mapping[str, Any]) -> Child:
    """A line of the journal as a nested run; a failure has its error as tags."""
    from automl_components.tracking import Child

    name = record["pipeline"] or record["algorithm"]
    costs = {key: record[key] for key in ("score", "fit_s", "predict_s", "seconds", "peak_mb")}
    return Child(
        key=str(record["number"]),
        name=f"trial {record['number']}: {name}",
        status=record["status"],
        seconds=record["seconds"],
        started=record.get("started"),
        params={"algorithm": record["algorithm"], "seed": record["seed"], **record["params"]},
        metrics={
            **record["metrics"],
            **costs,
            "fold_score": record["fold_scores"],
            "rounds": record["rounds"],
        },
        tags={"automl.pipeline": name, "automl.error": record["error"]},
    )


def ensembles(folder: Path, best: Mapping[str, Any]) -> Iterator[Child]:
    """The rows of the leaderboard that are no trials."""
    from automl_components.tracking import Child

    with (folder / "leaderboard.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["trial"].isdecimal():
                continue
            chosen = row["trial"] == best["kind"]
            yield Child(
                key=row["trial"],
                name=row["pipeline"],
                status=row["status"],
                params={
                    "algorithm": row["algorithm"],
                    **({k: best[k] for k in ("members", "weights")} if chosen else {}),
                },
                metrics={k: float(v) for k, v in row.items() if k not in BOARD_FACTS and v},
                tags={"automl.pipeline": row["pipeline"]},
            )


def job_settings(folders: list[Input[Any]], *, defaults: bool = True) -> dict[str, Any]:
    """The settings that made these folders, under the keys of a job file; those left to their default on request."""
    found: dict[str, Any] = {}
    for folder in folders:
        marker = storage.read_marker(folder.path)
        if marker is None:
            continue
        known = COMPONENTS[marker.component].settings if marker.component in COMPONENTS else {}
        for name, values in marker.settings.items():
            inline = name in known and known[name].inline
            if not defaults and name in known:
                values = beyond_defaults(values, known[name])
            found |= values if inline else {name: values} if values else {}
    return found


def beyond_defaults(values: Mapping[str, Any], section: type[Settings]) -> dict[str, Any]:
    """The values of a section that differ from its defaults."""
    from pydantic_core import to_jsonable_python

    usual = {
        name: to_jsonable_python(field.get_default(call_default_factory=True))
        for name, field in section.model_fields.items()
        if not field.is_required()
    }
    return {name: value for name, value in values.items() if name not in usual or value != usual[name]}


def ended(trials: Input[Any]) -> float:
    """When the search was done, seconds since 1970."""
    marker = storage.read_marker(trials.path)
    if marker is None:
        return (trials.local / "journal.jsonl").stat().st_mtime
    return datetime.fromisoformat(marker.created).timestamp()


def folder_name(artifact: Input[Any]) -> str:
    """The name of the folder of the run that an artifact belongs to.

    A local view of a remote artifact lies somewhere else, so what its marker says of its inputs comes first.
    """
    marker = storage.read_marker(artifact.path)
    paths = [value["path"] for value in marker.inputs.values()] if marker else [artifact.path]
    parts = re.split(r"[/\\]+", paths[0])[:-1] if paths else []
    return parts[-1] if parts and parts[-1] else "run"
