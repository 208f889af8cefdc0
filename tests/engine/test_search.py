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
from automl_components.engine.search import Search, SearchLimits
from automl_components.engine.trial import TrialResult
from automl_components.engine.workers import Pool

NAMES = ["decision_tree", "knn", "bernoulli_naive_bayes", "multinomial_naive_bayes"]
TIMES = {"fit_s", "predict_s", "seconds", "started", "peak_mb"}
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


def run(search, pool, folder):
    """Results, and the order in which they came."""
    folder.mkdir(exist_ok=True)
    order = []

    def request(number, config):
        return {
            "algorithm": config.algorithm,
            "params": config.params,
            "threads": 1,
            "out": str(folder / f"{number}.npy"),
        }

    return search.run(pool, request, lambda result: order.append(result.number)), order


def content(results):
    """Results as JSON, without times."""
    return json.dumps([{k: v for k, v in r.to_dict().items() if k not in TIMES} for r in results])


def scripted(scores, problem=PROBLEM, names=NAMES):
    """Finished trials with the given scores, None for a failure, as an interrupted search leaves them."""
    search = Search(problem, algorithms(*names), SearchLimits(len(scores)))
    results = []
    for number, score in enumerate(scores, start=1):
        config = search.propose(number)
        status = "Completed" if score is not None else "Failed"
        results.append(TrialResult(number, config.algorithm, config.params, "x", status, 0, score))
        search.results[number] = results[-1]
    return results


def test_two_workers_give_what_one_gives(pools, tmp_path):
    boards, contents, files = [], [], []
    for workers in (1, 2):
        search = Search(PROBLEM, algorithms(), SearchLimits(12))
        results, _ = run(search, pools[workers], tmp_path / str(workers))
        assert [r.number for r in results] == list(range(1, 13))
        assert search.stop_reason == "max_trials: 12 trials were run"
        boards.append(leaderboard(results, search.metric).to_csv())
        contents.append(content(results))
        files.append([(tmp_path / str(workers) / f"{n}.npy").read_bytes() for n in range(1, 13)])
    assert boards[0] == boards[1]
    assert contents[0] == contents[1]
    assert files[0] == files[1]


@pytest.mark.parametrize("kept", [{1, 2}, {1, 2, 3, 4, 5}, {1, 3}, {1, 2, 3, 4, 6}])
def test_a_resumed_search_ends_like_an_uninterrupted_one(pools, tmp_path, kept):
    whole, _ = run(Search(PROBLEM, algorithms(), SearchLimits(8)), pools[1], tmp_path / "whole")
    partial = [TrialResult(**json.loads(json.dumps(r.to_dict()))) for r in whole if r.number in kept]
    again, order = run(Search(PROBLEM, algorithms(), SearchLimits(8), partial), pools[1], tmp_path / "again")
    assert content(again) == content(whole)
    assert set(order) == set(range(1, 9)) - kept


def test_a_search_is_not_continued_with_other_algorithms():
    finished = scripted([0.4, 0.3])
    with pytest.raises(RunError, match=rf"its trial 1 was {NAMES[0]}, now it would be {NAMES[1]}; install"):
        Search(PROBLEM, algorithms(*NAMES[1:]), SearchLimits(4), finished)


def test_another_seed_is_another_search():
    def draws(problem):
        finished = scripted([0.4, 0.3, 0.5, 0.6], problem)
        search = Search(problem, algorithms(), SearchLimits(9), finished)
        return [search.propose(number) for number in range(5, 10)]

    assert draws(PROBLEM) == draws(PROBLEM)
    assert draws(PROBLEM) != draws(replace(PROBLEM, seed=6))


def test_defaults_come_first_and_failed_algorithms_are_not_drawn():
    search = Search(PROBLEM, algorithms(), SearchLimits(50), scripted([0.4, None, 0.5, None]))
    for number, name in enumerate(NAMES, start=1):
        assert search.propose(number).params == ALGORITHMS[name].defaults("classification", PROBLEM.shape)
    drawn = [search.propose(number).algorithm for number in range(5, 51)]
    assert set(drawn) == {"decision_tree", "bernoulli_naive_bayes"}
    assert drawn.count("decision_tree") > drawn.count("bernoulli_naive_bayes")  # the better one: log loss


def test_no_configuration_runs_twice():
    search = Search(PROBLEM, algorithms("knn"), SearchLimits(2000), scripted([0.4], names=["knn"]))
    proposals = [search.propose(number) for number in range(1, 400)]
    keys = [config.key for config in proposals if config is not None]
    assert len(keys) == len(set(keys)) > 100
    replayed = Search(PROBLEM, algorithms("knn"), SearchLimits(2000), scripted([0.4], names=["knn"]))
    assert replayed.propose(300) == proposals[299]  # asked for in any order


class Coin:
    """A space with two configurations."""

    def __call__(self, task, shape):
        from automl_components.algorithms.spaces import choice

        return {"max_depth": choice(1, 2)}


def test_a_used_up_space_ends_the_search(pools, tmp_path):
    tiny = replace(ALGORITHMS["decision_tree"], defaults=lambda task, shape: {"max_depth": 1}, space=Coin())
    search = Search(PROBLEM, [tiny], SearchLimits(10))
    results, _ = run(search, pools[2], tmp_path / "out")
    assert [r.params["max_depth"] for r in results] == [1, 2]
    assert search.stop_reason == "search spaces: no new configuration was found for trial 3"


def early(pools, scores, **changes):
    limits = SearchLimits(len(scores), **changes)
    search = Search(PROBLEM, algorithms(), limits, scripted(scores))
    results, order = run(search, pools[1], pools[1].folder / "never")
    assert not order
    return len(results), search.stop_reason


def test_early_termination_is_azures_rule(pools):
    """No look at the first 20 trials, a window of 10, so trial 31 is the first that can end it."""
    flat = [0.5] * 60
    assert early(pools, flat)[0] == 31
    assert early(pools, flat, early_termination=False)[0] == 60
    assert early(pools, [None] * 40)[0] == 31
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
    search = Search(
        problem, algorithms(), SearchLimits(5, exit_score=0.8), scripted([0.5, 0.7, 0.85, 0.9, 0.2], problem)
    )
    results, _ = run(search, pools[1], tmp_path / "out")
    assert len(results) == 3


def test_trials_after_the_cut_are_forgotten(pools, tmp_path):
    found = {}
    for workers in (1, 2):
        search = Search(PROBLEM, algorithms(), SearchLimits(30, exit_score=1e9))  # the first score will do
        results, _ = run(search, pools[workers], tmp_path / str(workers))
        found[workers] = content(results)
        assert len(results) == 1
    assert found[1] == found[2]


def test_fewer_trials_than_are_finished(pools):
    search = Search(PROBLEM, algorithms(), SearchLimits(3), scripted([0.5, 0.4, 0.3, 0.2, 0.1]))
    results, _ = run(search, pools[1], pools[1].folder / "never")
    assert [r.number for r in results] == [1, 2, 3]


def test_a_gap_ends_no_search(pools, tmp_path):
    """Trial 3 reached the score, but trial 2 has not been run: one worker would have run it."""
    finished = [r for r in scripted([0.9, 0.8, 0.1]) if r.number != 2]
    search = Search(PROBLEM, algorithms(), SearchLimits(9, exit_score=0.15), finished)
    results, order = run(search, pools[1], tmp_path / "out")
    assert order == [2]
    assert [r.number for r in results] == [1, 2, 3]


def test_the_time_limit_holds(tmp_path):
    problem = make(rows=3000, splits=folds(3000, 5))
    problem.share(tmp_path / "shared")
    with Pool(tmp_path / "shared") as pool:
        pool.wait_ready()
        search = Search(problem, algorithms("light_gbm", "random_forest"), SearchLimits(1000, seconds=3.0))
        started = time.monotonic()
        results, _ = run(search, pool, tmp_path / "out")
        assert time.monotonic() - started < 3.0 + 2 + 1  # the limit, the grace, and a busy machine
    assert results
    assert search.stop_reason == "timeout: 3 s are used up"
    assert results[0].started > 1e9
    spent = Search(
        problem, algorithms("light_gbm"), SearchLimits(1000, seconds=3.0), [replace(results[0], seconds=5.0)]
    )
    with Pool(tmp_path / "shared") as pool:
        _, order = run(spent, pool, tmp_path / "out")
    assert not order  # an earlier process has used the time


def test_when_every_trial_fails_each_says_why(tmp_path):
    problem = replace(PROBLEM, primary_metric="problems:raises")
    problem.share(tmp_path / "shared")
    with Pool(tmp_path / "shared") as pool:
        search = Search(problem, algorithms(), SearchLimits(7))
        results, _ = run(search, pool, tmp_path / "out")
    assert len(results) == 7
    assert {r.status for r in results} == {"Failed"}
    assert all("no trials today" in r.error["message"] and r.score is None for r in results)
    assert len(leaderboard(results, search.metric)) == 7


def test_an_undefined_metric_is_a_failure(tmp_path):
    problem = make(rows=60, splits=holdout(60), primary_metric="AUC_weighted")
    problem = replace(problem, target=np.where(np.arange(60) % 4 == 0, 1, problem.target).astype(np.int32))
    problem.share(tmp_path / "shared")
    with Pool(tmp_path / "shared") as pool:
        results, _ = run(
            Search(problem, algorithms("decision_tree"), SearchLimits(1)), pool, tmp_path / "out"
        )
    assert results[0].status == "Failed"
    assert results[0].error["message"] == "AUC_weighted is undefined on every split"
