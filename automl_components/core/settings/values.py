"""Kinds of value that several sections use, tolerant where Azure is: enums in any casing, one or many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from automl_components.core.errors import nearest


def fold(name: str) -> str:
    """A name without case, blanks and punctuation.

    >>> fold("LightGBM") == fold("light_gbm"), fold("AUC_weighted") == fold("auc weighted")
    (True, True)
    """
    return re.sub(r"[\W_]+", "", name).lower()


def match(name: str, options: Iterable[str]) -> str | None:
    """The one of ``options`` that is spelled like ``name`` in some casing, or None.

    >>> match("NormMacroRecall", ["accuracy", "norm_macro_recall"])
    'norm_macro_recall'
    """
    return {fold(option): option for option in options}.get(fold(name))


def spelled(options: Iterable[str], others: Mapping[str, str] | None = None) -> BeforeValidator:
    """Accepts each of ``options`` in any casing, and Python enums by value; gives it back as listed.

    Parameters
    ----------
    options : iterable of str
        The names as they are kept.
    others : mapping of str to str, optional
        Further names and the option each stands for.
    """
    names = tuple(options)
    known = {fold(name): name for name in names} | {fold(k): v for k, v in (others or {}).items()}

    def resolve(value: object) -> str:
        text = value.value if isinstance(value, Enum) else value
        if isinstance(text, str) and fold(text) in known:
            return known[fold(text)]
        hint = nearest(text, names) if isinstance(text, str) else f"; known: {', '.join(sorted(names))}"
        raise ValueError(f"found {text!r}{hint}")

    return BeforeValidator(resolve)


def refused(what: str) -> BeforeValidator:
    """Accepts false only; true names what is not there yet."""

    def check(value: object) -> object:
        if value is True or (isinstance(value, str) and fold(value) in {"true", "yes", "on"}):
            raise ValueError(f"not supported yet: {what}; remove it or set it to false, here or by --set")
        return value

    return BeforeValidator(check)


def not_yet(what: str, remedy: str = "remove it") -> ValueError:
    """The error for a value that Azure knows and this version does not."""
    return ValueError(f"not supported yet: {what}; {remedy}")


def _text(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"found {value}; should be text: put it in quotes")
    if value == "":
        raise ValueError("found ''; should not be empty")
    return str(value) if isinstance(value, (int, float)) else value


def _label(value: object) -> object:
    return str(value) if isinstance(value, (bool, int, float)) else value


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"found {value}; should be a number")
    return value


def _one_or_many(value: object) -> object:
    if isinstance(value, Mapping) or not isinstance(value, (str, int, float, Iterable)):
        raise ValueError(f"found {value!r}; should be a name or a list of names")
    return (value,) if isinstance(value, (str, int, float)) else tuple(value)


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = [value for i, value in enumerate(values) if value in values[:i]]
    if twice:
        raise ValueError(f"{twice[0]!r} is listed twice")
    return values


def _plain(value: Any) -> Any:
    """Tuples as lists, so that Python arguments and YAML values are the same."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


Text = Annotated[str, BeforeValidator(_text)]
"""Text, not empty; a bare YAML number counts as its digits."""

Label = Annotated[str, BeforeValidator(_label)]
"""Text that YAML may have read as a number or a truth value: tags, environment variables."""

Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), AfterValidator(_distinct)]
"""Distinct names; a single one needs no list."""

Seed = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=2**32)]
"""A whole number that NumPy takes for a seed."""

Count = Annotated[int, BeforeValidator(_number), Field(ge=1)]
"""A whole number from 1 on."""

Number = Annotated[float, BeforeValidator(_number)]
"""A finite number."""

Duration = Annotated[float, BeforeValidator(_number), Field(gt=0)]
"""A length of time above 0, in the unit that the field's name ends with; fractions are allowed."""

Share = Annotated[float, BeforeValidator(_number), Field(gt=0, lt=1)]
"""A part of the rows, strictly between 0 and 1."""

Values = Annotated[dict[str, JsonValue], BeforeValidator(_plain)]
"""Free parameters: anything that YAML and JSON can hold."""
