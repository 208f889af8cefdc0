"""A job's names of metrics, algorithms, transformers, guardrails, as the catalogs spell them; and of its data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from automl_components.core.errors import SettingsError
from automl_components.core.settings import (
    FeaturizationSettings,
    GuardrailSettings,
    ProblemsError,
    RegistrationSettings,
    SelectionSettings,
    Settings,
    TaskSettings,
    TrainingSettings,
)

SAYS_NOTHING = frozenset(
    ["train", "training", "data", "dataset", "table", "mltable", "folder", "input", "csv"]
)
"""Words that a table's name may be made of without telling what it is about."""


def data_name(table: object) -> str:
    """What a table is about: the name of its file or folder, or of the nearest folder around that says something.

    Parameters
    ----------
    table : str, or mapping with ``path``
        Anything else, such as a table in memory, has no name: the answer is empty.

    >>> data_name("/srv/bank.csv.gz"), data_name({"path": "s3://bucket/housing/train.parquet"})
    ('bank', 'housing')
    >>> data_name("/runs/penguins/training_data"), data_name("/srv/churn/data/*.csv"), data_name("/data")
    ('penguins', 'churn', '')
    """
    path = table.get("path") if isinstance(table, Mapping) else table
    if not isinstance(path, str):
        return ""
    place = path.split("://", 1)[-1].split("?", 1)[0] if "://" in path else path
    for part in reversed(re.split(r"[/\\]+", place)):
        stem = part.lstrip(".").split(".", 1)[0]
        words = set(re.split(r"[\W_]+", stem.lower()))
        if stem and not re.search(r"[*?\[]", part) and not words <= SAYS_NOTHING:
            return stem
    return ""


def in_catalog_names(sections: Mapping[str, Settings]) -> dict[str, Settings]:
    """The sections with every name as its catalog has it, whatever the casing and the generation it came in.

    Catalogs are only loaded for what was named.

    Raises
    ------
    SettingsError
        A name is in no catalog or is not for the task; one line for each.
    """
    task = cast(TaskSettings, sections["task"])
    problems: list[str] = []
    named = dict(sections)
    with collecting(problems):
        named["task"] = _task(task)
    with collecting(problems):
        named["training"] = algorithm_names(cast(TrainingSettings, sections["training"]), task.task)
    with collecting(problems):
        _stack(cast(TrainingSettings, sections["training"]), task)
    with collecting(problems):
        named["selection"] = _selection(cast(SelectionSettings, sections["selection"]), task.task)
    with collecting(problems):
        named["registration"] = _registration(cast(RegistrationSettings, sections["registration"]), task.task)
    with collecting(problems):
        named["featurization"] = _featurization(cast(FeaturizationSettings, sections["featurization"]))
    with collecting(problems):
        named["guardrails"] = _guardrails(cast(GuardrailSettings, sections["guardrails"]))
    if problems:
        raise ProblemsError(problems)
    return named


@contextmanager
def collecting(problems: list[str], where: str = "") -> Iterator[None]:
    """Turn a SettingsError into lines of ``problems``, each under the dotted path ``where``."""
    try:
        yield
    except ProblemsError as error:
        problems += error.problems
    except SettingsError as error:
        problems.append(f"{where}: {error}" if where else str(error))


@contextmanager
def at(where: str) -> Iterator[None]:
    """Put a dotted path before the message of a SettingsError."""
    try:
        yield
    except SettingsError as error:
        raise ProblemsError([f"{where}: {error}"]) from None


def metric_name(where: str, name: str, task: str) -> str:
    """The catalog's spelling of a metric; a dotted path stays as it is, once it leads to a function."""
    from automl_components.engine.scoring import primary_metric

    with at(where):
        found = primary_metric(name, task).name
    return name if ":" in name or "." in name else found


def _task(task: TaskSettings) -> TaskSettings:
    if "primary_metric" not in task.model_fields_set:
        return task
    return task.model_copy(
        update={"primary_metric": metric_name("primary_metric", task.primary_metric, task.task)}
    )


def algorithm_names(training: TrainingSettings, task: Any) -> TrainingSettings:
    """The section with the catalog's names in its lists of algorithms; loads no library."""
    from automl_components.algorithms import ALGORITHMS
    from automl_components.algorithms.selection import resolve

    lists = {}
    for key in ("allowed_training_algorithms", "blocked_training_algorithms"):
        if names := getattr(training, key):
            with at(f"training.{key}"):
                lists[key] = tuple(algorithm.name for algorithm in resolve(names, task))
    blocked = lists.get("blocked_training_algorithms")
    if blocked and all(name in blocked for name, one in ALGORITHMS.items() if task in one.estimators):
        raise ProblemsError(["training.blocked_training_algorithms: all are blocked; leave at least one"])
    return training.model_copy(update=lists) if lists else training


def _stack(training: TrainingSettings, task: TaskSettings) -> None:
    stack = training.stack_ensemble_settings
    if stack.stack_meta_learner_type == "none" and not stack.stack_meta_learner_kwargs:
        return
    from automl_components.engine.ensemble import meta_learner

    with at("training.stack_ensemble_settings"):
        meta_learner(
            task.task,
            stack.stack_meta_learner_type,
            dict(stack.stack_meta_learner_kwargs),
            cross_validated=True,
            seed=task.seed,
        )


def _selection(selection: SelectionSettings, task: str) -> SelectionSettings:
    if selection.metric is None:
        return selection
    return selection.model_copy(update={"metric": metric_name("selection.metric", selection.metric, task)})


def _registration(registration: RegistrationSettings, task: str) -> RegistrationSettings:
    changes: dict[str, Any] = {}
    if registration.gate:
        gate = {metric_name(f"registration.gate.{k}", k, task): v for k, v in registration.gate.items()}
        if len(gate) < len(registration.gate):
            raise ProblemsError([f"registration.gate: a metric is named twice in {list(registration.gate)}"])
        changes["gate"] = gate
    return registration.model_copy(update=changes) if changes else registration


def _featurization(featurization: FeaturizationSettings) -> FeaturizationSettings:
    blocked, asked = featurization.blocked_transformers, featurization.transformer_params
    if not blocked and not asked:
        return featurization
    from automl_components.engine.features import Featurizer
    from automl_components.transformers import transformer_name

    with at("featurization.blocked_transformers"):
        names = tuple(dict.fromkeys(map(transformer_name, blocked)))
    with at("featurization.transformer_params"):
        known = {transformer_name(key): entries for key, entries in asked.items()}
        params = {key: [one.model_dump() for one in entries] for key, entries in asked.items()}
        Featurizer(blocked_transformers=blocked, transformer_params=params)
    if len(known) < len(asked):
        raise ProblemsError([f"featurization.transformer_params: a name is given twice in {list(asked)}"])
    changes = {"blocked_transformers": names} if blocked else {}
    return featurization.model_copy(update=changes | ({"transformer_params": known} if asked else {}))


def _guardrails(guardrails: GuardrailSettings) -> GuardrailSettings:
    if not guardrails.fail_on and not guardrails.mute:
        return guardrails
    from automl_components.guardrails import guardrail_code

    with at("guardrails.fail_on"):
        fail_on = tuple(guardrail_code(name, severities=True) for name in guardrails.fail_on)
    with at("guardrails.mute"):
        mute = {guardrail_code(name): reason for name, reason in guardrails.mute.items()}
    return guardrails.model_copy(update={"fail_on": fail_on, "mute": mute})
