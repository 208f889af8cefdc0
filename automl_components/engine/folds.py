"""Which rows train and which validate: every rule of the splits, settled once as one small matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from automl_components.core.errors import DataError, SettingsError
from automl_components.engine.draws import deal, draw, share_of, spread_groups, windows
from automl_components.engine.tables import rows_where
from automl_components.guardrails import counted, listed

AZURE = ((999, 10, "fewer than 1,000 rows"), (20_000, 3, "1,000 to 20,000 rows"))
"""Azure's rule: rows up to which there are so many folds, and how it is told; above, one split. Azure's documents
disagree about exactly 20,000, the newest says cross-validation."""
OURS = (
    (999, 10, "fewer than 1,000 rows"),
    (40_000, 5, "1,000 to 40,000 rows"),
    (60_000, 3, "40,000 to 60,000 rows"),
)
"""Our rule: more folds where rows are few, since the model keeps the learners of all of them."""
WIDE = 10_000_000
"""Cells above which there are three folds at most."""
HOLDOUT_SIZE, HOLDOUT_ROWS = 0.1, 50_000
"""Share of the rows in one split's validation part (Azure's), and how many are enough by our rule."""


@dataclass(frozen=True)
class Splits:
    """The splits of n rows.

    Attributes
    ----------
    matrix : int8 array, shape (n, number of splits)
        1 = the row trains, 0 = it validates, -1 = it does neither (time-ordered splits only).
    kind : str
        ``"k_fold"``, ``"monte_carlo"``, ``"holdout"``, ``"rolling_origin"``, ``"given"`` (validation data) or
        ``"custom"`` (split columns).
    reason : str
        One sentence: what was done and why.
    names : tuple of str
        One name a split.
    auto : bool
        Whether nothing was asked for, so that the number of rows decided.
    notes : tuple of str
        Sentences on wishes that the data could not meet, such as fewer folds.
    """

    matrix: np.ndarray
    kind: str
    reason: str
    names: tuple[str, ...]
    auto: bool = False
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of splits."""
        return int(self.matrix.shape[1])

    def train(self, split: int) -> np.ndarray:
        """Positions of the rows that train in ``split``."""
        return np.flatnonzero(self.matrix[:, split] == 1)

    def validation(self, split: int) -> np.ndarray:
        """Positions of the rows that validate in ``split``."""
        return np.flatnonzero(self.matrix[:, split] == 0)

    def to_dict(self, test_rows: int = 0) -> dict[str, Any]:
        """What ``guardrails.Facts.splits`` holds, as JSON values."""
        return {
            "kind": self.kind,
            "count": self.count,
            "reason": self.reason,
            "names": list(self.names),
            "auto": self.auto,
            "notes": list(self.notes),
            "train_rows": (self.matrix == 1).sum(axis=0).tolist(),
            "validation_rows": (self.matrix == 0).sum(axis=0).tolist(),
            "test_rows": int(test_rows),
        }


@dataclass(frozen=True)
class _Rows:
    """What splits look at: class codes (zeros for regression), and group codes or time ranks where given."""

    strata: np.ndarray
    groups: np.ndarray | None
    time: np.ndarray | None
    classification: bool

    @classmethod
    def of(cls, target: Any, task: str, groups: Any, time_order: Any) -> _Rows:
        """The codes of what the caller gave."""
        if groups is not None and time_order is not None:
            raise SettingsError(
                "group_column_name and split_time_column_name are both given; rows are held out either by "
                "group or by time: name one of them"
            )
        classification = task == "classification"
        strata = (
            pd.factorize(np.asarray(target), sort=True)[0] if classification else np.zeros(len(target), int)
        )
        return cls(
            strata.astype(np.int64), _codes(groups, "group"), _codes(time_order, "time"), classification
        )

    def __len__(self) -> int:
        return len(self.strata)

    def take(self, rows: np.ndarray) -> _Rows:
        """The rows at these positions."""
        groups, time = (None if v is None else _codes(v[rows], "value") for v in (self.groups, self.time))
        return _Rows(self.strata[rows], groups, time, self.classification)

    def refuse_one_value(self) -> None:
        """Groups or times must differ, or nothing can be held out by them."""
        for name, values in (("group_column_name", self.groups), ("split_time_column_name", self.time)):
            if values is not None and values.max() == 0:
                raise DataError(
                    f"the column of {name} holds one value only, so no rows can be held out by it"
                )

    @property
    def manner(self) -> str:
        """How rows come to their side, in words."""
        if self.time is not None:
            return "each split validates on rows later than those it trains on"
        if self.groups is not None:
            return "the rows of a group stay together"
        return "stratified by class" if self.classification else "rows drawn at random"


def _codes(values: Any, noun: str) -> np.ndarray | None:
    """Dense codes in the order of the values."""
    if values is None:
        return None
    codes = pd.factorize(np.asarray(values), sort=True)[0]
    if (codes < 0).any():
        raise DataError(
            f"{counted(int((codes < 0).sum()), 'row')} have no {noun}; fill them in or leave them out"
        )
    return codes.astype(np.int64)


def make_splits(
    target: Any,
    *,
    task: str,
    n_cross_validations: int | str | None = None,
    validation_data_size: float | None = None,
    split_columns: pd.DataFrame | None = None,
    groups: Any = None,
    time_order: Any = None,
    validation_rows: np.ndarray | None = None,
    rule: str = "auto",
    columns: int = 1,
    seed: int = 0,
) -> Splits:
    """Settle which rows train and which validate.

    With neither folds nor a size the number of rows n decides. By our rule (``"auto"``): n < 1,000 ten folds, up to
    40,000 five, up to 60,000 three (and never more than three above ten million cells), otherwise one split with
    10 % for validation, at most 50,000 rows. By Azure's: n < 1,000 ten folds, up to 20,000 three, otherwise one
    split with 10 %. Folds alone are k-fold, a size alone is one
    holdout, both are Monte Carlo cross-validation. A share of n rows is ``floor(share * n + 1/2)`` rows, at
    least one and at most n - 1; with groups it is as near to that as whole groups allow.

    Parameters
    ----------
    target : array of n labels or numbers
        Without missing values. Splits are stratified by it for classification: every training part holds
        every class that has two rows or more, unless groups or time forbid it.
    task : str
        ``"classification"`` or ``"regression"``.
    n_cross_validations : int >= 2, "auto" or None
        ``"auto"`` is the same as None.
    validation_data_size : float in (0, 1) or None
        Share of the rows that validate.
    split_columns : DataFrame of n rows or None
        Each column is one split, 1 = train, 0 = validate (Azure's ``cv_split_column_names``).
    groups : array of n values or None
        Rows of one group are never on both sides of a split.
    time_order : array of n sortable values or None
        Training rows come strictly before the validation rows: folds become windows of equal size at
        successive origins (forward chaining), a size becomes the size of a window, a holdout the last rows.
    validation_rows : bool array of n values or None
        Rows that came from validation data: one given split.
    rule : str
        ``"auto"`` or ``"azure"``: what decides where nothing is asked for.
    columns : int
        Number of feature columns.
    seed : int
        Same seed, same splits.

    Raises
    ------
    SettingsError
        For settings out of range, or that contradict each other.
    DataError
        Where the rows allow no split with rows, and for classification two classes, to train on.
    """
    folds = _checked_folds(n_cross_validations, validation_data_size)
    size = (
        None if validation_data_size is None else _checked_size("validation_data_size", validation_data_size)
    )
    _refuse_contradictions(folds, size, split_columns, groups, time_order, validation_rows)
    rows = _Rows.of(target, task, groups, time_order)
    if len(rows) < 2:
        raise DataError(f"{counted(len(rows), 'row')} cannot be split into training and validation rows")
    if validation_rows is not None:
        splits = _given(rows, np.asarray(validation_rows, dtype=bool))
    elif split_columns is not None:
        splits = _custom(split_columns)
    else:
        splits = _decided(
            rows,
            folds,
            size,
            _by_size(len(rows), columns, rule),
            np.random.default_rng(seed),
        )
    return _learnable(splits, rows)


def split_test(
    target: Any,
    *,
    task: str,
    size: float,
    groups: Any = None,
    time_order: Any = None,
    validation_rows: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The rows that are cut off for the test before anything else is split, as a bool array of n values.

    The share ``size`` in (0, 1) is rounded as :func:`make_splits` does. Classification is stratified, groups
    stay whole, with a time order the test rows are the last. ``validation_rows`` (bool, n values) are never
    cut, and ``size`` is a share of the others.
    """
    share = _checked_size("test_data_size", size)
    rows = _Rows.of(target, task, groups, time_order)
    mask = np.zeros(len(rows), dtype=bool)
    positions = (
        np.arange(len(rows)) if validation_rows is None else np.flatnonzero(~np.asarray(validation_rows))
    )
    if len(positions) < 2:
        raise DataError(
            f"{counted(len(positions), 'training row')} cannot be split into training and test rows"
        )
    part = rows.take(positions)
    part.refuse_one_value()
    # another stream than the validation splits draw from, so that the two are independent
    rng = np.random.default_rng((seed, 1))
    test = _holdout(part, share, rng) if part.time is None else windows(part.time, 1, share)[:, 0] == 0
    mask[positions[test]] = True
    return mask


def _checked_size(name: str, size: float) -> float:
    if isinstance(size, bool) or not isinstance(size, (int, float, np.number)) or not 0 < size < 1:
        raise SettingsError(
            f"{name} is {size!r}; it is a share of the rows, between 0 and 1 and neither of them"
        )
    return float(size)


def _checked_folds(folds: int | str | None, size: float | None) -> int | None:
    if folds is None or folds == "auto":
        return None
    least = 2 if size is None else 1
    if isinstance(folds, bool) or not isinstance(folds, (int, np.integer)) or folds < least:
        raise SettingsError(
            f"n_cross_validations is {folds!r}; it is 'auto' or a whole number of {least} or more"
            + ("; for a single split give validation_data_size" if folds == 1 else "")
        )
    return int(folds)


def _refuse_contradictions(
    folds: int | None, size: float | None, columns: Any, groups: Any, time: Any, validation: Any
) -> None:
    wishes = {
        "n_cross_validations": folds,
        "validation_data_size": size,
        "cv_split_column_names": columns,
        "group_column_name": groups,
        "split_time_column_name": time,
    }
    named = [name for name, value in wishes.items() if value is not None]
    if validation is not None:
        against = [name for name in named if name not in ("group_column_name", "split_time_column_name")]
        owner = "validation_data"
    elif columns is not None:
        against, owner = [name for name in named if name != "cv_split_column_names"], "cv_split_column_names"
    else:
        return
    if against:
        raise SettingsError(
            f"{owner} already settles the split: leave out {' and '.join(against)}, or {owner}"
        )


def _by_size(n: int, columns: int, rule: str) -> tuple[int | None, float | None, str]:
    """Folds or the size of one split, and why, where nothing is asked for."""
    if rule not in ("auto", "azure"):
        raise SettingsError(f"split_rule is {rule!r}; it is 'auto' or 'azure'")
    found = next((line for line in (OURS if rule == "auto" else AZURE) if n <= line[0]), None)
    by = "" if rule == "auto" else ", by Azure's rule"
    if found is None:
        enough = min(HOLDOUT_SIZE, HOLDOUT_ROWS / n) if rule == "auto" else HOLDOUT_SIZE
        last = (OURS if rule == "auto" else AZURE)[-1][0]
        return None, enough, f"since there are more than {last:,} rows ({n:,}){by}"
    _, folds, words = found
    if rule == "auto" and n * columns > WIDE and folds > 3:
        return 3, None, f"since there are more than {WIDE:,} cells"
    return folds, None, f"since there are {words} ({n:,}){by}"


def _decided(
    rows: _Rows,
    folds: int | None,
    size: float | None,
    default: tuple[int | None, float | None, str],
    rng: np.random.Generator,
) -> Splits:
    rows.refuse_one_value()
    why, auto = "as asked", folds is None and size is None
    if auto:
        folds, size, why = default
    if rows.time is not None:
        matrix, noun, kind = windows(rows.time, folds or 1, size), "window", "rolling_origin"
    elif size is None:
        matrix, noun, kind = _k_fold(rows, folds or 2, rng), "fold", "k_fold"
    else:
        drawn = np.column_stack([_holdout(rows, size, rng) for _ in range(folds or 1)])
        matrix, noun, kind = (~drawn).astype(np.int8), "repeat", "monte_carlo"
    count = matrix.shape[1]
    shares = "" if size is None else f" with {100 * size:.4g} % of the rows for validation"
    if folds is None:
        kind, what, names = "holdout", f"one split{shares}", ["holdout"]
    else:
        what = f"{counted(count, noun)}{shares}"
        names = [f"{noun}_{number}" for number in range(1, count + 1)]
    notes: tuple[str, ...] = ()
    if folds is not None and count < folds:
        units = {"fold": "rows" if rows.groups is None else "groups", "window": "points in time"}[noun]
        notes = (f"{counted(folds, noun)} were wanted; the number of {units} allows {count}",)
    reason = f"{what}, {why}; {rows.manner}"
    return Splits(matrix, kind, "; ".join((reason, *notes)), tuple(names), auto, notes)


def _k_fold(rows: _Rows, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Every row validates once; fewer folds where there are fewer rows or groups than folds."""
    if rows.groups is None:
        folds = min(folds, len(rows))
        part = deal(rows.strata, folds, rng)
    else:
        folds = min(folds, int(rows.groups.max()) + 1)
        part = spread_groups(rows.groups, rows.strata, np.full(folds, 1 / folds), rng, largest_first=True)
    return (part[:, None] != np.arange(folds)).astype(np.int8)


def _holdout(rows: _Rows, size: float, rng: np.random.Generator) -> np.ndarray:
    """One random share of the rows, as a bool mask."""
    if rows.groups is None:
        return draw(rows.strata, share_of(size, len(rows)), rng)
    return spread_groups(rows.groups, rows.strata, np.array([size, 1 - size]), rng) == 0


def _given(rows: _Rows, validation: np.ndarray) -> Splits:
    if validation.all() or not validation.any():
        raise DataError("training_data and validation_data both need rows with a target")
    train, valid = int((~validation).sum()), int(validation.sum())
    notes = []
    if rows.groups is not None:
        shared = np.intersect1d(rows.groups[validation], rows.groups[~validation])
        if len(shared):
            notes.append(f"groups with rows both in training_data and in validation_data: {len(shared):,}")
    if rows.time is not None and rows.time[validation].min() <= rows.time[~validation].max():
        notes.append("validation_data begins before training_data ends")
    reason = f"validation_data was given: {train:,} rows train, {valid:,} validate"
    matrix = (~validation).astype(np.int8)[:, None]
    return Splits(matrix, "given", "; ".join((reason, *notes)), ("validation_data",), False, tuple(notes))


def check_split_columns(columns: pd.DataFrame) -> None:
    """Refuse split columns with other values than 1 and 0, or with rows on one side only.

    Row numbers in messages are those of the index.
    """
    if not columns.shape[1]:
        raise SettingsError("cv_split_column_names is empty; name at least one column, or leave it out")
    for name in columns:
        column = columns[name]
        wrong = ~column.isin([0, 1]).to_numpy()  # also true and false, 0.0 and 1.0
        if wrong.any():
            raise DataError(
                f"split column {name!r} holds {listed(column[wrong].iloc[:1])}: "
                f"{rows_where(wrong, columns.index)}; it must hold 1 where a row trains, 0 where it validates"
            )
        if column.nunique() < 2:
            side = "training" if column.iloc[0] == 0 else "validation"
            raise DataError(f"split column {name!r} leaves no {side} rows; it needs both ones and zeros")


def _custom(columns: pd.DataFrame) -> Splits:
    check_split_columns(columns)
    names = tuple(str(name) for name in columns)
    reason = f"{counted(len(names), 'split')} from the columns {listed(names)}"
    return Splits(columns.astype(np.int8).to_numpy(), "custom", reason, names)


def _learnable(splits: Splits, rows: _Rows) -> Splits:
    """The splits whose training rows hold two classes: no classifier learns from one."""
    if not rows.classification:
        return splits
    keep = np.array([(np.bincount(rows.strata[splits.train(j)]) > 0).sum() > 1 for j in range(splits.count)])
    if keep.all():
        return splits
    lost = [name for name, kept in zip(splits.names, keep, strict=True) if not kept]
    if not keep.any() or splits.kind in ("given", "custom"):
        raise DataError(
            f"all training rows of the split {listed(lost)} have the same class, and nothing can be learnt "
            "from that; use more rows, or split by other groups, times or columns"
        )
    note = f"left out, since their training rows all have the same class: {listed(lost)}"
    return replace(
        splits,
        matrix=splits.matrix[:, keep],
        names=tuple(name for name, kept in zip(splits.names, keep, strict=True) if kept),
        reason=f"{splits.reason}; {note}",
        notes=(*splits.notes, note),
    )
