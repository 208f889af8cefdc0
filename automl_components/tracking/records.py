"""What MLflow takes: parameters, metrics and tags in batches, under keys and of lengths that it allows."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from automl_components.tracking.connection import clean

if TYPE_CHECKING:
    from mlflow import MlflowClient

    Values = Mapping[str, float | Iterable[float | None] | None]


T = TypeVar("T")


def log(
    client: MlflowClient,
    run_id: str,
    *,
    params: Mapping[str, Any] | None = None,
    metrics: Values | None = None,
    tags: Mapping[str, Any] | None = None,
    at: int = 0,
    model_id: str | None = None,
) -> None:
    """Log everything in as few requests as MLflow allows: one, for an ordinary trial.

    Parameters
    ----------
    params, tags : mappings
        JSON values, as :func:`texts` takes them.
    metrics : mapping
        Numbers, or sequences of them, which become steps 0, 1, ...; what is None or not finite is left out.
    at : int
        Timestamp of the metrics, milliseconds since 1970. A metric of the same time and value is kept once
        only, however often it is sent.
    model_id : str, optional
        The logged model that the metrics belong to, besides the run.
    """
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.utils import validation as limits

    some_params = [Param(*p) for p in texts(params or {}, limits.MAX_PARAM_VAL_LENGTH).items()]
    some_tags = [RunTag(*t) for t in texts(tags or {}, limits.MAX_TAG_VAL_LENGTH).items()]
    some_metrics = [Metric(key, value, at, step, model_id) for key, value, step in points(metrics or {})]
    few = limits.MAX_PARAMS_TAGS_PER_BATCH // 2  # a batch of long ones stays below MLflow's megabyte
    many = limits.MAX_METRICS_PER_BATCH - 2 * few
    batches = zip_longest(
        _chunks(some_params, few), _chunks(some_tags, few), _chunks(some_metrics, many), fillvalue=()
    )
    for params_, tags_, metrics_ in batches:
        client.log_batch(run_id, params=params_, tags=tags_, metrics=metrics_)


def texts(values: Mapping[str, Any], longest: int) -> dict[str, str]:
    """JSON values as text under keys that MLflow allows; nested mappings as ``outer.inner``, None left out.

    >>> texts({"limits": {"max_trials": 5, "strict": False}, "names": ["a"], "seed": None}, 100)
    {'limits.max_trials': '5', 'limits.strict': 'false', 'names': '["a"]'}
    """
    found: dict[str, str] = {}
    for key, value in _flat(values):
        text = clean(value if isinstance(value, str) else json.dumps(value, default=str))
        found[_unused(key_of(key), found)] = text if len(text) <= longest else text[: longest - 1] + "…"
    return found


def points(metrics: Values) -> Iterator[tuple[str, float, int]]:
    """Key, value and step of each finite number."""
    used: dict[str, Any] = {}
    for name, values in metrics.items():
        key = _unused(key_of(name), used)
        used[key] = None
        for step, value in enumerate(values if isinstance(values, Iterable) else [values]):
            if value is not None and math.isfinite(value):
                yield key, float(value), step


def key_of(name: str) -> str:
    """A name as a key of MLflow: letters, digits, ``_``, ``-``, ``.`` and blanks, 250 characters at most.

    >>> key_of("proba_<50K"), key_of("my.metrics:cost"), key_of("..")
    ('proba__50K', 'my.metrics_cost', '_')
    """
    return re.sub(r"[^A-Za-z0-9_\-. ]", "_", name)[:250].strip(" .") or "_"


def _chunks(values: Sequence[T], size: int) -> list[Sequence[T]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def _unused(key: str, used: Mapping[str, Any]) -> str:
    """The key, numbered if another name has become the same one."""
    number, free = 1, key
    while free in used:
        number += 1
        free = f"{key[:240]}_{number}"
    return free


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value
