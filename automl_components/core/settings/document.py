"""Job and settings files: YAML read strictly, with the file and line of whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from automl_components.core import storage
from automl_components.core.errors import ArtifactError, SettingsError

# YAML 1.2's plain scalars. PyYAML follows 1.1, where a bare `off`, `no` or `on` is a truth value, 012 is ten,
# 1:30 is ninety and 2024-01-31 a date: traps for labels and column names.
_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
     r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+0123456789.")),
    ("merge", r"<<", ["<"]),
)  # fmt: skip


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars; a key that is given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[str, yaml.Mark] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    first = seen[key.value].line + 1
                    raise yaml.constructor.ConstructorError(
                        None,
                        None,
                        f"the key {key.value!r} is given twice, first on line {first}",
                        key.start_mark,
                    )
                seen[key.value] = key.start_mark
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Quotes whatever YAML 1.1 or 1.2 would read as something else than text; no aliases."""

    def represent_text(self, text: str) -> yaml.Node:
        # PyYAML folds these line breaks of Unicode away unless they are escaped
        style = '"' if any(c in text for c in "\x85\u2028\u2029") else "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, _Dumper.represent_text)
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in _SCALARS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)


def parse_yaml(text: str, source: str = "") -> Any:
    """The value of a YAML text.

    >>> parse_yaml("mode: off")
    {'mode': 'off'}

    Raises
    ------
    SettingsError
        The text is no YAML, or a key is given twice; the message names ``source`` and the line.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "YAML"
        raise SettingsError(f"{source + ', ' if source else ''}{where}: {_problem(error)}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{source or 'YAML'}: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise SettingsError(f"{source or 'YAML'}: nested too deeply") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "cannot be read as YAML"
    if "'\\t'" in problem:
        return "a tab; YAML is indented by spaces"
    if "expected <block end>" in problem:
        return f"{problem}; check the indentation of this line and the ones before it"
    return problem


def read_mapping(address: str | Path) -> dict[str, Any]:
    """The mapping that a YAML file (a local path or any fsspec address) holds.

    Raises
    ------
    SettingsError
        The file is absent, empty, not UTF-8, not YAML, or holds something else than a mapping.
    """
    source = str(address)
    try:
        text = storage.read_text(source)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{source}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except (OSError, ArtifactError) as error:
        raise SettingsError(f"{source}: cannot be read ({error})") from None
    if text is None:
        found = "that is a folder; give a file in it" if storage.exists(source) else "there is no such file"
        raise SettingsError(f"{source}: {found}")
    value = parse_yaml(text.removeprefix("\ufeff"), source)
    if value is None:
        raise SettingsError(
            f"{source}: the file is empty; a job needs task, training_data and target_column_name"
        )
    return as_mapping(value, source)


def as_mapping(value: object, source: str = "") -> dict[str, Any]:
    """A mapping with text keys, or SettingsError."""
    start = f"{source}: " if source else ""
    if not isinstance(value, Mapping):
        raise SettingsError(f"{start}found a {type(value).__name__}; should be a mapping of keys to values")
    for key in value:
        if not isinstance(key, str):
            raise SettingsError(f"{start}found the key {key!r}; keys are text")
    return dict(value)


def write_yaml(value: Mapping[str, Any]) -> str:
    """YAML text that this module, and any YAML 1.1 or 1.2 reader, reads as the same value."""
    return yaml.dump(dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
