"""The facts of a table of features, detected and read as a run does it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from automl_components.engine.checking import check_tables, facts_of
from automl_components.engine.columns import detect_purposes
from automl_components.engine.folds import make_splits
from automl_components.guardrails import GUARDRAILS, Facts, Finding

OF_COLUMNS = (
    *("absurd-values", "category-variants", "collinear-features", "dates-as-text", "duplicate-features"),
    *("identifiers", "missing-words", "near-constant-features", "numbers-as-text", "personal-data"),
    *("sentinel-values", "unusual-values"),
)
"""The guardrails that look at single columns, or at columns beside each other."""


def facts_about(frame: pd.DataFrame, featurize: bool = True) -> Facts:
    """A regression on these features, with a target that has nothing to do with them."""
    target = np.random.default_rng(0).normal(size=len(frame))
    checked = check_tables(frame.assign(_y=target), task="regression", target_column_name="_y")
    splits = make_splits(checked.y, task="regression", n_cross_validations=3, seed=0)
    return facts_of(checked, splits, detect_purposes(checked.frame), featurize=featurize)


def findings_about(frame: pd.DataFrame, featurize: bool = True) -> dict[str, Finding]:
    """What the guardrails of columns that speak have to say, by code."""
    facts = facts_about(frame, featurize)
    found = {code: GUARDRAILS[code].finding(facts) for code in OF_COLUMNS}
    return {code: finding for code, finding in found.items() if finding.status != "Passed"}
