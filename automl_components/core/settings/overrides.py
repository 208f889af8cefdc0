"""Dotted paths into a nested mapping: ``--set limits.max_trials=10``, and flat parameters for a log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from automl_components.core.errors import SettingsError
from automl_components.core.settings.document import parse_yaml


def parse_override(text: str) -> tuple[str, Any]:
    """Path and YAML value of one ``key=value``.

    >>> parse_override("limits.max_trials=10")
    ('limits.max_trials', 10)

    Raises
    ------
    SettingsError
        There is no ``=``, no key, or the value is no YAML.
    """
    path, sign, value = text.partition("=")
    path = path.strip()
    if not sign or not path or "" in path.split("."):
        raise SettingsError(f"--set {text!r}: should be key=value, such as limits.max_trials=10")
    return path, parse_yaml(value, f"--set {path}")


def assign(mapping: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of ``mapping`` with the value at a dotted path replaced; missing levels are made.

    >>> assign({"limits": {"max_trials": 3}}, "limits.exit_score", 0.9)
    {'limits': {'max_trials': 3, 'exit_score': 0.9}}

    Raises
    ------
    SettingsError
        The path leads through something that is no mapping.
    """
    first, _, rest = path.partition(".")
    if not rest:
        return {**mapping, first: value}
    inner = mapping.get(first)
    if inner is None:
        inner = {}
    if not isinstance(inner, Mapping):
        raise SettingsError(
            f"{first} is {inner!r}, so {rest!r} cannot be set inside it; set {first} as a whole"
        )
    return {**mapping, first: assign(inner, rest, value)}


def apply_overrides(mapping: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """``assign`` for each ``key=value``, in order."""
    result = dict(mapping)
    for text in overrides:
        result = assign(result, *parse_override(text))
    return result


def flatten(mapping: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted paths for keys; empty mappings vanish.

    >>> flatten({"task": "regression", "limits": {"max_trials": 3}})
    {'task': 'regression', 'limits.max_trials': 3}
    """
    flat: dict[str, Any] = {}
    for key, value in mapping.items():
        path = f"{start}.{key}" if start else str(key)
        flat |= flatten(value, path) if isinstance(value, Mapping) else {path: value}
    return flat
