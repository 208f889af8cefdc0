"""Tables: what is refused and with which words, what is repaired, and what comes out of it."""

from __future__ import annotations

import decimal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components.core.errors import DataError, SettingsError, UserError
from automl_components.engine.checking import check_tables, facts_of, overlap, run_guardrails
from automl_components.engine.columns import detect_purposes
from automl_components.engine.folds import make_splits, split_test
from automl_components.engine.target import encode_labels, encode_target, resolve_label, usable_target

ROWS = 40


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": range(ROWS),
            "job": ["clerk", "nurse"] * (ROWS // 2),
            "y": ["no", "yes"] * (ROWS // 2),
            "w": 1.0,
            "shop": [row // 4 for row in range(ROWS)],
            "day": pd.date_range("2024-01-01", periods=ROWS),
        }
    )


def check(training, task="classification", target_column_name="y", **asked):
    return check_tables(training, task=task, target_column_name=target_column_name, **asked)


# --- what is refused: (changes to the table, task, further arguments, words of the message)

C, R = "classification", "regression"
WEIGHT, DAY = {"weight_column_name": "w"}, {"split_time_column_name": "day"}

REFUSED = {
    "no target column": ({}, C, {"target_column_name": "Y1"}, "no column 'Y1'; did you mean 'y'"),
    "target empty": ({"y": None}, C, {}, "'y' of training_data is empty: no row of 40"),
    "target constant": ({"y": "a"}, C, {}, "is constant: all 40 rows hold 'a'"),
    "number constant": ({"y": 3.5}, R, {}, "is constant: all 40 rows hold 3.5"),
    "constant but for gaps": ({"y": [None, 1.5] * 20}, R, {}, "all 20 rows hold 1.5"),
    "huge target": ({"y": [*range(39), 2e300]}, R, {}, r"such as 2e\+300: row 39 .*at most 1e\+150"),
    "tiny target": ({"y": [i * 1e-300 for i in range(40)]}, R, {}, "within 3.9e-299 of each other"),
    "infinite target": ({"y": [np.inf, *range(38), -np.inf]}, R, {}, "infinite values: rows 0, 39"),
    "text for numbers": ({}, R, {}, "40 values of 40 cannot be read as one, such as 'no'"),
    "one word in numbers": ({"y": [*map(str, range(39)), "?"]}, R, {}, "such as '\\?': row 39"),
    "dates for numbers": ({"y": pd.date_range("2024", periods=ROWS)}, R, {}, "cannot be read as one"),
    "booleans for numbers": ({"y": [True, False] * 20}, R, {}, "use task 'classification'"),
    "complex": ({"y": [1j, 2] * 20}, R, {}, "complex numbers"),
    "many fractions": ({"y": np.linspace(0, 1, ROWS)}, C, {}, "use task 'regression'"),
    "mixed labels": ({"y": [1, "a"] * 20}, C, {}, "values of type int, str"),
    "dates as labels": ({"y": pd.date_range("2024", periods=ROWS)}, C, {}, "type Timestamp"),
    "lists as labels": ({"y": [[1]] * ROWS}, C, {}, "type list"),
    "one row a class": ({"y": range(ROWS)}, C, {}, "40 classes in 40 rows.* use task 'regression'"),
    "one class of one row": ({"y": ["b", *["a"] * 39]}, C, {}, "fewer than two of them"),
    "no weight column": ({}, C, {"weight_column_name": "ww"}, "no column 'ww'; did you mean 'w'"),
    "negative weight": (
        {"w": [1.0] * 39 + [-2.0]}, C, WEIGHT, "holds -2.0: row 39"
    ),
    "missing weight": ({"w": [np.nan] + [1.0] * 39}, C, WEIGHT, "nan: row 0"),
    "infinite weight": ({"w": np.inf}, C, WEIGHT, "and 35 more"),
    "text weight": ({"w": "heavy"}, C, WEIGHT, "holds 'heavy'"),
    "no weight at all": ({"w": 0}, C, WEIGHT, "is 0 in every row"),
    "no group column": ({}, C, {"group_column_name": "shops"}, "did you mean 'shop'"),
    "no time column": ({}, C, {"split_time_column_name": "days"}, "did you mean 'day'"),
    "missing time": (
        {"day": [None, *pd.date_range("2024", periods=39)]}, C, DAY,
        "1 value of 40 missing or unreadable: row 0",
    ),
    "no time": ({"day": "soon"}, C, DAY, "write dates as 2024-01-31"),
    "no split column": ({}, C, {"split_column_names": ["cv1"]}, "cv_split_column_names: .* 'cv1'"),
    "bad split column": ({"w": [1, 0] * 19 + [1, 2]}, C, {"split_column_names": ["w"]}, "2: row 39"),
    "two roles": ({}, C, {"weight_column_name": "y"}, "target_column_name and weight_column_name"),
    "a split twice": ({}, C, {"split_column_names": ["w", "w"]}, "'w' is named by"),
    "no such label": ({}, C, {"positive_label": "Ja"}, "'Ja' is not among the classes 'no', 'yes'"),
    "YAML's yes": ({}, C, {"positive_label": True}, "YAML reads an unquoted yes or no"),
    "label of a number": ({"y": range(ROWS)}, R, {"positive_label": 1}, "is for classification"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learnt_from_is_refused(table, case):
    changes, task, asked, message = REFUSED[case]
    with pytest.raises(UserError, match=message) as caught:
        check(table.assign(**changes), task, **asked)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda t: t.iloc[:0], "training_data has no rows, only a header: 'age', 'job'"),
        (lambda t: pd.DataFrame(), "training_data is empty: it has no columns"),
        (lambda t: pd.concat([t, t[["age"]]], axis=1), "more than one column named 'age'"),
        (lambda t: t.set_axis([1, "1", "y", "w", "shop", "day"], axis=1), "more than one column named '1'"),
        (lambda t: t[["y"]], "no feature column"),
        (lambda t: t.head(6), "training_data has 6 rows with a target; at least 10 are needed"),
    ],
)
def test_tables_without_rows_or_columns_are_refused(table, broken, message):
    with pytest.raises(DataError, match=message):
        check(broken(table))


def test_a_wide_table_does_not_flood_the_message():
    wide = pd.DataFrame(np.ones((20, 500))).add_prefix("sensor_")
    with pytest.raises(DataError) as caught:
        check(wide, target_column_name="zzzz")
    assert "488 more" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_validation_and_test_data_must_have_the_columns(table):
    with pytest.raises(DataError, match="validation_data lacks 2 columns of training_data: 'age', 'job'"):
        check(table, validation=table.drop(columns=["age", "job"]))
    with pytest.raises(DataError, match="validation_data lacks 1 column of training_data: 'y'"):
        check(table, validation=table.drop(columns="y"))
    with pytest.raises(DataError, match="test_data lacks 1 column of training_data: 'job'"):
        check(table, test=table.drop(columns="job"))
    with pytest.raises(DataError, match="'y' of validation_data is empty"):
        check(table, validation=table.assign(y=None))
    with pytest.raises(DataError, match="test_data has no rows"):
        check(table, test=table.iloc[:0])


def test_validation_data_and_split_columns_contradict(table):
    with pytest.raises(SettingsError, match="cv_split_column_names or validation_data, not both"):
        check(table, validation=table, split_column_names=["w"])


def test_the_training_rows_alone_must_be_enough(table):
    with pytest.raises(DataError, match="constant"):
        check(table.assign(y="no"), validation=table)


def test_labels_of_another_kind_in_validation_data_are_refused(table):
    with pytest.raises(
        DataError, match="string values in training_data and integer values in validation_data"
    ):
        check(table, validation=table.assign(y=[0, 1] * 20))


def test_row_numbers_are_those_of_the_given_table(table):
    holes = table.assign(y=[None] * 10 + list(range(29)) + [np.inf])
    with pytest.raises(DataError, match="row 39 "):
        check(holes, "regression")
    with pytest.raises(DataError, match=r"column 'w' of validation_data .*: row 3 "):
        check(table, validation=table.assign(w=[1, 1, 1, -1] + [1] * 36), weight_column_name="w")


# --- targets

LABELS = {
    "text": (["no", "yes"] * 20, ["no", "yes"], "str"),
    "pandas text": (pd.array(["no", "yes"] * 20, dtype="string"), ["no", "yes"], "str"),
    "blanks kept": ([" no", "no"] * 20, [" no", "no"], "str"),
    "booleans": ([True, False] * 20, [False, True], "bool"),
    "booleans and gaps": ([True, None, False, True] * 10, [False, True], "bool"),
    "nullable booleans": (pd.array([True, None, False, True] * 10, dtype="boolean"), [False, True], "bool"),
    "integers": (np.array([3, 1] * 20, dtype=np.int16), [1, 3], "int16"),
    "nullable integers": (pd.array([1, None, 0, 1] * 10, dtype="Int64"), [0, 1], "int64"),
    "whole floats": ([1.0, np.nan, 0.0, 1.0] * 10, [0.0, 1.0], "float64"),
    "grades": ([1.3, 1.7] * 20, [1.3, 1.7], "float64"),
    "decimals": ([decimal.Decimal("1.5"), decimal.Decimal("2")] * 20, [1.5, 2.0], "float64"),
    "categories": (pd.Categorical(["b", "a"] * 20, categories=["b", "a", "unused"]), ["a", "b"], "str"),
    "number categories": (pd.Categorical([10, 2] * 20), [2, 10], "int64"),
    "arrow integers": (pd.array([1, None, 0, 1] * 10, dtype="int64[pyarrow]"), [0, 1], "int64"),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_keep_their_type_and_are_sorted(table, case):
    values, classes, dtype = LABELS[case]
    checked = check(table.assign(y=values))
    assert checked.classes.tolist() == classes
    assert (checked.classes.dtype.kind == "U") if dtype == "str" else (checked.classes.dtype == dtype)
    assert checked.y.dtype == np.int32
    assert checked.target.tolist() == checked.classes[checked.y].tolist()
    assert checked.dropped_rows == pd.isna(pd.Series(values)).sum()
    assert len(checked.frame) == ROWS - checked.dropped_rows
    assert encode_labels(checked.target, checked.classes).tolist() == checked.y.tolist()


def test_unknown_labels_are_minus_one():
    assert encode_labels(pd.Series(["b", "zebra", None]), np.array(["a", "b"])).tolist() == [1, -1, -1]
    assert encode_labels(pd.Series([1.0, 7.0]), np.array([0, 1])).tolist() == [1, -1]
    assert encode_labels(pd.Series([True, False]), np.array([False, True])).tolist() == [1, 0]
    assert encode_labels(pd.Series(["b", "c"], dtype="category"), np.array(["a", "b"])).tolist() == [1, -1]


@given(st.lists(st.sampled_from(["a", "b", "ö", "", " b", "10", "9"]), min_size=10, max_size=40))
@settings(max_examples=60, deadline=None)
def test_codes_and_classes_give_back_the_labels(labels):
    target = pd.Series(labels, name="y")
    try:
        y, classes = encode_target(usable_target(target, "classification", "training_data"), "classification")
    except DataError:
        counts = target.value_counts()
        assert (counts >= 2).sum() < 2
        return
    assert classes[y].tolist() == labels
    assert classes.tolist() == sorted(set(labels))


@pytest.mark.parametrize(
    "values",
    [
        [f" {row}.5" for row in range(ROWS)],
        [decimal.Decimal(row) for row in range(ROWS)],
        pd.array([f"{row}e1" for row in range(ROWS)], dtype="string"),
        pd.Categorical([str(row) for row in range(ROWS)]),
        pd.array(range(ROWS), dtype="Int32"),
    ],
)
def test_numbers_in_any_writing_are_a_regression_target(table, values):
    checked = check(table.assign(y=values), "regression")
    assert checked.y.dtype == np.float64
    assert checked.classes is None
    assert checked.y.tolist() == [float(str(value)) for value in values]


@pytest.mark.parametrize(
    ("label", "classes", "expected"),
    [("yes", ["no", "yes"], "yes"), (1, [0, 1], 1), ("1", [0, 1], 1), ("1", [0.0, 1.0], 1.0),
     (1, ["0", "1"], "1"),
     (True, [False, True], True), ("True", [False, True], True), (2.0, [1, 2], 2)],
)  # fmt: skip
def test_a_positive_label_is_found_in_any_writing(label, classes, expected):
    found = resolve_label(label, np.array(classes))
    assert found == expected
    assert type(found) is type(expected)


# --- repairs, and what comes out


def test_columns_with_a_role_are_no_features_but_the_time_is(table):
    checked = check(
        table.assign(cv=[1, 0] * 20, name="x"),
        weight_column_name="w",
        split_column_names=["cv"],
    )
    assert checked.frame.columns.tolist() == ["age", "job", "shop", "day", "name"]
    assert checked.weights.tolist() == [1.0] * ROWS
    assert checked.split_columns.columns.tolist() == ["cv"]
    grouped = check(table, group_column_name="shop", split_time_column_name="day")
    assert grouped.frame.columns.tolist() == ["age", "job", "w", "day"]
    assert len(set(grouped.groups)) == 10
    assert (np.diff(grouped.time).astype("timedelta64[D]").astype(int) == 1).all()


def test_names_that_are_no_text_become_text(table):
    checked = check(table.set_axis([0, 1, 2, 3, 4, 5], axis=1), target_column_name="2")
    assert checked.frame.columns.tolist() == ["0", "1", "3", "4", "5"]
    assert "made text: '0', '1'" in checked.notes[0]


def test_rows_without_a_group_are_one_group(table):
    checked = check(table.assign(shop=[None, None, *range(38)]), group_column_name="shop")
    assert checked.groups[0] == checked.groups[1]
    assert len(set(checked.groups)) == 39
    assert "2 rows without a value in the group column 'shop'" in checked.notes[0]


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y"])
def test_times_as_text_are_put_in_order_with_one_format_for_both_tables(table, form):
    late = table.assign(day=pd.date_range("2025-01-01", periods=ROWS).strftime(form))
    checked = check(
        table.assign(day=table["day"].dt.strftime(form)), validation=late, split_time_column_name="day"
    )
    assert (np.diff(checked.time) > np.timedelta64(0, "us")).all()


def test_the_format_of_dates_is_found_over_both_tables(table):
    training = table.assign(
        day=table["day"].dt.strftime("%d/%m/%Y")
    )  # days above 12 tell the day from the month
    march = pd.date_range("2025-03-01", periods=12).strftime("%d/%m/%Y")
    checked = check(training, validation=table.head(12).assign(day=march), split_time_column_name="day")
    assert checked.time[-1] == np.datetime64("2025-03-12")


def test_validation_rows_follow_the_training_rows(table):
    validation = table.head(10).assign(y=["yes"] * 9 + [None], extra=1)[::-1]
    checked = check(table, validation=validation, weight_column_name="w", group_column_name="shop")
    assert checked.validation.tolist() == [False] * ROWS + [True] * 9
    assert checked.dropped_rows == 1
    assert len(checked.frame) == len(checked.y) == len(checked.weights) == len(checked.groups) == ROWS + 9
    assert checked.groups[-1] == checked.groups[0]
    assert checked.frame.index.tolist() == [*range(ROWS), *range(ROWS + 1, ROWS + 10)]
    assert checked.target.index.equals(checked.frame.index)
    assert checked.notes == ("columns of validation_data that training_data lacks were ignored: 'extra'",)


def test_joining_keeps_types(table):
    training = table.assign(
        kind=pd.Categorical(["a", "b"] * 20), empty=np.nan, flag=[True, False] * 20, label=[0, 1] * 20
    )
    validation = training.head(10).assign(
        kind=pd.Categorical(["b", "c"] * 5), empty="text", flag=None, label=[0.0, 1.0, np.nan, 1, 0] * 2
    )
    checked = check(training, validation=validation, target_column_name="label")
    assert checked.frame["kind"].cat.categories.tolist() == ["a", "b", "c"]
    assert checked.classes.dtype.kind == "i"  # a gap in one file does not make fractions of the labels
    assert checked.frame["empty"].notna().sum() == 8
    assert checked.frame["flag"].iloc[0] in (True,)


def test_test_data_is_read_with_and_without_a_target(table):
    scored = check(
        table, test=table.assign(y=["no", "maybe", None, "yes"] * 10, extra=1), weight_column_name="w"
    )
    assert len(scored.test) == len(scored.test_target) == len(scored.test_weights) == 30
    assert scored.test.columns.tolist() == scored.frame.columns.tolist()
    assert [note.split(":")[0] for note in scored.notes] == [
        "columns of test_data that training_data lacks were ignored",
        "10 rows of test_data without a target were left out",
        "10 rows of test_data have a class that training_data lacks",
    ]
    blind = check(table, test=table.drop(columns=["y", "w"]), weight_column_name="w")
    assert (blind.test_target, blind.test_weights) == (None, None)
    assert "predictions only" in blind.notes[0]


def test_taking_rows_keeps_all_parts_aligned(table):
    checked = check(table, weight_column_name="w", group_column_name="shop", validation=table)
    mask = np.arange(2 * ROWS) % 3 == 0
    part = checked.take(mask)
    assert part.frame["age"].tolist() == checked.frame["age"][mask].tolist()
    assert part.target.tolist() == part.classes[part.y].tolist()
    assert {len(part.frame), len(part.y), len(part.weights), len(part.groups), len(part.validation)} == {
        mask.sum()
    }


def test_the_index_tells_which_rows_of_the_given_table_were_kept(table):
    table.loc[[0, 7], "y"] = None
    checked = check(table.set_axis(range(100, 100 + ROWS)))
    part = checked.take(checked.y == 1)
    assert part.frame["age"].tolist() == table.iloc[part.frame.index]["age"].tolist()
    assert (table.iloc[part.frame.index]["y"] == "yes").all()


def test_the_given_tables_are_not_changed(table):
    before = table.copy(deep=True)
    check(table.assign(), validation=table, test=table, weight_column_name="w", group_column_name="shop")
    pd.testing.assert_frame_equal(table, before)


def test_from_tables_to_findings(table):
    checked = check(table.assign(y=["no"] * 36 + ["yes"] * 4))
    test = split_test(checked.y, task="classification", size=0.1)
    kept = checked.take(~test)
    splits = make_splits(kept.y, task="classification")
    columns = detect_purposes(kept.frame)
    findings = run_guardrails(facts_of(kept, splits, columns, test=checked.frame[test], memory_bytes=2**30))
    by_code = {finding.code: finding.status for finding in findings}
    assert by_code["validation-split"] == by_code["cross-validation"] == by_code["train-test-split"] == "Done"
    assert by_code["class-balance"] == "Alerted"
    assert by_code["constant-features"] == "Done"
    assert by_code["test-overlap"] == by_code["memory"] == by_code["missing-values"] == "Passed"


# --- overlap


def test_overlap_sees_through_types_and_missing_values():
    training = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "t": ["a", None, "c"],
            "c": pd.Categorical(["x", "y", None]),
            "d": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
            "mixed": [1, "one", None],
        }
    )
    test = pd.DataFrame(
        {
            "extra": [0, 0, 0, 0],
            "mixed": ["one", None, 1, 1],
            "d": pd.to_datetime([None, "2024-01-03", "2024-01-01", "2024-01-01"]).astype("datetime64[s]"),
            "c": ["y", None, "x", "x"],
            "t": pd.array([None, "c", "a", "b"], dtype="string"),
            "n": [2.0, 3.0, 1.0, 1.0],
        }
    )
    assert overlap(training, test).tolist() == [True, True, True, False]


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, -0.0, 1.5, np.nan]), st.sampled_from(["a", "", None])), min_size=1
    )
)
@settings(max_examples=60, deadline=None)
def test_every_row_overlaps_with_its_own_table(rows):
    frame = pd.DataFrame(rows, columns=["x", "t"])
    assert overlap(frame, frame.sample(frac=1, random_state=0)).all()
    assert not overlap(frame, frame.assign(t="other")).any()


def test_overlap_of_tables_with_nothing_in_common():
    frame = pd.DataFrame({"x": [1, 2]})
    assert overlap(frame, frame.rename(columns={"x": "z"})).tolist() == [False, False]
    assert overlap(frame, frame.iloc[:0]).tolist() == []


# --- size


def test_two_hundred_thousand_rows_are_quick():
    rng = np.random.default_rng(0)
    rows = 200_000
    frame = pd.DataFrame({f"x{i}": rng.normal(size=rows) for i in range(5)})
    frame["job"] = rng.choice(["clerk", "nurse", "smith"], rows)
    frame["y"] = rng.choice(["no", "yes"], rows)
    began = time.perf_counter()
    checked = check(frame)
    assert overlap(checked.frame, checked.frame.iloc[:1_000]).all()
    assert time.perf_counter() - began < 3  # about 0.3 seconds; the rest is for a busy machine


def test_real_data_passes():
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data sets are not beside this checkout")
    training, test = (pd.read_parquet(folder / "penguins" / f"{part}.parquet") for part in ("train", "test"))
    checked = check(training, test=test, target_column_name="species")
    assert checked.classes.tolist() == ["Adelie", "Chinstrap", "Gentoo"]
    assert len(checked.test_target) == 86
