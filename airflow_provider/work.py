"""What every operator here does: run a request in a child process, tell of it in the log, end it when it must."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.sdk import BaseOperator, BaseOperatorLink, XComArg
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from airflow_provider.assets import tell
from airflow_provider.links import MLflowLink, ReportLink
from airflow_provider.wiring import is_later, mapping
from automl_components import launch
from automl_components.core import storage
from automl_components.core.artifacts import redacted
from automl_components.core.errors import (
    AutoMLError,
    DataError,
    GateError,
    SettingsError,
    TrustError,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

Refusal = Literal["fail", "skip"]

ROOT = "AUTOML_ROOT"
"""Environment variable: where runs are kept when no root and no connection is given."""
TRACKING = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
)


class WorkOperator(BaseOperator):
    """Base of the operators that work in a child process.

    Parameters
    ----------
    root : str, optional
        Local path or fsspec address under which runs are kept; templated. By default what the connection names, else
        ``AUTOML_ROOT``, else ``automl-runs`` in ``AIRFLOW_HOME``. In object storage a retry goes on on any worker: once
        the lost one has been silent for a minute (``AUTOML_LEASE_SECONDS``), it takes over what that has finished.
    folder : str
        Sub-folder of the run: tasks that make artifacts of the same name need one each; templated.
    store_conn_id : str, optional
        Connection of the store (:class:`airflow_provider.hooks.StoreHook`).
    tracking_uri : str, optional
        Address of the MLflow server; templated. By default what ``MLFLOW_TRACKING_URI`` says.
    mlflow_conn_id : str, optional
        Connection of the MLflow server, where it wants credentials.
    environment : mapping, optional
        Environment variables for the work; not templated, never shown. ``AUTOML_WARM_SECONDS`` among them: how long a
        warm process with the libraries loaded waits for the next task, by default 60 s; 0 is without.
    python : str, optional
        Interpreter of another environment that has this package, so that Airflow's own need not hold it all.
    reuse : bool, optional
        Skip what is there, unchanged, when a task is cleared; by default yes.
    on_refusal : "fail" or "skip"
        What becomes of the task when the registration's gate says no.
    """

    template_fields: Sequence[str] = ("root", "folder", "tracking_uri")
    template_fields_renderers: ClassVar[dict[str, str]] = dict.fromkeys(
        ("inputs", "settings", "job", "overrides"), "json"
    )
    operator_extra_links: Collection[BaseOperatorLink] = (ReportLink(), MLflowLink())
    ui_color = "#dfeaf4"

    def __init__(
        self,
        *,
        root: str | None = None,
        folder: str = "",
        store_conn_id: str | None = None,
        tracking_uri: str | None = None,
        mlflow_conn_id: str | None = None,
        environment: Mapping[str, str] | None = None,
        python: str | None = None,
        reuse: bool | None = None,
        on_refusal: Refusal = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=True, **kwargs)
        self.root = os.fspath(root) if isinstance(root, os.PathLike) else root
        self.folder, self.store_conn_id = folder, store_conn_id
        self.tracking_uri, self.mlflow_conn_id = tracking_uri, mlflow_conn_id
        self.environment, self.python, self.reuse = environment, python, reuse
        self.on_refusal = on_refusal
        self.made: dict[str, Any] = {}
        self.kept_under = ""
        self._child: launch.Child | None = None
        try:
            self._check_arguments()
        except SettingsError as error:
            raise SettingsError(f"task {self.task_id!r}: {error}") from None

    def work(self, request: launch.Request, context: Context, root: str) -> dict[str, Any]:
        """Run the request; what it made, by artifact name. Airflow's exceptions where it fails."""
        self.kept_under = root
        try:
            outcome = self._run(request, root)
        except GateError as error:
            self.log.error("%s", error)
            raise (AirflowSkipException if self.on_refusal == "skip" else AirflowFailException)(
                str(error)
            ) from None
        except (DataError, SettingsError, TrustError) as error:  # the same again would fail the same way
            text = str(error)
            name = "" if text.startswith(request.name) else f"{request.name}: "
            raise AirflowFailException(f"{name}{text}") from None
        except AutoMLError as error:
            raise AirflowException(str(error)) from None
        self.made = {**outcome["outputs"]}
        tell(self.outlets, self.made, getattr(self, "inputs", None) or {}, context["outlet_events"])
        return self.made

    def on_kill(self) -> None:
        """End the child and whatever it has started; what it has finished is kept."""
        if self._child is not None:
            self._child.stop()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Fail for good where something given is wrong: another attempt would be given the same."""
        try:
            yield
        except SettingsError as error:
            raise AirflowFailException(f"task {self.task_id!r}: {error}") from None

    def place(self, context: Context) -> tuple[str, str]:
        """Root address, and the folder of this run of the DAG under it."""
        root = self.root or (self._hook().root if self.store_conn_id else "") or os.environ.get(ROOT, "")
        with self.refusing():
            check_place(root, self.folder)
        root = root or str(Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "automl-runs")
        run, index = context["dag_run"], context["ti"].map_index
        mapped = [str(index)] if index is not None and index >= 0 else []
        parts = [run.dag_id, folder_name(run.run_id), *mapped, *filter(None, self.folder.split("/"))]
        return root, reduce(storage.join, parts, root)

    def _check_arguments(self) -> None:
        if self.on_refusal not in ("fail", "skip"):
            raise SettingsError(f"on_refusal is {self.on_refusal!r}; give 'fail' or 'skip'")
        for name, value in mapping("environment", self.environment).items():
            if not isinstance(value, str):
                raise SettingsError(f"environment: {name!r} is a {type(value).__name__}; give a text")
        for value in (self.root, self.folder):
            if value is not None and not isinstance(value, (str, XComArg)):
                raise SettingsError(f"root and folder are texts; found {value!r}")
        check_place(*("" if is_later(one) else str(one) for one in (self.root or "", self.folder)))

    def _run(self, request: launch.Request, root: str) -> launch.Outcome:
        environment = {**(self.environment or {})}
        if self.mlflow_conn_id:
            from airflow_provider.hooks import tracking_environment

            environment |= tracking_environment(self.mlflow_conn_id)
        if self.tracking_uri:
            environment["MLFLOW_TRACKING_URI"] = self.tracking_uri
        options = self._hook().storage_options(root) if self.store_conn_id else {}
        with launch.Child(
            request, python=self.python, environment=environment, storage_options=options, warm=True
        ) as child:
            self._child = child
            try:
                return child.result(self._tell)
            finally:
                self._child = None

    def _hook(self) -> Any:
        from airflow_provider.hooks import StoreHook

        return StoreHook(self.store_conn_id or StoreHook.default_conn_name)

    def _tell(self, kind: str, facts: Mapping[str, Any]) -> None:
        """An event as lines of the task's log."""
        if kind in ("findings", "leaderboard"):
            for line in table(kind, facts):
                self.log.info("%s", line)
        elif facts["message"]:
            self.log.log(int(facts["level"]), "%s", facts["message"])


def check_place(root: str, folder: str) -> None:
    """Refuse a root that holds credentials, which would be shown, and a folder outside of the run's."""
    if redacted(root) != root:
        raise SettingsError(
            f"root {redacted(root)} holds credentials: keep them in a connection and name it by store_conn_id"
        )
    if ".." in folder.split("/"):
        raise SettingsError(f"folder {folder!r} leads out of the run's own folder")


def table(kind: str, facts: Mapping[str, Any]) -> list[str]:
    """The guardrails' findings or the leaderboard as aligned lines of text."""
    rows = facts["rows"]
    if not rows:
        return []
    names = {"status": "Status", "title": "Guardrail", "summary": "What was seen"}
    if kind == "leaderboard":
        metric = facts["metric"]
        names = {"rank": "Rank", "trial": "Trial", metric: metric, "status": "Status", "pipeline": "Pipeline"}
    lines = [[*names.values()]]
    lines += [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(names))]
    head = "Guardrails" if kind == "findings" else "Leaderboard"
    return [
        head,
        *("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines),
    ]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"{float(text):.5f}" if re.fullmatch(r"-?\d+\.\d{6,}", text) else text


def folder_name(run_id: str) -> str:
    """A run id as the name of a folder that every store takes.

    >>> folder_name("manual__2026-01-31T12:00:00+00:00")
    'manual__2026-01-31T12-00-00-00-00'
    """
    name = re.sub(r"[^\w.=-]", "-", run_id)
    unique = re.fullmatch(
        r"[\w.=-]+|[a-z_]+__[\dT:.+-]+(_\w+)?", run_id
    )  # a plain one, or one that Airflow made
    return name if unique else f"{name}-{sha256(run_id.encode()).hexdigest()[:8]}"
