"""How raw columns become features: the ``featurization`` section."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from automl_components.core.errors import nearest
from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import Names, Text, Values, fold, not_yet, refused, spelled

if TYPE_CHECKING:
    from typing_extensions import Self

TRANSFORMERS = (
    "text_target_encoder",
    "one_hot_encoder",
    "cat_target_encoder",
    "tf_idf",
    "wo_e_target_encoder",
    "label_encoder",
    "word_embedding",
    "naive_bayes",
    "count_vectorizer",
    "hash_one_hot_encoder",
)
PURPOSES = (
    "Numeric",
    "Categorical",
    "CategoricalHash",
    "DateTime",
    "Text",
    "Hashes",
    "Ignore",
)
IMPUTER_STRATEGIES = ("mean", "median", "most_frequent", "constant")

Transformer = Annotated[str, spelled(TRANSFORMERS, {"LabelEncoding": "label_encoder"})]
Customised = Annotated[str, spelled(["imputer", "tf_idf", "hash_one_hot_encoder"])]
Purpose = Annotated[str, spelled(PURPOSES)]


def _bare_off(value: object) -> object:
    """YAML 1.1 reads a bare ``off`` as false."""
    return "off" if value is False else value


def _no_language(value: object) -> object:
    raise not_yet(f"text options (dataset_language {value!r})")


def _distinct_spellings(value: Any) -> Any:
    if isinstance(value, Mapping) and len({fold(str(key)) for key in value}) < len(value):
        raise ValueError(f"found {list(value)}; each transformer may be named once, in one casing")
    return value


class ColumnTransformer(Settings):
    """Parameters of a transformer for some columns; no columns means all that it applies to."""

    fields: Names = Field((), description="Columns; empty: all.")
    parameters: Values = Field(default_factory=dict, description="Parameters of the transformer.")


def _imputer(parameters: Mapping[str, Any]) -> str | None:
    strategy = parameters.get("strategy")
    if strategy == "ffill":
        return f"strategy: 'ffill' needs a time series; use {', '.join(IMPUTER_STRATEGIES)}"
    if strategy not in IMPUTER_STRATEGIES:
        return f"strategy: found {strategy!r}{nearest(str(strategy), IMPUTER_STRATEGIES)}"
    if strategy != "constant" and "fill_value" in parameters:
        return f"fill_value: has no effect with strategy {strategy!r}; remove it or use 'constant'"
    return None


def _hash(parameters: Mapping[str, Any]) -> str | None:
    bits = parameters.get("number_of_bits")
    if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= 24:
        return f"number_of_bits: found {bits!r}; should be a whole number from 1 to 24"
    return None


PARAMETERS: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], str | None]]] = {
    "imputer": (("strategy", "fill_value"), _imputer),
    "hash_one_hot_encoder": (("number_of_bits",), _hash),
}
"""The parameters of a customised transformer, and what is wrong with them; ``tf_idf`` checks its own."""


def _check_parameters(value: Mapping[str, tuple[ColumnTransformer, ...]]) -> Any:
    for name, (known, check) in PARAMETERS.items():
        for i, entry in enumerate(value.get(name, ())):
            unknown = [f"{key}: unknown{nearest(key, known)}" for key in entry.parameters if key not in known]
            problem = unknown[0] if unknown else check(entry.parameters)
            if problem:
                raise ValueError(f"{name}[{i}].parameters.{problem}")
    return value


class FeaturizationSettings(Settings):
    """How raw columns become features.

    ``mode: auto`` with customisations does what ``custom`` does, as in Azure's examples that name no mode. A
    plain string for the whole section is the mode, as in the first version of Azure's API.
    """

    section: ClassVar[str] = "featurization"

    mode: Annotated[
        Literal["auto", "off", "custom"], spelled(["auto", "off", "custom"]), BeforeValidator(_bare_off)
    ] = Field("auto", description="auto, off (numbers and categories as they are) or custom.")
    blocked_transformers: tuple[Transformer, ...] = Field((), description="Transformers not to use.")
    column_name_and_types: dict[Text, Purpose] = Field(
        default_factory=dict, description="What a column is to be taken for, instead of what is detected."
    )
    transformer_params: Annotated[
        dict[Customised, tuple[ColumnTransformer, ...]],
        BeforeValidator(_distinct_spellings),
        AfterValidator(_check_parameters),
    ] = Field(default_factory=dict, description="Parameters of transformers, for some columns or all.")
    drop_columns: Names = Field((), description="Columns that are no features.")
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
        custom = ("blocked_transformers", "column_name_and_types", "transformer_params", "drop_columns")
        for name in custom:
            if self.mode == "off" and getattr(self, name):
                raise ValueError(f"{name}: has no effect with mode off; remove it or set mode to custom")
        for name in self.drop_columns:
            if name in self.column_name_and_types:
                raise ValueError(f"column_name_and_types: {name!r} is in drop_columns, too; remove one")
        return self
