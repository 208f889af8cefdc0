"""The component that tests a model on rows it has never seen."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from automl_components.core.artifacts import Input, Output, mlflow_model, mltable, uri_folder
from automl_components.core.component import component
from automl_components.core.errors import DataError
from automl_components.core.events import emit
from automl_components.core.settings import TaskSettings

if TYPE_CHECKING:
    import pandas as pd

    from automl_components.formats import CheckedData


@component(version="1")
def evaluate_model(
    best_model: Input[mlflow_model],
    test_report: Output[uri_folder],
    predictions: Output[mltable],
    *,
    task: TaskSettings,
    checked_data: Input[mltable] | None = None,
    test_data: Input[mltable] | None = None,
) -> None:
    """Predict test rows; with their target known, compute every metric and the charts.

    The rows are ``test_data``, or those that ``test_data_size`` cut off (in ``checked_data``). Where ``checked_data``
    is given, test rows that were also training rows are counted and reported. Without a target there are predictions
    only.
    """
    from automl_components import flavor, formats
    from automl_components.core.tables import write_mltable
    from automl_components.engine import charts
    from automl_components.engine.checking import overlap
    from automl_components.engine.scoring import Scorer
    from automl_components.engine.target import known_targets

    model = flavor.load_model(best_model.local)
    checked = None if checked_data is None else formats.read_checked(checked_data.local)
    rows = test_rows(checked, test_data)
    table = model.predict_table(rows)
    report: dict[str, Any] = {"rows": len(rows), "target": None, "overlap_rows": None}
    if checked is not None:
        report["overlap_rows"] = shared = int(overlap(checked.frame, rows[list(checked.frame)]).sum())
        if shared:
            emit(
                "note",
                f"warning: {shared} of {len(rows)} test rows are also training rows; scores look too good",
                level=logging.WARNING,
            )
    folder = test_report.local
    if task.target_column_name in rows:
        known, y = known_targets(rows[task.target_column_name], model.classes)
        scored = rows[known]
        made = table[known].filter(regex="^proba_").to_numpy() if model.classes is not None else None
        values = table["prediction"][known].to_numpy() if made is None else made
        weights = (
            scored[task.weight_column_name].to_numpy(float) if task.weight_column_name in scored else None
        )
        low, high = model.description.get("target_range") or (None, None)
        scorer = Scorer(
            model.description["primary_metric"], model.task, classes=model.classes,
            positive_label=task.positive_label, y_min=low, y_max=high,
        )  # fmt: skip
        called = None if made is None else model.decide(made)
        metrics = {
            name: value
            for name, value in scorer.all(y, values, weights, decision=called).items()
            if math.isfinite(value)
        }
        drawn = (
            charts.classification_charts(y, values, model.classes, sample_weight=weights)
            if model.classes is not None
            else charts.regression_charts(y, values, sample_weight=weights)
        )
        formats.write_json(folder / "metrics.json", metrics)
        formats.write_json(folder / "charts.json", drawn)
        report |= {"target": task.target_column_name, "scored_rows": int(known.sum())}
        best, count = scorer.metric.name, int(known.sum())
        on = "1 row" if count == 1 else f"{count} rows"
        emit("note", f"test: {best} {metrics.get(best, float('nan')):.5f} on {on}", metrics=metrics)
        table.insert(0, task.target_column_name, rows[task.target_column_name].to_numpy())
    formats.write_json(folder / "report.json", report)
    write_mltable(table, predictions.local)


def test_rows(checked: CheckedData | None, test_data: Input[Any] | None) -> pd.DataFrame:
    """The rows to test on: those that were given, else those that were cut off.

    Raises
    ------
    DataError
        There are neither.
    """
    from automl_components.core.tables import read_table

    if test_data is not None:
        given: pd.DataFrame = read_table(test_data.path).rename(columns=str)
        return given
    if checked is None or checked.test is None:
        raise DataError("no test rows: give test_data, or test_data_size when the data is validated")
    return checked.test


test_rows.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name makes pytest think
