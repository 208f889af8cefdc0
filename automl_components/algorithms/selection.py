"""Which algorithms take part: names of three generations, allowed and blocked lists, sizes, packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from automl_components.algorithms import ALGORITHMS, Algorithm, Shape, Task
from automl_components.core.errors import SettingsError, nearest


@dataclass(frozen=True)
class Skipped:
    """An algorithm that does not take part, and why."""

    name: str
    reason: str


def resolve(names: Iterable[str], task: Task) -> list[Algorithm]:
    """The algorithms behind ``names``, in the order given, each once.

    Names are those of Azure's v2 (``"light_gbm"``), v1 (``"LightGBM"``) and 2018 (``"lgbm_classifier"``);
    case, blanks and punctuation do not matter.

    Raises
    ------
    SettingsError
        A name is unknown (the nearest known one is named), or the algorithm cannot do the task.
    """
    found: dict[str, Algorithm] = {}
    for name in names:
        algorithm = _lookup(str(name), task)
        found[algorithm.name] = algorithm
    return list(found.values())


def select(
    task: Task, shape: Shape, allowed: Iterable[str] = (), blocked: Iterable[str] = ()
) -> tuple[list[Algorithm], list[Skipped]]:
    """The algorithms that take part, by rank, and those that do not, with the reason.

    Without lists, an algorithm is skipped when an optional package is absent or when the data is too small or
    too large for it. An allowed list overrides the size limits and makes a missing package an error.

    Raises
    ------
    SettingsError
        Both lists are given, a name is wrong, a package of an allowed algorithm is missing, or none is left.
    """
    allowed, blocked = list(allowed), list(blocked)
    if allowed and blocked:
        raise SettingsError(
            "allowed_training_algorithms and blocked_training_algorithms are both given; give one of them"
        )
    if allowed:
        return _allowed(resolve(allowed, task)), []
    barred = {algorithm.name for algorithm in resolve(blocked, task)}
    chosen: list[Algorithm] = []
    skipped: list[Skipped] = []
    for algorithm in ALGORITHMS.values():
        if task not in algorithm.estimators:
            continue
        reason = "blocked" if algorithm.name in barred else _obstacle(algorithm, shape)
        if reason:
            skipped.append(Skipped(algorithm.name, reason))
        else:
            chosen.append(algorithm)
    if not chosen:
        listed = "; ".join(f"{skip.name}: {skip.reason}" for skip in skipped)
        raise SettingsError(f"blocked_training_algorithms leaves no algorithm for {task} ({listed})")
    return chosen, skipped


def _allowed(algorithms: list[Algorithm]) -> list[Algorithm]:
    for algorithm in algorithms:
        if missing := algorithm.missing_packages():
            raise SettingsError(
                f"allowed_training_algorithms names {algorithm.name!r}, but {_absent(missing)}"
            )
    return sorted(algorithms, key=lambda algorithm: (algorithm.rank, algorithm.name))


def _obstacle(algorithm: Algorithm, shape: Shape) -> str:
    """Why the algorithm is left out by default; empty when it is not."""
    if missing := algorithm.missing_packages():
        return _absent(missing)
    if algorithm.max_rows is not None and shape.rows > algorithm.max_rows:
        return f"too slow above {algorithm.max_rows:,} rows (there are {shape.rows:,})"
    if algorithm.min_rows is not None and shape.rows < algorithm.min_rows:
        return f"meant for {algorithm.min_rows:,} rows and more (there are {shape.rows:,})"
    return ""


def _absent(packages: tuple[str, ...]) -> str:
    return f"{', '.join(packages)} is not installed: pip install 'automl-components[boosting]'"


def _lookup(name: str, task: Task) -> Algorithm:
    matches = [algorithm for algorithm in ALGORITHMS.values() if _folded(name) in _names(algorithm)]
    able = [algorithm for algorithm in matches if task in algorithm.estimators]
    if able:
        return able[0]
    if matches:
        tasks = " and ".join(matches[0].estimators)
        usable = ", ".join(a.name for a in ALGORITHMS.values() if task in a.estimators)
        raise SettingsError(f"algorithm {name!r} is for {tasks}, not for {task}; for {task}: {usable}")
    raise SettingsError(f"unknown algorithm {name!r}{nearest(name, ALGORITHMS)}")


def _names(algorithm: Algorithm) -> set[str]:
    return {_folded(name) for name in (algorithm.name, algorithm.title, *algorithm.aliases)}


def _folded(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
