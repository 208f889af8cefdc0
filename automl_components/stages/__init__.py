"""Verbs: one component per file. Importing the package knows them all."""

from automl_components.stages.build_ensemble import build_ensemble
from automl_components.stages.evaluate_model import evaluate_model
from automl_components.stages.featurize_data import featurize_data
from automl_components.stages.log_run import log_run
from automl_components.stages.register_model import register_model
from automl_components.stages.search_trials import search_trials
from automl_components.stages.validate_data import validate_data
from automl_components.stages.write_report import write_report

__all__ = [
    "build_ensemble",
    "evaluate_model",
    "featurize_data",
    "log_run",
    "register_model",
    "search_trials",
    "validate_data",
    "write_report",
]
