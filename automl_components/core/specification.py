"""A component as Azure's command component YAML, derived from its signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_components.core.component import Component
    from automl_components.core.settings import Settings

SCHEMA = "https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json"
TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}


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
    parts = [f"automl component {component.name}"]
    for name, port in component.inputs.items():
        text = f"--input {name}=${{{{inputs.{name}}}}}"
        parts.append(f"$[[{text}]]" if port.optional else text)
    parts += [f"--output {name}=${{{{outputs.{name}}}}}" for name in component.outputs]
    for key, value in settings.items():
        text = f"--set {key}=${{{{inputs.{key}}}}}"
        parts.append(f"$[[{text}]]" if value.get("optional") else text)
    return {
        "$schema": SCHEMA,
        "type": "command",
        "name": component.name,
        "display_name": component.name.replace("_", " ").capitalize(),
        "version": component.version,
        "description": component.description,
        "inputs": ports | settings,
        "outputs": {name: {"type": port.type} for name, port in component.outputs.items()},
        "command": " ".join(parts),
    }


def _fields(section: str, cls: type[Settings]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Azure's input entry for each field of a section."""
    schema = cls.model_json_schema(by_alias=True)
    definitions, required = schema.get("$defs", {}), set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        field = _resolve(field, definitions)
        entry: dict[str, Any] = {"type": TYPES.get(str(field.get("type")), "string")}
        for theirs, ours in (("minimum", "min"), ("maximum", "max"), ("enum", "enum"), ("description", "description")):
            if theirs in field:
                entry[ours] = field[theirs]
        if name not in required:
            entry["optional"] = True
            if isinstance(field.get("default"), (int, float, str, bool)) and field["default"] != "":
                entry["default"] = field["default"]
        yield (name if cls.inline else f"{cls.section or section}.{name}"), entry


def _resolve(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and take the one real member of ``X | None``."""
    members = [member for member in field.get("anyOf", ()) if member.get("type") != "null"]
    if len(members) == 1:
        field = {**members[0], **{k: v for k, v in field.items() if k != "anyOf"}}
    if "$ref" in field:
        field = {**definitions[field["$ref"].rpartition("/")[2]], **{k: v for k, v in field.items() if k != "$ref"}}
    return field
