"""A target whose logarithm is spread far more evenly than itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import skew

from automl_components.guardrails import Facts, Finding, Guardrail

HEAVY = 2.0  # skewness of the exponential distribution
EVENED = 0.5  # share of the skewness that may remain in the logarithm


def _check(facts: Facts) -> Finding | None:
    if facts.task != "regression":
        return None
    values = pd.to_numeric(facts.target).to_numpy(dtype=np.float64)
    if np.ptp(values) == 0:
        return None
    lean = float(skew(values))
    figures = {"skewness": round(lean, 3), "minimum": float(values.min()), "maximum": float(values.max())}
    if lean <= HEAVY or values.min() < 0:
        return GUARDRAIL.passed(f"The target is not heavily skewed (skewness {lean:.1f}).", figures)
    evened = float(skew(np.log1p(values / np.median(values[values > 0]))))
    figures["skewness_of_logarithm"] = round(evened, 3)
    if abs(evened) > EVENED * lean:
        return GUARDRAIL.passed(
            f"The target is skewed ({lean:.1f}), and so is its logarithm ({evened:.1f}).", figures
        )
    median, top = np.quantile(values, [0.5, 0.99])
    return GUARDRAIL.alerted(
        f"The target is heavily skewed: half of the rows lie below {median:g}, one in a hundred above {top:g} "
        f"(skewness {lean:.1f}, of the logarithm {evened:.1f}).",
        remedy="Squared errors are ruled by the largest values. If relative errors matter, learn the logarithm of the "
        "target, or choose normalized_root_mean_squared_log_error as the primary metric.",
        details=figures,
    )


def _example(facts: Facts) -> Facts:
    values = np.exp(np.random.default_rng(0).normal(3, 1.2, len(facts.frame)))
    return replace(facts, task="regression", target=pd.Series(values, index=facts.frame.index))


GUARDRAIL = Guardrail("target-skew", "Skewed target", _check, _example, rank=35, sample_rows=None)
