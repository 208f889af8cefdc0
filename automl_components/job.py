"""A job: Azure's v2 AutoML YAML for tables, as a file and as a Python object."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from automl_components.core import storage
from automl_components.core.errors import SettingsError
from automl_components.core.inputs import DataInput, DataSource, absolute, read_input
from automl_components.core.settings import (
    ColumnTransformer,
    FeaturizationSettings,
    GuardrailSettings,
    JobFacts,
    LimitsSettings,
    ProblemsError,
    RegistrationSettings,
    SelectionSettings,
    Settings,
    SplitSettings,
    StackEnsembleSettings,
    TaskSettings,
    TrackingSettings,
    TrainingSettings,
    as_mapping,
    assign,
    disagreements,
    fold,
    parse_override,
    read_mapping,
    unknown_key,
    write_yaml,
)
from automl_components.core.settings.task import LATER_TASKS
from automl_components.naming import collecting, data_name, in_catalog_names

if TYPE_CHECKING:
    import pandas as pd

    from automl_components.core.artifacts import Source
    from automl_components.run import Run

Table: TypeAlias = Union[str, "os.PathLike[str]", Mapping[str, Any], "Source"]
"""A path or address, Azure's Input (mapping or object), or a DataFrame."""

DATA = ("training_data", "validation_data", "test_data")
SECTIONS: Mapping[str, type[Settings]] = {
    "facts": JobFacts,
    "task": TaskSettings,
    "splits": SplitSettings,
    "limits": LimitsSettings,
    "training": TrainingSettings,
    "featurization": FeaturizationSettings,
    "guardrails": GuardrailSettings,
    "selection": SelectionSettings,
    "registration": RegistrationSettings,
}
"""Every section of a job file, in the order in which it is written."""
MOVED = {
    "data": "the layout of Azure's preview of 2022; its parts are keys of the job now: training_data, validation_data, "
    "test_data, target_column_name, n_cross_validations, validation_data_size, test_data_size"
}
"""What became of keys that are no longer there."""


class Job:
    """An AutoML job for a table: what to learn, from which data, within which limits.

    Made by :func:`automl_components.automl.classification` and ``regression``, or read from a job file. Every
    change is checked at once, so a Job in hand can run, as far as can be told without its data.

    >>> job = Job.from_mapping(
    ...     {"task": "regression", "training_data": "/data/t.csv", "target_column_name": "y"}
    ... )
    >>> job.set_limits(max_trials=5)
    >>> job.limits.max_trials, job.task.primary_metric
    (5, 'normalized_root_mean_squared_error')
    """

    facts: JobFacts
    task: TaskSettings
    splits: SplitSettings
    limits: LimitsSettings
    training: TrainingSettings
    featurization: FeaturizationSettings
    guardrails: GuardrailSettings
    selection: SelectionSettings
    registration: RegistrationSettings

    def __init__(self, sections: Mapping[str, Settings], data: Mapping[str, DataSource]) -> None:
        self._data: dict[str, DataSource] = {}
        self._assign(sections, data)

    @classmethod
    def from_file(cls, path: str | Path, overrides: Iterable[str] = ()) -> Job:
        """Read a job file: a local path or any fsspec address.

        Parameters
        ----------
        overrides : iterable of str
            ``key=value`` with a dotted key and a YAML value, such as ``"limits.max_trials=10"``. A table's
            relative path starts at the current folder, not at the job file's.

        Raises
        ------
        SettingsError
            One line for each problem: the dotted key, what was found, what would be right.
        """
        values = read_mapping(path)
        for text in overrides:
            key, value = parse_override(text)
            if key.removesuffix(".path") in DATA and isinstance(value, str) and ":" not in value:
                value = os.path.abspath(value)
            values = assign(values, key, value)
        return cls.from_mapping(values, _folder(str(path)), source=str(path))

    @classmethod
    def from_mapping(cls, mapping: object, base_folder: str | None = None, *, source: str = "") -> Job:
        """A job from what a job file holds.

        Parameters
        ----------
        base_folder : str, optional
            Where relative paths of tables start; by default the current folder.
        source : str
            Name of the file, for messages.
        """
        rest, problems = as_mapping(mapping, source), list[str]()
        _settle_replay(rest, base_folder)
        if rest.get("type") not in (None, "automl"):  # whatever else is in it would only be misunderstood
            JobFacts.read({"type": rest["type"]}, source=source)
        if fold(str(rest.get("task"))) in map(fold, LATER_TASKS):
            TaskSettings.read({"task": rest["task"], "target_column_name": "y"}, source=source)
        data: dict[str, DataSource] = {}
        sections: dict[str, Settings] = {}
        for name in DATA:
            if (given := rest.pop(name, None)) is not None:
                with collecting(problems):
                    data[name] = read_input(name, given, base_folder)
        for name, section in SECTIONS.items():
            keys = [key for key in section.keys() if key in rest]  # noqa: SIM118
            values = {key: rest.pop(key) for key in keys} if section.inline else rest.pop(name, None)
            with collecting(problems):
                sections[name] = section.read(values)
        problems += [f"{key}: {MOVED.get(key) or unknown_key(key, top_level_keys())}" for key in rest]
        if not problems:
            with collecting(problems):
                return cls(sections, data)
        raise ProblemsError(problems, source)

    @property
    def log_verbosity(self) -> str:
        """How much is logged: ``"debug"``, ``"info"``, ``"warning"``, ..."""
        return self.facts.log_verbosity

    @property
    def default_name(self) -> str:
        """What the experiment and the registered model are called unless the job says: as the training data.

        Azure takes the working folder's name; that of the table does not depend on where a job is started.
        """
        return data_name(self.inputs().get("training_data")) or f"automl-{self.task.task}"

    def sections(self) -> dict[str, Settings]:
        """The sections that stages take, by the stages' parameter names; names are settled.

        The experiment is ``experiment_name``, else what ``MLFLOW_EXPERIMENT_NAME`` says, else ``default_name``; the
        registered model is ``registration.model_name``, else ``experiment_name``, else ``default_name``.
        """
        sections = {name: getattr(self, name) for name in SECTIONS if name != "facts"}
        registration = self.registration
        if registration.model_name is None:
            name = self.facts.experiment_name or self.default_name
            name = re.sub("[/:'\"`]", "-", name)  # what the registry does not allow
            registration = registration.model_copy(update={"model_name": name})
        facts = self.facts.given()
        names = {key: facts[key] for key in TrackingSettings.keys() if key in facts}  # noqa: SIM118
        if not os.environ.get("MLFLOW_EXPERIMENT_NAME"):
            names.setdefault("experiment_name", self.default_name)
        # register_model takes it as `registering`, since `registration` is its output
        settled = {"registration": registration, "registering": registration}
        return {**sections, **settled, "run": TrackingSettings.read(names)}

    def inputs(self) -> dict[str, str | pd.DataFrame]:
        """The tables that were given, by name: an absolute path or address, or a table in memory."""
        return {n: one.path if isinstance(one, DataInput) else one for n, one in self._data.items()}

    def with_data(self, data: Mapping[str, Table]) -> Job:
        """The same job on other tables."""
        sections = {name: getattr(self, name) for name in SECTIONS}
        return Job(sections, self._data | {name: read_input(name, one) for name, one in data.items()})

    def notes(self) -> list[str]:
        """What was accepted although it changes nothing in a run here, one sentence each."""
        parts = [*(getattr(self, name) for name in SECTIONS), *self._data.values()]
        return [note for part in parts if isinstance(part, Settings) for note in part.notes()]

    def default_output(self, file: str | None = None) -> str:
        """``runs/<name>``, by the job's own name or else by that of its file."""
        stem = os.path.splitext(os.path.basename(file))[0] if file else self.task.task
        return f"runs/{self.facts.name or stem}"

    def to_mapping(self) -> dict[str, Any]:
        """What a job file holds for this job: only what was given, tables by absolute path.

        Raises
        ------
        SettingsError
            A table is in memory, so no file can name it.
        """
        head = {"$schema": self.facts.schema_uri, "type": "automl"}
        values: dict[str, Any] = {key: value for key, value in head.items() if value is not None}
        for name, section in SECTIONS.items():
            given = getattr(self, name).given()
            if section.inline:
                values |= given
            elif given:
                values[name] = given
            if name == "task":
                values |= {key: _written(key, one) for key, one in self._data.items()}
        return values

    def to_yaml(self) -> str:
        """The job file's text; read back, it makes the same job."""
        return write_yaml(self.to_mapping())

    def set_data(
        self,
        *,
        training_data: Table | None = None,
        target_column_name: str | None = None,
        weight_column_name: str | None = None,
        validation_data: Table | None = None,
        validation_data_size: float | None = None,
        n_cross_validations: str | int | None = None,
        cv_split_column_names: Sequence[str] | None = None,
        test_data: Table | None = None,
        test_data_size: float | None = None,
        group_column_name: str | None = None,
        split_time_column_name: str | None = None,
        **unknown: Any,
    ) -> None:
        """Set tables, target and splits. What is not given stays as it was."""
        if unknown:
            known = [name for name in inspect.signature(self.set_data).parameters if name != "unknown"]
            raise ProblemsError([f"{key}: {unknown_key(key, known)}" for key in unknown])
        given = {"training_data": training_data, "validation_data": validation_data, "test_data": test_data}
        data = {name: read_input(name, one) for name, one in given.items() if one is not None}
        task = self.task.updated(target_column_name=target_column_name, weight_column_name=weight_column_name)
        splits = self.splits.updated(
            validation_data_size=validation_data_size,
            n_cross_validations=n_cross_validations,
            cv_split_column_names=cv_split_column_names,
            test_data_size=test_data_size,
            group_column_name=group_column_name,
            split_time_column_name=split_time_column_name,
        )
        self._assign({"task": task, "splits": splits}, data)

    def set_limits(
        self,
        *,
        enable_early_termination: bool | None = None,
        exit_score: float | None = None,
        max_concurrent_trials: int | None = None,
        max_cores_per_trial: int | None = None,
        max_nodes: int | None = None,
        max_trials: int | None = None,
        timeout_minutes: float | None = None,
        trial_timeout_minutes: float | None = None,
        max_memory_mb: int | None = None,
        replay: str | None = None,
        max_prediction_ms_per_row: float | None = None,
        timeout_seconds: float | None = None,
        strict: bool | None = None,
        **former: Any,
    ) -> None:
        """Set limits. What is not given stays as it was; seconds replace minutes and the other way round."""
        self._update("limits", locals())

    def set_training(
        self,
        *,
        enable_onnx_compatible_models: bool | None = None,
        enable_dnn_training: bool | None = None,
        enable_model_explainability: bool | None = None,
        enable_stack_ensemble: bool | None = None,
        enable_vote_ensemble: bool | None = None,
        stack_ensemble_settings: StackEnsembleSettings | Mapping[str, Any] | None = None,
        ensemble_model_download_timeout: float | None = None,
        allowed_training_algorithms: Sequence[str] | None = None,
        blocked_training_algorithms: Sequence[str] | None = None,
        training_mode: str | None = None,
        ensemble_iterations: int | None = None,
        refit: str | None = None,
        **former: Any,
    ) -> None:
        """Choose algorithms and ensembles. What is not given stays; an allowed list replaces a blocked."""
        self._update("training", locals())

    def set_featurization(
        self,
        *,
        blocked_transformers: Sequence[str] | None = None,
        column_name_and_types: Mapping[str, str] | None = None,
        dataset_language: str | None = None,
        transformer_params: Mapping[str, Sequence[ColumnTransformer | Mapping[str, Any]]] | None = None,
        mode: str | None = None,
        enable_dnn_featurization: bool | None = None,
        drop_columns: Sequence[str] | None = None,
        optional_columns: Sequence[str] | None = None,
        repairs: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
        **former: Any,
    ) -> None:
        """Customise the featurization. What is not given stays as it was."""
        self._update("featurization", locals())

    def set_guardrails(
        self, *, fail_on: Sequence[str] | None = None, mute: Mapping[str, str] | None = None
    ) -> None:
        """Choose findings that stop the pipeline, and silence others, each with a reason."""
        self._update("guardrails", locals())

    def set_selection(self, *, trial: int | None = None, metric: str | None = None, **former: Any) -> None:
        """Choose the model that the run ends with: a trial by its number, or the best by a metric."""
        self._update("selection", locals())

    def set_registration(
        self,
        *,
        enabled: bool | None = None,
        model_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        aliases: Sequence[str] | None = None,
        gate: Mapping[str, Any] | None = None,
        champion_alias: str | None = None,
        **former: Any,
    ) -> None:
        """Set name, aliases and gate of the registration. What is not given stays as it was."""
        self._update("registration", locals())

    def run(
        self,
        output: str | Path | None = None,
        *,
        reuse: bool | None = None,
        verbosity: str | None = None,
    ) -> Run:
        """Run every stage in this process, from the tables to a registered model.

        What is in ``output`` under the same fingerprint is reused; an interrupted search goes on after its
        last finished trial.

        Parameters
        ----------
        output : path or address, optional
            The run's folder; by default ``runs/<name>``.
        reuse : bool, optional
            Skip finished, unchanged steps; by default what ``cache`` of the job says (true).
        verbosity : str, optional
            How much to tell meanwhile: ``"debug"``, ``"info"``, ``"warning"``, ``"error"`` or ``"critical"``; by
            default what ``log_verbosity`` of the job says (info). A terminal shows a live display, a notebook
            plain lines. A program that has set up logging gets the lines there instead, unless this is given:
            the logger is ``"automl_components"``.

        Raises
        ------
        UserError
            Something given is wrong; no training was started.
        RunError
            The work failed; what was finished is kept.
        """
        from automl_components.run import run_job
        from automl_components.terminal import following

        folder = str(output) if output is not None else self.default_output()
        with following(verbosity, default=self.log_verbosity):
            return run_job(self, folder, reuse=reuse)

    def _update(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Replace one section; ``arguments`` are a setter's own, as ``locals()`` gives them."""
        given = {key: value for key, value in arguments.items() if key not in ("self", "former")}
        section: Settings = getattr(self, name)
        self._assign({name: section.updated(**given, **arguments.get("former", {}))}, {})

    def _assign(self, sections: Mapping[str, Settings], data: Mapping[str, DataSource]) -> None:
        """Take over sections and tables, or raise and change nothing."""
        merged: dict[str, Any] = {
            name: sections[name] if name in sections else getattr(self, name) for name in SECTIONS
        }
        tables = {**self._data, **data}
        found = list(disagreements(tables, merged["task"], merged["splits"], merged["featurization"]))
        with collecting(found):
            merged = in_catalog_names(merged)
        if found:
            raise ProblemsError(found)
        self._data = tables
        for name, section in merged.items():
            setattr(self, name, section)


def top_level_keys() -> list[str]:
    """Every key that a job file may have at its top level."""
    sections = [key for name, cls in SECTIONS.items() for key in (cls.keys() if cls.inline else [name])]
    return [*DATA, *sections]


def _settle_replay(values: dict[str, Any], base_folder: str | None) -> None:
    """``limits.replay`` as seen from the job file, as tables are."""
    limits = values.get("limits")
    if isinstance(limits, Mapping) and isinstance(limits.get("replay"), str):
        values["limits"] = {**limits, "replay": absolute(limits["replay"], base_folder)}


def _folder(address: str) -> str:
    if storage.is_remote(address):
        return address.rpartition("/")[0]
    return str(storage.local_path(address).parent)


def _written(name: str, source: DataSource) -> dict[str, Any]:
    if not isinstance(source, DataInput):
        raise SettingsError(
            f"{name}: a table in memory has no place in a job file; save it and give the path"
        )
    return {"type": source.type, **source.given()}
