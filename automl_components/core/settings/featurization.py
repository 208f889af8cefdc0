"""How raw columns become features: the ``featurization`` section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Names, Text, Values, fold, not_yet, refused, spelled

if TYPE_CHECKING:
    from typing_extensions import Self

PURPOSES = (
    *("Numeric", "Boolean", "Categorical", "CategoricalHash", "DateTime", "Text", "List", "Hashes", "Ignore"),
)
"""What a column may be declared as; Hashes and Ignore drop it."""


def _bare_off(value: object) -> object:
    """YAML 1.1 reads a bare ``off`` as false."""
    return "off" if value is False else value


def _no_language(value: object) -> object:
    raise not_yet(f"text options (dataset_language {value!r})")


def _of_the_examples(names: tuple[str, ...]) -> tuple[str, ...]:
    """Azure's Python examples block ``LabelEncoding``, which Azure itself refuses."""
    return tuple("label_encoder" if fold(name) == "labelencoding" else name for name in names)


class ColumnTransformer(Settings):
    """Parameters of a transformer for some columns; no columns means all that it applies to."""

    fields: Names = Field((), description="Columns; empty: all.")
    parameters: Values = Field(default_factory=dict, description="Parameters of the transformer.")


class FeaturizationSettings(Settings):
    """How raw columns become features.

    ``mode: auto`` with customisations does what ``custom`` does, as in Azure's examples that name no mode. A
    plain string for the whole section is the mode, as in the first version of Azure's API. Which transformers
    and parameters there are is up to the catalog.
    """

    section: ClassVar[str] = "featurization"

    mode: Annotated[
        Literal["auto", "off", "custom"], spelled(["auto", "off", "custom"]), BeforeValidator(_bare_off)
    ] = Field("auto", description="auto, off (numbers and categories as they are) or custom.")
    blocked_transformers: Annotated[Names, AfterValidator(_of_the_examples)] = Field(
        (), description="Transformers not to use, in any casing."
    )
    column_name_and_types: dict[Text, Annotated[str, spelled(PURPOSES)]] = Field(
        default_factory=dict, description="What a column is to be taken for, instead of what is detected."
    )
    transformer_params: dict[Text, tuple[ColumnTransformer, ...]] = Field(
        default_factory=dict, description="Parameters of transformers, for some columns or all."
    )
    drop_columns: Names = Field((), description="Columns that are no features.")
    optional_columns: Names = Field(
        (), description="Columns that data for prediction may lack; they then count as missing."
    )
    enable_dnn_featurization: Annotated[bool, refused("neural text features")] = Field(
        False, description="Only false for now."
    )
    dataset_language: Annotated[str, BeforeValidator(_no_language)] | None = Field(
        None, description="Not supported yet."
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_mode(cls, values: Any) -> Any:
        return {"mode": values} if isinstance(values, str) or values is False else values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name in ("blocked_transformers", "column_name_and_types", "transformer_params"):
            if self.mode == "off" and getattr(self, name):
                raise ValueError(f"{name}: has no effect with mode off; remove it or set mode to custom")
        for name in self.drop_columns:
            for other in ("column_name_and_types", "optional_columns"):
                if name in getattr(self, other):
                    raise ValueError(f"{other}: {name!r} is in drop_columns, too; remove one")
        return self
