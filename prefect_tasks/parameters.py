"""What is given for jobs and settings, checked at once; and a job as the parameters of a flow."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from automl_components.core.component import Component
from automl_components.core.errors import SettingsError
from automl_components.core.inputs import read_input
from automl_components.core.settings import Settings, assign
from automl_components.job import DATA, SECTIONS, Job
from prefect_tasks.workspace import Workspace

GivenJob = Job | Mapping[str, Any] | str | Path
"""A job, what a job file holds, or the path or address of one."""

NAME = "experiment_name"
"""Of what a job says about itself, the only thing that a form asks for."""


def job_of(job: GivenJob) -> Job:
    """The job that is meant; SettingsError with one line for each problem."""
    if isinstance(job, Job):
        return job
    if not isinstance(job, (Mapping, str, os.PathLike)):
        raise SettingsError(
            f"job is a {type(job).__name__}; give a Job, a mapping, or the path of a job file"
        )
    return Job.from_mapping(job) if isinstance(job, Mapping) else Job.from_file(job)


def overridden(job: Job, overrides: Mapping[str, Any]) -> Job:
    """A job on addresses with other values, by dotted key; SettingsError for an unknown key or a wrong value."""
    values = job.to_mapping()
    for key, value in overrides.items():
        values = assign(values, key, value)
    return Job.from_mapping(values)


def title_of(job: Job) -> str:
    """What people call the job."""
    return job.facts.display_name or job.facts.name or job.facts.experiment_name or f"automl-{job.task.task}"


def settings_for(component: Component, settings: GivenJob | None, task: str) -> Job | Mapping[str, Any]:
    """What a task is bound to; a SettingsError names the task. What a mapping lacks may come with each call."""
    from automl_components.launch.checking import LATER, check_settings

    try:
        if isinstance(settings, (Job, str, os.PathLike)):
            return job_of(settings)
        if settings is not None and not isinstance(settings, Mapping):
            raise SettingsError(f"settings is a {type(settings).__name__}; give a mapping, a Job or its file")
        sections = [cls for cls in component.settings.values() if cls.inline]
        later = {k: LATER for cls in sections for k, field in cls.model_fields.items() if field.is_required()}
        check_settings(component, {**later, **(settings or {})}, lambda value: value == LATER)
    except SettingsError as error:
        raise SettingsError(f"task {task}: {error}") from None
    return settings or {}


def parameters_of(job: Job) -> Iterator[tuple[inspect.Parameter, str]]:
    """A flow's parameters with their descriptions: under the keys of a job file, with the job's own values."""
    tables = {name: one if isinstance(one, str) else None for name, one in job.inputs().items()}
    for name in DATA:
        yield _parameter(name, str | None, tables.get(name)), f"Path or address of {name.replace('_', ' ')}."
    for name, cls in SECTIONS.items():
        section: Settings = getattr(job, name)
        if not cls.inline:
            yield _parameter(name, cls, section), (cls.__doc__ or name).split("\n", 1)[0]
            continue
        for key, field in cls.model_fields.items():
            if name != "facts" or key == NAME:
                kind: Any = (
                    Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
                )
                yield _parameter(key, kind, getattr(section, key)), field.description or key
    yield (
        _parameter("folder", str | None, None),
        "Folder of the run; by default a place that follows from the job.",
    )
    yield _parameter("workspace", Workspace | None, None), "Storage root, MLflow address and secrets."
    yield _parameter("refresh", bool, False), "Do every step anew."


def with_parameters(job: Job, values: Mapping[str, Any]) -> Job:
    """The job with a flow's parameters in it.

    A key that is None is cleared. Of a section, what is given replaces what the job says, as in ``Job.set_limits``.
    """
    sections: dict[str, Settings] = {}
    for name, cls in SECTIONS.items():
        section: Settings = getattr(job, name)
        if cls.inline:
            keys = [key for key in cls.model_fields if key in values]
            changed = {key: values[key] for key in keys if values[key] != getattr(section, key)}
            sections[name] = cls.read({**section.given(), **changed}) if changed else section
        else:
            given = values[name]
            sections[name] = section if given == section else section.updated(**given.given())
    tables = {name: values[name] for name in DATA if values.get(name) is not None}
    return Job(sections, {name: read_input(name, one) for name, one in {**job.inputs(), **tables}.items()})


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
