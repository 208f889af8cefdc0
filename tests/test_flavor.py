"""Model folders: what is written, read back and refused, and that they need nothing of this project."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.datasets import fetch_openml
from sklearn.linear_model import LinearRegression, LogisticRegression

from automl_components import flavor
from automl_components.core.errors import ArtifactError, DataError, SettingsError, TrustError
from automl_components.engine.features import Featurizer
from automl_components.engine.learner import Learner
from automl_components.engine.predictor import Predictor, stack_features

ROWS = 300
SECRET = 618.0339887  # a cell of a row in the middle, neither an extreme nor in the input example
WORD = "zyzzyvaquux"
PARAMS: dict[str, dict[str, Any]] = {
    "logistic_regression": {},
    "elastic_net": {"alpha": 0.01},
    "random_forest": {"n_estimators": 6, "max_depth": 4, "min_samples_leaf": 5},
    "light_gbm": {"n_estimators": 6, "num_leaves": 5},
    "xg_boost_classifier": {"n_estimators": 4, "max_depth": 3},
    "cat_boost": {"iterations": 4, "depth": 3},
}


def raw_rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    words = rng.choice(["swift", "calm", "bright", "heavy", "quiet", "plain", "warm"], (ROWS, 9))
    frame = pd.DataFrame(
        {
            "amount": np.round(rng.uniform(0, 1000, ROWS), 3),
            "count": rng.integers(0, 50, ROWS),
            "gappy": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS)),
            "whole": pd.array(
                np.where(rng.random(ROWS) < 0.1, None, rng.integers(0, 30, ROWS)), dtype="Int64"
            ),
            "colour": rng.choice(["red", "green", "blue"], ROWS),
            "size": pd.Categorical(rng.choice(["s", "m", "l"], ROWS)),
            "flag": rng.random(ROWS) < 0.5,
            "day": pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 700, ROWS), unit="D"),
            "note": [f"{' '.join(row)} {at:x}" for at, row in enumerate(words)],
            "constant": "same",
        }
    )
    frame.loc[ROWS // 2, "amount"] = SECRET
    frame.loc[ROWS // 2, "note"] = f"calm plain {WORD} swift quiet"
    return frame


FRAME = raw_rows()
SIGNAL = FRAME["amount"] / 1000 + (FRAME["colour"] == "red") + 0.3 * FRAME["flag"]
FEATURIZER = Featurizer().fit(FRAME)
X = FEATURIZER.transform(FRAME)


def learner(algorithm: str, classes: int) -> Learner:
    task = "classification" if classes else "regression"
    return Learner(algorithm, task, PARAMS[algorithm], X.schema, classes).fit(X, target(classes))


def target(classes: int) -> np.ndarray:
    return pd.qcut(SIGNAL, classes, labels=False).to_numpy(np.int32) if classes else SIGNAL.to_numpy()


@functools.cache
def predictor(kind: str, classes: int) -> Predictor:
    names = ["random_forest", "light_gbm", "logistic_regression" if classes else "elastic_net"]
    members = [learner(name, classes) for name in (names[:1] if kind == "single" else names)]
    task = "classification" if classes else "regression"
    meta = None
    if kind == "stacking":
        asked = [member.predict_proba(X) if classes else member.predict(X) for member in members]
        meta = (LogisticRegression() if classes else LinearRegression()).fit(
            stack_features(asked, task), target(classes)
        )
    known = np.array(("low", "mid", "top")[:classes]) if classes else None
    weights = [2.0, 1.0, 1.0][: len(members)]
    return Predictor(FEATURIZER, members, weights, task=task, target="y", classes=known, meta=meta)


def save(model: Predictor, path: Path, **more: Any) -> Path:
    flavor.save_model(model, path, input_example=FRAME, **more)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voting model of two classes."""
    path = tmp_path_factory.mktemp("model") / "best_model"
    return save(predictor("voting", 2), path, metadata={"run": "demo", "rows": np.int64(300)})


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A model folder that a test may damage."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.fixture(scope="module")
def pyfunc() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns about its own type hints while it is imported
        import mlflow.pyfunc
    return mlflow.pyfunc


# ------------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("kind", ["single", "voting", "stacking"])
@pytest.mark.parametrize("classes", [2, 3, 0], ids=["binary", "multiclass", "regression"])
def test_a_saved_model_predicts_the_same(kind: str, classes: int, tmp_path: Path, pyfunc: ModuleType) -> None:
    model = predictor(kind, classes)
    loaded = flavor.load_model(save(model, tmp_path / "model"))
    served = pyfunc.load_model(str(tmp_path / "model"))
    rows = FRAME[loaded.columns]
    pd.testing.assert_frame_equal(loaded.predict_table(rows), model.predict_table(rows))
    assert np.array_equal(served.predict(rows), model.predict(rows))
    if classes:
        proba = served.predict(rows, params={"method": "predict_proba"})
        assert list(proba) == model.proba_names
        assert np.array_equal(proba, model.predict_proba(rows))


@pytest.mark.parametrize(
    "labels",
    [("no", "yes"), (0, 1), (False, True), (1.0, 2.0)],
    ids=["text", "integers", "truth", "floats"],
)
def test_labels_keep_their_type(labels: tuple[Any, ...], tmp_path: Path, pyfunc: ModuleType) -> None:
    known = predictor("single", 2)
    model = Predictor(
        known.featurizer, known.members, [1.0], task=known.task, target="y", classes=np.array(labels)
    )
    path = save(model, tmp_path / "model")
    for predicted in (flavor.load_model(path).predict(FRAME), pyfunc.load_model(str(path)).predict(FRAME)):
        assert predicted.dtype == np.array(labels).dtype
        assert set(predicted.tolist()) == set(labels)
        assert {type(label) for label in predicted.tolist()} == {type(labels[0])}


@pytest.mark.parametrize("algorithm", ["xg_boost_classifier", "cat_boost"])
def test_boosters_of_the_extra(algorithm: str, tmp_path: Path) -> None:
    package = {"xg_boost_classifier": "xgboost", "cat_boost": "catboost"}[algorithm]
    pytest.importorskip(package, reason="comes with the extra [boosting]")
    model = Predictor(
        FEATURIZER,
        [learner(algorithm, 2)],
        [1.0],
        task="classification",
        target="y",
        classes=np.array([0, 1]),
    )
    path = save(model, tmp_path / "model")
    assert np.array_equal(flavor.load_model(path).predict_proba(FRAME), model.predict_proba(FRAME))
    named = {line.partition("==")[0] for line in (path / "requirements.txt").read_text().split()}
    assert named & {"lightgbm", "xgboost", "catboost"} == {package}


def test_the_featurizer(tmp_path: Path, pyfunc: ModuleType) -> None:
    flavor.save_featurizer(FEATURIZER, tmp_path / "featurizer", input_example=FRAME)
    rows = FRAME.iloc[10:30]
    loaded = flavor.load_featurizer(tmp_path / "featurizer").transform(rows)
    expected = FEATURIZER.transform(rows)
    assert np.array_equal(loaded.numeric, expected.numeric, equal_nan=True)
    assert np.array_equal(loaded.codes, expected.codes)
    assert np.array_equal(loaded.sparse.toarray(), expected.sparse.toarray())
    table = pyfunc.load_model(str(tmp_path / "featurizer")).predict(rows)
    assert tuple(table) == expected.schema.names
    assert table.index.equals(rows.index)
    assert table["colour"].astype(str).tolist() == rows["colour"].tolist()
    assert np.array_equal(table[list(expected.schema.sparse)], expected.sparse.toarray())
    facts = flavor.predictor_metadata(tmp_path / "featurizer")
    assert facts["kind"] == "featurizer"
    assert facts["schema"]["numeric"] == list(expected.schema.numeric)


# ---------------------------------------------------------------------------------------- rows as they come


def test_order_and_other_columns_do_not_matter(folder: Path, pyfunc: ModuleType) -> None:
    rows = FRAME[FRAME.columns[::-1]].assign(y="low", more=1)
    expected = predictor("voting", 2).predict_proba(FRAME)
    assert np.array_equal(flavor.load_model(folder).predict_proba(rows), expected)
    served = pyfunc.load_model(str(folder))
    assert np.array_equal(served.predict(rows, params={"method": "predict_proba"}), expected)


def test_a_missing_column_is_named(folder: Path, pyfunc: ModuleType) -> None:
    rows = FRAME.drop(columns=["colour", "constant"])
    with pytest.raises(DataError, match="'colour'"):
        flavor.load_model(folder).predict(rows)
    with pytest.raises(Exception, match=r"missing inputs .*'colour'"):
        pyfunc.load_model(str(folder)).predict(rows)


CHANGES = {
    "integers as floats": lambda f: f.assign(count=f["count"].astype(float)),
    "floats as integers": lambda f: f.assign(amount=f["amount"].round().astype("int64")),
    "small integers": lambda f: f.assign(count=f["count"].astype("int8")),
    "numbers as text": lambda f: f.assign(amount=f["amount"].astype(str), count=f["count"].astype(str)),
    "nullable numbers": lambda f: f.convert_dtypes(),
    "objects": lambda f: f.astype(object),
    "text as categories": lambda f: f.assign(colour=f["colour"].astype("category")),
    "categories as text": lambda f: f.assign(size=f["size"].astype(str)),
    "truth as numbers": lambda f: f.assign(flag=f["flag"].astype(int)),
    "truth with gaps": lambda f: f.assign(flag=f["flag"].astype("boolean").mask(f.index % 3 == 0)),
    "dates as text": lambda f: f.assign(day=f["day"].dt.strftime("%Y-%m-%d")),
    "other date units": lambda f: f.assign(day=f["day"].astype("datetime64[s]")),
    "unseen categories": lambda f: f.assign(colour="violet", size=pd.Categorical(["xl"] * len(f))),
    "a column of nothing": lambda f: f.assign(amount=np.nan, colour=None, day=pd.NaT, flag=None, whole=None),
    "one row": lambda f: f.iloc[[7]],
    "one row with gaps": lambda f: f.iloc[[7]].assign(whole=pd.NA, colour=None, gappy=np.nan),
    "no row": lambda f: f.iloc[:0],
    "infinite": lambda f: f.assign(amount=np.inf),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_rows_are_read_alike_by_mlflow(change: Any, folder: Path, pyfunc: ModuleType) -> None:
    """MLflow's enforcement of the signature neither refuses such rows nor changes what the model sees."""
    rows = change(FRAME)
    expected = predictor("voting", 2).predict_table(rows)
    assert np.isfinite(expected[["proba_low", "proba_mid"]]).all(axis=None)
    served = pyfunc.load_model(str(folder))
    assert np.array_equal(served.predict(rows), expected["prediction"])
    proba = served.predict(rows, params={"method": "predict_proba"})
    pd.testing.assert_frame_equal(proba, expected.drop(columns="prediction"))


SAME = [
    "integers as floats",
    "numbers as text",
    "nullable numbers",
    "objects",
    "dates as text",
    "truth as numbers",
]


@pytest.mark.parametrize("name", SAME)
def test_the_same_values_in_another_dtype_predict_the_same(name: str, folder: Path) -> None:
    loaded = flavor.load_model(folder)
    assert np.array_equal(loaded.predict_proba(CHANGES[name](FRAME)), loaded.predict_proba(FRAME))


def test_a_scoring_server_answers(folder: Path, pyfunc: ModuleType) -> None:
    from mlflow.pyfunc.scoring_server import invocations

    served = pyfunc.load_model(str(folder))

    def post(request: dict[str, Any]) -> list[Any]:
        body = json.dumps(request)
        answer = invocations(body, "application/json", served, served.metadata.get_input_schema())
        predictions: list[Any] = json.loads(answer.response)["predictions"]
        return predictions

    request = json.loads((folder / "serving_input_example.json").read_text(encoding="utf-8"))
    expected = predictor("voting", 2).predict_table(FRAME.head(flavor.EXAMPLE_ROWS))
    assert post(request) == expected["prediction"].tolist()
    proba = pd.DataFrame(post({**request, "params": {"method": "predict_proba"}}))
    pd.testing.assert_frame_equal(proba, expected.drop(columns="prediction"))


def test_an_unknown_method_is_refused(folder: Path, pyfunc: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'predict_proba'"):
        pyfunc.load_model(str(folder)).predict(FRAME, params={"method": "predict_probability"})
    path = save(predictor("single", 0), tmp_path / "model")
    with pytest.raises(DataError, match="regression"):
        pyfunc.load_model(str(path)).predict(FRAME, params={"method": "predict_proba"})


# --------------------------------------------------------------------------------------- what is in a folder


def test_the_signature_names_the_used_columns(folder: Path, pyfunc: ModuleType) -> None:
    signature = pyfunc.load_model(str(folder)).metadata.signature
    assert signature.inputs.input_names() == [c for c in FRAME if c != "constant"]
    assert signature.inputs.required_input_names() == signature.inputs.input_names()
    assert [str(kind) for kind in signature.outputs.input_types()] == ["DataType.string"]
    assert signature.params.params[0].name == "method"
    example = pyfunc.load_model(str(folder)).input_example
    assert example["amount"].tolist() == FRAME["amount"].head(flavor.EXAMPLE_ROWS).tolist()


def test_model_json_says_what_it_is(folder: Path, pyfunc: ModuleType) -> None:
    facts = flavor.predictor_metadata(folder)
    assert (facts["kind"], facts["task"], facts["target"]) == ("predictor", "classification", "y")
    assert facts["classes"] == ["low", "mid"]
    assert {name: facts["metadata"][name] for name in ("run", "rows")} == {"run": "demo", "rows": 300}
    assert pyfunc.load_model(str(folder)).metadata.metadata == facts["metadata"]


def test_the_metadata_says_what_each_column_was_learned_as(folder: Path) -> None:
    types = flavor.predictor_metadata(folder)["metadata"]["column_types"]
    assert list(types) == [c for c in FRAME if c != "constant"]
    some = {name: types[name].split()[0] for name in ("amount", "whole", "colour", "size", "day", "note")}
    assert some == {
        "amount": "Numeric", "whole": "Numeric", "colour": "Categorical", "size": "Categorical",
        "day": "DateTime", "note": "Text",
    }  # fmt: skip
    assert types["whole"] == "Numeric (Int64)"
    assert types["size"] == "Categorical (category)"


@pytest.mark.parametrize(
    ("kind", "change"),
    [("double", "integers"), ("long", "gaps"), ("long", "whole floats"), ("string", "category"),
     ("string", "all null"), ("datetime", "dates as text")],
)  # fmt: skip
def test_why_the_signature_says_any(kind: str, change: str) -> None:
    """What MLflow's other types refuse, all of which a model here can read."""
    from mlflow.exceptions import MlflowException
    from mlflow.models.utils import _enforce_schema
    from mlflow.types import ColSpec, Schema

    column = {
        "integers": pd.Series([1, 2]), "gaps": pd.Series(pd.array([1, None], dtype="Int64")),
        "whole floats": pd.Series([1.0, 2.0]), "category": pd.Series(pd.Categorical(["a", "b"])),
        "all null": pd.Series([np.nan, np.nan]), "dates as text": pd.Series(["2024-05-06", "soon"]),
    }[change]  # fmt: skip
    with pytest.raises((MlflowException, ValueError)):
        _enforce_schema(pd.DataFrame({"c": column}), Schema([ColSpec(kind, "c", required=False)]))


def test_requirements_are_few_and_pinned(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").split()
    names = {"mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops", "lightgbm"}
    assert {line.partition("==")[0] for line in lines} == names
    assert f"numpy=={np.__version__}" in lines
    single = save(predictor("single", 2), tmp_path / "model")
    assert "lightgbm" not in (single / "requirements.txt").read_text(encoding="utf-8")


def test_the_folder_is_small_and_ships_only_what_predicting_needs(folder: Path) -> None:
    assert sum(file.stat().st_size for file in folder.rglob("*")) < 500_000
    shipped = {file.relative_to(folder / "code").as_posix() for file in (folder / "code").rglob("*.py")}
    assert {"automl_components/flavor/loading.py", "automl_components/engine/features.py"} <= shipped
    assert not {name for name in shipped if "/stages/" in name or "pipeline" in name or "search" in name}


def test_no_training_rows_inside(folder: Path) -> None:
    forms = [str(SECRET).encode(), np.float64(SECRET).tobytes(), np.float32(SECRET).tobytes(), WORD.encode()]
    files = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    with zipfile.ZipFile(folder / flavor.DATA / "model.skops") as archive:
        files |= {name: archive.read(name) for name in archive.namelist()}
    assert [name for name, content in files.items() if any(form in content for form in forms)] == []
    assert sum(len(content) for content in files.values()) > 10_000  # they were really looked at


def test_files_of_a_uv_project_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("uv.lock", "pyproject.toml", ".python-version"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    path = save(predictor("single", 2), tmp_path / "model")
    assert not {"uv.lock", "pyproject.toml", ".python-version"} & set(os.listdir(path))


def test_an_mlflow_model_that_is_given_is_filled(tmp_path: Path, pyfunc: ModuleType) -> None:
    from mlflow.models import Model

    given = Model(run_id="0123")
    path = save(predictor("single", 2), tmp_path / "model", mlflow_model=given)
    assert pyfunc.load_model(str(path)).metadata.run_id == "0123"
    assert given.signature is not None


# ------------------------------------------------------------------------------------------- what is refused


def tampered(copy: Path, content: Any) -> Path:
    model = flavor.load_model(copy)
    model.description = {"extra": content}
    skops.io.dump(model, copy / flavor.DATA / "model.skops")
    return copy


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (os.system, "system"),
        (eval, "builtins.eval"),
        (functools.partial(os.system, "true"), "functools.partial"),
        (fetch_openml, "fetch_openml"),  # a function of a trusted package
        (np.testing.rundocs, "rundocs"),
        (LinearRegression().fit, "LinearRegression.fit"),
        (LogisticRegression, "LogisticRegression"),  # the class itself, which could be called
        (Path("x"), "Path"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_untrusted_content_is_named(content: Any, name: str, copy: Path) -> None:
    with pytest.raises(TrustError, match=rf"{name}.*trusted=") as caught:
        flavor.load_model(tampered(copy, content))
    assert "model.skops" in str(caught.value)


def test_a_list_may_not_pretend_to_be_a_function(copy: Path) -> None:
    """skops calls the type that a container names with its items."""
    file = tampered(copy, ["item"]) / flavor.DATA / "model.skops"
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(entries["schema.json"])
    node = schema["content"]["content"]["description"]["content"]["extra"]
    assert node["__loader__"] == "ListNode"
    node["__module__"], node["__class__"] = "numpy.testing", "rundocs"
    entries["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(TrustError, match=r"numpy\.testing\.rundocs"):
        flavor.load_model(copy)


def test_named_types_are_loaded(copy: Path) -> None:
    tampered(copy, os.path.basename)
    name = f"{os.path.basename.__module__}.basename"
    with pytest.raises(TrustError, match=name):
        flavor.load_model(copy)
    assert flavor.load_model(copy, trusted=[name]).description["extra"] is os.path.basename


def test_mlflow_refuses_them_too(copy: Path, pyfunc: ModuleType) -> None:
    with pytest.raises(TrustError, match=r"builtins\.eval"):
        pyfunc.load_model(str(tampered(copy, eval)))


def test_code_of_the_folder_is_not_run(copy: Path) -> None:
    for file in (copy / "code").rglob("*.py"):
        file.write_text("raise RuntimeError('run')", encoding="utf-8")
    flavor.load_model(copy).predict(FRAME)


def test_a_folder_in_use_is_not_overwritten(copy: Path) -> None:
    with pytest.raises(ArtifactError, match="is not empty"):
        save(predictor("single", 2), copy)


def test_another_folder_is_no_model(tmp_path: Path) -> None:
    for read in (flavor.load_model, flavor.load_featurizer, flavor.predictor_metadata):
        with pytest.raises(ArtifactError, match=r"holds no model of automl-components; .*best_model"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(flavor.FORMAT + 1, "upgrade to that version"), (flavor.FORMAT - 1, "train it again")],
)
def test_another_format_says_what_to_do(number: int, remedy: str, copy: Path, pyfunc: ModuleType) -> None:
    file = copy / flavor.DATA / "model.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    assert facts["format"] == flavor.FORMAT
    file.write_text(json.dumps({**facts, "format": number, "automl_components": "9.1"}), encoding="utf-8")
    says = rf"format {number}, written by automl-components 9\.1; .* reads format {flavor.FORMAT} alone: {remedy}"
    for read in (flavor.load_model, flavor.predictor_metadata, pyfunc.load_model):
        with pytest.raises(ArtifactError, match=says):
            read(str(copy))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 half"])
def test_a_damaged_file_is_named(content: bytes, copy: Path) -> None:
    (copy / flavor.DATA / "model.skops").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"cannot read .*model\.skops"):
        flavor.load_model(copy)


def test_a_featurizer_is_no_predictor(tmp_path: Path, folder: Path) -> None:
    flavor.save_featurizer(FEATURIZER, tmp_path / "featurizer", input_example=FRAME)
    with pytest.raises(ArtifactError, match="holds a featurizer, not a predictor"):
        flavor.load_model(tmp_path / "featurizer")
    with pytest.raises(ArtifactError, match="holds a predictor, not a featurizer"):
        flavor.load_featurizer(folder)


def test_a_file_of_another_object_is_refused(copy: Path) -> None:
    skops.io.dump(LogisticRegression(), copy / flavor.DATA / "model.skops")
    with pytest.raises(ArtifactError, match="holds a LogisticRegression, not a Predictor"):
        flavor.load_model(copy)


# ---------------------------------------------------------------------------------- without this project

ALONE = """
import sys
sys.path[:0], folder, rows = [sys.argv[1] + "/code", *sys.argv[4:]], sys.argv[1], sys.argv[2]
import pandas as pd
from automl_components import flavor
assert flavor.__file__.startswith(folder), flavor.__file__
flavor.load_model(folder).predict_table(pd.read_parquet(rows)).to_parquet(sys.argv[3])
loaded = {"mlflow", "pydantic", "click", "optuna", "fsspec", "yaml"} & set(sys.modules)
assert not loaded, loaded
"""


def test_the_shipped_code_is_enough(folder: Path, tmp_path: Path) -> None:
    """In a process whose path holds the folder's code and the libraries, but not this project."""
    FRAME.to_parquet(tmp_path / "rows.parquet")
    libraries = [str(Path(np.__file__).parents[1])]
    answer = tmp_path / "answer.parquet"
    # -S: the files that put this checkout on the path of its environment are not read
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        ALONE,
        str(folder),
        str(tmp_path / "rows.parquet"),
        str(answer),
    ]
    subprocess.run([*command, *libraries], check=True, cwd=tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(answer), predictor("voting", 2).predict_table(FRAME))


CLEAN = """
import importlib.util, sys
assert importlib.util.find_spec("automl_components") is None
import mlflow.pyfunc, pandas as pd
folder, rows, answer = sys.argv[1:]
model, rows = mlflow.pyfunc.load_model(folder), pd.read_parquet(rows)
table = model.predict(rows, params={"method": "predict_proba"})
table.insert(0, "prediction", model.predict(rows))
table.to_parquet(answer)
assert sys.modules["automl_components"].__file__.startswith(folder)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["voting", "stacking"])
def test_a_clean_environment_predicts_the_same(kind: str, tmp_path: Path) -> None:
    """A new environment with nothing but the model's own requirements, another folder, no checkout."""
    model = predictor(kind, 3)
    path, clean, answer = save(model, tmp_path / "model"), tmp_path / "env", tmp_path / "answer.parquet"
    FRAME.to_parquet(tmp_path / "rows.parquet")
    python = clean_environment(clean, path / "requirements.txt")
    (tmp_path / "elsewhere").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [python, "-I", "-c", CLEAN, path, tmp_path / "rows.parquet", answer]
    subprocess.run([str(part) for part in command], check=True, cwd=tmp_path / "elsewhere", env=environment)
    pd.testing.assert_frame_equal(pd.read_parquet(answer), model.predict_table(FRAME))


def clean_environment(where: Path, requirements: Path) -> Path:
    python = where / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = shutil.which(
        "uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    )
    if uv:
        commands = [
            [uv, "venv", "-q", "--python", sys.executable, where],
            [uv, "pip", "install", "-q", "--python", python, "-r", requirements],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", where],
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements],
        ]
    for command in commands:
        subprocess.run([str(part) for part in command], check=True)
    return python
