"""What one call of a component's task is going to do: its inputs, settings, places and fingerprint."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_components.core import storage
from automl_components.core.artifacts import digest_of
from automl_components.core.component import Component, is_made_here
from automl_components.core.errors import SettingsError
from automl_components.core.inputs import is_frame
from automl_components.core.settings import Settings
from automl_components.core.work import Work
from automl_components.job import Job
from automl_components.launch import Request, reference
from automl_components.launch.child import refer
from automl_components.launch.request import Reference
from automl_components.pipeline import settings_of
from prefect_tasks.workspace import Workspace, workspace_of

OWN = ("folder", "workspace")
"""Parameters of every task besides those of its component."""

References = dict[str, Reference]
"""What a task returns: artifacts by name, each with type, address, digest and a few facts."""


@dataclass(frozen=True)
class Call:
    """One call of a component's task.

    Attributes
    ----------
    work : Work
        Everything that decides what comes out, and where.
    request : Request
        The same for the child process.
    reuse : bool
        Whether the job, if there is one, allows to take what is there.
    """

    component: Component
    work: Work
    request: Request
    workspace: Workspace
    reuse: bool = True

    @property
    def key(self) -> str:
        """The same work at the same place has the same key."""
        return digest_of([self.work.fingerprint(), dict(self.work.addresses)])

    def is_done(self) -> bool:
        """Whether every output is there, complete and unchanged."""
        with self.workspace.open():
            return not self.component.external and self.work.is_done()

    def references(self) -> References:
        """The outputs that are there."""
        ports = self.component.outputs
        with self.workspace.open():
            return {name: refer(name, ports[name].type, place) for name, place in self.work.addresses.items()}


def call_of(component: Component, settings: Job | Mapping[str, Any], arguments: Mapping[str, Any]) -> Call:
    """What a task is going to do with these arguments.

    Parameters
    ----------
    settings : Job or mapping
        What the task was made with; settings among the arguments go before those of a mapping.

    Raises
    ------
    UserError
        A setting is wrong, or an input is not there.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    workspace, folder = workspace_of(given.pop("workspace", None)), given.pop("folder", None)
    tables = {name: given.pop(name) for name in component.inputs if name in given}
    sections = sections_of(component, settings, given)
    with workspace.open():
        if isinstance(settings, Job):
            tables = {
                name: one for name, one in settings.inputs().items() if name in component.inputs
            } | tables
        inputs = {name: address_of(name, value, workspace) for name, value in tables.items()}
        digests = {name: _digest(name, one, component.inputs[name].type) for name, one in inputs.items()}
    work = Work(component, inputs, digests, {}, sections)
    if folder is None:
        place = f"{component.name}/{work.fingerprint(elastic=True)[:16]}"  # a search with other limits goes on there
        folder = storage.join(workspace.root, place)
    places = {name: storage.join(str(folder), name) for name in component.outputs}
    job = settings if isinstance(settings, Job) else None
    request = Request(
        component=_name(component), inputs=inputs, outputs=places,
        settings=flat(component, sections) if job is None else {},
        job=None if job is None else job.with_data({n: inputs[n] for n in job.inputs() if n in inputs}).to_mapping(),
    )  # fmt: skip
    work = Work(component, inputs, digests, places, sections)
    return Call(component, work, request, workspace, reuse=job is None or job.facts.cache)


def sections_of(
    component: Component, settings: Job | Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Settings]:
    """The component's sections; SettingsError for an unknown key or a wrong value."""
    if not isinstance(settings, Job):
        return settings_of(component, {**settings, **given})
    if given:
        raise SettingsError(f"{min(given)!r} is given, but the task takes its settings from a job")
    sections = settings.sections()
    return {
        name: sections[name] if name in sections else cls.read(None)
        for name, cls in component.settings.items()
    }


def flat(component: Component, sections: Mapping[str, Settings]) -> dict[str, Any]:
    """The sections as a settings file has them."""
    values: dict[str, Any] = {}
    for name, cls in component.settings.items():
        given = sections[name].given()
        values |= given if cls.inline else {cls.section or name: given}
    return values


def address_of(name: str, value: Any, workspace: Workspace) -> str:
    """The address of what was given for an input: a path, a reference, a task's whole result, or a table in memory."""
    if is_frame(value):
        return keep_table(value, workspace)
    if isinstance(value, Mapping):
        if isinstance(value.get("path"), str):
            return str(value["path"])
        if name not in value:
            raise SettingsError(
                f"input {name!r}: the task that it is wired to made {', '.join(map(str, value))}"
            )
        return str(value[name]["path"])
    given = getattr(value, "path", value)
    if not isinstance(given, (str, os.PathLike)):
        raise SettingsError(
            f"input {name!r} is a {type(value).__name__}; give a path or address, a table, or what a task returned"
        )
    address = os.fspath(given)
    return address if storage.is_remote(address) else str(storage.local_path(address))


def on_addresses(job: Job, tables: Mapping[str, Any], workspace: Workspace) -> Job:
    """The job on tables that have an address; ``tables`` go before its own."""
    given = job.inputs() | {name: one for name, one in tables.items() if one is not None}
    with workspace.open():
        return job.with_data({name: address_of(name, one, workspace) for name, one in given.items()})


def folder_of(job: Job, title: str, workspace: Workspace) -> str:
    """The folder of a job's run where none is given: it follows from the job and the content of its tables.

    Limits are left out: the same job on the same rows finds its results again, and goes on with its search.
    """
    with workspace.open():
        digests = {name: _digest(name, str(one), "mltable") for name, one in job.inputs().items()}
    sections = {name: one.given() for name, one in job.sections().items() if name != "limits"}
    label = re.sub("[^A-Za-z0-9]+", "-", title).strip("-")
    return storage.join(workspace.root, f"{label}-{digest_of([digests, sections])[:12]}")


def keep_table(table: Any, workspace: Workspace) -> str:
    """Write a table in memory under its own content, once, so that only an address travels; returns that."""
    from fsspec.core import url_to_fs

    from automl_components.core.artifacts import list_files
    from automl_components.core.tables import write_mltable

    with tempfile.TemporaryDirectory(prefix="automl-") as scratch:
        draft = Path(scratch) / "table"
        write_mltable(table, draft)
        digest = digest_of({name: sha for name, (_, sha) in list_files(draft).items()})
        place = storage.join(workspace.root, f"tables/{digest[:16]}")
        if not storage.exists(storage.join(place, "MLTable")):
            fs, path = url_to_fs(place)
            fs.makedirs(path, exist_ok=True)
            for file in sorted(
                draft.iterdir(), key=lambda file: file.name == "MLTable"
            ):  # what completes it, last
                fs.put_file(str(file), f"{path}/{file.name}")
    return place


def _digest(name: str, address: str, kind: str) -> str:
    """The content digest of an input; what a component has written, the child process checks before it reads it."""
    with storage.reading(name, address):
        if not is_made_here(name):
            storage.check_input(name, address, kind, made_here=False)
        return storage.digest(address, kind)


def _name(component: Component) -> str:
    """How a child process finds a component."""
    from automl_components import stages

    return component.name if getattr(stages, component.name, None) is component else reference(component)
