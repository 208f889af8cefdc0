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
DECENT = 150
"""Rounds of a boosting that are worth having; where they take more than ``SLOTS[0]`` of the time for trials, ..."""
CELL_SECONDS, COLUMN_CELLS = 1e-8, 8_000
"""... at so many seconds of a core a round and cell, a column counting as so many cells more (its histogram), ..."""
SLOTS = (0.4, 0.85)
"""... one trial may use the second instead of the first share of the time left, and nothing is fitted again."""
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
    first : str
        What goes first: ``"linear"`` where the time is short, so that there is a model within a second; ``"plain"``,
        LightGBM as it comes, where there may be time for nothing else.
    slot : float
        Share of the time left that one trial may use, so that none takes it all.
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
    first: str
    slot: float
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
        kept = {name: earlier[name] for name in ("rounds", "first", "lag", "memory_mb") if name in earlier}
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
    left: float | None = None,
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
        Whether the learners of the splits are the model, so that no time is left for fits on all rows.
    seconds : float or None
        Wall time from the first look at the data to the model; from a day on nothing is fitted to it.
    left : float or None
        What is left of it for search and ensembles; by default all.
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
    workers, threads = crew(cores, concurrent, small=cells < SMALL or shape.sparse)
    tight = seconds is not None and seconds < DAY
    rounds = next((most for limit, most in ROUNDS if tight and seconds <= limit), 10_000 if tight else 1000)
    candidates = next((most for rows, most in CANDIDATES if shape.rows <= rows), 25)
    columns = 0 if shape.sparse else shape.columns
    left = seconds if left is None else left
    share = None if left is None else search_share(left, bags, columns)
    dear = (
        tight and not shape.sparse and boosting(shape, splits, bags) / (workers * threads) > SLOTS[0] * share
    )
    if dear:
        share = search_share(left, True, columns)
    reasons = (
        f"{cells:,} cells: {workers} fit{'s' if workers > 1 else ''} at a time, "
        f"{threads} core{'s' if threads > 1 else ''} each",
        f"at most {rounds:,} rounds of boosting" + (f" in {seconds:g} s" if tight else ""),
        "the learners of the splits are the model" if bags
        else "the members of the model are fitted again on all rows" + (", if there is time" if dear else ""),
        f"{shape.rows:,} rows: up to {candidates} trials in an ensemble",
        *([f"{left:.1f} of {seconds:g} s are left for search and ensembles"] if tight and left < seconds else []),
        *(["the time is short for so many cells: the first boosting gets most of it"] if dear else []),
    )  # fmt: skip
    memory_mb = None if memory_bytes is None else int(memory_bytes / workers / 2**20)
    if memory_mb is not None:
        reasons += (f"{memory_mb:,} MB for a trial",)
    return Plan(
        rows=shape.rows, columns=shape.columns, splits=splits, workers=workers, threads=threads, rounds=rounds,
        bags=bags, race=race and splits > 2 and shape.rows >= RACE_ROWS,
        first="plain" if dear else "linear" if tight and seconds <= SHORT else "", slot=SLOTS[dear],
        lag=max(LAG, workers + 1), candidates=candidates,
        seconds=seconds, search_seconds=share, memory_mb=memory_mb, reasons=reasons,
    )  # fmt: skip


def boosting(shape: Shape, splits: int, bags: bool) -> float:
    """Seconds of one core that a decent boosting takes on all splits, roughly."""
    fits = splits - 1 if bags else splits  # each of k folds trains on (k - 1) / k of the rows
    return DECENT * CELL_SECONDS * shape.columns * (shape.rows + COLUMN_CELLS) * max(1, fits)


def crew(cores: int, concurrent: int | None = None, *, small: bool = True) -> tuple[int, int]:
    """Fits at the same time, and threads of each.

    >>> crew(4), crew(4, small=False), crew(4, 2)
    ((4, 1), (1, 4), (2, 2))
    """
    workers = concurrent or (cores if small else 1)
    return workers, max(1, cores // workers)


def search_share(seconds: float, bags: bool, columns: int = 0) -> float:
    """The part of the time that trials may use."""
    kept = min(600.0, max(RESERVE[0], RESERVE[1] * seconds)) + COLUMN_SECONDS * columns
    refit = 0.0 if bags else min(600.0, REFIT * seconds)
    return max(seconds / 2, seconds - kept - refit)
