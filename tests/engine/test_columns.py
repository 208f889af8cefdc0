"""Column purposes: on real tables, and on every kind of column that a CSV or a database holds."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from automl_components.core.errors import DataError, SettingsError
from automl_components.engine.columns import detect_purpose, detect_purposes
from automl_components.engine.dates import FORMATS, find_formats, in_english, to_dates

N = 200
rng = np.random.default_rng(0)
floats = rng.normal(size=N)
ints = rng.integers(0, 50, N)
words = rng.choice(["red", "green", "blue"], N)
days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D")
vocabulary = "the a quick brown fox jumps over lazy dog and runs away from big bad wolf"
vocabulary = np.array(re.findall(r"\w+", vocabulary))
sentences = [" ".join(rng.choice(vocabulary, 8)) for _ in range(N)]
german = [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in rng.uniform(0, 1e5, N)]
uuids = [str(uuid.UUID(int=int(k) + 2**100)) for k in range(N)]


def some(values, missing=None, every=10):
    """The values with a missing one at every tenth place."""
    return [missing if at % every == 0 else value for at, value in enumerate(values)]


NASTY = {
    "floats": (floats, "Numeric"),
    "floats with infinities": (some(floats, np.inf), "Numeric"),
    "few whole numbers": (rng.integers(0, 3, N), "Numeric"),
    "bool": (rng.random(N) > 0.5, "Boolean"),
    "bool and None": (some([True, False] * (N // 2)), "Boolean"),
    "nullable bool": (pd.array(some([True, False] * (N // 2)), dtype="boolean"), "Boolean"),
    "nullable int": (pd.array(some(ints.tolist()), dtype="Int64"), "Numeric"),
    "arrow float": (pd.array(some(floats.tolist()), dtype=pd.ArrowDtype(pa.float64())), "Numeric"),
    "Decimal": ([Decimal(int(k)) / 7 for k in ints], "Numeric"),
    "arrow decimal": (
        pd.array([Decimal(int(k)) for k in ints], dtype=pd.ArrowDtype(pa.decimal128(9, 2))),
        "Numeric",
    ),
    "durations": ([dt.timedelta(minutes=int(k)) for k in ints], "Numeric"),
    "timedelta": (pd.to_timedelta(ints, unit="h"), "Numeric"),
    "sparse": (pd.arrays.SparseArray(np.where(ints > 40, 1.0, 0.0)), "Numeric"),
    "numbers as text": ([f"{value:.3f}" for value in floats], "Numeric"),
    "numbers as text with question marks": (some([f"{v:.2f}" for v in floats], "?", every=3), "Numeric"),
    "currency": ([f"${value:,.2f}" for value in rng.uniform(0, 1e5, N)], "Numeric"),
    "percent": ([f"{value}%" for value in ints], "Numeric"),
    "decimal comma": (german, "Numeric"),
    "numbers and a few words": (some([int(k) for k in ints], "n/a"), "Numeric"),
    "numbers with one typo": (["abc", *[int(k) for k in ints[1:]]], "Numeric"),
    "true and false as text": (rng.choice(["true", "false"], N), "Boolean"),
    "one value and gaps": (some([1.0] * N, np.nan), "Numeric"),
    "numbers and words by half": ([int(k) if k % 2 else f"w{k % 5}" for k in ints], "Categorical"),
    "words": (words, "Categorical"),
    "words and None": (some(words), "Categorical"),
    "words, pd.NA and NaN": (some(some(words, pd.NA), np.nan, every=7), "Categorical"),
    "one word and gaps": (some(["x"] * N), "Categorical"),
    "category dtype": (pd.Categorical(words), "Categorical"),
    "category of numbers": (pd.Categorical(ints), "Categorical"),
    "arrow dictionary": (
        pd.arrays.ArrowExtensionArray(pa.array(words.tolist()).dictionary_encode()),
        "Categorical",
    ),
    "bytes": ([word.encode() for word in words], "Categorical"),
    "leading zeros": ([f"{k % 40:05d}" for k in ints], "Categorical"),
    "month names": (rng.choice(["jan", "feb", "mar", "oct"], N), "Categorical"),
    "clock times": (rng.choice(["10:30", "11:45", "23:00"], N), "Numeric"),
    "intervals": (pd.cut(floats, 5), "Categorical"),
    "long names of few levels": (
        rng.choice(["Long Island City/Hunters Point", "East New York"], N),
        "Categorical",
    ),
    "version numbers": (rng.choice(["10.15.7", "11.2.0", "9.31.1"], N), "Categorical"),
    "complex numbers": (np.where(ints > 25, 1 + 2j, 3 - 1j), "Categorical"),
    "repeated guids": (rng.choice(uuids[:10], N), "Categorical"),
    "datetime": (days, "DateTime"),
    "datetime and NaT": (some(days, pd.NaT), "DateTime"),
    "datetime with zone": (days.tz_localize("Europe/Berlin"), "DateTime"),
    "arrow date": (pd.array(days.date, dtype=pd.ArrowDtype(pa.date32())), "DateTime"),
    "date objects": (days.date, "DateTime"),
    "periods": (days.to_period("M"), "DateTime"),
    "iso dates": (days.strftime("%Y-%m-%d"), "DateTime"),
    "iso times": (days.strftime("%Y-%m-%dT%H:%M:%SZ"), "DateTime"),
    "german dates": (days.strftime("%d.%m.%Y"), "DateTime"),
    "american dates": (days.strftime("%m/%d/%Y %I:%M %p"), "DateTime"),
    "dates by words": (days.strftime("%b %d, %Y"), "DateTime"),
    "mail dates": (days.strftime("%a, %d %b %Y %H:%M:%S +0100"), "DateTime"),
    "dates and gaps": (some(days.strftime("%Y-%m-%d"), "NA"), "DateTime"),
    "sentences": (sentences, "Text"),
    "chinese": (
        ["".join(rng.choice(list("天地玄黄宇宙洪荒日月盈昃辰宿列张"), 12)) for _ in range(N)],
        "Text",
    ),
    "short titles": (
        [" ".join(rng.choice(vocabulary, 2, replace=False)) + f" {k}" for k in range(N)],
        "Text",
    ),
    "lists": ([rng.choice(["a", "b", "c"], 2).tolist() for _ in range(N)], "List"),
    "dicts": ([{"size": int(k), "color": "red"} for k in ints], "List"),
    "arrays": (list(rng.normal(size=(N, 3))), "List"),
    "guids": (uuids, "Hashes"),
    "hashes": ([f"{k:032x}" for k in range(N)], "Hashes"),
    "serial numbers": ([f"SN-{k * 7919 % 99991}-X" for k in range(N)], "Hashes"),
    "constant number": (np.ones(N), "Constant"),
    "constant text": (["x"] * N, "Constant"),
    "constant but for blanks": (["x", " x", "x "] * 10, "Constant"),
    "constant date": ([dt.datetime(2020, 1, 1)] * N, "Constant"),
    "all None": ([None] * N, "AllNan"),
    "all NaN": (np.full(N, np.nan), "AllNan"),
    "all infinite": (np.full(N, np.inf), "AllNan"),
    "all NaT": (pd.to_datetime([None] * N), "AllNan"),
    "blank texts": (["", "  "] * 10, "AllNan"),
    "no rows": (pd.Series([], dtype=object), "AllNan"),
}


@pytest.mark.parametrize("kind", NASTY)
def test_nasty_columns_are_taken_for_what_they_are(kind):
    values, purpose = NASTY[kind]
    info = detect_purpose(pd.Series(values, name="column"))
    assert info.purpose == purpose, info
    assert 0 <= info.confidence <= 1
    assert info.reason


@pytest.mark.parametrize(
    ("name", "values", "purpose"),
    [
        ("PassengerId", np.arange(1, N + 1), "Hashes"),
        ("customer_id", rng.permutation(10**6)[:N].astype(float), "Hashes"),
        ("id", [f"{k}" for k in range(N)], "Hashes"),
        ("store_id", rng.integers(0, 9, N), "Categorical"),
        ("humid", np.arange(N), "Numeric"),
        ("position", np.arange(N), "Numeric"),
        ("id_score", floats, "Numeric"),
    ],
)
def test_whole_numbers_named_as_identifiers_are_labels(name, values, purpose):
    assert detect_purpose(pd.Series(values, name=name)).purpose == purpose


def test_many_levels_are_hashed_and_few_rows_are_no_identifiers():
    many = pd.Series([f"l{k % 6000}" for k in range(15_000)])
    assert detect_purpose(many).purpose == "CategoricalHash"
    assert detect_purpose(pd.Series(["a", "b", "c"])).purpose == "Categorical"


TEXTS = {"sms_spam": ["text"]}
DATES = {"taxis": ["pickup", "dropoff"], "bike_share": ["date"], "airline_passengers": ["month"]}
TRUTHS = {"bank_marketing": ["y"]}
SETS = ["adult", "bank_marketing", "taxis", "penguins", "letter", "abalone"]
SETS += ["california_housing", "sms_spam", "bike_share", "airline_passengers"]


@pytest.fixture(scope="module")
def shared():
    found = [
        p / "shared" / "data" for p in Path(__file__).resolve().parents if (p / "shared" / "data").is_dir()
    ]
    if not found:
        pytest.skip("the open data sets (shared/data beside the project) are not here")
    return found[0]


@pytest.mark.parametrize("name", SETS)
def test_open_data_sets(shared, name):
    frame = pd.read_parquet(shared / name / "train.parquet")
    target = json.loads((shared / name / "meta.json").read_text())["target"]
    expected = {c: "Numeric" if pd.api.types.is_numeric_dtype(frame[c]) else "Categorical" for c in frame}
    expected |= dict.fromkeys(TEXTS.get(name, []), "Text") | dict.fromkeys(DATES.get(name, []), "DateTime")
    expected |= dict.fromkeys(TRUTHS.get(name, []), "Boolean")
    found = {column: info.purpose for column, info in detect_purposes(frame).items()}
    assert found == expected
    assert target in found


@pytest.mark.parametrize("form", FORMATS[1:])
def test_every_format_is_found_and_read(form):
    moments = pd.Series(pd.date_range("2020-02-13 11:22:33.123456", "2021-12-01", periods=6, tz="UTC"))
    texts = [in_english(moment.strftime(form)) for moment in moments]
    found = find_formats(texts)
    read = to_dates(pd.Series(texts), found)
    known = moments.dt.tz_localize(None)
    if "%f" not in form:
        known = known.dt.floor("s" if "%S" in form else "min" if "%M" in form else "D")
    if "%d" not in form:
        known = known.dt.to_period("M").dt.to_timestamp()
    assert found
    if "%d/%m" not in form and "%d-%m" not in form:  # where day and month can be either, the month is first
        np.testing.assert_array_equal(read.to_numpy(), known.to_numpy("datetime64[us]"))


@pytest.mark.parametrize(
    ("name", "values", "formats"),
    [
        ("created_at", [1_600_000_000, 1_700_000_000], ("unit=s",)),
        ("eventTime", [1.6e12, 1.7e12], ("unit=ms",)),
        ("ts", ["1600000000", "1700000000"], ("unit=s",)),
        ("order_date", [20240131, 20231201], ("%Y%m%d",)),
        ("month", [202401, 202312], ("%Y%m",)),
        ("price", [1_600_000_000, 1_700_000_000], None),
        ("date_count", [12, 7], None),
        ("month", [1, 12], None),
    ],
)
def test_numbers_are_dates_only_by_name_and_size(name, values, formats):
    info = detect_purpose(pd.Series(values * 20, name=name))
    assert (info.purpose, info.formats) == (("DateTime", formats) if formats else ("Numeric", ()))


@pytest.mark.parametrize(
    ("text", "day"),
    [("3. März 2020", "2020-03-03"), ("3 de mayo de 2020", "2020-05-03"), ("1 août 2020", "2020-08-01"),
     ("2020-Q3", "2020-07-01"), ("Q1 2021", "2021-01-01"), ("2020-W05", "2020-01-27"), ("2020W53", "2020-12-28")],
)  # fmt: skip
def test_months_of_other_languages_quarters_and_weeks(text, day):
    column = pd.Series([text, text.replace("2020", "2019").replace("2021", "2019")] * 20)
    info = detect_purpose(column)
    assert info.purpose == "DateTime"
    assert str(to_dates(column, info.formats)[0].date()) == day


def test_overrides_in_any_casing():
    frame = pd.DataFrame(
        {"a": ints, "b": words, "when": days.strftime("%d.%m.%Y"), "t": 1_600_000_000 + ints}
    )
    declared = {"a": "categorical", "b": "IGNORE", "when": "date_time", "t": "DateTime"}
    found = detect_purposes(frame, declared)
    assert [info.purpose for info in found.values()] == ["Categorical", "Ignore", "DateTime", "DateTime"]
    assert found["when"].formats == ("%d.%m.%Y",)
    assert found["t"].formats == ("unit=s",)
    assert found["b"].dropped


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"colour": "Numeric"}, "no column 'colour'; did you mean 'color'"),
        ({"color": "Number"}, "cannot be 'Number'; did you mean 'Numeric'"),
        ({"color": "Constant"}, "cannot be 'Constant'"),
        ({"color": "Numeric"}, "no value of 'color' is Numeric, such as"),
        ({"color": "DateTime"}, "no value of 'color' is DateTime, such as"),
    ],
)
def test_overrides_that_cannot_be(overrides, message):
    with pytest.raises(SettingsError, match=message.replace("?", r"\?")):
        detect_purposes(pd.DataFrame({"color": words}), overrides)


def test_an_override_finds_nothing_in_an_empty_column():
    info = detect_purposes(pd.DataFrame({"a": [None, None]}), {"a": "Numeric"})["a"]
    assert info.purpose == "AllNan"


def test_names_are_texts_and_must_differ():
    frame = pd.DataFrame([[1, 2]], columns=[0, "0"])
    with pytest.raises(DataError, match="two columns are named '0'"):
        detect_purposes(frame)
    assert list(detect_purposes(pd.DataFrame([[1], [2]], columns=[7]))) == ["7"]
