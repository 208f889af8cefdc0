"""Checks and small repairs of the given tables, before anything is learnt from them; and the guardrails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from automl_components.core.errors import DataError, SettingsError
from automl_components.engine import cells, dates
from automl_components.engine.columns import ColumnInfo, detect_purposes
from automl_components.engine.consequences import known_repairs
from automl_components.engine.folds import Splits, check_split_columns
from automl_components.engine.tables import (
    absent,
    append_rows,
    read_times,
    read_weights,
    same_columns,
    time_formats,
    with_text_names,
)
from automl_components.engine.target import (
    encode_labels,
    encode_target,
    join_targets,
    resolve_label,
    usable_target,
)
from automl_components.guardrails import GUARDRAILS, Facts, Finding, counted, listed
from automl_components.guardrails.facts import read_values
from automl_components.guardrails.findings import muted
from automl_components.guardrails.overlap import overlap

__all__ = ["Checked", "check_tables", "detect_columns", "facts_of", "overlap", "run_guardrails"]


@dataclass(frozen=True)
class Checked:
    """Tables that can be learnt from: n rows, first those of the training data, then of validation data.

    Attributes
    ----------
    frame : DataFrame of n rows
        The feature columns, named by text. The index, which ``target`` and ``split_columns`` share, holds
        the rows' numbers in the given tables: validation rows count on where the training data ends.
    target : Series of n values
        Labels in the dtype they came in (categories as their values); float64 for regression.
    y : array of n values
        int32 codes, or float64 for regression.
    classes : array of C labels or None
        What a code means, sorted; None for regression.
    positive_label : one of the classes, or None
        As a Python value.
    weights : float64 array of n values or None
        Finite, not negative, not all zero.
    groups : int64 array of n values or None
        Codes of the group column; rows without a group are one group of their own. The column is no feature.
    time : array of n values or None
        datetime64 or float64, none missing. The time column stays a feature.
    split_columns : DataFrame of n rows or None
        The columns of ``cv_split_column_names``: 1 = train, 0 = validate.
    validation : bool array of n values or None
        The rows that came from validation data.
    test : DataFrame or None
        The same feature columns of the test data.
    test_target, test_weights : Series, float64 array, or None
        None where the test data has no such column: then predictions only, or all rows weigh the same.
    dropped_rows : int
        Rows of training and validation data left out since their target was missing.
    notes : tuple of str
        Small repairs, and what was ignored; each one sentence.
    """

    frame: pd.DataFrame
    target: pd.Series
    y: np.ndarray
    classes: np.ndarray | None
    positive_label: Any = None
    weights: np.ndarray | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    split_columns: pd.DataFrame | None = None
    validation: np.ndarray | None = None
    test: pd.DataFrame | None = None
    test_target: pd.Series | None = None
    test_weights: np.ndarray | None = None
    dropped_rows: int = 0
    notes: tuple[str, ...] = ()

    @property
    def together(self) -> np.ndarray | None:
        """Codes of the rows that stay together in folds: of groups, or ranks in time."""
        return self.groups if self.time is None else np.unique(self.time, return_inverse=True)[1]

    def take(self, mask: np.ndarray) -> Checked:
        """The rows of a bool mask of n values; the test data stays."""
        by_row = ("frame", "target", "y", "weights", "groups", "time", "split_columns", "validation")
        taken = {key: part[mask] for key in by_row if (part := getattr(self, key)) is not None}
        return replace(self, **taken)


@dataclass(frozen=True)
class _Roles:
    """What is to be learnt, and which columns have a role beside being a feature."""

    task: str
    target: str
    weight: str | None
    group: str | None
    time: str | None
    splits: tuple[str, ...]

    def named(self) -> list[tuple[str, str]]:
        """Pairs of setting and column name."""
        pairs = [
            ("target_column_name", self.target),
            ("weight_column_name", self.weight),
            ("group_column_name", self.group),
            ("split_time_column_name", self.time),
            *(("cv_split_column_names", name) for name in self.splits),
        ]
        return [(setting, name) for setting, name in pairs if name is not None]

    def features(self, training: pd.DataFrame) -> list[str]:
        """The other columns, and that of the time; errors where a column is named twice or is not there."""
        seen: dict[str, str] = {}
        for setting, name in self.named():
            if name in seen:
                raise SettingsError(
                    f"column {name!r} is named by {seen[name]} and {setting}; name another one"
                )
            if name not in training.columns:
                raise DataError(f"{setting}: {absent(name, training.columns, 'training_data')}")
            seen[name] = setting
        features = [name for name in training.columns if name not in seen or name == self.time]
        if not features:
            raise DataError("training_data has no feature column, only columns with another role; add one")
        return features


@dataclass(frozen=True)
class _Part:
    """The rows of one table that have a target, read."""

    frame: pd.DataFrame
    target: pd.Series
    weights: np.ndarray | None
    groups: pd.Series | None
    time: np.ndarray | None
    split_columns: pd.DataFrame | None
    dropped: int


def check_tables(
    training: pd.DataFrame,
    validation: pd.DataFrame | None = None,
    test: pd.DataFrame | None = None,
    *,
    task: str,
    target_column_name: str,
    weight_column_name: str | None = None,
    positive_label: Any = None,
    split_column_names: Sequence[str] = (),
    group_column_name: str | None = None,
    split_time_column_name: str | None = None,
) -> Checked:
    """Settle rows, columns and the target, or say what is wrong with them.

    Rows without a target are left out and counted; column names become text; columns of validation and test
    data that the training data lacks are ignored. What cannot be learnt from is refused.

    Raises
    ------
    DataError
        For a table that is empty, lacks a column or has it twice; a target that is missing, constant,
        infinite or of the wrong kind; weights that are missing or negative; missing times; too few rows.
    SettingsError
        For a column with two roles, and for a ``positive_label`` that is no class.
    """
    roles = _Roles(
        task,
        target_column_name,
        weight_column_name,
        group_column_name,
        split_time_column_name,
        tuple(split_column_names),
    )
    notes: list[str] = []
    training = _named(training, "training_data", notes)
    features = roles.features(training)
    if validation is not None:
        if roles.splits:
            raise SettingsError(
                "give cv_split_column_names or validation_data, not both: each settles the split"
            )
        validation = _named(validation, "validation_data", notes)
    part, mask = _read_all(training, validation, roles, features, notes)
    y, classes = encode_target(part.target, task)
    checked = Checked(
        part.frame,
        part.target,
        y,
        classes,
        None if positive_label is None else resolve_label(positive_label, classes),
        part.weights,
        _group_codes(part.groups, notes),
        part.time,
        part.split_columns,
        mask,
        dropped_rows=part.dropped,
    )
    if test is not None:
        checked = _with_test(checked, _named(test, "test_data", notes), roles, notes)
    return replace(checked, notes=tuple(notes))


def run_guardrails(facts: Facts, mute: Mapping[str, str] | None = None) -> list[Finding]:
    """What every guardrail of the catalog that applies has to say, in the order of the report.

    ``mute`` maps codes to the reasons under which their findings are marked as muted.
    """
    findings = (guardrail.finding(facts) for guardrail in GUARDRAILS.values())
    return muted([finding for finding in findings if finding is not None], mute or {})


def detect_columns(
    frame: pd.DataFrame, declared: Mapping[str, str], dropped: Sequence[str] = ()
) -> dict[str, ColumnInfo]:
    """What each feature column is taken for; those that the user drops are of no concern to a guardrail."""
    found = detect_purposes(frame.drop(columns=list(dropped), errors="ignore"), declared)
    return {str(name): found.get(str(name), ColumnInfo("Ignore", "in drop_columns")) for name in frame}


def facts_of(
    checked: Checked,
    splits: Splits,
    columns: Mapping[str, ColumnInfo],
    *,
    test: pd.DataFrame | None = None,
    featurize: bool = True,
    repairs: Mapping[str, str | tuple[str, ...]] | None = None,
    memory_bytes: int = 0,
    target_name: str = "target",
) -> Facts:
    """The facts that guardrails look at.

    Parameters
    ----------
    checked : Checked
        Without the rows that were cut off for the test.
    splits : Splits
        Of these rows.
    columns : mapping of column to ColumnInfo
        What each feature column is taken for, and how it is read.
    test : DataFrame or None
        The feature columns of the rows cut off for the test; test data that was given is in ``checked``.
    featurize : bool
        Whether ``featurization.mode`` is not ``"off"``.
    repairs : mapping
        ``featurization.repairs``; a column that is no feature is a SettingsError.
    memory_bytes : int
        Memory of the machine or container, 0 where unknown.
    target_name : str
        Name of the target column.
    """

    def read(column: pd.Series, purpose: str) -> np.ndarray:
        info = columns.get(str(column.name))
        if info is None or info.purpose != purpose:
            return read_values(column, purpose)
        if purpose == "Numeric":
            return cells.to_numbers(column, info.decimal, info.unit).to_numpy()
        if purpose == "Boolean":
            return cells.to_truth(column).to_numpy(dtype=np.float64, na_value=np.nan)
        if purpose == "DateTime":
            return read_values(dates.to_dates(column, info.formats, info.timezone), purpose)
        return read_values(column, purpose)

    return Facts(
        frame=checked.frame,
        target=checked.target,
        task="regression" if checked.classes is None else "classification",
        purposes={name: info.purpose for name, info in columns.items()},
        splits=splits.to_dict(test_rows=0 if test is None else len(test)),
        sides=splits.matrix,
        dropped_rows=checked.dropped_rows,
        featurize=featurize,
        validation=None if checked.validation is None else checked.frame[checked.validation],
        test=checked.test if test is None else test,
        weights=checked.weights,
        groups=checked.groups,
        times=checked.time,
        target_name=target_name,
        memory_bytes=memory_bytes,
        notes=checked.notes,
        repairs=known_repairs(repairs or {}, columns),
        read=read,
    )


def _named(table: pd.DataFrame, called: str, notes: list[str]) -> pd.DataFrame:
    table, renamed = with_text_names(table, called)
    if renamed:
        notes.append(f"names of columns of {called} that were not text were made text: {listed(renamed)}")
    return table


def _read_all(
    training: pd.DataFrame,
    validation: pd.DataFrame | None,
    roles: _Roles,
    features: list[str],
    notes: list[str],
) -> tuple[_Part, np.ndarray | None]:
    """All rows with a target, and the mask of those from validation data."""
    needed = list(dict.fromkeys([*features, *(name for _, name in roles.named())]))
    tables = {"training_data": training}
    if validation is not None:
        tables["validation_data"], others = same_columns(validation, needed, "validation_data")
        _note_ignored(others, "validation_data", notes)
    formats = time_formats(*(table[roles.time] for table in tables.values())) if roles.time else ()
    parts = [_read(table[needed], called, roles, features, formats) for called, table in tables.items()]
    if len(parts) == 1:
        return parts[0], None
    encode_target(parts[0].target, roles.task)  # the training rows alone must be enough to learn from
    part = _joined(*parts, len(training))
    return part, np.arange(len(part.frame)) >= len(parts[0].frame)


def _note_ignored(names: list[str], called: str, notes: list[str]) -> None:
    if names:
        notes.append(f"columns of {called} that training_data lacks were ignored: {listed(names)}")


def _read(
    table: pd.DataFrame, called: str, roles: _Roles, features: list[str], formats: tuple[str, ...]
) -> _Part:
    missing = table[roles.target].isna().to_numpy()
    if missing.all():
        raise DataError(
            f"the target column {roles.target!r} of {called} is empty: no row of {len(table):,} has a value"
        )
    if missing.any():
        table = table[~missing]
    if roles.splits:
        check_split_columns(table[list(roles.splits)])
    return _Part(
        table[features],
        usable_target(table[roles.target], roles.task, called),
        None if roles.weight is None else read_weights(table[roles.weight], called),
        None if roles.group is None else table[roles.group],
        None if roles.time is None else read_times(table[roles.time], called, formats),
        table[list(roles.splits)] if roles.splits else None,
        int(missing.sum()),
    )


def _joined(first: _Part, second: _Part, offset: int) -> _Part:
    def stack(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
        return None if a is None or b is None else np.concatenate([a, b])

    if first.time is not None and second.time is not None and first.time.dtype.kind != second.time.dtype.kind:
        raise DataError(
            "the time column holds dates in one and numbers in the other of training_data and validation_data"
        )
    groups = None
    if first.groups is not None and second.groups is not None:
        groups = append_rows(first.groups.to_frame(), second.groups.to_frame()).iloc[:, 0]
    numbers = first.frame.index.append(second.frame.index + offset)
    return _Part(
        append_rows(first.frame, second.frame).set_axis(numbers, axis=0),
        join_targets(first.target, second.target).set_axis(numbers),
        stack(first.weights, second.weights),
        groups,
        stack(first.time, second.time),
        None,
        first.dropped + second.dropped,
    )


def _group_codes(groups: pd.Series | None, notes: list[str]) -> np.ndarray | None:
    if groups is None:
        return None
    codes = pd.factorize(groups)[0].astype(np.int64)
    nameless = codes < 0
    if nameless.any():
        codes[nameless] = codes.max() + 1
        notes.append(
            f"{counted(int(nameless.sum()), 'row')} without a value in the group column {groups.name!r} "
            "were kept together as one group"
        )
    return codes


def _with_test(checked: Checked, test: pd.DataFrame, roles: _Roles, notes: list[str]) -> Checked:
    """Test data needs the features; target and weights are read where it has them."""
    known = {name for _, name in roles.named()}
    frame, others = same_columns(test, list(checked.frame.columns), "test_data")
    _note_ignored([name for name in others if name not in known], "test_data", notes)
    target = test[roles.target] if roles.target in test.columns else None
    if target is None or target.isna().all():
        notes.append("test_data has no target, so the test holds predictions only")
        return replace(checked, test=frame)
    missing = target.isna().to_numpy()
    if missing.any():
        notes.append(f"{counted(int(missing.sum()), 'row')} of test_data without a target were left out")
    target = usable_target(target[~missing], roles.task, "test_data")
    if checked.classes is not None:
        unknown = encode_labels(target, checked.classes) < 0
        if unknown.any():
            notes.append(
                f"{counted(int(unknown.sum()), 'row')} of test_data have a class that training_data lacks: "
                f"{listed(target[unknown].unique())}"
            )
    weights = None
    if roles.weight in test.columns:
        weights = read_weights(test[roles.weight][~missing], "test_data")
    return replace(checked, test=frame[~missing], test_target=target, test_weights=weights)
