"""What a process and all its descendants cost, and their end when they take too long."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_S = 0.2  # between two looks: a look at a few hundred processes takes milliseconds


@dataclass(frozen=True)
class Usage:
    """Exit code (None: it was ended), wall and CPU seconds, greatest sum of resident memory (bytes).

    Pages that processes share count once for each of them. ``others`` is how many cores the machine's other
    processes kept busy meanwhile.
    """

    code: int | None
    seconds: float
    cpu: float
    peak: int
    others: float


def watch(
    command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path, limit: float | None = None
) -> Usage:
    """Run a command until it ends or ``limit`` seconds are over; nothing that it started outlives this call.

    Interrupted (``KeyboardInterrupt``), it ends the processes, too.
    """
    seen: dict[psutil.Process, float] = {}
    peak, code = 0, None
    started, busy, waited = time.perf_counter(), _busy(), _waited_for()
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        root = psutil.Process(process.pid)
        try:
            while code is None and (limit is None or time.perf_counter() - started < limit):
                peak = max(peak, _look(root, seen))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(EVERY_S if limit is None else min(EVERY_S, limit))
            seconds = time.perf_counter() - started
        finally:
            _end(root, seen)
            process.wait()
    # the first misses processes that live shorter than a look, the second those that nobody waited for
    cpu = max(sum(seen.values()), _waited_for() - waited)
    others = (_busy() - busy - cpu) / (time.perf_counter() - started)
    return Usage(code, seconds, cpu, peak, max(0.0, others))


def _family(root: psutil.Process, seen: Mapping[psutil.Process, float]) -> set[psutil.Process]:
    """The root, its descendants, and those seen before whose parent has gone, with theirs."""
    found: set[psutil.Process] = set()
    for one in [root, *seen]:
        if one not in found and one.is_running():
            with contextlib.suppress(psutil.Error):  # it has ended
                found |= {one, *one.children(recursive=True)}
    return found


def _look(root: psutil.Process, seen: dict[psutil.Process, float]) -> int:
    """Resident bytes of all processes together; notes the CPU seconds of each."""
    resident = 0
    for one in _family(root, seen):
        with contextlib.suppress(psutil.Error), one.oneshot():
            seen[one] = sum(one.cpu_times()[:2])
            resident += one.memory_info().rss
    return resident


def _end(root: psutil.Process, seen: dict[psutil.Process, float]) -> None:
    """Stop all processes, so that none can start another, and then end them."""
    stopped: set[psutil.Process] = set()
    _look(root, seen)
    while fresh := _family(root, seen) - stopped:
        for one in fresh:
            with contextlib.suppress(psutil.Error):
                one.suspend()
        stopped |= fresh
    for one in stopped:
        with contextlib.suppress(
            psutil.Error
        ):  # psutil compares start times: never a stranger with the same id
            one.kill()
    psutil.wait_procs(stopped - {root}, timeout=2)


def _busy() -> float:
    """CPU seconds that all processes of the machine have used."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


def _waited_for() -> float:
    """CPU seconds of this process's children that have ended, and of all that these waited for."""
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)
