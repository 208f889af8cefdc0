"""The stages in order. Names are the wiring: an artifact's name is the parameter, the edge and the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from automl_components.core import storage
from automl_components.core.artifacts import Source
from automl_components.core.component import Component, Outputs
from automl_components.core.errors import SettingsError, nearest
from automl_components.core.settings import Settings
from automl_components.stages import (
    build_ensemble,
    evaluate_model,
    featurize_data,
    log_run,
    register_model,
    search_trials,
    validate_data,
    write_report,
)

LINE: tuple[Component, ...] = (
    validate_data,
    featurize_data,
    search_trials,
    build_ensemble,
    evaluate_model,
    write_report,
    log_run,
    register_model,
)
"""From a table to a registered model."""


def line_for(inputs: Mapping[str, Source], sections: Mapping[str, Settings]) -> tuple[Component, ...]:
    """The stages that a job needs: no test run without test rows, no registration where it is not wanted."""
    left_out = set()
    if inputs.get("test_data") is None and getattr(sections["splits"], "test_data_size", None) is None:
        left_out.add(evaluate_model.name)
    if not getattr(sections["registration"], "enabled", True):
        left_out.add(register_model.name)
    return tuple(stage for stage in LINE if stage.name not in left_out)


def edges(line: tuple[Component, ...] = LINE) -> Iterator[tuple[str, str, str]]:
    """The wiring as (producer, artifact, consumer); the producer of what a user gives is an empty name.

    >>> sorted(edges())[0]
    ('', 'test_data', 'evaluate_model')
    """
    made: dict[str, str] = {}
    for stage in line:
        for name in stage.inputs:
            yield made.get(name, ""), name, stage.name
        made |= dict.fromkeys(stage.outputs, stage.name)


def run_step(
    stage: Component,
    given: Mapping[str, Source],
    folder: str,
    sections: Mapping[str, Settings],
    *,
    made: frozenset[str],
    reuse: bool = True,
) -> Outputs:
    """Run one stage of a run folder.

    Parameters
    ----------
    given : mapping
        What the user brought, by artifact name.
    folder : str
        Local path or address of the run.
    sections : mapping
        Every settings section; the stage takes those that it names.
    made : set of str
        Artifacts that earlier stages of this run have written.
    """
    inputs: dict[str, Source] = {name: storage.join(folder, name) for name in stage.inputs if name in made}
    inputs |= {name: given[name] for name in stage.inputs if given.get(name) is not None}
    outputs = {name: storage.join(folder, name) for name in stage.outputs}
    settings = {name: sections[name] if name in sections else cls() for name, cls in stage.settings.items()}
    return stage.run(inputs, outputs, settings, reuse=reuse)


def run_line(
    given: Mapping[str, Source],
    folder: str,
    sections: Mapping[str, Settings],
    *,
    reuse: bool = True,
    line: tuple[Component, ...] | None = None,
) -> None:
    """Run the stages one after the other in this process.

    What an earlier run left in the folder under the same fingerprint is reused; an interrupted search goes on.
    """
    made: frozenset[str] = frozenset()
    for stage in line_for(given, sections) if line is None else line:
        run_step(stage, given, folder, sections, made=made, reuse=reuse)
        made |= frozenset(stage.outputs)


def find(name: str) -> Component:
    """The component of that name; SettingsError with the nearest one otherwise."""
    from automl_components.core.component import COMPONENTS

    if name not in COMPONENTS:
        raise SettingsError(f"no component {name!r}{nearest(name, COMPONENTS)}")
    return COMPONENTS[name]


def settings_of(component: Component, values: Mapping[str, Any]) -> dict[str, Settings]:
    """A component's sections from a settings or job file; keys of other stages and of the job are passed over.

    The experiment of a job file without a name is called as in :meth:`automl_components.job.Job.sections`.
    """
    from automl_components.core.settings import JobFacts
    from automl_components.naming import data_name

    name = "" if os.environ.get("MLFLOW_EXPERIMENT_NAME") else data_name(values.get("training_data"))
    if name and "run" in component.settings:
        values = {"experiment_name": name, **values}

    others = {key for stage in LINE for key in (*stage.setting_keys(), *stage.inputs)}
    return component.read_settings(values, ignore=frozenset(others | set(JobFacts.keys())))
