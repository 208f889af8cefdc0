"""``filter``: what conditions mean, against pandas and Python; what is refused, by name."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.core.errors import DataError, SettingsError
from automl_components.core.mltable.filters import Condition

TABLE = pa.table(
    {
        "n": [1, 2, 3, None],
        "f": [0.5, -1.5, None, 2.0],
        "s": ["UK", "US", None, "it's"],
        "b": [True, False, None, True],
        "d": pa.array([dt.datetime(2020, 1, i) for i in (1, 2, 3)] + [None], pa.timestamp("s")),
        "z": pa.array(
            [dt.datetime(2020, 1, i) for i in (1, 2, 3)] + [None], pa.timestamp("us", "Europe/Berlin")
        ),
        "day": pa.array([dt.date(2020, 1, i) for i in (1, 2, 3)] + [None]),
        "c": pa.array(["x", "y", "x", None]).dictionary_encode(),
        "odd name": [1, 2, 3, 4],
        "e": pa.nulls(4),
    }
)


def kept(text: str, table: Any = TABLE) -> list[int]:
    mask = Condition.parse(text).mask(table)
    if isinstance(mask, pa.Scalar):
        return list(range(table.num_rows)) if mask.as_py() else []
    return [i for i, value in enumerate(mask.to_pylist()) if value]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('col("n") > 1 and col("s") == "US"', [1]),
        ("col('n') > 1 or col('s') == 'UK'", [0, 1, 2]),
        ("not n > 1", [0]),
        ("(n > 1) & (f < 0)", [1]),
        ("(n > 1) | ~b", [1, 2]),
        ("b", [0, 3]),
        ("not b", [1]),
        ("b == true and n != 1", []),
        ("1 < n <= 3", [1, 2]),
        ("n * 2 + 1 >= 5", [1, 2]),
        ("n / 2 == 0.5", [0]),
        ("n // 2 == 1", [1, 2]),
        ("n % 2 == 1", [0, 2]),
        ("n ** 2 == 9", [2]),
        ("-f > 0", [1]),
        ("f >= -1.5", [0, 1, 3]),
        ("n in [1, 3, 99]", [0, 2]),
        ("n not in (1, 3)", [1]),
        ("n in {1, null}", [0, 3]),
        ("n in []", []),
        ("n not in []", [0, 1, 2]),
        ("s in ['UK', \"it's\"]", [0, 3]),
        ("n is None", [3]),
        ("n is null", [3]),
        ("n == null", [3]),
        ("None != n", [0, 1, 2]),
        ("n is not None and s is None", [2]),
        ("e is null", [0, 1, 2, 3]),
        ("e == 1", []),
        ("d >= datetime(2020, 1, 2)", [1, 2]),
        ("d == datetime(2020, 1, 1, 0, 0, 0)", [0]),
        ("d > '2020-01-01'", [1, 2]),
        ("datetime('2020-01-02T00:00:00') == d", [1]),
        ("d > '2020-01-01T12:00:00+00:00'", [1, 2]),
        ("z >= datetime(2020, 1, 2)", [1, 2]),
        ("z < '2020-01-02T01:00:00+01:00'", [0]),
        ("d in ['2020-01-01', '2020-01-03']", [0, 2]),
        ("day > '2020-01-02'", [2]),
        ("day == datetime(2020, 1, 2)", [1]),
        ("c == 'x'", [0, 2]),
        ("c in ['y']", [1]),
        ("col('odd name') > 2", [2, 3]),
        ("n < col('odd name') + f", [0]),
        ("true", [0, 1, 2, 3]),
        ("1 > 2", []),
        ("  n\n> 2 ", [2]),
    ],
)
def test_meaning(text: str, expected: list[int]) -> None:
    assert kept(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found ''; should be a condition"),
        (32, "found 32; should be a condition"),
        ("n >", r"'n >', at its end: invalid syntax"),
        ("n = 1", r"'n = 1', character 3: invalid syntax; compare with =="),
        ("__import__('os').system('x')", r"\"__import__\('os'\).system\('x'\)\" is not known"),
        ("n.__class__", r"'n.__class__' is not allowed"),
        ("n[0] > 1", r"'n\[0\]' is not allowed"),
        ("[n for n in [1]]", "is not allowed"),
        ("(lambda: 1)() > 0", "is not known"),
        ("n if b else f", "is not allowed"),
        ("(x := 1) > 0", "is not allowed"),
        ("f'{n}' == '1'", "is not allowed"),
        ("col(n) > 1", r"should be col\(...\) with plain values"),
        ("col('n', 's') > 1", r"should name one column"),
        ("col(1) > 1", r"should name one column"),
        ("col(name='n') > 1", "plain values"),
        ("datetime(2020, 13, 1) < d", "is not a date: month must be in 1..12"),
        ("datetime('x') < d", "is not a date"),
        ("datetime(2020.5, 1, 1) < d", "is not a date"),
        ("abs(n) > 1", r"'abs\(n\)' is not known; functions are col"),
        ("n @ 2 > 1", "uses an operator that is not known here"),
        ("n << 2 > 1", "uses an operator"),
        ("n in s", "should have a list of values after `in`"),
        ("n == [1]", "should have a list of values after `in`, and nowhere else"),
        ("b'x' == s", "is not a number, a text, true, false or null"),
        ("1j > n", "is not a number"),
        ("n > 1" + " and n > 1" * 2_000, "characters; at most 10000"),
        ("(" * 300 + "n" + ")" * 300 + " > 1", "too many nested parentheses"),
        ("not " * 2_400 + "b", "nested too deeply"),
        ("n > 1\0", "null bytes"),
    ],
)
def test_refused_before_reading(text: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Condition.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nn > 1", "there is no column 'nn'; did you mean 'n'"),
        ("col('N ame') > 1", "there is no column 'N ame'; did you mean 'odd name'|known"),
        ("n", "'n' is int64, not a condition; compare it with something"),
        ("n > 1 and s", "'s' is string, not a condition"),
        ("n > 1 & f < 2", "'1' is int64, not a condition; put the conditions beside & and | in parentheses"),
        ("s > 1", "string, int64"),
        ("n == 'x'", "int64, string"),
        ("b > 1", "bool"),
        ("d > 'soon'", "\"'soon'\" is compared with a date, but is none"),
        ("n in [f]", "lists hold plain values"),
        ("[1, 2]", r"'\[1, 2\]' stands where a value is needed"),
        ("n > 99999999999999999999999999", "too large"),
        ("n * 9223372036854775807 > 1", "overflow"),
    ],
)
def test_refused_by_the_table(text: str, message: str) -> None:
    with pytest.raises((DataError, SettingsError), match=message):
        Condition.parse(text, "MLTable: transformations[1].filter").mask(TABLE)


def test_messages_say_where() -> None:
    with pytest.raises(SettingsError, match=r"^MLTable: transformations\[1\]\.filter: "):
        Condition.parse("abs(n)", "MLTable: transformations[1].filter")


# ---------------------------------------------------------------- against pandas

NUMBERS = st.one_of(st.integers(-9, 9), st.sampled_from([-2.5, 0.5, 1.25]))
VALUES = st.recursive(
    st.one_of(st.sampled_from(["a", "b", "x"]), NUMBERS.map(lambda n: f"({n})")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda value: f"(-{value})"),
    ),
    max_leaves=4,
)
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
LEAVES = st.one_of(
    st.tuples(st.sampled_from(["a", "b", "x"]), SIGNS, VALUES).map(" ".join),
    st.tuples(
        st.sampled_from(["a", "x"]),
        st.sampled_from(["in", "not in"]),
        st.lists(st.integers(-3, 3), min_size=1, max_size=4),
    ).map(lambda t: f"{t[0]} {t[1]} {t[2]}"),
    st.tuples(st.sampled_from(["==", "!="]), st.sampled_from(["u", "v", "w"])).map(
        lambda t: f"t {t[0]} '{t[1]}'"
    ),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, st.sampled_from(["&", "|"]), inner).map(lambda t: f"(({t[0]}) {t[1]} ({t[2]}))"),
        inner.map(lambda condition: f"(not ({condition}))"),
    ),
    max_leaves=6,
)
FRAMES = st.lists(
    st.tuples(
        st.integers(-3, 3),
        st.integers(-50, 50),
        st.sampled_from([-2.5, 0.0, 0.5, 3.0]),
        st.sampled_from("uvw"),
    ),
    min_size=1,
    max_size=6,
).map(lambda rows: pd.DataFrame(rows, columns=["a", "b", "x", "t"]))


@given(FRAMES, CONDITIONS)
@settings(max_examples=150, deadline=None)
def test_same_as_pandas(frame: pd.DataFrame, text: str) -> None:
    # pandas' own evaluator as the second source; python's engine, so that numexpr plays no part
    expected = frame.eval(text, engine="python", parser="pandas")
    expected = [bool(expected)] * len(frame) if not isinstance(expected, pd.Series) else expected.tolist()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    assert kept(text, table) == [i for i, value in enumerate(expected) if value]


# ---------------------------------------------------------------- against three-valued logic, row by row

CELL = st.one_of(st.none(), st.integers(-3, 3))


def truth(text: str, row: dict[str, Any]) -> bool | None:
    """SQL's logic for the small language that THREE_VALUED makes, by plain recursion."""
    if text.startswith("not "):
        inner = truth(text[5:-1], row)
        return None if inner is None else not inner
    for word in (" and ", " or "):
        depth = 0
        for i, sign in enumerate(text):
            depth += (sign == "(") - (sign == ")")
            if not depth and text.startswith(word, i):
                one, other = truth(text[1 : i - 1], row), truth(text[i + len(word) + 1 : -1], row)
                decisive = word == " or "
                if decisive in (one, other):
                    return decisive
                return None if None in (one, other) else not decisive
    name, sign, number = text.split()
    if sign == "is":
        return row[name] is None
    if row[name] is None:
        return None
    return {"==": row[name] == int(number), "<": row[name] < int(number), ">=": row[name] >= int(number)}[
        sign
    ]


THREE_VALUED = st.recursive(
    st.one_of(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["==", "<", ">="]), st.integers(-3, 3)).map(
            lambda t: f"{t[0]} {t[1]} {t[2]}"
        ),
        st.sampled_from(["a is null", "b is null"]),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda condition: f"not ({condition})"),
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), THREE_VALUED)
@settings(max_examples=100, deadline=None)
def test_missing_values_are_unknown(rows: list[tuple[int | None, int | None]], text: str) -> None:
    table = pa.table(
        {"a": pa.array([a for a, _ in rows], pa.int64()), "b": pa.array([b for _, b in rows], pa.int64())}
    )
    assert kept(text, table) == [i for i, (a, b) in enumerate(rows) if truth(text, {"a": a, "b": b})]


def test_division_as_in_python() -> None:
    table = pa.table({"a": [7, -7, 7, -7], "b": [2, 2, -2, -2]})
    for sign in ("/", "//", "%"):
        expected = [
            math.floor(a / b) if sign == "//" else a % b if sign == "%" else a / b
            for a, b in zip([7, -7, 7, -7], [2, 2, -2, -2], strict=True)
        ]
        for i, value in enumerate(expected):
            assert i in kept(f"a {sign} b == ({value})", table)
