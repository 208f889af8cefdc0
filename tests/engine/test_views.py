"""Views: what each kind of learner is fed."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from threadpoolctl import threadpool_limits

from automl_components.core.errors import SettingsError
from automl_components.engine import views
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.engine.views import TableView, TreeView

SCALERS = [
    "StandardScaler",
    "MinMaxScaler",
    "MaxAbsScaler",
    "RobustScaler",
    "PCA",
    "TruncatedSVD",
    "Normalizer",
    "none",
]
KINDS = [("dense", scaler) for scaler in SCALERS] + [("nonnegative", "none"), ("binary", "none")]


def matrix(numeric, codes=None, words=None, levels=()):
    numeric = np.asarray(numeric, dtype=np.float32)
    codes = np.empty((len(numeric), 0)) if codes is None else codes
    schema = FeatureSchema(
        tuple(f"n{i}" for i in range(numeric.shape[1])),
        tuple(f"c{i}" for i in range(len(levels))),
        tuple(levels),
        () if words is None else tuple(f"t{i}" for i in range(words.shape[1])),
    )
    return FeatureMatrix(numeric, np.asarray(codes, dtype=np.int32), words, schema)


def mixed(rows=80, words=True, seed=0):
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, 3)) * [1, 100, 1e-3]
    numeric[rng.random((rows, 3)) < 0.1] = np.nan
    codes = np.column_stack([rng.integers(-1, 4, rows), rng.integers(-1, 90, rows)])
    block = sparse.random(rows, 20, 0.2, format="csr", dtype=np.float32, random_state=seed)
    return matrix(numeric, codes, block if words else None, levels=(4, 90))


def dense(result):
    return result.toarray() if sparse.issparse(result) else np.asarray(result)


def test_tree_view_keeps_gaps_and_codes():
    X = matrix([[1.5, np.nan], [0, 2]], [[2, -1], [0, 1]], levels=(3, 2))
    view = TreeView().fit(X)
    np.testing.assert_array_equal(view.transform(X), [[1.5, np.nan, 2, np.nan], [0, 2, 0, 1]])
    assert view.categories_ == [2, 3]
    assert view.transform(X).dtype == np.float32


def test_tree_view_leaves_out_markers_of_the_gaps_it_keeps():
    nan = np.nan
    rows = [[nan, 1, 5, 1, 0], [2, 0, 6, 0, 1], [nan, 1, 7, 0, nan]]
    schema = FeatureSchema(("x", "x_WASNULL", "y", "y_WASNULL", "z_WASNULL"))  # y was filled, z is no column
    X = FeatureMatrix(np.array(rows, np.float32), np.empty((3, 0), np.int32), None, schema)
    seen = TreeView().fit(X).transform(X)
    np.testing.assert_array_equal(seen, np.array(rows, np.float32)[:, [0, 2, 3, 4]])
    assert TreeView(missing=False).fit(X).transform(X).shape == (3, 5)  # medians hide the gaps
    later = FeatureMatrix(np.array([[nan, 0, 1, 1, 1]], np.float32), X.codes[:1], None, schema)
    assert TreeView().fit(X).transform(later).shape == (1, 4)


def test_tree_view_appends_words():
    words = sparse.csr_matrix(np.array([[0, 3], [0, 0]], dtype=np.float32))
    X = matrix([[0.0], [np.nan]], [[0], [1]], words, levels=(2,))
    table = TreeView().fit(X).transform(X)
    assert sparse.issparse(table)
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table.toarray(), [[0, 0, 0, 3], [np.nan, 1, 0, 0]])


def test_tree_view_without_gaps_takes_medians_of_the_training_rows():
    view = TreeView(missing=False).fit(matrix([[1], [5], [9], [np.nan]], [[0], [0], [1], [1]], levels=(2,)))
    np.testing.assert_array_equal(
        view.transform(matrix([[np.nan], [7]], [[-1], [1]], levels=(2,))), [[5, -1], [7, 1]]
    )


def test_tree_view_as_a_frame_has_the_same_categories_for_any_rows():
    X = mixed()
    view = TreeView(frame=True).fit(X)
    table, row = view.transform(X), view.transform(X.take(np.array([3])))
    assert [isinstance(kind, pd.CategoricalDtype) for kind in table.dtypes[:6]] == [False] * 3 + [
        True
    ] * 2 + [False]
    assert (table.dtypes == row.dtypes).all()
    assert not table.iloc[:, 3:].isna().any(axis=None)
    pd.testing.assert_frame_equal(table.iloc[[3]].reset_index(drop=True), row)


def test_sparse_block_is_reduced_where_the_estimator_takes_none():
    X = mixed()
    for result in (TreeView(sparse=False).fit(X).transform(X), TableView(sparse=False).fit(X).transform(X)):
        assert isinstance(result, np.ndarray)
    assert TreeView(sparse=False).fit(X).transform(X).shape == (80, 5 + 20)
    nothing = matrix([[1.0], [2.0]], words=sparse.csr_matrix((2, 5), dtype=np.float32))
    assert np.isfinite(TreeView(sparse=False).fit(nothing).transform(nothing)).all()


def test_table_view_by_hand():
    train = matrix([[1.0], [3.0], [np.nan], [8.0]], [[0], [1], [1], [-1]], levels=(2,))
    table = TableView().fit(train).transform(train)
    filled = np.array([1, 3, 3, 8])  # the median of 1, 3, 8
    scaled = (filled - filled.mean()) / filled.std()
    np.testing.assert_allclose(table[:, 0], scaled, rtol=1e-6)
    np.testing.assert_array_equal(table[:, 1:], [[0, 1, 0], [0, 0, 1], [0, 0, 1], [1, 0, 0]])
    other = TableView().fit(train).transform(matrix([[1e9]], [[0]], levels=(2,)))
    assert other[0, 0] == 20  # cut: no single value decides


def test_many_levels_share_a_column_and_leave_their_frequency():
    codes = np.r_[np.repeat(np.arange(50), 4), np.arange(50, 80)][:, None]
    X = matrix(np.zeros((len(codes), 0)), codes, levels=(100,))
    view = TableView("dense", "none").fit(X)
    unseen = matrix(np.zeros((2, 0)), [[99], [-1]], levels=(100,))
    table = view.transform(X)
    assert table.shape[1] == 1 + 51
    np.testing.assert_allclose(table[:, 0], np.r_[np.full(200, 4), np.ones(30)] / 230, rtol=1e-6)
    np.testing.assert_array_equal(table[:, 1:].sum(axis=1), 1)
    assert table[200:, -1].all()
    np.testing.assert_array_equal(view.transform(unseen), np.tile(np.r_[np.zeros(51), 1.0], (2, 1)))


@pytest.mark.parametrize(("kind", "scaler"), KINDS)
@pytest.mark.parametrize("takes_sparse", [True, False])
@pytest.mark.parametrize("words", [True, False])
def test_every_table_view(kind, scaler, takes_sparse, words):
    X = mixed(words=words)
    view = TableView(kind, scaler, takes_sparse).fit(X)
    result = view.transform(X)
    table = dense(result)
    assert np.isfinite(table).all()
    assert result.dtype == np.float32
    projected = kind == "dense" and scaler in ("PCA", "TruncatedSVD")
    assert sparse.issparse(result) == (words and takes_sparse and not projected)
    if kind == "nonnegative" and (takes_sparse or not words):
        assert table.min() == 0
        assert table.max() == 1
    if kind == "binary" and (takes_sparse or not words):
        assert set(np.unique(table)) == {0, 1}
    if scaler == "Normalizer":
        np.testing.assert_allclose(np.linalg.norm(table, axis=1), 1, rtol=1e-5)
    some = np.array([5, 70, 2])  # a row's numbers do not depend on the rows beside it
    np.testing.assert_allclose(dense(view.transform(X.take(some))), table[some], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "scaler"), KINDS)
def test_views_without_numbers_or_of_one_column(kind, scaler):
    only_codes = matrix(np.zeros((6, 0)), [[0], [1], [0], [1], [-1], [0]], levels=(2,))
    only_number = matrix([[0.0], [1], [2], [np.nan], [5], [1]])
    for X in (only_codes, only_number):
        assert np.isfinite(dense(TableView(kind, scaler).fit(X).transform(X))).all()


@settings(max_examples=30, deadline=None)
@given(
    numeric=arrays(np.float32, (12, 2), elements=st.floats(width=32, allow_infinity=False)),
    new=arrays(np.float32, (3, 2), elements=st.floats(width=32, allow_infinity=False)),
    kind=st.sampled_from(KINDS),
)
@example(np.zeros((12, 2), np.float32), np.ones((3, 2), np.float32), ("dense", "PCA"))
@example(np.zeros((12, 2), np.float32), np.ones((3, 2), np.float32), ("dense", "TruncatedSVD"))
def test_any_numbers_become_finite(numeric, new, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        view = TableView(*kind).fit(matrix(numeric))
        assert np.isfinite(view.transform(matrix(new))).all()


@pytest.mark.parametrize("view", [TreeView(), TreeView(sparse=False), TreeView(frame=True), TableView(),
                                  TableView(sparse=False), TableView("dense", "PCA"), TableView("binary"),
                                  TableView("dense", "TruncatedSVD"), TableView("nonnegative")])  # fmt: skip
def test_wide_words_are_never_made_dense(view):
    rows, columns = 1_000, 30_000
    rng = np.random.default_rng(0)
    places = rng.integers(0, [[rows], [columns]], (2, 3_000))
    words = sparse.csr_matrix((np.ones(3_000, np.float32), places), (rows, columns))
    X = matrix(np.zeros((rows, 1)), words=words)
    tracemalloc.start()
    with threadpool_limits(1):
        view.fit(X).transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < rows * columns * 4 / 2  # components x columns is the most that anything needs


@pytest.mark.parametrize("takes_sparse", [True, False])
def test_a_single_word(takes_sparse):
    words = sparse.csr_matrix(np.array([[0], [2], [0]], dtype=np.float32))
    X = matrix([[1.0], [2], [3]], words=words)
    tree = dense(TreeView(sparse=takes_sparse).fit(X).transform(X))
    np.testing.assert_array_equal(tree, [[1, 0], [2, 2], [3, 0]])
    table = dense(TableView("dense", "none", takes_sparse).fit(X).transform(X))
    np.testing.assert_array_equal(table, [[1, 0], [2, 1], [3, 0]])


def test_a_large_table_stays_sparse(monkeypatch):
    X = mixed(words=False)
    assert TableView().fit(X).layout_ == "dense"
    expected = TableView().fit(X).transform(X)
    monkeypatch.setattr(views, "DENSE_BYTES", 0)
    result = TableView().fit(X).transform(X)
    assert sparse.issparse(result)
    np.testing.assert_allclose(result.toarray(), expected)
    reduced = TableView(sparse=False).fit(X).transform(X)
    assert reduced.shape == (80, 4 + 32)
    numbers_only = matrix(np.ones((5, 3)))  # numbers take more room in a sparse matrix, not less
    assert TableView().fit(numbers_only).layout_ == "dense"


def test_unknown_scaler_is_refused():
    with pytest.raises(SettingsError, match="unknown scaler 'MinMaxScalar'; did you mean 'MinMaxScaler'"):
        TableView("dense", "MinMaxScalar")


WEIGHTED = [("dense", "StandardScaler"), ("dense", "MinMaxScaler"), ("dense", "MaxAbsScaler"),
            ("dense", "none"), ("nonnegative", "none"), ("binary", "none")]  # fmt: skip


@pytest.mark.parametrize(("kind", "scaler"), [*WEIGHTED, ("dense", "RobustScaler")])
def test_whole_weights_are_as_many_rows(kind, scaler):
    X = mixed(rows=81, words=False)
    weights = np.random.default_rng(2).integers(1, 5, 81)
    repeated = X.take(np.repeat(np.arange(81), weights))
    view = TableView(kind, scaler).fit(X, weights / weights.mean())
    other = TableView(kind, scaler).fit(repeated)
    if scaler == "RobustScaler":  # scikit-learn's quartiles lie between rows, weighted ones on them
        filled = other.numeric_.named_steps["simpleimputer"].transform(other._raw(repeated))
        low, middle, high = np.quantile(filled, [0.25, 0.5, 0.75], axis=0, method="averaged_inverted_cdf")
        robust = view.numeric_.named_steps["robustscaler"]
        np.testing.assert_allclose(robust.scale_, np.where(high > low, high - low, 1), rtol=1e-5)
        np.testing.assert_allclose(robust.center_, middle, rtol=1e-5)
        return
    numbers = 4  # and the share of a level; which levels get columns follows the rows
    expected = other.transform(X)
    np.testing.assert_allclose(view.transform(X)[:, :numbers], expected[:, :numbers], rtol=1e-4, atol=1e-5)


def test_tree_medians_follow_weights():
    X = matrix([[1], [5], [9], [np.nan]])
    view = TreeView(missing=False).fit(X, np.array([5.0, 1, 1, 1]))
    assert view.transform(X)[3, 0] == 1
