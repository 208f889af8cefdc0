"""The MLflow server: where it is, whether it answers, and what its failures are called here."""

from __future__ import annotations

import os
import re
import socket
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from automl_components.core.errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROBE_SECONDS = 5
"""How long a server may take to say its first word; MLFLOW_HTTP_REQUEST_TIMEOUT overrides it for HTTP."""

_PROBE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(PROBE_SECONDS),
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
_PATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4"}
"""Half a minute instead of MLflow's four for a server that goes away later."""
_QUIET = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # it would print the password, for every trial
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_STORAGE_ERRORS = (
    "sqlalchemy.exc.SQLAlchemyError",
    "botocore.exceptions.BotoCoreError",
    "botocore.exceptions.ClientError",
    "boto3.exceptions.Boto3Error",
    "google.api_core.exceptions.GoogleAPIError",
    "azure.core.exceptions.AzureError",
)
LOG_LATER = "The finished run is kept on disk; log it later with: automl log RUN_FOLDER"
REGISTER_LATER = "The model is kept on disk; start register_model again later"


def client(later: str = LOG_LATER) -> MlflowClient:
    """A client of the server that ``MLFLOW_TRACKING_URI`` names, which has answered.

    Parameters
    ----------
    later : str
        For the message: what is not lost, and how to go on.

    Raises
    ------
    TrackingError
        Within seconds, when nothing answers; MLflow itself would go on trying for minutes.
    """
    import mlflow

    uri = mlflow.get_tracking_uri()
    with answering("reach it", later, _PROBE), warnings.catch_warnings():
        # MLflow's own tables use what SQLAlchemy 2.1 deprecates
        warnings.filterwarnings("ignore", "The ``noload`` loader strategy", DeprecationWarning)
        _knock(uri)
        with _one_at_a_time(uri):
            made = mlflow.MlflowClient()
            made.search_experiments(max_results=1)
    return made


@contextmanager
def _one_at_a_time(uri: str) -> Iterator[None]:
    """While a database in a file is made: MLflow's migrations fail where two processes begin them at once."""
    from filelock import FileLock, Timeout

    file = uri.removeprefix("sqlite:///") if uri.startswith("sqlite:///") else ""
    if not file or not Path(file).parent.is_dir():
        yield
        return
    lock = FileLock(f"{file}.lock")
    with suppress(Timeout, OSError):  # whoever cannot lock, say on a read-only disk, takes its chance
        lock.acquire(timeout=PROBE_SECONDS * 10)
    try:
        yield
    finally:
        lock.release()


def address() -> str:
    """The tracking address, without anything secret.

    A path is absolute, so that it means the same in every folder.
    """
    import mlflow

    return clean(mlflow.get_tracking_uri())


def page(*parts: str) -> str | None:
    """Where a browser finds something on the server; None for a database, which no browser can open."""
    where = address().replace("//***@", "//").rstrip("/")
    return "/".join([where, "#", *parts]) if where.startswith(("http://", "https://")) else None


def clean(text: str) -> str:
    """The text with user names, passwords and query values of the addresses in it masked.

    >>> clean("cannot reach postgresql://ann:secret@db/mlflow?sslkey=abc, giving up")
    'cannot reach postgresql://***@db/mlflow?sslkey=***, giving up'
    """
    text = re.sub(r"(?<=://)[^/\s]*@", "***@", text)
    return re.sub(r"([?&][\w.-]+=)[^&\s,'\")]+", r"\1***", text)


@contextmanager
def answering(doing: str, later: str = LOG_LATER, patience: Mapping[str, str] = _PATIENT) -> Iterator[None]:
    """Turn what MLflow, its database or its artifact store raises into a TrackingError.

    Parameters
    ----------
    doing : str
        What was attempted, for the message: ``"log the run"``.
    later : str
        What is not lost, and how to go on.
    patience : mapping
        MLflow's variables for HTTP, where the environment does not set them.
    """
    try:
        with _environment({**_QUIET, **patience}):
            yield
    except _failures() as error:
        said = clean(str(_root(error))).strip().split("\n", 1)[0] or type(error).__name__
        # without the cause: a traceback would show the address with its password
        raise TrackingError(
            f"MLflow at {address()}: could not {doing} ({said[:500]}). Check that the server runs and that "
            f"MLFLOW_TRACKING_URI names it. {later}"
        ) from None


def _root(error: BaseException) -> BaseException:
    """What the system said, where that is the reason: "Connection refused", not three layers of wrapping."""
    found, inner = error, error.__cause__ or error.__context__
    while inner is not None:
        found, inner = inner if isinstance(inner, OSError) else found, inner.__cause__ or inner.__context__
    return found


def _failures() -> tuple[type[BaseException], ...]:
    from mlflow.exceptions import MlflowException

    found: list[type[BaseException]] = [MlflowException, OSError]
    for path in _STORAGE_ERRORS:
        module, _, name = path.rpartition(".")
        if module in sys.modules:  # a library that is not loaded raises nothing
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def _knock(uri: str) -> None:
    """One connection to a database server; MLflow would try ten times, with growing pauses."""
    parts = urlsplit(uri)
    kind = parts.scheme.partition("+")[0]
    try:
        port = parts.port or _DATABASE_PORTS.get(kind)
    except ValueError:  # several hosts in one address
        return
    if kind in _DATABASE_PORTS and parts.hostname:
        socket.create_connection((parts.hostname, port), timeout=PROBE_SECONDS).close()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables inside the block, but for those that the user has set."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
