"""Memory estimated before a fit: what does not fit is made smaller, or left out with the reason."""

from dataclasses import replace

import numpy as np
import pytest
from problems import defaults, holdout, make
from scipy import sparse

from automl_components.algorithms import ALGORITHMS
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.engine.memory import BASE, LEAST_ROWS, fit_bytes, fit_into
from automl_components.engine.plan import plan
from automl_components.engine.proposals import Proposals
from automl_components.engine.search import Search
from automl_components.engine.stopping import SearchLimits
from automl_components.engine.trial import Config, fit_fold, sampled
from automl_components.engine.workers import Pool
from automl_components.trial_files import TrialFiles

MB = 2**20


def wide(rows=30_000, columns=40, codes=2, *, task="classification", text=0):
    """A problem whose arrays are as large as they say; nothing is learnt from them."""
    schema = FeatureSchema(
        tuple(f"n{i}" for i in range(columns)), tuple(f"c{i}" for i in range(codes)), (30,) * codes,
        tuple(f"t{i}" for i in range(text)),
    )  # fmt: skip
    block = sparse.random(rows, text, 0.01, "csr", np.float32, np.random.default_rng(0)) if text else None
    features = FeatureMatrix(
        np.zeros((rows, columns), np.float32), np.zeros((rows, codes), np.int32), block, schema
    )
    target = np.arange(rows) % 2
    problem = make(rows=rows, splits=holdout(rows))
    return replace(problem, features=features, target=target.astype(np.int32))


def config(problem, name, **params):
    return Config(name, defaults(name, problem) | params)


@pytest.mark.parametrize("name", [name for name, a in ALGORITHMS.items() if "classification" in a.estimators])
def test_more_of_anything_needs_more(name):
    small, rows, columns = wide(), wide(rows=90_000), wide(columns=160)
    one = fit_bytes(small, config(small, name))
    assert one > 30_000 * 42 * 4  # the rows at least
    assert fit_bytes(rows, config(small, name)) > one
    assert fit_bytes(columns, config(small, name)) > one
    assert fit_bytes(small, config(small, name, rows=10_000)) < one


def test_sparse_text_is_never_counted_as_dense():
    problem = wide(rows=20_000, columns=1, text=10_000)
    dense = 20_000 * 10_000 * 4
    for name in ("logistic_regression", "cat_boost", "knn"):
        assert fit_bytes(problem, config(problem, name)) < dense / 4


def test_what_fits_is_left_as_it_is():
    problem = wide()
    for name in ("light_gbm", "random_forest", "logistic_regression"):
        wanted = config(problem, name)
        assert fit_into(problem, wanted, 1e12) is wanted


@pytest.mark.parametrize(
    ("name", "changed"),
    [("light_gbm", {"max_bin", "num_leaves"}), ("cat_boost", {"border_count", "depth"}),
     ("xg_boost_classifier", {"max_bin", "max_depth"}), ("random_forest", {"n_estimators", "min_samples_leaf"})],
)  # fmt: skip
def test_a_family_is_made_smaller_in_its_own_way(name, changed):
    problem = wide(rows=100_000, columns=400)
    wanted = config(problem, name)
    needs = BASE + fit_bytes(problem, wanted)
    for share in (0.9, 0.75, 0.6):
        found = fit_into(problem, wanted, share * needs)
        assert BASE + fit_bytes(problem, found) <= share * needs
        assert found.possible
        different = {key for key in found.params if found.params[key] != wanted.params.get(key)}
        assert different <= changed | {"rows"}
        assert f"made smaller for {share * needs / MB:,.0f} MB" in found.note
        assert found.key != wanted.key


def test_fewer_rows_and_then_none():
    problem = wide(rows=200_000)
    wanted = config(problem, "logistic_regression")
    needs = fit_bytes(problem, wanted)
    found = fit_into(problem, wanted, BASE + 0.6 * needs)
    assert found.possible
    assert LEAST_ROWS <= found.params["rows"] < 150_000
    nothing = fit_into(problem, wanted, BASE + 1 * MB)
    assert not nothing.possible
    assert nothing.params == wanted.params
    assert (
        nothing.note == f"needs about {(BASE + needs) / MB:,.0f} MB, a trial may use {BASE / MB + 1:,.0f} MB"
    )


def test_a_sample_is_the_same_for_all_and_has_every_class():
    problem = make(rows=4000, splits=holdout(4000))
    target = problem.target.copy()
    target[1] = 2
    problem = replace(problem, target=target, classes=["a", "b", "c"])
    train = np.flatnonzero(problem.splits[:, 0] == 1)
    one = sampled(problem, train, Config("knn", {"rows": 500}))
    assert 500 <= len(one) <= 503
    assert set(one) <= set(train)
    assert (np.diff(one) > 0).all()
    assert set(target[one]) == {0, 1, 2}
    np.testing.assert_array_equal(one, sampled(problem, train, Config("light_gbm", {"rows": 500})))
    assert sampled(problem, train, Config("knn", {})) is train
    fold, learner, _ = fit_fold(
        problem, Config("light_gbm", defaults("light_gbm", problem) | {"rows": 500}), 0
    )
    assert fold.params["rows"] == 500
    assert "rows" not in learner.estimator_.model.params


def test_the_plan_shares_memory_out_and_never_looks_at_what_is_free():
    shape = make().shape
    one, two = (plan(shape, 3, bags=True, seconds=60, cores=cores, memory_bytes=8e9) for cores in (1, 2))
    assert one.memory_mb == int(8e9 / MB)
    assert two.memory_mb == int(8e9 / 2 / MB)
    assert "MB for a trial" in two.reasons[-1]
    assert plan(shape, 3, bags=True, seconds=60, cores=2).memory_mb is None


def test_a_search_records_what_was_made_smaller_and_what_was_left_out(tmp_path):
    problem = make(rows=12_000, splits=holdout(12_000))
    names = ["light_gbm", "random_forest", "decision_tree"]
    algorithms = [ALGORITHMS[name] for name in names]
    memory = (BASE + 16 * MB) / MB
    source = Proposals(problem, algorithms, rounds=20, memory_mb=memory)
    problem.share(tmp_path / "shared")
    (tmp_path / "out").mkdir()
    chosen = plan(problem.shape, 1, bags=False, seconds=None, cores=1)
    search = Search(problem, algorithms, chosen, SearchLimits(12), TrialFiles(tmp_path / "out"), source)
    with Pool(tmp_path / "shared") as pool:
        results = search.run(pool, lambda result: None)
    left_out = [r for r in results if (r.error or {}).get("type") == "NoMemory"]
    assert "light_gbm" in {r.algorithm for r in left_out}
    assert all(r.status == "Canceled" and "a trial may use 272 MB" in r.note for r in left_out)
    smaller = [r for r in results if r.status == "Completed" and r.algorithm == "random_forest"]
    assert smaller
    assert "made smaller for 272 MB" in smaller[0].note
