"""The plan: a pure function; who gets which cores, how much time is for what."""

import json
from dataclasses import replace

import pytest

from automl_components.algorithms import Shape
from automl_components.engine.plan import plan, search_share


def test_small_tables_are_fitted_side_by_side():
    small = plan(Shape(10_000, 20, 2), 5, bags=True, seconds=60, cores=2)
    assert (small.workers, small.threads) == (2, 1)
    large = plan(Shape(1_000_000, 20, 2), 1, bags=False, seconds=60, cores=2)
    assert (large.workers, large.threads) == (1, 2)
    texts = plan(Shape(100_000, 5000, 2, sparse=True), 3, bags=True, seconds=60, cores=2)
    assert (texts.workers, texts.threads) == (2, 1)
    asked = plan(Shape(10_000, 20, 2), 5, bags=True, seconds=60, cores=4, concurrent=2)
    assert (asked.workers, asked.threads) == (2, 2)


@pytest.mark.parametrize(
    ("seconds", "rounds"), [(None, 1000), (30, 1000), (300, 3000), (3600, 10_000), (1e6, 1000)]
)
def test_rounds_by_time(seconds, rounds):
    assert plan(Shape(5000, 10), 5, bags=True, seconds=seconds, cores=2).rounds == rounds


def test_time_is_kept_for_what_follows():
    for seconds in (5, 30, 60, 300, 3600):
        for bags in (True, False):
            share = search_share(seconds, bags)
            assert seconds / 2 <= share < seconds
        assert search_share(seconds, True) > search_share(seconds, False)
    assert search_share(60, True) > 55
    assert plan(Shape(5000, 10), 5, bags=True, seconds=None, cores=2).search_seconds is None


def test_what_went_before_shortens_the_trials_and_changes_nothing_else():
    whole = plan(Shape(5000, 20, 2), 5, bags=True, seconds=600.0, cores=2)
    rest = plan(Shape(5000, 20, 2), 5, bags=True, seconds=600.0, left=590.0, cores=2)
    assert rest.search_seconds == pytest.approx(whole.search_seconds - 10 * (1 - 0.04))
    assert "590.0 of 600 s are left" in " ".join(rest.reasons)
    changed = replace(whole, search_seconds=rest.search_seconds, reasons=rest.reasons)
    assert changed == rest
    day = plan(Shape(5000, 20, 2), 5, bags=True, seconds=86_400.0, left=86_390.0, cores=2)
    assert day.rounds == plan(Shape(5000, 20, 2), 5, bags=True, seconds=None, cores=2).rounds


def test_where_time_is_short_for_the_cells_the_first_boosting_gets_most_of_it():
    tall, wide = Shape(1_200_000, 30, 2), Shape(5_000, 1_500, 2)
    for shape, splits, bags in ((tall, 1, False), (wide, 3, True)):
        short, long = (plan(shape, splits, bags=bags, seconds=s, cores=2) for s in (60, 600))
        assert (short.slot, long.slot) == (0.85, 0.4)
        assert (short.first, long.first) == ("plain", "linear")
        assert short.search_seconds == search_share(60, True, shape.columns)
        assert long.search_seconds == search_share(600, bags, shape.columns)
        assert "most of it" in short.reasons[-1]
    assert plan(tall, 1, bags=False, seconds=None, cores=2).slot == 0.4
    assert plan(Shape(40_000, 20, 2), 5, bags=True, seconds=60, cores=2).slot == 0.4


def test_races_need_rows_and_splits():
    def races(rows, splits, **more):
        return plan(Shape(rows, 10, 2), splits, bags=True, seconds=60, cores=2, **more).race

    assert races(5000, 5)
    assert not races(500, 10)
    assert not races(5000, 2)
    assert not races(5000, 5, race=False)


def test_a_plan_is_json_and_says_why():
    chosen = plan(Shape(300, 10, 2), 10, bags=True, seconds=60, cores=2)
    assert json.loads(json.dumps(chosen.to_dict()))["candidates"] == chosen.candidates == 6
    assert len(chosen.reasons) == 4
