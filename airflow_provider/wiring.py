"""How tasks are wired: what a task makes, what an input may be given, and where that is once the task runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from airflow.sdk import BaseOperator, XComArg

from automl_components.core.component import Component
from automl_components.core.errors import SettingsError, nearest

T = TypeVar("T")


class Named(dict[str, T]):
    """Values by name; a name that is not there is a SettingsError with the nearest ones."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __missing__(self, name: str) -> T:
        raise SettingsError(f"{self.what} {name!r}{nearest(name, self)}")


class Outputs(Mapping[str, XComArg]):
    """What a task is going to make, by artifact name: each the reference that another task takes as input.

    Attributes
    ----------
    types : dict of str to str
        The artifacts' types.
    """

    def __init__(self, operator: BaseOperator, types: Mapping[str, str]) -> None:
        self._operator, self.types = operator, dict(types)

    def __getitem__(self, name: str) -> XComArg:
        if name not in self.types:
            raise SettingsError(
                f"task {self._operator.task_id!r} has no output {name!r}{nearest(name, self.types)}"
            )
        return XComArg(self._operator, key=name)

    def __contains__(self, name: object) -> bool:
        return name in self.types

    def __iter__(self) -> Iterator[str]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)


def types_of(*components: Component) -> dict[str, str]:
    """The types of all that these components make, by artifact name."""
    return {name: port.type for one in components for name, port in one.outputs.items()}


def is_later(value: object) -> bool:
    """Whether a value is only known when the task runs: a template, or what another task returns."""
    return isinstance(value, XComArg) or (isinstance(value, str) and ("{{" in value or "{%" in value))


def check_source(name: str, value: Any, wanted: str) -> None:
    """Refuse what is no address, another task's output that does not exist, or one of another type.

    Parameters
    ----------
    wanted : str
        The artifact type that the input takes.
    """
    if isinstance(value, BaseOperator):
        made = getattr(value, "outputs", None)
        hint = f".outputs[...] of {[*made]}" if isinstance(made, Outputs) else ".output"
        raise SettingsError(f"input {name!r}: it is task {value.task_id!r} itself; give its {hint}")
    for operator, key in XComArg.iter_xcom_references(value):
        made, task = getattr(operator, "outputs", None), f"task {operator.task_id!r}"
        if not isinstance(made, Outputs):
            continue
        if key not in made:
            asked = f"no output {key!r}" if key != "return_value" else "several outputs"
            raise SettingsError(f"input {name!r}: {task} has {asked}; give .outputs[...] of {[*made]}")
        if made.types[key] != wanted:
            raise SettingsError(f"input {name!r} is a {wanted}; {task} makes {key!r}, a {made.types[key]}")
    if not is_later(value):
        place(name, value)


def place(name: str, value: Any) -> str:
    """Where an input is: of an address, an artifact that a task has returned, or an Input; else a SettingsError."""
    if isinstance(value, Mapping) and "path" in value:
        return str(value["path"])
    found = os.fspath(value) if isinstance(value, (str, os.PathLike)) else getattr(value, "path", None)
    if isinstance(found, str) and found:
        return found
    shown = (
        repr(value) if isinstance(value, (str, int, float, Mapping, list)) else f"a {type(value).__name__}"
    )
    raise SettingsError(f"input {name!r} is {shown:.200}; give an address, or another task's outputs[...]")


def places(inputs: Any) -> dict[str, str]:
    """Where all inputs of a running task are."""
    return {name: place(name, one) for name, one in mapping("inputs", inputs).items() if one is not None}


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    """The value, nothing being an empty mapping; a SettingsError where it is no mapping."""
    if value is None or isinstance(value, Mapping):
        return value or {}
    hint = (
        "; render_template_as_native_obj=True of the DAG makes one of a template"
        if value and isinstance(value, str)
        else ""
    )
    raise SettingsError(f"{name}: found {str(value)[:80]!r}; should be a mapping of names to values{hint}")
