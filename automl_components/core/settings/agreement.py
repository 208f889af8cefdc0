"""Whether the sections of a job agree with each other and with the tables that are given."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from automl_components.core.settings.featurization import FeaturizationSettings
from automl_components.core.settings.splits import SplitSettings
from automl_components.core.settings.task import TaskSettings


def disagreements(
    tables: Collection[str], task: TaskSettings, splits: SplitSettings, featurization: FeaturizationSettings
) -> Iterator[str]:
    """One line for each contradiction.

    Parameters
    ----------
    tables : collection of str
        Which of ``training_data``, ``validation_data`` and ``test_data`` are given.
    """
    if "training_data" not in tables:
        yield "training_data: missing; it is required"
    if "validation_data" in tables:
        yield from _with_validation_data(splits)
    if "test_data" in tables and splits.test_data_size is not None:
        yield "test_data_size: test_data is given, too; remove one of them"
    yield from _roles(task, splits, featurization)


def _with_validation_data(splits: SplitSettings) -> Iterator[str]:
    for name in ("n_cross_validations", "validation_data_size", "cv_split_column_names"):
        if getattr(splits, name):
            yield f"{name}: validation_data already settles the split; remove one of them"
    for name in ("group_column_name", "split_time_column_name"):
        if getattr(splits, name) and splits.test_data_size is None:
            yield f"{name}: validation_data settles the split, so nothing is left to divide; remove one"


def _roles(task: TaskSettings, splits: SplitSettings, featurization: FeaturizationSettings) -> Iterator[str]:
    """A column is the target or something else, not both."""
    target = task.target_column_name
    roles: dict[str, Collection[str | None]] = {
        "cv_split_column_names": splits.cv_split_column_names,
        "group_column_name": [splits.group_column_name],
        "split_time_column_name": [splits.split_time_column_name],
        "featurization.drop_columns": featurization.drop_columns,
        "featurization.column_name_and_types": featurization.column_name_and_types,
    }
    for role, columns in roles.items():
        if target in columns:
            yield f"{role}: {target!r} is the target column"
