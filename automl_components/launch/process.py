"""The parent's side: start a child, hand on its events, take its outcome, end it with everything it started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from automl_components.core import errors
from automl_components.core.errors import AutoMLError, RunError
from automl_components.core.events import Listener
from automl_components.launch.request import Outcome, Request
from automl_components.launch.secrets import secrets_of

if TYPE_CHECKING:
    from automl_components.launch.fork import Fork

GRACE = 3.0
"""Seconds that a child is given to close what it has open before it is killed; its journal is safe at any moment."""
LAST_WORDS = 20
"""Lines of standard error that are told of a child that died."""
LOST = 256
"""Exit code of a child that was forked from a warm process that has ended before it, so that nobody knows."""


class StoppedError(RunError):
    """The work was ended from outside; started again, a search goes on after its last finished trial."""


def run(request: Request, on_event: Listener | None = None, **options: Any) -> Outcome:
    """Run a request in a child process that ends with this call, whatever happens; options are those of Child."""
    with Child(request, **options) as child:
        return child.result(on_event)


class Child:
    """A child process at work on a request; leaving the ``with`` block ends it with all that it has started.

    Parameters
    ----------
    python : str, optional
        Interpreter of another environment that has this package; by default this one.
    environment : mapping, optional
        Environment variables of the child, besides this process's own.
    storage_options : mapping, optional
        What fsspec's file systems are given, by protocol: ``{"s3": {"key": ..., "secret": ...}}``. They travel by the
        child's standard input, and nothing of what looks secret in them is ever told.
    warm : bool, optional
        Fork it from a warm process of the same environment (:mod:`automl_components.launch.fork`), which has the
        libraries loaded; where there is none, one is started for the next child, and this one is an ordinary one. So it
        is where ``python`` is given, where ``AUTOML_WARM_SECONDS`` is 0, and anywhere but on Linux.
    """

    def __init__(
        self,
        request: Request,
        *,
        python: str | None = None,
        environment: Mapping[str, str] | None = None,
        storage_options: Mapping[str, Mapping[str, Any]] | None = None,
        warm: bool = False,
    ) -> None:
        self.request, self.stopped = request, False
        self._secrets = sorted(
            {*secrets_of(environment or {}), *secrets_of(storage_options or {})}, key=len, reverse=True
        )
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self._process = self._started(python, {**os.environ, **(environment or {})}, warm)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        path = [] if python else sys.path  # what this interpreter can import, the same one can there
        self._send({"request": request.to_dict(), "storage_options": storage_options or {}, "path": path})

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop(grace=GRACE if kind else 0)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                cast(Any, stream).close()
        self._listener.join(timeout=1)

    @property
    def pid(self) -> int:
        """The child's process id, which is also that of its session and process group."""
        return self._process.pid

    def result(self, on_event: Listener | None = None) -> Outcome:
        """Wait for the end; events go to ``on_event(kind, facts)``, in this thread, as they happen.

        Kinds are those of :func:`automl_components.core.events.emit`, and at the end, for whatever was made or
        reused: ``findings`` (``rows``: what the guardrails saw) and ``leaderboard`` (``metric``, ``rows``, best first).

        Raises
        ------
        UserError, RunError
            The component's own error, or how its process came to its end.
        StoppedError
            :meth:`stop` was called.
        """
        for message in self._messages():
            if message["kind"] == "outcome":
                return cast(Outcome, message["outcome"])
            if message["kind"] == "error":
                raise self._error(message)
            if on_event is not None:
                on_event(message["event"], message["facts"])
        raise self._ended()

    def stop(self, grace: float = GRACE) -> None:
        """Ask the child to end, wait so many seconds, then kill whatever is left of it and of what it has started.

        May be called from a signal handler or another thread while :meth:`result` waits.
        """
        import psutil

        tree: set[Any] = set()
        with contextlib.suppress(psutil.Error):
            tree |= {*psutil.Process(self.pid).children(recursive=True)}
        if self._process.poll() is None:
            self.stopped = True
            if grace > 0:
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(grace)
        with contextlib.suppress(psutil.Error):
            tree |= {*psutil.Process(self.pid).children(recursive=True)}
        if self._process.poll() is None:
            self._process.kill()
        for process in tree:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if sys.platform != "win32":  # what lost its parent meanwhile is still of the child's group
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

    def _started(
        self, python: str | None, environment: dict[str, str], warm: bool
    ) -> subprocess.Popen[str] | Fork:
        ahead = None
        if sys.platform == "linux" and warm and python is None:
            from automl_components.launch.fork import Warm

            ahead = Warm(environment)
            if (forked := ahead.fork()) is not None:
                return forked
        try:
            process = subprocess.Popen(  # noqa: S603 - an interpreter that the caller names, and our own module
                [python or sys.executable, "-m", "automl_components.launch"], start_new_session=True,
                env=environment, text=True, encoding="utf-8", errors="replace",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise errors.SettingsError(
                f"{self.request.name}: cannot start {python or sys.executable}: {error.strerror}"
            ) from error
        if ahead is not None:
            ahead.start()
        return process

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # of a child that has died at once, its last words tell
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _messages(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # the last line was cut off by a kill
            for line in self._process.stdout:
                yield json.loads(self._masked(line))

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError), self._process.stderr as lines:
            for line in lines:
                self._words.append(self._masked(line.rstrip()))

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _error(self, message: Mapping[str, Any]) -> AutoMLError:
        if self.stopped:
            return self._ended()
        cls = getattr(errors, message["type"], RunError)
        return cast(AutoMLError, cls(message["message"]))

    def _ended(self) -> AutoMLError:
        name = self.request.name
        if self.stopped:
            return StoppedError(f"{name} was stopped; what it has finished is kept, started again it goes on")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._listener.join(timeout=1)
        code = self._process.returncode
        how = (
            f"exit code {code}" if code != LOST else "an exit code that its warm process did not live to tell"
        )
        if code is not None and code < 0:
            out_of_memory = "; the system may have run out of memory" if code == -signal.SIGKILL else ""
            how = f"signal {signal.Signals(-code).name}{out_of_memory}"
        words = "\n".join(self._words)
        return RunError(
            f"{name}: its process ended with {how}" + (f"; its last words:\n{words}" if words else "")
        )
