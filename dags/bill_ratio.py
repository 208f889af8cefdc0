"""A component of one's own, as `penguins_by_hand` uses it between others; a task of its own like theirs."""

from __future__ import annotations

from automl_components import Input, Output, component
from automl_components.core.artifacts import mltable


@component(version="1")
def bill_ratio(raw_table: Input[mltable], prepared_table: Output[mltable]) -> None:
    """Add the length of a bill over its depth, and leave out rows without any measurement."""
    from automl_components.core.tables import read_table, write_mltable

    table = read_table(raw_table.path)
    table = table.dropna(subset=["bill_length_mm", "bill_depth_mm"])
    write_mltable(
        table.assign(bill_ratio=table["bill_length_mm"] / table["bill_depth_mm"]), prepared_table.local
    )
