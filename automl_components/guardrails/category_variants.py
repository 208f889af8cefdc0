"""Categories written in several ways: blanks around them, upper and lower case, other characters that look alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.core.writing import plain_writing
from automl_components.guardrails import (
    LISTED,
    Facts,
    Finding,
    Guardrail,
    Repair,
    counted,
    how_to_repair,
    listed,
    looks,
    sentence,
)
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
        plain = plain_writing(text, every=not single or len(text.strip()) > 1)
        groups.setdefault(plain, []).append(text)
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
    variants = {
        name: left for name, groups in variants.items() if (left := [g for g in groups if _differ(g)])
    }
    if not blanks and not variants:
        return GUARDRAIL.passed("Every category is written in one way.", {"blanks": 0, "variants": 0})
    kinds = personal_kinds(look)
    parts = [f"{name!r} has blanks around {counted(rows, 'value')}" for name, rows in blanks.items()][:LISTED]
    parts += [_words(name, groups, name in kinds) for name, groups in list(variants.items())[:LISTED]]
    repairs = [Repair(name, "read", rows, to="without blanks around it") for name, rows in blanks.items()]
    left: list[str] = []
    for name, groups in variants.items():
        mended = [group for group in groups if facts.mends(GUARDRAIL.name, name, certain=_is_certain(group))]
        repairs += [_repair(name, labels[name][group], name in kinds) for group in mended]
        left += [name] if len(mended) < len(groups) else []
    figures = {
        "blanks": len(blanks),
        "variants": len(variants),
        "blank_columns": [{"column": name, "rows": rows} for name, rows in blanks.items()][:LISTED],
        "variant_columns": [
            {"column": name, "categories": len(g), "repaired": name not in left}
            for name, g in variants.items()
        ][:LISTED],
    }
    done = ["Blanks around a category do not count, in new rows neither"] if blanks else []
    merged = listed(dict.fromkeys(repair.column for repair in repairs if repair.action == "merged"))
    done += [f"Written in one way, in new rows too: {merged}"] if merged else []
    repair = f"{'. '.join(done)}." if done else None
    summary = sentence("; ".join(parts))
    if not left and repair:
        return GUARDRAIL.done(summary, repair=repair, details=figures, repairs=repairs)
    return GUARDRAIL.alerted(
        summary,
        remedy=f"Left as categories of their own in {listed(left)}, since they may be different codes; where they mean "
        f"the same, {how_to_repair(facts, GUARDRAIL.name, left)} makes them one.",
        repair=repair,
        details=figures,
        repairs=repairs,
    )


def _is_certain(texts: list[str]) -> bool:
    """Whether they differ in blanks, Unicode forms and habits of writing only."""
    return len(set(map(plain_writing, texts))) == 1


def _repair(name: str, rows: pd.Series, personal: bool) -> Repair:
    """The ways of writing one category as one, the most frequent."""
    texts = sorted(rows.index, key=lambda text: (-rows[text], text))
    shown = [masked(text) if personal else text for text in texts]
    return Repair(name, "merged", int(rows[texts[1:]].sum()), tuple(dict.fromkeys(shown[1:])), shown[0])


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
