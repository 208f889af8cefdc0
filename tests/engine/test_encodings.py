"""Features that look at the target: as scikit-learn computes them, and blind to a row's own target."""

from __future__ import annotations

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.preprocessing import TargetEncoder

from automl_components.core.errors import SettingsError
from automl_components.engine.encodings import (
    ENCODINGS,
    LOG_ODDS,
    NaiveBayes,
    PairCounts,
    TargetEncoding,
    TextTargetEncoding,
    WeightOfEvidence,
    cross_fit,
    likely_pairs,
)
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.transformers import LABEL_AWARE

N = 400


def matrix(codes, sparse=None):
    """Features of category codes and, where given, a sparse block."""
    codes = np.asarray(codes, dtype=np.int32)
    levels = tuple(int(column.max(initial=0)) + 1 for column in codes.T)
    width = 0 if sparse is None else sparse.shape[1]
    schema = FeatureSchema(
        codes=tuple(f"c{k}" for k in range(codes.shape[1])),
        levels=levels,
        sparse=tuple(f"s{k}" for k in range(width)),
    )
    return FeatureMatrix(np.empty((len(codes), 0), np.float32), codes, sparse, schema)


@pytest.fixture(scope="module")
def data():
    """Categories, counts of words, and targets of every task that depend on both."""
    rng = np.random.default_rng(0)
    codes = np.column_stack([rng.integers(0, 4, N), rng.integers(-1, 30, N)])
    words = csr_matrix(rng.poisson(0.3, (N, 20)).astype(np.float32))
    signal = codes[:, 0] + words[:, :3].toarray().sum(axis=1) + rng.normal(size=N)
    targets = {0: signal, 2: (signal > 2).astype(np.int32), 3: np.digitize(signal, [1, 3]).astype(np.int32)}
    return matrix(codes, words), targets


def every(classes):
    """One of each encoding that does the task."""
    made = [TargetEncoding(classes), TargetEncoding(classes, columns=[], pairs=[(0, 1)])]
    made += [TextTargetEncoding(classes)]
    return made + ([WeightOfEvidence(classes), NaiveBayes(classes)] if classes else [])


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_target_encoding_equals_scikit_learn(data, classes):
    X, targets = data
    y = targets[classes]
    theirs = TargetEncoder(target_type=["continuous", "binary", "multiclass"][max(0, classes - 1)]).fit(
        X.codes, y
    )
    ours = TargetEncoding(classes).fit(X, y)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X.codes), rtol=1e-5)
    assert len(ours.names_) == 2 * (classes if classes > 2 else 1)


def test_whole_weights_are_as_many_rows(data):
    X, targets = data
    weights = np.random.default_rng(1).integers(1, 4, N)
    rows = np.repeat(np.arange(N), weights)
    for encoding in every(2):
        weighted = encoding.fit(X, targets[2], weights * (len(rows) / weights.sum()))
        if isinstance(weighted, (TargetEncoding, TextTargetEncoding)):
            continue  # smoothing counts rows, and weights are scaled to a mean of 1
        expected = type(encoding)(2).fit(X.take(rows), targets[2][rows]).transform(X)
        np.testing.assert_allclose(weighted.transform(X), expected, atol=0.05)
    flat = TargetEncoding(0).fit(X, targets[0], np.full(N, 7.0)).transform(X)
    np.testing.assert_array_equal(flat, TargetEncoding(0).fit(X, targets[0]).transform(X))


def test_weight_of_evidence_is_the_log_of_the_ratio():
    X, y = matrix([[0]] * 5 + [[1]] * 5), np.array([1, 1, 1, 1, 0, 1, 0, 0, 0, 0])
    found = WeightOfEvidence(2, smooth=0).fit(X, y).transform(matrix([[0], [1]]))
    np.testing.assert_allclose(found[:, 0], [np.log((4 / 5) / (1 / 5)), np.log((1 / 5) / (4 / 5))], rtol=1e-6)
    pure = WeightOfEvidence(2, smooth=0).fit(matrix([[0], [1]]), np.array([0, 1]))
    assert pure.transform(matrix([[0], [1]]))[:, 0].tolist() == [-LOG_ODDS, LOG_ODDS]
    assert pure.transform(matrix([[5]]))[0, 0] == 0


@pytest.mark.parametrize("classes", [2, 3])
def test_naive_bayes_equals_scikit_learn(data, classes):
    X, targets = data
    weights = np.random.default_rng(2).uniform(0.5, 1.5, N)
    ours = NaiveBayes(classes, alpha=0.5).fit(X, targets[classes], weights / weights.mean()).transform(X)
    theirs = MultinomialNB(alpha=0.5).fit(X.sparse, targets[classes], weights / weights.mean())
    proba = theirs.predict_proba(X.sparse)
    expected = np.log(proba / (1 - proba))[:, 1 if classes == 2 else 0 :]
    np.testing.assert_allclose(ours, expected, atol=0.02)  # they do not smooth how frequent the classes are


def test_text_target_encoding_is_the_mean_over_the_words():
    texts = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 2, 0], [0, 0, 0]], dtype=np.float32))
    X, y = matrix(np.empty((4, 0)), texts), np.array([4.0, 2.0, 6.0, 0.0])
    found = TextTargetEncoding(smooth=1.0).fit(X, y).transform(X)[:, 0]
    first, second = (4 + 2 + 3) / 3, (4 + 6 + 3) / 3
    np.testing.assert_allclose(found, [(first + second) / 2, first, second, 3.0], rtol=1e-6)


def test_counts_of_pairs(data):
    X, _ = data
    counts = PairCounts([(0, 1)]).fit(X)
    expected = [np.log1p((X.codes == row).all(axis=1).sum()) for row in X.codes]
    np.testing.assert_allclose(counts.transform(X)[:, 0], expected, rtol=1e-6)
    assert counts.transform(matrix([[3, 99]]))[0, 0] == 0
    assert counts.names_ == ["c0_x_c1_count"]


def test_pairs_that_can_be_learned():
    rng = np.random.default_rng(0)
    few, other, many = rng.integers(0, 4, 500), rng.integers(0, 5, 500), np.arange(500)
    X = matrix(np.column_stack([few, other, many, few]))
    assert likely_pairs(X) == [(0, 1), (1, 3)]  # not with an identifier, and not a column with itself
    assert likely_pairs(X, most=1) == [(0, 1)]


def test_a_pair_says_what_its_columns_alone_cannot():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (N, 2))
    y = (codes[:, 0] ^ codes[:, 1]).astype(np.int32)
    alone = cross_fit(TargetEncoding(2), matrix(codes), y, classes=2)
    pair = cross_fit(TargetEncoding(2, columns=[], pairs=[(0, 1)]), matrix(codes), y, classes=2)
    assert abs(roc_auc_score(y, alone[:, 0]) - 0.5) < 0.2
    assert roc_auc_score(y, pair[:, 0]) == 1


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_missing_and_unseen_levels_give_finite_numbers(data, classes):
    X, targets = data
    new = FeatureMatrix(
        np.empty((2, 0), np.float32), np.array([[-1, -1], [3, 29]], np.int32), csr_matrix((2, 20)), X.schema
    )
    for encoding in every(classes):
        values = encoding.fit(X, targets[classes]).transform(new)
        assert values.dtype == np.float32
        assert values.shape == (2, len(encoding.names_))
        assert np.isfinite(values).all()
        assert len(set(encoding.names_)) == len(encoding.names_)
        assert encoding.transform(X.take(np.arange(0))).shape == (0, len(encoding.names_))


@pytest.mark.parametrize("classes", [0, 3])
def test_saved_by_skops(data, classes):
    X, targets = data
    for encoding in [*every(classes), PairCounts([(0, 1)])]:
        encoding.fit(X, targets[classes])
        written = skops.io.dumps(encoding)
        types = skops.io.get_untrusted_types(data=written)
        assert all(name.startswith(("automl_components.", "numpy.")) for name in types)
        loaded = skops.io.loads(written, trusted=types)
        np.testing.assert_array_equal(loaded.transform(X), encoding.transform(X))


# no row sees its own target


def other(target, classes):
    """Another target than the given one."""
    return target + 1000.0 if classes == 0 else (target + 1) % classes


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.int32, (60, 2), elements=st.integers(-1, 20)),
    st.sampled_from([0, 2, 3]),
    st.integers(0, 59),
    st.integers(0, 2**31),
)
def test_a_rows_own_target_does_not_change_its_features(codes, classes, row, seed):
    rng = np.random.default_rng(seed)
    texts = csr_matrix(rng.poisson(0.3, (60, 8)).astype(np.float32))
    y = rng.normal(size=60) if classes == 0 else rng.integers(0, classes, 60).astype(np.int32)
    changed = y.copy()
    changed[row] = other(y[row], classes)
    X = matrix(codes, texts)
    for encoding in every(classes):
        # folds that do not depend on the target, so that nothing but the row's own target differs
        first = cross_fit(encoding, X, y, folds=5, seed=1)[row]
        second = cross_fit(encoding, X, changed, folds=5, seed=1)[row]
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("classes", [0, 2])
def test_a_shuffled_target_cannot_be_told_from_cross_fitted_features(classes):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 500, (2000, 1))  # four rows a level: fitted on itself, each level knows its rows
    y = rng.normal(size=2000) if classes == 0 else rng.integers(0, 2, 2000).astype(np.int32)
    truth = y > np.median(y) if classes == 0 else y
    X, encoding = matrix(codes), TargetEncoding(classes)
    honest = cross_fit(encoding, X, y, classes=classes)[:, 0]
    leaky = encoding.transform(X)[:, 0]
    assert abs(roc_auc_score(truth, honest) - 0.5) < 0.05
    assert roc_auc_score(truth, leaky) > 0.7


def test_weights_that_leave_nothing_of_a_class_and_folds_of_few_rows():
    X, y = matrix([[0], [1], [0], [1], [2]]), np.array([0, 0, 0, 0, 1], np.int32)
    for encoding in (TargetEncoding(2), WeightOfEvidence(2)):
        assert np.isfinite(cross_fit(encoding, X, y, classes=2)).all()
        assert np.isfinite(cross_fit(encoding, X.take(np.array([0])), y[:1], classes=2)).all()


def test_azures_names():
    assert set(ENCODINGS) == LABEL_AWARE
    with pytest.raises(SettingsError, match="naive_bayes is for classification; text_target_encoder"):
        NaiveBayes(0)
    with pytest.raises(SettingsError, match="wo_e_target_encoder is for classification"):
        WeightOfEvidence(0)
    with pytest.raises(SettingsError, match="no sparse block"):
        NaiveBayes(2).fit(matrix([[0], [1]]), np.array([0, 1]))


def grouped(groups=60, size=8, seed=3):
    """Rows of groups that share their target and a level of their own: nothing of it helps for other groups."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups), size))
    y = rng.integers(0, 2, groups).astype(np.int32)[group]
    return matrix(group[:, None]), y, group


def test_groups_are_encoded_by_other_groups_alone():
    X, y, groups = grouped()
    leaking = cross_fit(TargetEncoding(2), X, y, classes=2)[:, 0]
    honest = cross_fit(TargetEncoding(2), X, y, classes=2, groups=groups)[:, 0]
    assert roc_auc_score(y, leaking) > 0.95  # rows of the same group tell
    assert roc_auc_score(y, honest) < 0.6


@settings(max_examples=30, deadline=None)
@given(
    codes=st.lists(st.integers(0, 6), min_size=2, max_size=40),
    folds=st.integers(2, 6),
    seed=st.integers(0, 5),
)
def test_what_a_group_is_encoded_as_does_not_depend_on_its_targets(codes, folds, seed):
    groups = np.array(codes)
    rng = np.random.default_rng(seed)
    X, y = matrix(rng.integers(0, 3, (len(codes), 1))), rng.normal(size=len(codes))
    if len(np.unique(groups)) < 2:
        return
    mine = groups == groups[0]
    changed = np.where(mine, y + 100, y)
    first = cross_fit(TargetEncoding(), X, y, folds=folds, seed=seed, groups=groups)
    second = cross_fit(TargetEncoding(), X, changed, folds=folds, seed=seed, groups=groups)
    np.testing.assert_array_equal(first[mine], second[mine])
