"""The operator that runs a whole job as one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider.component import announce, dag_folder, located
from airflow_provider.wiring import Outputs, check_source, is_later, mapping, places, types_of
from airflow_provider.work import WorkOperator
from automl_components import launch
from automl_components.core.errors import AutoMLError, SettingsError
from automl_components.launch.checking import Plan, plan
from automl_components.pipeline import LINE

if TYPE_CHECKING:
    from airflow.sdk import Context


class AutoMLOperator(WorkOperator):
    """Run a whole job as one task; what the run left, by artifact name, are its XComs.

    Parameters
    ----------
    job : mapping or str
        A job as a job file has it, or the path of its file (relative to the DAG's file) or its address. Templated.
    inputs : mapping, optional
        ``training_data``, ``validation_data``, ``test_data``, instead of the job's own; templated. With
        ``.partial(job=...).expand(inputs=[...])`` there is one run for each.
    overrides : mapping, optional
        Values of the job that are replaced, by dotted key, such as ``"limits.max_trials"``. Templated.
    **kwargs
        What :class:`airflow_provider.work.WorkOperator` and Airflow's operators take.

    Raises
    ------
    SettingsError
        As the DAG is built: something is wrong with the job. The message names the task.
    """

    template_fields: Sequence[str] = ("job", "inputs", "overrides", *WorkOperator.template_fields)

    def __init__(
        self,
        *,
        job: Mapping[str, Any] | str,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        try:
            found = self._plan(job, inputs, overrides)
        except AutoMLError as error:
            raise SettingsError(f"task {self.task_id!r}: {error}") from None
        if found and found.model_name:
            announce(self, found.model_name)
        self.outputs = Outputs(self, types_of(*(found.line if found else LINE)))
        self.job, self.inputs, self.overrides = job, inputs, overrides

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the job; type, path, digest and facts of each artifact that is there afterwards."""
        root, folder = self.place(context)
        with self.refusing():
            request = launch.Request(
                job=located(self, self.job),
                inputs=places(self.inputs),
                overrides=mapping("overrides", self.overrides),
                base_folder=dag_folder(self),
                folder=folder,
                reuse=self.reuse,
            )
        return self.work(request, context, root)

    def _plan(self, job: Any, inputs: Any, overrides: Any) -> Plan | None:
        """What the job is going to do; None where that is only known as the task runs."""
        if not is_later(inputs):
            for name, value in mapping("inputs", inputs).items():
                if value is not None:
                    check_source(name, value, "mltable")
        if any(map(is_later, (job, inputs, overrides))):
            return None
        given = mapping("overrides", overrides)
        return plan(located(self, job), is_later, inputs=inputs or (), overrides=given)
