"""The problem, and that a trial process sees exactly the same one."""

from dataclasses import replace

import numpy as np
import pytest
from problems import folds, holdout, make
from scipy.sparse import csr_matrix, random

from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.engine.problem import Problem


def same(one, other):
    for name in ("task", "primary_metric", "classes", "positive_label", "seed", "shape", "target_range"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.features.schema == other.features.schema
    for read in (
        lambda p: p.features.numeric,
        lambda p: p.features.codes,
        lambda p: p.target,
        lambda p: p.splits,
    ):
        np.testing.assert_array_equal(read(one), read(other))
        assert read(one).dtype == read(other).dtype
    assert (one.weights is None) == (other.weights is None)


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("weighted", [False, True])
def test_sharing_changes_nothing(tmp_path, task, weighted):
    problem = make(task, weights=np.linspace(0, 1, 200) if weighted else None, positive_label=None)
    problem.share(tmp_path / "shared")
    other = Problem.attach(tmp_path / "shared")
    same(problem, other)
    assert isinstance(other.features.numeric, np.memmap)
    for (train, valid), (train_2, valid_2) in zip(problem.parts(), other.parts(), strict=True):
        np.testing.assert_array_equal(train, train_2)
        np.testing.assert_array_equal(valid, valid_2)
        if weighted:
            np.testing.assert_array_equal(problem.rows(train)[2], other.rows(train)[2])


def test_sparse_and_empty_blocks(tmp_path):
    sparse = csr_matrix(random(50, 9, 0.2, rng=np.random.default_rng(0), dtype=np.float32))
    schema = FeatureSchema(sparse=tuple(f"w{k}" for k in range(9)))
    matrix = FeatureMatrix(np.empty((50, 0), np.float32), np.empty((50, 0), np.int32), sparse, schema)
    problem = make(rows=50, features=matrix)
    problem.share(tmp_path)
    other = Problem.attach(tmp_path)
    same(problem, other)
    assert (other.features.sparse != sparse).nnz == 0
    taken = other.features.take(np.array([3, 1])).sparse
    np.testing.assert_array_equal(taken.toarray(), sparse[[3, 1]].toarray())
    assert other.shape.sparse


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [False, True], [1.5, 2.5]])
def test_labels_and_the_positive_one_keep_their_type(tmp_path, labels):
    problem = replace(make(primary_metric="AUC_binary"), classes=labels, positive_label=labels[0])
    problem.share(tmp_path)
    other = Problem.attach(tmp_path)
    assert [(type(label), label) for label in other.classes] == [(type(label), label) for label in labels]
    proba = np.random.default_rng(0).dirichlet([1, 1], 200)
    assert other.scorer().score(other.target, proba) == problem.scorer().score(problem.target, proba)


def test_shapes_and_ranges():
    problem = make(classes=3)
    assert problem.out_of_fold_shape == (200, 3)
    assert problem.shape.rows == 200
    assert problem.shape.classes == 3
    assert problem.target_range is None
    regression = make("regression")
    assert regression.out_of_fold_shape == (200,)
    low, high = regression.target_range
    assert (low, high) == (regression.target.min(), regression.target.max())
    assert regression.scorer().y_max == high


def test_learners_of_splits_are_the_model_where_each_row_is_validated_once():
    assert make(splits=folds(200, 3)).bags
    twice = np.column_stack([folds(200, 2), folds(200, 2, seed=1)])
    windows = folds(200, 4)
    windows[150:, 0] = -1
    for splits in (holdout(200), twice, windows):
        assert not make(splits=splits).bags
