"""The catalog of column transformers, one file each: read columns in, numbers out, no label needed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

from automl_components.core.catalog import Catalog
from automl_components.core.errors import SettingsError, nearest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

Kind = Literal["column", "numeric", "codes", "sparse"]
Reads = Literal["numbers", "labels", "dates", "gaps", "ngrams"]

LABEL_AWARE = frozenset(["text_target_encoder", "cat_target_encoder", "wo_e_target_encoder", "naive_bayes"])
"""Azure's names of transformers that look at the target: learners fit them inside each fold (engine.encodings)."""


class Fitted:
    """Base of what a fitted model keeps: its plain attributes are saved as one text, the others as they are.

    skops writes a record for every string of a list, some 200 bytes each: seconds and megabytes for a
    vocabulary of thousands. Attributes named with an underscore are caches and are not saved.
    """

    def __getstate__(self) -> dict[str, Any]:
        kept = {key: value for key, value in vars(self).items() if not key.startswith("_")}
        plain = {key: value for key, value in kept.items() if _is_plain(value)}
        return {"plain": json.dumps(plain)} | {k: v for k, v in kept.items() if k not in plain}

    def __setstate__(self, state: dict[str, Any]) -> None:
        others = {key: value for key, value in state.items() if key != "plain"}
        vars(self).update(json.loads(state["plain"]), **others)


def _is_plain(value: Any) -> bool:
    """Whether JSON gives the value back exactly, its types included."""
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    return type(value) in (str, int, float, bool, type(None))


class ColumnTransformer(Protocol):
    """What an entry builds: fitted on one column, it turns that column into numbers for ever after.

    The column comes read (engine.cells, engine.dates): float64 without infinities, a categorical of texts, or
    naive datetime64[us]. Only plain attributes (numbers, strings, lists, arrays, dicts, scikit-learn
    estimators), so that a fitted one can be saved by skops.
    """

    names: list[str]
    """Engineered names, known after ``fit``; none where the column has nothing for this transformer."""

    def fit(self, column: pd.Series) -> ColumnTransformer:
        """Learn what is needed (levels, means, vocabulary) from the training rows."""
        ...

    def transform(self, column: pd.Series) -> np.ndarray | csr_matrix:
        """Array (rows, len(names)): float32, int32 codes or a float32 csr_matrix, by the entry's kind."""
        ...


class BlockTransformer(Protocol):
    """What an entry with ``block`` builds: the same for any number of columns at once, each for itself.

    The columns come as a DataFrame of float64, or of one column of another sort.
    """

    names: list[str]
    """Engineered names, known after ``fit``; some of the columns may have nothing for this transformer."""

    @property
    def sources(self) -> list[list[str]]:
        """For each engineered name the column it comes from."""
        ...

    def fit(self, columns: pd.DataFrame) -> BlockTransformer:
        """Learn what is needed from the training rows."""
        ...

    def transform(self, columns: pd.DataFrame) -> np.ndarray | pd.DataFrame:
        """float32 array (rows, len(names)).

        An entry of kind ``"column"`` gives back columns of the same sort, for the next transformer; its ``keep`` takes
        the names of the columns that are still there.
        """
        ...

    def learned(self, at: int) -> dict[str, Any]:
        """What was learned of one of the columns, by its position; for people."""
        ...


@dataclass(frozen=True)
class Transformer:
    """One entry of the catalog.

    Attributes
    ----------
    name : str
        Azure's name in snake case where it has one (``"one_hot_encoder"``, ``"count_vectorizer"``, ...); this
        is what ``blocked_transformers`` and ``transformer_params`` take.
    title : str
        What the transparency table prints, such as ``"ImputationMarker"``.
    kind : str
        The block of the feature matrix its numbers go to; ``"column"`` for a repair before the others.
    reads : str
        How its column is read: ``"numbers"``, ``"labels"`` or ``"dates"``; ``"gaps"`` takes any of them, as
        it was before repairs; ``"ngrams"`` takes the sparse block that the same column gave just before; an
        imputer (kind ``"column"``) takes any of the first three too and says so by ``accepts``.
    build : callable (**parameters) -> ColumnTransformer
        Makes an unfitted transformer; a parameter out of range is a SettingsError.
    keeps_missing : bool
        Whether a missing value stays NaN (trees learn from it); else every number is finite.
    block : bool
        Whether it takes a DataFrame of columns that are read alike, each for itself, see :class:`BlockTransformer`.
    joint : bool
        Whether it takes several columns that are read alike at once, as a DataFrame. Fitted, it has
        ``sources`` beside ``names``: for each feature the columns it comes from.
    """

    name: str
    title: str
    kind: Kind
    reads: Reads
    build: Callable[..., Any]
    keeps_missing: bool = False
    block: bool = False
    joint: bool = False
    rank: int = 100

    def make(self, parameters: Mapping[str, Any] | None = None) -> Any:
        """An unfitted transformer; SettingsError for an unknown parameter or a value that it cannot take."""
        known = _parameters(self.build)
        for key in parameters or {}:
            if key not in known:
                raise SettingsError(
                    f"transformer {self.name!r} has no parameter {key!r}{nearest(key, known)}"
                )
        return self.build(**(parameters or {}))


@cache
def _parameters(build: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(build).parameters)


TRANSFORMERS: Catalog[Transformer] = Catalog("automl_components.transformers", Transformer, "transformer")


def transformer_name(name: str) -> str:
    """The catalog's spelling of a name in any casing, also of those that learners fit; SettingsError when unknown.

    >>> transformer_name("TfIdf"), transformer_name("HashOneHotEncoder"), transformer_name("WoETargetEncoder")
    ('tf_idf', 'hash_one_hot_encoder', 'wo_e_target_encoder')
    """
    known = {entry.replace("_", ""): entry for entry in (*TRANSFORMERS, *LABEL_AWARE)}
    found = known.get(str(name).replace("_", "").replace("-", "").lower())
    if found is None:
        raise SettingsError(f"unknown transformer {name!r}{nearest(str(name), known.values())}")
    return found


def check_count(name: str, key: str, value: int, least: int = 1) -> int:
    """The value; SettingsError unless it is a whole number, not below ``least``."""
    if type(value) is not int or value < least:
        raise SettingsError(f"{name}: {key} is a whole number of {least} or more, not {value!r}")
    return value
