"""The test run: its metrics beside those of validation, and its charts."""

from __future__ import annotations

from typing import Any

from automl_components.report import classification, confusion, regression
from automl_components.report.contents import Contents, Evaluation
from automl_components.report.words import plural, score

FIRST = {  # metrics that are always in sight, besides the primary one
    "classification": (
        "AUC_weighted", "accuracy", "balanced_accuracy", "f1_score_macro", "log_loss", "matthews_correlation",
        "average_precision_score_weighted",
    ),
    "regression": (
        "r2_score", "root_mean_squared_error", "mean_absolute_error", "median_absolute_error", "spearman_correlation",
        "mean_absolute_percentage_error",
    ),
}  # fmt: skip


def fill(contents: Contents) -> dict[str, Any] | None:
    """Metrics and charts; None where there was no test run."""
    test = contents.test
    if test is None:
        return None
    first = {contents.metric, *FIRST.get(contents.search.get("task", ""), ())}
    rows = [
        {"name": name, "test": score(value), "validation": score(contents.best.get("metrics", {}).get(name)),
         "primary": name == contents.metric}
        for name, value in sorted(test.metrics.items(), key=lambda item: (item[0] != contents.metric, item[0].lower()))
    ]  # fmt: skip
    of_task = classification if "confusion_matrix" in test.charts else regression
    return {
        "summary": summary(test),
        "first": [row for row in rows if row["name"] in first],
        "rest": [row for row in rows if row["name"] not in first],
        "drawings": list(of_task.drawings(contents, test.charts)) if test.charts else [],
        "confusion": confusion.confusion(test.charts, contents.positive)
        if "confusion_matrix" in test.charts
        else None,
    }


def summary(test: Evaluation) -> str:
    """How many rows, and how many of them could be scored."""
    rows, scored = test.facts["rows"], test.facts.get("scored_rows")
    text = f"On {plural(rows, 'row')} that no trial has seen"
    if scored is None:
        return f"{plural(rows, 'row')} without a target: there are predictions, but no scores."
    return f"{text}; {plural(scored, 'row')} had a target." if scored < rows else f"{text}."
