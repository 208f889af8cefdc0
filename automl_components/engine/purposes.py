"""What a column is for: number, category, date, text, or nothing to learn from; and why."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_components.core.nested import is_nested
from automl_components.engine import cells, dates
from automl_components.transformers.list_items import find_separator, is_bracketed, is_vector, split_items

types = pd.api.types

DROPPED = frozenset(["Hashes", "Constant", "AllNan", "Ignore"])

HASH_ABOVE = 5000  # levels; beyond, categories are hashed
AGREE = 0.95  # share of the values that must read as a number or a date
UNIQUE = 0.98  # share of distinct values above which a label names its row and nothing else
MANY_TAGS = 10  # distinct texts from which on what separates their tags is looked for
FEW = 20  # values below which nothing is called an identifier
SAMPLE = 2000  # distinct texts looked at, evenly spaced

_ID_NAME = re.compile(
    r"(?:.*[^a-z])?(?:id|uuid|guid|rowid|rownum)|id[^a-z].*|index|unnamed: 0", re.IGNORECASE
)
_CAMEL_ID = re.compile(r".*[a-z](?:Id|ID)")
_GUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?|(?:0x)?[0-9a-f]{16,}", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"[-+]?0\d+")
# languages written without spaces: two characters count as a word
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\s{_UNSPACED}]+")
_LETTERS = re.compile(r"[^\W\d_]")
_TIME_NAME = re.compile(
    r"(?:.*[^a-z])?(?:date|time|datetime|timestamp|ts|epoch|unix|created|updated|modified|at|day|month|yearmonth)"
    r"(?:[^a-z].*)?|.*[a-z](?:Date|Time|Timestamp|At|On)",
)


@dataclass(frozen=True)
class ColumnInfo:
    """What one column was taken for.

    Attributes
    ----------
    purpose : str
        ``"Numeric"``, ``"Boolean"``, ``"Categorical"``, ``"CategoricalHash"``, ``"DateTime"``, ``"Text"``,
        ``"List"``, or, with nothing to learn from it, ``"Hashes"`` (identifiers, hashes, GUIDs),
        ``"Constant"``, ``"AllNan"``, ``"Ignore"``.
    reason : str
        Why, in a few words with figures.
    confidence : float
        Share of the values that agree with the purpose, in [0, 1]; 1 where the dtype decides.
    decimal : str
        Decimal sign of numbers written as text.
    unit : str
        What they end with, see :func:`automl_components.engine.cells.find_unit`.
    formats : tuple of str
        How dates are written, see :func:`automl_components.engine.dates.to_dates`.
    timezone : str or None
        The clock that times with an offset are moved to.
    """

    purpose: str
    reason: str
    confidence: float = 1.0
    decimal: str = "."
    formats: tuple[str, ...] = ()
    timezone: str | None = None
    unit: str = ""

    @property
    def dropped(self) -> bool:
        """Whether nothing can be learned from the column."""
        return self.purpose in DROPPED


def detect_purpose(column: pd.Series) -> ColumnInfo:
    """What one column is for.

    Numbers stay Numeric however few their values are (Azure in 2018 made categories of numbers with under 5
    percent distinct values): trees split ordered numbers as well as categories, and a category has lost the
    order. Only whole numbers under an identifier's name (``store_id``) are labels: Categorical where they
    repeat, Hashes where they do not; and numbers under the name of a time that count seconds from 1970, or
    are written like 20240131, are dates. A column of one value and gaps is kept, for the gap may tell
    something.
    """
    if types.is_datetime64_any_dtype(column.dtype) or isinstance(column.dtype, pd.PeriodDtype):
        return _of_dates(column)
    if cells.is_numeric(column) or types.is_timedelta64_dtype(column.dtype):
        return _of_numbers(column)
    return _of_texts(column)


def dtype_purpose(column: pd.Series) -> ColumnInfo:
    """Numeric, DateTime or else Categorical by the dtype alone (featurization ``off``), or AllNan."""
    if not cells.to_labels(column).notna().any():
        return ColumnInfo("AllNan", "no values")
    reason = f"dtype {column.dtype}"
    if types.is_datetime64_any_dtype(column.dtype) or isinstance(column.dtype, pd.PeriodDtype):
        return ColumnInfo("DateTime", reason, timezone=dates.clock(column))
    numeric = cells.is_numeric(column) or types.is_timedelta64_dtype(column.dtype)
    return ColumnInfo("Numeric" if numeric else "Categorical", reason)


def named_as_id(name: object) -> bool:
    """Whether a column's name is that of an identifier.

    >>> [n for n in ("id", "PassengerId", "store_id", "paid", "humid", "idle") if named_as_id(n)]
    ['id', 'PassengerId', 'store_id']
    """
    return bool(_ID_NAME.fullmatch(str(name)) or _CAMEL_ID.fullmatch(str(name)))


def named_as_time(name: object) -> bool:
    """Whether a column's name is that of a date or a time.

    >>> [n for n in ("created_at", "updatedAt", "Date", "price", "rate") if named_as_time(n)]
    ['created_at', 'updatedAt', 'Date']
    """
    return bool(_TIME_NAME.fullmatch(str(name)) or _TIME_NAME.fullmatch(str(name).lower()))


def told_by_name(name: object) -> bool:
    """Whether numbers under this name may be something else: labels or dates."""
    return named_as_id(name) or named_as_time(name)


def _of_dates(column: pd.Series) -> ColumnInfo:
    values = column.dropna()
    if values.empty:
        return ColumnInfo("AllNan", "no values")
    if len(values) == len(column) and values.nunique() == 1:
        return ColumnInfo("Constant", f"one value, {values.iloc[0]}")
    return ColumnInfo("DateTime", f"dtype {column.dtype}", timezone=dates.clock(column))


def _of_numbers(column: pd.Series) -> ColumnInfo:
    values = cells.to_numbers(column).to_numpy()
    values = values[~np.isnan(values)]
    if not values.size:
        return ColumnInfo("AllNan", "no values")
    if values.size == len(column) and values.min() == values.max():
        return ColumnInfo("Constant", f"one value, {values[0]:g}")
    if types.is_bool_dtype(column.dtype):
        return ColumnInfo("Boolean", f"dtype {column.dtype}")
    if not types.is_timedelta64_dtype(column.dtype) and (formats := date_formats(column.name, values)):
        return ColumnInfo("DateTime", f"numbers named as a time, read as {formats[0]}", formats=formats)
    if named_as_id(column.name) and not (values % 1).any():
        return _of_labels(Texts(column), "whole numbers named as an identifier")
    return ColumnInfo("Numeric", f"dtype {column.dtype}")


def date_formats(name: object, values: np.ndarray) -> tuple[str, ...]:
    """How numbers without gaps are dates: ``unit=s`` and its like from 1990 to 2070, or ``%Y%m%d``; by name only.

    >>> date_formats("created_at", np.array([1.6e9, 1.7e9])), date_formats("price", np.array([1.6e9]))
    (('unit=s',), ())
    >>> date_formats("date", np.array([20240131.0, 20231201.0])), date_formats("date", np.array([20249999.0]))
    (('%Y%m%d',), ())
    """
    if not named_as_time(name):
        return ()
    return dates.compact_formats(values) or dates.epoch_formats(values)


class Texts:
    """The distinct values of a column as texts, with how often each occurs."""

    def __init__(self, column: pd.Series) -> None:
        self.name, self.labels = column.name, cells.to_labels(column)
        self.rows = len(column)
        self.present = int(self.labels.notna().sum())
        self.values = self.labels.cat.categories
        at = np.arange(0, len(self.values), max(1, len(self.values) // SAMPLE))
        counts = np.bincount(
            self.labels.cat.codes.to_numpy()[self.labels.notna()], minlength=len(self.values)
        )
        self.sample, self.weights = list(self.values[at]), counts[at]
        self.single = int((counts == 1).sum())

    @property
    def unique(self) -> float:
        """Share of distinct values among the values present."""
        return len(self.values) / max(1, self.present)

    def share(self, agrees: np.ndarray, among: np.ndarray | None = None) -> float:
        """Share of the sampled rows whose text agrees."""
        weights = self.weights if among is None else self.weights * among
        return float((weights * agrees).sum() / max(1, weights.sum()))


def _of_texts(column: pd.Series) -> ColumnInfo:
    texts = Texts(column)
    if not texts.present:
        return ColumnInfo("AllNan", "no values")
    if len(texts.values) == 1 and texts.present == texts.rows:
        return ColumnInfo("Constant", f"one value, {texts.sample[0][:40]!r}")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _of_labels(texts, "dtype category")
    return (
        _truth(texts)
        or _lists(column, texts)
        or _numbers_as_text(texts)
        or _dates_as_text(texts)
        or _tags(texts)
        or _words(texts)
        or _of_labels(texts)
    )


def _truth(texts: Texts) -> ColumnInfo | None:
    """Boolean, where there are two words, one for true and one for false (and words for "missing")."""
    words = {text.lower() for text in texts.sample[:FEW]} - cells.MISSING_WORDS
    if len(words) != 2 or len(texts.values) > FEW or words == {"1", "0"}:
        return None
    if not any(words == set(pair) for pair in cells.TRUTH_PAIRS):
        return None
    return ColumnInfo("Boolean", f"{' and '.join(sorted(words))}")


def _numbers_as_text(texts: Texts) -> ColumnInfo | None:
    """Numeric, where nearly all texts are numbers (words for "missing" aside), none a code like "007"."""
    if named_as_id(texts.name) or any(_LEADING_ZERO.fullmatch(text) for text in texts.sample):
        return None
    given = np.array([text.lower() not in cells.MISSING_WORDS for text in texts.sample])
    unit = cells.find_unit([text for text, there in zip(texts.sample, given, strict=True) if there])
    decimal = cells.find_decimal(texts.sample, unit)
    numbers = cells.parse_numbers(texts.sample, decimal, unit)
    share = texts.share(np.isfinite(numbers), given)
    if share < AGREE or not given.any():
        return None
    if formats := date_formats(texts.name, numbers[np.isfinite(numbers)]):
        return ColumnInfo("DateTime", f"digits named as a time, read as {formats[0]}", share, formats=formats)
    with_unit = f", in {unit!r}" if unit else ""
    reason = f"{share:.0%} of the texts are numbers{with_unit}"
    return ColumnInfo("Numeric", reason, share, decimal=decimal, unit=unit)


def _dates_as_text(texts: Texts) -> ColumnInfo | None:
    formats = dates.find_formats(texts.sample)
    given = np.array([text.lower() not in cells.MISSING_WORDS for text in texts.sample])
    share = texts.share(~np.isnat(dates.parse_dates(texts.sample, formats)), given) if formats else 0.0
    if share < AGREE:
        return None
    return ColumnInfo("DateTime", f"{share:.0%} of the texts are dates, {formats[0]}", share, formats=formats)


def _lists(column: pd.Series, texts: Texts) -> ColumnInfo | None:
    """List, where cells hold several values, or texts are written like lists, objects or vectors."""
    first = column[texts.labels.notna()].head(100)
    nested = sum(map(is_nested, first)) / max(1, len(first))
    if nested > 0.5:
        return ColumnInfo("List", f"{nested:.0%} of the cells hold several values", nested)
    share = texts.share(np.array([is_bracketed(text) for text in texts.sample]))
    if share >= AGREE:
        return ColumnInfo("List", f"{share:.0%} of the texts are written like lists", share)
    return None


def _tags(texts: Texts) -> ColumnInfo | None:
    """List, where a sign separates tags that repeat, or numbers of vectors of one length."""
    if len(texts.values) < MANY_TAGS:
        return None
    separator = find_separator(texts.sample)
    if not separator:
        return None
    items = {item for text in texts.sample for item in split_items(text, separator)}
    vector = is_vector([split_items(text, separator) for text in texts.sample])
    if not vector and len(items) >= len(texts.sample):
        return None
    share = texts.share(np.array([separator in text for text in texts.sample]))
    what = "numbers" if vector else f"{len(items)} tags"
    return ColumnInfo("List", f"{what} separated by {separator!r}", share)


def _words(texts: Texts) -> ColumnInfo | None:
    """Text: sentences that rarely repeat, and short phrases whose words repeat although they do not."""
    words = [_WORD.findall(text) for text in texts.sample]
    if texts.share(np.array([_LETTERS.search(text) is not None for text in texts.sample])) < 0.5:
        return None  # telephone numbers and their like
    lengths = np.array([len(found) for found in words])
    mean = float(np.average(lengths, weights=texts.weights))
    repeated = len({word for found in words for word in found}) < lengths.sum() / 2
    phrases = texts.unique > 0.5 and (mean >= 3 or (mean >= 1.5 and repeated))
    if not phrases and not (mean >= 8 and texts.unique > 0.1 and len(texts.values) > 50):
        return None
    reason = f"{mean:.1f} words a value, {texts.unique:.0%} distinct"
    return ColumnInfo("Text", reason, texts.share(lengths >= min(3, mean)))


def _of_labels(texts: Texts, why: str = "") -> ColumnInfo:
    """Hashes, CategoricalHash or Categorical, by how often the levels repeat."""
    why = f"{why}, " if why else ""
    levels, few = len(texts.values), texts.present < FEW
    guids = texts.share(np.array([bool(_GUID.fullmatch(text)) for text in texts.sample]))
    if not few and texts.unique > UNIQUE:
        return ColumnInfo("Hashes", f"{why}{levels} distinct of {texts.present} values", texts.unique)
    if not few and guids >= AGREE and texts.unique > 0.5:
        return ColumnInfo("Hashes", f"{why}{guids:.0%} look like hashes, {texts.unique:.0%} distinct", guids)
    purpose = "CategoricalHash" if levels > HASH_ABOVE else "Categorical"
    return ColumnInfo(purpose, f"{why}{levels} levels", 1 - texts.single / texts.present)
