"""Environments of their own for the systems that are compared, made with venv and pip."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def interpreter(place: Path, name: str, requirements: Sequence[str]) -> Path:
    """Python of the environment ``place/name``, which is made or completed first.

    What is installed already and new enough is left as it is; then nothing is downloaded. An environment may
    hold more than is asked for.

    Raises
    ------
    RuntimeError
        pip could not install the requirements; the message has its last lines.
    """
    folder = place / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        _do([sys.executable, "-m", "venv", str(folder)], f"making the environment {folder}")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    _do([str(python), "-m", "pip", "install", *quiet, *requirements], f"installing into {folder}")
    return python


def _do(command: list[str], what: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{what} failed: {(done.stderr or done.stdout).strip()[-1000:]}")
