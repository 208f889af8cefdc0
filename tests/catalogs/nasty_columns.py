"""Columns as they come in real tables: what each is for, and what the guardrails of single columns say of it."""

from __future__ import annotations

import string
import uuid
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

ROWS = 240


class Nasty(NamedTuple):
    """A column by its name, its cells, the purpose it should get and the guardrails that should speak."""

    name: str
    values: Any
    purpose: str
    findings: frozenset[str] = frozenset()


def nasty(name: str, values: Any, purpose: str, *findings: str) -> Nasty:
    return Nasty(name, values, purpose, frozenset(findings))


rng = np.random.default_rng(7)
AT = np.arange(ROWS)


def mix(values: Any, *more: Any, every: int = 12) -> list[Any]:
    """The values as a list with the others here and there among them."""
    mixed = list(values)
    for number, other in enumerate(more):
        mixed[5 + number :: every] = [other] * len(mixed[5 + number :: every])
    return mixed


def pick(*values: Any) -> list[Any]:
    return [values[i] for i in rng.integers(0, len(values), ROWS)]


def digits(count: int) -> list[str]:
    return ["".join(map(str, row)) for row in rng.integers(0, 10, (ROWS, count))]


def far(times: list[pd.Timestamp]) -> np.ndarray:
    """Dates beyond what nanoseconds can count, as a column of seconds."""
    return np.array([time.to_datetime64() for time in times], dtype="datetime64[s]")


def luhn(body: str) -> str:
    """The body with the check digit of card numbers."""
    doubled = [int(c) * (2 if i % 2 == 0 else 1) for i, c in enumerate(reversed(body))]
    return body + str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def iban(bank: str) -> str:
    """A German account number with its two check digits."""
    return f"DE{98 - int(bank + '131400') % 97:02d}{bank}"


def dni(number: str) -> str:
    """A Spanish identity number with its letter."""
    return number + "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


amounts = np.round(rng.lognormal(6, 1.2, ROWS), 2)
grouped = [f"{value:,.2f}" for value in amounts]
european = [text.translate(str.maketrans(".,", ",.")) for text in grouped]
days = pd.to_datetime("2021-01-15") + pd.to_timedelta(rng.integers(0, 900, ROWS), unit="D")
moments = days + pd.to_timedelta(rng.integers(0, 86_400, ROWS), unit="s")
counts = rng.poisson(6, ROWS)
ages = rng.integers(18, 80, ROWS)
cities = pick("Vienna", "Graz", "Linz", "Salzburg")
FIRST = [
    "James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", "Elizabeth",
    "Anna", "Peter", "Laura", "Thomas",
]  # fmt: skip
LAST = [
    "Smith", "Jones", "Garcia", "Miller", "Davis", "Lopez", "Wilson", "Moore", "Martin", "Lee", "Clark",
    "Walker", "Young", "Hill", "Adams", "Baker",
]  # fmt: skip
people = [f"{a} {b}" for a, b in zip(pick(*FIRST), pick(*LAST), strict=True)]
WORDS = [
    "late", "broken", "arrived", "thanks", "order", "parcel", "again", "never", "works", "return", "please",
    "money", "wrong", "size", "blue",
]  # fmt: skip
sentences = [" ".join(rng.choice(WORDS, rng.integers(6, 14))) + f" {n % 17}" for n in AT]
hexes = [rng.bytes(16).hex() for _ in AT]
BAR = "automl"

NASTY = (
    # ---- names and keys of rows
    nasty("row_number", AT + 1, "Numeric", "identifiers"),
    nasty("shuffled_counter", rng.permutation(ROWS) + 1000, "Numeric", "identifiers"),
    nasty("CustomerId", rng.permutation(10_000)[:ROWS], "Hashes", "identifiers"),
    nasty("account_no", rng.choice(10**6, ROWS, replace=False) * 997, "Numeric", "identifiers"),
    nasty("guid", [str(uuid.UUID(text)) for text in hexes], "Hashes", "identifiers"),
    nasty("device_guid", [str(uuid.UUID(text)) for text in np.repeat(hexes[:40], 6)], "Categorical", "identifiers"),
    nasty("md5", hexes, "Hashes", "identifiers"),
    nasty("order_code", [f"ORD-{n:06d}" for n in rng.permutation(ROWS)], "Hashes", "identifiers"),
    nasty("store_id", rng.integers(1, 9, ROWS), "Categorical"),
    nasty("postal_code", [f"0{1000 + 37 * n}" for n in rng.integers(0, 60, ROWS)], "Categorical"),
    # ---- next to nothing inside
    nasty("one_value", ["x"] * ROWS, "Constant"),
    nasty("no_value", [None] * ROWS, "AllNan"),
    nasty("only_nan", [np.nan] * ROWS, "AllNan"),
    nasty("blank_texts", [" "] * ROWS, "AllNan"),
    nasty("rare_flag", AT == 17, "Boolean", "near-constant-features"),
    nasty("rare_word", ["no"] * (ROWS - 2) + ["returned"] * 2, "Categorical", "near-constant-features"),
    nasty("rare_number", [0.0] * (ROWS - 3) + [1.0, 2.0, 3.0], "Numeric", "near-constant-features"),
    nasty("one_value_and_gaps", [None, "x", "x"] * (ROWS // 3), "Categorical"),
    # ---- numbers that stand for "no value"
    nasty("pdays", np.where(AT % 20 == 0, rng.integers(1, 25, ROWS), 999), "Numeric", "sentinel-values"),
    nasty("tenure_days", np.where(AT % 9 == 0, -1, counts + 1), "Numeric", "sentinel-values"),
    nasty("temperature", mix(np.round(rng.normal(12, 8, ROWS), 1), -999.0), "Numeric", "sentinel-values"),
    nasty("sensor", mix(np.round(rng.normal(1, 0.2, ROWS), 3), -9999.0), "Numeric", "sentinel-values"),
    nasty("rating", mix(pick(1, 2, 3, 4, 5), 99), "Numeric", "sentinel-values"),
    nasty("survey_answer", mix(pick(1, 2, 3, 4, 5), 97, 98, 99), "Numeric", "sentinel-values"),
    nasty("seniority", mix(rng.integers(0, 60, ROWS), 2147483647), "Numeric", "sentinel-values"),
    nasty("year_built", mix(rng.integers(1900, 2020, ROWS), 0), "Numeric", "sentinel-values"),
    nasty("odd_filler", mix(np.round(rng.normal(50, 5, ROWS), 2), 123456.0), "Numeric", "sentinel-values"),
    nasty("hired", mix(days, pd.Timestamp("1900-01-01")), "DateTime", "sentinel-values"),
    nasty("valid_until", far(mix(days, pd.Timestamp("9999-12-31"))), "DateTime", "sentinel-values"),
    nasty("mood", pick(-1, 0, 1), "Numeric"),
    nasty("balance", np.round(rng.normal(100, 300, ROWS)), "Numeric"),
    nasty("percentage", rng.integers(0, 101, ROWS), "Numeric"),
    nasty("pixel", rng.integers(0, 256, ROWS), "Numeric"),
    # ---- words that stand for "no value"
    nasty("workclass", pick("Private", "State-gov", "Self-emp", "?"), "Categorical", "missing-words"),
    nasty("housing", pick("yes", "no", "unknown"), "Categorical", "missing-words"),
    nasty("status", pick("open", "closed", "N/A", "null"), "Categorical", "missing-words"),
    nasty("bare_nuclei", mix(map(str, rng.integers(1, 11, ROWS)), "?"), "Numeric", "missing-words", "numbers-as-text"),
    nasty("horsepower", mix(map(str, rng.integers(50, 220, ROWS)), "NA", every=40), "Numeric",
          "missing-words", "numbers-as-text"),
    nasty("answer_de", pick("gut", "schlecht", "keine Angabe"), "Categorical", "missing-words"),
    nasty("measured_on", mix(days.strftime("%Y-%m-%d"), "unknown", every=40), "DateTime",
          "missing-words", "dates-as-text"),
    nasty("continent", pick("EU", "AS", "NA", "SA", "AF"), "Categorical"),
    nasty("garage", pick("attached", "detached", "none"), "Categorical"),
    nasty("rhesus", pick("+", "-"), "Categorical"),
    nasty("minus_among_words", mix(cities, "-"), "Categorical", "missing-words"),
    # ---- several types in one column
    nasty("mixed_types", [1, "two", 3.5] * (ROWS // 3), "Categorical", "unusual-values"),
    nasty("numbers_and_text_numbers", [1, "2", 3.0, "4.5"] * (ROWS // 4), "Numeric",
          "unusual-values", "numbers-as-text"),
    nasty("nearly_numbers", mix(map(str, ages), "low", "high", every=10), "Categorical", "numbers-as-text"),
    nasty("infinite", mix(rng.normal(size=ROWS), np.inf, -np.inf), "Numeric", "unusual-values"),
    nasty("texts_and_dates", mix(cities, pd.Timestamp("2024-01-01")), "Categorical", "unusual-values"),
    # ---- numbers written as text
    nasty("digits_as_text", [str(value) for value in ages], "Numeric", "numbers-as-text"),
    nasty("dollars", [f"${text}" for text in grouped], "Numeric", "numbers-as-text"),
    nasty("euros", [f"{text} €" for text in european], "Numeric", "numbers-as-text"),
    nasty("two_currencies", [f"{'$' if n % 3 else '€'}{text}" for n, text in zip(AT, grouped, strict=True)], "Numeric",
          "numbers-as-text"),
    nasty("percent", [f"{value}%" for value in rng.integers(0, 101, ROWS)], "Numeric", "numbers-as-text"),
    nasty("percent_at_times", [f"{n % 90}%" if n % 2 else f"0.{n % 90:02d}" for n in AT], "Numeric", "numbers-as-text"),
    nasty("thousands", [f"{int(value * 100):,}" for value in amounts], "Numeric", "numbers-as-text"),
    nasty("decimal_comma", [f"{value:.1f}".replace(".", ",") for value in rng.normal(20, 5, ROWS)], "Numeric",
          "numbers-as-text"),
    nasty("swiss", [f"{int(value * 1000):,}".replace(",", "'") for value in amounts], "Numeric", "numbers-as-text"),
    nasty("french", [f"{value:,.2f}".replace(",", "\u202f").replace(".", ",") for value in amounts * 50], "Numeric",
          "numbers-as-text"),
    nasty("accounting", [f"({text})" if n % 4 == 0 else text for n, text in zip(AT, grouped, strict=True)], "Numeric",
          "numbers-as-text"),
    nasty("with_unit", [f"{value:.1f} kg" for value in rng.normal(70, 9, ROWS)], "Numeric", "numbers-as-text"),
    nasty("term", pick("36 months", "60 months", "48 months"), "Numeric", "numbers-as-text"),
    nasty("followers", [f"{value:.1f}{'K' if n % 5 else 'M'}" for n, value in enumerate(rng.uniform(1, 900, ROWS))],
          "Numeric", "numbers-as-text"),
    nasty("scientific", [f"{value:.3e}" for value in amounts], "Numeric", "numbers-as-text"),
    nasty("leading_zeros", [f"{n:03d}" for n in rng.integers(1, 40, ROWS)], "Categorical"),
    nasty("version", [f"{a}.{b}.{c}" for a, b, c in rng.integers(0, 5, (ROWS, 3))], "Categorical"),
    nasty("floor", pick("1st", "2nd", "3rd", "4th"), "Categorical"),
    nasty("size", pick("S", "M", "L", "XL"), "Categorical"),
    nasty("flat", pick("1A", "2B", "3C", "12D", "7A"), "Categorical"),
    # ---- dates written as text or numbers
    nasty("iso", days.strftime("%Y-%m-%d").tolist(), "DateTime", "dates-as-text"),
    nasty("iso_with_zone", moments.strftime("%Y-%m-%dT%H:%M:%S+01:00").tolist(), "DateTime", "dates-as-text"),
    nasty("german_date", days.strftime("%d.%m.%Y").tolist(), "DateTime", "dates-as-text"),
    nasty("american_date", days.strftime("%m/%d/%Y").tolist(), "DateTime", "dates-as-text"),
    nasty("either_way", [f"{1 + n % 12:02d}/{1 + n % 9:02d}/2023" for n in AT], "DateTime", "dates-as-text"),
    nasty("english_date", days.strftime("%b %d, %Y").tolist(), "DateTime", "dates-as-text"),
    nasty("two_formats", [f"{d:%Y-%m-%d}" if n % 3 else f"{d:%d %B %Y}" for n, d in enumerate(days)], "DateTime",
          "dates-as-text"),
    nasty("date_yyyymmdd", days.strftime("%Y%m%d").astype(int).to_numpy(), "DateTime", "dates-as-text"),
    nasty("created_at", moments.astype("datetime64[s]").astype("int64").to_numpy(), "DateTime", "dates-as-text"),
    nasty("updated_ts", moments.astype("datetime64[ms]").astype("int64").to_numpy(), "DateTime", "dates-as-text"),
    nasty("departure", [f"{n % 24:02d}:{n * 7 % 60:02d}" for n in AT], "Numeric", "dates-as-text"),
    nasty("real_dates", days, "DateTime"),
    nasty("time_zone", moments.tz_localize("Europe/Vienna", nonexistent="shift_forward", ambiguous="NaT"), "DateTime"),
    nasty("year", rng.integers(1995, 2024, ROWS), "Numeric"),
    nasty("shipped", far(mix(days, pd.Timestamp("1020-05-05"), every=ROWS)), "DateTime", "absurd-values"),
    # ---- values beyond belief
    nasty("age", mix(ages, 300, every=ROWS), "Numeric", "absurd-values"),
    nasty("latitude", mix(np.round(rng.uniform(46, 49, ROWS), 4), 4713.2, every=ROWS), "Numeric", "absurd-values"),
    nasty("weight_kg", mix(np.round(rng.normal(75, 9, ROWS), 1), 70_000.0, every=ROWS), "Numeric", "absurd-values"),
    nasty("skewed_amounts", np.exp(rng.normal(5, 3, ROWS)), "Numeric"),
    nasty("zero_inflated", np.where(AT % 10 == 0, np.round(amounts), 0), "Numeric"),
    # ---- one category in several ways
    nasty("blanks_around", mix(cities, "Graz ", " Linz"), "Categorical", "category-variants"),
    nasty("case_variants", mix(cities, "vienna", "GRAZ"), "Categorical", "category-variants"),
    nasty("full_width", mix(cities, "Ｇｒａｚ"), "Categorical", "category-variants"),
    nasty("gender", pick("m", "M", "f", "F"), "Categorical", "category-variants"),
    nasty("letter_codes", [string.ascii_letters[n % 52] for n in AT], "Categorical"),
    nasty("as_category", pd.Categorical(mix(cities, "Vienna ")), "Categorical", "category-variants"),
    # ---- personal data
    nasty("contact", [f"{a}.{n}@{BAR}{n % 9}.org".lower() for n, a in zip(AT, pick(*FIRST), strict=True)], "Hashes",
          "personal-data", "identifiers"),
    nasty("complaint", [f"{text} write to user{n}@{BAR}.org" for n, text in zip(AT, sentences, strict=True)], "Text",
          "personal-data"),
    nasty("us_phone", [f"({a}) {b}-{c}" for a, b, c in zip(digits(3), digits(3), digits(4), strict=True)], "Hashes",
          "personal-data", "identifiers"),
    nasty("intl_phone", [f"+43 664 {text}" for text in digits(7)], "Hashes", "personal-data", "identifiers"),
    nasty("mobile_number", [int("6" + text) for text in digits(9)], "Numeric", "personal-data", "identifiers"),
    nasty("card", [luhn("4" + text) for text in digits(14)], "Numeric", "personal-data", "numbers-as-text"),
    nasty("card_number", [int(luhn("5" + text)) for text in digits(14)], "Numeric", "personal-data", "identifiers"),
    nasty("iban", [iban(text) for text in digits(18)], "Hashes", "personal-data", "identifiers"),
    nasty("taxpayer", [f"{1 + n % 600:03d}-{1 + n % 90:02d}-{1 + n * 31 % 9000:04d}" for n in AT], "Hashes",
          "personal-data", "identifiers"),
    nasty("dni", [dni(text) for text in digits(8)], "Hashes", "personal-data", "identifiers"),
    nasty("client_ip", [f"10.{a}.{b}.{200 + c % 55}" for a, b, c in rng.integers(0, 255, (ROWS, 3))], "Hashes",
          "personal-data", "identifiers"),
    nasty("full_name", people, "Text", "personal-data"),
    nasty("passenger", [f"{b}, Mr. {a}" for a, b in zip(pick(*FIRST), pick(*LAST), strict=True)], "Text",
          "personal-data"),
    nasty("first_name", pick(*FIRST), "Categorical", "personal-data"),
    # ---- text, lists and other cells
    nasty("review", sentences, "Text"),
    nasty("tags", ["|".join(sorted(set(rng.choice(WORDS, 3)))) for _ in AT], "List"),
    nasty("lists", [[int(n), int(n) % 7] for n in AT], "List"),
    nasty("json_lists", [f'["{a}", "{b}"]' for a, b in zip(pick(*WORDS), pick(*WORDS), strict=True)], "List"),
    nasty("objects", [{"a": int(n)} for n in AT], "List"),
    nasty("product_name", [f"{a} {b}".title() for a, b in zip(pick(*WORDS), pick(*WORDS), strict=True)], "Text"),
    nasty("bytes", [str(n % 5).encode() for n in AT], "Numeric"),
    nasty("truth_words", pick("yes", "no"), "Boolean"),
    nasty("truth_and_gaps", pick(True, False, None), "Boolean"),
    nasty("durations", pd.to_timedelta(counts, unit="h"), "Numeric"),
    nasty("periods", pd.PeriodIndex(days, freq="M"), "DateTime"),
    nasty("nullable", pd.array(mix(ages, None), dtype="Int64"), "Numeric"),
    nasty("sparse", pd.arrays.SparseArray(np.where(AT % 10 == 0, 1.5 + counts, 0.0)), "Numeric"),
)  # fmt: skip
