"""A component as Azure's command component YAML, derived from its signature."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_components.core.component import Component
    from automl_components.core.settings import Settings

SCHEMA = "https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json"
ENVIRONMENT = "azureml:automl-components@latest"
"""The Azure environment that a component runs in: any image with this package, registered under this name."""

_BOUNDS = (
    ("minimum", "min", 0), ("ge", "min", 0), ("exclusiveMinimum", "min", 1), ("gt", "min", 1),
    ("maximum", "max", 0), ("le", "max", 0), ("exclusiveMaximum", "max", -1), ("lt", "max", -1),
)  # fmt: skip


def specification(component: Component) -> dict[str, Any]:
    """Name, version, inputs (ports and settings), outputs and command of a component.

    A setting of a section is an input of the group with the section's name, such as ``limits.max_trials``, as Azure
    spells parameter groups; what is a list or a mapping travels as a string of YAML.
    """
    ports = {
        name: {"type": port.type} | ({"optional": True} if port.optional else {})
        for name, port in component.inputs.items()
    }
    settings = {key: value for name, cls in component.settings.items() for key, value in _fields(name, cls)}
    return {
        "$schema": SCHEMA,
        "type": "command",
        "name": component.name,
        "display_name": component.name.replace("_", " ").capitalize(),
        "version": component.version,
        "description": component.description,
        "is_deterministic": not component.external,  # what has effects elsewhere must not be taken from a cache
        "inputs": ports | settings,
        "outputs": {name: {"type": port.type} for name, port in component.outputs.items()},
        "environment": ENVIRONMENT,
        "command": " ".join(_command(component, settings)),
    }


def _command(component: Component, settings: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The parts of the command line; Azure leaves out a ``$[[part]]`` whose input was not given."""
    yield f"automl component {component.name}"
    for name, port in component.inputs.items():
        text = f"--input {name}=${{{{inputs.{name}}}}}"
        yield f"$[[{text}]]" if port.optional else text
    for name in component.outputs:
        yield f"--output {name}=${{{{outputs.{name}}}}}"
    for key, entry in settings.items():
        quote = "'" if entry["type"] == "string" else ""  # text and lists may hold blanks
        text = f"--set {quote}{key}=${{{{inputs.{key}}}}}{quote}"
        yield f"$[[{text}]]" if entry.get("optional") else text


def _fields(section: str, cls: type[Settings]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Azure's input entry for each field of a section."""
    schema = cls.model_json_schema(by_alias=True)
    definitions, required = schema.get("$defs", {}), set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        field = _resolve(field, definitions)
        kind = str(field.get("type"))
        entry: dict[str, Any] = {"type": kind if kind in ("integer", "number", "boolean") else "string"}
        entry |= {key: field[key] for key in ("enum", "description") if key in field}
        entry |= _bounds(field) if kind in ("integer", "number") else {}
        if name not in required:
            entry["optional"] = True
            default = field.get("default")
            if isinstance(default, (int, float, str)) and default != "":
                text = isinstance(default, str) or entry["type"] != "string"
                entry["default"] = default if text else json.dumps(default)
        yield (name if cls.inline else f"{cls.section or section}.{name}"), entry


def _bounds(field: dict[str, Any]) -> dict[str, Any]:
    """Azure's ``min`` and ``max``; it has no word for a bound that is itself excluded, except between integers.

    Pydantic leaves its own words (``ge``) in the schema of a field that is checked before it is parsed.
    """
    found: dict[str, Any] = {}
    for key, ours, step in _BOUNDS:
        if key in field and (step == 0 or field["type"] == "integer"):
            found[ours] = field[key] + step
    return found


def _resolve(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and take the one real member of ``X | None``."""
    members = [member for member in field.get("anyOf", ()) if member.get("type") != "null"]
    if len(members) == 1:
        field = {**members[0], **{k: v for k, v in field.items() if k != "anyOf"}}
    if "$ref" in field:
        field = {
            **definitions[field["$ref"].rpartition("/")[2]],
            **{k: v for k, v in field.items() if k != "$ref"},
        }
    return field
