"""What is tried when: the portfolio, then draws; never twice, never what has failed twice."""

from dataclasses import replace

import numpy as np
import pytest
from problems import cross_validate, holdout, make

from automl_components.algorithms import ALGORITHMS, Shape
from automl_components.algorithms.portfolio import portfolio
from automl_components.engine.plan import LAG
from automl_components.engine.proposals import BALANCED_AT, Proposals
from automl_components.engine.trial import Config, TrialResult

PROBLEM = make(rows=400, splits=holdout(400))


def drive(proposals, count, outcome):
    """Proposals with results that a function of (number, config) decides: a score, or a status."""
    results, made = {}, []
    for number in range(1, count + 1):
        config = proposals.propose(number, results)
        if config is None:
            break
        made.append(config)
        told = outcome(number, config)
        status, score = ("Completed", told) if isinstance(told, float) else (told, None)
        results[number] = TrialResult(number, config.algorithm, config.params, "x", status, 0, score)
    return made


def of(*names, problem=PROBLEM, **settings):
    return Proposals(problem, [ALGORITHMS[name] for name in names], **settings)


def test_no_configuration_comes_twice():
    made = drive(of("knn", "decision_tree"), 300, lambda number, config: 0.5)
    assert len({config.key for config in made}) == len(made) == 300


def test_what_fails_twice_is_not_proposed_again():
    made = drive(
        of("knn", "decision_tree", "sgd"), 40, lambda n, c: "Failed" if c.algorithm == "sgd" else 0.5
    )
    last = max(number for number, config in enumerate(made) if config.algorithm == "sgd")
    assert [config.algorithm for config in made].count("sgd") <= 2 + LAG
    assert last < 2 + 2 * LAG


def test_variants_of_what_was_given_up_are_left_out():
    many = make(rows=8000, splits=holdout(8000))
    names = ["light_gbm", "xg_boost_classifier", "cat_boost", "logistic_regression", "extreme_random_trees"]
    source = of(*names, problem=many)
    made = drive(source, 14, lambda n, c: "Pruned" if c.algorithm == "xg_boost_classifier" else 0.5)
    assert [config.algorithm for config in made].count("xg_boost_classifier") == 1


def test_better_algorithms_are_drawn_more_often():
    made = drive(
        of("knn", "decision_tree"), 80, lambda n, c: 0.3 if c.algorithm == "knn" else 0.6
    )  # log loss
    drawn = [config.algorithm for config in made[4:]]
    assert drawn.count("knn") > drawn.count("decision_tree") > 5


def test_a_proposal_needs_no_result_of_its_neighbours():
    """Trials n - 2 and n - 1 may still be running."""
    whole = drive(of("knn", "decision_tree"), 20, lambda n, c: n / 100)
    source, results = of("knn", "decision_tree"), {}
    for number in range(1, 21):
        seen = {n: results[n] for n in range(1, number - LAG + 1)}
        assert source.propose(number, seen) == whole[number - 1]
        config = whole[number - 1]
        results[number] = TrialResult(
            number, config.algorithm, config.params, "x", "Completed", 0, number / 100
        )


def test_chosen_algorithms_come_once_each_first():
    names = ["light_gbm", "cat_boost", "knn", "decision_tree"]
    found = [ALGORITHMS[name] for name in names]
    shape = Shape(4000, 10, 2)
    firsts = [name for name, _ in portfolio(found, "classification", shape, rounds=1000, each_first=True)][:4]
    assert sorted(firsts) == sorted(names)
    others = [name for name, _ in portfolio(found, "classification", shape, rounds=1000)]
    assert others[:2] == ["light_gbm", "cat_boost"]
    assert others[-1] == "decision_tree"  # the portfolio does not name it
    found.append(ALGORITHMS["logistic_regression"])
    cheap = [n for n, _ in portfolio(found, "classification", shape, rounds=1000, first="linear")]
    assert cheap[:2] == ["logistic_regression", "light_gbm"]


def test_fewer_rounds_get_larger_steps():
    shape, found = Shape(30_000, 10, 2), [ALGORITHMS["light_gbm"]]
    few = [params for _, params in portfolio(found, "classification", shape, rounds=1000)]
    many = [params for _, params in portfolio(found, "classification", shape, rounds=10_000)]
    assert all(params["n_estimators"] == 1000 for params in few)
    assert few[0]["learning_rate"] == many[0]["learning_rate"]  # the defaults are made for a thousand
    assert all(a["learning_rate"] >= b["learning_rate"] for a, b in zip(few, many, strict=True))
    raised = [a["learning_rate"] for a, b in zip(few, many, strict=True) if a != b | {"n_estimators": 1000}]
    assert 0 < max(raised) <= 0.08  # larger ones stay as they are


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_entry_of_the_portfolio_can_be_fitted(task):
    """Of tables of any size, with few rounds and few rows."""
    problem, done = make(task, rows=80, splits=holdout(80)), set()
    for rows in (500, 4000, 30_000):
        found = [a for a in ALGORITHMS.values() if task in a.estimators and not a.missing_packages()]
        for name, params in portfolio(found, task, Shape(rows, 10, len(problem.classes)), rounds=5):
            config = Config(name, params)
            if config.key not in done:
                facts, _ = cross_validate(problem, config)
                assert facts["score"] is not None
            done.add(config.key)
    assert len(done) > 20


def imbalanced(metric="AUC_weighted", rows=400):
    problem = make(rows=rows, splits=holdout(rows), primary_metric=metric)
    return replace(problem, target=(np.arange(rows) % 10 == 0).astype(np.int32))


WEIGHING = ["light_gbm", "logistic_regression", "knn", "decision_tree"]


@pytest.mark.parametrize(("metric", "restored"), [("AUC_weighted", True), ("norm_macro_recall", False)])
def test_rare_classes_get_weights_in_the_best_configurations(metric, restored):
    problem = imbalanced(metric)
    scores = {"knn": 0.9, "light_gbm": 0.8, "logistic_regression": 0.7, "decision_tree": 0.6}
    made = drive(of(*WEIGHING, problem=problem), 16, lambda n, c: scores[c.algorithm])
    weighed = {n: c for n, c in enumerate(made, start=1) if c.params.get("class_weight") == "balanced"}
    first, second = list(weighed)[:2]
    assert (first, second) == BALANCED_AT
    assert [weighed[n].algorithm for n in BALANCED_AT] == [
        "light_gbm",
        "logistic_regression",
    ]  # knn has no weights
    assert all(config.params["restore_priors"] is restored for config in weighed.values())
    best = [c.params for c in made[: first - LAG] if c.algorithm == "light_gbm"]
    assert any(
        params | {"class_weight": "balanced", "restore_priors": restored} == made[first - 1].params
        for params in best
    )


@pytest.mark.parametrize(
    "problem", [imbalanced("log_loss"), make(rows=400, splits=holdout(400), primary_metric="AUC_weighted")]
)
def test_no_weights_for_the_loss_of_probabilities_nor_for_classes_of_comparable_size(problem):
    made = drive(of(*WEIGHING, problem=problem), 20, lambda n, c: 0.5)
    assert not any("class_weight" in config.params for config in made)


def test_weights_of_classes_need_no_result_of_their_neighbours():
    problem = imbalanced()
    whole = drive(of(*WEIGHING, problem=problem), 16, lambda n, c: n / 100)
    source, results = of(*WEIGHING, problem=problem), {}
    for number in range(1, 17):
        seen = {n: results[n] for n in range(1, number - LAG + 1)}
        config = whole[number - 1]
        assert source.propose(number, seen) == config
        results[number] = TrialResult(
            number, config.algorithm, config.params, "x", "Completed", 0, number / 100
        )
