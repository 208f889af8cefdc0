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
from automl_components.engine.bag import Bag
from automl_components.engine.choices import class_weights
from automl_components.engine.ensemble import Candidate, Ensemble, primary_score
from automl_components.engine.keeping import keeps, too_large
from automl_components.engine.trial import Config, TrialResult
from automl_components.engine.workers import Pool

NAMES = ["decision_tree", "knn", "logistic_regression", "light_gbm"]


class Made:
    """Finished trials of a problem with their predictions and learners, and a pool to fit them again."""

    def __init__(self, problem, names, folder):
        self.problem, self.folder = problem, folder
        problem.share(folder)
        self.pool = Pool(folder)
        self.results, self.candidates, self.learners = {}, [], {}
        for number, name in enumerate(names, start=1):
            config = Config(name, defaults(name, problem))
            done = [trial.fit_fold(problem, config, part) for part in range(problem.splits.shape[1])]
            facts = trial.summary([replace(fold, kept=True) for fold, _, _ in done])
            predictions = trial.out_of_fold(problem, {fold.part: p for fold, _, p in done})
            self.learners[number] = [learner for _, learner, _ in done]
            self.results[number] = TrialResult(
                number, name, status="Completed", seed=config.seed(problem.seed), **facts
            )
            self.candidates.append(Candidate(number, facts["score"], predictions))

    def assembly(self, results=None, candidates=None, **settings):
        return Assembly(
            self.problem, self.results if results is None else results,
            self.candidates if candidates is None else candidates,
            self.learners.__getitem__, lambda: self.pool, **settings,
        )  # fmt: skip

    def broken(self, *numbers):
        """Trials whose learners were not kept and whose fit on all rows fails."""
        gone = {"algorithm": "gone", "kept": False}
        return {n: replace(r, **gone) if n in numbers else r for n, r in self.results.items()}

    def unkept(self, **changes):
        return {n: replace(r, kept=False, **changes) for n, r in self.results.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """By the kind of split."""
    repeated = np.column_stack([folds(150, 3, seed=s)[:, 0] for s in range(3)])
    found = {
        kind: Made(make(rows=150, splits=splits), NAMES, tmp_path_factory.mktemp(kind))
        for kind, splits in {"folds": folds(150, 3), "holdout": holdout(150), "repeated": repeated}.items()
    }
    yield found
    for one in found.values():
        one.pool.__exit__(None, None, None)


@pytest.mark.parametrize("kind", ["folds", "holdout", "repeated"])
def test_ensembles_compete(made, kind):
    """A cross-fitted vote of several has been held against single trials; the better of vote and stack is the model."""
    one = made[kind]
    chosen, members, ensembles = one.assembly().run(Recipe())
    assert [e.kind for e in ensembles] == ["voting_ensemble", "stack_ensemble"]
    assert len(members) == len(chosen.members)
    vote = ensembles[0]
    options = ensembles if len(vote.members) > 1 else [*one.candidates, *ensembles]
    best = min(options, key=lambda option: primary_score(one.problem, option.predictions))
    np.testing.assert_array_equal(chosen.predictions, best.predictions)
    assert set(vote.details["crossfitted"]) >= {"greedy selection", "best trial", "mean of the best 3"}


def test_without_a_vote_a_stack_competes_with_single_trials(made):
    one = made["folds"]
    chosen, _, (stack,) = one.assembly().run(Recipe(vote=False))
    assert chosen.score == min(stack.score, *(candidate.score for candidate in one.candidates))


def test_the_learners_of_the_folds_are_the_model(made):
    one = made["folds"]
    assembly = one.assembly(seconds=0)  # it costs no fit
    _, (member,), _ = assembly.run(Recipe(trial=4))
    assert isinstance(member, Bag)
    expected = np.mean([learner.predict_proba(one.problem.features) for learner in one.learners[4]], axis=0)
    np.testing.assert_allclose(member.predict_proba(one.problem.features), expected)
    assert assembly.refit_s == 0


@pytest.mark.parametrize("kind", ["holdout", "repeated"])
def test_where_splits_leave_rows_out_members_are_fitted_again(made, kind):
    one = made[kind]
    _, (member,), _ = one.assembly().run(Recipe(trial=4))
    result = one.results[4]
    again = trial.refit(one.problem, result.config, seed=result.seed, rounds=trial.mean_rounds(result.rounds))
    np.testing.assert_array_equal(
        member.predict_proba(one.problem.features), again.predict_proba(one.problem.features)
    )
    _, (member,), _ = one.assembly(seconds=0).run(Recipe(trial=4))  # no time: as it was validated
    np.testing.assert_array_equal(
        member.predict_proba(one.problem.features), one.learners[4][-1].predict_proba(one.problem.features)
    )


def test_what_is_switched_off_is_not_made(made):
    one = made["folds"]
    for recipe, kinds in [
        (Recipe(stack=False), ["voting_ensemble"]),
        (Recipe(vote=False), ["stack_ensemble"]),
        (Recipe(vote=False, stack=False), []),
    ]:
        assert [e.kind for e in one.assembly().run(recipe)[2]] == kinds
    assert one.assembly(candidates=one.candidates[:1]).run(Recipe())[2] == []


def test_a_member_that_cannot_be_fitted_again_is_passed_over(made):
    one = made["folds"]
    chosen, _, _ = one.assembly().run(Recipe())
    victim = chosen.members[0]
    assembly = one.assembly(one.broken(victim))
    notes = []
    with listening(lambda kind, facts: notes.append(facts["message"])):
        other, learners, ensembles = assembly.run(Recipe())
    assert victim not in other.members
    assert len(learners) == len(other.members)
    assert ensembles  # voted again, without it
    assert all(victim not in e.members for e in ensembles)
    assert any(f"trial {victim} " in note and "gone" in note for note in notes)


def test_nothing_left_is_an_error_that_names_each_cause(made):
    one = made["folds"]
    with pytest.raises(NoModelError) as caught:
        one.assembly(one.broken(1, 2, 3, 4)).run(Recipe())
    assert all(f"trial {number} (" in str(caught.value) for number in one.results)
    with pytest.raises(NoModelError, match="no trial was completed"):
        one.assembly({}, []).run(Recipe())


def test_one_trial_by_number(made):
    one = made["folds"]
    for number in one.results:
        chosen, learners, ensembles = one.assembly().run(Recipe(trial=number))
        assert (chosen.kind, chosen.members, ensembles) == ("trial", (number,), [])
        assert learners[0].learners[0].algorithm == NAMES[number - 1]
    with pytest.raises(SettingsError, match=r"selection\.trial: no completed trial 9"):
        one.assembly().run(Recipe(trial=9))
    with pytest.raises(NoModelError, match="trial 2"):  # another one is no answer
        one.assembly(one.broken(2)).run(Recipe(trial=2))


def test_the_best_trial_by_any_metric(made):
    one = made["folds"]
    for metric, sign in (("accuracy", 1), ("log_loss", -1), ("auc_weighted", 1)):
        chosen, _, _ = one.assembly().run(Recipe(metric=metric))
        name = {"auc_weighted": "AUC_weighted"}.get(metric, metric)
        best = max(one.results.values(), key=lambda r: sign * r.metrics[name])
        assert chosen.members == (best.number,)
    without = {n: replace(r, metrics={"log_loss": r.score}) for n, r in one.results.items()}
    with pytest.raises(SettingsError, match=r"selection\.metric: no trial has a value of accuracy"):
        one.assembly(without).run(Recipe(metric="accuracy"))


def test_time_that_is_left_is_kept(made):
    one = made["folds"]
    slow = one.unkept(fit_s=300.0)
    slow[2] = replace(slow[2], fit_s=3.0)
    slow[3] = replace(slow[3], fit_s=6.0)
    assert one.assembly(slow).costs[2] == pytest.approx(3.0 / 3 * 1.5)
    chosen, _, _ = one.assembly(slow, seconds=10).run(Recipe())
    assert set(chosen.members) <= {2, 3}
    chosen, _, ensembles = one.assembly(slow, seconds=2).run(Recipe())
    assert (chosen.members, ensembles) == ((2,), [])
    chosen, members, _ = one.assembly(slow, seconds=-5).run(Recipe())
    assert chosen.members == (2,)  # the quickest: a model there must be
    assert len(members) == 1


def test_a_refit_that_hangs_is_given_up(made, monkeypatch):
    one = made["folds"]
    monkeypatch.setattr("automl_components.engine.assembly.SLACK", 0.5)
    endless = defaults("random_forest", one.problem) | {"n_estimators": 10**7}
    forest = replace(one.results[1], algorithm="random_forest", params=endless, kept=False)
    started = time.monotonic()
    chosen, _, _ = one.assembly(one.results | {1: forest}, seconds=0.5).run(Recipe(metric="log_loss"))
    assert chosen.members != (1,)
    with pytest.raises(NoModelError, match="killed"):
        one.assembly({1: forest}, one.candidates[:1], seconds=0.5).run(Recipe())
    assert time.monotonic() - started < 20


def test_the_weightiest_members_are_fitted_first(made):
    one = made["holdout"]
    chosen = Ensemble("voting_ensemble", (1, 2, 3), (0.2, 0.5, 0.3), np.zeros(1), 0.0)
    assert one.assembly()._by_weight(chosen) == [2, 3, 1]


def test_wrong_arguments_of_the_meta_learner_are_the_users_to_mend(made):
    one = made["folds"]
    recipe = Recipe(meta_type="logistic_regression", meta_kwargs={"C": -1.0})
    with pytest.raises(
        SettingsError, match=r"stack_meta_learner_kwargs: LogisticRegression cannot be fitted"
    ):
        one.assembly().run(recipe)


def test_a_stack_that_cannot_be_made_is_noted(tmp_path):
    twice = make(rows=150, splits=np.column_stack([holdout(150)[:, 0]] * 2))
    one, notes = Made(twice, NAMES[:2], tmp_path), []
    with one.pool, listening(lambda kind, facts: notes.append(facts["message"])):
        _, _, ensembles = one.assembly().run(Recipe())
    assert [e.kind for e in ensembles] == ["voting_ensemble"]
    assert any("no stack ensemble: " in note for note in notes)


def test_a_single_split_stacks_on_its_validation_rows_or_keeps_rows_back(made):
    one = made["holdout"]
    for share, fits in ((None, 0.0), (0.2, 1e-9)):
        assembly = one.assembly()
        _, _, (stack,) = assembly.run(Recipe(vote=False, meta_share=share))
        assert np.isfinite(stack.predictions[one.problem.splits[:, 0] == 0]).all()
        assert assembly.refit_s >= fits


def test_regression(tmp_path):
    problem = make("regression", rows=150, weights=np.linspace(0.5, 2, 150))
    one = Made(problem, ["elastic_net", "decision_tree", "light_gbm"], tmp_path)
    with one.pool:
        chosen, members, _ = one.assembly().run(Recipe())
    assert chosen.score <= min(c.score for c in one.candidates)
    assert np.isfinite(members[0].predict(problem.features)).all()


def test_always_is_a_fit_on_all_rows(made):
    one = made["folds"]
    assembly = one.assembly()
    _, (member,), _ = assembly.run(Recipe(trial=4, refit="always"))
    result = one.results[4]
    again = trial.refit(one.problem, result.config, seed=result.seed, rounds=trial.mean_rounds(result.rounds))
    np.testing.assert_array_equal(
        member.predict_proba(one.problem.features), again.predict_proba(one.problem.features)
    )
    assert assembly.refit == {
        "setting": "always", "again": [4], "kept": [], "reason": "training.refit is always"
    }  # fmt: skip
    late = one.assembly(seconds=0)
    _, (member,), _ = late.run(Recipe(trial=4, refit="always"))
    assert isinstance(member, Bag)
    assert late.refit["reason"] == "no time to fit it on all rows"
    assert late.refit["kept"] == [4]


def test_always_keeps_the_folds_where_a_fit_on_all_rows_fails(made):
    one = made["folds"]
    gone = one.results | {4: replace(one.results[4], algorithm="gone")}
    assembly = one.assembly(gone)
    _, (member,), _ = assembly.run(Recipe(trial=4, refit="always"))
    assert isinstance(member, Bag)
    assert assembly.refit["reason"] == "the fit on all rows failed"


@pytest.mark.parametrize("kind", ["folds", "holdout", "repeated"])
def test_never_is_no_fit(made, kind):
    one = made[kind]
    assembly = one.assembly()
    assembly.run(Recipe(refit="never"))
    assert assembly.refit_s == 0
    assert assembly.refit["again"] == []
    assert assembly.refit["reason"] == "training.refit is never"


def test_auto_fits_again_what_is_too_large_together(made):
    """The smaller ones stay; nothing but what is beyond the size is fitted."""
    one = made["folds"]
    sizes = {1: 150 * 2**20, 2: 2**20, 3: 2**20, 4: 60 * 2**20}
    assert too_large((1, 2, 3, 4), sizes.__getitem__) == {1}
    assembly = one.assembly(sizes=lambda number: 300 * 2**20)
    _, (member,), _ = assembly.run(Recipe(trial=3))
    assert not isinstance(member, Bag)
    assert assembly.refit["reason"] == "the learners of the folds are larger than 200 MB together"


def test_the_search_leaves_time_for_fits_that_are_to_come():
    assert [keeps(bags, refit) for bags in (True, False) for refit in ("auto", "never", "always")] == [
        True, True, False, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("weights", "members", "said"), [
    ({2: "balanced"}, (1, 2), "trial 2 with balanced class weights is in the model"),
    ({2: "balanced", 3: "balanced"}, (1,), "trials 2, 3 had balanced class weights; the model is better without"),
    ({}, (1,), "no trial had class weights: the search ended before"),
])  # fmt: skip
def test_what_became_of_class_weights(made, weights, members, said):
    one = made["folds"]
    few = (np.arange(150) % 10 == 0).astype(np.int32)
    problem = replace(one.problem, target=few, primary_metric="AUC_weighted")
    results = [
        replace(r, params=r.params | ({"class_weight": weights[n]} if n in weights else {}))
        for n, r in one.results.items()
    ]
    told = class_weights(problem, results, members)
    assert told["reason"].startswith(said)
    assert told["tried"] == list(weights)
    assert class_weights(one.problem, results, members) is None  # of comparable size
    judged = class_weights(replace(problem, primary_metric="log_loss"), [], members)
    assert "log_loss" in judged["reason"]
