"""Metrics of the user's own: a function named by its dotted path, called on original labels."""

from __future__ import annotations

import inspect
import pkgutil
import traceback
from functools import partial
from typing import Any

from automl_components.core.errors import RunError, SettingsError
from automl_components.metrics import Metric
from automl_components.metrics.classification import ClassificationFacts
from automl_components.metrics.regression import RegressionFacts


def custom_metric(path: str, task: str) -> Metric:
    """The metric whose function is at ``package.module:function`` or ``package.module.function``.

    What the function owes is said at :func:`automl_components.engine.scoring.primary_metric`.

    Raises
    ------
    SettingsError
        The path does not import, does not lead to a function, or the function does not suit the task. Later,
        when it is called: it cannot take the sample weights there are, or does not return a number.
    RunError
        Later, when it is called: the function raised an error; the message names it with its file and line.
    """
    try:
        function = pkgutil.resolve_name(path)
    except (ImportError, AttributeError, ValueError, SyntaxError) as error:
        raise SettingsError(
            f"custom metric {path!r} cannot be loaded ({error}); it must be 'package.module:function', in an "
            "installed package or a folder on PYTHONPATH"
        ) from error
    if not callable(function):
        raise SettingsError(f"custom metric {path!r} is a {type(function).__name__}, not a function")
    needs_proba = bool(getattr(function, "needs_proba", False))
    if needs_proba and task == "regression":
        raise SettingsError(f"custom metric {path!r} needs probabilities, and the task is regression")
    return Metric(
        path.replace(":", "."),
        task,
        partial(_call, function=function, path=path, needs_proba=needs_proba),
        greater_is_better=bool(getattr(function, "greater_is_better", True)),
        needs_proba=needs_proba,
    )


def _call(facts: ClassificationFacts | RegressionFacts, function: Any, path: str, needs_proba: bool) -> float:
    if isinstance(facts, RegressionFacts):
        truth, guess = facts.y, facts.prediction
    else:
        truth, guess = facts.classes[facts.y], facts.proba if needs_proba else facts.classes[facts.labels]
    weights = {"sample_weight": facts.weight} if facts.weighted else {}
    if weights and not _takes_weights(function):
        raise SettingsError(f"the data has sample weights: custom metric {path!r} must take sample_weight")
    try:
        value = function(truth, guess, **weights)
    except Exception as error:
        raise RunError(
            f"custom metric {path!r} failed{_where(error)}: {type(error).__name__}: {error}"
        ) from error
    try:
        return float(value)
    except (TypeError, ValueError):
        kind = type(value).__name__
        raise SettingsError(f"custom metric {path!r} returned a {kind}, not a number") from None


def _where(error: Exception) -> str:
    """File and line where the user's function, or what it called, raised an error."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # without our own call
    return f" at {frames[0].filename}, line {frames[0].lineno}" if frames else ""


def _takes_weights(function: Any) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(each.name == "sample_weight" or each.kind is each.VAR_KEYWORD for each in parameters)
