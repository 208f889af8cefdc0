"""Weighted voting: a greedy selection, drawn towards a plain mean where rows are few, held against simpler choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from automl_components.engine.ensemble import Candidate, Ensemble, score_splits
from automl_components.engine.problem import Problem

START = 5
"""Models that the greedy selection starts from, at most (Azure's documented rule) ..."""
WITHIN = 0.05
"""... and how far their score may be from the best one, relative to it."""
ITERATIONS = 25
PATIENCE = 5
"""Members that are added without a gain: one of two halves may be too much of a weak model, and a third just right."""
POOL = 25
"""Candidates that the greedy selection looks at: the best ones by score."""
CELLS = 400_000
"""Rows x classes that a score inside the greedy loop looks at; more are sampled."""
BEST, NEAR = 5, 0.2
"""Models of the plain mean that the selection is drawn towards, and how far from the best one they may be ..."""
DRAWN = 300
"""... validated rows at which both weigh the same: with few, differences between good models are mostly luck ..."""
LEAST = 0.05
"""... and weight below which it is left out: its members would cost more than they give."""
PARTS = 5
"""Parts of cross-fitting: choices are made on four, judged on the fifth."""
JUDGED = 5_000
"""Rows x outputs up to which choices are held against each other; beyond, a selection has little to overfit."""
ERRORS = 2.0
"""Standard errors by which a simpler choice has to be better to be taken."""

Worth = Callable[[np.ndarray], float]
Choice = Callable[[Sequence[np.ndarray], Worth], np.ndarray]
"""Weights of models, from their predictions for some rows and the worth of predictions there."""


def vote(
    problem: Problem, candidates: Sequence[Candidate], *, iterations: int | None = None, most: int = POOL
) -> Ensemble:
    """The weighted mean that promises most for new rows.

    It is the greedy selection with replacement, from a sorted start (Caruana et al. 2004, as Azure documents it),
    mixed with the plain mean of the five best models, which weighs as much as ``DRAWN`` validated rows do. On up to
    ``JUDGED`` cells, the best trial alone and the means of the best three and five are tried as well: each choice is
    made on four fifths of the rows and judged on the others. A simpler one that is better there by two standard errors
    is taken. Predictions and score are then those of rows that the weights were not chosen by, as a stack's are.

    Parameters
    ----------
    candidates : sequence of Candidate
        At least one.
    iterations : int
        Models, repeats counted, at most; by default 25 (more gave nothing in TabRepo, arXiv 2311.02971).
    most : int
        Candidates that are looked at: the best ones by score.

    Returns
    -------
    Ensemble
        ``details`` hold the ``choice``, its ``reason``, and the worth of each that was tried, ``crossfitted``.
    """
    known, steps = in_order(problem, candidates)[:most], iterations or ITERATIONS
    rows = selection_rows(problem)
    seen, worth = _predicted(known, rows), worth_on(problem, rows)
    choices = _choices(len(rows), steps)
    outputs = max(1, len(problem.classes))
    parts = problem.parts_of(rows, PARTS) % PARTS
    if len(known) < 2 or len(rows) * outputs > JUDGED or np.ptp(parts) == 0:
        details = {"choice": USUAL, "reason": _alone(len(known), parts), "crossfitted": {}}
        return replace(mean_of(problem, known, choices[USUAL](seen, worth)), details=details)
    table, predictions = crossfit(problem, known, choices, rows, parts)
    name = _taken(table)
    made = mean_of(problem, known, choices[name](seen, worth))
    sign = problem.scorer().metric.sign
    values = {one: float(sign(worth(predictions[one][rows]))) for one in choices}
    details = {"choice": name, "reason": _told(name, values), "crossfitted": values}
    score, metrics = score_splits(problem, predictions[name])
    return replace(made, predictions=predictions[name], score=score, metrics=metrics, details=details)


USUAL = "greedy selection"


def _choices(rows: int, steps: int) -> dict[str, Choice]:
    """Ways to weigh models, the usual one first."""
    simple = {
        "best trial": best(1),
        **{f"mean of the best {count}": best(count) for count in (3, BEST) if count <= steps},
    }
    return {USUAL: _drawn(rows, steps), **simple}


def best(count: int) -> Choice:
    """The plain mean of the best so many models, as far as they are near the best one."""

    def choose(seen: Sequence[np.ndarray], worth: Worth) -> np.ndarray:
        worths = np.array([worth(values) for values in seen])
        order = np.argsort(-worths, kind="stable")[:count]
        first = worths[order[0]]
        near = order[worths[order] >= first - NEAR * abs(first)] if np.isfinite(first) else order[:1]
        weights = np.zeros(len(seen))
        weights[near] = 1.0 / len(near)
        return weights

    return choose


def _drawn(rows: int, steps: int) -> Choice:
    """The greedy selection, mixed with the mean of the best models as far as there are few rows."""
    share = DRAWN / (DRAWN + rows)

    def choose(seen: Sequence[np.ndarray], worth: Worth) -> np.ndarray:
        counts = select(seen, worth, steps)
        weights: np.ndarray = counts / counts.sum()
        mixed: np.ndarray = (1 - share) * weights + share * best(BEST)(seen, worth)
        return mixed if share >= LEAST and np.count_nonzero(mixed) <= steps else weights

    return choose


def crossfit(
    problem: Problem,
    candidates: Sequence[Candidate],
    choices: Mapping[str, Choice],
    rows: np.ndarray,
    parts: np.ndarray,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Choices made without the rows that judge them.

    Parameters
    ----------
    rows : int array
        Positions of the validated rows that are looked at.
    parts : int array
        The part of each of them.

    Returns
    -------
    dict of str to array, shape (parts,)
        Worth of each choice on each part, made on the others.
    dict of str to array, shape ``problem.out_of_fold_shape``
        Its predictions; NaN in rows that are not looked at.
    """
    table: dict[str, list[float]] = {name: [] for name in choices}
    predictions = {name: np.full(problem.out_of_fold_shape, np.nan) for name in choices}
    for part in np.unique(parts):
        held, others = rows[parts == part], rows[parts != part]
        seen, worth, judge = (
            _predicted(candidates, others),
            worth_on(problem, others),
            worth_on(problem, held),
        )
        values = np.asarray(_predicted(candidates, held))
        for name, choose in choices.items():
            predictions[name][held] = np.tensordot(choose(seen, worth), values, 1)
            table[name].append(judge(predictions[name][held]))
    return {name: np.array(worths) for name, worths in table.items()}, predictions


def _taken(table: Mapping[str, np.ndarray]) -> str:
    """The usual choice, or the simpler one that is better by most, if by ``ERRORS`` standard errors."""
    gains = {}
    for name, worths in table.items():
        both = np.isfinite(worths) & np.isfinite(table[USUAL])
        gain = worths[both] - table[USUAL][both]
        if len(gain) > 1 and gain.mean() > ERRORS * gain.std(ddof=1) / np.sqrt(len(gain)):
            gains[name] = float(gain.mean())
    return max(gains, key=lambda name: gains[name], default=USUAL)


def _told(name: str, values: Mapping[str, float]) -> str:
    others = ", ".join(f"{one} {value:.5g}" for one, value in values.items() if one != name)
    kept = f"; nothing simpler is better by {ERRORS:g} standard errors" if name == USUAL else ""
    return f"{name}: {values[name]:.5g} on rows that it was not chosen by ({others}){kept}"


def _alone(candidates: int, parts: np.ndarray) -> str:
    if candidates < 2:
        return f"{USUAL}: there is one trial"
    if np.ptp(parts) == 0:
        return f"{USUAL}: the validated rows are one group, nothing can be held against it"
    return f"{USUAL}: {len(parts):,} validated rows are enough to choose by"


def _predicted(candidates: Sequence[Candidate], rows: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(one.predictions[rows], dtype=np.float64) for one in candidates]


def in_order(problem: Problem, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Candidates by score, the best first; of equals that with the smaller number."""
    sign = problem.scorer().metric.sign
    return sorted(candidates, key=lambda one: (-sign(one.score), one.number))


def mean_of(problem: Problem, candidates: Sequence[Candidate], weights: np.ndarray) -> Ensemble:
    """The weighted mean; candidates without weight are no members."""
    chosen = [(one, n / weights.sum()) for one, n in zip(candidates, weights, strict=True) if n]
    predictions = sum(weight * one.predictions.astype(np.float64) for one, weight in chosen)
    numbers, weights = tuple(one.number for one, _ in chosen), tuple(float(weight) for _, weight in chosen)
    return Ensemble("voting_ensemble", numbers, weights, predictions, *score_splits(problem, predictions))


def select(seen: Sequence[np.ndarray], worth: Worth, steps: int) -> np.ndarray:
    """How often the greedy selection takes each model, by their predictions for the rows that ``worth`` judges.

    It starts from up to five models within 5 % of the best score, keeps the best prefix of them, then adds whichever
    model makes the best mean, until five additions in a row have gained nothing, and goes back to the best. Ties
    prefer the model that comes first, so it is deterministic.
    """
    worths = np.array([worth(values) for values in seen])
    order = np.argsort(-worths, kind="stable")
    worths, seen = worths[order], [seen[place] for place in order]
    counts = np.zeros(len(seen), dtype=int)
    best, start = _start(worths[:steps].tolist(), seen, worth)
    counts[:start] = 1
    kept, total, since = counts.copy(), np.sum(seen[:start], axis=0), 0
    while counts.sum() < steps and since < PATIENCE:
        trials = [worth((total + values) / (counts.sum() + 1)) for values in seen]
        pick = int(np.argmax(trials))
        total = total + seen[pick]
        counts[pick] += 1
        since += 1
        if trials[pick] > best + 1e-9 * abs(best):
            best, kept, since = trials[pick], counts.copy(), 0
    found = np.zeros(len(seen), dtype=int)
    found[order] = kept
    return found


def _start(worths: Sequence[float], seen: Sequence[np.ndarray], worth: Worth) -> tuple[float, int]:
    """Worth and length of the best prefix of the models near the best one."""
    near = sum(worths[0] - value <= WITHIN * max(abs(worths[0]), 1e-12) for value in worths[:START])
    values = [worths[0], *(worth(np.mean(seen[:k], axis=0)) for k in range(2, near + 1))]
    return max(values), int(np.argmax(values)) + 1


def selection_rows(problem: Problem) -> np.ndarray:
    """Rows that the selection looks at: all validated ones, or a sample where there are very many."""
    rows = np.flatnonzero((problem.splits == 0).any(axis=1))
    limit = CELLS // max(1, len(problem.classes))
    if len(rows) > limit:
        rows = np.sort(np.random.default_rng(problem.seed).choice(rows, limit, replace=False))
    return rows


def worth_on(problem: Problem, rows: np.ndarray) -> Worth:
    """The worth of predictions for some rows, greater is better: the mean of the primary metric over the splits."""
    scorer, target = problem.scorer(), problem.target[rows]
    weights = None if problem.weights is None else problem.weights[rows]
    parts = [part for part in (np.flatnonzero(column == 0) for column in problem.splits[rows].T) if len(part)]

    def worth(predictions: np.ndarray) -> float:
        scores = [
            scorer.score(target[part], predictions[part], None if weights is None else weights[part])
            for part in parts
        ]
        defined = [scorer.metric.sign(score) for score in scores if np.isfinite(score)]
        return float(np.mean(defined)) if defined else -np.inf

    return worth
