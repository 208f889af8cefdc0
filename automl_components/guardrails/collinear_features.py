"""Numeric feature columns that other columns of the table give exactly, or nearly so."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, listed, looks, sentence

NEARLY = 0.995  # |Pearson's r| from which two columns are one
EXACTLY = 1 - 1e-6  # R squared from which a column is a weighted sum of others
MOST = 200  # columns: beyond, the first ones are looked at
LEAST_ROWS = 30
DISTINCT = 10  # values


def correlations(frame: pd.DataFrame) -> pd.DataFrame:
    """Pearson's r over the rows without a gap, of the columns that vary and are at least half filled.

    Columns that equal an earlier one are left out; empty where fewer than ``LEAST_ROWS`` rows remain.
    """
    columns = {name: _filled(frame[name]) for name in frame.columns}
    values = np.array([column for column in columns.values() if column is not None]).reshape(-1, len(frame)).T
    names = [name for name, column in columns.items() if column is not None]
    values = values[~np.isnan(values).any(axis=1)]
    if len(values) < LEAST_ROWS:
        return pd.DataFrame()
    _, first = np.unique(values, axis=1, return_index=True)
    first = np.sort(first)
    scaled = values[:, first] / np.maximum(np.abs(values[:, first]).max(axis=0), np.finfo(float).tiny)
    spread = scaled.std(axis=0)
    at = first[spread > 1e-9]
    centred = (scaled - scaled.mean(axis=0))[:, spread > 1e-9] / spread[spread > 1e-9]
    kept = [names[i] for i in at]
    return pd.DataFrame(centred.T @ centred / len(values), index=kept, columns=kept)


def _filled(column: pd.Series) -> np.ndarray | None:
    """float64 with NaN for gaps and infinite values; None where these are half of the rows."""
    if isinstance(column.dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    gaps = ~np.isfinite(values)
    return None if 2 * gaps.sum() > len(values) else np.where(gaps, np.nan, values)


def find_pairs(r: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Pairs of columns whose correlation is nearly one in size, strongest first.

    >>> find_pairs(pd.DataFrame([[1, -0.999], [-0.999, 1]], ["cm", "inch"], ["cm", "inch"]))
    [('cm', 'inch', -0.999)]
    """
    matrix, names = r.to_numpy(), list(r.columns)
    pairs = [
        (names[i], names[j], float(matrix[i, j]))
        for i, j in np.argwhere(np.abs(np.triu(matrix, 1)) >= NEARLY)
    ]
    return sorted(pairs, key=lambda pair: -abs(pair[2]))


def find_sums(r: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Columns that are weighted sums of columns before them, each with two or more that it needs."""
    matrix, names = r.to_numpy(), list(r.columns)
    basis: list[int] = []
    found = []
    for at, name in enumerate(names):
        if basis:
            weights = np.linalg.solve(matrix[np.ix_(basis, basis)], matrix[basis, at])
            if weights @ matrix[basis, at] >= EXACTLY:
                used = [names[i] for i, weight in zip(basis, weights, strict=True) if abs(weight) > 1e-3]
                found += [(name, used)] if len(used) > 1 else []
                continue
        basis.append(at)
    return found


def _varies(values: np.ndarray) -> bool:
    """Whether there are so many values that a relation is none of a few groups of rows."""
    return len(np.unique(values)) >= DISTINCT


def _check(facts: Facts) -> Finding | None:
    look = looks.look(facts)
    numeric = [
        name for name in look.numbers if look.purpose(name) == "Numeric" and _varies(look.numbers[name])
    ]
    r = correlations(look.frame[numeric[:MOST]])
    pairs, sums = find_pairs(r), find_sums(r)
    if not pairs and not sums:
        return GUARDRAIL.passed("No numeric column is given by others.", {"pairs": 0, "sums": 0})
    parts = [f"{a!r} and {b!r} have a correlation of {value:.4f}" for a, b, value in pairs[:LISTED]]
    parts += [f"{name!r} is a weighted sum of {listed(used)}" for name, used in sums[:LISTED]]
    return GUARDRAIL.alerted(
        sentence("; ".join(parts)),
        remedy="They are kept. Predictions are no worse for them; weights of linear models and importances "
        "are shared out arbitrarily. featurization.drop_columns leaves some out.",
        details={
            "pairs": len(pairs),
            "sums": len(sums),
            "strongest": [{"columns": [a, b], "correlation": value} for a, b, value in pairs[:LISTED]],
            "sum_columns": [{"column": name, "of": used[:LISTED]} for name, used in sums[:LISTED]],
        },
    )


def _example(facts: Facts) -> Facts:
    metres = np.random.default_rng(0).normal(1.7, 0.1, len(facts.frame))
    return facts.with_column("height_m", metres, "Numeric").with_column(
        "height_ft", metres * 3.281, "Numeric"
    )


GUARDRAIL = Guardrail("collinear-features", "Strongly collinear features", _check, _example, rank=57)
