"""The sections of a job file, under Azure's names: strict, frozen models, and the YAML around them."""

from __future__ import annotations

from automl_components.core.settings.agreement import disagreements
from automl_components.core.settings.base import ProblemsError, Settings, unknown_key
from automl_components.core.settings.document import as_mapping, parse_yaml, read_mapping, write_yaml
from automl_components.core.settings.facts import JobFacts
from automl_components.core.settings.featurization import ColumnTransformer, FeaturizationSettings
from automl_components.core.settings.guardrails import GuardrailSettings
from automl_components.core.settings.limits import LimitsSettings
from automl_components.core.settings.overrides import apply_overrides, assign, flatten, parse_override
from automl_components.core.settings.registration import Bounds, RegistrationSettings
from automl_components.core.settings.selection import SelectionSettings
from automl_components.core.settings.splits import SplitSettings
from automl_components.core.settings.task import TaskSettings
from automl_components.core.settings.tracking import TrackingSettings
from automl_components.core.settings.training import StackEnsembleSettings, TrainingSettings
from automl_components.core.settings.values import fold, match

__all__ = [
    "Bounds",
    "ColumnTransformer",
    "FeaturizationSettings",
    "GuardrailSettings",
    "JobFacts",
    "LimitsSettings",
    "ProblemsError",
    "RegistrationSettings",
    "SelectionSettings",
    "Settings",
    "SplitSettings",
    "StackEnsembleSettings",
    "TaskSettings",
    "TrackingSettings",
    "TrainingSettings",
    "apply_overrides",
    "as_mapping",
    "assign",
    "disagreements",
    "flatten",
    "fold",
    "match",
    "parse_override",
    "parse_yaml",
    "read_mapping",
    "unknown_key",
    "write_yaml",
]
