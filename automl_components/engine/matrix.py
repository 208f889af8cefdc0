"""Typed, label-free features as arrays: what every learner is fed, and what trial processes share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class FeatureSchema:
    """Names and kinds of the columns of a :class:`FeatureMatrix`.

    Attributes
    ----------
    numeric : tuple of str
        Engineered names of the numeric columns.
    codes : tuple of str
        Names of the category columns.
    levels : tuple of int
        Number of known levels of each category column.
    sparse : tuple of str
        Names of the sparse columns (n-grams, hashed categories).
    """

    numeric: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    sparse: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All engineered names, in the order numeric, codes, sparse."""
        return (*self.numeric, *self.codes, *self.sparse)

    def to_dict(self) -> dict[str, Any]:
        """The schema as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FeatureSchema:
        """The inverse of :meth:`to_dict`."""
        return cls(**{key: tuple(value) for key, value in values.items()})

    def __getstate__(self) -> dict[str, str]:
        # as one text: skops would write a record of its own for every name, and texts have thousands
        return {"json": json.dumps(self.to_dict())}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.__dict__.update(vars(self.from_dict(json.loads(state["json"]))))


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of n rows.

    Attributes
    ----------
    numeric : float32 array, shape (n, len(schema.numeric))
        NaN where missing; never infinite.
    codes : int32 array, shape (n, len(schema.codes))
        Category codes 0 .. levels - 1; -1 where missing or not seen in training.
    sparse : csr_matrix of float32, shape (n, len(schema.sparse)), or None
        Only present when ``schema.sparse`` is not empty.
    """

    numeric: np.ndarray
    codes: np.ndarray
    sparse: csr_matrix | None
    schema: FeatureSchema

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.numeric.shape[0])

    def with_numbers(self, *blocks: np.ndarray) -> FeatureMatrix:
        """With more numeric columns: float32 arrays of shape (n, k)."""
        if not blocks:
            return self
        import numpy as np

        return FeatureMatrix(np.hstack([self.numeric, *blocks]), self.codes, self.sparse, self.schema)

    def take(self, rows: np.ndarray) -> FeatureMatrix:
        """The given rows (positions or a boolean mask), copied."""
        sparse = None if self.sparse is None else self.sparse[rows]
        return FeatureMatrix(self.numeric[rows], self.codes[rows], sparse, self.schema)
