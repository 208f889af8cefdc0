"""What every section of a job file is: strict, frozen, and able to say what is wrong with it."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from automl_components.core.errors import SettingsError, nearest

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic_core import ErrorDetails
    from typing_extensions import Self
else:
    ModelMetaclass = type(BaseModel)


class _Meta(ModelMetaclass):
    """A call raises SettingsError; inside another model pydantic collects the errors itself."""

    def __call__(cls, *args: Any, **values: Any) -> Any:  # noqa: N805 - a metaclass
        try:
            return super().__call__(*args, **values)
        except ValidationError as error:
            raise settings_error(error, typing.cast("type[Settings]", cls)) from None

    def keys(cls) -> list[str]:  # noqa: N805
        """Every key that is accepted: the fields as a job file spells them, then their former names.

        Of the class alone: for a section with ``keys``, ``dict(section)`` would expect it to be a mapping.
        """
        section = typing.cast("type[Settings]", cls)
        return [*_fields(section), *section.former_names]


class Settings(BaseModel, metaclass=_Meta):
    """Base of the sections of a job file and of the mappings inside them.

    A value of None always means "not given". Keys of Azure's earlier versions are taken for the present ones.

    Attributes
    ----------
    section : str
        The key that holds the section in a job file; empty for an inline section and for nested mappings.
    inline : bool
        Whether the fields are top-level keys of the job file.
    former_names : mapping of str to str
        Earlier names of fields, which are still accepted.
    alternatives : tuple of tuples of str
        Fields that exclude each other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    section: ClassVar[str] = ""
    inline: ClassVar[bool] = False
    former_names: ClassVar[Mapping[str, str]] = {}
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _only_what_is_given(cls, values: Any) -> Any:
        return cls._renamed(values) if isinstance(values, Mapping) else values

    @classmethod
    def _renamed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is given, under present names; ValueError for two names of one thing, and for alternatives."""
        given = {key: value for key, value in values.items() if value is not None}
        for former, name in cls.former_names.items():
            if former in given:
                if name in given:
                    raise ValueError(f"{former} is another name of {name}: give one of them")
                given[name] = given.pop(former)
        for group in cls.alternatives:
            found = [name for name in group if given.get(name) not in (None, [], ())]
            if len(found) > 1:
                raise ValueError(f"{' and '.join(found)} are both given; remove one of them")
        return given

    @classmethod
    def read(cls, values: object, *, where: str | None = None, source: str = "") -> Self:
        """The section from what a file or a caller holds.

        Parameters
        ----------
        values : mapping, Settings or None
            None is an empty section. An object of this class is returned as it is.
        where : str, optional
            Dotted path of the section for messages; by default ``section``.
        source : str
            Name of the file, for messages.

        Raises
        ------
        SettingsError
            One line for each problem: its dotted path, what was found, what would be right.
        """
        if isinstance(values, cls):
            return values
        try:
            return cls.model_validate({} if values is None else values)
        except ValidationError as error:
            raise settings_error(error, cls, where=where, source=source) from None

    @classmethod
    def problems(
        cls, values: object, *, where: str | None = None, later: Callable[[object], bool] | None = None
    ) -> list[str]:
        """What :meth:`read` would say, one line each, of values that are not all known yet.

        Parameters
        ----------
        later : callable, optional
            Whether a value found wrong will only be filled in later, such as a template: then only its key counts.
        """
        try:
            cls.model_validate({} if values is None else values)
        except ValidationError as error:
            where = cls.section if where is None else where
            return [
                _explain(one, cls, where)
                for one in error.errors(include_url=False)
                if one["type"] in ("extra_forbidden", "missing") or later is None or not later(one["input"])
            ]
        return []

    def given(self) -> dict[str, Any]:
        """What was set explicitly, as plain YAML values under the keys of a job file."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def updated(self, **values: Any) -> Self:
        """This section with some values replaced; None leaves a value, a new value drops its alternatives.

        Raises
        ------
        SettingsError
            A key is unknown, or a value is wrong.
        """
        try:
            new = self._renamed(values)
        except ValueError as error:
            raise ProblemsError([f"{self.section}: {error}" if self.section else str(error)]) from None
        dropped = {name for group in self.alternatives for name in group if new.keys() & {*group}}
        kept = {key: value for key, value in self.given().items() if key not in dropped}
        return type(self).read({**kept, **new})

    def notes(self) -> list[str]:
        """What was accepted although it changes nothing in a run of this package, one sentence each."""
        return []


def settings_error(
    error: ValidationError, cls: type[Settings], *, where: str | None = None, source: str = ""
) -> ProblemsError:
    """Pydantic's error in our words: a line a problem, each with its dotted path."""
    where = cls.section if where is None else where
    return ProblemsError([_explain(e, cls, where) for e in error.errors(include_url=False)], source)


class ProblemsError(SettingsError):
    """Several problems in one error."""

    def __init__(self, problems: Iterable[str], source: str = "") -> None:
        self.problems = list(dict.fromkeys(problems))
        start = f"{source}: " if source else ""
        if len(self.problems) == 1:
            super().__init__(start + self.problems[0])
        else:
            super().__init__("\n  ".join([f"{start}{len(self.problems)} problems", *self.problems]))


def unknown_key(key: str, known: Iterable[str], *, within: type[Settings] | None = None) -> str:
    """What to say of a key that is not known where it was found: where it belongs, or the nearest one."""
    for other in _sections(Settings):
        if other is not within and key in other.keys():  # noqa: SIM118
            place = f"in {other.section!r}" if other.section else "at the top level"
            return f"unknown here; it belongs {place}"
    return f"unknown{nearest(key, known)}"


def _sections(cls: type[Settings]) -> Iterator[type[Settings]]:
    if cls.section or cls.inline:
        yield cls
    for heir in cls.__subclasses__():
        yield from _sections(heir)


def _explain(error: ErrorDetails, cls: type[Settings], where: str) -> str:
    path = _path(where, error["loc"])
    match error["type"]:
        case "extra_forbidden":
            model = _model_at(cls, error["loc"][:-1])
            what = unknown_key(str(error["loc"][-1]), _fields(model), within=model)
        case "missing":
            what = "missing; it is required"
        case "value_error":
            what = str(error["ctx"]["error"])
        case "model_type" | "model_attributes_type":
            what = f"found {_short(error['input'])}; should be a mapping of keys to values"
        case _:
            what = f"found {_short(error['input'])}; {error['msg'].replace('Input should', 'should')}"
    return f"{path}: {what}" if path else what


def _fields(cls: type[Settings]) -> list[str]:
    return [field.alias or name for name, field in cls.model_fields.items()]


def _path(where: str, location: tuple[int | str, ...]) -> str:
    text = where
    for step in location:
        if step == "[key]":  # pydantic's way to say that the key, not its value, is wrong
            continue
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _model_at(cls: type[Settings], location: tuple[int | str, ...]) -> type[Settings]:
    """The model that a location inside ``cls`` leads to."""
    for step in location:
        if isinstance(step, str) and step in cls.model_fields:
            cls = next(_models_in(cls.model_fields[step].annotation), cls)
    return cls


def _models_in(annotation: Any) -> Iterator[type[Settings]]:
    arguments = typing.get_args(annotation)
    # on Python 3.10 list[str] is a type, too, and no argument for issubclass
    if not arguments and isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for argument in arguments:
        yield from _models_in(argument)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
