"""How raw columns become features: the ``featurization`` section."""

from __future__ import annotations

from collections.abc import Mapping
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

REPAIRS = ("sentinel-values", "missing-words", "category-variants", "absurd-values")
"""Guardrails whose findings the featurizer can repair, beyond how it reads a column anyway."""

CHOICES = ("auto", "all", "none")


def _bare_off(value: object) -> object:
    """YAML 1.1 reads a bare ``off`` as false."""
    return "off" if value is False else value


def _choice(value: object) -> object:
    """A choice in any casing, a bare ``off`` for none; anything else names columns."""
    if isinstance(value, Mapping):
        raise ValueError(f"found {value!r}; should be auto, all, none, or a list of columns")
    if value is False:
        return "none"
    return fold(value) if isinstance(value, str) and fold(value) in CHOICES else value


def _for_each(value: object) -> object:
    """One choice for the whole section is that of each repair."""
    if isinstance(value, Mapping):
        return value
    choice = _choice(value)
    if choice not in CHOICES:
        raise ValueError(f"found {value!r}; should be auto, all, none, or one of these for each of {REPAIRS}")
    return dict.fromkeys(REPAIRS, choice)


def _no_language(value: object) -> object:
    raise not_yet(
        f"dataset_language {value!r}, on which only neural text features depend (in Azure, too); words "
        "of any language, also of those written without spaces, are told apart by their letters"
    )


def _of_the_examples(names: tuple[str, ...]) -> tuple[str, ...]:
    """Azure's Python examples block ``LabelEncoding``, which Azure itself refuses."""
    return tuple("label_encoder" if fold(name) == "labelencoding" else name for name in names)


RepairName = Annotated[str, spelled(REPAIRS)]
RepairChoice = Annotated[Literal["auto", "all", "none"] | Names, BeforeValidator(_choice)]


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
    repairs: Annotated[dict[RepairName, RepairChoice], BeforeValidator(_for_each)] = Field(
        default_factory=dict,
        description="Which findings of guardrails are repaired, in new rows too: auto (what is certain), all, none, or "
        "the columns; for all of them or by guardrail: " + ", ".join(REPAIRS) + ".",
    )
    enable_dnn_featurization: Annotated[bool, refused("neural text features")] = Field(
        False, description="Only false for now."
    )
    dataset_language: Annotated[str, BeforeValidator(_no_language)] | None = Field(
        None, description="Not supported yet; only neural text features depend on it."
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_mode(cls, values: Any) -> Any:
        return {"mode": values} if isinstance(values, str) or values is False else values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name in ("blocked_transformers", "column_name_and_types", "transformer_params", "repairs"):
            given = getattr(self, name)
            if self.mode == "off" and given and not (name == "repairs" and set(given.values()) == {"none"}):
                raise ValueError(f"{name}: has no effect with mode off; remove it or set mode to custom")
        for name in self.drop_columns:
            for other in ("column_name_and_types", "optional_columns"):
                if name in getattr(self, other):
                    raise ValueError(f"{other}: {name!r} is in drop_columns, too; remove one")
        return self
