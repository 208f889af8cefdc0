"""A whole job as a task group: one task for each of its stages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import TaskGroup, XComArg

from airflow_provider.assets import model_asset
from airflow_provider.component import ComponentOperator
from airflow_provider.wiring import Named, is_later, mapping
from automl_components.core.errors import AutoMLError, SettingsError
from automl_components.launch.checking import Plan, plan


class AutoMLTaskGroup(TaskGroup):
    """A task group that knows what its tasks make.

    Attributes
    ----------
    outputs : dict of str to XComArg
        By artifact name: ``group.outputs["best_model"]`` is what another task takes as input.
    stages : dict of str to ComponentOperator
        The tasks, by the name of their component.
    """

    outputs: dict[str, XComArg]
    stages: dict[str, ComponentOperator]


def automl_task_group(
    job: Mapping[str, Any] | str,
    *,
    group_id: str = "automl",
    inputs: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    folder: str | None = None,
    stage_args: Mapping[str, Mapping[str, Any]] | None = None,
    **kwargs: Any,
) -> AutoMLTaskGroup:
    """One task for each stage of a job, wired by the names of their artifacts.

    The stages get what they get when the job runs as a whole, so the results are the same; the folder of the run can
    be opened by ``automl_components.Run``.

    Parameters
    ----------
    job : mapping or str
        A job as a job file has it, or the path of its file (relative to the DAG's file) or its address. Values in the
        mapping are templated; the path is read as the DAG is built, since it decides which tasks there are.
    inputs : mapping, optional
        ``training_data``, ``validation_data``, ``test_data``, instead of the job's own: an address, or what another
        task returns. Templated.
    overrides : mapping, optional
        Values of the job that are replaced, by dotted key. Templated.
    folder : str, optional
        Sub-folder of the run; by default the group's id.
    stage_args : mapping, optional
        Further arguments of single tasks, by component: ``{"search_trials": {"pool": "big", "retries": 3}}``.
    **kwargs
        Arguments of every task: ``root``, ``store_conn_id``, ``python``, ``retries``, ... and all that Airflow's
        operators take.

    Raises
    ------
    SettingsError
        Something is wrong with the job; the message names the group.
    """
    group = AutoMLTaskGroup(group_id=group_id, tooltip="an AutoML job, stage by stage")
    try:
        given, single = dict(mapping("inputs", inputs)), dict(mapping("stage_args", stage_args))
    except SettingsError as error:
        raise SettingsError(f"task group {group_id!r}: {error}") from None
    if isinstance(job, str) and "://" not in job and not is_later(job):
        job = str(Path(group.dag.fileloc).parent / Path(job).expanduser())
    found = _plan(group, job, given, overrides)
    if unknown := sorted(set(single) - {stage.name for stage in found.line}):
        names = ", ".join(stage.name for stage in found.line)
        raise SettingsError(f"task group {group_id!r}: stage_args for {unknown[0]!r}; its stages are {names}")
    title = f"task group {group_id!r}"
    group.outputs, group.stages = Named(f"{title} has no output"), Named(f"{title} has no stage")
    for stage in found.line:
        made = {name: group.outputs[name] for name in stage.inputs if name in group.outputs}
        tables = {name: given[name] for name in stage.inputs if name in given}
        asset = (
            [model_asset(found.model_name)] if found.model_name and "registration" in stage.outputs else None
        )
        arguments: dict[str, Any] = {
            "task_id": stage.name, "component": stage, "inputs": {**made, **tables}, "job": job,
            "overrides": overrides, "folder": group.group_id if folder is None else folder,
            "task_group": group, "dag": group.dag, "outlets": asset,
        }  # fmt: skip
        task = ComponentOperator(**{**arguments, **kwargs, **single.get(stage.name, {})})
        group.stages[stage.name] = task
        group.outputs.update(task.outputs)
    return group


def _plan(group: TaskGroup, job: Any, inputs: Mapping[str, Any], overrides: Mapping[str, Any] | None) -> Plan:
    try:
        if is_later(job):
            raise SettingsError(
                "the job decides which tasks there are; give a mapping, or a path without a template"
            )
        return plan(job, is_later, inputs=inputs, overrides=overrides)
    except AutoMLError as error:
        raise SettingsError(f"task group {group.group_id!r}: {error}") from None
