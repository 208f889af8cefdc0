"""The learners of a trial's splits as one: the mean of what they predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from automl_components.engine.learner import Learner
    from automl_components.engine.matrix import FeatureMatrix


class Bag:
    """Fitted learners of one configuration, each on other rows.

    Parameters
    ----------
    learners : sequence of Learner
        At least one; their predictions are averaged with equal weight.
    """

    def __init__(self, learners: Sequence[Learner]) -> None:
        self.learners = list(learners)

    @property
    def pipeline_name(self) -> str:
        """What a leaderboard prints."""
        return self.learners[0].pipeline_name

    def use_threads(self, threads: int) -> None:
        """Let predicting use this many threads."""
        for learner in self.learners:
            learner.use_threads(threads)

    def predict(self, X: FeatureMatrix) -> np.ndarray:
        """Regression: float64 values. Classification: int32 codes of the most probable class. Shape (n,)."""
        if self.learners[0].task == "classification":
            return np.argmax(self.predict_proba(X), axis=1).astype(np.int32)
        return np.asarray(np.mean([learner.predict(X) for learner in self.learners], axis=0))

    def predict_proba(self, X: FeatureMatrix) -> np.ndarray:
        """Probabilities, float64, shape (n, classes)."""
        total = sum(learner.predict_proba(X) for learner in self.learners)
        return np.asarray(total / len(self.learners))
