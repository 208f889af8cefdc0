"""Which algorithms take part and how they are put together: the ``training`` section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from automl_components.core.settings.base import Settings
from automl_components.core.settings.values import (
    Count,
    Duration,
    Names,
    Share,
    Values,
    not_yet,
    refused,
    spelled,
)

if TYPE_CHECKING:
    from typing_extensions import Self

META_LEARNERS = (
    "none",
    "logistic_regression",
    "logistic_regression_cv",
    "light_gbm_classifier",
    "elastic_net",
    "elastic_net_cv",
    "light_gbm_regressor",
    "linear_regression",
)


def _one_machine(value: object) -> object:
    if value == "distributed":
        raise not_yet("training_mode 'distributed'", "use 'non_distributed'")
    return value


class StackEnsembleSettings(Settings):
    """How the second layer of a stack ensemble is trained."""

    stack_meta_learner_type: Annotated[str, spelled(META_LEARNERS)] = Field(
        "none",
        description="The second layer; none: the task's default, in its CV form under cross-validation.",
    )
    stack_meta_learner_train_percentage: Share | None = Field(
        None,
        description="Share (not percent) of a single split's training rows kept for the second layer (Azure: 0.2); "
        "by default it learns from the validation rows, which costs no fit.",
    )
    stack_meta_learner_kwargs: Values = Field(
        default_factory=dict, description="Parameters of the second layer's estimator."
    )


class TrainingSettings(Settings):
    """Which algorithms take part, and which ensembles end the search."""

    section: ClassVar[str] = "training"
    former_names: ClassVar[Mapping[str, str]] = {
        "allowed_models": "allowed_training_algorithms",
        "allowed_algorithms": "allowed_training_algorithms",
        "whitelist_models": "allowed_training_algorithms",
        "blocked_models": "blocked_training_algorithms",
        "blocked_algorithms": "blocked_training_algorithms",
        "blacklist_models": "blocked_training_algorithms",
        "blacklist_algos": "blocked_training_algorithms",
        "enable_voting_ensemble": "enable_vote_ensemble",
        "ensemble_model_download_timeout": "ensemble_model_download_timeout_minutes",
    }
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("allowed_training_algorithms", "blocked_training_algorithms"),
    )

    allowed_training_algorithms: Names = Field((), description="The only algorithms to try; empty: all.")
    blocked_training_algorithms: Names = Field((), description="Algorithms not to try.")
    enable_vote_ensemble: bool = Field(True, description="End with a weighted average of models.")
    enable_stack_ensemble: bool = Field(
        True, description="End with a model on top of the models' predictions."
    )
    stack_ensemble_settings: StackEnsembleSettings = Field(
        default_factory=StackEnsembleSettings, description="How the stack ensemble is trained."
    )
    ensemble_iterations: Count = Field(
        25, description="Most models in the weighted average, repeats counted."
    )
    refit: Annotated[Literal["auto", "never", "always"], spelled(["auto", "never", "always"])] = Field(
        "auto",
        description="Whether the model's members are fitted again on all rows. never: they stay as they were "
        "validated, one learner a fold; always: as far as the time allows; auto: where the splits are not folds, or "
        "the learners of the folds are too large together.",
    )
    ensemble_model_download_timeout_minutes: Duration | None = Field(
        None, description="Accepted from Azure's files; there is nothing to download here."
    )
    enable_model_explainability: Annotated[bool, refused("explanations of the best model")] = Field(
        False, description="Only false for now. Azure's default is true."
    )
    enable_onnx_compatible_models: Annotated[bool, refused("ONNX export")] = Field(
        False, description="Only false for now."
    )
    enable_dnn_training: Annotated[bool, refused("deep neural networks")] = Field(
        False, description="Only false for now."
    )
    training_mode: Annotated[
        Literal["auto", "non_distributed"],
        BeforeValidator(_one_machine),
        spelled(["auto", "non_distributed", "distributed"]),
    ] = Field("auto", description="auto and non_distributed mean the same: on one machine.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if "allowed_training_algorithms" in self.model_fields_set and not self.allowed_training_algorithms:
            raise ValueError("allowed_training_algorithms: the list is empty; name an algorithm or remove it")
        return self

    def notes(self) -> list[str]:
        """What changes nothing here."""
        if self.ensemble_model_download_timeout_minutes is None:
            return []
        return [
            "training.ensemble_model_download_timeout_minutes has no effect: "
            "the ensembles read their models from the run's folder"
        ]
