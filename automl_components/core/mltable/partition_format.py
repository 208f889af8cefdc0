"""Columns from the addresses of files: ``/puYear={year}/{day:yyyy/MM/dd}/data.csv`` and the like."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from automl_components.core.errors import DataError, SettingsError

_DATE_PARTS = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "mm": "minute", "ss": "second"}
_FIELD = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")


@dataclass(frozen=True)
class PartitionFormat:
    """A format such as ``/{department}/{day:yyyy/MM/dd}/data.csv``.

    ``{name}`` is a text column, any text without a slash. ``{name:yyyy/MM/dd/HH/mm/ss}`` is a datetime
    column; its parts may stand apart, as in ``/year={t:yyyy}/month={t:MM}``, and need a year.

    Attributes
    ----------
    text : str
        As given.
    columns : tuple of str
        The names, in order.
    dates : tuple of str
        Those of them that are datetimes.
    """

    text: str
    columns: tuple[str, ...]
    dates: tuple[str, ...]
    expression: re.Pattern[str] = field(compare=False, repr=False)
    groups: tuple[tuple[str, str], ...] = field(compare=False, repr=False)
    where: str = field(default="", compare=False, repr=False)

    @classmethod
    def parse(cls, text: object, where: str = "extract_columns_from_partition_format") -> PartitionFormat:
        """The format that a text means.

        Raises
        ------
        SettingsError
            The text names no column, a column twice, or a part of a date that is not known.
        """
        if not isinstance(text, str) or not _FIELD.search(text):
            raise SettingsError(
                f"{where}: found {text!r}; should name columns, as in '/{{department}}/{{day:yyyy/MM}}'"
            )
        pattern, groups, end = "", [], 0
        for match in _FIELD.finditer(text):
            pattern += re.escape(text[end : match.start()])
            end = match.end()
            if match[2] is None:
                groups.append((match[1], ""))
                pattern += "([^/]+)"
            else:
                piece, parts = _date_pattern(match[2], f"{where}: {match[0]!r}")
                pattern += piece
                groups.extend((match[1], part) for part in parts)
        pattern += re.escape(text[end:])
        if text.startswith("/"):
            pattern = "(?:^|/)" + pattern[1:]
        names = tuple(dict.fromkeys(name for name, _ in groups))
        for name in names:
            parts = [part for owner, part in groups if owner == name]
            if len(set(parts)) < len(parts) or ("" in parts and len(parts) > 1):
                raise SettingsError(f"{where}: {text!r} names {name!r} twice")
            if parts != [""] and "year" not in parts:
                raise SettingsError(f"{where}: {text!r}: the date {name!r} has no year (yyyy)")
        dates = tuple(name for name in names if (name, "") not in groups)
        return cls(text, names, dates, re.compile(pattern), tuple(groups), where)

    def extract(self, address: str) -> dict[str, str | dt.datetime]:
        """The columns' values in the address of one file.

        The format is looked for at the end of the address, else at whole folders further left.

        Raises
        ------
        DataError
            The address does not have the format.
        """
        pattern = self.expression.pattern
        match = re.search(f"{pattern}$", address) or re.search(f"{pattern}(?:(?=/)|(?<=/))", address)
        if match is None:
            raise DataError(f"{self.where}: {address} does not have the format {self.text!r}")
        values: dict[str, str | dt.datetime] = {}
        parts: dict[str, dict[str, int]] = {name: {"month": 1, "day": 1} for name in self.dates}
        for (name, part), found in zip(self.groups, match.groups(), strict=True):
            if part:
                parts[name][part] = int(found)
            else:
                values[name] = found
        values.update({name: self._date(name, numbers, address) for name, numbers in parts.items()})
        return {name: values[name] for name in self.columns}

    def _date(self, name: str, numbers: dict[str, int], address: str) -> dt.datetime:
        try:
            return dt.datetime(**numbers)  # type: ignore[arg-type]
        except ValueError as error:
            raise DataError(f"{self.where}: {address}: {name!r} is not a date: {error}") from None


def _date_pattern(text: str, where: str) -> tuple[str, list[str]]:
    pattern, parts = "", []
    for piece in re.findall(r"[A-Za-z]+|[^A-Za-z]+", text):
        if not piece[0].isalpha():
            pattern += re.escape(piece)
        elif piece in _DATE_PARTS:
            pattern += rf"(\d{{{len(piece)}}})"
            parts.append(_DATE_PARTS[piece])
        else:
            raise SettingsError(f"{where}: {piece!r} is no part of a date; known: {', '.join(_DATE_PARTS)}")
    if not parts:
        raise SettingsError(f"{where}: give the parts of the date, as in {{day:yyyy/MM/dd}}, or no colon")
    return pattern, parts
