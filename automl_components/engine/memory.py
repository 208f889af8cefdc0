"""What a fit will hold in memory, before it is started; and smaller fits, where that is too much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from automl_components.algorithms import ALGORITHMS, Algorithm
from automl_components.engine.problem import Problem
from automl_components.engine.trial import Config
from automl_components.engine.views import DENSE_BYTES, LEVELS, REDUCED

BASE = 256 * 2**20
"""A trial process with its libraries loaded, before its first fit."""
LEAST_ROWS = 10_000
"""Rows that a fit is left with at least, however little memory there is."""


def fit_bytes(problem: Problem, config: Config) -> float:
    """Resident bytes that fitting and validating the largest split takes, at most: the process itself left out.

    The rows of the split, the matrix that the algorithm's view makes of them, as often as its estimator holds it
    (``Algorithm.copies``), what it says of model and workspace (``Algorithm.memory``), and the predictions. On
    tables of 60,000 rows x 104 and 8,000 x 1,200 columns this was 1.2 to 1.7 times what processes grew by.
    """
    entry = ALGORITHMS[config.algorithm]
    train = int((problem.splits == 1).sum(axis=0).max())
    valid = int((problem.splits == 0).sum(axis=0).max())
    train = min(train, config.params.get("rows", train))
    a_row = _row_bytes(problem)
    fed = _fed_bytes(problem, entry)
    shape = replace(problem.shape, rows=train, columns=_columns(problem, entry))
    outputs = 8.0 * max(1, len(problem.classes)) * 4  # probabilities, their joined and their scaled forms
    return (
        (train + valid) * (a_row + fed)
        + train * entry.copies * fed
        + entry.memory(problem.task, shape, config.params)
        + valid * outputs
    )


def fit_into(problem: Problem, config: Config, limit: float) -> Config:
    """The configuration as it fits into ``limit`` bytes for its process: as it is, smaller, or not ``possible``.

    The algorithm's own steps first (``Algorithm.smaller``: fewer bins, leaves or trees), then half of the rows, down to
    10,000. What was done and why is in ``note``.
    """
    free = limit - BASE
    if (wanted := fit_bytes(problem, config)) <= free:
        return config
    entry, params = ALGORITHMS[config.algorithm], dict(config.params)
    rows = int((problem.splits == 1).sum(axis=0).max())
    while fit_bytes(problem, Config(config.algorithm, params)) > free:
        if (smaller := entry.smaller(params)) is not None:
            params = smaller
        elif (rows := params.get("rows", rows) // 2) >= LEAST_ROWS:
            params["rows"] = rows
        else:
            text = f"needs about {_mb(wanted + BASE)} MB, a trial may use {_mb(limit)} MB"
            return replace(config, note=text, possible=False)
    changes = ", ".join(f"{k} {v}" for k, v in params.items() if config.params.get(k) != v)
    text = f"made smaller for {_mb(limit)} MB, as proposed about {_mb(wanted + BASE)} MB: {changes}"
    return Config(config.algorithm, params, text)


def _row_bytes(problem: Problem) -> float:
    """Of a row as it lies in the problem."""
    features = problem.features
    dense = 4.0 * (features.numeric.shape[1] + features.codes.shape[1])
    return dense + 8.0 * _entries(problem)


def _entries(problem: Problem) -> float:
    """Entries of the sparse block in a row, on average."""
    sparse = problem.features.sparse
    return 0.0 if sparse is None else sparse.nnz / max(1, problem.features.rows)


def _columns(problem: Problem, entry: Algorithm) -> int:
    """Columns that the estimator sees; sparse ones by their bins, of which each holds three entries or more."""
    features = problem.features
    columns = features.numeric.shape[1] + features.codes.shape[1]
    if features.sparse is None:
        return columns
    if not entry.sparse:
        return columns + REDUCED
    width = features.sparse.shape[1]
    return columns + int(min(width, (features.sparse.nnz / 3 + width) / 255))


def _fed_bytes(problem: Problem, entry: Algorithm) -> float:
    """Of a row of the matrix that the algorithm's view makes."""
    numbers, codes = problem.features.numeric.shape[1], problem.features.codes.shape[1]
    entries = _entries(problem)
    reduced = 0 if problem.features.sparse is None or entry.sparse else REDUCED
    if entry.view == "tree":
        return 4.0 * (numbers + codes + reduced) + (8.0 * entries if entry.sparse else 0.0)
    levels = np.asarray(problem.features.schema.levels, dtype=float)
    wide = numbers + float((levels > LEVELS).sum()) + float(np.minimum(levels + 1, LEVELS + 1).sum())
    as_sparse = 8.0 * (numbers + codes + entries)
    if problem.features.sparse is None and 4.0 * wide * problem.features.rows <= DENSE_BYTES:
        return 4.0 * wide
    return as_sparse if entry.sparse else as_sparse + 4.0 * (numbers + REDUCED)


def _mb(size: float) -> str:
    return f"{size / 2**20:,.0f}"
