"""Rows whose label a cross-validated model firmly contradicts although it is right about nearly all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, counted, probes

TOLD_APART = (
    0.9  # share of the errors of a constant that the model must avoid: else classes overlap by nature
)
FIRM = 0.9  # probability of another class from which a label is contradicted
UNLIKELY = 0.1  # probability of the label itself
MANY = 0.005  # share of suspects above which they are told
FEWEST = 5
FAR = 10.0  # times the usual error beyond which a number is a suspect


def _check(facts: Facts) -> Finding | None:
    probe = probes.forest_probe(facts)
    if probe is None:
        return None
    target = probes.target_values(facts)
    told, suspects = (_labels if facts.task == "classification" else _numbers)(probe.predicted, target)
    figures = {
        "told_apart": round(told, 4),
        "suspects": len(suspects),
        "share": round(len(suspects) / len(target), 4),
        "first_rows": [int(number) + 1 for number in facts.frame.index[suspects[:LISTED]]],
    }
    if told < TOLD_APART:
        return GUARDRAIL.passed(
            "The features do not tell the targets well enough to doubt single ones.", figures
        )
    if len(suspects) < FEWEST or len(suspects) <= MANY * len(target):
        return GUARDRAIL.passed(f"{counted(len(suspects), 'row')} with a doubtful target.", figures)
    rows = ", ".join(str(row) for row in figures["first_rows"][:5])
    return GUARDRAIL.alerted(
        f"{counted(len(suspects), 'row')} of {len(target):,} ({len(suspects) / len(target):.1%}) have a target that a "
        f"model, right about nearly all others, firmly contradicts, such as rows {rows}.",
        remedy="Look at these rows of the training data: the target may be wrong there.",
        details=figures,
    )


def _labels(predicted: np.ndarray, codes: np.ndarray) -> tuple[float, np.ndarray]:
    """Share of a constant's errors that the model avoids, and the rows it contradicts, the surest first."""
    wrong = predicted.argmax(axis=1) != codes
    own, best = predicted[np.arange(len(codes)), codes], predicted.max(axis=1)
    doubted = np.flatnonzero((own <= UNLIKELY) & (best >= FIRM))
    told = 1 - float(wrong.mean()) / max(float((codes != 0).mean()), 1e-12)
    return told, doubted[np.argsort(own[doubted] - best[doubted], kind="stable")]


def _numbers(predicted: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """The same of numbers, which the model predicts by their ranks."""
    ranks = pd.Series(target).rank(pct=True).to_numpy()
    away = np.abs(ranks - predicted)
    usual = float(np.median(away))
    told = 1 - usual / 0.25  # the median distance of a uniform rank from the middle
    doubted = np.flatnonzero(away > max(FAR * usual, 0.3))
    return told, doubted[np.argsort(-away[doubted], kind="stable")]


def _example(facts: Facts) -> Facts:
    rng, rows = np.random.default_rng(0), 1_000
    width = rng.uniform(size=rows)
    frame = pd.DataFrame({"width": width, "area": width**2 + rng.normal(0, 0.01, rows)})
    ranks = frame["width"].rank(pct=True)
    swapped = np.arange(rows) % 40 == 0
    far = swapped & (np.abs(ranks - 0.5) > 0.2)
    value = np.where(far, 1 - ranks, ranks)
    target = pd.Series(np.where(value > 0.5, "oak", "elm") if facts.task == "classification" else value * 9)
    purposes = dict.fromkeys(frame, "Numeric")
    return replace(facts, frame=frame, target=target, purposes=purposes, sides=None, test=None)


GUARDRAIL = Guardrail(
    "label-noise", "Doubtful targets", _check, _example, rank=84, sample_rows=probes.PROBE_ROWS
)
