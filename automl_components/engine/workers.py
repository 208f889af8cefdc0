"""Trial processes: persistent, fed by memory map, watched from outside for time and memory.

The one place of the engine that knows a folder: it is how processes share arrays. Parent and child exchange JSON
lines over the child's standard input and output; the input doubles as a lifeline, so no child outlives its parent.
What a child does is in :mod:`automl_components.engine.worker`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from automl_components.core.errors import RunError
from automl_components.engine.machine import free_memory

GRACE = 2.0
"""Seconds that a fit is given to notice its own deadline before its process is killed."""
WATCH = 0.2
"""Seconds between two looks at time and memory ..."""
CHILDREN = 5
"""... and looks between two searches for children of a process: that takes a list of all processes."""
STARTUP = 120.0
"""Seconds that a process may take to start."""
ATTEMPTS = 3
"""Processes in a row that may end while they start, before the pool gives up."""
PACKAGE = Path(__file__).parents[2]
CHILD = (  # the parent's package, even where a loaded model has put a copy of parts of it on the path
    "import sys; sys.path.insert(0, sys.argv[1]); import automl_components; sys.path[:] = sys.argv[2:]; "
    "from automl_components.engine.worker import main; main()"
)


@dataclass(frozen=True)
class Reply:
    """How one request ended: ``status`` as in a trial's record, with the facts of the work or its error.

    ``started`` is in seconds since 1970, ``seconds`` what it took, ``peak_mb`` the process's resident memory.
    """

    request: dict[str, Any]
    status: str
    facts: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str] | None = None
    started: float = 0.0
    seconds: float = 0.0
    peak_mb: float = 0.0


Messages = queue.Queue[tuple["_Process", "dict[str, Any] | None"]]


class _Process:
    """One child process and what it is busy with. Until it is attached to a problem it only loads libraries."""

    def __init__(self, threads: int) -> None:
        self.threads, self.number = threads, -1
        self.request: dict[str, Any] | None = None
        self.ready, self.mark, self.peak, self.looks = False, 0, 0.0, 0
        self.started = self.deadline = time.monotonic()
        self.family: list[psutil.Process] = []
        self.log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - it lives as long as the process
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        self.child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-c", CHILD, str(PACKAGE), *sys.path], env={**os.environ, **limits},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, encoding="utf-8",
        )  # fmt: skip

    def attach(self, folder: Path, number: int, messages: Messages) -> None:
        """Give it a problem; that it is ready, or has ended, is told among the messages."""
        self.number, self.messages = number, messages
        self.deadline = time.monotonic() + STARTUP
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._send({"folder": str(folder.absolute())})

    def _read(self) -> None:
        assert self.child.stdout is not None
        with self.child.stdout as lines, contextlib.suppress(ValueError):  # a last line may be cut off
            for line in lines:
                self.messages.put((self, json.loads(line)))
        self.messages.put((self, None))

    def _send(self, message: dict[str, Any]) -> None:
        assert self.child.stdin is not None
        with contextlib.suppress(OSError):  # a dead child is reported by its reader
            self.child.stdin.write(json.dumps(message) + "\n")
            self.child.stdin.flush()

    @property
    def free(self) -> bool:
        """Whether it waits for a request."""
        return self.ready and self.request is None and self.reader.is_alive()

    def start(self, request: dict[str, Any], seconds: float | None, at_most: float | None) -> None:
        self.request, self.peak, self.mark = request, 0.0, self._written
        self.started, self.began = time.monotonic(), time.time()
        self.deadline = float("inf") if at_most is None else self.started + at_most + GRACE
        self._send(dict(request, seconds=seconds))

    def memory(self) -> float:
        """Resident bytes of the child and its children."""
        rss = 0.0
        with contextlib.suppress(psutil.Error):
            if self.looks % CHILDREN == 0:
                child = psutil.Process(self.child.pid)
                self.family = [child, *child.children(recursive=True)]
            self.looks += 1
        for process in self.family:
            with contextlib.suppress(psutil.Error):
                rss += process.memory_info().rss
        self.peak = max(self.peak, rss)
        return rss

    @property
    def _written(self) -> int:
        return os.fstat(self.log.fileno()).st_size

    def kill(self) -> None:
        if self.child.poll() is None:
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(self.child.pid).children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        child.kill()
            self.child.kill()
            self.child.wait()
        if self.number >= 0:
            self.reader.join(timeout=5)
        elif self.child.stdout is not None:
            self.child.stdout.close()
        if self.child.stdin is not None:
            with contextlib.suppress(OSError):
                self.child.stdin.close()

    def end(self) -> None:
        """Kill it, and forget what it wrote."""
        self.kill()
        self.log.close()

    def cause(self) -> str:
        """Why a process that ended has ended, and the end of what it wrote to standard error meanwhile."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(timeout=5)
        self.kill()
        code = self.child.wait()
        text = f"killed by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        words = self.words(max(self.mark, self._written - 2000))
        return text + (f"; its last words: {words}" if words else "")

    def words(self, start: int = 0) -> str:
        """What it wrote to standard output and error, from a position on."""
        found = os.pread(self.log.fileno(), self._written - start, start)  # the child's position stays
        return found.decode("utf-8", errors="replace").strip()


_AHEAD: list[_Process] = []
"""Processes that wait for a problem."""


@contextlib.contextmanager
def started_ahead(workers: int, threads: int = 1) -> Iterator[None]:
    """Start processes that load libraries meanwhile; the next pools of so many threads take them.

    Parameters
    ----------
    workers, threads : int
        As in :class:`Pool`.
    """
    try:
        _AHEAD.extend(_Process(threads) for _ in range(workers))
        yield
    finally:
        while _AHEAD:
            _AHEAD.pop().end()


def _process(threads: int) -> _Process:
    """One of the processes that wait, else a new one."""
    found = next((p for p in _AHEAD if p.threads == threads and p.child.poll() is None), None)
    if found is None:
        return _Process(threads)
    _AHEAD.remove(found)
    return found


class Pool:
    """Worker processes over one shared problem folder (:meth:`Problem.share`).

    Parameters
    ----------
    folder : Path
        Holds the problem's arrays.
    workers, threads : int
        Number of processes, and threads that each may use.
    memory_bytes : float
        A worker above this resident size is killed; by default 90 % of what is free now, shared out.

    Raises
    ------
    RunError
        From ``submit``, ``wait`` and ``run``: three processes in a row ended before they were ready.
    """

    def __init__(
        self, folder: Path, *, workers: int = 1, threads: int = 1, memory_bytes: float | None = None
    ) -> None:
        self.folder, self.workers, self.threads = folder, workers, threads
        self.memory_bytes = memory_bytes or 0.9 * free_memory() / workers
        self.messages: Messages = queue.Queue()
        self.replies: deque[Reply] = deque()
        self.processes: list[_Process] = []
        self.false_starts, self.watched = 0, time.monotonic()
        self._fill()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        while self.processes:
            self._remove(self.processes[0])

    @property
    def idle(self) -> int:
        """Number of workers without a request."""
        return self.workers - sum(process.request is not None for process in self.processes)

    @property
    def busy(self) -> bool:
        """Whether any request is running, or has ended and was not waited for."""
        return bool(self.replies) or self.idle < self.workers

    def wait_ready(self) -> None:
        """Block until a worker waits for a request."""
        self._fill()
        while not any(process.free for process in self.processes):
            self._step()
            self._fill()

    def submit(
        self, request: dict[str, Any], *, seconds: float | None = None, at_most: float | None = None
    ) -> None:
        """Give a request to an idle worker, as soon as there is one.

        Parameters
        ----------
        seconds : float or None
            When the work should end, as far as it looks at the clock.
        at_most : float or None
            When it is killed, after a moment of grace; by default the same.
        """
        self.wait_ready()
        limit = seconds if at_most is None else at_most
        next(process for process in self.processes if process.free).start(request, seconds, limit)

    def wait(self) -> Reply:
        """Block until a running request has ended, whatever became of it."""
        while not self.replies:
            self._step()
        return self.replies.popleft()

    def run(self, request: dict[str, Any], *, seconds: float | None = None) -> Reply:
        """Submit one request and wait for it."""
        self.submit(request, seconds=seconds)
        return self.wait()

    def cancel(self) -> None:
        """Kill what runs; its results are lost."""
        for process in [process for process in self.processes if process.request is not None]:
            self._remove(process)
        self.replies.clear()

    def _fill(self) -> None:
        used = {process.number for process in self.processes}
        for number in sorted(set(range(self.workers)) - used):
            process = _process(self.threads)
            process.attach(self.folder, number, self.messages)
            self.processes.append(process)

    def _remove(self, process: _Process) -> None:
        process.end()
        self.processes.remove(process)

    def _step(self) -> None:
        """Take in one message, and look after time and memory when it is time to."""
        with contextlib.suppress(queue.Empty):
            process, message = self.messages.get(timeout=WATCH)
            if process in self.processes:  # not one that was killed
                self._take(process, message)
        if time.monotonic() >= self.watched + WATCH:
            for process in list(self.processes):
                self._watch(process)
            self.watched = time.monotonic()

    def _take(self, process: _Process, message: dict[str, Any] | None) -> None:
        if message is None and not process.ready:
            self._false_start(process, process.cause())
        elif message is None:
            text = f"the trial's process ended: {process.cause()}"
            self._stop(process, "Failed", "ProcessDied", text)
        elif message["kind"] == "ready":
            process.ready, self.false_starts, process.deadline = True, 0, float("inf")
        elif message["kind"] == "done":
            self._end(process, "Completed", facts=message["facts"])
        else:
            self._end(process, "Failed", error=message["error"])

    def _watch(self, process: _Process) -> None:
        late = time.monotonic() > process.deadline
        if late and not process.ready:
            self._false_start(process, f"not ready after {STARTUP:.0f} s")
        elif late:
            seconds = time.monotonic() - process.started
            self._stop(process, "TimedOut", "TimedOut", f"not done after {seconds:.0f} s; killed")
        elif process.request is not None and (used := process.memory()) > self.memory_bytes:
            text = f"used {used / 2**20:.0f} MB, the limit is {self.memory_bytes / 2**20:.0f} MB; killed"
            self._stop(process, "Failed", "MemoryLimit", text)

    def _false_start(self, process: _Process, cause: str) -> None:
        self.false_starts += 1
        self._remove(process)
        if self.false_starts >= ATTEMPTS:
            raise RunError(
                f"trial processes cannot be started, {ATTEMPTS} attempts ended; the last one: {cause}"
            )

    def _stop(self, process: _Process, status: str, kind: str, message: str) -> None:
        """End a process; what it worked on, if anything, has failed."""
        if process.request is not None:
            self._end(process, status, error={"type": kind, "message": message, "stage": "fit"})
        self._remove(process)

    def _end(
        self,
        process: _Process,
        status: str,
        *,
        facts: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
    ) -> None:
        process.memory()
        request, process.request, process.deadline = process.request, None, float("inf")
        assert request is not None
        seconds = time.monotonic() - process.started
        self.replies.append(
            Reply(request, status, facts or {}, error, process.began, seconds, process.peak / 2**20)
        )
