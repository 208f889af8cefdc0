"""What a child process is asked to do, and what it answers: plain JSON values."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

from automl_components.core.component import Component
from automl_components.core.errors import SettingsError, nearest


class Reference(TypedDict):
    """An artifact as it travels between tasks: where it is and what is worth knowing, never its data.

    ``facts`` is what :func:`automl_components.launch.facts.facts_of` tells of an artifact of this name.
    """

    type: str
    path: str
    digest: str
    facts: dict[str, Any]


class Outcome(TypedDict):
    """What was made: references by artifact name, whether the work was skipped as unchanged, wall seconds."""

    outputs: dict[str, Reference]
    reused: bool
    seconds: float


@dataclass(frozen=True)
class Request:
    """One component's run, or a whole job's where no component is named.

    Attributes
    ----------
    component : str
        Name of a stage, or ``module:name`` of any component (:func:`reference`); empty for a whole job.
    inputs, outputs : mapping of str to str
        Addresses by artifact name. For a whole job, inputs replace the job's tables.
    settings : mapping
        As a settings file has it: sections by key, fields of inline sections at the top. Keys of other stages are
        passed over, anything else unknown is an error.
    job : mapping, str or None
        What a job file holds, or the address of one. A component then gets the job's tables, sections and environment
        variables, exactly as when the job runs as a whole.
    overrides : mapping
        Values of the job that are replaced, by dotted key, such as ``"limits.max_trials"``.
    base_folder : str
        Where relative paths in a job that is given as a mapping start; by default the working folder.
    folder : str
        Where a whole job's artifacts go: a local path or an fsspec address.
    reuse : bool or None
        Skip what is there, unchanged; None is what the job says (yes, where nothing is said). An interrupted search
        is continued either way, except that False starts a whole job anew.
    """

    component: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    job: Mapping[str, Any] | str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    base_folder: str = ""
    folder: str = ""
    reuse: bool | None = None

    def __post_init__(self) -> None:
        if not self.component and (self.job is None or not self.folder):
            raise SettingsError("give a component, or a job and the folder of its run")
        if self.component and self.job is not None and self.settings:
            raise SettingsError(f"{self.name}: give its settings, or the job that they are taken from")
        if self.overrides and self.job is None:
            raise SettingsError(f"{self.name}: overrides are for a job; change the settings themselves")

    @property
    def name(self) -> str:
        """What is run, for messages."""
        return self.component.rpartition(":")[2] or "the job"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def reference(component: Component) -> str:
    """Where a child process finds a component: ``module:name``.

    Raises
    ------
    SettingsError
        It is not to be had by importing its module.
    """
    module = component.function.__module__
    top = module.partition(".")[0]
    findable = top != "__main__" and any(finder.find_spec(top, None) for finder in sys.meta_path)
    if not findable or getattr(importlib.import_module(module), component.name, None) is not component:
        raise SettingsError(
            f"{component.name}: a child process cannot import it from {module!r}; define it at the top of a module "
            "that is importable by name, beside the script"
        )
    return f"{module}:{component.name}"


def resolve(name: str) -> Component:
    """The component of a name or of ``module:name``; SettingsError where there is none."""
    from automl_components import pipeline

    module, colon, attribute = name.rpartition(":")
    if not colon:
        return pipeline.find(name)
    try:
        members = vars(importlib.import_module(module))
    except ImportError as error:
        raise SettingsError(f"component {name!r}: cannot import {module!r} ({error})") from error
    found = members.get(attribute)
    if not isinstance(found, Component):
        known = [key for key, value in members.items() if isinstance(value, Component)]
        raise SettingsError(f"component {name!r}: {module} has no such component{nearest(attribute, known)}")
    return found
