"""Links of a task instance: the page of its report, its run or model in MLflow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from automl_components.core.storage import is_remote, local_path

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


PAGES = "AUTOML_PAGES_URL"
"""Environment variable: where a web server shows the root of the runs, such as ``https://reports.example.org``."""


class ReportLink(BaseOperatorLink):
    """The page that one of the task's outputs holds."""

    name = "Report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Its address on the web server of the runs, if one is named, else in the store; empty where there is no page.

        A browser follows no link from a web page to a local file, so a local root wants such a server.
        """
        page, root = str(_first(operator, "page")), getattr(operator, "kept_under", "").rstrip("/")
        if (served := os.environ.get(PAGES)) and root and page.startswith(f"{root}/"):
            return f"{served.rstrip('/')}{quote(page.removeprefix(root))}"
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
