"""An operator for each component, made from its signature: ``search_trials`` is ``SearchTrialsOperator``.

Inputs are arguments by their names; so are settings: whole sections (``limits={...}``) and the fields of those that a
job file has at its top level (``target_column_name=...``). What an editor sees is in ``operators.pyi``, which
``python -m airflow_provider.stubs`` writes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from airflow_provider.component import ComponentOperator
from airflow_provider.wiring import check_source
from automl_components.core.component import Component
from automl_components.core.errors import SettingsError
from automl_components.pipeline import LINE


def operator_class(component: Component) -> type[ComponentOperator]:
    """The operator of a component, of any: an argument for each input and setting."""
    names, keys = [*component.inputs], component.setting_keys()

    def joined(arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with inputs and settings as ComponentOperator takes them, which are templated."""
        given = {one: arguments.pop(one) for one in (*names, *keys) if one in arguments}
        settings = arguments.pop("settings", None)
        own = {one: given[one] for one in keys if given.get(one) is not None}
        if settings and own and not isinstance(settings, Mapping):
            raise SettingsError(
                f"task {arguments.get('task_id')!r}: settings is no mapping that {min(own)!r} could join; "
                "give one of the two"
            )
        own = {**settings, **own} if settings and own else own or settings
        inputs = {one: given[one] for one in names if given.get(one) is not None}
        return {**arguments, "inputs": {**(arguments.get("inputs") or {}), **inputs}, "settings": own}

    def init(self: ComponentOperator, **arguments: Any) -> None:
        try:
            ComponentOperator.__init__(self, component=component, **joined({**arguments}))
        except (
            TypeError
        ) as error:  # Airflow's, of arguments that it does not know: it names them and the task
            unknown = (one for one in arguments if repr(one) in str(error))
            raise SettingsError(f"{error}{_hints(unknown, (*names, *keys))}") from None

    def partial(cls: type[ComponentOperator], **arguments: Any) -> Any:
        """Airflow wires, of a mapped task, what is in its templated fields."""
        given = {name: value for name, value in joined({**arguments}).items() if value is not None}
        try:
            for name, value in given["inputs"].items():
                check_source(name, value, component.inputs[name].type)
        except SettingsError as error:
            raise SettingsError(f"task {arguments.get('task_id')!r}: {error}") from None
        return super(made, cls).partial(**given)

    init.__signature__ = inspect.Signature(_parameters(component))  # type: ignore[attr-defined]
    name = "".join(part.capitalize() for part in component.name.split("_")) + "Operator"
    body = {
        "__init__": init, "partial": classmethod(partial), "__doc__": component.description, "__module__": __name__
    }  # fmt: skip
    made = type(name, (ComponentOperator,), body)
    return made


def _hints(arguments: Iterable[str], known: Sequence[str]) -> str:
    """What may have been meant by arguments that are nearly an input or a setting."""
    alike = {name: get_close_matches(name, known, n=1) for name in arguments}
    return "".join(f"\n{name}: did you mean {found[0]!r}?" for name, found in alike.items() if found)


def _parameters(component: Component) -> Iterator[inspect.Parameter]:
    yield inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    for name in (*component.inputs, *component.setting_keys(), "settings"):
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
    yield inspect.Parameter("arguments", inspect.Parameter.VAR_KEYWORD)


_CLASSES = {made.__name__: made for made in map(operator_class, LINE)}
globals().update(_CLASSES)
__all__ = [*_CLASSES]
