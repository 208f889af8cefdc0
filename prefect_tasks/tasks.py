"""Tasks: one for each component, made of its signature, and one that runs a whole job.

``tasks.search_trials`` and its like are there for every component of ``automl_components.stages``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from prefect import Task, get_run_logger
from prefect.cache_policies import DEFAULT
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import FlowRunContext, TaskRunContext
from prefect.settings import PREFECT_TASKS_REFRESH_CACHE
from prefect.states import Cancelled

from automl_components import stages
from automl_components.core.component import Component
from automl_components.core.drafts import forget
from automl_components.core.errors import DataError, GateError, SettingsError, TrustError
from automl_components.job import DATA, Job
from automl_components.launch import Request, resolve
from prefect_tasks import artifacts
from prefect_tasks.caching import Fingerprint
from prefect_tasks.parameters import GivenJob, job_of, overridden, settings_for, title_of
from prefect_tasks.watching import CancelledError, Display, follow
from prefect_tasks.work import OWN, Call, References, call_of, folder_of, on_addresses
from prefect_tasks.workspace import Workspace, workspace_of

HOPELESS = (SettingsError, DataError, TrustError, GateError)
"""What another attempt cannot mend."""


def component_task(
    component: Component | str, *, settings: GivenJob | None = None, **options: Any
) -> Task[..., References]:
    """A Prefect task that runs a component.

    The task takes the component's inputs: each is a path or address, a table in memory, a reference, or simply what
    another component's task returned, of which it takes the artifact of that name. It also takes its settings, as a
    settings file has them; ``folder``, where its outputs go; and a ``workspace``. Without a folder the place follows
    from the work itself, so that equal work is found again and an interrupted search goes on. It returns references
    by artifact name: type, path, digest and a few facts.

    Parameters
    ----------
    component : Component or str
        A component, or the name of one.
    settings : Job, mapping or path of a job file, optional
        What every call starts from. Of a job the task takes tables and settings, just as the job's own run does.
    **options
        Prefect's options of a task. Results are persisted and cached by fingerprint unless said otherwise;
        ``refresh_cache=True`` does the work anew. A retry is only made where it may help.

    Raises
    ------
    SettingsError
        There is no such component, or a setting is wrong; the task is named.
    """
    if not isinstance(component, (str, Component)):
        raise SettingsError(f"component is {component!r}; give a component, or the name of one")
    found = resolve(component) if isinstance(component, str) else component
    bound = settings_for(found, settings, options.get("name") or found.name)
    tables = bound.inputs() if isinstance(bound, Job) else {}

    def run(**arguments: Any) -> Any:
        return _perform(call_of(found, bound, arguments))

    run.call = lambda arguments: call_of(found, bound, arguments)  # type: ignore[attr-defined]
    needed = [name for name, port in found.inputs.items() if not port.optional and name not in tables]
    keys = [] if isinstance(bound, Job) else found.setting_keys()
    _dress(run, found.name, found.description, needed, [*found.inputs, *keys, *OWN])
    return _task(run, options, name=found.name, version=found.version, cache_policy=Fingerprint())


def automl_task(job: GivenJob, **options: Any) -> Task[..., References]:
    """A Prefect task that runs a whole job in one child process: for ``.map`` over tables, say.

    It takes the job's tables; ``overrides``, values of the job by dotted key, such as ``{"limits.max_trials": 5}``;
    ``folder`` and ``workspace``. It returns references by artifact name. Started again on the same tables or with the
    same folder it skips what is done, and goes on with an interrupted search.

    Raises
    ------
    SettingsError
        The job is wrong; one line for each problem.
    """
    found = job_of(job)
    title = options.get("name") or title_of(found)

    def run(**arguments: Any) -> Any:
        workspace, folder = workspace_of(arguments.pop("workspace")), arguments.pop("folder")
        overrides = arguments.pop("overrides") or {}
        current = overridden(on_addresses(found, arguments, workspace), overrides)
        folder = folder or folder_of(current, title, workspace)
        reuse = False if _refreshes() and _is_first() else None
        outputs = _work(Request(job=current.to_mapping(), folder=folder, reuse=reuse), workspace, title)
        if not isinstance(outputs, State):
            artifacts.summary(title, folder, outputs, workspace)
        return outputs

    _dress(
        run,
        "automl",
        "Run a whole job, from its tables to a registered model.",
        [],
        [*DATA, "overrides", *OWN],
    )
    return _task(run, options, name=title, cache_policy=DEFAULT)


def _perform(call: Call) -> References | State[Any]:
    """Run a component, or take what is there."""
    reuse = call.reuse and not _refreshes()
    if reuse and call.is_done():
        get_run_logger().info("%s: unchanged, reused", call.component.name)
        return call.references()
    if not reuse and _is_first():  # a retry goes on with what the attempt before it has left
        for place in call.work.addresses.values():
            forget(place)
    return _work(replace(call.request, reuse=reuse), call.workspace, call.component.name)


def _work(request: Request, workspace: Workspace, title: str) -> References | State[Any]:
    """Do it in a child process and show what comes out; a Cancelled state where the flow run was cancelled."""
    try:
        with workspace.child(request) as child:
            outputs = follow(child, Display(title).on_event)["outputs"]
    except CancelledError as error:
        return Cancelled(message=str(error))
    artifacts.links(outputs, workspace)
    return outputs


def _refreshes() -> bool:
    """Whether this task run is to do its work anew, by Prefect's own rule."""
    context = TaskRunContext.get()
    asked = context.task.refresh_cache if context else None
    return bool(PREFECT_TASKS_REFRESH_CACHE.value() if asked is None else asked)


def _is_first() -> bool:
    """Whether neither the task run nor its flow run is a retry."""
    runs = [
        task.task_run if (task := TaskRunContext.get()) else None,
        flow.flow_run if (flow := FlowRunContext.get()) else None,
    ]
    return all(run is None or run.run_count <= 1 for run in runs)


def _may_help(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether another attempt may end otherwise."""
    return not isinstance(state.data, HOPELESS)


def _task(run: Callable[..., Any], options: Mapping[str, Any], **defaults: Any) -> Task[..., References]:
    defaults |= {"persist_result": True, "result_serializer": "json", "retry_condition_fn": _may_help}
    if "cache_key_fn" in options:
        del defaults["cache_policy"]
    return Task(run, **{**defaults, **options})


def _dress(
    run: Callable[..., Any], name: str, doc: str, needed: Iterable[str], others: Iterable[str]
) -> None:
    """Give a function the name, docstring and keyword parameters that Prefect shows and checks calls against."""
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = {one: inspect.Parameter(one, kind) for one in needed}
    for one in others:
        parameters.setdefault(one, inspect.Parameter(one, kind, default=None))
    run.__name__ = run.__qualname__ = name
    run.__doc__ = doc
    run.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]


def __getattr__(name: str) -> Task[..., References]:
    """The task of a component, made when it is first asked for."""
    if name not in stages.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = made = component_task(getattr(stages, name))
    return made


def __dir__() -> list[str]:
    return sorted([*globals(), *stages.__all__])
