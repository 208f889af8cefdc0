"""What the machine, or the container that this process is in, still has to give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil


def free_memory(
    groups: Path = Path("/sys/fs/cgroup"), memberships: Path = Path("/proc/self/cgroup")
) -> float:
    """Bytes that can be taken without swapping: the machine's, or what a container's limit leaves of them.

    Parameters
    ----------
    groups, memberships : Path
        Where Linux shows control groups, of either version, and those of this process.
    """
    return float(min([psutil.virtual_memory().available, *_left(groups, memberships)]))


def whole_memory(
    groups: Path = Path("/sys/fs/cgroup"), memberships: Path = Path("/proc/self/cgroup")
) -> float:
    """Bytes that the machine, or the container's limit where it is lower, has in all: the same at every call."""
    limits = (_number(group / limit) for group, limit, _, _ in _groups(groups, memberships))
    return float(min([psutil.virtual_memory().total, *(limit for limit in limits if limit is not None)]))


def _left(groups: Path, memberships: Path) -> Iterator[int]:
    """What each control group of this process with a limit has left; page cache that can be dropped is not used."""
    for group, limit, used, cache in _groups(groups, memberships):
        most, taken = _number(group / limit), _number(group / used)
        if most is not None and taken is not None:
            yield max(0, most - taken + _statistic(group / "memory.stat", cache))


def _groups(groups: Path, memberships: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Folder of each control group of this process, and its files: limit, use, and its word for page cache."""
    try:
        lines = memberships.read_text(encoding="utf-8").splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, limit, used, cache = groups, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            base, limit, used = groups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            cache = "total_inactive_file"
        else:
            continue
        folder = base / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group != base and base not in group.parents:
                break
            yield group, limit, used, cache


def _number(file: Path) -> int | None:
    """The number in a file; None where there is no file or no limit."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _statistic(file: Path, name: str) -> int:
    try:
        pairs = dict(line.split() for line in file.read_text(encoding="utf-8").splitlines())
    except OSError:
        return 0
    return int(pairs.get(name, 0))
