"""The parent's side of a warm process: a child forked from it, and how one is started for the next child.

A warm process (:mod:`automl_components.launch.warm`) has the libraries loaded that take a new process seconds. It
listens on a socket in a folder that is the user's alone, and forks a child for whoever connects: with the environment,
working folder and pipes that it is sent, in a session of its own. All else by which a new process might differ is in
the socket's name (:mod:`automl_components.launch.sameness`). Linux only: libraries of macOS may fail in a fork.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path

from automl_components.core.errors import SettingsError
from automl_components.launch.process import LOST
from automl_components.launch.sameness import code, key, lasting

logger = logging.getLogger("automl_components")

SECONDS = "AUTOML_WARM_SECONDS"
"""Environment variable: seconds that a warm process waits for its next child; 0 is to have none."""
IDLE = 60.0
ANSWER = 2.0
"""Seconds within which a warm process answers; else an ordinary child is started."""
MESSAGE = struct.Struct("!cq")
"""What is answered: ``p`` and the child's process id, then ``e`` and its exit code, or minus its last signal."""


class Warm:
    """The warm process that would do for a child with these environment variables; it need not be there.

    Raises
    ------
    SettingsError
        ``AUTOML_WARM_SECONDS`` is no number of seconds.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment, self.seconds = environment, idle_seconds(environment)
        self._possible = self.seconds > 0 and hasattr(os, "pidfd_open")

    def fork(self) -> Fork | None:
        """A child of it; None where there is no such process (yet), or anything is wrong with it."""
        try:
            return Fork(self._place(), self.environment) if self._possible else None
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as error:
            logger.debug("no child of a warm process: %s", error)
            return None

    def start(self) -> None:
        """Start it in the background for the next child, unless one is being started; errors are of no account."""
        if not self._possible:
            return
        try:
            place = self._place()
            with starting(place.parent) as alone:
                if not alone:
                    return
            hello = {"place": str(place), "seconds": self.seconds, "path": sys.path, "code": code()}
            command = [sys.executable, "-m", "automl_components.launch", "--warm", json.dumps(hello)]
            subprocess.run(  # noqa: S603 - by a shell that ends at once: it is nobody's child, so it ends with nobody
                ["/bin/sh", "-c", '"$@" &', "sh", *command], env=lasting(self.environment), check=True,
                start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            logger.debug("no warm process: %s", error)

    def _place(self) -> Path:
        return folder() / key(self.environment)


class Fork:
    """A child forked from the warm process at an address; to be used like a :class:`subprocess.Popen` of text.

    Raises
    ------
    OSError
        Nobody answers there within two seconds, or somebody else.
    """

    def __init__(self, place: Path, environment: Mapping[str, str]) -> None:
        self.returncode: int | None = None
        self._lock = threading.Lock()
        with contextlib.ExitStack() as failed:
            self._connection = failed.enter_context(connect(place))
            pipes = [os.pipe() for _ in range(3)]
            theirs, ours = [[pipes[n][end] for n, end in enumerate(ends)] for ends in ((0, 1, 1), (1, 0, 0))]
            try:
                files = [
                    failed.enter_context(os.fdopen(fd, mode, encoding="utf-8", errors="replace"))
                    for fd, mode in zip(ours, "wrr", strict=True)
                ]
                hello = json.dumps({"environment": {**environment}, "folder": os.getcwd()}).encode()
                socket.send_fds(self._connection, [len(hello).to_bytes(8, "big")], theirs)
                self._connection.sendall(hello)
            finally:
                for fd in theirs:
                    os.close(fd)
            self.stdin, self.stdout, self.stderr = files
            self.pid = self._told(b"p")
            self._handle = os.pidfd_open(
                self.pid
            )  # it tells of the end even where the warm process ends first
            weakref.finalize(self, os.close, self._handle)
            failed.pop_all()

    def poll(self) -> int | None:
        """The exit code, or minus the signal; None as long as it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; subprocess.TimeoutExpired after so many seconds."""
        if self.returncode is None:
            ended = select.poll()
            ended.register(self._handle, select.POLLIN)
            if not ended.poll(None if timeout is None else 1000 * timeout):
                raise subprocess.TimeoutExpired("a child of a warm process", timeout or 0)
            with self._lock:
                if self.returncode is None:
                    self.returncode = self._last_word()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing where it has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _last_word(self) -> int:
        try:
            return self._told(b"e")
        except OSError:
            return LOST
        finally:
            self._connection.close()

    def _told(self, kind: bytes) -> int:
        told, number = MESSAGE.unpack(read(self._connection, MESSAGE.size))
        if told != kind:
            raise ConnectionResetError("the child of the warm process has ended at once")
        return int(number)


def idle_seconds(environment: Mapping[str, str]) -> float:
    """What ``AUTOML_WARM_SECONDS`` says; a minute where it says nothing. SettingsError where it is no number."""
    text = environment.get(SECONDS) or str(IDLE)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise SettingsError(f"{SECONDS} is {text!r}; give a number of seconds, or 0 for no warm process")
    return seconds


def folder() -> Path:
    """Where this user's warm processes listen; made if it is not there.

    Raises
    ------
    PermissionError
        It belongs to somebody else, or others may write or look there.
    """
    place = Path(tempfile.gettempdir(), f"automl-warm-{os.geteuid()}")
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(f"{place} must be a folder of this user alone (mode 0700)")
    return place


def connect(place: Path) -> socket.socket:
    """A connection to this user's process that listens there; OSError where there is none."""
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(ANSWER)
        made.connect(str(place))
        peer = struct.unpack("3i", made.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if peer != os.geteuid():
            raise PermissionError(f"another user listens at {place}")
    except BaseException:
        made.close()
        raise
    return made


def read(connection: socket.socket, size: int) -> bytes:
    """So many bytes; ConnectionResetError where fewer come."""
    found = b""
    while len(found) < size:
        if not (more := connection.recv(size - len(found))):
            raise ConnectionResetError("the other side has gone")
        found += more
    return found


@contextlib.contextmanager
def starting(place: Path) -> Iterator[bool]:
    """Whether no other warm process of this user is being started, for as long as the block lasts."""
    with open(place / "starting", "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
