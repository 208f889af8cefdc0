"""When scores end a search: the best one stays, and the mixture gains nothing."""

from automl_components.engine.stopping import SearchLimits, verdict
from automl_components.engine.trial import TrialResult
from automl_components.metrics import METRICS

AUC = METRICS["AUC_weighted"]


def flat(count):
    return {n: TrialResult(n, "knn", {}, "KNN", "Completed", 0, 0.8) for n in range(1, count + 1)}


def test_what_the_mixture_gains_keeps_a_search_going():
    limits = SearchLimits(100)
    assert verdict(flat(60), limits, AUC, lambda number: False) == (
        31, "early termination: no better score since trial 1",
    )  # fmt: skip
    assert verdict(flat(60), limits, AUC, lambda number: number in (5, 25, 33)) == (
        43, "early termination: no better score since trial 33",
    )  # fmt: skip
    assert verdict(flat(42), limits, AUC, lambda number: number in (25, 33)) is None


def test_gains_are_asked_for_in_order_and_only_where_they_matter():
    asked = []
    verdict(flat(30), SearchLimits(100), AUC, lambda number: bool(asked.append(number)))
    assert asked == list(range(21, 31))
    verdict(flat(30), SearchLimits(100, early_termination=False), AUC, lambda number: 1 / 0)


def test_a_gap_in_the_results_is_waited_for():
    results = {n: result for n, result in flat(60).items() if n != 25}
    assert verdict(results, SearchLimits(100), AUC, lambda number: False) is None
    assert verdict(flat(3), SearchLimits(100, exit_score=0.8), AUC, lambda number: False) == (
        1, "exit_score: 0.8 was reached by trial 1",
    )  # fmt: skip
