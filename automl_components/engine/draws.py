"""How rows are dealt to parts: class by class, whole groups together, or in order of time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from automl_components.core.errors import SettingsError


def share_of(size: float, rows: int) -> int:
    """A share in (0, 1) as a number of rows: to the nearest, halves up; of two or more, not none or all."""
    return min(max(int(size * rows + 0.5), 1), rows - 1)


MANY_GROUPS = 1_000
"""Groups above which chance evens out what a search for even parts would take seconds for."""
STRETCHES = 5
"""Stretches of time that inner folds are made of."""


def deal(
    strata: np.ndarray, parts: int, rng: np.random.Generator, groups: np.ndarray | None = None
) -> np.ndarray:
    """Deal the rows like cards, class after class; returns the part of each row, 0 .. parts - 1.

    Each class differs by at most one row between parts, and so does the whole: the sizes that
    scikit-learn's StratifiedKFold gives. But a class smaller than ``parts`` is dealt too, to as many parts as
    it has rows, so a class of two rows is present wherever one part is left out.

    With ``groups``, any code a row, rows of one group go to one part, as evenly as that allows; there are then no
    more parts than groups.
    """
    if groups is not None:
        return _deal_groups(strata, parts, rng, groups)
    part = np.empty(len(strata), dtype=np.int64)
    part[_by_class(strata, rng)] = np.arange(len(strata)) % parts
    return part


def _deal_groups(strata: np.ndarray, parts: int, rng: np.random.Generator, groups: np.ndarray) -> np.ndarray:
    codes = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(codes)
    parts = min(parts, len(sizes))
    if len(sizes) <= MANY_GROUPS:
        return spread_groups(codes, strata, np.full(parts, 1 / parts), rng, largest_first=True)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    part = np.empty(len(sizes), dtype=np.int64)
    part[order] = np.arange(len(sizes)) % parts
    dealt: np.ndarray = part[codes]
    return dealt


def stretches(time: np.ndarray, count: int = STRETCHES) -> np.ndarray:
    """Cut rows into at most ``count`` stretches of time of about equal size; the number of each row's.

    Parameters
    ----------
    time : int array
        Ranks; rows with the same rank are of the same time and stay together.
    """
    codes = np.unique(time, return_inverse=True)[1]
    sizes = np.bincount(codes)
    numbers: np.ndarray = ((np.cumsum(sizes) - sizes) * count // len(codes))[codes]
    return numbers


def draw(strata: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw exactly ``number`` rows, each class by its share (largest remainders); returns their bool mask.

    One row of each class is left behind. Where there are too few rows for that, shares alone decide.
    """
    counts = np.bincount(strata)
    room = np.maximum(counts - 1, 0)
    if room.sum() < number:
        room = counts
    ideal = counts * (number / counts.sum())
    take = np.minimum(np.floor(ideal).astype(np.int64), room)
    while (missing := number - take.sum()) > 0:
        order = np.lexsort((rng.random(len(counts)), take - ideal))
        take[order[take[order] < room[order]][:missing]] += 1
    order = _by_class(strata, rng)
    rank = np.arange(len(strata)) - (np.cumsum(counts) - counts)[strata[order]]  # position within its class
    drawn = np.zeros(len(strata), dtype=bool)
    drawn[order[rank < take[strata[order]]]] = True
    return drawn


def _by_class(strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Positions of the rows, class after class, in random order within each."""
    order = rng.permutation(len(strata))
    return order[np.argsort(strata[order], kind="stable")]


def spread_groups(
    groups: np.ndarray,
    strata: np.ndarray,
    shares: np.ndarray,
    rng: np.random.Generator,
    *,
    largest_first: bool = False,
) -> np.ndarray:
    """Give whole groups to parts so that each gets its share of the rows and of every class.

    Greedy: a group goes where it least raises the sum over parts of |x|^2 / share, where x holds the part's
    fraction of each class and of all rows. That sum is least where every fraction equals the share.

    Parameters
    ----------
    groups, strata : int arrays, one code a row
        Group codes are dense: 0 .. G - 1 with G >= len(shares).
    shares : float array
        What each part should get; sums to 1.
    largest_first : bool
        Place large groups first, for parts as even as can be; otherwise groups come in random order.

    Returns
    -------
    int array
        The part of each row; no part is empty.
    """
    number, classes = int(groups.max()) + 1, int(strata.max()) + 1
    # one more class, which every row has, stands for the number of rows
    pairs = np.concatenate([groups * (classes + 1) + strata, groups * (classes + 1) + classes])
    pairs, counts = np.unique(pairs, return_counts=True)
    which = pairs % (classes + 1)
    fractions = counts / np.bincount(which, weights=counts)[which]
    ends = np.searchsorted(pairs, np.arange(number + 1) * (classes + 1))
    order, sizes = rng.permutation(number), np.bincount(groups)
    if largest_first:
        order = order[np.argsort(-sizes[order], kind="stable")]
    load, part = np.zeros((len(shares), classes + 1)), np.empty(number, dtype=np.int64)
    for group in order:
        mine, adds = which[ends[group] : ends[group + 1]], fractions[ends[group] : ends[group + 1]]
        best = ((2 * load[:, mine] @ adds + adds @ adds) / shares).argmin()
        load[best, mine] += adds
        part[group] = best
    for empty in np.flatnonzero(np.bincount(part, minlength=len(shares)) == 0):
        movable = np.flatnonzero(np.bincount(part)[part] > 1)
        part[movable[sizes[movable].argmin()]] = empty
    return part[groups]


def windows(time: np.ndarray, count: int, size: float | None) -> np.ndarray:
    """Forward chaining: windows of equal size at the end validate, all that is earlier trains.

    Rows of one point in time stay together, so a window begins at the point nearest to its place, and windows
    that would begin at the same point become one.

    Parameters
    ----------
    time : int array
        Dense ranks 0 .. T - 1 with T >= 2: rows with the same rank are of the same time.
    count : int
        Number of windows.
    size : float or None
        Share of the rows in a window; None cuts the rows into count + 1 equal parts, the sizes that
        scikit-learn's TimeSeriesSplit gives.

    Returns
    -------
    int8 array, shape (rows, windows)
        1 = trains, 0 = validates, -1 = later than the window.
    """
    rows = len(time)
    window = max(1, rows // (count + 1)) if size is None else share_of(size, rows)
    if size is not None and count * window >= rows:
        raise SettingsError(
            f"n_cross_validations is {count} and validation_data_size {size:.4g}: in order of time, so many "
            "windows of that size leave no rows to train on; take fewer or smaller windows"
        )
    earlier = np.concatenate([[0], np.cumsum(np.bincount(time))])  # rows before each point in time
    begins, places = earlier[1:-1], rows - window * np.arange(count, 0, -1)
    right = np.searchsorted(begins, places).clip(0, len(begins) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(places - begins[left] <= begins[right] - places, left, right)
    cuts = np.append(np.unique(begins[nearest]), rows)
    before = earlier[time]
    columns = [np.where(before < a, 1, np.where(before < b, 0, -1)) for a, b in pairwise(cuts)]
    return np.column_stack(columns).astype(np.int8)
