"""What columns a step means: a name, names or a pattern; and the base of all mappings of an MLTable file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import field_validator, model_validator

from automl_components.core.errors import DataError, SettingsError, nearest
from automl_components.core.settings import Settings


class Part(Settings):
    """A mapping inside an MLTable file; an unknown key is answered with the nearest known one."""

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        known = [info.alias or name for name, info in cls.model_fields.items() if not info.exclude]
        if isinstance(values, Mapping):
            for key in values:
                if key not in known:
                    raise ValueError(f"unknown key {key!r}{nearest(str(key), known)}")
        return values


class Pattern(Part):
    """Columns by regular expression, searched for anywhere in the name."""

    pattern: str
    ignore_case: bool = False
    invert: bool = False

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
        return pattern

    def matches(self, name: str) -> bool:
        """Whether the pattern means this column."""
        found = re.search(self.pattern, name, re.IGNORECASE if self.ignore_case else 0) is not None
        return found is not self.invert


@dataclass(frozen=True)
class Columns:
    """Columns by name or by pattern."""

    names: tuple[str, ...] = ()
    pattern: Pattern | None = None

    def means(self, name: str) -> bool:
        """Whether a column is among them."""
        return self.pattern.matches(name) if self.pattern else name in self.names

    def among(self, present: Iterable[str], what: str) -> list[str]:
        """Those that are present, in the order of the table.

        Raises
        ------
        DataError
            A name is absent; ``what`` says who asks for it.
        """
        present = list(present)
        for name in self.names:
            if name not in present:
                raise DataError(f"{what}: there is no column {name!r}{nearest(name, present)}")
        return [name for name in present if self.means(name)]


def at(source: str, where: str) -> str:
    """Where something stands, for messages: the file and the place in it."""
    return f"{source}: {where}" if source and where else source or where


def parse_columns(value: Any, where: str, source: str) -> Columns:
    """Columns as an MLTable file gives them: a name, a list, or ``{pattern, ignore_case, invert}``."""
    if isinstance(value, Mapping):
        return Columns(pattern=Pattern.read(value, where=where, source=source))
    names = (value,) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, (str, int, float)) for name in names):
        raise SettingsError(
            f"{at(source, where)}: found {value!r}; should be a name, a list of names, or a pattern's mapping"
        )
    names = tuple(map(str, names))
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise SettingsError(f"{at(source, where)}: {twice!r} is listed twice")
    return Columns(names)
