"""Categories written in several ways: blanks around them, upper and lower case, other characters that look alike."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, counted, looks, sentence
from automl_components.guardrails.personal_data import masked, personal_kinds

SINGLE = 20  # levels of one character beyond which their case is a code of its own


def find_variants(levels: pd.Series) -> list[list[str]]:
    """Texts that are one category: equal but for blanks, case and Unicode forms; most rows first.

    Examples
    --------
    >>> find_variants(pd.Series({"Vienna": 5, "vienna ": 2, "Graz": 1}))
    [['Vienna', 'vienna ']]
    """
    groups: dict[str, list[str]] = {}
    single = sum(len(text.strip()) == 1 for text in levels.index) > SINGLE
    for text in levels.index:
        plain = " ".join(unicodedata.normalize("NFKC", text).split())
        groups.setdefault(plain if single and len(plain) == 1 else plain.casefold(), []).append(text)
    return [texts for plain, texts in groups.items() if len(texts) > 1 and plain]


def count_blanks(levels: pd.Series) -> int:
    """Rows whose text begins or ends with a blank."""
    return int(levels[[text != text.strip() for text in levels.index]].sum())


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    labels = {n: t for n, t in look.texts.items() if look.purpose(n) in ("Categorical", "CategoricalHash")}
    blanks = {name: rows for name, levels in labels.items() if (rows := count_blanks(levels))}
    variants = {name: groups for name, levels in labels.items() if (groups := find_variants(levels))}
    # what only blanks tell apart is one category when it is read
    open_ = {name: left for name, groups in variants.items() if (left := [g for g in groups if _differ(g)])}
    if not blanks and not variants:
        return GUARDRAIL.passed("Every category is written in one way.", {"blanks": 0, "variants": 0})
    kinds = personal_kinds(look)
    parts = [f"{name!r} has blanks around {counted(rows, 'value')}" for name, rows in blanks.items()][:LISTED]
    parts += [_words(name, groups, name in kinds) for name, groups in list(open_.items())[:LISTED]]
    figures = {
        "blanks": len(blanks),
        "variants": len(open_),
        "blank_columns": [{"column": name, "rows": rows} for name, rows in blanks.items()][:LISTED],
        "variant_columns": [{"column": name, "categories": len(g)} for name, g in open_.items()][:LISTED],
    }
    stripped = "Blanks around a category do not count, in new rows neither"
    if not open_:
        return GUARDRAIL.done(sentence("; ".join(parts)), repair=f"{stripped}.", details=figures)
    return GUARDRAIL.alerted(
        sentence("; ".join(parts)),
        remedy="Other ways of writing stay categories of their own; where they mean the same, "
        "write them alike in the data, and in new rows.",
        repair=f"{stripped}." if blanks else None,
        details=figures,
    )


def _differ(texts: list[str]) -> bool:
    return len({text.strip() for text in texts}) > 1


def _words(name: str, groups: list[list[str]], personal: bool) -> str:
    first = list(dict.fromkeys(text.strip() for text in groups[0]))[:3]
    shown = " and ".join(repr(masked(text) if personal else text[:40]) for text in first)
    more = f", and {len(groups) - 1:,} more such" if len(groups) > 1 else ""
    return f"{name!r} has {shown}{more}"


def _example(facts: Facts) -> Facts:
    return facts.with_column(
        "city", np.resize(["Vienna", "vienna", "Graz "], len(facts.frame)), "Categorical"
    )


GUARDRAIL = Guardrail("category-variants", "Categories written in several ways", _check, _example, rank=64)
