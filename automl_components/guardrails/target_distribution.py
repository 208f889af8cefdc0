"""A target of regression in which a few rows, or one single value, outweigh all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_components.guardrails import Facts, Finding, Guardrail, counted

FAR = 10  # interquartile ranges beyond the quartiles; 1.5 is common, 10 leaves skewed targets alone


def _check(facts: Facts) -> Finding | None:
    if facts.task != "regression":
        return None
    values = pd.to_numeric(facts.target).to_numpy(dtype=np.float64)
    low, median, high = (float(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    spread = FAR * (high - low)
    far = int(((values < low - spread) | (values > high + spread)).sum())
    figures = {
        "minimum": float(values.min()),
        "quartiles": [low, median, high],
        "maximum": float(values.max()),
        "outliers": far,
        "share": far / len(values),
        "same_share": float((values == median).mean()),
    }
    if figures["same_share"] >= 0.5:
        return GUARDRAIL.alerted(
            f"Half of the rows or more have the same target, {median:g}; the errors of a model that always "
            "says so look small.",
            remedy="Judge models by r2_score or spearman_correlation too, and check how it was recorded.",
            details=figures,
        )
    if far:
        return GUARDRAIL.alerted(
            f"{counted(far, 'row')} ({far / len(values):.2%}) have a target far from where the others lie "
            f"({low:g} to {high:g} for the middle half; {values.min():g} to {values.max():g} in all).",
            remedy="Squared errors are ruled by such rows: check them, or choose mean_absolute_error, "
            "median_absolute_error or spearman_correlation as the primary metric.",
            details=figures,
        )
    return GUARDRAIL.passed("No few rows outweigh the others in the target.", figures)


def _example(facts: Facts) -> Facts:
    values = np.linspace(0, 1, len(facts.frame))
    values[0] = 1e6
    return replace(facts, task="regression", target=pd.Series(values, index=facts.frame.index))


GUARDRAIL = Guardrail(
    "target-distribution", "Target distribution", _check, _example, rank=34, sample_rows=None
)
