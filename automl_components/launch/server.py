"""A server of an orchestrator for a demo or a test: its processes and their end, a port, waiting for what it says."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from typing_extensions import Self

GRACE = 5.0
"""Seconds that processes are given to end before they are killed."""


class Server:
    """Processes with one environment, which end with the ``with`` block, whatever they have started.

    Parameters
    ----------
    home : Path
        Folder of the server's files and of its processes' logs; made if it is not there.
    port : int, optional
        Of its page and interface; by default a free one.
    environment : mapping, optional
        Environment variables, besides this process's own.
    """

    def __init__(
        self, home: Path, port: int | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.home, self.port = home.absolute(), port or _free_port()
        self.address = f"http://localhost:{self.port}"
        self.environment = {**os.environ, **(environment or {})}
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        while self._processes:
            self.stop(self._processes[-1])

    def start(self, name: str, *command: str, folder: Path | None = None) -> subprocess.Popen[bytes]:
        """Start Python with this server's environment; its output goes to ``<home>/<name>.log``."""
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, *command], env=self.environment, cwd=folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End a process that was started here, and all that it has started."""
        import psutil

        tree = _tree(process)
        for one in tree:
            with contextlib.suppress(psutil.Error):
                one.terminate()
        for one in psutil.wait_procs(tree, timeout=GRACE)[1]:
            with contextlib.suppress(psutil.Error):
                one.kill()
        with contextlib.suppress(
            ProcessLookupError
        ):  # what lost its parent meanwhile is still of its session
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._processes.remove(process)

    def processes(self) -> list[Any]:
        """Every process of the server and of what runs in it."""
        return [one for process in self._processes for one in _tree(process)]

    def wait(self, true: Callable[[], Any], otherwise: str, seconds: float = 600) -> Any:
        """The first true value, asked for twice a second; TimeoutError after so many seconds.

        That the server does not answer is as good as no: a busy machine may take its time.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(ConnectionError):
                if found := true():
                    return found
            time.sleep(0.5)
        raise TimeoutError(f"{otherwise} within {seconds:.0f} s; the logs are in {self.home}")

    def check_alive(self, process: subprocess.Popen[bytes], name: str) -> None:
        """RuntimeError with its last words where a process has ended."""
        if (code := process.poll()) is not None:
            words = self._log(name).read_text(errors="replace")[-2000:].strip()
            raise RuntimeError(
                f"{name} ended with exit code {code} (is port {self.port} taken?); its last words:\n{words}"
            )

    def _log(self, name: str) -> Path:
        return self.home / f"{name}.log"


def stay() -> None:
    """Wait for Ctrl-C, or to be ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def check_free(port: int, module: str) -> None:
    """End with exit code 2 where something answers at a port; 0 is whatever port is free."""
    with socket.socket() as probe:
        if port and probe.connect_ex(("localhost", port)) == 0:  # what answers there is not ours
            print(
                f"error: port {port} is taken; give another, or 0: python -m {module} --port 0",
                file=sys.stderr,
            )
            sys.exit(2)


def run_demo(main: Callable[[], int]) -> NoReturn:
    """End with a demo's exit code; whatever ends it ends what it has started, and leaves no traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (RuntimeError, TimeoutError) as error:
        sys.exit(f"error: {error}")


def _tree(process: subprocess.Popen[bytes]) -> list[Any]:
    """A process and all that it has started, as far as they are there."""
    import psutil

    with contextlib.suppress(psutil.Error):
        root = psutil.Process(process.pid)
        return [*root.children(recursive=True), root]
    return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])
