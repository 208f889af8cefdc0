"""What each section takes from a run: conclusions, order, limits, what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import finished
import numpy as np
import pytest
from sklearn.metrics import auc, confusion_matrix, precision_score, recall_score

from automl_components.engine import charts
from automl_components.report import (
    classification,
    columns,
    confusion,
    findings,
    headline,
    leaderboard,
    provenance,
)
from automl_components.report.contents import Contents, Evaluation
from automl_components.report.regression import middle


def texts(contents: Contents) -> str:
    return " | ".join(step.text for step in headline.steps(contents))


def with_facts(contents: Contents, **facts: Any) -> Contents:
    assert contents.test is not None
    return replace(contents, test=Evaluation({**contents.test.facts, **facts}, contents.test.metrics))


class TestHeadline:
    def test_the_lead_names_model_and_scores(self) -> None:
        assert headline.lead(finished.classification()) == (
            "A vote of 2 models came out best of 9 trials: AUC_weighted 0.8600 in validation, "
            "0.9100 on 600 test rows kept apart from the search."
        )

    def test_a_loss_that_is_greater_is_worse(self) -> None:
        made = finished.classification()
        search = {**made.search, "greater_is_better": False}
        loss = replace(made, search=search, best={**made.best, "primary_metric": "log_loss", "score": 0.25})
        assert headline.against(loss) == "0.0600 worse than in validation"
        assert headline.against(made) == "0.0500 better than in validation"
        assert headline.against(replace(made, best={**made.best, "score": 0.9101})) == "as in validation"

    def test_alerts_come_first_without_those_that_are_muted(self) -> None:
        first = next(headline.steps(finished.classification()))
        assert first.alert
        assert first.text == (
            "Look at 2 alerts before relying on the score: Target leakage, Class balancing detection"
        )

    def test_without_a_test_the_score_is_not_taken_for_one(self) -> None:
        assert "There was no test: the validation score" in texts(finished.regression(test=None))
        unknown = finished.regression(test=Evaluation({"rows": 10, "target": None}))
        assert "The test rows had no target" in texts(unknown)

    def test_shared_rows_are_told_once(self) -> None:
        shared = with_facts(finished.regression(), overlap_rows=50)
        assert "50 test rows (10.0 %) are also in the training data" in texts(shared)
        row = {"state": "Alerted", "code": "test-overlap", "title": "Test data overlap", "muted": ""}
        assert "also in the training data" not in texts(replace(shared, findings=[row]))

    @pytest.mark.parametrize(("best", "said"), [(9, True), (2, False)])
    def test_a_search_that_still_improves_wants_more(self, best: int, said: bool) -> None:
        trials = [finished.trial(n, 0.9 if n == best else 0.8) for n in range(1, 11)]
        assert ("Give it more trials or time" in texts(finished.regression(trials=trials))) == said

    def test_registration_with_its_conditions(self) -> None:
        said = (
            "The run registers the model next, as bank, if accuracy passes its bound and it beats 'champion'"
        )
        assert said in texts(finished.regression())
        steps = list(headline.steps(finished.regression(registration={})))
        assert [step.command.split()[1] for step in steps if step.command] == ["register", "predict"]


class TestFindings:
    def test_the_most_severe_alert_comes_first_and_the_muted_apart(self) -> None:
        made = findings.fill(finished.regression())
        assert made is not None
        assert [row["code"] for row in made["shown"]] == ["leakage", "class-balance", "near-constant"]
        assert [row["muted"] for row in made["silent"]] == ["known since May"]
        assert [row["code"] for row in made["passed"]] == ["memory"]
        assert made["summary"] == "5 checks: 2 left to you, 1 dealt with, 1 muted, 1 passed."

    def test_evidence_is_cut(self) -> None:
        many = [(f"figure {n}", n) for n in range(20)]
        shown = list(findings.figures(many))
        assert len(shown) == 13
        assert shown[-1] == ("and more", "8 in findings.json")
        assert len(findings.text_of({str(n): list(range(1000)) for n in range(1000)})) < 700


class TestLeaderboard:
    def test_members_by_weight(self) -> None:
        made = leaderboard.members(finished.classification())
        assert [(one["trial"], one["name"], one["share"]) for one in made] == [
            (4, "LightGBM", 0.75),
            (3, "CatBoost", 0.25),
        ]

    def test_why_it_is_made_this_way(self) -> None:
        contents = finished.regression()
        choices = {"vote": {"choice": "x", "reason": "a vote"}, "class_weights": None}
        decided = {**contents.best, "choices": choices, "finish": {"temperature": {"reason": "warm"}}}
        made = leaderboard.fill(replace(contents, best=decided))
        assert made["choices"] == {"vote": "a vote", "temperature": "warm"}
        assert leaderboard.fill(contents)["choices"] == {}

    def test_a_stack_has_no_shares(self) -> None:
        contents = finished.classification()
        stack = {**contents.best, "kind": "stack_ensemble", "weights": [1.0, 1.0]}
        assert [one["share"] for one in leaderboard.members(replace(contents, best=stack))] == [None, None]

    def test_the_best_model_is_shown_however_far_down(self) -> None:
        contents = finished.classification()
        board = [finished.entry(n, str(n), "LightGBM", "AUC_weighted", 0.8) for n in range(1, 31)]
        best = {
            **contents.best,
            "kind": "trial",
            "members": [25],
            "weights": [1.0],
            "pipelines": ["LightGBM"],
        }
        made = leaderboard.fill(replace(contents, board=board, best=best))
        assert [row["rank"] for row in made["rows"]] == [*range(1, 11), 25]
        assert [row["rank"] for row in made["rows"] if row["chosen"]] == [25]
        assert made["hidden"] == 19

    def test_failures_tell_neither_secrets_nor_places(self) -> None:
        (failure,) = leaderboard.failures(finished.classification().trials)
        assert failure["message"] == "cannot read …/oof.npy at s3://***@b/x"
        assert failure["times"] == 1

    @pytest.mark.parametrize("sign", [1, -1])
    def test_one_bad_trial_does_not_flatten_the_rest(self, sign: int) -> None:
        scores = [0.90, 0.91, 0.1, 0.92, 0.905]
        contents = finished.classification(
            trials=[finished.trial(n, sign * score) for n, score in enumerate(scores, 1)],
            search={"greater_is_better": sign > 0},
        )
        run = leaderboard.measured(replace(contents, best={**contents.best, "score": sign * 0.93}))
        assert run is not None
        assert run.outside == 1
        assert run.high - run.low < 0.2
        assert run.low < sign * 0.93 < run.high
        assert run.best == [sign * score for score in (0.90, 0.91, 0.91, 0.92, 0.92)]

    def test_equal_scores_have_a_scale(self) -> None:
        contents = finished.classification(trials=[finished.trial(n, 0.86) for n in (1, 2)])
        run = leaderboard.measured(contents)
        assert run is not None
        assert run.low < 0.86 < run.high


class TestColumns:
    def test_of_many_the_most_productive_and_some_dropped(self) -> None:
        rows = [finished.column(f"c{n}", dropped=n % 2 == 0) for n in range(400)]
        rows[301]["EngineeredFeatureCount"] = 50
        made = columns.fill(finished.regression(columns=rows))
        assert made is not None
        assert len(made["rows"]) == 60
        assert made["rows"][0]["name"] == "c301"
        assert sum(row["dropped"] for row in made["rows"]) == 20
        assert made["hidden"] == 340
        assert made["types"] == [("Hashes", 200), ("Numeric", 200)]

    def test_names_of_features_are_cut(self) -> None:
        made = columns.fill(finished.regression())
        assert made is not None
        assert made["features"][0]["names"].endswith("job_11 and 18 more")


class TestClassification:
    def test_areas_are_scikit_learns(self) -> None:
        rng = np.random.default_rng(1)
        x = np.sort(rng.random(50))
        line = {"kind": "class", "x": x.tolist(), "y": np.sqrt(x).tolist()}
        assert classification.area(line) == pytest.approx(auc(line["x"], line["y"]), rel=1e-12)

    def test_two_classes_are_one_line(self) -> None:
        contents = finished.classification()
        assert contents.test is not None
        lines = contents.test.charts["roc"]["lines"]
        assert [name for _, name, _ in classification.selected(lines, "yes", [])] == ["class yes"]
        other = replace(contents, search={**contents.search, "positive_label": "no"})
        assert (contents.positive, other.positive) == ("yes", "no")

    def test_of_many_classes_the_weakest_are_drawn(self) -> None:
        rng = np.random.default_rng(0)
        y = rng.integers(10, size=4000)
        clear = np.where(np.arange(10) < 7, 4.0, 0.2)  # classes 7, 8 and 9 are hard
        logits = rng.normal(size=(4000, 10)) + clear[y][:, None] * np.eye(10)[y]
        proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        drawn = charts.classification_charts(y, proba, np.arange(10))
        weakest = classification.weakest_classes(drawn["roc"]["lines"])
        assert set(weakest[:3]) == {7, 8, 9}
        lines = classification.selected(drawn["roc"]["lines"], None, weakest)
        assert [name for _, name, _ in lines] == ["mean over classes", *map(str, weakest)]

    def test_guessing_is_as_precise_as_the_class_is_frequent(self) -> None:
        made = {"confusion_matrix": {"classes": ["no", "yes"], "counts": [[70, 5], [10, 15]]}}
        assert classification.guessing(made, "yes") == ((0, 0.25), (1, 0.25))
        assert classification.guessing({}, "yes") == ()


class TestConfusion:
    def test_recall_and_precision_are_scikit_learns(self) -> None:
        rng = np.random.default_rng(0)
        y, guess = rng.integers(4, size=200), rng.integers(4, size=200)
        rows = confusion.by_class(list("abcd"), confusion_matrix(y, guess).tolist())
        expected = [f"{100 * value:.1f} %" for value in recall_score(y, guess, average=None)]
        assert [row["recall"] for row in rows] == expected
        expected = [f"{100 * value:.1f} %" for value in precision_score(y, guess, average=None)]
        assert [row["precision"] for row in rows] == expected

    def test_the_most_frequent_confusions(self) -> None:
        counts = [[50, 9, 0], [2, 60, 1], [0, 0, 0]]
        made = confusion.worst(["a", "b", "c"], counts)
        assert [(one["true"], one["predicted"], one["count"]) for one in made] == [
            ("a", "b", "9"), ("b", "a", "2"), ("b", "c", "1"),
        ]  # fmt: skip
        assert made[0]["share"] == "15.3 %"
        assert confusion.by_class(["a", "b", "c"], counts)[2]["recall"] == "–"

    def test_the_positive_class_in_a_sentence(self) -> None:
        matrix = {"confusion_matrix": {"classes": ["no", "yes"], "counts": [[70, 5], [10, 15]]}}
        assert confusion.confusion(matrix, "yes")["note"] == (
            "15 of the 25 rows of class yes are found (60.0 %); of the 20 rows that are called so, 75.0 % are right."
        )


def test_the_tails_of_residuals_are_left_out() -> None:
    counts = [1, 0, 1, 400, 500, 300, 2, 0, 0, 1]
    assert middle(counts) == (3, 7)
    assert middle([0, 5, 0]) == (0, 3)


def test_provenance_tells_names_and_fingerprints_alone() -> None:
    made = provenance.fill(finished.regression())
    assert made["data"] == [{"name": "training_data", "file": "train.parquet", "digest": "ab" * 8}]
    assert made["seed"] == 7
    assert made["model"]["bytes"] == 2048
    secret = finished.regression(settings={"description": "see https://ann:secret@host/x and s3://k:v@b"})
    assert "secret" not in provenance.fill(secret)["settings"]
