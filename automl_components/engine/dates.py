"""Reading dates: dtypes, texts in many formats, numbers since 1970; one clock, in training and later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from automl_components.engine import cells

types = pd.api.types

_DAYS = (
    *("%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y.%m.%d"),
    *("%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%y", "%d-%m-%y"),
    *("%d%b%Y", "%d%b%y", "%A, %B %d, %Y", "%A, %d %B %Y", "%a, %d %b %Y", "%a %d %b %Y"),
)
_MONTH_FORMATS = ("%b %Y", "%B %Y", "%m/%Y", "%Y/%m", "%m-%Y", "%m.%Y", "%b-%y", "%b-%Y")
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", " %H:%M:%S.%f", ", %H:%M")
_MAIL = (
    *("%a, %d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %Z"),
    *("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Z %Y", "%d/%b/%Y:%H:%M:%S %z"),
)
_OTHERS = ("%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%Y%m%dT%H%M%S", "%Y-%m-%d_%H:%M:%S")
FORMATS = (
    "ISO8601",
    *(day + time for day, time in product(_DAYS, _TIMES)),
    *_MONTH_FORMATS,
    *_MAIL,
    *_OTHERS,
)
"""What :func:`find_formats` tries; where day and month can be either, the month comes first, as in pandas."""

_MONTH_WORDS = (
    "januar jänner janvier enero gennaio janeiro januari styczeń",
    "februar février fevrier febrero febbraio fevereiro februari luty",
    "märz mars marzo março maart marzec",
    "avril abril aprile kwiecień",
    "mai mayo maggio maio mei maj",
    "juni juin junio giugno junho czerwiec",
    "juli juillet julio luglio julho lipiec",
    "août aout agosto augustus augusti sierpień",
    "septembre septiembre settembre setembro wrzesień",
    "oktober octobre octubre ottobre outubro październik",
    "novembre noviembre novembro listopad",
    "dezember décembre decembre diciembre dicembre dezembro grudzień",
)
_MONTHS = {
    word: english
    for english, words in zip(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        _MONTH_WORDS,
        strict=True,
    )
    for word in words.split()
}
_MONTH = re.compile(r"(?<![^\W\d_])(?:" + "|".join(_MONTHS) + r")(?![^\W\d_])", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{3}")
_QUARTER = re.compile(r"([12]\d{3})[-/ ]?[qQ]([1-4])|[qQ]([1-4])[-/ ]?([12]\d{3})")
_WEEK = re.compile(r"([12]\d{3})-?[wW](\d{2})")
_NUMBER, _NAME = r"\d{1,2}", r"[^\W\d_]+"
_SHAPES = {
    **dict.fromkeys(["%m", "%d", "%y", "%H", "%I", "%M", "%S"], _NUMBER),
    **dict.fromkeys(["%b", "%B", "%a", "%A", "%p", "%Z"], _NAME),
    **{"%Y": r"\d{4}", "%f": r"\d{1,9}", "%z": r"(?:Z|UTC|[-+]\d{2}:?\d{2})", " ": r"\s+"},
}
_DATE_LIKE = re.compile(
    r"(?=.*\d)(?=.*[-/. ,:]).{6,40}|\d{1,2}[A-Za-z]{3}\d{2,4}|\d{8}T\d{6}|\d{4}[QW]\d{1,2}"
)
_OFFSET = re.compile(r":\d{2}(?:[.,]\d+)?\s*(?:Z|UTC|GMT|[-+]\d{2}:?\d{2})$")
_MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6, "D": 86400e6}
_SECONDS_1990, _SECONDS_2070 = 631152000.0, 3155760000.0
AGREE = 0.95  # share of the numbers that must fit
_YEAR_1, _YEAR_10000 = -62135596800e6, 253402300800e6  # in microseconds from 1970
_UNIT_ABOVE = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s"), (0.0, "D"))


def to_dates(column: pd.Series, formats: Sequence[str] = (), timezone: str | None = None) -> pd.Series:
    """The column as naive datetime64[us]; NaT where missing or no date.

    Parameters
    ----------
    column : Series
        Dates, periods, texts, or numbers (with a unit among ``formats``).
    formats : sequence of str
        How texts are written, tried in this order and before ISO 8601: strptime formats, or ``"unit=s"``
        (also ms, us, ns, D) for numbers counted from 1970.
    timezone : str, optional
        The clock of the training data. Times with an offset are moved to it (without one: to UTC), times
        without an offset are taken as they stand.
    """
    column = cells.dense(column)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if types.is_datetime64_any_dtype(column.dtype):
        return _on_clock(pd.to_datetime(column), timezone).astype("datetime64[us]")
    unit = _unit(formats)
    if unit and cells.is_numeric(column):
        values = _since_1970(cells.to_numbers(column).to_numpy(), unit)
    else:
        labels = cells.to_labels(column)
        parsed = parse_dates(labels.cat.categories, formats, timezone)
        values = cells.spread(parsed, labels, np.datetime64("NaT", "us"))
    return pd.Series(values, index=column.index, name=column.name)


def parse_dates(texts: Sequence[str], formats: Sequence[str] = (), timezone: str | None = None) -> np.ndarray:
    """datetime64[us] array: each text as a naive date and time, see :func:`to_dates`."""
    texts = pd.Series([in_english(text) for text in texts], dtype=object)
    unit = _unit(formats)
    numbers = cells.parse_numbers(texts) if unit else np.full(len(texts), np.nan)
    values = _since_1970(numbers, unit or "s")
    for form in dict.fromkeys([*(f for f in formats if not f.startswith("unit=")), "ISO8601"]):
        rest = np.flatnonzero(np.isnat(values))
        if not rest.size:
            break
        found = pd.to_datetime(texts.iloc[rest], format=form, errors="coerce", utc=True)
        plain = found.dt.tz_localize(None).to_numpy("datetime64[us]")
        if timezone and timezone != "UTC":
            offset = np.array([bool(_OFFSET.search(text)) for text in texts.iloc[rest]], dtype=bool)
            plain = np.where(offset, _on_clock(found, timezone).to_numpy("datetime64[us]"), plain)
        values[rest] = plain
    return values


def in_english(text: str) -> str:
    """A date with its month named in English, quarters as their first month, ISO weeks as their Monday.

    >>> [in_english(text) for text in ("3. März 2020", "3 de mayo de 2020", "2020-Q3", "Q1 2021", "2020-W05", "x")]
    ['3 Mar 2020', '3 May 2020', '2020-07', '2021-01', '2020-01-27', 'x']
    """
    if quarter := _QUARTER.fullmatch(text):
        year, number = quarter[1] or quarter[4], int(quarter[2] or quarter[3])
        return f"{year}-{3 * number - 2:02d}"
    if (week := _WEEK.fullmatch(text)) and 1 <= int(week[2]) <= 53:
        return (date.fromisocalendar(int(week[1]), 1, 1) + timedelta(weeks=int(week[2]) - 1)).isoformat()
    if _LETTERS.search(text) and (month := _MONTH.search(text)):
        words = re.sub(r"\s+(?:de|del|do|di)\s+", " ", text[: month.start()] + "\0" + text[month.end() :])
        words = re.sub(r"(?<=\d)\.(?=\s*\0)", "", words)
        return re.sub(r"\0\.?", _MONTHS[month[0].lower()], words)
    return text


def find_formats(texts: Sequence[str], most: int = 3) -> tuple[str, ...]:
    """The formats, at most ``most``, that together read most of the texts; empty where none reads any.

    >>> find_formats(["13/02/2020", "01/03/2020"]), find_formats(["2020-02-13", "Mar 1, 2020 10:30"])
    (('%d/%m/%Y',), ('ISO8601', '%b %d, %Y %H:%M'))
    >>> find_formats(["oct", "10:30", "1.2"])
    ()
    """
    rest = pd.Series([in_english(text) for text in texts if _DATE_LIKE.fullmatch(text)], dtype=object)
    found: list[str] = []
    while len(rest) and len(found) < most:
        few = rest.iloc[:: max(1, len(rest) // 20)]
        shaped = [form for form in FORMATS if any(map(_shape(form).fullmatch, few))]
        likely = [form for form in shaped if _reads(few, form).any()]
        reads = {form: _reads(rest, form) for form in likely}
        best = max(reads, key=lambda form: reads[form].sum(), default=None)
        if best is None:
            break
        found.append(best)
        rest = rest[~reads[best]]
    return tuple(found)


def compact_formats(numbers: np.ndarray) -> tuple[str, ...]:
    """``%Y%m%d`` or ``%Y%m``, where nearly all numbers are years, months (and days) from 1900 to 2100 written so."""
    whole = numbers[(numbers % 1 == 0) & (numbers >= 190001) & (numbers <= 21001231)]
    if not numbers.size or len(whole) < AGREE * len(numbers):
        return ()
    texts = [str(number) for number in np.unique(whole.astype(np.int64))]
    for form, length in (("%Y%m%d", 8), ("%Y%m", 6)):
        few = [text for text in texts[:: max(1, len(texts) // 200)] if len(text) == length]
        if few and len(few) >= AGREE * len(texts[:: max(1, len(texts) // 200)]):
            there = pd.to_datetime(pd.Series(few), format=form, errors="coerce").notna().mean()
            return (form,) if there >= AGREE else ()
    return ()


def epoch_formats(numbers: np.ndarray) -> tuple[str, ...]:
    """``unit=s``, ``ms``, ``us`` or ``ns``, where nearly all numbers count so from 1970 to 1990 .. 2070."""
    for unit in ("s", "ms", "us", "ns"):
        seconds = numbers * (_MICROSECONDS[unit] / 1e6)
        if numbers.size and ((seconds > _SECONDS_1990) & (seconds < _SECONDS_2070)).mean() >= AGREE:
            return (f"unit={unit}",)
    return ()


def find_unit(numbers: np.ndarray) -> str:
    """What numbers count from 1970, judged by their size: ``"unit=s"`` and its like."""
    size = float(np.nanmedian(np.abs(numbers)))
    return "unit=" + next(unit for above, unit in _UNIT_ABOVE if size >= above)


def clock(column: pd.Series) -> str | None:
    """The time zone of a datetime column by a name that pandas reads back; None without one."""
    zone = getattr(column.dtype, "tz", None) or getattr(
        getattr(column.dtype, "pyarrow_dtype", None), "tz", None
    )
    if zone is None or isinstance(zone, str):
        return zone
    fixed = zone.utcoffset(None)
    if fixed is None:
        return str(zone)
    minutes = int(fixed / timedelta(minutes=1))
    return (
        f"UTC{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
        if minutes
        else "UTC"
    )


@cache
def _shape(form: str) -> re.Pattern[str]:
    """What texts of a format look like: trying all of them with a parser would take a tenth of a second."""
    if form == "ISO8601":
        return re.compile(r"\d{4}\D?.*", re.DOTALL)
    parts = re.split(r"(%\w|\s+)", form)
    return re.compile("".join(_SHAPES.get(part, re.escape(part)) for part in parts), re.IGNORECASE)


def _reads(texts: pd.Series, form: str) -> pd.Series:
    return pd.to_datetime(texts, format=form, errors="coerce", utc=True).notna()


def _unit(formats: Sequence[str]) -> str | None:
    return next((form[5:] for form in formats if form.startswith("unit=")), None)


def _since_1970(numbers: np.ndarray, unit: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        microseconds = numbers * _MICROSECONDS[unit]
    there = (microseconds > _YEAR_1) & (microseconds < _YEAR_10000)  # false for NaN
    values = np.full(len(numbers), np.datetime64("NaT", "us"))
    values[there] = np.rint(microseconds[there]).astype(np.int64).astype("datetime64[us]")
    return values


def _on_clock(column: pd.Series, timezone: str | None) -> pd.Series:
    if column.dt.tz is None:
        return column
    return column.dt.tz_convert(timezone or "UTC").dt.tz_localize(None)
