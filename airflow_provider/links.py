"""Links of a task instance: the page of its report, its run or model in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from automl_components.core.storage import is_remote, local_path

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class ReportLink(BaseOperatorLink):
    """The page that one of the task's outputs holds."""

    name = "Report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Its address; empty where no output has a page."""
        page = str(_first(operator, "page"))
        return local_path(page).as_uri() if page and not is_remote(page) else page


class MLflowLink(BaseOperatorLink):
    """The run, or the registered version, in MLflow's own interface."""

    name = "MLflow"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Its address; empty where MLflow is a database, which has no pages."""
        return str(_first(operator, "address"))


def _first(operator: BaseOperator, fact: str) -> Any:
    """The first of that fact of the outputs: Airflow asks in the task's own process, right after its end."""
    made: Mapping[str, Any] = getattr(operator, "made", None) or {}
    return next((one["facts"][fact] for one in made.values() if one["facts"].get(fact)), "")
