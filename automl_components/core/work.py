"""One run of a component: whether it is done already, its drafts, its provenance."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core import storage
from automl_components.core.artifacts import (
    ARTIFACT_TYPES,
    MARKER,
    Input,
    Marker,
    Output,
    digest_of,
    list_files,
    redacted,
)
from automl_components.core.drafts import drafting, publish
from automl_components.core.errors import ArtifactError, RunError
from automl_components.core.settings import Settings

if TYPE_CHECKING:
    from automl_components.core.component import Component

LIBRARIES = (
    "automl-components", "numpy", "pandas", "scikit-learn", "scipy", "lightgbm", "xgboost", "catboost", "mlflow",
)  # fmt: skip
IN_MEMORY = "automl-table-"
"""How folders begin that hold a table for one run."""


@dataclass(frozen=True)
class Work:
    """One run of a component: everything that decides what comes out."""

    component: Component
    given: Mapping[str, str]
    digests: Mapping[str, str]
    addresses: Mapping[str, str]
    settings: Mapping[str, Settings]

    def fingerprint(self, *, elastic: bool = False) -> str:
        """SHA-256 of component, inputs and settings; ``elastic`` leaves out what may change while a draft goes on."""
        left_out = self.component.elastic if elastic else ()
        settings = {k: v for k, v in _plain(self.settings).items() if k not in left_out}
        made_by = [self.component.name, self.component.version]
        return digest_of({"component": made_by, "inputs": self.digests, "settings": settings})

    def is_done(self) -> bool:
        """Whether every output is there, complete, unchanged and of this fingerprint."""
        return all(self._is_made(name, address) for name, address in self.addresses.items())

    def _is_made(self, name: str, address: str) -> bool:
        with storage.writing(address):
            try:
                marker = storage.read_marker(address)
            except ArtifactError:
                return False  # of another version
            if marker is None or (marker.name, marker.fingerprint) != (name, self.fingerprint()):
                return False
            return storage.is_intact(address, marker)

    def do(self, *, go_on: bool = False) -> float:
        """Call the function on drafts and publish them; returns the seconds.

        With ``go_on`` a resumable component continues what it has finished earlier under other elastic settings: a
        search with a higher limit keeps its trials.
        """
        started = time.monotonic()
        note = {"component": self.component.name, "fingerprint": self.fingerprint(elastic=True)}
        with ExitStack() as stack:
            by_address = stack.enter_context(
                drafting(self.addresses.values(), note, resumable=self.component.resumable)
            )
            drafts = {name: by_address[address].folder for name, address in self.addresses.items()}
            stores = {name: by_address[address].store for name, address in self.addresses.items()}
            markers = {name: storage.read_marker(address) for name, address in self.given.items()}
            before = max((marker.elapsed for marker in markers.values() if marker), default=0.0)
            inputs = {name: self._local(name, marker) for name, marker in markers.items()}
            if go_on and self.component.resumable:
                for name, address in self.addresses.items():
                    self._start_from_earlier(address, drafts[name])
            for name, address in self.addresses.items():
                stack.enter_context(storage.writing(address, drafts[name]))
            try:
                self.component.function(
                    **dict.fromkeys(self.component.inputs) | inputs,
                    **{
                        n: Output(
                            type=self.component.outputs[n].type,
                            path=str(draft),
                            saver=None if store is None else store.save,
                        )
                        for (n, draft), store in zip(drafts.items(), stores.values(), strict=True)
                    },
                    **self.settings,
                )
            except RunError as error:
                self._publish(error.finished, drafts, time.monotonic() - started, before)
                places = [f"{name} is in {redacted(self.addresses[name])}" for name in error.finished]
                error.args = ("\n  ".join([str(error), *places]),)
                raise
            seconds = time.monotonic() - started
            for store in filter(None, stores.values()):
                store.settle()
            self._publish(self.addresses, drafts, seconds, before)
        return seconds

    def _publish(
        self, names: Iterable[str], drafts: Mapping[str, Path], seconds: float, before: float
    ) -> None:
        publish([(drafts[n], self.addresses[n], self._marker(n, drafts[n], seconds, before)) for n in names])

    def _start_from_earlier(self, address: str, draft: Path) -> None:
        if any(draft.iterdir()):
            return  # an interrupted draft goes on, it is newer
        try:
            marker = storage.read_marker(address)
        except ArtifactError:
            return  # of another version
        if marker is None or marker.elastic != self.fingerprint(elastic=True):
            return
        if storage.is_intact(address, marker):
            earlier = storage.localise(address, marker)
            shutil.copytree(earlier, draft, ignore=shutil.ignore_patterns(MARKER), dirs_exist_ok=True)

    def _local(self, name: str, marker: Marker | None) -> Input[Any]:
        """An input as the function gets it; a table without a marker is read where it is."""
        kind, address = self.component.inputs[name].type, self.given[name]
        if kind == "mltable" and marker is None:
            return Input(type=kind, path=address)
        local = storage.localise(address, marker)
        if kind == "uri_file" and marker is not None:
            local = local / next(iter(marker.files))
        return Input(type=kind, path=str(local))

    def _marker(self, name: str, draft: Path, seconds: float, before: float) -> Marker:
        """The marker of a finished draft; RuntimeError where the function did not write what it owes."""
        kind, files = self.component.outputs[name].type, list_files(draft)
        entry = ARTIFACT_TYPES[kind].entry
        if not files or (entry is not None and entry not in files):
            raise RuntimeError(
                f"{self.component.name} left its output {name!r} without {entry or 'any file'}"
            )
        if kind == "uri_file" and len(files) > 1:
            raise RuntimeError(
                f"{self.component.name} left {len(files)} files in its output {name!r}, a uri_file"
            )
        return Marker(
            type=kind, name=name, component=self.component.name, version=self.component.version,
            fingerprint=self.fingerprint(), elastic=self.fingerprint(elastic=True), files=files,
            settings=_plain(self.settings),
            inputs={k: {"path": _named(v), "digest": self.digests[k]} for k, v in self.given.items()},
            libraries=library_versions(), seconds=round(seconds, 3), elapsed=round(before + seconds, 3),
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )  # fmt: skip


def library_versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that decide what a model becomes."""
    found = {name: _version(name) for name in LIBRARIES}
    return {"python": platform.python_version()} | {
        name: version for name, version in found.items() if version
    }


def _version(name: str) -> str:
    """The version of an installed package; empty where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _named(address: str) -> str:
    """An input's address as a marker tells it."""
    return "DataFrame" if Path(address).parent.name.startswith(IN_MEMORY) else redacted(address)


def _plain(settings: Mapping[str, Settings]) -> dict[str, Any]:
    return {name: section.model_dump(mode="json") for name, section in settings.items()}
