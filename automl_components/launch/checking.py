"""What can be refused when a DAG or a flow is built: before anything runs, and without loading any library."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from automl_components.core.component import Component
from automl_components.core.errors import SettingsError, nearest
from automl_components.core.inputs import read_input
from automl_components.core.settings import (
    FeaturizationSettings,
    JobFacts,
    ProblemsError,
    Settings,
    SplitSettings,
    TaskSettings,
    TrainingSettings,
    as_mapping,
    assign,
    disagreements,
    read_mapping,
    unknown_key,
)
from automl_components.core.settings.task import DEFAULT_METRICS
from automl_components.job import DATA, SECTIONS, top_level_keys
from automl_components.naming import algorithm_names, collecting
from automl_components.pipeline import LINE, line_for

Later = Callable[[object], bool]
"""Whether a value will only be known when the task runs: a template, or what an upstream task returns."""

LATER = "{{ later }}"
"""Stands for such a value while the rest is checked."""


@dataclass(frozen=True)
class Plan:
    """What a job is going to do.

    Attributes
    ----------
    line : tuple of Component
        Its stages, in order.
    tables : tuple of str
        Which of the job's tables are given.
    model_name : str or None
        The registered model; None where nothing is registered, or its name is only known later.
    """

    line: tuple[Component, ...]
    tables: tuple[str, ...]
    model_name: str | None


def check_inputs(component: Component, inputs: Collection[str]) -> None:
    """Refuse inputs that the component does not have, and a required one that is missing."""
    for name in inputs:
        if name not in component.inputs:
            raise SettingsError(f"{component.name} has no input {name!r}{nearest(name, component.inputs)}")
    for name, port in component.inputs.items():
        if not port.optional and name not in inputs:
            raise SettingsError(f"{component.name} needs its input {name!r} ({port.type})")


def check_settings(component: Component, values: Mapping[str, Any], later: Later) -> None:
    """Refuse unknown keys and wrong values of a component's settings; keys of other stages are passed over."""
    known, rest, problems = component.setting_keys(), _blanked(as_mapping(values), later), list[str]()
    others = {key for stage in LINE for key in (*stage.setting_keys(), *stage.inputs)} | {*JobFacts.keys()}
    for key in rest:
        if key not in known and key not in others:
            problems.append(f"{key}: {unknown_key(key, [*known, *component.inputs])}")
    for name, cls in component.settings.items():
        given = _section(cls, rest) if cls.inline else rest.get(cls.section or name)
        problems += cls.problems(given, where="" if cls.inline else cls.section or name, later=_is_later)
    if not problems and "training" in component.settings:
        with collecting(problems):
            _check_algorithms({n: _settled(cls, n, rest) for n, cls in component.settings.items()})
    if problems:
        raise ProblemsError(problems)


def plan(
    job: Mapping[str, Any] | str,
    later: Later,
    *,
    inputs: Collection[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> Plan:
    """What a job, given as a mapping or as the address of its file, is going to do.

    Parameters
    ----------
    inputs : collection of str
        Tables that are given besides those that the job names.

    Raises
    ------
    SettingsError
        One line for each problem that shows without the data and without a library: names of algorithms are looked up,
        those of metrics, transformers and guardrails only as the first task runs.
    """
    source = job if isinstance(job, str) else ""
    values: Any = read_mapping(job) if isinstance(job, str) else as_mapping(job)
    for key, value in (overrides or {}).items():
        values = assign(values, key, value)
    values, problems = _blanked(values, later), list[str]()
    for name in inputs:
        if name not in DATA:
            raise SettingsError(f"a job has no table {name!r}{nearest(name, DATA)}")
    tables = tuple(name for name in DATA if name in inputs or values.get(name) is not None)
    for name in DATA:
        if values.get(name) is not None and not _is_later(values[name]):
            with collecting(problems):
                read_input(name, values[name])
    problems += [
        f"{key}: {unknown_key(key, top_level_keys())}" for key in values if key not in top_level_keys()
    ]
    problems += _undecided(values)
    for name, cls in SECTIONS.items():
        given = _section(cls, values) if cls.inline else values.get(name)
        problems += cls.problems(given, later=_is_later)
    sections = {name: _settled(cls, name, values) for name, cls in SECTIONS.items()}
    if not problems:
        problems += _disagreements(tables, sections)
        with collecting(problems):
            _check_algorithms(sections)
    if problems:
        raise ProblemsError(problems, source)
    line = line_for(dict.fromkeys(tables, LATER), sections)
    registers = any(stage.name == "register_model" for stage in line)
    return Plan(line, tables, _model_name(values) if registers else None)


def _disagreements(tables: tuple[str, ...], sections: Mapping[str, Settings]) -> list[str]:
    task, splits, featurization = (sections[name] for name in ("task", "splits", "featurization"))
    assert isinstance(task, TaskSettings)
    assert isinstance(splits, SplitSettings)
    assert isinstance(featurization, FeaturizationSettings)
    return list(disagreements(tables, task, splits, featurization))


def _check_algorithms(sections: Mapping[str, Settings]) -> None:
    task, training = sections["task"], sections["training"]
    assert isinstance(task, TaskSettings)
    assert isinstance(training, TrainingSettings)
    if task.task in DEFAULT_METRICS:  # else it is only known later
        algorithm_names(training, task.task)


def _undecided(values: Mapping[str, Any]) -> list[str]:
    """Templates in what decides which tasks there are."""
    registration = values.get("registration")
    decides = {"test_data_size": values.get("test_data_size"), "registration": registration}
    if isinstance(registration, Mapping):
        decides["registration"], decides["registration.enabled"] = None, registration.get("enabled")
    text = "decides which tasks there are; give a value that is known when the DAG or flow is built"
    return [f"{key}: {text}" for key, value in decides.items() if value is not None and _is_later(value)]


def _model_name(values: Mapping[str, Any]) -> str | None:
    """The registered name, by the rule of ``Job.sections``; None where it is only known later."""
    registration = values.get("registration") or {}
    named = registration.get("model_name") or values.get("experiment_name") or values.get("name")
    name = named or f"automl-{values['task']}"
    return None if _is_later(name) else re.sub("[/:]", "-", str(name))


def _section(cls: type[Settings], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in cls.keys() if key in values}  # noqa: SIM118


def _settled(cls: type[Settings], name: str, values: Mapping[str, Any]) -> Settings:
    """The section as far as it is known: what comes later is left out, or stands as it is where it is required."""
    given = _section(cls, values) if cls.inline else values.get(name)
    known = given if isinstance(given, Mapping) else {}
    known = {key: value for key, value in known.items() if not _is_later(value)}
    try:
        return cls.read(known)
    except SettingsError:
        return cls.model_construct(**(given if isinstance(given, dict) else {}))


def _blanked(value: Any, later: Later) -> Any:
    """The value with LATER in place of what comes later."""
    if later(value):
        return LATER
    if isinstance(value, Mapping):
        return {key: _blanked(one, later) for key, one in value.items()}
    return [_blanked(one, later) for one in value] if isinstance(value, (list, tuple)) else value


def _is_later(value: object) -> bool:
    """Whether LATER is in it."""
    if isinstance(value, Mapping):
        return any(map(_is_later, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_is_later, value))
    return value == LATER
