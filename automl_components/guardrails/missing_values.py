"""Missing values in feature columns."""

from __future__ import annotations

import numpy as np

from automl_components.guardrails import LISTED, Facts, Finding, Guardrail, Repair, counted, listed


def _check(facts: Facts) -> Finding | None:
    used = facts.frame[
        [name for name in facts.frame if facts.purposes.get(str(name)) not in ("AllNan", "Ignore")]
    ]
    counts = used.isna().sum()
    counts = counts[counts > 0].sort_values(ascending=False, kind="stable")
    rows, cells = len(facts.frame), int(counts.sum())
    if counts.empty:
        return GUARDRAIL.passed("No feature column has missing values.", {"columns": 0, "cells": 0})
    figures = {
        "columns": len(counts),
        "cells": cells,
        "most": [
            {"column": str(name), "missing": int(missing), "share": int(missing) / rows}
            for name, missing in counts.head(LISTED).items()
        ],
    }
    where = f"{counted(len(counts), 'feature column')}: {listed(counts.index)}"
    summary = f"{counted(cells, 'value')} missing in {where}."
    if not facts.featurize:
        return GUARDRAIL.alerted(
            summary,
            remedy="Featurization is off, so nothing is filled in ahead of the models; set "
            "featurization.mode to 'auto', or fill them in yourself.",
            details=figures,
        )
    return GUARDRAIL.done(
        summary,
        repair="Trees learn from the gaps; for models that cannot, numbers are filled with the median of their "
        "training rows, and no category is one of its own. <column>_WASNULL marks a column with 1% of gaps or more; "
        "what transformer_params.imputer asks for comes first.",
        details=figures,
        repairs=[Repair(str(name), "imputed", int(missing)) for name, missing in counts.items()],
    )


def _example(facts: Facts) -> Facts:
    values = np.where(np.arange(len(facts.frame)) % 4 == 0, np.nan, 1.5)
    return facts.with_column("gaps", values, "Numeric")


GUARDRAIL = Guardrail(
    "missing-values", "Missing feature values imputation", _check, _example, rank=40, sample_rows=None
)
