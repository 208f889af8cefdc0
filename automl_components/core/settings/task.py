"""What is to be learned: top-level keys of a job file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Seed, Text, fold, not_yet, spelled

if TYPE_CHECKING:
    from typing_extensions import Self

LATER_TASKS = (
    "forecasting",
    "text_classification",
    "text_classification_multilabel",
    "text_ner",
    "image_classification",
    "image_classification_multilabel",
    "image_object_detection",
    "image_instance_segmentation",
)
DEFAULT_METRICS = {"classification": "AUC_weighted", "regression": "normalized_root_mean_squared_error"}

_CATALOG_NAME = re.compile(r"[A-Za-z][\w -]*")
_DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*[.:][^\W\d]\w*")


def _known_task(value: object) -> object:
    if isinstance(value, str) and fold(value) in map(fold, LATER_TASKS):
        raise not_yet(f"task {value!r}", "this version does classification and regression")
    return value


def _metric(value: object) -> object:
    if isinstance(value, str) and not (_CATALOG_NAME.fullmatch(value) or _DOTTED_PATH.fullmatch(value)):
        raise ValueError(f"found {value!r}; should be the name of a metric, or 'package.module:function'")
    return value


def _scalar(value: object) -> object:
    if not isinstance(value, (str, int, float)):
        raise ValueError(f"found {value!r}; should be one label")
    return value


class TaskSettings(Settings):
    """What is to be learned.

    Azure's YAML schema makes ``AUC_weighted`` the default metric of classification, its Python factory
    ``accuracy``. Here a file and a factory mean the same: ``AUC_weighted``, which does not reward naming
    always the largest class.
    """

    inline: ClassVar[bool] = True

    task: Annotated[
        Literal["classification", "regression"],
        spelled(["classification", "regression"]),
        BeforeValidator(_known_task),
    ] = Field(description="Kind of learning task.")
    target_column_name: Text = Field(description="Column to be predicted.")
    primary_metric: Annotated[str, BeforeValidator(_metric)] = Field(
        "",
        description="What ranks the trials: a metric of the catalog, or 'package.module:function'. "
        "Default: AUC_weighted, or normalized_root_mean_squared_error for regression.",
    )
    positive_label: Annotated[str | int | float | bool, BeforeValidator(_scalar)] | None = Field(
        None, description="The class that binary metrics judge."
    )
    weight_column_name: Text | None = Field(None, description="Column of sample weights; not a feature.")
    seed: Seed = Field(0, description="Seed of everything random.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not self.primary_metric:
            object.__setattr__(self, "primary_metric", DEFAULT_METRICS[self.task])
        if self.task == "regression" and self.positive_label is not None:
            raise ValueError("positive_label: a regression has no classes; remove it")
        if self.weight_column_name == self.target_column_name:
            raise ValueError(f"weight_column_name: {self.weight_column_name!r} is the target column")
        return self
