"""Azure's ``automl`` namespace: factories that make a job, and the types that their arguments take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from automl_components.core.settings import ColumnTransformer, StackEnsembleSettings
from automl_components.job import Job, Table

__all__ = ["ColumnTransformer", "Job", "StackEnsembleSettings", "classification", "regression"]


def classification(
    *,
    training_data: Table | None = None,
    target_column_name: str | None = None,
    primary_metric: str | None = None,
    positive_label: str | int | float | bool | None = None,
    enable_model_explainability: bool | None = None,
    weight_column_name: str | None = None,
    validation_data: Table | None = None,
    validation_data_size: float | None = None,
    n_cross_validations: str | int | None = None,
    cv_split_column_names: Sequence[str] | None = None,
    test_data: Table | None = None,
    test_data_size: float | None = None,
    group_column_name: str | None = None,
    split_time_column_name: str | None = None,
    seed: int | None = None,
    compute: str | None = None,
    name: str | None = None,
    experiment_name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    outputs: Mapping[str, Any] | None = None,
    **more: Any,
) -> Job:
    """A job that learns classes, under Azure's argument names.

    Parameters
    ----------
    training_data, validation_data, test_data : str, path, Input or DataFrame
        An MLTable folder, a CSV or Parquet file, or any address of one; or the table itself. The first is required.
    target_column_name : str
        Column of the labels; required.
    primary_metric : str, optional
        A metric in any casing, or ``"package.module:function"``; ``"AUC_weighted"`` unless given.
    group_column_name, split_time_column_name : str, optional
        Rows of a group stay together; training rows come before validation rows.
    seed : int, optional
        Of everything random; 0 unless given.
    **more
        Any other top-level key of a job file, and whole sections such as ``limits``.

    Raises
    ------
    SettingsError
        One line for each problem.

    >>> job = classification(training_data="train.csv", target_column_name="y", primary_metric="auc_weighted")
    >>> job.task.primary_metric
    'AUC_weighted'
    """
    return _job("classification", locals())


def regression(
    *,
    training_data: Table | None = None,
    target_column_name: str | None = None,
    primary_metric: str | None = None,
    enable_model_explainability: bool | None = None,
    weight_column_name: str | None = None,
    validation_data: Table | None = None,
    validation_data_size: float | None = None,
    n_cross_validations: str | int | None = None,
    cv_split_column_names: Sequence[str] | None = None,
    test_data: Table | None = None,
    test_data_size: float | None = None,
    group_column_name: str | None = None,
    split_time_column_name: str | None = None,
    seed: int | None = None,
    compute: str | None = None,
    name: str | None = None,
    experiment_name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    outputs: Mapping[str, Any] | None = None,
    **more: Any,
) -> Job:
    """A job that learns numbers; arguments as in :func:`classification`.

    The primary metric is ``"normalized_root_mean_squared_error"`` unless given.
    """
    return _job("regression", locals())


def _job(task: str, arguments: Mapping[str, Any]) -> Job:
    given = {key: value for key, value in arguments.items() if key != "more" and value is not None}
    return Job.from_mapping({"task": task, **given, **arguments["more"]})
