"""A registered model as an Airflow asset: its registration schedules whoever waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from airflow.sdk import Asset

from automl_components.core.errors import SettingsError


def model_asset(name: str) -> Asset:
    """The asset that stands for a registered model: ``schedule=[model_asset("penguins")]``.

    Its events carry ``model_name``, ``version``, ``model_uri``, ``aliases``, ``metrics`` of the test run, and
    ``path``: where the model's folder is, which other tasks take for ``best_model``.
    """
    if not name:
        raise SettingsError("a model's asset wants the name of the model")
    return Asset(name=f"model {name}", uri=f"mlflow-model://{quote(name, safe='')}", group="model")


def tell(outlets: Iterable[Any], outputs: Mapping[str, Any], inputs: Mapping[str, Any], events: Any) -> None:
    """Put what was registered into the events of the outlets that stand for it."""
    if "registration" not in outputs:
        return
    facts = outputs["registration"]["facts"]
    tested = outputs.get("test_report", inputs.get("test_report"))
    metrics = tested.get("facts", {}).get("metrics", {}) if isinstance(tested, Mapping) else {}
    extra = {key: facts.get(key) for key in ("model_name", "version", "model_uri", "aliases")}
    model = outputs.get("best_model", inputs.get("best_model"))
    extra["path"] = model.get("path") if isinstance(model, Mapping) else model
    for outlet in outlets:
        if isinstance(outlet, Asset) and outlet.uri.rstrip("/").startswith("mlflow-model://"):
            events[outlet].extra = {**extra, "metrics": metrics}
