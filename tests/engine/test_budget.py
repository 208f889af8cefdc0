"""What fits into the time that is left."""

import numpy as np
import pytest
from problems import folds, holdout, make

from automl_components.engine.budget import best_within, refit_seconds
from automl_components.engine.ensemble import Ensemble
from automl_components.engine.trial import TrialResult


def model(score, *members):
    return Ensemble("trial", members, (1.0,) * len(members), np.zeros(1), score)


def choose(models, seconds):
    return best_within(models, lambda one: one.score, {1: 1.0, 2: 5.0, 3: 20.0}, seconds)


def test_the_best_that_fits():
    models = [model(0.7, 1), model(0.8, 2), model(0.9, 3), model(0.95, 1, 2, 3)]
    for seconds, expected in [(float("inf"), 3), (26, 3), (25.9, 2), (19, 1), (4, 0), (0, 0), (-9, 0)]:
        assert choose(models, seconds) is models[expected]


def test_of_equals_the_first():
    models = [model(0.8, 2), model(0.8, 1), model(0.8, 1, 2)]
    assert choose(models, 100) is models[0]


@pytest.mark.parametrize(
    ("splits", "factor"), [(folds(120, 4), 1 / 3), (holdout(120), 4 / 3), (folds(120, 2), 1)]
)
def test_a_fit_on_all_rows_takes_longer_than_one_on_a_split(splits, factor):
    problem = make(rows=120, splits=splits)
    result = TrialResult(1, "knn", {}, "KNN", "Completed", 0, 0.5, fit_s=12.0)
    assert refit_seconds(problem, {1: result})[1] == pytest.approx(12 * factor)
