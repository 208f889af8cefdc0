"""The confusions of a classification's test run: the matrix where it can be read, else what is worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from automl_components.report.words import score, share, short

GRID = 30  # classes up to which the whole matrix is shown
FIGURES = 12  # classes up to which its cells say shares, too
WORST = 12  # confusions and classes that are listed where there are many
Counts = Sequence[Sequence[float]]


def confusion(charts: Mapping[str, Any], positive: Any = None) -> dict[str, Any]:
    """The matrix where it can be read, else the worst confusions; and how each class fares."""
    matrix = charts["confusion_matrix"]
    labels = [short(label, 40) for label in matrix["classes"]]
    counts = matrix["counts"]
    return {
        "labels": labels if len(labels) <= GRID else [],
        "figures": len(labels) <= FIGURES,
        "rows": grid(labels, counts) if len(labels) <= GRID else [],
        "worst": worst(labels, counts) if len(labels) > 2 else [],
        "classes": by_class(labels, counts) if len(labels) > 2 else [],
        "hidden": max(0, len(labels) - WORST),
        "number": len(labels),
        "note": found(labels, counts, matrix["classes"].index(positive))
        if positive in matrix["classes"]
        else "",
    }


def found(labels: Sequence[str], counts: Counts, at: int) -> str:
    """How much of the positive class was found, and at what price."""
    hits, rows, named = counts[at][at], sum(counts[at]), sum(row[at] for row in counts)
    return (
        f"{score(hits)} of the {score(rows)} rows of class {labels[at]} are found ({ratio(hits, rows)}); "
        f"of the {score(named)} rows that are called so, {ratio(hits, named)} are right."
    )


def grid(labels: Sequence[str], counts: Counts) -> list[dict[str, Any]]:
    """Rows of true classes: each cell with its count and its share of the row."""
    rows = []
    for true, row in enumerate(counts):
        parts = [n / (sum(row) or 1) for n in row]
        cells = [
            {
                "count": score(n),
                "part": parts[at],
                "share": share(parts[at]),
                "hit": at == true,
                "to": labels[at],
            }
            for at, n in enumerate(row)
        ]
        rows.append({"label": labels[true], "cells": cells})
    return rows


def worst(labels: Sequence[str], counts: Counts) -> list[dict[str, Any]]:
    """The most frequent confusions."""
    pairs = [
        (n, true, predicted)
        for true, row in enumerate(counts)
        for predicted, n in enumerate(row)
        if n and true != predicted
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [
        {
            "true": labels[true],
            "predicted": labels[predicted],
            "count": score(n),
            "share": share(n / sum(counts[true])),
        }
        for n, true, predicted in pairs[:WORST]
    ]


def by_class(labels: Sequence[str], counts: Counts) -> list[dict[str, Any]]:
    """Recall and precision of each class, of many the classes with the worst recall."""
    named = [sum(column) for column in zip(*counts, strict=True)]
    order: Sequence[int] = range(len(labels))
    if len(labels) > WORST:
        order = sorted(
            (at for at in order if sum(counts[at])), key=lambda at: counts[at][at] / sum(counts[at])
        )[:WORST]
    return [
        {"label": labels[at], "rows": score(sum(counts[at])), "recall": ratio(counts[at][at], sum(counts[at])),
         "precision": ratio(counts[at][at], named[at])}
        for at in order
    ]  # fmt: skip


def ratio(part: float, whole: float) -> str:
    """A share, where there is one."""
    return share(part / whole) if whole else "–"
