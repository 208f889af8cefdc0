"""Columns that name their row: counters, keys, GUIDs and hashes."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, Repair, listed, looks, sentence

FEW = 50  # rows below which different whole numbers may be chance
UNIQUE = 0.98  # share of distinct values among those present
AGREE = 0.95  # share of the texts of one shape

_NAME = re.compile(
    r"(?:^|.*[^a-z])(?:id|ids|uuid|guid|key|code|no|nr|num|number|ref|reference|index|serial|account|acct|ticket|order|"
    r"invoice|policy|isbn|imei|vin|sku)(?:[^a-z].*|$)"
)
SHAPES = {
    "GUIDs": re.compile(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?", re.IGNORECASE),
    "hashes": re.compile(r"(?:0x)?(?=[0-9a-f]*\d)(?=(?:\d*[a-f]){3})[0-9a-f]{16,128}", re.IGNORECASE),
    "numbered codes": re.compile(r"[A-Za-z]{1,6}[-_/#]?\d{2,}"),
}


def kind_of_numbers(name: str, values: np.ndarray, rows: int) -> str | None:
    """``"row counter"`` or ``"key"`` for whole numbers that name their row, otherwise None.

    Parameters
    ----------
    name : str
        Of the column: a key of wide gaps needs it as evidence.
    values : float array
        Finite values of the rows that were looked at.
    rows : int
        Of the whole table.

    Examples
    --------
    >>> kind_of_numbers("n", np.arange(100.0), 100), kind_of_numbers("age", np.arange(100.0) % 60, 100)
    ('row counter', None)
    """
    if len(values) < FEW or (values % 1).any() or len(np.unique(values)) < len(values):
        return None
    if values.max() - values.min() < 2 * rows:
        return "row counter"
    return "key" if named_as_key(name) else None


def named_as_key(name: str) -> bool:
    """Whether a column's name is that of a key.

    >>> [name for name in ("CustomerID", "account_no", "paid", "notes", "keyboard") if named_as_key(name)]
    ['CustomerID', 'account_no']
    """
    return bool(_NAME.fullmatch(looks.plain_name(name)))


def kind_of_texts(levels: pd.Series) -> str | None:
    """A key of ``SHAPES`` where nearly all texts have this shape, otherwise None."""
    few = looks.some(levels)
    return next((kind for kind, shape in SHAPES.items() if looks.share_of(few, _whole(shape)) >= AGREE), None)


def _whole(shape: re.Pattern[str]):  # type: ignore[no-untyped-def]
    return lambda text: shape.fullmatch(text.strip())


def _find(look: looks.Look) -> dict[str, str]:
    found = {}
    for name in look.names:
        if name in look.texts:
            levels = look.texts[name]
            kind = kind_of_texts(levels)
            unique = len(levels) > UNIQUE * levels.sum() and levels.sum() >= FEW
            if look.purpose(name) == "Hashes" or (kind and (unique or kind != "numbered codes")):
                found[name] = kind or "a value of its own in nearly every row"
        elif name in look.numbers:
            kind = kind_of_numbers(name, look.numbers[name], look.rows)
            if kind or look.purpose(name) == "Hashes":
                found[name] = kind or "key"
    return found


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    found = _find(look)
    if not found:
        return GUARDRAIL.passed("No feature column names its rows.", {"columns": 0})
    out = [name for name in found if look.purpose(name) == "Hashes" and facts.featurize]
    kept = [name for name in found if name not in out]
    figures = {
        "columns": len(found),
        "left_out": len(out),
        "identifiers": [
            {"column": name, "kind": kind, "left_out": name in out}
            for name, kind in list(found.items())[:LISTED]
        ],
    }
    summary = sentence("; ".join(f"{name!r}: {kind}" for name, kind in list(found.items())[:LISTED]))
    done = f"Left out: {listed(out)}" if out else ""
    repairs = [Repair(name, "left out", len(facts.frame)) for name in out]
    if not kept:
        return GUARDRAIL.done(summary, repair=f"{done}.", details=figures, repairs=repairs)
    return GUARDRAIL.alerted(
        summary,
        remedy=f"Kept: {listed(kept)}. What names a row tells nothing of other rows; "
        "drop_columns in featurization leaves it out. Where it names what several rows share (a customer, a "
        "device), group_column_name keeps these together; where it counts time, sort by it.",
        repair=f"{done}." if done else None,
        details=figures,
        repairs=repairs,
    )


def _example(facts: Facts) -> Facts:
    return facts.with_column("line", np.random.default_rng(0).permutation(len(facts.frame)), "Numeric")


GUARDRAIL = Guardrail("identifiers", "Columns that name their rows", _check, _example, rank=51)
