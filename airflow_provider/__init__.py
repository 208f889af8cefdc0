"""Airflow provider: the components as operators, a whole job as a task or a task group, gates, links, a connection.

>>> from airflow_provider import SearchTrialsOperator, automl_task_group  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider.assets import model_asset as model_asset
    from airflow_provider.component import ComponentOperator as ComponentOperator
    from airflow_provider.gates import GuardrailBranchOperator as GuardrailBranchOperator
    from airflow_provider.gates import GuardrailGateOperator as GuardrailGateOperator
    from airflow_provider.gates import PromotionBranchOperator as PromotionBranchOperator
    from airflow_provider.job import AutoMLOperator as AutoMLOperator
    from airflow_provider.operators import *  # noqa: F403 - one for each component
    from airflow_provider.task_group import automl_task_group as automl_task_group

_WHERE = {
    "AutoMLOperator": "job",
    "ComponentOperator": "component",
    "GuardrailBranchOperator": "gates",
    "GuardrailGateOperator": "gates",
    "PromotionBranchOperator": "gates",
    "automl_task_group": "task_group",
    "model_asset": "assets",
}


def __getattr__(name: str) -> Any:
    """Names load on first use: Airflow imports this package in every process to read what the provider is."""
    if name.startswith("_"):
        raise AttributeError(name)
    return getattr(importlib.import_module(f"airflow_provider.{_WHERE.get(name, 'operators')}"), name)


def __dir__() -> list[str]:
    from airflow_provider.operators import __all__ as named

    return sorted([*_WHERE, *named])
