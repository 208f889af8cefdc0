"""Conformal intervals: ranks as theory has them, coverage as promised."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skops.io

from automl_components.core.errors import DataError, SettingsError
from automl_components.engine.intervals import CrossIntervals, Intervals


@pytest.mark.parametrize("rows", [39, 99, 100, 1000])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_ends_are_the_order_statistics_of_theory(rows: int, coverage: float) -> None:
    """Each tail a / 2: the ceil((1 - a / 2)(n + 1))-th smallest residual, and as many from the top."""
    residuals = np.random.default_rng(rows).gamma(2.0, size=rows) - 1
    low, high = Intervals(residuals, np.zeros(rows)).quantiles(coverage)
    rank = math.ceil(round((1 + coverage) / 2 * (rows + 1), 9))
    ordered = np.sort(residuals)
    assert high == ordered[rank - 1]
    assert low == ordered[rows - rank]


def test_coverage_is_what_was_promised() -> None:
    """Of exchangeable rows between the promise and 2 / (n + 1) more, for any residuals: the mean over many draws."""
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(4000):
        residuals = rng.gamma(0.7, size=80)
        low, high = Intervals(residuals[:-1], np.zeros(79)).bounds(np.zeros(1), 0.9)
        hits.append(low[0] <= residuals[-1] <= high[0])
    assert 0.9 - 0.015 < np.mean(hits) < 0.9 + 2 / 80 + 0.015


def test_a_skewed_target_has_lopsided_intervals() -> None:
    residuals = np.random.default_rng(0).exponential(size=2000) - 1
    low, high = Intervals(residuals, np.zeros(2000)).quantiles(0.9)
    assert high > 1.5 * -low


def test_more_coverage_is_wider_and_limits_are_told() -> None:
    made = Intervals(np.random.default_rng(0).normal(size=50), np.zeros(50))
    widths = [np.subtract(*made.quantiles(coverage)[::-1]) for coverage in (0.5, 0.8, 0.9, 0.95)]
    assert (np.diff(widths) >= 0).all()
    assert made.most == pytest.approx(49 / 51)
    assert made.quantiles(49 / 51 - 1e-9)
    with pytest.raises(SettingsError, match=r"coverage 0\.99: 50 residuals can promise 0\.9608 at most"):
        made.bounds(np.zeros(1), 0.99)
    with pytest.raises(SettingsError, match="between 0 and 1"):
        made.quantiles(1.0)


def test_a_row_of_weight_three_is_three_rows() -> None:
    rng = np.random.default_rng(0)
    residuals, weight = rng.normal(size=400), rng.integers(0, 4, size=400)
    one = Intervals(residuals, np.zeros(400), weight.astype(float))
    many = np.repeat(residuals, weight)
    low, high = one.quantiles(0.9)
    assert np.mean((low <= many) & (many <= high)) == pytest.approx(0.9, abs=0.01)
    scaled = Intervals(residuals, np.zeros(400), 1000.0 * weight)
    assert scaled.quantiles(0.9) == (low, high)


def test_weights_correct_for_rows_that_are_too_frequent() -> None:
    rng = np.random.default_rng(0)
    noisy = rng.random(20_000) < 0.9  # in the data nine of ten rows, among new ones half
    residuals = np.where(noisy, 3.0, 1.0) * rng.normal(size=20_000)
    made = Intervals(residuals, np.zeros(20_000), np.where(noisy, 0.5 / 0.9, 0.5 / 0.1))
    new = np.where(rng.random(20_000) < 0.5, 3.0, 1.0) * rng.normal(size=20_000)
    low, high = made.quantiles(0.9)
    assert np.mean((low <= new) & (new <= high)) == pytest.approx(0.9, abs=0.01)


def test_a_spread_makes_intervals_as_wide_as_each_row_needs() -> None:
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.5, 4.0, size=8000)
    y = spread * rng.normal(size=8000)
    made = Intervals(y[:4000], np.zeros(4000), spread=spread[:4000])
    low, high = made.bounds(np.zeros(4000), 0.8, spread=spread[4000:])
    inside = (low <= y[4000:]) & (y[4000:] <= high)
    calm = spread[4000:] < 1
    assert inside[calm].mean() == pytest.approx(0.8, abs=0.04)
    assert inside[~calm].mean() == pytest.approx(0.8, abs=0.04)
    with pytest.raises(DataError, match="made with a spread"):
        made.bounds(np.zeros(1))
    with pytest.raises(DataError, match="above 0"):
        Intervals(y, np.zeros(8000), spread=np.zeros(8000))


def test_of_very_many_residuals_a_model_keeps_few() -> None:
    residuals = np.random.default_rng(0).normal(size=300_000)
    made = Intervals(residuals, np.zeros(300_000))
    assert len(made.values) == 4000
    low, high = made.quantiles(0.9)
    assert np.mean((low <= residuals) & (residuals <= high)) == pytest.approx(0.9, abs=0.001)


def folds(rows: int, seed: int, parts: int = 5) -> tuple[np.ndarray, ...]:
    """A regression by fold models: truth, out-of-fold predictions, parts, new truth, new predictions of each model."""
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows + 200, 12))
    y = x @ np.linspace(0, 2, 12) + rng.normal(size=rows + 200)
    part, made, new = np.arange(rows) % parts, np.empty(rows), []
    for number in range(parts):
        held = part == number
        model = Ridge(1e-3).fit(x[:rows][~held], y[:rows][~held])
        made[held] = model.predict(x[:rows][held])
        new.append(model.predict(x[rows:]))
    return y[:rows], made, part, y[rows:], np.array(new)


def test_cross_intervals_cover_and_follow_the_formula() -> None:
    hits = []
    for seed in range(30):
        y, made, part, truth, new = folds(60, seed)
        low, high = CrossIntervals(y, made, part).bounds(new, 0.9)
        hits.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.88 < np.mean(hits) < 0.96
    ends = np.sort(
        np.concatenate([new[k][:, None] + (y - made)[part == k] for k in range(5)], axis=1), axis=1
    )
    rank = math.ceil(0.95 * 61)
    np.testing.assert_allclose(high, ends[:, rank - 1])
    np.testing.assert_allclose(low, ends[:, 60 - rank])


def test_cross_intervals_grow_where_fold_models_disagree() -> None:
    y, made, part, _, new = folds(300, 0)
    apart = new + 5 * np.linspace(-1, 1, 5)[:, None]
    made_of = CrossIntervals(y, made, part)
    agreed, disagreed = (np.subtract(*made_of.bounds(values)[::-1]).mean() for values in (new, apart))
    assert disagreed > 1.5 * agreed


def test_one_fold_model_is_the_split_interval() -> None:
    rng = np.random.default_rng(0)
    y, prediction = rng.normal(size=99), np.zeros(99)
    cross = CrossIntervals(y, prediction, np.zeros(99, dtype=int)).bounds([np.ones(3)], 0.9)
    split = Intervals(y, prediction).bounds(np.ones(3), 0.9)
    np.testing.assert_allclose(cross, split)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match="no residuals"):
        Intervals(np.ones(3), np.full(3, np.nan))
    with pytest.raises(DataError, match="3 true values need as many"):
        Intervals(np.ones(3), np.ones(2))
    with pytest.raises(DataError, match="1 predictions a row, 2 fold models"):
        CrossIntervals(np.arange(20.0), np.zeros(20), np.arange(20) % 2).bounds([np.zeros(2)])
    with pytest.raises(SettingsError, match="more than 20 residuals can promise"):
        CrossIntervals(np.arange(20.0), np.zeros(20), np.arange(20) % 2).bounds([np.zeros(2)] * 2, 0.99)


def test_saved_ones_are_the_same() -> None:
    y, made, part, _, new = folds(100, 0)
    for intervals, given in ((Intervals(y, made), new[0]), (CrossIntervals(y, made, part), new)):
        text = skops.io.dumps(intervals)
        loaded = skops.io.loads(text, trusted=skops.io.get_untrusted_types(data=text))
        np.testing.assert_array_equal(loaded.bounds(given), intervals.bounds(given))
