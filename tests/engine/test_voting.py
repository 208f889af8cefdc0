"""Voting: the greedy selection against a plain implementation, and the choices it is held against."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import folds, holdout, make, models

from automl_components.engine import ensemble as ensembles
from automl_components.engine import voting
from automl_components.engine.ensemble import Candidate

METRICS = ["log_loss", "AUC_weighted", "accuracy", "norm_macro_recall", "problems:accurate"]


def plain_greedy(problem, candidates, most=25):
    """Written again from the paper's text: a list of picks, everything computed anew at each step."""
    sign = 1 if problem.scorer().metric.greater_is_better else -1

    def quality(picks):
        mean = sum(c.predictions.astype(float) for c in picks) / len(picks)
        return sign * ensembles.score_splits(problem, mean)[0]

    ranked = sorted(candidates, key=lambda c: (-quality([c]), c.number))
    best = quality([ranked[0]])
    near = [c for c in ranked[: min(5, most)] if best - quality([c]) <= 0.05 * abs(best)]
    picks = max((near[: k + 1] for k in range(len(near))), key=quality)  # the first of equals
    best_picks, since = picks, 0
    while len(picks) < most and since < 5:  # the paper's path to its end, of which the best prefix counts
        picks = max(([*picks, c] for c in ranked), key=quality)
        since += 1
        if quality(picks) > quality(best_picks) + 1e-9 * abs(quality(best_picks)):
            best_picks, since = picks, 0
    picks = best_picks
    return {c.number: sum(p is c for p in picks) / len(picks) for c in picks}


def greedy(problem, candidates, iterations=25, most=25):
    """The greedy selection alone, on all rows."""
    known, rows = voting.in_order(problem, candidates)[:most], voting.selection_rows(problem)
    seen = [np.asarray(one.predictions[rows], dtype=np.float64) for one in known]
    counts = voting.select(seen, voting.worth_on(problem, rows), iterations)
    return voting.mean_of(problem, known, counts)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(3))
def test_voting_is_the_greedy_selection_of_the_paper(metric, seed):
    problem = make(rows=80, primary_metric=metric, splits=folds(80, 2))
    candidates = models(problem, 7, seed)
    made = greedy(problem, candidates)
    assert dict(zip(made.members, made.weights, strict=True)) == pytest.approx(
        plain_greedy(problem, candidates)
    )


@pytest.mark.parametrize(
    "metric", ["root_mean_squared_error", "r2_score", "spearman_correlation", "problems:absolute"]
)
def test_voting_for_regression(metric):
    problem = make("regression", rows=80, primary_metric=metric, weights=np.linspace(0.1, 3, 80))
    candidates = models(problem, 6)
    made = greedy(problem, candidates)
    assert dict(zip(made.members, made.weights, strict=True)) == pytest.approx(
        plain_greedy(problem, candidates)
    )
    assert len(made.members) > 1


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6), count=st.integers(1, 6), metric=st.sampled_from(METRICS), classes=st.integers(2, 4),
    most=st.sampled_from([None, 1, 2, 3, 30]), repeated=st.booleans(), weighted=st.booleans(),
)  # fmt: skip
def test_voting_always(seed, count, metric, classes, most, repeated, weighted):
    """Weights sum to 1, the order of the candidates does not matter, and no single model is better."""
    splits = folds(60, 3) if not repeated else np.column_stack([folds(60, 3, seed=s)[:, 0] for s in range(3)])
    weights = np.random.default_rng(seed).uniform(0.1, 2, 60) if weighted else None
    problem = make(rows=60, classes=classes, primary_metric=metric, splits=splits, weights=weights)
    candidates = models(problem, count, seed)
    made = greedy(problem, candidates, iterations=most or 25)
    assert sum(made.weights) == pytest.approx(1)
    assert len(set(made.members)) == len(made.members) <= (most or 25)
    sign = problem.scorer().metric.sign
    assert sign(made.score) >= max(sign(c.score) for c in candidates) - 1e-6
    again = greedy(problem, candidates[::-1], iterations=most or 25)
    assert (again.members, again.weights) == (made.members, made.weights)
    known = (problem.splits == 0).any(axis=1)
    mean = sum(w * candidates[n - 1].predictions for n, w in zip(made.members, made.weights, strict=True))
    np.testing.assert_allclose(made.predictions[known], mean[known], rtol=1e-5)
    assert np.isnan(made.predictions[~known]).all()


def test_of_equal_models_the_first_trial_is_taken():
    problem = make(rows=60)
    one = models(problem, 1)[0]
    same = [replace(one, number=number) for number in (7, 3, 9)]
    assert greedy(problem, same).members == (3,)


def test_a_useless_model_is_left_out():
    problem = make(rows=200, primary_metric="AUC_weighted")
    good, noise = models(problem, 3, spread=0.5), models(problem, 3, spread=100, first=4)
    assert set(greedy(problem, [*noise, *good]).members) <= {1, 2, 3}


def test_hundreds_of_trials_of_many_rows_are_quick():
    problem = make(rows=20_000, splits=folds(20_000, 5), primary_metric="AUC_weighted")
    rng = np.random.default_rng(0)
    candidates = []
    for number in range(1, 201):
        second = 1 / (1 + np.exp(rng.normal(0, 1.5, 20_000) - problem.target))
        candidates.append(Candidate(number, 0.7 - 1e-4 * number, np.column_stack([1 - second, second])))
    started = time.process_time()
    made = greedy(problem, candidates)
    assert time.process_time() - started < 8
    assert made.score > max(ensembles.score_splits(problem, c.predictions)[0] for c in candidates[:5])
    assert max(made.members) <= 25  # only the best ones are looked at


def test_many_rows_are_sampled_and_the_score_is_of_all(monkeypatch):
    monkeypatch.setattr(voting, "CELLS", 200)
    problem = make(rows=400)
    candidates = models(problem, 4)
    made = greedy(problem, candidates)
    assert made.score == ensembles.score_splits(problem, made.predictions)[0]
    assert made.score < min(c.score for c in candidates)


def weights_of(made):
    return dict(zip(made.members, made.weights, strict=True))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6), count=st.integers(1, 7), metric=st.sampled_from(METRICS), classes=st.integers(2, 4),
    most=st.sampled_from([None, 1, 2, 4]), kind=st.sampled_from(["folds", "holdout", "repeated"]),
)  # fmt: skip
def test_a_vote_always(seed, count, metric, classes, most, kind):
    """Weights sum to 1 over no more members than were asked for; the order of the candidates does not matter."""
    repeated = np.column_stack([folds(60, 3, seed=s)[:, 0] for s in range(3)])
    splits = {"folds": folds(60, 3), "holdout": holdout(60), "repeated": repeated}[kind]
    problem = make(rows=60, classes=classes, primary_metric=metric, splits=splits)
    candidates = models(problem, count, seed)
    made = voting.vote(problem, candidates, iterations=most)
    assert sum(made.weights) == pytest.approx(1)
    assert len(set(made.members)) == len(made.members) <= (most or 25)
    again = voting.vote(problem, candidates[::-1], iterations=most)
    assert (again.members, again.weights) == (made.members, made.weights)
    known = (problem.splits == 0).any(axis=1)
    assert np.isfinite(made.predictions[known]).all()
    assert np.isnan(made.predictions[~known]).all()
    assert made.details["choice"] in made.details["reason"]


def test_predictions_are_those_of_weights_chosen_without_the_row():
    """The target of a fold has no say in how its rows are predicted."""
    problem = make(rows=200, splits=folds(200, 5))
    candidates = models(problem, 6)
    made = voting.vote(problem, candidates)
    rows = problem.splits[:, 2] == 0
    other = replace(problem, target=np.where(rows, 1 - problem.target, problem.target).astype(np.int32))
    given = candidates, {"three": voting.best(3)}, np.arange(200), problem.splits.argmin(axis=1)
    table, predictions = voting.crossfit(other, *given)
    _, before = voting.crossfit(problem, *given)
    np.testing.assert_array_equal(predictions["three"][rows], before["three"][rows])
    assert not np.array_equal(predictions["three"][~rows], before["three"][~rows])
    assert len(table["three"]) == 5
    assert made.score == ensembles.score_splits(problem, made.predictions)[0]


@pytest.mark.parametrize(("rows", "share"), [(100, 0.75), (300, 0.5), (2400, 1 / 9)])
def test_few_rows_draw_the_weights_together(rows, share, monkeypatch):
    """Three hundred rows weigh as much as the plain mean of the best."""
    monkeypatch.setattr(voting, "ERRORS", 1e9)  # the selection stays
    problem = make(rows=rows, splits=folds(rows, 5))
    candidates = models(problem, 5, spread=1.0)
    alone, scores = weights_of(greedy(problem, candidates)), {c.number: c.score for c in candidates}
    near = [number for number, score in scores.items() if score <= 1.2 * min(scores.values())]
    expected = {n: (1 - share) * alone.get(n, 0) + share * (n in near) / len(near) for n in scores}
    made = voting.vote(problem, candidates)
    assert weights_of(made) == pytest.approx({n: weight for n, weight in expected.items() if weight})


def test_a_simpler_choice_is_taken_where_it_is_clearly_better(monkeypatch):
    """A selection that takes the worst models does not hold on rows that it was not made on."""
    problem = make(rows=400, splits=folds(400, 5))
    good, bad = models(problem, 2, spread=0.5), models(problem, 3, spread=2.5, first=3)

    def worst(seen, worth, steps):
        return (np.arange(len(seen)) == len(seen) - 1).astype(int)

    monkeypatch.setattr(voting, "select", worst)
    monkeypatch.setattr(voting, "DRAWN", 1)
    made = voting.vote(problem, [*good, *bad])
    assert made.details["choice"] != voting.USUAL
    assert set(made.members) <= {1, 2}
    told = made.details["crossfitted"]
    assert told[made.details["choice"]] == pytest.approx(made.score)
    assert told[made.details["choice"]] < told[voting.USUAL]  # log loss


def test_a_useless_model_has_no_part_in_a_plain_mean():
    problem = make(rows=200)
    good, noise = models(problem, 3, spread=0.5), models(problem, 3, spread=100, first=4)
    assert set(voting.vote(problem, [*noise, *good]).members) <= {1, 2, 3}


def test_one_trial_is_no_choice_and_many_rows_need_no_judge():
    problem = make(rows=100)
    made = voting.vote(problem, models(problem, 1))
    assert (made.members, made.weights, made.details["crossfitted"]) == ((1,), (1.0,), {})
    many = make(rows=6000, splits=folds(6000, 3))
    candidates = models(many, 3)
    made = voting.vote(many, candidates)
    assert made.details["crossfitted"] == {}
    assert weights_of(made) == pytest.approx(weights_of(greedy(many, candidates)))


@pytest.mark.parametrize("rare", [1, 2, 4])
def test_classes_of_a_handful_of_rows_vote(rare):
    """A fold without the class has no score; that must not decide."""
    problem = make(rows=120, classes=3, splits=folds(120, 3), primary_metric="AUC_weighted")
    target = np.minimum(problem.target, 1).astype(np.int32)
    target[:rare] = 2
    problem = replace(problem, target=target)
    made = voting.vote(problem, models(problem, 4))
    assert np.isfinite(made.predictions).all()
    assert sum(made.weights) == pytest.approx(1)
