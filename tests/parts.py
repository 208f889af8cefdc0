"""Components as a user would write them, for tests of child processes: they sleep, fail, crash and tell."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from automl_components import Input, Output, component
from automl_components.core.artifacts import uri_file, uri_folder
from automl_components.core.events import emit
from automl_components.core.settings import Settings


class Wish(Settings):
    """What shall happen."""

    section = "wish"

    what: str = "write"


@component(version="1", resumable=True, elastic=("wish",))
def obey(note: Output[uri_folder], *, wish: Wish, letter: Input[uri_file] | None = None) -> None:
    """Do as told."""
    emit("note", f"I shall {wish.what}", pid=os.getpid())
    if wish.what == "sleep":
        children = [
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=lonely)
            for lonely in (False, True)
        ]
        (note.local / "begun").touch()
        emit("note", "asleep", pids=[os.getpid(), *(child.pid for child in children)])
        time.sleep(600)
    if wish.what == "look":
        emit("note", "I look around", **_sights())
    if wish.what == "crash":
        print("a last word", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if wish.what == "betray":
        from fsspec.config import conf

        raise ConnectionError(f"no answer from {conf['s3']['endpoint_url']} for {conf['s3']['secret']}")
    print("a library's chatter on standard output")
    if (note.local / "begun").exists():
        emit("note", "I go on with what was begun")
    (note.local / "note.txt").write_text(letter.local.read_text() if letter else os.environ.get("WORDS", ""))


def _sights() -> dict[str, Any]:
    """What a process may have from others."""
    return {
        "modules": [name for name in ("lightgbm", "mlflow", "pandas", "sklearn", "skops.io") if name in sys.modules],
        "pids": [os.getpid(), os.getsid(0), os.getpgid(0)],
        "draws": [random.random(), float(np.random.random()), uuid.uuid4().hex],
        "same": {
            "environment": dict(os.environ), "folder": os.getcwd(), "path": sys.path, "arguments": sys.argv,
            "signals": [_name(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)],
            "limits": resource.getrlimit(resource.RLIMIT_NOFILE), "niceness": os.nice(0),
            "files": sorted(int(name) for name in os.listdir("/proc/self/fd")),
            "threads": threading.active_count(),
        },
    }  # fmt: skip


def _name(handler: Any) -> str:
    return getattr(handler, "__name__", str(handler))


def time_to_begin(folder: Path) -> float:
    """A time limit, in seconds, within which a child process is at work here, however busy the machine is."""
    from automl_components import launch

    started = time.monotonic()
    launch.run(launch.Request(launch.reference(obey), {}, {"note": str(folder / "warm-up" / "note")}))
    return 5 + 4 * (time.monotonic() - started)
