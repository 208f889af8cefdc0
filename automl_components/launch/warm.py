"""A warm process: it loads the libraries that stages need, then forks a child for whoever connects.

It is single-threaded and does no work of its own, so that a forked child is what a new process would be: BLAS and Arrow
look after their threads in a fork by themselves, OpenMP has none before its first use. It knows no request, and
no variable that sounds secret: a child reads its request from the pipe that comes with the connection.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import logging
import os
import pkgutil
import selectors
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from automl_components.launch import child
from automl_components.launch.fork import ANSWER, MESSAGE, connect, read, starting
from automl_components.launch.sameness import code

logger = logging.getLogger("automl_components")

LIBRARIES = (
    "pandas", "pyarrow.csv", "pyarrow.dataset", "pyarrow.parquet", "scipy.stats", "sklearn", "skops.io", "lightgbm",
    "matplotlib.figure", "matplotlib.backends.backend_svg", "mlflow", "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store",
)  # fmt: skip
"""What each stage imports again: 1 to 3 s of processor time in a new process."""
OURS = ("core", "engine", "guardrails", "transformers", "metrics", "flavor", "tracking", "report", "stages")
MEMORY = 1e9
"""Bytes that must be free: a warm process takes about 270 MB."""
MOST = 4
"""Warm processes of one user at the same time."""
NICER = 5
"""Steps by which loading gives way to the stage that is running."""


@dataclass(frozen=True)
class Asked:
    """A child that somebody wants: where to answer, its standard streams, environment variables and working folder."""

    connection: socket.socket
    pipes: list[int]
    environment: dict[str, str]
    folder: str


def main(hello: str) -> None:
    """Load, listen, and end after some idle seconds; or, in a forked child, do its work."""
    wanted = json.loads(hello)
    child.libraries_first()
    sys.path += [entry for entry in wanted["path"] if entry not in sys.path]
    place, before = Path(wanted["place"]), dict(os.environ)
    with starting(place.parent) as alone:
        if not alone or not _welcome(place) or not load() or code() != wanted["code"]:
            return
        added = {name: value for name, value in os.environ.items() if before.get(name) != value}
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(place))
        listener.listen()
    os.chdir("/")
    gc.collect()
    gc.freeze()  # a collection in a child would copy all of it
    if (asked := serve(listener, place, wanted["seconds"])) is not None:
        become(asked, added)
        child.work()


def load() -> bool:
    """Import it all, behind whatever else runs here; whether this process still has one thread, which may fork."""
    done: list[bool] = []

    def work() -> None:
        with contextlib.suppress(OSError):  # Linux: of this thread alone; a process could not take it back
            os.setpriority(
                os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICER
            )
        _import()
        done.append(True)

    loading = threading.Thread(target=work)
    loading.start()
    loading.join()
    return bool(done) and threading.active_count() == 1


def _import() -> None:
    from automl_components.terminal.watching import only_ours

    with only_ours():
        importlib.import_module(
            "automl_components.engine"
        )  # it settles how OpenMP waits, before the libraries load
        for name in LIBRARIES:
            importlib.import_module(name)
        for name in OURS:
            package = importlib.import_module(f"automl_components.{name}")
            for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                importlib.import_module(module.name)
        importlib.import_module("automl_components.run")


def _welcome(place: Path) -> bool:
    """Whether there is room for one more: memory, and not this one or too many there. Old sockets are removed."""
    from automl_components.engine.machine import free_memory

    there = [other for other in place.parent.iterdir() if _answers(other)]
    return place not in there and len(there) < MOST and free_memory() >= MEMORY


def _answers(place: Path) -> bool:
    """Whether a process listens there; the socket of one that was killed is removed."""
    try:
        connect(place).close()
    except ConnectionRefusedError:
        if place.is_socket():
            place.unlink()
        return False
    except OSError:
        return False
    return True


def serve(listener: socket.socket, place: Path, seconds: float) -> Asked | None:
    """Fork a child for whoever connects, and tell how it ended; in a child, what it was asked, at the end None.

    Parameters
    ----------
    listener : socket
        Bound to ``place``, which is removed at the end.
    seconds : float
        Time with no child at work after which it ends.
    """
    work: dict[int, tuple[int, socket.socket]] = {}  # by process handle: process id and connection
    watched = selectors.PollSelector()  # epoll's own state would be shared with the children
    watched.register(listener, selectors.EVENT_READ)
    until = time.monotonic() + seconds
    while work or time.monotonic() < until:
        for event, _ in watched.select(None if work else until - time.monotonic()):
            if event.fileobj is not listener:
                watched.unregister(event.fd)
                _tell_end(event.fd, *work.pop(event.fd))
            elif (asked := _asked(listener)) is None:
                continue
            elif pid := _fork():
                for fd in asked.pipes:
                    os.close(fd)
                handle = os.pidfd_open(pid)
                work[handle] = (pid, asked.connection)
                watched.register(handle, selectors.EVENT_READ)
            else:
                for handle, (_, connection) in work.items():
                    os.close(handle)
                    connection.close()
                listener.close()
                return asked
            until = time.monotonic() + seconds
    place.unlink()
    return None


def _asked(listener: socket.socket) -> Asked | None:
    """What a connection asks for; None where it asks for nothing, or is broken off."""
    connection = listener.accept()[0]
    pipes: list[int] = []
    try:
        connection.settimeout(ANSWER)
        size, pipes, *_ = socket.recv_fds(connection, 8, 3)
        if len(size) == 8 and len(pipes) == 3:
            told = json.loads(read(connection, int.from_bytes(size, "big")))
            return Asked(connection, pipes, told["environment"], told["folder"])
    except (OSError, ValueError) as error:
        logger.debug("no child: %s", error)
    for fd in pipes:
        os.close(fd)
    connection.close()
    return None


def _fork() -> int:
    with warnings.catch_warnings():  # Python 3.12 warns of threads, which are the libraries' own
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _tell_end(handle: int, pid: int, connection: socket.socket) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(handle)
    with connection, contextlib.suppress(OSError):  # nobody asks any more
        connection.sendall(MESSAGE.pack(b"e", code))


def become(asked: Asked, added: Mapping[str, str]) -> None:
    """In a forked child: be what a new process would be, and say so; ``added`` are variables that imports have set."""
    import numpy as np

    os.setsid()
    for number, fd in enumerate(asked.pipes):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(asked.folder)
    os.environ.clear()
    os.environ.update({**asked.environment, **added})
    del sys.argv[1:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    importlib.invalidate_caches()
    np.random.seed()  # Python's own generator does it by itself
    with asked.connection as connection:
        connection.sendall(MESSAGE.pack(b"p", os.getpid()))
