"""The operator that runs one component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator

from airflow_provider.assets import model_asset
from airflow_provider.wiring import Outputs, check_source, is_later, mapping, places, types_of
from airflow_provider.work import WorkOperator
from automl_components import launch
from automl_components.core import storage
from automl_components.core.component import Component
from automl_components.core.errors import AutoMLError, SettingsError
from automl_components.core.settings import as_mapping, assign, read_mapping
from automl_components.job import DATA
from automl_components.launch.checking import check_inputs, check_settings

if TYPE_CHECKING:
    from airflow.sdk import Context


class ComponentOperator(WorkOperator):
    """Run one component in a child process; its outputs' addresses and facts are the task's XComs.

    Parameters
    ----------
    component : Component or str
        A component, the name of a stage, or ``module:name``.
    inputs : mapping
        By artifact name: an address, another task's ``outputs[...]``, or whatever a task returns that is an address.
        Templated, nested values too.
    settings : mapping, optional
        As a settings file has it; templated. Keys of other stages are passed over, so several tasks may share one.
    job : mapping or str, optional
        Instead of settings: a job, or the path of its file, whose tables and settings are taken. Templated.
    overrides : mapping, optional
        Values of the job that are replaced, by dotted key, such as ``"limits.max_trials"``. Templated.
    **kwargs
        What :class:`airflow_provider.work.WorkOperator` and Airflow's operators take.

    Raises
    ------
    SettingsError
        As the DAG is built: an unknown component, input, output or setting. The message names the task.
    """

    template_fields: Sequence[str] = (
        "inputs",
        "settings",
        "job",
        "overrides",
        *WorkOperator.template_fields,
    )

    def __init__(
        self,
        *,
        component: Component | str,
        inputs: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        try:
            if not isinstance(component, (str, Component)):
                raise SettingsError(f"component is {component!r}; give a component, or the name of one")
            self.component = component if isinstance(component, str) else launch.reference(component)
            made = launch.resolve(self.component)
            self._check(made, inputs, settings, job, overrides)
        except AutoMLError as error:
            raise SettingsError(f"task {self.task_id!r}: {error}") from None
        self.outputs = Outputs(self, types_of(made))
        self.inputs, self.settings = inputs, settings
        self.job, self.overrides = job, overrides
        self.doc_md = self.doc_md or made.description
        if "registration" in made.outputs and (name := _model_name(settings)):
            announce(self, name)

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the component; type, path, digest and facts of each output."""
        root, folder = self.place(context)
        with self.refusing():
            request = launch.Request(
                self.component,
                places(self.inputs),
                {name: storage.join(folder, name) for name in self.outputs},
                mapping("settings", self.settings),
                job=located(self, self.job),
                overrides=mapping("overrides", self.overrides),
                base_folder=dag_folder(self),
                reuse=self.reuse,
            )
        return self.work(request, context, root)

    def _check(self, component: Component, inputs: Any, settings: Any, job: Any, overrides: Any) -> None:
        if not is_later(inputs):
            given = [*mapping("inputs", inputs)]
            if job is not None:  # it brings its tables
                given += [name for name in DATA if name in component.inputs]
            check_inputs(component, given)
            for name, value in mapping("inputs", inputs).items():
                if value is not None:
                    check_source(name, value, component.inputs[name].type)
        if job is not None and settings:
            raise SettingsError("give its settings, or the job that they are taken from")
        if job is None and overrides:
            raise SettingsError("overrides are for a job; change the settings themselves")
        values = settings if job is None else self._job_settings(job, overrides)
        if not is_later(values):
            check_settings(component, values or {}, is_later)
        self._check_place(component)

    def _job_settings(self, job: Any, overrides: Any) -> Any:
        """What the job says as far as it is known; of what lies in a store nothing is asked while a DAG is parsed."""
        if is_later(job) or is_later(overrides):
            return "{{ job }}"
        place = located(self, job)
        if isinstance(place, str) and "://" in place:
            return "{{ job }}"
        values = read_mapping(place) if isinstance(place, str) else as_mapping(place)
        for key, value in mapping("overrides", overrides).items():
            values = assign(values, key, value)
        return values

    def _check_place(self, component: Component) -> None:
        """Refuse two tasks of a DAG that would write the same artifact of the same run."""
        dag = dag_of(self)
        for other in dag.tasks if dag else ():
            if other is self or not isinstance(other, ComponentOperator):
                continue
            if (other.root, other.folder) != (self.root, self.folder) or not hasattr(other, "outputs"):
                continue
            if both := sorted(set(other.outputs) & set(component.outputs)):
                raise SettingsError(
                    f"it writes {both[0]!r}, and so does task {other.task_id!r}; give one a folder="
                )


def _model_name(settings: Any) -> str | None:
    """The registered name, by the rule of ``register_model``; None where it is only known as the task runs."""
    if not isinstance(settings, Mapping):
        return None
    registration = settings.get("registration") or {}
    named = registration.get("model_name") if isinstance(registration, Mapping) else registration
    name = named or settings.get("experiment_name") or settings.get("name")
    return None if name is None or is_later(name) else str(name)


def announce(operator: BaseOperator, model_name: str) -> None:
    """Make the model's asset an outlet of a task that names none; what mapping makes later cannot have a new one."""
    dag = dag_of(operator)
    if not operator.outlets and dag is not None and dag.task_dict.get(operator.task_id) is operator:
        operator.outlets = [model_asset(model_name)]


def dag_folder(operator: BaseOperator) -> str:
    """The folder of the DAG's file: where relative paths in a job start."""
    dag = dag_of(operator)
    return str(Path(dag.fileloc).parent) if dag else ""


def dag_of(operator: BaseOperator) -> DAG | None:
    """The DAG that an operator belongs to, if any."""
    return operator.dag if operator.has_dag() else None  # type: ignore[no-untyped-call]


def located(operator: BaseOperator, job: Mapping[str, Any] | str | None) -> Any:
    """A job as it is, or the address of its file; a relative path starts at the folder of the DAG's file."""
    if not isinstance(job, str) or "://" in job:
        return job
    return str(Path(dag_folder(operator), job).expanduser())
