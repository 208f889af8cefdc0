"""Dates as numbers: the parts that vary in training, and the days since the first one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from automl_components.core.errors import SettingsError, nearest
from automl_components.transformers import Fitted, Transformer

# Azure's parts, and where pandas has them
PARTS = {
    "Year": "year",
    "Month": "month",
    "Day": "day",
    "DayOfWeek": "day_of_week",
    "DayOfYear": "day_of_year",
    "Quarter": "quarter",
    "WeekOfYear": "week",
    "Hour": "hour",
    "Minute": "minute",
    "Second": "second",
}
# how often a part comes round, and from where it counts
CYCLES = {"Month": (12, 1), "DayOfWeek": (7, 0), "DayOfYear": (366, 1), "Hour": (24, 0), "Minute": (60, 0)}
_DAY = np.timedelta64(1, "D")


class DateParts(Fitted):
    """One number for each part of a date that is not the same in all training rows; NaN where missing.

    Monday is 0; weeks are those of ISO 8601. ``DaysSinceStart`` counts days, with their fraction, from the
    first training date: in float32 it still tells seconds apart over months, which seconds since 1970 do not.

    Parameters
    ----------
    parts : sequence of str
        Which of Year, Month, Day, DayOfWeek, DayOfYear, Quarter, WeekOfYear, Hour, Minute, Second.
    cyclic : bool
        Whether sine and cosine of Month, DayOfWeek, DayOfYear, Hour and Minute are added where they are among
        the parts that vary: to a linear model December is then next to January. Trees need no such help.
    """

    names: list[str]

    def __init__(self, parts: Sequence[str] = tuple(PARTS), cyclic: bool = False) -> None:
        if type(cyclic) is not bool:
            raise SettingsError(f"date_parts: cyclic is true or false, not {cyclic!r}")
        if isinstance(parts, str) or not isinstance(parts, Sequence):
            raise SettingsError(f"date_parts: parts is a list of parts of a date, not {parts!r}")
        for part in parts:
            if part not in PARTS:
                raise SettingsError(f"date_parts: unknown part {part!r}{nearest(str(part), PARTS)}")
        self.parts, self.cyclic = list(parts), cyclic

    def fit(self, column: pd.Series) -> DateParts:
        """Keep the parts that vary, and the first date."""
        self.start = np.datetime64(column.min(), "us") if column.notna().any() else np.datetime64(0, "us")
        given = column.dropna()
        kept = [
            part for part in (*self.parts, "DaysSinceStart") if len(np.unique(self._part(given, part))) > 1
        ]
        turns = [part for part in kept if part in CYCLES] if self.cyclic else []
        self.kept = [*kept, *(f"{part}_{wave}" for part in turns for wave in ("Sin", "Cos"))]
        self.names = [f"{column.name}_{part}" for part in self.kept]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """float32 array of shape (rows, len(names))."""
        values = np.empty((len(column), len(self.kept)), dtype=np.float32)
        for at, part in enumerate(self.kept):
            values[:, at] = self._part(column, part)
        return values

    def _part(self, column: pd.Series, part: str) -> np.ndarray:
        if part == "DaysSinceStart":
            return (column.to_numpy("datetime64[us]") - self.start) / _DAY
        part, _, wave = part.partition("_")
        if wave:
            length, first = CYCLES[part]
            angle = (self._part(column, part) - first) * (2 * np.pi / length)
            return np.sin(angle) if wave == "Sin" else np.cos(angle)
        source = column.dt.isocalendar() if part == "WeekOfYear" else column.dt
        return getattr(source, PARTS[part]).to_numpy(np.float64, na_value=np.nan)


ENTRY = Transformer("date_parts", "DateTimeFeatures", "numeric", "dates", DateParts, keeps_missing=True)
