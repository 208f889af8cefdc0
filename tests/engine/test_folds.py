"""Splits: every rule, its sizes against scikit-learn, and what must hold for any target."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit, TimeSeriesSplit

from automl_components.core.errors import DataError, SettingsError
from automl_components.engine.draws import share_of
from automl_components.engine.folds import make_splits, split_test


def classes_of(rows: int, shares=(0.5, 0.3, 0.2), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(len(shares), rows, p=shares)


def validation_sizes(splits) -> list[int]:
    return splits.to_dict()["validation_rows"]


# --- the rules by the number of rows


@pytest.mark.parametrize(
    ("rule", "rows", "kind", "count"),
    [
        ("azure", 300, "k_fold", 10),
        ("azure", 999, "k_fold", 10),
        ("azure", 1_000, "k_fold", 3),
        (
            "azure",
            20_000,
            "k_fold",
            3,
        ),  # Azure's documents disagree; the newest says "<=" for cross-validation
        ("azure", 20_001, "holdout", 1),
        ("auto", 999, "k_fold", 10),
        ("auto", 1_000, "k_fold", 5),
        ("auto", 40_000, "k_fold", 5),
        ("auto", 40_001, "k_fold", 3),
        ("auto", 60_000, "k_fold", 3),
    ],
)
@pytest.mark.parametrize("asked", [None, "auto"])
def test_the_number_of_rows_decides_where_nothing_is_asked_for(rule, rows, kind, count, asked):
    splits = make_splits(
        classes_of(rows), task="classification", n_cross_validations=asked, rule=rule, seed=1
    )
    assert (splits.kind, splits.count, splits.auto) == (kind, count, True)
    assert f"{rows:,}" in splits.reason
    if kind == "holdout":
        assert validation_sizes(splits) == [2_000]  # 10 % of 20,001, to the nearest


def test_large_tables_get_one_split_of_enough_rows():
    for rows, expected in ((60_001, 6_000), (800_000, 50_000)):
        splits = make_splits(np.arange(rows), task="regression")
        assert (splits.kind, validation_sizes(splits)) == ("holdout", [expected])


def test_wide_tables_get_three_folds_at_most():
    for rows, columns, count in ((2_000, 10_000, 3), (2_000, 1_000, 5), (300, 100_000, 3)):
        splits = make_splits(np.arange(rows), task="regression", columns=columns)
        assert splits.count == count


def test_an_unknown_rule_is_refused():
    with pytest.raises(SettingsError, match="split_rule is 'amazon'"):
        make_splits(np.arange(50), task="regression", rule="amazon")


def test_the_test_part_is_cut_first_as_in_azure():
    y = classes_of(1_000)
    test = split_test(y, task="classification", size=0.1, seed=3)
    splits = make_splits(y[~test], task="classification", validation_data_size=0.1, seed=3)
    assert int(test.sum()) == 100
    assert splits.to_dict()["validation_rows"] == [90]
    assert splits.to_dict()["train_rows"] == [810]


@pytest.mark.parametrize(
    ("size", "rows", "expected"), [(0.1, 25, 3), (0.07, 100, 7), (0.001, 50, 1), (0.999, 50, 49)]
)
def test_a_share_is_rounded_to_the_nearest_row(size, rows, expected):
    assert share_of(size, rows) == expected
    assert validation_sizes(make_splits(np.arange(rows), task="regression", validation_data_size=size)) == [
        expected
    ]


# --- golden sizes against scikit-learn


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_stratified_folds_have_the_sizes_of_scikit_learn(folds):
    y = np.sort(classes_of(1_003))  # scikit-learn numbers classes by appearance; sorted, the two agree
    splits = make_splits(y, task="classification", n_cross_validations=folds, seed=7)
    golden = StratifiedKFold(folds, shuffle=True, random_state=0).split(np.zeros(len(y)), y)
    for j, (_, validation) in enumerate(golden):
        assert (
            np.bincount(y[splits.validation(j)], minlength=3).tolist() == np.bincount(y[validation]).tolist()
        )


@pytest.mark.parametrize("size", [0.1, 0.25, 0.4])
def test_a_stratified_holdout_has_the_class_counts_of_scikit_learn(size):
    y = classes_of(1_000)
    splits = make_splits(y, task="classification", validation_data_size=size, seed=5)
    _, golden = next(StratifiedShuffleSplit(1, test_size=size, random_state=0).split(np.zeros(len(y)), y))
    difference = np.bincount(y[splits.validation(0)]) - np.bincount(y[golden])
    assert len(splits.validation(0)) == len(golden)
    assert abs(difference).max() <= 1  # a tie between two classes may fall either way


@pytest.mark.parametrize(("rows", "count"), [(100, 4), (103, 5), (1_000, 3)])
def test_windows_in_order_of_time_are_those_of_scikit_learn(rows, count):
    when = np.random.default_rng(0).permutation(rows)
    splits = make_splits(np.arange(rows), task="regression", n_cross_validations=count, time_order=when)
    for j, (train, validation) in enumerate(TimeSeriesSplit(count).split(np.zeros(rows))):
        assert sorted(when[splits.train(j)]) == train.tolist()
        assert sorted(when[splits.validation(j)]) == validation.tolist()


# --- what must hold for any target

TARGETS = st.lists(st.integers(0, 5), min_size=4, max_size=60).filter(
    lambda y: sum(y.count(c) >= 2 for c in set(y)) >= 2
)


@given(y=TARGETS, folds=st.integers(2, 12), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_k_fold_validates_every_row_once_and_trains_every_class_of_two_rows(y, folds, seed):
    y = np.array(y)
    splits = make_splits(y, task="classification", n_cross_validations=folds, seed=seed)
    assert ((splits.matrix == 0).sum(axis=1) == 1).all()
    assert splits.count == min(folds, len(y))
    assert (splits.count < folds) == bool(splits.notes)
    sizes = validation_sizes(splits)
    assert max(sizes) - min(sizes) <= 1
    present = {c for c in np.unique(y) if (y == c).sum() >= 2}
    for j in range(splits.count):
        assert present <= set(y[splits.train(j)])


@given(y=TARGETS, size=st.floats(0.01, 0.99), repeats=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_monte_carlo_has_exact_sizes_and_keeps_classes_in_training(y, size, repeats, seed):
    y = np.array(y)
    asked = {"n_cross_validations": repeats, "validation_data_size": size}
    number = share_of(size, len(y))
    if number > len(y) - 2:
        with pytest.raises(DataError, match="same class"):
            make_splits(y, task="classification", seed=seed, **asked)
        return
    if number > len(y) - len(np.unique(y)):
        return  # a row of each class cannot be kept for training; whether two classes remain is chance
    splits = make_splits(y, task="classification", seed=seed, **asked)
    assert splits.count == repeats
    assert set(validation_sizes(splits)) == {number}
    assert set(np.unique(splits.matrix)) == {0, 1}
    for j in range(repeats):
        assert set(y[splits.train(j)]) == set(y)


@given(
    groups=st.lists(st.integers(0, 8), min_size=6, max_size=80).filter(lambda g: len(set(g)) > 1),
    folds=st.integers(2, 10),
    size=st.none() | st.floats(0.05, 0.95),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_groups_never_straddle_and_both_sides_have_rows(groups, folds, size, seed):
    y = np.arange(len(groups), dtype=float)
    asked = {"n_cross_validations": folds, "validation_data_size": size}
    splits = make_splits(y, task="regression", groups=groups, seed=seed, **asked)
    groups = np.array(groups)
    for j in range(splits.count):
        train, validation = set(groups[splits.train(j)]), set(groups[splits.validation(j)])
        assert train
        assert validation
        assert not train & validation
    if size is None:
        assert ((splits.matrix == 0).sum(axis=1) == 1).all()
        assert splits.count == min(folds, len(np.unique(groups)))


@given(
    when=st.lists(st.integers(0, 30), min_size=4, max_size=80).filter(lambda t: len(set(t)) > 1),
    folds=st.none() | st.integers(2, 8),
    seed=st.integers(0, 9),
)
@settings(max_examples=150, deadline=None)
def test_training_is_strictly_earlier_than_validation(when, folds, seed):
    when = np.array(when)
    size = 0.2 if folds is None else None
    splits = make_splits(
        np.arange(len(when)), task="regression", n_cross_validations=folds, validation_data_size=size,
        time_order=when, seed=seed,
    )  # fmt: skip
    for j in range(splits.count):
        assert when[splits.train(j)].max() < when[splits.validation(j)].min()
    assert len(splits.train(0)) > 0
    validated = (splits.matrix == 0).sum(axis=1)
    assert validated.max() == 1
    assert when[validated == 1].max() == when.max()


@given(y=TARGETS, size=st.floats(0.05, 0.6), seed=st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_the_test_part_has_its_size(y, size, seed):
    test = split_test(np.array(y), task="classification", size=size, seed=seed)
    assert int(test.sum()) == share_of(size, len(y))


# --- single rules


def test_rare_classes_are_spread_and_break_nothing():
    y = np.array([0] * 60 + [1] * 35 + [2] * 3 + [3])
    splits = make_splits(y, task="classification", n_cross_validations=10, seed=0)
    rare = [int((y[splits.validation(j)] == 2).sum()) for j in range(10)]
    assert sorted(rare) == [0] * 7 + [1] * 3


def test_classes_get_their_share_by_largest_remainders():
    y = np.repeat([0, 1, 2], [55, 27, 18])  # a tenth of each is 5.5, 2.7 and 1.8 rows
    splits = make_splits(y, task="classification", validation_data_size=0.1, seed=0)
    assert np.bincount(y[splits.validation(0)]).tolist() == [5, 3, 2]


def test_monte_carlo_repeats_differ_and_a_seed_repeats_them():
    y = classes_of(200)
    asked = {"task": "classification", "n_cross_validations": 3, "validation_data_size": 0.2}
    first, again, other = (make_splits(y, seed=seed, **asked).matrix for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[:, 0], first[:, 1])


def test_group_folds_are_even_and_stratified():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 100, 3_000)
    y = ((groups % 5 == 0) & (rng.random(3_000) < 0.8)).astype(int)  # positives live in a fifth of the groups
    splits = make_splits(y, task="classification", n_cross_validations=5, groups=groups, seed=0)
    sizes = np.array(validation_sizes(splits))
    positives = np.array([y[splits.validation(j)].mean() for j in range(5)])
    assert abs(sizes / 600 - 1).max() < 0.05
    assert abs(positives / y.mean() - 1).max() < 0.1


@pytest.mark.parametrize("size", [0.1, 0.3])
def test_group_holdouts_come_near_to_their_size_and_differ(size):
    groups = np.random.default_rng(0).integers(0, 200, 4_000)
    splits = make_splits(
        classes_of(4_000),
        task="classification",
        groups=groups,
        n_cross_validations=4,
        validation_data_size=size,
    )
    assert abs(np.array(validation_sizes(splits)) / (4_000 * size) - 1).max() < 0.1
    assert len({tuple(column) for column in splits.matrix.T}) == 4


def test_one_huge_group_trains():
    groups = np.array([0] * 90 + list(range(1, 11)))
    for seed in range(20):
        splits = make_splits(
            np.arange(100), task="regression", validation_data_size=0.1, groups=groups, seed=seed
        )
        assert 0 not in groups[splits.validation(0)]


def test_given_validation_rows_are_one_split_and_shared_groups_are_noted():
    mask = np.arange(30) >= 20
    splits = make_splits(
        classes_of(30), task="classification", validation_rows=mask, groups=np.arange(30) % 25
    )
    assert (splits.kind, splits.names) == ("given", ("validation_data",))
    assert np.array_equal(splits.matrix[:, 0] == 0, mask)
    assert splits.notes == ("groups with rows both in training_data and in validation_data: 5",)


def test_given_validation_rows_that_are_not_later_are_noted():
    mask = np.arange(30) >= 20
    early = make_splits(
        np.arange(30), task="regression", validation_rows=mask, time_order=np.arange(30)[::-1]
    )
    late = make_splits(np.arange(30), task="regression", validation_rows=mask, time_order=np.arange(30))
    assert early.notes == ("validation_data begins before training_data ends",)
    assert late.notes == ()


@pytest.mark.parametrize("dtype", ["int64", "float64", "bool", "Int64"])
def test_split_columns_are_taken_as_they_are(dtype):
    columns = pd.DataFrame({"a": [1, 1, 0, 0], "b": [0, 1, 1, 0]}).astype(dtype)
    splits = make_splits([1.0, 2, 3, 4], task="regression", split_columns=columns)
    assert (splits.kind, splits.names) == ("custom", ("a", "b"))
    assert splits.matrix.dtype == np.int8
    assert splits.matrix.tolist() == [[1, 0], [1, 1], [0, 1], [0, 0]]


def test_time_windows_of_a_given_size_end_at_the_last_row():
    splits = make_splits(
        np.arange(100),
        task="regression",
        n_cross_validations=3,
        validation_data_size=0.1,
        time_order=np.arange(100),
    )
    assert splits.kind == "rolling_origin"
    assert [splits.validation(j).tolist() for j in range(3)] == [list(range(a, a + 10)) for a in (70, 80, 90)]
    assert [len(splits.train(j)) for j in range(3)] == [70, 80, 90]


def test_few_points_in_time_give_fewer_windows_with_a_note():
    splits = make_splits(
        np.arange(30), task="regression", n_cross_validations=5, time_order=np.arange(30) // 10
    )
    assert splits.count == 2
    assert splits.notes == ("5 windows were wanted; the number of points in time allows 2",)


def test_windows_that_train_on_one_class_are_left_out_with_a_note():
    y = np.array([0] * 40 + [0, 1] * 30)
    splits = make_splits(y, task="classification", n_cross_validations=4, time_order=np.arange(100))
    assert splits.names == ("window_3", "window_4")
    assert splits.count == splits.matrix.shape[1] == 2
    assert "'window_1', 'window_2'" in splits.notes[0]


def test_the_test_part_respects_time_groups_and_given_validation_rows():
    when, groups, mask = np.arange(100)[::-1], np.arange(100) // 4, np.arange(100) >= 80
    last = split_test(np.arange(100), task="regression", size=0.2, time_order=when)
    assert np.array_equal(last, when >= 80)
    whole = split_test(np.arange(100), task="regression", size=0.2, groups=groups)
    assert not set(groups[whole]) & set(groups[~whole])
    spared = split_test(np.arange(100), task="regression", size=0.25, validation_rows=mask)
    assert int(spared.sum()) == 20
    assert not spared[mask].any()


def test_test_and_validation_are_drawn_independently():
    y = np.arange(1_000)
    test = split_test(y, task="regression", size=0.1, seed=4)
    validation = make_splits(y, task="regression", validation_data_size=0.1, seed=4).matrix[:, 0] == 0
    assert (test & validation).sum() < 40  # ten by chance


# --- what is refused

Y = classes_of(40)
COLUMNS = pd.DataFrame({"cv": [1, 0] * 20})
MASK = np.arange(40) >= 30


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"n_cross_validations": -3}, "n_cross_validations is -3; it is 'auto' or a whole number"),
        ({"n_cross_validations": 1}, "for a single split give validation_data_size"),
        ({"n_cross_validations": 2.5}, "whole number"),
        ({"n_cross_validations": True}, "whole number"),
        ({"n_cross_validations": 0, "validation_data_size": 0.1}, "whole number of 1 or more"),
        ({"validation_data_size": 1.5}, "validation_data_size is 1.5; it is a share of the rows"),
        ({"validation_data_size": 0}, "between 0 and 1"),
        ({"validation_rows": MASK, "n_cross_validations": 5}, "validation_data already settles the split"),
        ({"validation_rows": MASK, "validation_data_size": 0.1}, "leave out validation_data_size"),
        ({"validation_rows": MASK, "split_columns": COLUMNS}, "leave out cv_split_column_names"),
        ({"split_columns": COLUMNS, "n_cross_validations": 5}, "cv_split_column_names already settles"),
        ({"split_columns": COLUMNS, "groups": np.arange(40)}, "leave out group_column_name"),
        ({"split_columns": COLUMNS, "time_order": np.arange(40)}, "leave out split_time_column_name"),
        ({"groups": np.arange(40), "time_order": np.arange(40)}, "either by group or by time"),
        ({"split_columns": COLUMNS[[]]}, "cv_split_column_names is empty"),
        (
            {"n_cross_validations": 6, "validation_data_size": 0.2, "time_order": np.arange(40)},
            "leave no rows to train on",
        ),
    ],
)  # fmt: skip
def test_contradictions_and_bad_values_are_refused(asked, message):
    with pytest.raises(SettingsError, match=message.replace("(", r"\(")):
        make_splits(Y, task="classification", **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"split_columns": COLUMNS.assign(cv=[1, 0] * 19 + [1, 7])}, "'cv' holds 7: row 39"),
        ({"split_columns": COLUMNS.assign(cv=[1.0, np.nan] * 20)}, "rows 1, 3, 5, 7, 9 and 15 more"),
        ({"split_columns": COLUMNS.assign(cv=1)}, "leaves no validation rows"),
        ({"split_columns": COLUMNS.assign(cv=0)}, "leaves no training rows"),
        ({"validation_rows": np.ones(40, dtype=bool)}, "both need rows"),
        ({"groups": np.zeros(40)}, "column of group_column_name holds one value only"),
        ({"time_order": np.zeros(40)}, "column of split_time_column_name holds one value only"),
        ({"validation_rows": Y > 0}, "the split 'validation_data' have the same class"),
    ],
)
def test_rows_that_allow_no_split_are_refused(asked, message):
    with pytest.raises(DataError, match=message):
        make_splits(Y, task="classification", **asked)


@pytest.mark.parametrize("size", [0, 1, -0.1, 2, True])
def test_a_test_size_outside_of_zero_and_one_is_refused(size):
    with pytest.raises(SettingsError, match="test_data_size"):
        split_test(Y, task="classification", size=size)


def test_two_hundred_thousand_rows_are_quick():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 200_000)
    began = time.perf_counter()
    make_splits(y, task="classification", n_cross_validations=5)
    make_splits(y, task="classification", n_cross_validations=5, groups=rng.integers(0, 20_000, 200_000))
    make_splits(y, task="classification", n_cross_validations=5, time_order=rng.integers(0, 5_000, 200_000))
    assert time.perf_counter() - began < 5  # about half a second; the rest is for a busy machine
