"""By what two child processes may differ before they are told their work: the key of a warm process.

- the interpreter, its import path and the working folder;
- the environment variables, but for those by which an orchestrator or pytest tells a task of itself, and those that
  sound secret: no library reads these as it is imported, and the child gets them all;
- the code: every file of this package, the folders into which packages are installed (a new version changes them), and
  the files of settings that libraries read as they are imported;
- what a process inherits besides: user, groups, rights, limits, niceness, processors, control groups, namespaces.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from automl_components.launch.secrets import sounds_secret

PACKAGE = Path(__file__).parents[1]
_TASKS = (
    "AIRFLOW_CTX_",
    "_AIRFLOW_",
    "__AIRFLOW_",
    "PREFECT__",
    "PYTEST_CURRENT_TEST",
    "_MLFLOW_TELEMETRY_SESSION_ID",
)
_SET = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_DUPLICATE_LIB_OK": "True", "KMP_INIT_AT_FORK": "FALSE"}
"""What importing this package's engine and scikit-learn sets, in any process."""
_STATUS = (
    "Umask:", "Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:", "Mems_allowed:",
)  # fmt: skip


def key(environment: Mapping[str, str]) -> str:
    """One word for all of it."""
    told = [sys.executable, sys.version, sys.path, os.getcwd(), lasting(environment), code(), _inherited()]
    return _digest(told)[:32]


def lasting(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment variables that matter as libraries are imported."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_TASKS) and not sounds_secret(name) and _SET.get(name) != value
    }


def code() -> str:
    """A digest of what there is to import, by the files' names, sizes and times."""
    return _digest([[str(PACKAGE)], *sorted(_looks())])


def _looks() -> Iterator[list[str | int]]:
    """Each file or folder that tells of a change, in about 5 ms."""
    installed = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    settings = [home / "matplotlib" / "matplotlibrc", *(home / "fsspec").glob("*")]
    for path in (*PACKAGE.rglob("*.py"), *map(Path, installed), *settings):
        try:
            found = path.stat()
        except OSError:
            continue
        yield [str(path), found.st_size, found.st_mtime_ns]


def _inherited() -> list[str | int]:
    """What a process has from the one that started it."""
    lines = _text("status").splitlines()
    spaces = [os.readlink(path) for path in sorted(Path("/proc/self/ns").glob("*"))]
    files = [_text(name) for name in ("limits", "cgroup", "oom_score_adj")]
    return [
        *(line for line in lines if line.startswith(_STATUS)),
        *spaces,
        *files,
        os.getpriority(os.PRIO_PROCESS, 0),
    ]


def _text(name: str) -> str:
    try:
        return Path("/proc/self", name).read_text(encoding="utf-8")
    except OSError:  # the system does without it
        return ""


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
