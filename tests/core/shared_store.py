"""A store that several machines share, on one disk; and a component of many units that is killed in between.

Run as a script it is one machine: its own cache, its own process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from automl_components.core.artifacts import Output, uri_folder
from automl_components.core.component import component
from automl_components.core.errors import AutoMLError
from automl_components.core.journal import Journal
from automl_components.core.settings import Settings


class SharedStore(LocalFileSystem):
    """Files under ``shared://``: to the package an object store, never a local path."""

    protocol = "shared"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(str(path).removeprefix("shared://"))

    def unstrip_protocol(self, name: str) -> str:
        """The address of a path."""
        return f"shared://{self._strip_protocol(name)}"


def register() -> None:
    """Let fsspec know the store."""
    fsspec.register_implementation("shared", SharedStore, clobber=True)


class Plan(Settings):
    """How much is to be done, and where it ends before its time."""

    inline = True
    count: int = 6
    seconds: float = 0.0
    stop_after: int = 0
    stop: str = "kill"


@component(resumable=True, elastic=("plan",))
def do_units(units: Output[uri_folder], *, plan: Plan) -> None:
    """Write a file for each unit and a line in the journal after it."""
    journal = Journal(units.local / "journal.jsonl")
    for number in range(len(journal.records), plan.count):
        folder = units.local / f"{number:02d}"
        folder.mkdir(exist_ok=True)
        (folder / "half").write_text("an attempt that nobody finished")
        (folder / "result").write_text(f"result {number}\n" * 100)
        (folder / "half").unlink()
        time.sleep(plan.seconds)
        journal.append({"number": number, "by": os.environ.get("MACHINE", "?")})
        units.checkpoint(journal.path, *(units.local / f"{done:02d}" for done in range(number + 1)))
        if number + 1 == plan.stop_after:
            _end(plan.stop)
    (units.local / "done.json").write_text(json.dumps({"count": plan.count}))


def _end(how: str) -> None:
    if how == "raise":
        raise RuntimeError("stopped")
    time.sleep(0.5)  # the upload is in the background
    os.kill(os.getpid(), signal.SIGKILL if how == "kill" else signal.SIGSTOP)


def read_units(folder: Path) -> dict[str, str]:
    """Every file of the finished output but its marker and journal, and how many lines the journal has."""
    files = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    journal = [json.loads(line)["number"] for line in files.pop("journal.jsonl").splitlines()]
    assert journal == sorted(set(journal))
    files.pop("_artifact.json")
    return {**files, "journal": str(len(journal))}


if __name__ == "__main__":
    import logging

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    register()
    try:
        do_units(units=sys.argv[1], **json.loads(sys.argv[2]))
    except (AutoMLError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}")
        sys.exit(3)
