"""How rows are divided into training, validation and test rows: top-level keys of a job file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Names, Share, Text

if TYPE_CHECKING:
    from typing_extensions import Self


def _folds(value: object) -> object:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text.lower() == "auto":
        return "auto"
    if isinstance(text, str) and text.lstrip("-").isdigit():
        text = int(text)
    if isinstance(text, bool) or not isinstance(text, int):
        raise ValueError(f"found {value!r}; should be a whole number from 2 on, or 'auto'")
    if text < 2:
        raise ValueError(f"found {text}; should be 2 or more (for one split use validation_data_size)")
    return text


class SplitSettings(Settings):
    """How rows are divided.

    With nothing given, ``split_rule`` decides by the number of rows. ``n_cross_validations`` together with
    ``validation_data_size`` is Monte Carlo cross-validation. ``group_column_name``, ``split_time_column_name`` and
    ``split_rule`` are ours: rows of a group stay together; every split trains on the past and validates on the
    future.
    """

    inline: ClassVar[bool] = True

    n_cross_validations: Annotated[int | Literal["auto"], BeforeValidator(_folds)] | None = Field(
        None, description="Number of folds or of Monte Carlo splits; auto: by the number of rows."
    )
    validation_data_size: Share | None = Field(None, description="Share of the training rows for validation.")
    cv_split_column_names: Names = Field(
        (), description="Columns that are one split each: 1 train, 0 validation."
    )
    test_data_size: Share | None = Field(
        None, description="Share of all rows cut off first, for the test run."
    )
    group_column_name: Text | None = Field(
        None, description="Rows with equal values stay on one side of a split."
    )
    split_time_column_name: Text | None = Field(None, description="Column by whose order rows are split.")
    split_rule: Literal["auto", "azure"] = Field(
        "auto",
        description="What decides where nothing is asked for. auto: 10 folds below 1,000 rows, 5 up to 40,000, 3 up to "
        "60,000, then one split; azure: 10, then 3 up to 20,000, then one split.",
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        others = ("n_cross_validations", "validation_data_size", "test_data_size", "group_column_name")
        for name in (*others, "split_time_column_name"):
            if self.cv_split_column_names and getattr(self, name) is not None:
                raise ValueError(f"cv_split_column_names: the columns already fix the splits; remove {name}")
        if self.split_time_column_name and self.group_column_name:
            raise ValueError(
                "split_time_column_name: splits are by time or by group; remove group_column_name"
            )
        return self
