"""Whether a member of the model keeps the learners of its splits or is fitted again on all rows, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

MODEL_MB = 200
"""Learners of folds up to this size together are the model; beyond, the largest are fitted again as one each."""


def keeps(bags: bool, refit: str) -> bool:
    """Whether the search has to leave no time for fits on all rows."""
    return refit == "never" or (bags and refit == "auto")


@dataclass(frozen=True)
class Keeping:
    """Whether a member stays as it was validated; ``large`` are those whose learners are too large to stay."""

    bags: bool
    refit: str
    large: frozenset[int]

    def why(self, number: int) -> str:
        """Why its learners are kept; empty where it is fitted again."""
        if self.refit == "never":
            return "training.refit is never"
        if self.refit == "always" or not self.bags or number in self.large:
            return ""
        return "the learners of the folds, averaged, have seen every row"

    def why_not(self, number: int) -> str:
        """Why it was fitted again on all rows."""
        if self.refit == "always":
            return "training.refit is always"
        if not self.bags and self.refit == "auto":
            return "the splits are not folds, so that no learner has seen every row"
        if number in self.large:
            return f"the learners of the folds are larger than {MODEL_MB} MB together"
        return "a learner was too large to be kept in the search"


def too_large(members: Sequence[int], sizes: Callable[[int], int]) -> frozenset[int]:
    """Members whose learners are left when those of the smaller ones fill ``MODEL_MB``."""
    total, large = 0.0, set()
    for number in sorted(members, key=lambda n: (sizes(n), n)):
        total += sizes(number) / 2**20
        large |= {number} if total > MODEL_MB else set()
    return frozenset(large)
