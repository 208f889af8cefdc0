"""Words that stand for "no value": "?", "n/a", "unknown"; in text, or among numbers and dates."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from automl_components.guardrails import (
    LISTED,
    Facts,
    Finding,
    Guardrail,
    Repair,
    how_to_repair,
    listed,
    looks,
    sentence,
)

PLAIN = frozenset([
    "?", "??", "???", "n/a", "#n/a", "n.a.", "<na>", "nan", "nat", "null", "(null)", "[null]",
    "<null>", "\\n", "unknown", "(unknown)", "unk", "missing", "(missing)", "(blank)", "(empty)",
    "empty", "tbd", "tba", "not available", "not applicable", "not specified", "unspecified",
    "not reported", "not provided", "not known", "not stated", "not recorded", "undefined",
    "undetermined", "no data", "no answer", "no response", "don't know", "do not know", "dont know",
    "#ref!", "#value!", "#div/0!", "#name?", "#num!", "unbekannt", "keine angabe", "k.a.", "k. a.",
    "ohne angabe", "inconnu", "inconnue", "non renseigné", "desconocido", "desconocida", "sin datos",
    "sconosciuto", "onbekend", "okänd", "nieznane", "неизвестно", "不明", "未知", "不詳", "无", "無",
])  # fmt: skip
"""They say by themselves that nothing is known."""
DOUBTFUL = frozenset(
    ["na", "none", "nil", "-", "--", "---", ".", "..", "...", "_", "*", "x", "xx", "xxx", "/"]
)
"""They can be a category: no garage, Namibia, rhesus negative; told by the other values of the column."""

LONGEST = 40  # characters

_SHORT_CODE = re.compile(r"[A-Z]{1,3}")
_WORDY = re.compile(r"[^\W_]{2}")


def find_missing_words(levels: pd.Series, of_values: bool = False) -> dict[str, int]:
    """The texts that probably stand for "no value", as written, with their rows.

    Parameters
    ----------
    levels : Series
        Rows of each distinct text, see :func:`automl_components.guardrails.looks.text_levels`.
    of_values : bool
        Whether the other texts are numbers or dates, among which any such word is a gap.

    Examples
    --------
    >>> find_missing_words(pd.Series({"yes": 5, "no": 3, "unknown": 2}))
    {'unknown': 2}
    >>> find_missing_words(pd.Series({"EU": 5, "AS": 3, "NA": 2}))
    {}
    """
    hits = {text: word for text in levels.index if (word := as_word(text)) in PLAIN or word in DOUBTFUL}
    rest = levels[[text not in hits and bool(text.strip()) for text in levels.index]]
    if not hits or len(rest) < (1 if of_values else 2):
        return {}
    sure = of_values or any(word in PLAIN for word in hits.values())
    told = {
        text: int(levels[text])
        for text, word in hits.items()
        if word in PLAIN or (sure and not _is_category(word, rest)) or _is_blot(word, rest)
    }
    return {text: rows for text, rows in told.items() if of_values or rows > 1 or len(levels) < rows * 50}


def as_word(text: str) -> str:
    """The text in lower case without blanks around it; empty where it is too long for a word."""
    return text.strip().casefold() if len(text) <= LONGEST else ""


def stands_for_nothing(text: str) -> bool:
    """Whether a text among numbers or dates is a gap.

    >>> [stands_for_nothing(text) for text in ("N/A", " ", "12")]
    [True, True, False]
    """
    return not text.strip() or as_word(text) in PLAIN or as_word(text) in DOUBTFUL


def _is_category(word: str, rest: pd.Series) -> bool:
    return word == "na" and looks.share_of(rest, _SHORT_CODE.fullmatch) > 0.5


def _is_blot(word: str, rest: pd.Series) -> bool:
    """Whether a mark stands among words, or "NA" among what are no short codes."""
    if word in ("none", "nil", "x", "xx"):
        return False
    return not _is_category(word, rest) and looks.share_of(rest, _WORDY.search) > 0.9


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    read: dict[str, dict[str, int]] = {}
    kept: dict[str, dict[str, int]] = {}
    for name, levels in look.texts.items():
        purpose = look.purpose(name)
        values = purpose in ("Numeric", "DateTime", "Boolean")
        words = {} if purpose in ("Hashes", "List") else find_missing_words(levels, values)
        if words:
            (read if values else kept)[name] = words
    if not read and not kept:
        return GUARDRAIL.passed("No text stands for a missing value.", {"columns": 0})
    words = [
        (name, word, rows) for name, found in [*read.items(), *kept.items()] for word, rows in found.items()
    ]
    mended = [name for name in kept if facts.mends(GUARDRAIL.name, name, certain=False)]
    left = [name for name in kept if name not in mended]
    figures = {
        "columns": len(read) + len(kept),
        "words": [
            {"column": name, "word": word, "rows": rows, "read_as_missing": name not in left}
            for name, word, rows in words
        ][:LISTED],
    }
    repairs = [
        Repair(name, "read" if name in read else "missing", rows, (word.strip(),), "missing")
        for name, word, rows in words
        if name not in left
    ]
    summary = sentence(
        "; ".join(_words(name, words) for name, words in list({**read, **kept}.items())[:LISTED])
    )
    done = f"Counted as missing, in new rows too: {listed([*read, *mended])}." if read or mended else None
    if not left and done:
        return GUARDRAIL.done(summary, repair=done, details=figures, repairs=repairs)
    return GUARDRAIL.alerted(
        summary,
        remedy=f"Kept as a category of their own: {listed(left)}. Models learn from them as they do from a gap; "
        f"where they are gaps, {how_to_repair(facts, GUARDRAIL.name, left)} counts them as missing.",
        repair=done,
        details=figures,
        repairs=repairs,
    )


def _words(name: str, words: dict[str, int]) -> str:
    shown = ", ".join(f"{word!r} ({rows:,})" for word, rows in list(words.items())[:3])
    return f"{name!r} holds {shown}"


def _example(facts: Facts) -> Facts:
    jobs = np.resize(["nurse", "clerk", "unknown"], len(facts.frame))
    return facts.with_column("occupation", jobs, "Categorical")


GUARDRAIL = Guardrail("missing-words", "Words that hide missing values", _check, _example, rank=44)
