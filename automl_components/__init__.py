"""Automated machine learning as typed pipeline components.

>>> from automl_components import automl
>>> job = automl.regression(training_data="train.csv", target_column_name="y")
>>> job.set_limits(max_trials=20)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_components import automl
    from automl_components.core import mltable
    from automl_components.core.artifacts import Input, Output
    from automl_components.core.component import component
    from automl_components.job import Job
    from automl_components.model import load_model
    from automl_components.run import Run

_WHERE = {
    "Input": "automl_components.core.artifacts",
    "Output": "automl_components.core.artifacts",
    "component": "automl_components.core.component",
    "Job": "automl_components.job",
    "Run": "automl_components.run",
    "load_model": "automl_components.model",
}
_MODULES = {"automl": "automl_components.automl", "mltable": "automl_components.core.mltable"}
_STAGES = (
    "validate_data", "featurize_data", "search_trials", "build_ensemble",
    "evaluate_model", "write_report", "log_run", "register_model",
)  # fmt: skip

__version__ = "0.1.0"
__all__ = [
    "Input", "Job", "Output", "Run", "__version__", "automl", "component", "load_model", "mltable", *_STAGES,
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Public names load on first use, so that importing the package costs next to nothing."""
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _STAGES:
        return getattr(importlib.import_module("automl_components.stages"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
