"""Forests as arrays: the same forest comes back, whatever its kind, and its file is small and quick."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import skops.io
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from automl_components.engine.forests import Trees, packed, unpacked
from automl_components.flavor.trust import restore

X, Y = make_classification(120, 8, n_informative=5, n_classes=3, random_state=0)
FORESTS = [
    ExtraTreesClassifier(7, random_state=1), RandomForestClassifier(7, random_state=1, max_depth=3),
    RandomForestClassifier(3, random_state=1, class_weight="balanced"),
    ExtraTreesRegressor(7, random_state=1), RandomForestRegressor(7, random_state=1, bootstrap=False),
    GradientBoostingClassifier(n_estimators=5, random_state=1),
    GradientBoostingRegressor(n_estimators=5, random_state=1),
]  # fmt: skip


@pytest.mark.parametrize("forest", FORESTS, ids=lambda one: type(one).__name__)
def test_the_same_forest_comes_back(forest, tmp_path):
    forest = copy.deepcopy(forest).fit(X, Y)
    small = packed(forest)
    assert isinstance(small.estimators_, Trees)
    assert not isinstance(forest.estimators_, Trees)  # the one at work is left alone
    skops.io.dump(small, tmp_path / "forest.skops")
    again = unpacked(restore(tmp_path / "forest.skops"))
    np.testing.assert_array_equal(again.predict(X), forest.predict(X))
    if hasattr(forest, "predict_proba"):
        np.testing.assert_array_equal(again.predict_proba(X), forest.predict_proba(X))
    np.testing.assert_array_equal(again.feature_importances_, forest.feature_importances_)
    assert np.shape(again.estimators_) == np.shape(forest.estimators_)
    trees = zip(np.ravel(again.estimators_), np.ravel(forest.estimators_), strict=True)
    for one, other in trees:
        assert str(one.random_state) == str(other.random_state)
        assert one.tree_.max_depth == other.tree_.max_depth
        np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), DecisionTreeClassifier()], ids=lambda one: type(one).__name__
)
def test_what_is_no_forest_stays_as_it_is(estimator):
    fitted = copy.deepcopy(estimator).fit(X, Y)
    assert packed(fitted) is fitted
    assert unpacked(fitted) is fitted


def test_trees_that_differ_in_more_than_their_seed_stay_as_they_are():
    forest = RandomForestClassifier(3, random_state=1).fit(X, Y)
    forest.estimators_[1].max_depth = 2
    assert packed(forest) is forest
