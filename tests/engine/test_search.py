"""The search: repeatable whatever the number of processes, resumable, and ended exactly by its limits."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from problems import folds, holdout, make

from automl_components.algorithms import ALGORITHMS
from automl_components.core.errors import RunError
from automl_components.engine.leaderboard import leaderboard
from automl_components.engine.plan import plan
from automl_components.engine.proposals import Proposals, Script
from automl_components.engine.search import Search, executed
from automl_components.engine.stopping import SearchLimits
from automl_components.engine.trial import TrialResult
from automl_components.engine.workers import Pool
from automl_components.trial_files import TrialFiles

NAMES = ["decision_tree", "knn", "bernoulli_naive_bayes", "multinomial_naive_bayes"]
TIMES = {"fit_s", "predict_s", "seconds", "started", "peak_mb", "spans"}
PROBLEM = make(rows=120, splits=holdout(120))


def algorithms(*names):
    return [ALGORITHMS[name] for name in names or NAMES]


@pytest.fixture(scope="module")
def pools(tmp_path_factory):
    """Pools of 1 and 2 workers over the same problem."""
    folder = tmp_path_factory.mktemp("shared")
    PROBLEM.share(folder)
    (folder / "two").mkdir()
    PROBLEM.share(folder / "two")
    with Pool(folder, workers=1) as one, Pool(folder / "two", workers=2) as two:
        yield {1: one, 2: two}


def make_search(
    names, limits, folder, problem=PROBLEM, finished=(), *, seconds=None, workers=1, proposals=None
):
    """A search whose files are in a folder."""
    folder.mkdir(exist_ok=True)
    chosen = plan(problem.shape, problem.splits.shape[1], bags=problem.bags, seconds=seconds, cores=workers)
    source = proposals or Proposals(problem, algorithms(*names), rounds=chosen.rounds)
    return Search(problem, algorithms(*names), chosen, limits, TrialFiles(folder), source, finished)


def run(search, pool):
    """Results, and the order in which they came."""
    order = []
    return search.run(pool, lambda result: order.append(result.number)), order


def content(results):
    """Results as JSON, without times."""
    return json.dumps([{k: v for k, v in r.to_dict().items() if k not in TIMES} for r in results])


def scripted(scores, folder, problem=PROBLEM, names=()):
    """Finished trials with the given scores, None for a failure, as an interrupted search leaves them."""
    search = make_search(names, SearchLimits(len(scores)), folder, problem)
    for number, score in enumerate(scores, start=1):
        config = search.proposals.propose(number, search.results)
        status = "Completed" if score is not None else "Failed"
        search.results[number] = TrialResult(
            number, config.algorithm, config.params, "x", status, 0, score, proposed=config.key
        )
    return list(search.results.values())


def test_two_workers_give_what_one_gives(pools, tmp_path):
    boards, contents, files = [], [], []
    for workers in (1, 2):
        search = make_search((), SearchLimits(12), tmp_path / str(workers), workers=workers)
        results, _ = run(search, pools[workers])
        assert [r.number for r in results] == list(range(1, 13))
        assert search.stop_reason == "max_trials: 12 trials were run"
        boards.append(leaderboard(results, search.metric).to_csv())
        contents.append(content(results))
        done = [r.number for r in results if r.status == "Completed"]
        files.append([(tmp_path / str(workers) / f"{n:04d}" / "oof.npy").read_bytes() for n in done])
    assert boards[0] == boards[1]
    assert contents[0] == contents[1]
    assert files[0] == files[1]


def test_two_workers_race_as_one_does(tmp_path):
    """Whether a trial is given up depends on the trials before it, whoever was faster."""
    problem = make(rows=1200, splits=folds(1200, 3), noise=0.3)
    names, found = ["light_gbm", "logistic_regression", "bernoulli_naive_bayes", "decision_tree", "sgd"], []
    for workers in (1, 2):
        shared = tmp_path / f"shared-{workers}"
        problem.share(shared)
        search = make_search(names, SearchLimits(9), tmp_path / str(workers), problem, workers=workers)
        with Pool(shared, workers=workers) as pool:
            results, _ = run(search, pool)
        assert {r.status for r in results} == {"Completed", "Pruned"}
        pruned = [r for r in results if r.status == "Pruned"]
        assert all(r.score is None and len(r.fold_scores) == 1 for r in pruned)
        found.append(content(results))
    assert found[0] == found[1]


def test_two_workers_weigh_classes_as_one_does(tmp_path):
    problem = make(rows=240, splits=folds(240, 3), primary_metric="AUC_weighted")
    problem = replace(problem, target=((problem.target == 1) & (np.arange(240) % 4 == 0)).astype(np.int32))
    names, found = ["logistic_regression", "decision_tree", "bernoulli_naive_bayes", "knn"], []
    for workers in (1, 2):
        problem.share(tmp_path / f"shared-{workers}")
        search = make_search(names, SearchLimits(8), tmp_path / str(workers), problem, workers=workers)
        with Pool(tmp_path / f"shared-{workers}", workers=workers) as pool:
            results, _ = run(search, pool)
        assert results[-1].status == "Completed"
        assert results[-1].pipeline == "StandardScaler, balanced LogisticRegression"
        found.append(content(results))
    assert found[0] == found[1]


def test_a_script_repeats_what_the_clock_decided(tmp_path):
    problem = make(rows=3000, splits=folds(3000, 3))
    problem.share(tmp_path / "shared")
    names = ["light_gbm", "cat_boost", "logistic_regression"]
    with Pool(tmp_path / "shared", workers=2) as pool:
        pool.wait_ready()
        first = make_search(names, SearchLimits(100), tmp_path / "first", problem, seconds=4.0, workers=2)
        results, _ = run(first, pool)
        records = json.loads(json.dumps(executed(results)))
        assert records
        again = make_search(
            names, SearchLimits(records[-1]["number"]), tmp_path / "again", problem, workers=2,
            proposals=Script(problem, records),
        )  # fmt: skip
        repeated, _ = run(again, pool)
    completed = [r for r in results if r.status == "Completed"]
    assert [r.number for r in repeated] == [r.number for r in completed]
    for before, after in zip(completed, repeated, strict=True):
        assert after.score == before.score
        np.testing.assert_array_equal(
            TrialFiles(tmp_path / "again").out_of_fold(after.number),
            TrialFiles(tmp_path / "first").out_of_fold(before.number),
        )


def test_finished_splits_of_an_interrupted_trial_are_kept(pools, tmp_path):
    whole = make_search((), SearchLimits(1), tmp_path / "whole")
    results, _ = run(whole, pools[1])
    note = tmp_path / "whole" / "0001" / "split-0.json"
    changed = json.loads(note.read_text())
    changed["fold"]["pipeline"] = "kept"
    note.write_text(json.dumps(changed))
    (tmp_path / "whole" / "0001" / "oof.npy").unlink()
    again, _ = run(make_search((), SearchLimits(1), tmp_path / "whole"), pools[1])
    assert again[0].pipeline == "kept"
    assert again[0].score == results[0].score
    changed["key"] = "of another configuration"
    note.write_text(json.dumps(changed))
    again, _ = run(make_search((), SearchLimits(1), tmp_path / "whole"), pools[1])
    assert again[0].pipeline == results[0].pipeline


@pytest.mark.parametrize("kept", [{1, 2}, {1, 2, 3, 4, 5}, {1, 3}, {1, 2, 3, 4, 6}])
def test_a_resumed_search_ends_like_an_uninterrupted_one(pools, tmp_path, kept):
    whole, _ = run(make_search((), SearchLimits(8), tmp_path / "whole"), pools[1])
    partial = [TrialResult(**json.loads(json.dumps(r.to_dict()))) for r in whole if r.number in kept]
    again, order = run(make_search((), SearchLimits(8), tmp_path / "again", finished=partial), pools[1])
    assert content(again) == content(whole)
    assert set(order) == set(range(1, 9)) - kept


def test_a_search_is_not_continued_with_other_algorithms(tmp_path):
    finished = scripted([0.4, 0.3], tmp_path)
    with pytest.raises(
        RunError, match=r"its trial 1 was knn, now it would be \w+ with other parameters; install"
    ):
        make_search(NAMES[2:], SearchLimits(4), tmp_path, finished=finished)


def test_another_seed_is_another_search(tmp_path):
    def draws(problem):
        finished = scripted([0.4, 0.3, 0.5, 0.6, 0.5, 0.5], tmp_path, problem)
        search = make_search((), SearchLimits(9), tmp_path, problem, finished)
        return [search.proposals.propose(number, search.results) for number in range(5, 10)]

    assert draws(PROBLEM) == draws(PROBLEM)
    assert draws(PROBLEM) != draws(replace(PROBLEM, seed=6))


def test_a_used_up_space_ends_the_search(pools, tmp_path):
    tiny = replace(ALGORITHMS["decision_tree"], defaults=lambda task, shape: {"max_depth": 1}, space=Coin())
    search = make_search((), SearchLimits(10), tmp_path, proposals=Proposals(PROBLEM, [tiny]))
    results, _ = run(search, pools[2])
    assert [r.params["max_depth"] for r in results] == [1, 2]
    assert search.stop_reason == "search spaces: no new configuration was found for trial 3"


class Coin:
    """A space with two configurations."""

    def __call__(self, task, shape):
        from automl_components.algorithms.spaces import choice

        return {"max_depth": choice(1, 2)}


def early(pools, scores, **changes):
    limits, folder = SearchLimits(len(scores), **changes), pools[1].folder / "never"
    search = make_search((), limits, folder, finished=scripted(scores, folder))
    results, order = run(search, pools[1])
    assert not order
    return len(results), search.stop_reason


def test_early_termination_is_azures_rule(pools):
    """No look at the first 20 trials, a window of 10, so trial 31 is the first that can end it."""
    flat = [0.5] * 60
    assert early(pools, flat)[0] == 31
    assert early(pools, flat, early_termination=False)[0] == 60
    for better in (15, 20, 21):  # unchanged over trials 22 .. 31
        scores = flat.copy()
        scores[better - 1] = 0.4
        assert early(pools, scores) == (31, f"early termination: no better score since trial {better}")
    for better in (22, 25, 31, 40):  # ten trials after the last better one
        scores = flat.copy()
        scores[better - 1] = scores[20] = 0.4
        scores[better - 1] = 0.3
        expected = max(31, better + 10) if better <= 31 else 31
        assert early(pools, scores)[0] == expected
    assert early(pools, flat[:30])[1] == "max_trials: 30 trials were run"


def test_equal_scores_are_no_improvement_and_worse_ones_neither(pools):
    assert early(pools, [0.3, *[0.5, 0.3] * 30])[0] == 31
    falling = [1 - n / 100 for n in range(50)]
    assert early(pools, falling)[0] == 50  # log loss falls: always better


def test_exit_score_in_both_directions(pools, tmp_path):
    scores = [0.9, 0.7, 0.5, 0.6, 0.4]
    assert early(pools, scores, exit_score=0.5) == (3, "exit_score: 0.5 was reached by trial 3")
    assert early(pools, scores, exit_score=0.1)[0] == 5
    problem = replace(PROBLEM, primary_metric="accuracy")
    finished = scripted([0.5, 0.7, 0.85, 0.9, 0.2], tmp_path, problem)
    search = make_search((), SearchLimits(5, exit_score=0.8), tmp_path, problem, finished)
    results, _ = run(search, pools[1])
    assert len(results) == 3


def test_trials_after_the_cut_are_forgotten(pools, tmp_path):
    found = {}
    for workers in (1, 2):
        limits = SearchLimits(30, exit_score=1e9)  # the first score will do
        search = make_search((), limits, tmp_path / str(workers), workers=workers)
        results, _ = run(search, pools[workers])
        found[workers] = content(results)
        assert len(results) == 1
    assert found[1] == found[2]


def test_fewer_trials_than_are_finished(pools, tmp_path):
    finished = scripted([0.5, 0.4, 0.3, 0.2, 0.1], tmp_path)
    results, _ = run(make_search((), SearchLimits(3), tmp_path, finished=finished), pools[1])
    assert [r.number for r in results] == [1, 2, 3]


def test_a_gap_ends_no_search(pools, tmp_path):
    """Trial 3 reached the score, but trial 2 has not been run: one worker would have run it."""
    finished = [r for r in scripted([0.9, 0.8, 0.1], tmp_path) if r.number != 2]
    search = make_search((), SearchLimits(9, exit_score=0.15), tmp_path / "out", finished=finished)
    results, order = run(search, pools[1])
    assert order == [2]
    assert [r.number for r in results] == [1, 2, 3]


def test_the_time_limit_holds(tmp_path):
    problem = make(rows=3000, splits=folds(3000, 5))
    problem.share(tmp_path / "shared")
    names = ["light_gbm", "random_forest"]
    with Pool(tmp_path / "shared") as pool:
        pool.wait_ready()
        search = make_search(names, SearchLimits(1000), tmp_path / "out", problem, seconds=4.0)
        started = time.monotonic()
        results, _ = run(search, pool)
        assert time.monotonic() - started < 4.0 + 2 + 1  # the limit, the grace, and a busy machine
        assert any(r.status == "Completed" for r in results)
        assert search.stop_reason.startswith("timeout: ")
        assert results[0].started > 1e9
        spent = make_search(
            names,
            SearchLimits(1000),
            tmp_path / "spent",
            problem,
            [replace(results[0], seconds=5.0)],
            seconds=4.0,
        )
        _, order = run(spent, pool)
        assert not order  # an earlier process has used the time


def test_trials_that_hang_end_with_the_time(tmp_path):
    """Every fit hangs in C, where no callback looks at the clock: the search ends all the same, and says why."""
    problem = replace(PROBLEM, primary_metric="problems:hangs_in_c")
    problem.share(tmp_path / "shared")
    with Pool(tmp_path / "shared") as pool:
        pool.wait_ready()
        search = make_search((), SearchLimits(9), tmp_path / "out", problem, seconds=3.0)
        started = time.monotonic()
        results, _ = run(search, pool)
        assert time.monotonic() - started < 3.0 + 2 + 3  # the limit, the grace, and a busy machine
    assert results
    assert {r.status for r in results} <= {"TimedOut", "Canceled"}
    assert results[0].error["stage"] == "fit"
    assert search.stop_reason.startswith("timeout: ")


def test_one_split_is_enough_for_a_model(tmp_path):
    """The time is up after the first split of the first trial: it is the model, not an error."""
    problem = make(rows=400, splits=folds(400, 3))
    problem.share(tmp_path / "shared")
    search = make_search(["light_gbm", "knn"], SearchLimits(9), tmp_path / "out", problem, seconds=60.0)
    left = iter([60.0, 60.0])
    search._left = lambda elapsed: next(left, 0.0)
    with Pool(tmp_path / "shared") as pool:
        results, _ = run(search, pool)
    assert [(r.status, len(r.fold_scores)) for r in results] == [("Completed", 1)]
    kept = TrialFiles(tmp_path / "out")
    known = np.isfinite(kept.out_of_fold(1)).all(axis=1)
    np.testing.assert_array_equal(known, problem.splits[:, 0] == 0)
    assert len(kept.learners(1)) == 1
    records = json.loads(json.dumps(executed(results)))
    assert records[0]["parts"] == [0]
    script = make_search(
        ["light_gbm"], SearchLimits(1), tmp_path / "again", problem, proposals=Script(problem, records)
    )
    with Pool(tmp_path / "shared") as pool:
        repeated, _ = run(script, pool)
    assert repeated[0].parts == [0]
    assert repeated[0].score == results[0].score
    np.testing.assert_array_equal(TrialFiles(tmp_path / "again").out_of_fold(1), kept.out_of_fold(1))


def test_when_every_trial_fails_each_says_why(tmp_path):
    problem = replace(PROBLEM, primary_metric="problems:raises")
    problem.share(tmp_path / "shared")
    with Pool(tmp_path / "shared") as pool:
        search = make_search((), SearchLimits(7), tmp_path / "out", problem)
        results, _ = run(search, pool)
    assert len(results) == 7
    assert {r.status for r in results} == {"Failed"}
    assert all("no trials today" in r.error["message"] and r.score is None for r in results)
    assert len(leaderboard(results, search.metric)) == 7


def test_an_undefined_metric_is_a_failure(tmp_path):
    problem = make(rows=60, splits=holdout(60), primary_metric="AUC_weighted")
    problem = replace(problem, target=np.where(np.arange(60) % 4 == 0, 1, problem.target).astype(np.int32))
    problem.share(tmp_path / "shared")
    with Pool(tmp_path / "shared") as pool:
        results, _ = run(make_search(["decision_tree"], SearchLimits(1), tmp_path / "out", problem), pool)
    assert results[0].status == "Failed"
    assert results[0].error["message"] == "AUC_weighted is undefined on every split"
