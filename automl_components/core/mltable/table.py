"""The table as Python code sees it: lazy, immutable, one method for each transformation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import DataError, nearest
from automl_components.core.mltable import frames, reading, saving, transformations
from automl_components.core.mltable.column_types import ColumnType
from automl_components.core.mltable.columns import Pattern
from automl_components.core.mltable.definition import Definition, Traits, check_order
from automl_components.core.mltable.steps import parse_step

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MLTable:
    """Rows that are described, and read when they are asked for.

    Every method that changes the table gives a new one. Make one with ``load`` or a ``from_...`` function.

    Attributes
    ----------
    definition : Definition
        What its MLTable file says, or would say.
    base : str
        Folder that relative addresses are relative to; empty for the working directory.
    """

    definition: Definition
    base: str = ""

    def __repr__(self) -> str:
        return f"<MLTable\n{self.definition.to_yaml()}>"

    @property
    def paths(self) -> list[dict[str, str]]:
        """Where the data is, as in the MLTable file."""
        return [dict([item]) for item in self.definition.locations()]

    @property
    def traits(self) -> Traits:
        """Columns with a role."""
        return self.definition.traits

    @property
    def metadata(self) -> dict[str, Any]:
        """Free notes; a copy."""
        return deepcopy(self.definition.metadata)

    @property
    def partition_keys(self) -> list[str]:
        """The columns that come from the files' addresses."""
        formats = [
            s.arguments for s in self.definition.steps if s.name == "extract_columns_from_partition_format"
        ]
        return [name for form in formats for name in form.columns]

    def with_traits(
        self, *, index_columns: str | Sequence[str] = (), timestamp_column: str | None = None
    ) -> MLTable:
        """The table with other traits."""
        traits = Traits.read(
            {"index_columns": index_columns, "timestamp_column": timestamp_column}, where="traits"
        )
        return replace(self, definition=replace(self.definition, traits=traits))

    def with_metadata(self, **metadata: Any) -> MLTable:
        """The table with further metadata."""
        return replace(self, definition=replace(self.definition, metadata={**self.metadata, **metadata}))

    def columns(self) -> list[str]:
        """The names of the columns; as little as possible is read."""
        return reading.column_names(self.definition, self.base)

    def to_arrow(self) -> Any:
        """All rows as a ``pyarrow.Table``.

        Raises
        ------
        DataError
            The message names the file, and the row, column or value that is wrong.
        """
        return transformations.joined(reading.pieces(self.definition, self.base))

    def to_pandas_dataframe(self) -> pd.DataFrame:
        """All rows as a DataFrame; see ``to_arrow`` for errors."""
        return frames.to_pandas(self.to_arrow())

    def show(self, count: int = 20) -> pd.DataFrame:
        """The first rows as a DataFrame."""
        return self.take(count).to_pandas_dataframe()

    def take(self, count: int = 20) -> MLTable:
        """The first rows."""
        return self._then("take", count)

    def skip(self, count: int) -> MLTable:
        """All but the first rows."""
        return self._then("skip", count)

    def take_random_sample(self, probability: float, seed: int | None = None) -> MLTable:
        """Each row with a probability, independently; without a seed the same rows each time, too."""
        given = {"probability": probability} if seed is None else {"probability": probability, "seed": seed}
        return self._then("take_random_sample", given)

    def random_split(self, percent: float = 0.5, seed: int | None = None) -> tuple[MLTable, MLTable]:
        """Two tables: about ``percent`` (0 to 1) of the rows, and all the others."""
        lower, upper = {"probability": percent}, {"probability": 1.0, "probability_lower_bound": percent}
        one, other = (
            self._then(
                "sample", {"sampler": "random_percent", "sampler_arguments": {"seed": seed or 0, **part}}
            )
            for part in (lower, upper)
        )
        return one, other

    def filter(self, expression: str) -> MLTable:
        """The rows for which a condition is true, such as ``col("age") > 32``; see ``Condition``."""
        return self._then("filter", expression)

    def keep_columns(self, columns: str | Sequence[str] | Pattern | Mapping[str, Any]) -> MLTable:
        """These columns alone; an empty list drops nothing."""
        return self._then("keep_columns", _columns(columns))

    def drop_columns(self, columns: str | Sequence[str] | Pattern | Mapping[str, Any]) -> MLTable:
        """All columns but these."""
        return self._then("drop_columns", _columns(columns))

    def convert_column_types(self, column_types: Mapping[str | tuple[str, ...], ColumnType | str]) -> MLTable:
        """Columns, or tuples of columns, to the types that ``DataType`` makes."""
        given = [
            {
                "columns": _columns(columns),
                "column_type": kind.given if isinstance(kind, ColumnType) else kind,
            }
            for columns, kind in column_types.items()
        ]
        return self._then("convert_column_types", given)

    def extract_columns_from_partition_format(self, partition_format: str) -> MLTable:
        """Columns from the addresses of the files; see ``PartitionFormat``."""
        return self._then("extract_columns_from_partition_format", partition_format)

    def select_partitions(self, partition_index_list: Sequence[int]) -> MLTable:
        """Some partitions, by number from 0."""
        return self._then("select_partitions", list(partition_index_list))

    def get_partition_count(self) -> int:
        """How many partitions there are: files, or parts of about ``partition_size`` bytes of them."""
        kept = tuple(step for step in self.definition.steps if step.reads or step.name == "select_partitions")
        pieces = reading.pieces(replace(self.definition, steps=kept), self.base)
        return len({piece.partition for piece in pieces})

    def validate(self) -> None:
        """Read the first rows, and check that the traits' columns are there.

        Raises
        ------
        DataError
            The data cannot be read as described.
        """
        names = self.take(1).to_arrow().column_names
        for name in self.traits.columns:
            if name not in names:
                raise DataError(
                    f"{self.definition.source or 'traits'}: there is no column {name!r}{nearest(name, names)}"
                )

    def save(
        self,
        path: str | PathLike[str],
        overwrite: bool = True,
        colocated: bool = False,
        show_progress: bool = False,
        if_err_remove_files: bool = True,
    ) -> None:
        """Write an ``MLTable`` file that says the same.

        Parameters
        ----------
        path : str
            Folder, local or any fsspec address. Relative paths are rewritten so that they mean the same data.
        overwrite : bool
            Whether an MLTable file that is there is replaced.
        colocated : bool
            Whether the data is copied into the folder, too.
        show_progress : bool
            Whether each copy is told on the standard error stream.
        if_err_remove_files : bool
            Whether copies are removed when something fails.
        """
        saving.save(
            self.definition, self.base, str(path), overwrite=overwrite, colocated=colocated,
            show_progress=show_progress, if_err_remove_files=if_err_remove_files,
        )  # fmt: skip

    def _then(self, name: str, given: Any) -> MLTable:
        step = parse_step({name: given}, source=self.definition.source)
        steps = (*self.definition.steps, step)
        check_order(steps, self.definition.source)
        return replace(self, definition=replace(self.definition, steps=steps))


def _columns(given: Any) -> Any:
    if isinstance(given, Pattern):
        return given.given()
    if isinstance(given, (set, frozenset)):
        return sorted(given)
    return list(given) if isinstance(given, tuple) else given
