"""Components: functions whose signature is their only specification, and the one way to run them."""

from __future__ import annotations

import inspect
import tempfile
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from automl_components.core import storage
from automl_components.core.artifacts import (
    ArtifactType,
    Input,
    Output,
    Source,
    redacted,
)
from automl_components.core.errors import ArtifactError, SettingsError, nearest
from automl_components.core.events import emit
from automl_components.core.settings import Settings
from automl_components.core.work import IN_MEMORY, Work

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

    def __call__(self, *, output: str | Path | None = None, reuse: bool = False, **arguments: Any) -> Outputs:
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

    def read_settings(
        self, values: Mapping[str, Any], *, ignore: frozenset[str] = frozenset()
    ) -> dict[str, Settings]:
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
        self._check_keys(set(values) - ignore - set(self.settings))
        rest, sections = dict(values), {}
        for name, cls in self.settings.items():
            given = rest.pop(name) if isinstance(rest.get(name), Settings) else None
            if given is None and cls.inline:
                given = {key: rest.pop(key) for key in cls.keys() if key in rest}  # noqa: SIM118
            elif given is None:
                given = next((rest.pop(key) for key in (name, cls.section) if key in rest), None)
            sections[name] = cls.read(given, where="" if cls.inline else cls.section or name)
        if rest.keys() - ignore:
            raise SettingsError(
                f"{self.name}: {min(rest.keys() - ignore)!r} is given twice, or is no section of its own"
            )
        return sections

    def _check_keys(self, keys: set[str]) -> None:
        unknown = sorted(keys - set(self.setting_keys()))
        if unknown:
            known = [*self.inputs, *self.outputs, *self.setting_keys()]
            raise SettingsError(f"{self.name}: unknown argument {unknown[0]!r}{nearest(unknown[0], known)}")

    def setting_keys(self) -> list[str]:
        """The top-level keys that a settings file for this component may have."""
        sections = self.settings.items()
        return [
            key for name, cls in sections for key in (cls.keys() if cls.inline else [cls.section or name])
        ]

    def run(
        self,
        inputs: Mapping[str, Source | None],
        outputs: Mapping[str, str | Path | Output[Any]],
        settings: Mapping[str, Settings],
        *,
        reuse: bool = False,
    ) -> Outputs:
        """Localise inputs, check markers, call the function on drafts, write provenance, rename into place.

        The one code path behind every way to run a component. A section that is not given has its defaults.

        Raises
        ------
        UserError
            Before any work: an input is missing, incomplete or of another type, an output cannot be written.
        RunError
            The work failed. A resumable component goes on from its draft when it is started again.
        """
        self._check_names(inputs, outputs, settings)
        addresses = {name: str(getattr(value, "path", value)) for name, value in outputs.items()}
        sections = {name: cls.read(settings.get(name)) for name, cls in self.settings.items()}
        with ExitStack() as stack:
            given = {k: self._source(k, v, stack) for k, v in inputs.items() if v is not None}
            self._check_places(given, addresses)
            digests = {}
            for name, address in given.items():
                with storage.reading(name, address):
                    kind = self.inputs[name].type
                    storage.check_input(name, address, kind, made_here=is_made_here(name))
                    digests[name] = storage.digest(address, kind)
            work = Work(self, given, digests, addresses, sections)
            references: dict[str, Output[Any]] = {
                n: Output(type=self.outputs[n].type, path=a) for n, a in addresses.items()
            }
            if reuse and not self.external and work.is_done():
                emit("step", f"{self.name}: unchanged, reused", component=self.name, state="reused")
                return Outputs(references, reused=True)
            emit("step", f"{self.name}: started", component=self.name, state="started")
            seconds = work.do(go_on=reuse)
            emit(
                "step",
                f"{self.name}: done in {seconds:.1f} s",
                component=self.name,
                state="done",
                seconds=seconds,
            )
        return Outputs(references)

    def _check_names(
        self, inputs: Mapping[str, Any], outputs: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> None:
        for given, ports, noun in ((inputs, self.inputs, "input"), (outputs, self.outputs, "output")):
            for name in given:
                if name not in ports:
                    raise SettingsError(f"{self.name} has no {noun} {name!r}{nearest(name, ports)}")
            missing = [n for n, port in ports.items() if given.get(n) is None and not port.optional]
            if missing:
                raise SettingsError(f"{self.name} needs its {noun} {missing[0]!r} ({ports[missing[0]].type})")
        for name in settings:
            if name not in self.settings:
                raise SettingsError(f"{self.name} has no section {name!r}{nearest(name, self.settings)}")

    def _check_places(self, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> None:
        """Refuse an output that would replace an input, or share its place with another output."""
        ins = {name: _parts(address) for name, address in inputs.items()}
        outs = {name: _parts(address) for name, address in outputs.items()}
        for name, here in outs.items():
            clashes = [f"input {other!r}" for other, there in ins.items() if _within(there, here)]
            clashes += [
                f"output {other!r}"
                for other, there in outs.items()
                if other != name and (_within(there, here) or _within(here, there))
            ]
            if clashes:
                raise SettingsError(
                    f"{self.name}: output {name!r} cannot be at {redacted(outputs[name])}, that is also the place of "
                    f"{clashes[0]}; give each a folder of its own"
                )

    def _source(self, name: str, value: Source, stack: ExitStack) -> str:
        """The address of what was given; a table in memory becomes a folder for as long as the run lasts."""
        if isinstance(value, (Input, Output)):
            if value.type not in (self.inputs[name].type, "uri_folder", "uri_file"):
                raise ArtifactError(
                    f"input {name!r}: {redacted(value.path)} is given as a {value.type}, "
                    f"a {self.inputs[name].type} is needed"
                )
            return value.path
        if isinstance(value, (str, Path)):
            return str(value)
        if self.inputs[name].type != "mltable" or is_made_here(name):
            what = "the folder that a component wrote" if is_made_here(name) else "a path or an Input"
            raise SettingsError(f"{self.name}: input {name!r} must be {what}, not {type(value).__name__}")
        from automl_components.core.tables import read_table, write_mltable

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=IN_MEMORY))) / name
        with storage.writing(str(folder)):
            write_mltable(read_table(value), folder)
        return str(folder)

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
                if origin is Output and optional:
                    raise TypeError(f"{function.__name__}: the output {name} cannot be optional")
                kind: type[ArtifactType] = typing.get_args(hint)[0]
                (inputs if origin is Input else outputs)[name] = Port(name, kind.__name__, optional)
            elif isinstance(hint, type) and issubclass(hint, Settings):
                settings[name] = hint
            else:
                raise TypeError(
                    f"{function.__name__}: {name} must be an Input, an Output or a Settings section"
                )
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


def _parts(address: str) -> tuple[str, ...]:
    """An address in comparable steps."""
    if storage.is_remote(address):
        scheme, _, rest = address.partition("://")
        return (scheme, *(part for part in rest.split("/") if part))
    return storage.local_path(address).resolve().parts


def _within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return inner[: len(outer)] == outer


def _unwrap(hint: Any) -> Any:
    """``X`` of ``X | None``."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(arg for arg in typing.get_args(hint) if arg is not type(None))
    return hint
