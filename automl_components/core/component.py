"""Components: functions whose signature is their only specification, and the one way to run them."""

from __future__ import annotations

import inspect
import json
import platform
import re
import shutil
import sys
import tempfile
import time
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from automl_components.core import storage
from automl_components.core.artifacts import (
    ARTIFACT_TYPES,
    ArtifactType,
    Input,
    Marker,
    Output,
    Source,
    digest_of,
    list_files,
    redacted,
)
from automl_components.core.errors import ArtifactError, SettingsError, nearest
from automl_components.core.events import emit
from automl_components.core.settings import Settings

PACKAGE = "automl-components"

COMPONENTS: dict[str, Component] = {}
"""Every component that has been imported, by name."""


@dataclass(frozen=True)
class Port:
    """One declared input or output: its name, artifact type and whether it may be absent."""

    name: str
    type: str
    optional: bool = False


class Outputs(Mapping[str, Output[Any]]):
    """What a run of a component wrote: references by port name, as items and as attributes.

    Attributes
    ----------
    reused : bool
        Whether the work was skipped because the same fingerprint was already there.
    """

    def __init__(self, references: Mapping[str, Output[Any]], *, reused: bool = False) -> None:
        self._references, self.reused = dict(references), reused

    def __getitem__(self, name: str) -> Output[Any]:
        return self._references[name]

    def __getattr__(self, name: str) -> Output[Any]:
        try:
            return self.__dict__["_references"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._references)

    def __len__(self) -> int:
        return len(self._references)

    def __repr__(self) -> str:
        return f"Outputs({', '.join(f'{name}={ref.path!r}' for name, ref in self.items())})"


@dataclass(frozen=True)
class Component:
    """A function with typed inputs, outputs and settings sections.

    Attributes
    ----------
    function : callable
        The body. It gets an :class:`Input` or :class:`Output` with a local path for each port (None for an optional
        input that is absent) and a validated section for each settings parameter.
    name, version, description : str
        The function's name, the version that invalidates earlier results when it changes, the docstring.
    inputs, outputs : mapping of name to Port
    settings : mapping of parameter name to Settings class
        A section whose class is ``inline`` has its fields at the top level of a settings file.
    elastic : tuple of str
        Sections that may change while a draft is still continued (a longer time limit, say).
    resumable : bool
        Whether the body goes on from what it finds in its own unfinished draft.
    external : bool
        Whether its effect lies outside of its outputs (on a server, say), so that it is never skipped.
    """

    function: Callable[..., None]
    name: str
    version: str
    description: str
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    settings: Mapping[str, type[Settings]]
    elastic: tuple[str, ...] = ()
    resumable: bool = False
    external: bool = False

    @property
    def title(self) -> str:
        """The docstring's first line."""
        return self.description.split("\n", 1)[0].rstrip(".")

    def __call__(
        self, *, output: str | Path | None = None, reuse: bool = False, **arguments: Any
    ) -> Outputs:
        """Run the component on folders, addresses or DataFrames.

        Parameters
        ----------
        output : path or address, optional
            The folder under which outputs that are not named get their place; by default a new folder in ``runs/``.
        reuse : bool
            Skip the work when the outputs of the same fingerprint are there and intact.
        **arguments
            Inputs and outputs by port name, settings sections by name, and the fields of inline sections.

        Raises
        ------
        UserError
            Something given is wrong; nothing was started.
        """
        inputs = {name: arguments.pop(name) for name in self.inputs if name in arguments}
        outputs = {name: arguments.pop(name) for name in self.outputs if name in arguments}
        if len(outputs) < len(self.outputs):
            base = str(output) if output is not None else fresh_folder(self.name)
            outputs = {name: storage.join(base, name) for name in self.outputs} | outputs
        return self.run(inputs, outputs, self.read_settings(arguments), reuse=reuse)

    def read_settings(self, values: Mapping[str, Any], *, ignore: frozenset[str] = frozenset()) -> dict[str, Settings]:
        """Settings sections from a flat mapping, as a settings file or keyword arguments have it.

        Parameters
        ----------
        values : mapping
            Section names with mappings or Settings objects, and the fields of inline sections.
        ignore : set of str
            Keys that belong to other components; they are passed over.

        Raises
        ------
        SettingsError
            An unknown key (the nearest known one is named) or a wrong value.
        """
        rest, sections = dict(values), {}
        for name, cls in self.settings.items():
            given = rest.pop(name) if isinstance(rest.get(name), Settings) else None
            if given is None and cls.inline:
                given = {key: rest.pop(key) for key in cls.keys() if key in rest}  # noqa: SIM118
            elif given is None:
                given = next((rest.pop(key) for key in (name, cls.section) if key in rest), None)
            sections[name] = cls.read(given, where="" if cls.inline else cls.section or name)
        unknown = [key for key in rest if key not in ignore]
        if unknown:
            known = [*self.inputs, *self.outputs, *self.setting_keys()]
            raise SettingsError(f"{self.name}: unknown argument {unknown[0]!r}{nearest(unknown[0], known)}")
        return sections

    def setting_keys(self) -> list[str]:
        """The top-level keys that a settings file for this component may have."""
        sections = self.settings.items()
        return [key for name, cls in sections for key in (cls.keys() if cls.inline else [cls.section or name])]

    def run(
        self,
        inputs: Mapping[str, Source],
        outputs: Mapping[str, str | Path | Output[Any]],
        settings: Mapping[str, Settings],
        *,
        reuse: bool = False,
    ) -> Outputs:
        """Localise inputs, check markers, call the function on drafts, write provenance, rename into place.

        The one code path behind every way to run a component.

        Raises
        ------
        UserError
            Before any work: an input is missing, incomplete or of another type, an output cannot be written.
        RunError
            The work failed. A resumable component goes on from its draft when it is started again.
        """
        addresses = {name: str(getattr(value, "path", value)) for name, value in outputs.items()}
        self._check_names(inputs, addresses)
        with ExitStack() as stack:
            given = {k: self._source(k, v, stack) for k, v in inputs.items() if v is not None}
            for name, address in given.items():
                storage.check_input(name, address, self.inputs[name].type, made_here=is_made_here(name))
            digests = {name: storage.digest(address, self.inputs[name].type) for name, address in given.items()}
            fingerprint = self._fingerprint(digests, settings)
            references = {n: Output(type=self.outputs[n].type, path=a) for n, a in addresses.items()}
            if reuse and not self.external and self._is_done(addresses, fingerprint):
                emit("step", f"{self.name}: unchanged, reused", component=self.name, state="reused")
                return Outputs(references, reused=True)
            emit("step", f"{self.name}: started", component=self.name, state="started")
            started = time.monotonic()
            self._work(given, digests, addresses, settings, fingerprint, stack)
            seconds = time.monotonic() - started
            emit("step", f"{self.name}: done in {seconds:.1f} s", component=self.name, state="done", seconds=seconds)
        return Outputs(references)

    def _work(
        self,
        given: Mapping[str, str],
        digests: Mapping[str, str],
        addresses: Mapping[str, str],
        settings: Mapping[str, Settings],
        fingerprint: str,
        stack: ExitStack,
    ) -> None:
        started = time.monotonic()
        elastic = self._fingerprint(digests, {k: v for k, v in settings.items() if k not in self.elastic})
        drafts = {name: stack.enter_context(self._draft(address, elastic)) for name, address in addresses.items()}
        arguments: dict[str, Any] = dict.fromkeys(self.inputs)
        for name, address in given.items():
            marker = storage.read_marker(address)
            local = address if self.inputs[name].type == "mltable" and not marker else storage.localise(address, marker)
            arguments[name] = Input(type=self.inputs[name].type, path=str(local))
        arguments |= {name: Output(type=self.outputs[name].type, path=str(draft)) for name, draft in drafts.items()}
        for address in addresses.values():
            stack.enter_context(storage.writing(address))
        self.function(**arguments, **settings)
        for name, draft in drafts.items():
            files = list_files(draft)
            entry = ARTIFACT_TYPES[self.outputs[name].type].entry
            if not files or (entry is not None and entry not in files):
                raise RuntimeError(f"{self.name} left its output {name!r} without {entry or 'any file'}")
            marker = Marker(
                type=self.outputs[name].type, name=name, component=self.name, version=self.version,
                fingerprint=fingerprint, files=files, settings=_plain(settings),
                inputs={k: {"path": redacted(v), "digest": digests[k]} for k, v in given.items()},
                libraries=library_versions(), seconds=round(time.monotonic() - started, 3),
                created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            )  # fmt: skip
            storage.publish(draft, addresses[name], marker)

    @contextmanager
    def _draft(self, address: str, fingerprint: str) -> Iterator[Path]:
        """The draft folder of one output, locked; kept only when the component can go on from it."""
        from filelock import FileLock, Timeout

        draft = storage.draft_folder(address)
        lock = FileLock(draft.with_name(draft.name + ".lock"))
        with storage.writing(address):
            draft.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise ArtifactError(f"{redacted(address)} is being written by another process; wait for it") from None
            try:
                # beside the draft, not in it: some libraries want to write into an empty folder
                facts = draft.with_name(draft.name + ".json")
                text = storage.read_text(str(facts))
                if not (self.resumable and text and json.loads(text).get("fingerprint") == fingerprint):
                    shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir(exist_ok=True)
                facts.write_text(json.dumps({"fingerprint": fingerprint, "component": self.name}))
            except BaseException:
                lock.release()
                raise
        try:
            yield draft
        except BaseException:
            if not self.resumable:
                shutil.rmtree(draft, ignore_errors=True)
            raise
        else:
            facts.unlink(missing_ok=True)
        finally:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)

    def _check_names(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        for given, ports, noun in ((inputs, self.inputs, "input"), (outputs, self.outputs, "output")):
            for name in given:
                if name not in ports:
                    raise SettingsError(f"{self.name} has no {noun} {name!r}{nearest(name, ports)}")
            missing = [n for n, port in ports.items() if given.get(n) is None and not port.optional]
            if missing:
                raise SettingsError(f"{self.name} needs its {noun} {missing[0]!r} ({ports[missing[0]].type})")

    def _source(self, name: str, value: Source, stack: ExitStack) -> str:
        """The address of what was given; a table in memory becomes a folder for as long as the run lasts."""
        kind = self.inputs[name].type
        if isinstance(value, (Input, Output)):
            return value.path
        if isinstance(value, (str, Path)):
            return str(value)
        if kind != "mltable":
            raise SettingsError(f"{self.name}: input {name!r} must be a path or an Input, not {type(value).__name__}")
        from automl_components.core.tables import write_mltable

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="automl-"))) / name
        write_mltable(value, folder)
        return str(folder)

    def _fingerprint(self, digests: Mapping[str, str], settings: Mapping[str, Settings]) -> str:
        return digest_of({"component": [self.name, self.version], "inputs": digests, "settings": _plain(settings)})

    def _is_done(self, addresses: Mapping[str, str], fingerprint: str) -> bool:
        for address in addresses.values():
            marker = storage.read_marker(address)
            if marker is None or marker.fingerprint != fingerprint or not storage.is_intact(address, marker):
                return False
        return True

    def spec(self) -> dict[str, Any]:
        """The component as Azure's command component YAML has it, from the signature."""
        from automl_components.core.specification import specification

        return specification(self)


def component(
    *, version: str = "1", resumable: bool = False, external: bool = False, elastic: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Component]:
    """Make a component of a function, from its signature alone.

    Parameters annotated ``Input[type]`` and ``Output[type]`` are ports (``Input[type] | None = None`` is an optional
    one); every other parameter must be annotated with a Settings class.
    """

    def make(function: Callable[..., None]) -> Component:
        hints = typing.get_type_hints(function)
        inputs: dict[str, Port] = {}
        outputs: dict[str, Port] = {}
        settings: dict[str, type[Settings]] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            hint, optional = _unwrap(hints[name]), parameter.default is None
            origin = typing.get_origin(hint)
            if origin is Input or origin is Output:
                kind: type[ArtifactType] = typing.get_args(hint)[0]
                (inputs if origin is Input else outputs)[name] = Port(name, kind.__name__, optional)
            elif isinstance(hint, type) and issubclass(hint, Settings):
                settings[name] = hint
            else:
                raise TypeError(f"{function.__name__}: {name} must be an Input, an Output or a Settings section")
        made = Component(
            function=function, name=function.__name__, version=version, inputs=inputs, outputs=outputs,
            settings=settings, resumable=resumable, external=external, elastic=elastic,
            description=inspect.cleandoc(function.__doc__ or function.__name__),
        )  # fmt: skip
        COMPONENTS[made.name] = made
        return made

    return make


def is_made_here(name: str) -> bool:
    """Whether an artifact of this name is what some component writes, not what a user brings."""
    return any(name in other.outputs for other in COMPONENTS.values())


def fresh_folder(name: str) -> str:
    """A folder in ``runs/`` that does not exist yet, such as ``runs/featurize_data-20260131-120000``."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    folder, number = Path("runs") / f"{name}-{stamp}", 1
    while folder.exists():
        number += 1
        folder = Path("runs") / f"{name}-{stamp}-{number}"
    return str(folder)


def library_versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that decide what a model becomes."""
    versions = {"python": platform.python_version()}
    for name in (PACKAGE, "numpy", "pandas", "scikit-learn", "scipy", "lightgbm", "xgboost", "catboost", "mlflow"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _plain(settings: Mapping[str, Settings]) -> dict[str, Any]:
    return {name: section.model_dump(mode="json") for name, section in settings.items()}


def _unwrap(hint: Any) -> Any:
    """``X`` of ``X | None``."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(arg for arg in typing.get_args(hint) if arg is not type(None))
    return hint
