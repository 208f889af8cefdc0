"""From trials to one model: what fails is passed over, the time is kept, a wanted trial is taken."""

import time
from dataclasses import replace

import numpy as np
import pytest
from problems import defaults, folds, holdout, make

from automl_components.core.errors import NoModelError, SettingsError
from automl_components.core.events import listening
from automl_components.engine import trial
from automl_components.engine.assembly import Assembly, Recipe
from automl_components.engine.ensemble import Candidate, primary_score
from automl_components.engine.trial import Config, TrialResult
from automl_components.engine.workers import Pool

NAMES = ["decision_tree", "knn", "logistic_regression", "light_gbm"]


def trials(problem, names):
    """Finished trials with their out-of-fold predictions."""
    results, candidates = {}, []
    for number, name in enumerate(names, start=1):
        config = Config(name, defaults(name, problem))
        facts, predictions = trial.cross_validate(problem, config)
        results[number] = TrialResult(number, name, config.params, status="Completed", seed=0, **facts)
        candidates.append(Candidate(number, facts["score"], predictions))
    return results, candidates


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Problems with their trials and a pool, by the kind of split."""
    repeated = np.column_stack([folds(150, 3, seed=s)[:, 0] for s in range(3)])
    found = {}
    for kind, splits in {"folds": folds(150, 3), "holdout": holdout(150), "repeated": repeated}.items():
        problem = make(rows=150, splits=splits)
        folder = tmp_path_factory.mktemp(kind)
        problem.share(folder)
        found[kind] = (problem, *trials(problem, NAMES), Pool(folder))
    yield found
    for *_, pool in found.values():
        pool.__exit__(None, None, None)


def broken(results, *numbers):
    """Trials whose fit on all rows fails."""
    return {n: replace(r, algorithm="gone") if n in numbers else r for n, r in results.items()}


@pytest.mark.parametrize("kind", ["folds", "holdout", "repeated"])
def test_ensembles_compete_with_single_trials(made, kind):
    problem, results, candidates, pool = made[kind]
    chosen, learners, ensembles = Assembly(problem, results, candidates, pool).run(Recipe())
    assert [e.kind for e in ensembles] == ["voting_ensemble", "stack_ensemble"]
    assert len(learners) == len(chosen.members)
    options = [(primary_score(problem, one.predictions), one) for one in (*candidates, *ensembles)]
    best = min(options, key=lambda option: option[0])[1]
    assert chosen.score == best.score
    np.testing.assert_array_equal(chosen.predictions, best.predictions)
    for learner, number in zip(learners, chosen.members, strict=True):
        again = trial.refit(problem, results[number].config, rounds=trial.mean_rounds(results[number].rounds))
        np.testing.assert_array_equal(
            learner.predict_proba(problem.features), again.predict_proba(problem.features)
        )


def test_what_is_switched_off_is_not_made(made):
    problem, results, candidates, pool = made["folds"]
    for recipe, kinds in [
        (Recipe(stack=False), ["voting_ensemble"]),
        (Recipe(vote=False), ["stack_ensemble"]),
        (Recipe(vote=False, stack=False), []),
    ]:
        assert [e.kind for e in Assembly(problem, results, candidates, pool).run(recipe)[2]] == kinds
    assert Assembly(problem, results, candidates[:1], pool).run(Recipe())[2] == []


def test_a_member_that_cannot_be_fitted_again_is_passed_over(made):
    problem, results, candidates, pool = made["folds"]
    chosen, _, _ = Assembly(problem, results, candidates, pool).run(Recipe())
    victim = chosen.members[0]
    assembly = Assembly(problem, broken(results, victim), candidates, pool)
    notes = []
    with listening(lambda kind, facts: notes.append(facts["message"])):
        other, learners, ensembles = assembly.run(Recipe())
    assert victim not in other.members
    assert len(learners) == len(other.members)
    assert ensembles  # voted again, without it
    assert all(victim not in e.members for e in ensembles)
    assert any(f"trial {victim} " in note and "gone" in note for note in notes)


def test_nothing_left_is_an_error_that_names_each_cause(made):
    problem, results, candidates, pool = made["folds"]
    with pytest.raises(NoModelError) as caught:
        Assembly(problem, broken(results, 1, 2, 3, 4), candidates, pool).run(Recipe())
    assert all(f"trial {number} (" in str(caught.value) for number in results)
    with pytest.raises(NoModelError, match="no trial was completed"):
        Assembly(problem, {}, [], pool).run(Recipe())


def test_one_trial_by_number(made):
    problem, results, candidates, pool = made["folds"]
    for number in results:
        chosen, learners, ensembles = Assembly(problem, results, candidates, pool).run(Recipe(trial=number))
        assert (chosen.kind, chosen.members, ensembles) == ("trial", (number,), [])
        assert learners[0].algorithm == NAMES[number - 1]
    with pytest.raises(SettingsError, match=r"selection\.trial: no completed trial 9"):
        Assembly(problem, results, candidates, pool).run(Recipe(trial=9))
    with pytest.raises(NoModelError, match="trial 2"):  # another one is no answer
        Assembly(problem, broken(results, 2), candidates, pool).run(Recipe(trial=2))


def test_the_best_trial_by_any_metric(made):
    problem, results, candidates, pool = made["folds"]
    for metric, sign in (("accuracy", 1), ("log_loss", -1), ("auc_weighted", 1)):
        chosen, _, _ = Assembly(problem, results, candidates, pool).run(Recipe(metric=metric))
        name = {"auc_weighted": "AUC_weighted"}.get(metric, metric)
        best = max(results.values(), key=lambda r: sign * r.metrics[name])
        assert chosen.members == (best.number,)
    without = {n: replace(r, metrics={"log_loss": r.score}) for n, r in results.items()}
    with pytest.raises(SettingsError, match=r"selection\.metric: no trial has a value of accuracy"):
        Assembly(problem, without, candidates, pool).run(Recipe(metric="accuracy"))


def test_time_that_is_left_is_kept(made):
    problem, results, candidates, pool = made["folds"]
    slow = {n: replace(r, fit_s=300.0) for n, r in results.items()}
    slow[2] = replace(slow[2], fit_s=3.0)
    slow[3] = replace(slow[3], fit_s=6.0)
    costs = Assembly(problem, slow, candidates, pool).costs
    assert costs[2] == pytest.approx(3.0 / 3 * 1.5)
    chosen, _, _ = Assembly(problem, slow, candidates, pool, seconds=10).run(Recipe())
    assert set(chosen.members) <= {2, 3}
    chosen, _, ensembles = Assembly(problem, slow, candidates, pool, seconds=2).run(Recipe())
    assert (chosen.members, ensembles) == ((2,), [])
    started = time.monotonic()
    chosen, learners, _ = Assembly(problem, slow, candidates, pool, seconds=-5).run(Recipe())
    assert chosen.members == (2,)  # the quickest: a model there must be
    assert len(learners) == 1
    assert time.monotonic() - started < 8


def test_a_refit_that_hangs_is_given_up(made, monkeypatch):
    problem, results, candidates, pool = made["folds"]
    monkeypatch.setattr("automl_components.engine.assembly.SLACK", 0.5)
    forest = replace(
        results[1],
        algorithm="random_forest",
        params=defaults("random_forest", problem) | {"n_estimators": 10**7},
    )
    started = time.monotonic()
    assembly = Assembly(problem, results | {1: forest}, candidates, pool, seconds=0.5)
    chosen, _, _ = assembly.run(Recipe(metric="log_loss"))
    assert chosen.members != (1,)
    with pytest.raises(NoModelError, match="killed"):
        Assembly(problem, {1: forest}, candidates[:1], pool, seconds=0.5).run(Recipe())
    assert time.monotonic() - started < 20


def test_wrong_arguments_of_the_meta_learner_are_the_users_to_mend(made):
    problem, results, candidates, pool = made["folds"]
    recipe = Recipe(meta_type="logistic_regression", meta_kwargs={"C": -1.0})
    with pytest.raises(
        SettingsError, match=r"stack_meta_learner_kwargs: LogisticRegression cannot be fitted"
    ):
        Assembly(problem, results, candidates, pool).run(recipe)


def test_a_stack_that_cannot_be_made_is_noted(made):
    problem, results, candidates, pool = made["folds"]
    twice = replace(problem, splits=np.column_stack([holdout(150)[:, 0]] * 2))
    results, candidates = trials(twice, NAMES[:2])
    notes = []
    with listening(lambda kind, facts: notes.append(facts["message"])):
        _, _, ensembles = Assembly(twice, results, candidates, pool).run(Recipe())
    assert [e.kind for e in ensembles] == ["voting_ensemble"]
    assert any("no stack ensemble: " in note for note in notes)


def test_regression(tmp_path):
    problem = make("regression", rows=150, weights=np.linspace(0.5, 2, 150))
    problem.share(tmp_path)
    results, candidates = trials(problem, ["elastic_net", "decision_tree", "light_gbm"])
    with Pool(tmp_path) as pool:
        chosen, learners, _ = Assembly(problem, results, candidates, pool).run(Recipe())
    assert chosen.score <= min(c.score for c in candidates)
    assert np.isfinite(learners[0].predict(problem.features)).all()
