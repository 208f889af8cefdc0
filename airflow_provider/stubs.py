"""Write ``operators.pyi``: what editors and mypy know of the operators that are made from components.

``python -m airflow_provider.stubs``; a test keeps the file true.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl_components.core.component import Component
from automl_components.core.specification import specification
from automl_components.job import DATA
from automl_components.pipeline import LINE

HEAD = '''"""An operator for each component. Made by `python -m airflow_provider.stubs`; do not edit."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from airflow.sdk import XComArg

from airflow_provider.component import ComponentOperator
from automl_components.core.component import Component

Artifact: TypeAlias = XComArg | Mapping[str, Any] | str
"""Another task's `outputs[...]`, what a task returned, or an address."""
Section: TypeAlias = Mapping[str, Any] | XComArg | str
"""A section of a job file."""
Value: TypeAlias = XComArg | str
"""A template, or what another task returns."""
'''
_KINDS = {"integer": "int | Value", "number": "float | Value", "boolean": "bool | Value", "string": "Any"}


def stub() -> str:
    """The file's text."""
    names = sorted(_class_name(one) for one in LINE)
    listed = "".join(f'    "{name}",\n' for name in names)
    made = "def operator_class(component: Component) -> type[ComponentOperator]: ..."
    return "\n".join([f"{HEAD}\n__all__ = [\n{listed}]\n\n{made}\n", *map(_stub, LINE)])


def _class_name(component: Component) -> str:
    return "".join(part.capitalize() for part in component.name.split("_")) + "Operator"


def _stub(component: Component) -> str:
    words = textwrap.indent(_words(component), "    ").strip()
    arguments = "".join(f"        {line},\n" for line in _arguments(component))
    return (
        f'class {_class_name(component)}(ComponentOperator):\n    """{words}\n    """\n\n'
        f"    def __init__(\n        self,\n        *,\n        task_id: str,\n{arguments}"
        "        settings: Section | None = None,\n        job: Mapping[str, Any] | str | None = None,\n"
        "        overrides: Section | None = None,\n        **kwargs: Any,\n    ) -> None: ...\n"
    )


def _words(component: Component) -> str:
    """The component's docstring, its inputs, settings and outputs."""
    ports = [
        f"{name} : {port.type}" + (", optional" if port.optional else "")
        for name, port in component.inputs.items()
    ]
    fields = specification(component)["inputs"]
    settings = [
        f"{key}\n    {textwrap.fill(_sentence(key, component, fields), 104).replace(chr(10), chr(10) + '    ')}"
        for key in component.setting_keys()
        if key in _shown(component)
    ]
    made = [f"{name} : {port.type}" for name, port in component.outputs.items()]
    return "\n".join(
        [
            component.description,
            "",
            "Parameters",
            "----------",
            *ports,
            *settings,
            "",
            "Outputs",
            "-------",
            *made,
        ]
    )


def _sentence(key: str, component: Component, fields: dict[str, Any]) -> str:
    if key in fields:
        return str(fields[key].get("description", "A setting of the job."))
    inner = [name.partition(".")[2] for name in fields if name.startswith(f"{key}.")]
    return f"Section with {', '.join(inner)}."


def _shown(component: Component) -> list[str]:
    """Settings by their present names; the former ones are understood, not advertised."""
    fields = specification(component)["inputs"]
    return list(dict.fromkeys(name.partition(".")[0] for name in fields if name not in component.inputs))


def _arguments(component: Component) -> Iterator[str]:
    fields = specification(component)["inputs"]
    for name, port in component.inputs.items():
        needed = not port.optional and name not in DATA  # a job brings its tables
        yield f"{name}: Artifact" if needed else f"{name}: Artifact | None = None"
    for name in _shown(component):
        kind = _KINDS[fields[name]["type"]] + " | None" if name in fields else "Section | None"
        yield f"{name}: {kind.replace('Any | None', 'Any')} = None"


if __name__ == "__main__":
    Path(__file__).with_name("operators.pyi").write_text(stub(), encoding="utf-8")
