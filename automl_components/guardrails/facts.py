"""What guardrails may look at: the rows, what was decided about them, and a bounded sample of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

T = TypeVar("T")

SAMPLE_ROWS = 20_000
"""Rows that a guardrail sees unless it asks for more: a tenth of a percent of them is still twenty."""
SAMPLE_CELLS = 2_000_000
"""Cells of a sample: of very many columns fewer rows are looked at, but not fewer than FEWEST_ROWS."""
FEWEST_ROWS = 1_000
MANY_COLUMNS = 50
"""Columns of numbers from which they are read all at once."""


def read_values(column: pd.Series, purpose: str) -> np.ndarray:
    """A feature column as float64: numbers as they are, dates as seconds, anything else as codes by appearance.

    Missing is NaN. The engine brings a reader that also knows how numbers and dates are written in a column.
    """
    import numpy as np
    import pandas as pd

    types = pd.api.types
    if types.is_datetime64_any_dtype(column.dtype):
        seconds = (
            pd.to_datetime(column, utc=True).astype("datetime64[s, UTC]").astype(np.int64).to_numpy(float)
        )
        return np.where(column.isna().to_numpy(), np.nan, seconds)
    if types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = pd.factorize(column.astype(object).where(column.notna()).map(str, na_action="ignore"))[0]
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


@dataclass(frozen=True)
class Facts:
    """What a guardrail may look at: the training rows after the target was settled, and what was decided.

    Attributes
    ----------
    frame : DataFrame
        The feature columns as they came (no target, no weight, no split columns); n rows, those of
        ``validation_data`` last.
    target : Series
        n values; no missing values any more.
    task : str
        ``"classification"`` or ``"regression"``.
    purposes : mapping of column to str
        What each column was taken for (engine.columns), such as ``"Numeric"`` or ``"Categorical"``.
    splits : mapping
        ``kind`` (``"k_fold"``, ``"holdout"``, ``"monte_carlo"``, ``"given"``, ...), ``count``, ``reason``,
        ``auto`` (nobody asked for a split), ``notes`` (list of str: where a wish could not be met),
        ``train_rows`` and ``validation_rows`` (lists, one number a split), ``test_rows`` (rows cut from the
        training data for the test, 0 where test data was given or none is wanted).
    sides : int8 array, shape (n, k), or None
        The splits themselves: 1 = the row trains, 0 = it validates, -1 = neither.
    dropped_rows : int
        Rows left out because their target was missing.
    featurize : bool
        Whether repairs take place (``featurization.mode`` is not ``"off"``).
    validation, test : DataFrame or None
        The feature columns of validation and test data, where given or cut.
    weights, groups, times : array of n values, or None
        Sample weights; codes of the group column and values of the time column, where the splits follow one.
    target_name : str
        Name of the target column.
    memory_bytes : int
        Memory of the machine or container; 0 where unknown.
    notes : tuple of str
        Small repairs made while the tables were read, each one sentence.
    repairs : mapping of str to str or tuple of str
        What of a guardrail's findings is repaired, by its code: ``"auto"``, ``"all"``, ``"none"`` or columns; see
        :meth:`mends`.
    read : callable (column, purpose) -> float64 array
        How a column becomes numbers.
    rows : int
        How many rows there are, where ``frame`` is a sample of them; 0 where it is all.
    """

    frame: pd.DataFrame
    target: pd.Series
    task: str
    purposes: Mapping[str, str]
    splits: Mapping[str, Any]
    sides: np.ndarray | None = None
    dropped_rows: int = 0
    featurize: bool = True
    validation: pd.DataFrame | None = None
    test: pd.DataFrame | None = None
    weights: np.ndarray | None = None
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    target_name: str = "target"
    memory_bytes: int = 0
    notes: tuple[str, ...] = ()
    repairs: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    read: Callable[[pd.Series, str], np.ndarray] = read_values
    rows: int = 0

    def columns(self, *purposes: str) -> list[str]:
        """Names of the feature columns that were taken for one of ``purposes``."""
        return [str(name) for name in self.frame.columns if self.purposes.get(name) in purposes]

    def mends(self, code: str, column: str, *, certain: bool) -> bool:
        """Whether the featurizer repairs what a guardrail sees in a column; unless told otherwise, what is certain."""
        choice = self.repairs.get(code, "auto")
        if not self.featurize:
            return False
        return (
            column in choice
            if isinstance(choice, tuple)
            else choice == "all" or (choice == "auto" and certain)
        )

    def with_column(self, name: str, values: Any, purpose: str) -> Facts:
        """The same facts with one more feature column."""
        return replace(
            self, frame=self.frame.assign(**{name: values}), purposes={**self.purposes, name: purpose}
        )

    def remember(self, key: str, found: Callable[[Facts], T]) -> T:
        """``found(facts)``, worked out on the first call only, for all guardrails that see these facts."""
        memory: dict[str, Any] = self.__dict__.setdefault("_memory", {})
        if key not in memory:
            memory[key] = found(self)
        return memory[key]  # type: ignore[no-any-return]

    def values(self, name: str) -> np.ndarray:
        """A feature column as float64, see ``read``; not to be written to."""
        if name in (block := self.remember("block of numbers", _block)):
            return block[name]
        return self.remember(
            f"values of {name}", lambda facts: facts.read(facts.frame[name], facts.purposes[name])
        )

    def sampled(self, limit: int | None) -> Facts:
        """These facts, or what is left of them when at most ``limit`` rows of each table are looked at.

        Rows are drawn at random under a fixed seed and keep their order; None is all rows.
        """
        if limit is not None:
            limit = min(limit, max(FEWEST_ROWS, SAMPLE_CELLS // max(1, self.frame.shape[1])))
        if limit is None or max(len(part) for part in self._tables()) <= limit:
            return self
        return self.remember(f"sample of {limit}", lambda facts: facts._drawn(limit))

    def _tables(self) -> list[pd.DataFrame]:
        return [part for part in (self.frame, self.validation, self.test) if part is not None]

    def _drawn(self, limit: int) -> Facts:
        at = _draw(len(self.frame), limit)
        cut = {
            key: part[at]
            for key in ("sides", "weights", "groups", "times")
            if (part := getattr(self, key)) is not None
        }
        others = {
            key: part.iloc[_draw(len(part), limit)]
            for key in ("validation", "test")
            if (part := getattr(self, key)) is not None
        }
        rows = len(self.frame)
        return replace(
            self, frame=self.frame.iloc[at], target=self.target.iloc[at], rows=rows, **cut, **others
        )


def _block(facts: Facts) -> dict[str, np.ndarray]:
    """The plain columns of numbers, NaN where missing or infinite: of thousands, one by one would take seconds."""
    import numpy as np

    kinds = {str(name): getattr(dtype, "kind", "O") for name, dtype in facts.frame.dtypes.items()}
    plain = {str(n) for n, dtype in facts.frame.dtypes.items() if isinstance(dtype, np.dtype)}
    names = [name for name in facts.columns("Numeric") if name in plain and kinds[name] in "iuf"]
    if len(names) * len(facts.frame) > 4 * SAMPLE_CELLS or len(names) < MANY_COLUMNS:
        return {}
    table = np.array(facts.frame[names].to_numpy(np.float64).T, order="C")  # pandas may give a read-only view
    table[~np.isfinite(table)] = np.nan
    return dict(zip(names, table, strict=True))


def _draw(rows: int, limit: int) -> np.ndarray:
    """Positions of at most ``limit`` of ``rows`` rows, in order."""
    import numpy as np

    if rows <= limit:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, limit, replace=False))
