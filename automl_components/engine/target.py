"""The target column: what may be learnt from it, its classes, and labels as codes and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from automl_components.core.errors import DataError, SettingsError
from automl_components.engine.tables import rows_where
from automl_components.guardrails import counted, listed

LEAST_ROWS = 10  # fewer rows with a target are refused
LARGEST = 1e150  # of a regression target; the squares of larger numbers leave float64, and so do errors
MOST_FRACTIONS = 20  # more distinct values than this, with fractions among them, are no classes
_LABELS = ("string", "integer", "boolean", "floating", "mixed-integer-float", "decimal")


def usable_target(target: pd.Series, task: str, table: str) -> pd.Series:
    """The target without missing values, as labels (classification) or as float64 numbers (regression).

    Parameters
    ----------
    target : Series
        Named, without missing values; its index holds the row numbers that messages name.
    task : str
        ``"classification"`` or ``"regression"``.
    table : str
        What a message calls the table, such as ``"training_data"``.

    Returns
    -------
    Series
        Classification: text, integers, booleans or floats in the dtype they came in (categories as their
        values). Regression: float64; numbers written as text are read where all of them can be.

    Raises
    ------
    DataError
        Where the values are neither; the message names the column, rows and the remedy.
    """
    where = f"target column {target.name!r} of {table}"
    if isinstance(target.dtype, pd.CategoricalDtype):
        target = target.astype(target.cat.categories.dtype)
    values = _labels(target, where) if task == "classification" else _numbers(target, where)
    if types.is_float_dtype(values.dtype):
        infinite = np.isinf(values.to_numpy(dtype=np.float64))
        if infinite.any():
            raise DataError(
                f"the {where} holds infinite values: {rows_where(infinite, values.index)}; "
                "correct them or leave those rows out"
            )
    return values


def _labels(target: pd.Series, where: str) -> pd.Series:
    kind = types.infer_dtype(target, skipna=True)
    if kind not in _LABELS:
        found = sorted({type(value).__name__ for value in target})
        raise DataError(
            f"the {where} holds values of type {', '.join(found)}, which cannot serve as classes; "
            "turn all of them into text or into whole numbers"
        )
    if types.is_object_dtype(target.dtype) and kind != "string":
        target = (
            pd.to_numeric(target) if kind in ("mixed-integer-float", "decimal") else target.infer_objects()
        )
    if types.is_float_dtype(target.dtype):
        distinct = target.unique()
        fractions = distinct[np.asarray(distinct, dtype=np.float64) % 1 != 0]
        if len(distinct) > MOST_FRACTIONS and len(fractions):
            raise DataError(
                f"the {where} holds {len(distinct):,} distinct numbers with fractions such as "
                f"{fractions[0]}: that looks like a quantity, so use task 'regression'; if they really are "
                "classes, turn them into text"
            )
    return target


def _numbers(target: pd.Series, where: str) -> pd.Series:
    if types.infer_dtype(target) == "boolean":
        raise DataError(f"the {where} holds true and false; use task 'classification', or make them numbers")
    if not types.is_numeric_dtype(target.dtype):
        readable = types.is_object_dtype(target.dtype) or types.is_string_dtype(target.dtype)
        numbers = pd.to_numeric(target if readable else target.astype(str), errors="coerce")
        wrong = numbers.isna().to_numpy()
        if wrong.any():
            raise DataError(
                f"the {where} must hold numbers for task 'regression', but "
                f"{counted(int(wrong.sum()), 'value')} of {len(target):,} cannot be read as one, such as "
                f"{str(target[wrong].iloc[0])!r}: {rows_where(wrong, target.index)}; "
                "correct them, or use task 'classification'"
            )
        target = numbers
    if types.is_complex_dtype(target.dtype):
        raise DataError(f"the {where} holds complex numbers; keep their real part or their absolute value")
    values = target.astype(np.float64)
    _check_squares(values, where)
    return values


def _check_squares(values: pd.Series, where: str) -> None:
    """Refuse numbers so large, or so close together, that squared errors are infinite, or all 0."""
    finite = values[np.isfinite(values)]
    wrong = finite.abs() > LARGEST
    if wrong.any():
        raise DataError(
            f"the {where} holds numbers too large for squared errors, such as {finite[wrong].iloc[0]:g}: "
            f"{rows_where(wrong.to_numpy(), finite.index)}; at most {LARGEST:g} is possible: correct them, or divide "
            "the target by a power of ten"
        )
    if 0 < finite.max() - finite.min() < 1 / LARGEST:
        raise DataError(
            f"the {where} holds numbers within {finite.max() - finite.min():g} of each other, too close for squared "
            "errors; multiply the target by a power of ten"
        )


def join_targets(first: pd.Series, second: pd.Series) -> pd.Series:
    """Targets of training and validation data, as :func:`usable_target` returned them, one after the other.

    Numbers of the second take the type of the first where that changes none of them, so that a missing label
    in one file does not turn 1 into 1.0. Text and numbers together are refused.
    """
    kinds = [types.infer_dtype(part) for part in (first, second)]
    numbers = [
        types.is_numeric_dtype(part.dtype) and kind != "boolean"
        for part, kind in zip((first, second), kinds, strict=True)
    ]
    if kinds[0] != kinds[1] and not all(numbers):
        raise DataError(
            f"target column {first.name!r} holds {kinds[0]} values in training_data and {kinds[1]} values in "
            "validation_data; write the labels in the same way in both"
        )
    if (
        first.dtype != second.dtype
        and all(numbers)
        and types.is_integer_dtype(first.dtype)
        and (second % 1 == 0).all()
    ):
        second = second.astype(first.dtype)
    return pd.concat([first, second], ignore_index=True)


def encode_target(target: pd.Series, task: str) -> tuple[np.ndarray, np.ndarray | None]:
    """What learners are given: ``(y, classes)``.

    Parameters
    ----------
    target : Series
        What :func:`usable_target` returned.

    Returns
    -------
    y : array of shape (rows,)
        Classification: int32 codes 0 .. C - 1; regression: float64.
    classes : array of shape (C,) or None
        The labels, sorted: text as ``<U``, else bool, integer or float as they came; None for regression.

    Raises
    ------
    DataError
        For a target that is constant, and where too few rows or classes are left to learn from.
    """
    if task == "regression":
        y = target.to_numpy(dtype=np.float64)
        _refuse_little(target, None)
        return y, None
    codes, labels = pd.factorize(target, sort=True)
    _refuse_little(target, np.bincount(codes, minlength=1))
    if types.is_string_dtype(labels.dtype):
        classes = np.array([str(label) for label in labels])
    else:
        numpy_dtype = getattr(
            labels.dtype, "numpy_dtype", labels.dtype
        )  # nullable and Arrow dtypes know theirs
        classes = labels.to_numpy(dtype=numpy_dtype)
    return codes.astype(np.int32), classes


def _refuse_little(target: pd.Series, counts: np.ndarray | None) -> None:
    where = f"target column {target.name!r} of training_data"
    if target.nunique() < 2:
        raise DataError(
            f"the {where} is constant: all {len(target):,} rows hold {listed(target.iloc[:1])}, so there is "
            "nothing to learn; check that it is the right column and that the rows were not filtered by it"
        )
    if len(target) < LEAST_ROWS:
        raise DataError(
            f"training_data has {counted(len(target), 'row')} with a target; at least {LEAST_ROWS} are needed"
        )
    if counts is not None and (counts >= 2).sum() < 2:
        remedy = "; for a number to be predicted use task 'regression'" if target.dtype.kind in "iuf" else ""
        raise DataError(
            f"the {where} holds {len(counts):,} classes in {len(target):,} rows, and fewer than two of them "
            "have two rows or more: nothing can be both learnt and validated; add rows, or merge rare "
            f"classes{remedy}"
        )


def encode_labels(labels: pd.Series, classes: np.ndarray) -> np.ndarray:
    """Codes of labels under known ``classes`` as int32; -1 for a label that is none of them, or missing."""
    if isinstance(labels.dtype, pd.CategoricalDtype):
        labels = labels.astype(labels.cat.categories.dtype)
    known = pd.Index(classes.astype(object)) if classes.dtype.kind == "b" else pd.Index(classes)
    values = labels.astype(object) if classes.dtype.kind == "b" else labels
    return known.get_indexer(pd.Index(values)).astype(np.int32)


def known_targets(column: pd.Series, classes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Which rows have a target that can be judged, and those targets.

    Parameters
    ----------
    column : Series of n values
    classes : array of C labels or None
        None for regression.

    Returns
    -------
    known : bool array of n values
        The target is there, and a class that is known.
    targets : array of known.sum() values
        int32 codes, or float64.
    """
    if classes is None:
        values = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
        return ~np.isnan(values), values[~np.isnan(values)]
    if classes.dtype.kind == "U" and not types.is_string_dtype(column.dropna()):
        column = column.map(str, na_action="ignore")  # labels that the model knows as text
    codes = encode_labels(column, classes)
    return codes >= 0, codes[codes >= 0]


def resolve_label(label: Any, classes: np.ndarray | None) -> Any:
    """The class that a ``positive_label`` from a job file means, as a Python value.

    A label matches a class that is equal, or that reads the same as text: ``"1"`` means 1.

    >>> resolve_label("1", np.array([0, 1]))
    1
    """
    if classes is None:
        raise SettingsError("positive_label is for classification; leave it out for task 'regression'")
    for value in classes.tolist():
        if value == label or str(value) == str(label) or _same_number(value, label):
            return value
    hint = "; YAML reads an unquoted yes or no as true or false: quote it" if isinstance(label, bool) else ""
    raise SettingsError(f"positive_label {label!r} is not among the classes {listed(classes)}{hint}")


def _same_number(value: Any, label: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return float(label) == value
    except (TypeError, ValueError):
        return False
