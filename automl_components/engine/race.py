"""Giving up configurations early: whoever does badly on the first split and adds nothing to the others."""

from __future__ import annotations

import numpy as np

from automl_components.engine.problem import Problem

WEIGHTS = (0.1, 0.25, 0.5)
"""Shares of a newcomer in the mixture that are tried."""
CELLS = 100_000
"""Rows x classes of the first split that are looked at; more are sampled."""
SPREAD = 2.0
"""Standard deviations of the best trial's scores that a first score may be worse than the best one's."""


class Race:
    """Compares first splits.

    A configuration goes on when its score on the first split is within two standard deviations (of the best trial's
    scores over its splits) of the best trial's there, or when mixing its predictions in improves the mixture of all
    trials so far. The forgiving rule of arXiv 2405.03389, with the ensemble's view added.

    Parameters
    ----------
    problem : Problem
        With more than one split.
    """

    def __init__(self, problem: Problem) -> None:
        self.scorer = problem.scorer()
        self.validation = np.flatnonzero(problem.splits[:, 0] == 0)
        limit = CELLS // max(1, len(problem.classes))
        self.sample = np.arange(len(self.validation))
        if len(self.sample) > limit:
            self.sample = np.sort(
                np.random.default_rng(problem.seed).choice(self.sample, limit, replace=False)
            )
        rows = self.validation[self.sample]
        self.target = problem.target[rows]
        self.weights = None if problem.weights is None else problem.weights[rows]
        self.mixture: np.ndarray | None = None
        self.worth = self.best = -np.inf
        self.first = self.spread = 0.0

    def goes_on(self, score: float | None, predictions: np.ndarray, *, dear: bool = False) -> bool:
        """Whether the other splits are worth fitting.

        Parameters
        ----------
        score : float or None
            Of the first split.
        predictions : array
            Of its validation rows.
        dear : bool
            Whether they would take much of the time that is left: then being nearly as good is not enough.
        """
        if self.mixture is None:
            return True
        if score is None:
            return False
        margin = 0.0 if dear else SPREAD * self.spread
        if self.scorer.metric.sign(score) >= self.first - margin:
            return True
        return self._mixed(np.asarray(predictions, dtype=np.float64)[self.sample])[0] > self.worth

    def add(self, scores: list[float | None], predictions: np.ndarray) -> float:
        """Take in a completed trial: its scores on all splits, its predictions for the first one's rows.

        Returns
        -------
        float
            Share of the mixture's loss that it took away; the loss is what the score lacks to 1, or an error itself.
        """
        before = self.worth
        known = [self.scorer.metric.sign(score) for score in scores if score is not None]
        newcomer = np.asarray(predictions, dtype=np.float64)[self.sample]
        if self.mixture is None:
            self.mixture, self.worth = newcomer, self._worth(newcomer)
        else:
            worth, mixture = self._mixed(newcomer)
            if worth > self.worth:
                self.mixture, self.worth = mixture, worth
        if known and scores[0] is not None and np.mean(known) > self.best:
            self.best, self.first, self.spread = float(np.mean(known)), known[0], float(np.std(known))
        loss = (1.0 if self.scorer.metric.greater_is_better else 0.0) - before
        return (self.worth - before) / loss if np.isfinite(loss) and loss > 0 else 0.0

    def _mixed(self, newcomer: np.ndarray) -> tuple[float, np.ndarray]:
        assert self.mixture is not None
        mixtures = [(1 - weight) * self.mixture + weight * newcomer for weight in WEIGHTS]
        worths = [self._worth(mixture) for mixture in mixtures]
        pick = int(np.argmax(worths))
        return worths[pick], mixtures[pick]

    def _worth(self, predictions: np.ndarray) -> float:
        score = self.scorer.score(self.target, predictions, self.weights)
        return self.scorer.metric.sign(score) if np.isfinite(score) else -np.inf
