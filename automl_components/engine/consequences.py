"""What later steps take from the guardrails: the repairs that were promised, the columns that nobody is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from automl_components.core.errors import SettingsError, nearest
from automl_components.engine.purposes import ColumnInfo
from automl_components.guardrails import SAMPLE_ROWS, Facts, Finding, looks
from automl_components.guardrails.personal_data import personal_kinds, personal_texts


def personal_columns(facts: Facts) -> list[str]:
    """The feature columns that seem to hold personal data: their cells are shown to nobody."""
    return list(personal_kinds(looks.look(facts.sampled(SAMPLE_ROWS))))


def texts_with_personal_data(facts: Facts) -> list[str]:
    """The columns of free text that seem to hold personal data: it is shown to nobody."""
    return list(personal_texts(looks.look(facts.sampled(SAMPLE_ROWS))))


def decided_repairs(findings: Iterable[Finding], choices: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the findings promise that the featurizer repairs; ``choices`` is ``featurization.repairs``."""
    repairs: list[dict[str, Any]] = []
    for finding in findings:
        every = choices.get(finding.code, "auto") != "auto"
        for column in dict.fromkeys(repair.column for repair in finding.repairs):
            own = [repair for repair in finding.repairs if repair.column == column]
            values = [value for repair in own if repair.action == "missing" for value in repair.values]
            if values:
                repairs.append({"column": column, "action": "missing", "values": values})
            beyond = [list(repair.beyond) for repair in own if repair.beyond]
            repairs += [{"column": column, "action": "missing", "beyond": ends} for ends in beyond]
            if any(repair.action == "merged" for repair in own):
                repairs.append({"column": column, "action": "merged", "every": every})
    return repairs


def known_repairs(
    choices: Mapping[str, str | tuple[str, ...]], columns: Mapping[str, ColumnInfo]
) -> Mapping[str, str | tuple[str, ...]]:
    """``featurization.repairs``; SettingsError where it names a column that is no feature."""
    named = [(code, name) for code, choice in choices.items() if isinstance(choice, tuple) for name in choice]
    for code, name in named:
        if name not in columns:
            raise SettingsError(
                f"featurization.repairs: {code}: there is no column {name!r}{nearest(name, columns)}"
            )
    return choices
