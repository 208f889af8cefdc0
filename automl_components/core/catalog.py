"""A catalog: a package whose modules are its entries, found by discovery."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from automl_components.core.errors import SettingsError, nearest

T = TypeVar("T")


class Catalog(Mapping[str, T], Generic[T]):
    """The entries of one package, by name, in the order of their ``rank`` (then name).

    Each module of ``package`` holds one or more module-level instances of ``entry_type``; nothing
    else has to be registered anywhere. Discovery happens on first use.

    Parameters
    ----------
    package : str
        Dotted name of the package, such as ``"automl_components.algorithms"``.
    entry_type : type
        What an entry is an instance of. It must have a ``name`` attribute.
    noun : str
        What an entry is called in error messages, such as ``"algorithm"``.
    """

    def __init__(self, package: str, entry_type: type[T], noun: str) -> None:
        self.package, self.entry_type, self.noun = package, entry_type, noun

    @cached_property
    def _entries(self) -> dict[str, T]:
        package = importlib.import_module(self.package)
        found: dict[str, T] = {}
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{self.package}.{info.name}")
            for value in vars(module).values():
                if not isinstance(value, self.entry_type):
                    continue
                name = self._name(value)
                if found.setdefault(name, value) is not value:
                    raise RuntimeError(f"two entries of {self.package} are named {name!r}")
        return dict(sorted(found.items(), key=lambda item: (getattr(item[1], "rank", 0), item[0])))

    @staticmethod
    def _name(entry: Any) -> str:
        return str(entry.name)

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name]
        except KeyError:
            raise SettingsError(f"unknown {self.noun} {name!r}{nearest(name, self._entries)}") from None

    def get(self, name: str, default: Any = None) -> Any:
        """The entry, or ``default`` where there is none of that name."""
        return self._entries.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
