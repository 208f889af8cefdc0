"""Data sets to compare on: some that come with installed packages, and any folder in a plain layout.

A folder holds ``train.parquet``, ``test.parquet`` and ``meta.json`` with at least ``target`` and ``task``
(``binary``, ``multiclass`` or ``regression``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

BUILT_IN = ("breast_cancer", "digits", "diabetes", "wine", "penguins")
KINDS = ("binary", "multiclass", "regression")
TEST_SHARE = 0.3


@dataclass(frozen=True)
class Table:
    """One data set, split. The target of classification holds codes from 0, in the order of the labels."""

    name: str
    kind: str
    target: str
    train: pd.DataFrame
    test: pd.DataFrame
    classes: int

    @property
    def truth(self) -> np.ndarray:
        """The target of the test rows."""
        return self.test[self.target].to_numpy()


def read(where: str, seed: int) -> Table:
    """A built-in set, split by the seed, or a folder's, split as it is.

    Raises
    ------
    ValueError
        It is neither, or its task is none that can be compared here; the message says what would do.
    """
    if where in BUILT_IN:
        return _table(where, *_built_in(where, seed))
    file = Path(where) / "meta.json"
    if not file.is_file():
        raise ValueError(
            f"{where!r} is neither a built-in data set ({', '.join(BUILT_IN)}) nor a folder with a meta.json"
        )
    meta = json.loads(file.read_text())
    if meta.get("task") not in KINDS:
        raise ValueError(f"{file}: task {meta.get('task')!r} cannot be compared, only {', '.join(KINDS)}")
    parts = [pd.read_parquet(file.with_name(f"{part}.parquet")) for part in ("train", "test")]
    for name, part in zip(("train", "test"), parts, strict=True):
        if meta.get("target") not in part:
            raise ValueError(f"{file}: {name}.parquet has no column {meta.get('target')!r}, the target")
    return _table(file.resolve().parent.name, meta["task"], meta["target"], *parts)


def _built_in(name: str, seed: int) -> tuple[str, str, pd.DataFrame, pd.DataFrame]:
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    if name == "penguins":
        from automl_components.demo import penguins_table

        frame, target = pd.read_csv(penguins_table()), "species"
    else:
        frame, target = getattr(datasets, f"load_{name}")(as_frame=True).frame, "target"
    kind = {"diabetes": "regression", "breast_cancer": "binary"}.get(name, "multiclass")
    labels = None if kind == "regression" else frame[target]
    train, test = train_test_split(frame, test_size=TEST_SHARE, random_state=seed, stratify=labels)
    return kind, target, train.reset_index(drop=True), test.reset_index(drop=True)


def _table(name: str, kind: str, target: str, train: pd.DataFrame, test: pd.DataFrame) -> Table:
    parts = (train, test)
    if missing := sum(int(part[target].isna().sum()) for part in parts):
        raise ValueError(f"{name}: the target {target!r} is missing in {missing} rows: leave them out")
    if kind == "regression":
        return Table(name, kind, target, *parts, 0)
    labels = pd.Index(sorted({*train[target], *test[target]}))
    train, test = (part.assign(**{target: labels.get_indexer(part[target])}) for part in parts)
    return Table(name, kind, target, train, test, len(labels))
