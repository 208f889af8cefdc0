"""What the user asks of the transformers: ``transformer_params`` of the job file, read and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automl_components.core.errors import SettingsError, nearest
from automl_components.transformers import LABEL_AWARE, TRANSFORMERS, transformer_name


@dataclass(frozen=True)
class Wish:
    """One entry of ``transformer_params``; without fields it is for all columns it applies to."""

    transformer: str
    fields: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_wishes(transformer_params: Mapping[str, Any] | None, blocked: Iterable[str] = ()) -> list[Wish]:
    """``transformer_params`` in Azure's shape as wishes, checked by building each transformer once.

    ``{"imputer": [{"fields": ["a"], "parameters": {"strategy": "median"}}]}``; names in any casing.
    SettingsError for anything unknown, blocked at the same time, fitted by learners, or asked for twice on the
    same columns.
    """
    wishes: list[Wish] = []
    for key, entries in (transformer_params or {}).items():
        where, name = f"transformer_params: {key!r}", transformer_name(key)
        if name in LABEL_AWARE:
            raise SettingsError(
                f"{where} looks at the target, so it is no part of what is fitted before the folds: it takes no "
                "parameters and can only be blocked, by blocked_transformers"
            )
        if name in blocked:
            raise SettingsError(f"{where} is in blocked_transformers too; leave out one of them")
        listed = [entries] if isinstance(entries, Mapping) else entries
        if not isinstance(listed, Sequence) or not all(isinstance(entry, Mapping) for entry in listed):
            raise SettingsError(f"{where} takes a list of {{fields: [...], parameters: {{...}}}}")
        wishes += [_read_wish(where, name, entry) for entry in listed]
    asked = [(wish.transformer, column) for wish in wishes for column in (wish.fields or ("",))]
    twice = next((pair for pair, count in Counter(asked).items() if count > 1), None)
    if twice:
        columns = f"column {twice[1]!r}" if twice[1] else "all columns (no fields)"
        raise SettingsError(f"transformer_params: {twice[0]!r} is given twice for {columns}")
    return wishes


def _read_wish(where: str, name: str, entry: Mapping[str, Any]) -> Wish:
    for part in entry:
        if part not in ("fields", "parameters"):
            raise SettingsError(f"{where}: unknown {part!r}{nearest(str(part), ['fields', 'parameters'])}")
    fields, parameters = entry.get("fields") or (), entry.get("parameters") or {}
    if not isinstance(fields, Sequence) or not isinstance(parameters, Mapping):
        raise SettingsError(f"{where} takes fields as a list of columns and parameters as a mapping")
    columns = (fields,) if isinstance(fields, str) else tuple(map(str, fields))
    TRANSFORMERS[name].make(parameters)
    return Wish(name, columns, dict(parameters))
