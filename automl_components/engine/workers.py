"""Trial processes: persistent, fed by memory map, watched from outside for time and memory.

The one place of the engine that knows a folder: it is how processes share arrays. Parent and child exchange JSON
lines over the child's standard input and output; the input doubles as a lifeline, so no child outlives its parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

GRACE = 2.0
"""Seconds that a fit is given to notice its own deadline before its process is killed."""


@dataclass(frozen=True)
class Reply:
    """How one request ended: ``status`` as in a trial's record, with the facts of the work or its error."""

    request: dict[str, Any]
    status: str
    facts: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str] | None = None
    seconds: float = 0.0
    peak_mb: float = 0.0


class _Process:
    """One child process and what it is busy with."""

    def __init__(self, pool: Pool, number: int) -> None:
        self.pool, self.number = pool, number
        self.request: dict[str, Any] | None = None
        self.log = pool.folder / f"worker-{number}.log"
        threads = str(pool.threads)
        env = dict(os.environ, OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", "from automl_components.engine.workers import main; main()"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env, text=True, encoding="utf-8",
            )  # fmt: skip
        threading.Thread(target=self._read, args=(self.child,), daemon=True).start()
        self._send({"folder": str(pool.folder.absolute()), "path": sys.path})

    def _read(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            self.pool.messages.put((self, child, json.loads(line)))
        self.pool.messages.put((self, child, None))

    def _send(self, message: dict[str, Any]) -> None:
        assert self.child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # a dead child is reported by its reader
            self.child.stdin.write(json.dumps(message) + "\n")
            self.child.stdin.flush()

    def start(self, request: dict[str, Any], seconds: float | None) -> None:
        self.request, self.started, self.peak = request, time.monotonic(), 0.0
        self.deadline = None if seconds is None else self.started + seconds + GRACE
        self._send(dict(request, seconds=seconds))

    def memory(self) -> float:
        """Resident bytes of the child and its children."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.child.pid)
            rss = process.memory_info().rss + sum(c.memory_info().rss for c in process.children(recursive=True))
            self.peak = max(self.peak, float(rss))
            return float(rss)
        return 0.0

    def kill(self) -> None:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.child.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def last_words(self) -> str:
        """The end of what the child wrote to standard error."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:].strip()


class Pool:
    """Worker processes over one shared problem folder (:meth:`Problem.share`).

    Parameters
    ----------
    folder : Path
        Holds the problem's arrays; logs of the workers go there, too.
    workers, threads : int
        Number of processes, and threads that each may use.
    memory_bytes : float
        A worker above this resident size is killed.
    """

    def __init__(self, folder: Path, *, workers: int = 1, threads: int = 1, memory_bytes: float | None = None) -> None:
        self.folder, self.threads = folder, threads
        self.memory_bytes = memory_bytes or 0.9 * psutil.virtual_memory().available / workers
        self.messages: queue.Queue[tuple[_Process, Any, dict[str, Any] | None]] = queue.Queue()
        self.processes = [_Process(self, number) for number in range(workers)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        for process in self.processes:
            process.kill()

    @property
    def idle(self) -> int:
        """Number of workers without a request."""
        return sum(process.request is None for process in self.processes)

    @property
    def busy(self) -> bool:
        """Whether any request is running."""
        return self.idle < len(self.processes)

    def submit(self, request: dict[str, Any], *, seconds: float | None = None) -> None:
        """Give a request to an idle worker; after ``seconds`` (and a grace) it is killed."""
        next(process for process in self.processes if process.request is None).start(request, seconds)

    def wait(self) -> Reply:
        """Block until a running request has ended, whatever became of it."""
        while True:
            try:
                process, child, message = self.messages.get(timeout=0.2)
            except queue.Empty:
                for process in self.processes:
                    if process.request is not None and (reply := self._overrun(process)):
                        return reply
                continue
            if child is not process.child or process.request is None:
                continue  # of a process that was replaced
            if message is None:
                code = process.child.wait()
                cause = f"killed by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
                words = process.last_words()
                text = f"the trial's process ended: {cause}" + (f"; its last words: {words}" if words else "")
                return self._replace(process, "Failed", {"type": "ProcessDied", "message": text})
            if message["kind"] == "done":
                return self._end(process, "Completed", facts=message["facts"])
            if message["kind"] == "failed":
                return self._end(process, "Failed", error=message["error"])

    def run(self, request: dict[str, Any], *, seconds: float | None = None) -> Reply:
        """Submit one request and wait for it."""
        self.submit(request, seconds=seconds)
        return self.wait()

    def cancel(self) -> None:
        """Kill what runs; its results are lost."""
        for number, process in enumerate(self.processes):
            if process.request is not None:
                process.kill()
                self.processes[number] = _Process(self, number)

    def _overrun(self, process: _Process) -> Reply | None:
        if process.deadline is not None and time.monotonic() > process.deadline:
            seconds = time.monotonic() - process.started
            return self._replace(
                process, "TimedOut", {"type": "TimedOut", "message": f"not done after {seconds:.0f} s; killed"}
            )
        if (used := process.memory()) > self.memory_bytes:
            text = f"used {used / 2**20:.0f} MB, the limit is {self.memory_bytes / 2**20:.0f} MB; killed"
            return self._replace(process, "Failed", {"type": "MemoryLimit", "message": text})
        return None

    def _replace(self, process: _Process, status: str, error: dict[str, str]) -> Reply:
        process.kill()
        reply = self._end(process, status, error=error | {"stage": "fit"})
        self.processes[process.number] = _Process(self, process.number)
        return reply

    def _end(
        self, process: _Process, status: str, *, facts: dict[str, Any] | None = None, error: dict[str, str] | None = None
    ) -> Reply:
        process.memory()
        request, process.request = process.request, None
        assert request is not None
        seconds = time.monotonic() - process.started
        return Reply(request, status, facts or {}, error, seconds, process.peak / 2**20)


def main() -> None:
    """The child's life: attach the problem, answer requests until the parent closes the lifeline."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to the log
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()
    lifeline = os.fdopen(os.dup(0), encoding="utf-8")
    threading.Thread(target=_listen, args=(lifeline, inbox), daemon=True).start()
    hello = inbox.get()
    sys.path[:] = hello["path"]
    warnings.simplefilter("ignore")
    from automl_components.engine.problem import Problem

    folder = Path(hello["folder"])
    problem = Problem.attach(folder)

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    while True:
        request = inbox.get()
        try:
            reply({"kind": "done", "facts": _answer(problem, request)})
        except Exception as error:  # noqa: BLE001 - the trial boundary: a failing trial is a result
            reply({"kind": "failed", "error": _describe(error)})


def _listen(lifeline: Any, inbox: queue.Queue[dict[str, Any]]) -> None:
    for line in lifeline:
        inbox.put(json.loads(line))
    os._exit(0)


def _answer(problem: Any, request: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    from automl_components.engine import trial

    config = trial.Config(request["algorithm"], request["params"])
    seconds = request["seconds"]
    deadline = None if seconds is None else time.monotonic() + seconds
    if request["kind"] == "trial":
        facts, predictions = trial.cross_validate(problem, config, threads=request["threads"], deadline=deadline)
        np.save(request["out"], predictions.astype(np.float32 if predictions.ndim == 2 else np.float64))
        return facts
    from skops import io

    rows = None if request.get("rows") is None else np.load(request["rows"])
    started = time.perf_counter()
    learner = trial.refit(problem, config, threads=request["threads"], rounds=request["rounds"], rows=rows)
    fit_s = time.perf_counter() - started
    if request.get("predict") is not None:
        positions = np.load(request["predict"])
        np.save(request["out"], trial.predict(problem.task, learner, problem.features.take(positions)))
    else:
        io.dump(learner, request["out"])
    return {"fit_s": fit_s}


def _describe(error: Exception) -> dict[str, str]:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    stage = "predict" if any(frame.name.startswith("predict") for frame in frames) else "fit"
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"type": type(error).__name__, "message": f"{error} (at {last})"[:2000], "stage": stage}
