"""Small problems that the tests of the search engine share, and metrics that misbehave inside a trial."""

from __future__ import annotations

import os
import re
import signal
import sys
import time

import numpy as np

from automl_components.algorithms import ALGORITHMS
from automl_components.engine import ensemble as ensembles
from automl_components.engine import trial
from automl_components.engine.ensemble import Candidate
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.engine.problem import Problem


def folds(rows: int, parts: int, seed: int = 0) -> np.ndarray:
    """Cross-validation: each row is validated once."""
    part = np.random.default_rng(seed).permutation(np.arange(rows) % parts)
    return (part[:, None] != np.arange(parts)).astype(np.int8)


def holdout(rows: int, every: int = 4) -> np.ndarray:
    """One split that validates every fourth row."""
    return (np.arange(rows) % every != 0).astype(np.int8)[:, None]


def make(
    task: str = "classification", rows: int = 200, *, classes: int = 2, noise: float = 1.0, **changes
) -> Problem:
    """Two numbers and a category; the target follows from them, with noise."""
    rng = np.random.default_rng(3)
    numeric = rng.normal(size=(rows, 2)).astype(np.float32)
    codes = rng.integers(-1, 4, (rows, 1)).astype(np.int32)
    signal_ = numeric[:, 0] + 2.0 * (codes[:, 0] == 2) + noise * rng.normal(size=rows)
    if task == "classification":
        edges = np.quantile(signal_, np.linspace(0, 1, classes + 1)[1:-1])
        target, labels, metric = (
            np.digitize(signal_, edges).astype(np.int32),
            list("abcdefgh")[:classes],
            "log_loss",
        )
    else:
        target, labels, metric = signal_, [], "root_mean_squared_error"
    settings = {
        "task": task, "features": FeatureMatrix(numeric, codes, None, FeatureSchema(("x", "z"), ("c",), (4,))),
        "target": target, "splits": folds(rows, 3), "primary_metric": metric, "classes": labels, "seed": 5,
    }  # fmt: skip
    return Problem(**(settings | changes))


def defaults(name: str, problem: Problem) -> dict:
    """An algorithm's first parameters for a problem."""
    return ALGORITHMS[name].defaults(problem.task, problem.shape)


def cross_validate(problem, config, **settings):
    """A trial without processes: facts as in its result, and out-of-fold predictions."""
    done = [trial.fit_fold(problem, config, part, **settings) for part in range(problem.splits.shape[1])]
    predictions = {fold.part: predicted for fold, _, predicted in done}
    return trial.summary([fold for fold, _, _ in done]), trial.out_of_fold(problem, predictions)


def models(problem, count, seed=0, spread=1.5, first=1):
    """Candidates that know something of the target, each with errors of its own."""
    rng = np.random.default_rng(seed)
    known = (problem.splits == 0).any(axis=1)
    made = []
    for number in range(first, first + count):
        noise = rng.normal(0, spread, problem.out_of_fold_shape)
        if problem.classes:
            logits = noise + np.eye(len(problem.classes))[problem.target]
            values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            values = values.astype(np.float32)
        else:
            values = problem.target + noise
        values[~known] = np.nan
        made.append(Candidate(number, ensembles.score_splits(problem, values)[0], values))
    return made


def accurate(y_true, y_pred, sample_weight=None):
    """A well-behaved metric of our own."""
    return float(np.average(np.asarray(y_true) == np.asarray(y_pred), weights=sample_weight))


def absolute(y_true, y_pred, sample_weight=None):
    """One where less is better."""
    return float(np.average(np.abs(np.asarray(y_true) - np.asarray(y_pred)), weights=sample_weight))


absolute.greater_is_better = False


def prints(y_true, y_pred):
    """Writes where the replies of a worker go, from Python and from below it."""
    print('{"kind": "done", "facts": {}}')
    sys.stdout.flush()
    os.write(1, b"half a line")
    return 0.5


def raises(y_true, y_pred):
    """Fails, and says why."""
    raise ZeroDivisionError("no trials today")


def segfaults(y_true, y_pred):
    """Dies with last words."""
    os.write(2, b"the stack is on fire\n")
    os.kill(os.getpid(), signal.SIGSEGV)


def sleeps(y_true, y_pred):
    """Never ends."""
    time.sleep(600)


def hangs_in_c(y_true, y_pred):
    """Never ends, and never lets another thread of its process run."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def allocates(y_true, y_pred):
    """Takes 400 MB and waits to be seen."""
    block = np.ones(50_000_000)
    time.sleep(30)
    return float(block[0])
