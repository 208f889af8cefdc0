"""What a search is going to do: one pure function of the data's shape, the limits and the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from automl_components.algorithms import Shape

SMALL = 3_000_000
"""Cells up to which a fit gets one thread and every core a fit of its own."""
RESERVE = (1.5, 0.04)
"""Seconds and share of the time that ensembles and the model file take: the larger of both ..."""
COLUMN_SECONDS = 1.2e-3
"""... and what each column adds to writing the model."""
REFIT = 0.12
"""Share of the time for fitting on all rows, where a single split leaves its validation rows unused."""
DAY = 86_400.0
"""Seconds from which a limit is a safeguard, and nothing is planned by it."""
SHORT = 600.0
"""Seconds up to which a model has to be there at once."""
ROUNDS = ((120.0, 1000), (600.0, 3000))
"""Seconds up to which a boosting gets so many rounds at most."""
RACE_ROWS = 1_000
"""Rows from which a configuration that is hopeless on its first split is given up: below, the rest costs nothing."""
LAG = 3
"""Trial n is proposed from the results up to n - 3, so that two workers never wait for each other's results."""
CANDIDATES = ((100, 4), (500, 6), (2_500, 10), (10_000, 16))
"""Rows up to which only so many trials take part in an ensemble: with few rows the choice itself overfits."""


@dataclass(frozen=True)
class Plan:
    """The decisions of a search.

    Attributes
    ----------
    rows, columns, splits : int
    workers, threads : int
        Fits at the same time, and cores of each.
    rounds : int
        Most rounds of a boosting.
    bags : bool
        Whether the model keeps the learners of all splits; else its members are fitted again on all rows.
    race : bool
        Whether a configuration that does badly on the first split is given up.
    cheap_first : bool
        Whether a linear model goes first, so that there is a model within a second: the time is short.
    lag : int
        How many results behind a trial is proposed.
    candidates : int
        Trials that an ensemble looks at, at most.
    seconds, search_seconds : float or None
        Time for everything, and the part of it that trials may use.
    memory_mb : int or None
        Memory that a trial process may use, by the settings or by the machine's size, never by what is free now: what
        fits are estimated against. None: no fit is estimated.
    reasons : tuple of str
        One sentence for each choice.
    """

    rows: int
    columns: int
    splits: int
    workers: int
    threads: int
    rounds: int
    bags: bool
    race: bool
    cheap_first: bool
    lag: int
    candidates: int
    seconds: float | None
    search_seconds: float | None
    memory_mb: int | None = None
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {**asdict(self), "reasons": list(self.reasons)}

    def continuing(self, earlier: Mapping[str, Any]) -> Plan:
        """This plan under new limits, with what proposals depend on as in the plan that is continued.

        Parameters
        ----------
        earlier : mapping
            As :meth:`to_dict` gave it.
        """
        kept = {
            name: earlier[name] for name in ("rounds", "cheap_first", "lag", "memory_mb") if name in earlier
        }
        return replace(self, **kept)

    def repeating(self, earlier: Mapping[str, Any]) -> Plan:
        """The plan of a search that repeats the trials of another, without its clock.

        Parameters
        ----------
        earlier : mapping
            As :meth:`to_dict` gave it.
        """
        kept = {name: earlier[name] for name in ("workers", "threads", "rounds", "candidates")}
        reasons = ("the trials of an earlier run are repeated",)
        return replace(self, **kept, race=False, seconds=None, search_seconds=None, reasons=reasons)


def plan(
    shape: Shape,
    splits: int,
    *,
    bags: bool,
    seconds: float | None,
    cores: int,
    concurrent: int | None = None,
    race: bool = True,
    memory_bytes: float | None = None,
) -> Plan:
    """Decide.

    Parameters
    ----------
    shape : Shape
    splits : int
        Number of splits; they were fixed with the checked data.
    bags : bool
        Whether every row is validated by exactly one split and trains in all others.
    seconds : float or None
        Wall time for search and ensembles; from a day on the time is no limit that anything is fitted to.
    cores : int
        Cores that may be used.
    concurrent : int or None
        Fits at the same time, where the user says so.
    race : bool
        Whether giving up early is allowed.
    memory_bytes : float or None
        Memory that all trial processes may use together.
    """
    cells = shape.rows * max(1, shape.columns)
    workers = concurrent or (cores if cells < SMALL or shape.sparse else 1)
    threads = max(1, cores // workers)
    tight = seconds is not None and seconds < DAY
    rounds = next((most for limit, most in ROUNDS if tight and seconds <= limit), 10_000 if tight else 1000)
    candidates = next((most for rows, most in CANDIDATES if shape.rows <= rows), 25)
    reasons = (
        f"{cells:,} cells: {workers} fit{'s' if workers > 1 else ''} at a time, "
        f"{threads} core{'s' if threads > 1 else ''} each",
        f"at most {rounds:,} rounds of boosting" + (f" in {seconds:g} s" if tight else ""),
        "the learners of all splits are kept and averaged" if bags
        else "the members of the model are fitted again on all rows",
        f"{shape.rows:,} rows: up to {candidates} trials in an ensemble",
    )  # fmt: skip
    memory_mb = None if memory_bytes is None else int(memory_bytes / workers / 2**20)
    if memory_mb is not None:
        reasons += (f"{memory_mb:,} MB for a trial",)
    return Plan(
        shape.rows, shape.columns, splits, workers, threads, rounds, bags,
        race and splits > 2 and shape.rows >= RACE_ROWS, tight and seconds <= SHORT, max(LAG, workers + 1),
        candidates, seconds,
        None if seconds is None else search_share(seconds, bags, 0 if shape.sparse else shape.columns),
        memory_mb, reasons,
    )  # fmt: skip


def search_share(seconds: float, bags: bool, columns: int = 0) -> float:
    """The part of the time that trials may use."""
    kept = min(600.0, max(RESERVE[0], RESERVE[1] * seconds)) + COLUMN_SECONDS * columns
    refit = 0.0 if bags else min(600.0, REFIT * seconds)
    return max(seconds / 2, seconds - kept - refit)
