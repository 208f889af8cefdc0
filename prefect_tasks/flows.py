"""Flows: a whole job, one task for each stage."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from prefect import Flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import CancelledRun
from prefect.states import Cancelled

from automl_components.core import storage
from automl_components.core.errors import SettingsError, nearest
from automl_components.job import Job
from automl_components.pipeline import LINE, line_for
from automl_components.run import JOB, kept_text
from prefect_tasks import artifacts
from prefect_tasks.parameters import GivenJob, job_of, parameters_of, title_of, with_parameters
from prefect_tasks.tasks import component_task
from prefect_tasks.work import References, folder_of, on_addresses
from prefect_tasks.workspace import Workspace, workspace_of

TaskOptions = Mapping[str, Mapping[str, Any]]
"""Prefect's options of tasks, by the component's name."""


def automl_flow(
    job: GivenJob, *, name: str | None = None, task_options: TaskOptions | None = None, **options: Any
) -> Flow[..., References]:
    """A Prefect flow that runs a job, from its tables to a registered model: one task for each stage.

    Its parameters are the keys of a job file, with the job's values: Prefect checks them, and its form shows them.
    Besides these there are ``folder`` (by default a place under the workspace's root that follows from the job and
    its rows), ``workspace`` and ``refresh``, which does every step anew. It returns references by artifact name.

    Parameters
    ----------
    job : Job, mapping, path or address
        What is learnt, from what, within which limits.
    name : str, optional
        Name of the flow; by default that of the job. For ``serve`` and ``deploy`` the flow must be a variable of its
        module under this name (with ``_`` for ``-`` and blanks), since that is where Prefect looks for it.
    task_options : mapping, optional
        Prefect's options of tasks, by component: ``{"search_trials": {"retries": 2, "timeout_seconds": 3600}}``.
    **options
        Prefect's options of a flow.

    Raises
    ------
    SettingsError
        The job is wrong, or there is no such component.
    """
    found = job_of(job)
    title = name or title_of(found)
    each = _options(title, found, task_options or {})

    def run(**values: Any) -> References | State[Any]:
        workspace, refresh = workspace_of(values.pop("workspace")), values.pop("refresh")
        current = with_parameters(found, values)
        try:
            return _run(current, title, values["folder"], workspace, each, refresh=refresh)
        except CancelledRun as cancelled:  # the server takes nothing else of a run that is being cancelled
            return Cancelled(message=str(cancelled))

    _dress(run, title, found, sys._getframe(1).f_globals.get("__name__", __name__))
    return Flow(run, name=title, **{"persist_result": True, "result_serializer": "json", **options})


def automl_subflow(
    job: GivenJob,
    *,
    name: str | None = None,
    task_options: TaskOptions | None = None,
    workspace: Workspace | str | None = None,
    training_data: Any = None,
    validation_data: Any = None,
    test_data: Any = None,
    **parameters: Any,
) -> References:
    """Run a job as a subflow of the flow that calls this; returns references by artifact name.

    Parameters
    ----------
    training_data, validation_data, test_data
        Instead of the job's tables: a path or address, a table in memory, or what a component's task returned.
    **parameters
        Parameters of :func:`automl_flow`'s flow, such as ``limits`` or ``folder``.
    """
    found, space = job_of(job), workspace_of(workspace)
    given = {"training_data": training_data, "validation_data": validation_data, "test_data": test_data}
    flow = automl_flow(on_addresses(found, given, space), name=name, task_options=task_options)
    made: References = flow(workspace=space, **parameters)
    return made


def _run(
    job: Job, title: str, folder: str | None, workspace: Workspace, each: TaskOptions, *, refresh: bool
) -> References:
    """One task after the other in the flow's own thread, where signals and time limits end them at once."""
    job, place = open_run(job, title, folder, workspace)
    context = FlowRunContext.get()
    again = refresh and not (context and context.flow_run and context.flow_run.run_count > 1)
    made: References = {}
    for stage in line_for(job.inputs(), job.sections()):
        options = {"refresh_cache": True} if again else {}
        step = component_task(stage, settings=job, **{**options, **each.get(stage.name, {})})
        inputs = {name: made[name] for name in stage.inputs if name in made}
        made |= step(**inputs, folder=place, workspace=workspace)
    artifacts.summary(title, place, made, workspace)
    return made


@task(persist_result=False, task_run_name="open_run")
def open_run(job: Job, title: str, folder: str | None, workspace: Workspace) -> tuple[Job, str]:
    """Find the run's folder, and keep the job's file in it, so that the command line can go on with it, too."""
    job = on_addresses(job, {}, workspace)
    folder = folder or folder_of(job, title, workspace)
    with workspace.open(), storage.writing(folder):
        storage.write_text(storage.join(folder, JOB), kept_text(job))
    for note in job.notes():
        get_run_logger().info(note)
    get_run_logger().info("the run's folder: %s", folder)
    return job, folder


def _options(flow: str, job: Job, given: TaskOptions) -> TaskOptions:
    """The options, once each has made a task."""
    stages = {stage.name: stage for stage in LINE}
    if not isinstance(given, Mapping):
        raise SettingsError(f"flow {flow}: task_options is no mapping of components to their options")
    for name, options in given.items():
        if name not in stages:
            raise SettingsError(f"flow {flow}: task_options: no component {name!r}{nearest(name, stages)}")
        try:
            component_task(stages[name], settings=job, **options)
        except (TypeError, ValueError) as error:  # Prefect's own words on its options
            raise SettingsError(f"flow {flow}: task_options of {name}: {error}") from None
    return given


def _dress(run: Any, title: str, job: Job, module: str) -> None:
    """Name, place, docstring and parameters of a flow's function, from which Prefect makes its form."""
    parameters = list(parameters_of(job))
    lines = "\n".join(f"    {one.name}: {text}" for one, text in parameters)
    described = (
        job.facts.description
        or f"{job.task.task}: {job.task.target_column_name}, by {job.task.primary_metric}."
    )
    run.__doc__ = f"{described}\n\nArgs:\n{lines}\n"
    run.__name__ = run.__qualname__ = "".join(c if c.isalnum() else "_" for c in title)
    run.__module__ = module
    run.__signature__ = inspect.Signature([one for one, _ in parameters])
