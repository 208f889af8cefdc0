"""What every column transformer owes: numbers out, gaps and unseen values survived, a safe saved form."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy.sparse import csr_matrix, issparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression

from automl_components.core.errors import SettingsError
from automl_components.engine.cells import to_labels
from automl_components.engine.columns import detect_purpose
from automl_components.transformers import LABEL_AWARE, TRANSFORMERS, transformer_name
from automl_components.transformers.ngrams import words_of

TRUSTED = ("automl_components.", "sklearn.", "scipy.", "numpy.")
VARIANTS = [(name, {}) for name in TRANSFORMERS] + [
    ("imputer", {"strategy": "median"}),
    ("imputer", {"strategy": "most_frequent"}),
    ("imputer", {"strategy": "constant", "fill_value": -1}),
    ("imputer", {"strategy": "ffill"}),
    ("hash_one_hot_encoder", {"number_of_bits": 3}),
    ("label_encoder", {"max_levels": 3, "min_count": 1}),
    ("date_parts", {"parts": ["Hour"]}),
    ("date_parts", {"parts": ["Month", "Hour"], "cyclic": True}),
    ("cluster_distance", {"clusters": 3}),
]

texts = [
    "red fox runs",
    "blue fox sleeps",
    "red fox runs",
    None,
    "lazy red dog",
    "old blue dog",
    "blue fox sleeps",
]
COLUMNS = {
    "numbers": pd.Series([1.5, np.nan, 3.0, 3.0, -2.0, 1e300, np.nan], name="c"),
    "labels": to_labels(pd.Series(texts, name="c")),
    "dates": pd.Series(
        ["2020-02-29T10:11:12", None, *["2021-03-01T23"] * 5], name="c", dtype="datetime64[us]"
    ),
}
NEW = {
    "numbers": pd.Series([np.nan, -1e300, 7.0], name="c"),
    "labels": to_labels(pd.Series(["never seen before", None, "red fox runs"], name="c")),
    "dates": pd.Series([None, "1850-01-01", "2150-12-31T23:59:59"], name="c", dtype="datetime64[us]"),
}
COLUMNS["gaps"], NEW["gaps"] = COLUMNS["numbers"], NEW["numbers"]
words = np.random.default_rng(0).choice([f"w{k}" for k in range(90)], (60, 9))
LISTS = {
    "training": to_labels(pd.Series(['["a", "b"]', None, "[]", '["b"]', '["a"]'], name="c")),
    "new": to_labels(pd.Series(["[7, 8, 9]", None, "no list"], name="c")),
}


def given(entry, which):
    """A column, a table or a block of the sort that an entry takes: for training, or new."""
    columns = COLUMNS if which == "training" else NEW
    if entry.reads == "ngrams":
        grams = TfidfVectorizer().fit_transform([" ".join(row) for row in words]).astype(np.float32)
        return csr_matrix(grams if which == "training" else grams[:3])
    if entry.name in ("multi_hot_encoder", "list_numbers"):
        return LISTS[which].copy()
    if entry.joint:
        column = columns[entry.reads]
        later = pd.to_timedelta(np.arange(len(column)), unit="h") if entry.reads == "dates" else 1.0
        return pd.DataFrame({"c": column, "d": column + later})
    column = columns[entry.reads].copy()
    return column.to_frame() if entry.block else column


def missing(values):
    """Where nothing is given, row by row."""
    return values.isna().all(axis=1) if isinstance(values, pd.DataFrame) else values.isna()


@pytest.fixture(autouse=True, scope="module")
def vectors(tmp_path_factory):
    """A file of word vectors, and the variant that uses it."""
    path = tmp_path_factory.mktemp("words") / "vectors.txt"
    path.write_text("4 3\nred 1 0 0\nfox 0 1 0\ndog 0 0 1\nthe 1 1 1\n", encoding="utf-8")
    VECTORS.append(str(path))


VECTORS = []


@pytest.fixture(params=VARIANTS, ids=lambda variant: "-".join([variant[0], *map(str, variant[1].values())]))
def made(request):
    """The entry, fitted on its sort of column."""
    entry, parameters = TRANSFORMERS[request.param[0]], request.param[1]
    if entry.name == "word_embedding":
        parameters = {"file": VECTORS[0]}
    return entry, entry.make(parameters).fit(given(entry, "training"))


def array(block):
    return block.toarray() if issparse(block) else np.asarray(block)


@pytest.mark.parametrize("rows", ["training", "new", "one missing", "none"])
def test_numbers_out(made, rows):
    entry, transformer = made
    column = given(entry, "training" if rows == "training" else "new")
    if rows == "one missing":
        column = column[:1] if entry.reads == "ngrams" else column[missing(column)].iloc[:1]
    if rows == "none":
        column = column[:0]
    before = column.copy()
    block = transformer.transform(column)
    assert (column != before).nnz == 0 if entry.reads == "ngrams" else column.equals(before)
    assert len(set(transformer.names)) == len(transformer.names) > 0
    if entry.kind == "column":
        assert block.dtypes.equals(column.dtypes)
        assert block.notna().all(axis=None)
        return
    assert block.shape == (column.shape[0], len(transformer.names))
    assert block.dtype == (np.int32 if entry.kind == "codes" else np.float32)
    assert isinstance(block, csr_matrix) == (entry.kind == "sparse")
    assert not np.isinf(array(block)).any()
    assert entry.keeps_missing or np.isfinite(array(block)).all()
    if entry.kind == "codes":
        assert block.min(initial=0) >= -1
        assert block.max(initial=0) < len(transformer.levels)
        assert (block[column.isna().to_numpy()] == -1).all()


def test_a_row_alone_gives_what_it_gives_in_company(made):
    entry, transformer = made
    if getattr(transformer, "strategy", "") == "ffill":
        pytest.skip("the value before is another one when the row is alone")
    column = given(entry, "training")
    together = array(transformer.transform(column))
    rows = column if entry.reads == "ngrams" else column.iloc
    alone = [array(transformer.transform(rows[at : at + 1])) for at in range(column.shape[0])]
    np.testing.assert_array_equal(np.concatenate(alone), together)


def test_saved_by_skops_and_copied(made):
    entry, transformer = made
    data = skops.io.dumps(transformer)
    types = skops.io.get_untrusted_types(data=data)
    assert all(name.startswith(TRUSTED) for name in types)
    new = given(entry, "new")
    expected = array(transformer.transform(new))
    copies = [skops.io.loads(data, trusted=types), copy.deepcopy(transformer)]
    copies.append(pickle.loads(pickle.dumps(transformer)))
    for loaded in copies:
        assert loaded.names == transformer.names
        np.testing.assert_array_equal(array(loaded.transform(new)), expected)


def test_nothing_but_gaps_is_survived(made):
    entry, transformer = made
    empty, new = given(entry, "training"), given(entry, "new")
    if entry.reads == "ngrams":
        empty = empty * 0
    else:
        empty = (
            empty.where(np.zeros(len(empty), bool))
            if empty.ndim == 1
            else empty.where(np.zeros(empty.shape, bool))
        )
    fitted = transformer.fit(to_labels(empty) if entry.reads == "labels" else empty)
    block = fitted.transform(new)
    assert len(block) == 3 if entry.kind == "column" else block.shape == (3, len(fitted.names))


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_unknown_parameters_are_refused(name):
    with pytest.raises(SettingsError, match=f"transformer {name!r} has no parameter 'colour'"):
        TRANSFORMERS[name].make({"colour": 1})


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("imputer", {"strategy": "medain"}, "unknown strategy 'medain'; did you mean 'median'"),
        ("imputer", {"strategy": "constant"}, "'constant' and fill_value go together"),
        ("imputer", {"fill_value": 3}, "'constant' and fill_value go together"),
        ("hash_one_hot_encoder", {"number_of_bits": 0}, "number_of_bits is from 1 to 20, not 0"),
        ("hash_one_hot_encoder", {"number_of_bits": 2.5}, "not 2.5"),
        ("label_encoder", {"max_levels": 1}, "max_levels is a whole number of 2 or more, not 1"),
        ("count_encoder", {"max_levels": True}, "max_levels is a whole number of 1 or more, not True"),
        ("imputation_marker", {"min_share": 2}, "min_share is from 0 to 1, not 2"),
        ("date_parts", {"parts": ["Weekday"]}, "unknown part 'Weekday'"),
        ("date_parts", {"parts": 5}, "parts is a list of"),
        ("tf_idf", {"word_ngrams": 3}, "word_ngrams is two whole numbers such as"),
        ("tf_idf", {"char_ngrams": [4, 2]}, "char_ngrams is two whole numbers such as"),
        ("count_vectorizer", {"max_features": 0}, "max_features is a whole number of 1 or more, not 0"),
    ],
)
def test_values_out_of_range_are_refused(name, parameters, message):
    with pytest.raises(SettingsError) as raised:
        TRANSFORMERS[name].make(parameters)
    assert message in str(raised.value)


def test_azures_names_in_any_casing():
    azure = [
        "TextTargetEncoder",
        "OneHotEncoder",
        "CatTargetEncoder",
        "TfIdf",
        "WoETargetEncoder",
        "LabelEncoder",
    ]
    azure += ["WordEmbedding", "NaiveBayes", "CountVectorizer", "HashOneHotEncoder"]
    found = [transformer_name(name) for name in azure]
    assert set(found) - set(TRANSFORMERS) == LABEL_AWARE
    assert [transformer_name(name) for name in found] == found
    with pytest.raises(
        SettingsError, match="unknown transformer 'LabelEncoding'; did you mean 'label_encoder'"
    ):
        transformer_name("LabelEncoding")


# golden values, against scikit-learn, pandas and the standard library


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_imputer_equals_scikit_learn(strategy):
    table = pd.DataFrame(
        {"a": [3.0, np.nan, 1.0, 1.0, 3.0, 8.5, np.nan], "b": [0.0, 7.0, 7.0, np.nan, -1.0, 2.0, 0.0]}
    )
    imputer = TRANSFORMERS["imputer"].make({"strategy": strategy}).fit(table)
    expected = SimpleImputer(strategy=strategy).fit_transform(table)
    np.testing.assert_allclose(imputer.transform(table), expected, rtol=1e-15)
    imputer.keep(["b"])
    np.testing.assert_allclose(imputer.transform(table[["b"]]), expected[:, 1:], rtol=1e-15)


def test_ffill_goes_on_from_training():
    training = pd.DataFrame({"a": [1.0, 5.0, np.nan], "b": [np.nan, np.nan, np.nan]})
    imputer = TRANSFORMERS["imputer"].make({"strategy": "ffill"}).fit(training)
    later = pd.DataFrame({"a": [np.nan, 2.0, np.nan], "b": [np.nan, 3.0, np.nan]})
    assert imputer.transform(later).to_numpy().T.tolist() == [[5.0, 2.0, 2.0], [0.0, 3.0, 3.0]]


def test_labels_and_dates_are_imputed_too():
    labels = to_labels(pd.Series(["b", None, "a", "b"])).to_frame()
    constant = TRANSFORMERS["imputer"].make({"strategy": "constant", "fill_value": "new"}).fit(labels)
    assert constant.transform(labels)[0].tolist() == ["b", "new", "a", "b"]
    frequent = TRANSFORMERS["imputer"].make({"strategy": "most_frequent"}).fit(labels)
    new = to_labels(pd.Series(["c", None])).to_frame()
    assert frequent.transform(new)[0].tolist() == ["c", "b"]
    dates = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-03", None])).to_frame()
    mean = TRANSFORMERS["imputer"].make({"strategy": "mean"}).fit(dates)
    assert mean.transform(dates).iloc[2, 0] == pd.Timestamp("2020-01-02")


def test_label_encoder_orders_by_frequency_and_merges_the_rare():
    frequent, rare = [f"l{k:02}" for k in range(30)], ["x", "y", "z"]
    column = to_labels(pd.Series([*rare, *frequent, *frequent, "l07"]))
    encoder = TRANSFORMERS["label_encoder"].make().fit(column)
    assert encoder.levels == ["l07", *(level for level in frequent if level != "l07"), "(rare)"]
    new = to_labels(pd.Series(["y", "l00", "new", None, "l07"]))
    assert encoder.transform(new)[:, 0].tolist() == [30, 1, -1, -1, 0]


def test_label_encoder_keeps_few_levels_and_a_single_rare_one():
    column = to_labels(pd.Series(list("bbbaaccxyz")))
    assert TRANSFORMERS["label_encoder"].make().fit(column).levels == list("bacxyz")
    assert TRANSFORMERS["label_encoder"].make({"max_levels": 2}).fit(column).levels == ["b", "(rare)"]
    many = to_labels(pd.Series([*(f"l{k}" for k in range(30)), *(f"l{k}" for k in range(29))]))
    assert TRANSFORMERS["label_encoder"].make().fit(many).levels[-1] == "l29"


def test_one_hot_encoder_equals_pandas():
    raw = pd.Series(list("aabbbca"), name="c")
    encoder = TRANSFORMERS["one_hot_encoder"].make({"min_count": 1}).fit(to_labels(raw))
    dummies = pd.get_dummies(raw, prefix="c")[encoder.names]
    np.testing.assert_array_equal(encoder.transform(to_labels(raw)).toarray(), dummies)


def test_hash_is_murmurhash3():
    # MurmurHash3_x86_32 of b"foo" with seed 0, as published with the algorithm's test vectors
    encoder = TRANSFORMERS["hash_one_hot_encoder"].make({"number_of_bits": 20})
    column = to_labels(pd.Series(["foo"]))
    assert encoder.fit(column).transform(column)[0, 0] == 0xF6A5C420 % 2**20


def test_count_encoder_counts():
    encoder = TRANSFORMERS["count_encoder"].make().fit(to_labels(pd.Series(list("aaab"))))
    found = encoder.transform(to_labels(pd.Series(["a", "b", "new", None])))[:, 0]
    np.testing.assert_allclose(found, np.log1p([3, 1, 1, np.nan]), rtol=1e-6)


def test_date_parts_equal_the_standard_library():
    days = [
        dt.datetime(2020, 12, 28, 5, 6, 7) + dt.timedelta(hours=37 * k, minutes=k, seconds=k)
        for k in range(40)
    ]
    parts = TRANSFORMERS["date_parts"].make().fit(pd.Series(days, name="d"))
    found = pd.DataFrame(parts.transform(pd.Series(days, name="d")), columns=parts.names)
    for row, day in enumerate(days):
        expected = [day.year, day.month, day.day, day.weekday(), day.timetuple().tm_yday]
        expected += [(day.month + 2) // 3, day.isocalendar()[1], day.hour, day.minute, day.second]
        expected += [(day - days[0]).total_seconds() / 86400]
        np.testing.assert_allclose(found.iloc[row], np.float32(expected), rtol=1e-6)


def test_date_parts_that_do_not_vary_are_left_out():
    column = pd.Series(pd.to_datetime(["2020-01-06", "2020-01-07", None]), name="d")
    parts = TRANSFORMERS["date_parts"].make().fit(column)
    assert parts.names == ["d_Day", "d_DayOfWeek", "d_DayOfYear", "d_DaysSinceStart"]
    assert np.isnan(parts.transform(column)[2]).all()


@pytest.mark.parametrize(
    ("name", "theirs", "end"),
    [
        ("count_vectorizer", CountVectorizer(ngram_range=(1, 3), min_df=2, token_pattern=r"\w+"), None),
        (
            "tf_idf",
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"\w+"),
            "char",
        ),
    ],
)
def test_ngrams_equal_scikit_learn(name, theirs, end):
    given = [text for text in texts if text]
    ours = TRANSFORMERS[name].make().fit(COLUMNS["labels"])
    width = sum(f"_{end}_" not in n for n in ours.names)
    expected = theirs.fit(given).transform(given).toarray()
    found = ours.transform(COLUMNS["labels"]).toarray()
    np.testing.assert_allclose(found[[bool(text) for text in texts], :width], expected, rtol=1e-6)
    assert not found[texts.index(None)].any()


def test_text_statistics_of_one_text():
    column = to_labels(pd.Series(["Hi YOU, 42!"], name="t"))
    statistics = TRANSFORMERS["text_statistics"].make().fit(column)
    np.testing.assert_allclose(
        statistics.transform(column)[0], [11, 3, 11 / 3, 4 / 11, 2 / 11, 2 / 11], rtol=1e-6
    )


def test_numbers_keep_their_differences_in_float32():
    seconds = pd.DataFrame({"t": 1_700_000_000 + np.arange(1000) * 0.5, "u": np.arange(1000) * 0.5})
    numeric = TRANSFORMERS["numeric"].make().fit(seconds)
    np.testing.assert_array_equal(np.diff(numeric.transform(seconds), axis=0), 0.5)
    plain = TRANSFORMERS["numeric"].make().fit(pd.DataFrame({"a": [1.0, 20.0]}))
    assert plain.transform(pd.DataFrame({"a": [3.0, np.nan]}))[0, 0] == 3.0


@pytest.mark.parametrize(("gaps", "marked"), [(0, False), (1, False), (5, True), (500, False)])
def test_a_marker_needs_some_gaps_and_some_values(gaps, marked):
    column = pd.DataFrame({"a": np.r_[np.full(gaps, np.nan), np.ones(500 - gaps)], "b": 1.0})
    marker = TRANSFORMERS["imputation_marker"].make().fit(column)
    assert marker.names == (["a_WASNULL"] if marked else [])
    if marked:
        assert marker.sources == [["a"]]
        np.testing.assert_array_equal(marker.transform(column)[:, 0], column["a"].isna())


LANGUAGES = {  # praise, blame and what is neither, and what stands between sentences
    "Japanese": ("商品がとても良い 配送が早い 満足しました", "壊れていた 最悪です 返品したい", "サイズは普通 箱", "。"),
    "Chinese": ("质量很好 物流很快 非常满意", "质量太差 要求退货 非常失望", "颜色是蓝色 昨天收到 包装普通", "，"),
    "Thai": ("สินค้าดีมาก ส่งเร็ว ประทับใจ", "ของเสีย แย่มาก ขอคืนเงิน", "สีฟ้า กล่องธรรมดา มีคู่มือ", ""),
    "Korean": ("좋아요 빨라요 만족합니다", "별로예요 느려요 최악입니다", "파랑 어제 상자", " "),
    "Russian": ("хороший быстро доволен", "ужасно медленно разочарован", "синий вчера коробка", " "),
    "Arabic": ("ممتازة سريع راض", "سيئة بطيء محبط", "أزرق أمس علبة", " "),
    "Hindi": ("अच्छा तेज़ संतुष्ट", "ख़राब धीमा निराश", "नीला कल डिब्बा", " "),
    "German": ("gut schnell zufrieden", "schlecht langsam enttäuscht", "blau gestern Schachtel", " "),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_of_any_language_are_texts_and_can_be_learnt_from(language):
    good, bad, neither = (words.split() for words in LANGUAGES[language][:3])
    rng = np.random.default_rng(0)
    happy = rng.random(400) < 0.5
    texts = []
    for one in happy:
        parts = [rng.choice(good if one else bad), *rng.choice(neither, rng.integers(4, 8))]
        texts.append(LANGUAGES[language][3].join(rng.permutation(parts)) + f" {rng.integers(0, 999)}")
    column = pd.Series(texts, name="text")
    assert detect_purpose(column).purpose == "Text"
    made = TRANSFORMERS["tf_idf"].make().fit(to_labels(column[:300]))
    learnt = LogisticRegression().fit(made.transform(to_labels(column[:300])), happy[:300])
    assert learnt.score(made.transform(to_labels(column[300:])), happy[300:]) > 0.95


def test_accents_and_vowel_signs_are_part_of_their_word():
    assert words_of("cafe\u0301 हिन्दी تَعْلِيم") == ["cafe\u0301", "हिन्दी", "تَعْلِيم"]
