"""What a user can get wrong: one clear message that names it and the remedy, exit code 2, nothing trained."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from penguins import FAST

from automl_components.__main__ import main
from automl_components.core.settings import write_yaml
from automl_components.job import Job
from automl_components.pipeline import LINE, run_line
from automl_components.run import Run

AUTOML = str(Path(sys.executable).with_name("automl"))

COLOURS = ("red", "green", "blue")
ROWS = [[i % 7, COLOURS[i % 3], round(i * 0.37, 2), "yes" if i % 3 else "no"] for i in range(60)]
HEADER = ["size", "colour", "price", "y"]


def csv(rows: list[list[Any]] = ROWS, header: list[str] = HEADER) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in [header, *rows])


def with_column(name: str, values: Any) -> str:
    """The table with other values in one column, or with one column more."""
    if name not in HEADER:
        return csv([[*row, value] for row, value in zip(ROWS, values, strict=True)], [*HEADER, name])
    at = HEADER.index(name)
    return csv([[*row[:at], value, *row[at + 1 :]] for row, value in zip(ROWS, values, strict=True)])


@dataclass(frozen=True)
class Bad:
    """One mistake: what is in the job and its tables, and what the message must name."""

    name: str
    says: tuple[str, ...]
    job: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str | bytes] = field(default_factory=dict)


def limits(**values: Any) -> dict[str, Any]:
    return {"limits": values}


def training(**values: Any) -> dict[str, Any]:
    return {"training": values}


REGRESSION = {
    "task": "regression", "primary_metric": "r2_score", "training": {"allowed_training_algorithms": ["decision_tree"]}
}  # fmt: skip

TABLES = [
    Bad("no target column", ("target_column_name", "'yy'", "did you mean 'y'"), {"target_column_name": "yy"}),
    Bad("target all null", ("'y'", "training_data", "no row of 60 has a value"),
        files={"train.csv": with_column("y", [""] * 60)}),
    Bad("target constant", ("'y'", "constant", "'yes'"), files={"train.csv": with_column("y", ["yes"] * 60)}),
    Bad("empty file", ("train.csv", "empty"), files={"train.csv": ""}),
    Bad("blank file", ("train.csv", "empty"), files={"train.csv": "\n\n\n"}),
    Bad("header only", ("train.csv", "no rows"), files={"train.csv": csv([])}),
    Bad("column name twice", ("train.csv", "'size'"),
        files={"train.csv": csv(header=["size", "size", "price", "y"])}),
    Bad("row with a field too many", ("train.csv, row 4", "expected 4 values, found 5", "more"),
        files={"train.csv": csv([*ROWS[:2], [1, "red", 2.5, "yes", "more"], *ROWS[2:]])}),
    Bad("row with a field too few", ("train.csv, row 5", "expected 4 values, found 2"),
        files={"train.csv": csv([*ROWS[:3], [1, "red"], *ROWS[3:]])}),
    Bad("not UTF-8", ("train.csv", "utf-8", "line 2", "encoding: windows1252"),
        files={"train.csv": with_column("colour", ["grün"] * 60).encode("latin-1")}),
    Bad("UTF-16", ("train.csv", "encoding: utf16"), files={"train.csv": csv().encode("utf-16")}),
    Bad("no Parquet file", ("train.parquet", "arquet"), {"training_data": "train.parquet"},
        {"train.parquet": csv()}),
    Bad("unknown kind of file", ("train.xlsx", ".csv"), {"training_data": "train.xlsx"}, {"train.xlsx": b"PK\x03"}),
    Bad("missing training file", ("training_data", "nowhere.csv"), {"training_data": "nowhere.csv"}),
    Bad("missing test file", ("test_data", "nowhere.csv"), {"test_data": "nowhere.csv"}),
    Bad("missing validation file", ("validation_data", "nowhere.csv"), {"validation_data": "nowhere.csv"}),
    Bad("pattern without a file", ("*.parquet",), {"training_data": "*.parquet"}),
    Bad("empty folder", ("folder",), {"training_data": "folder"}, {"folder/.keep": ""}),
    Bad("MLTable with an unknown step", ("MLTable", "read_delimitted", "read_delimited"), {"training_data": "folder"},
        {"folder/MLTable": "paths: [{file: ./t.csv}]\ntransformations: [read_delimitted]\n", "folder/t.csv": csv()}),
    Bad("MLTable without its file", ("t.csv",), {"training_data": "folder"},
        {"folder/MLTable": "paths: [{file: ./t.csv}]\ntransformations: [read_delimited]\n"}),
    Bad("infinite target", ("'y'", "infinite", "row 7"), REGRESSION,
        {"train.csv": with_column("y", [*range(7), "inf", *range(52)])}),
    Bad("text as the target of a regression", ("'y'", "'no'", "classification"), REGRESSION),
    Bad("many fractions as classes", ("'price'", "60", "regression"), {"target_column_name": "price"}),
    Bad("a class for each row", ("'y'", "60 classes"),
        files={"train.csv": with_column("y", [f"c{i}" for i in range(60)])}),
    Bad("three rows", ("3 rows", "10"), files={"train.csv": csv(ROWS[:3])}),
    Bad("only the target", ("no feature column",), files={"train.csv": csv([[row[3]] for row in ROWS], ["y"])}),
    Bad("test data with other columns", ("test_data", "'colour'"), {"test_data": "test.csv"},
        {"test.csv": csv(header=["size", "color", "price", "y"])}),
    Bad("ragged test data", ("test.csv, row 4", "found 2"), {"test_data": "test.csv"},
        {"test.csv": csv([*ROWS[:2], [1, "red"], *ROWS[2:]])}),
    Bad("empty test data", ("test.csv", "no rows"), {"test_data": "test.csv"}, {"test.csv": csv([])}),
    Bad("validation data with other columns", ("validation_data", "'price'"), {"validation_data": "valid.csv"},
        {"valid.csv": csv(header=["size", "colour", "cost", "y"])}),
    Bad("validation data without the target", ("validation_data", "'y'"), {"validation_data": "valid.csv"},
        {"valid.csv": csv(header=["size", "colour", "price", "z"])}),
    Bad("no weight column", ("weight_column_name", "'w'"), {"weight_column_name": "w"}),
    Bad("negative weight", ("'w'", "-1", "row 0"), {"weight_column_name": "w"},
        {"train.csv": with_column("w", [-1, *[1] * 59])}),
    Bad("no group column", ("group_column_name", "'group'"), {"group_column_name": "group"}),
    Bad("no time in the time column", ("'colour'", "dates"), {"split_time_column_name": "colour"}),
    Bad("no split column", ("cv_split_column_names", "'cv1'"), {"cv_split_column_names": ["cv1"]}),
    Bad("split column with other values", ("'cv1'", "0", "1"), {"cv_split_column_names": ["cv1"]},
        {"train.csv": with_column("cv1", [2] * 60)}),
    Bad("one column, two roles", ("weight_column_name", "'y' is the target column"), {"weight_column_name": "y"}),
    Bad("positive label that is no class", ("positive_label", "'maybe'", "'yes'"), {"positive_label": "maybe"}),
    Bad("purpose for a column that is not there", ("column_name_and_types", "'colr'"),
        {"featurization": {"mode": "custom", "column_name_and_types": {"colr": "Categorical"}}}),
    Bad("transformer for a column that is not there", ("transformer_params", "'colr'"),
        {"featurization": {"mode": "custom", "transformer_params": {
            "imputer": [{"fields": ["colr"], "parameters": {"strategy": "median"}}]}}}),
    Bad("drop a column that is not there", ("drop_columns", "'colr'"),
        {"featurization": {"mode": "custom", "drop_columns": ["colr"]}}),
    Bad("drop every column", ("drop_columns",),
        {"featurization": {"mode": "custom", "drop_columns": ["size", "colour", "price"]}}),
]  # fmt: skip

SETTINGS = [
    Bad("unknown metric", ("primary_metric", "AUC_weigthed", "AUC_weighted"), {"primary_metric": "AUC_weigthed"}),
    Bad("metric of the other task", ("primary_metric", "r2_score", "classification"), {"primary_metric": "r2_score"}),
    Bad("custom metric that is not there", ("primary_metric", "mine"), {"primary_metric": "mine:score"}),
    Bad("unknown algorithm", ("allowed_training_algorithms", "ligth_gbm", "light_gbm"),
        training(allowed_training_algorithms=["ligth_gbm"])),
    Bad("algorithm of the other task", ("blocked_training_algorithms", "elastic_net"),
        training(blocked_training_algorithms=["elastic_net"])),
    Bad("unknown transformer", ("blocked_transformers", "tf_idff", "'tf_idf'"),
        {"featurization": {"mode": "custom", "blocked_transformers": ["tf_idff"]}}),
    Bad("unknown strategy", ("strategy", "meen", "mean"),
        {"featurization": {"mode": "custom", "transformer_params": {
            "imputer": [{"fields": ["size"], "parameters": {"strategy": "meen"}}]}}}),
    Bad("unknown parameter of a transformer", ("strategi", "strategy"),
        {"featurization": {"mode": "custom", "transformer_params": {
            "imputer": [{"fields": ["size"], "parameters": {"strategi": "mean"}}]}}}),
    Bad("unknown field", ("target_colum_name", "did you mean 'target_column_name'"), {"target_colum_name": "y"}),
    Bad("unknown field of a section", ("limits.max_trails", "max_trials"), limits(max_trails=3)),
    Bad("unknown task", ("task", "clasification", "classification"), {"task": "clasification"}),
    Bad("task of a later version", ("task", "forecasting", "not supported yet"), {"task": "forecasting"}),
    Bad("type of another job", ("type", "pipeline", "automl"), {"type": "pipeline"}),
    Bad("a field that is not built yet", ("enable_onnx_compatible_models", "not supported yet"),
        training(enable_onnx_compatible_models=True)),
    Bad("distributed mode", ("max_nodes", "not supported yet"), limits(max_nodes=4)),
    Bad("no target named", ("target_column_name", "required"), {"target_column_name": None}),
    Bad("no training data named", ("training_data", "required"), {"training_data": None}),
    Bad("allowed and blocked", ("allowed_training_algorithms", "blocked_training_algorithms"),
        training(allowed_training_algorithms=["knn"], blocked_training_algorithms=["svm"])),
    Bad("all algorithms blocked", ("blocked_training_algorithms", "all are blocked", "at least one"),
        training(blocked_training_algorithms=[
            "averaged_perceptron_classifier", "bernoulli_naive_bayes", "cat_boost", "decision_tree",
            "extreme_random_trees", "gradient_boosting", "hist_gradient_boosting", "knn", "light_gbm", "linear_svm",
            "linear_svm_sgd", "logistic_regression", "mlp", "multinomial_naive_bayes", "random_forest", "sgd", "svm",
            "xg_boost"])),
    Bad("validation data and folds", ("validation_data", "n_cross_validations"),
        {"validation_data": "train.csv", "n_cross_validations": 3}),
    Bad("validation data and size", ("validation_data", "validation_data_size"),
        {"validation_data": "train.csv", "validation_data_size": 0.2}),
    Bad("test data and test size", ("test_data", "test_data_size"), {"test_data": "train.csv", "test_data_size": 0.2}),
    Bad("groups and time", ("group_column_name", "split_time_column_name"),
        {"group_column_name": "size", "split_time_column_name": "price"}),
    Bad("validation size of 1.5", ("validation_data_size", "1.5", "less than 1"), {"validation_data_size": 1.5}),
    Bad("test size of 0", ("test_data_size", "0"), {"test_data_size": 0}),
    Bad("negative folds", ("n_cross_validations", "-3"), {"n_cross_validations": -3}),
    Bad("one fold", ("n_cross_validations", "1"), {"n_cross_validations": 1}),
    Bad("no trials", ("limits.max_trials", "found 0", "greater than or equal to 1"), limits(max_trials=0)),
    Bad("negative timeout", ("limits.timeout_minutes", "-5"), limits(timeout_minutes=-5)),
    Bad("negative trial timeout", ("limits.trial_timeout_minutes", "-1"), limits(trial_timeout_minutes=-1)),
    Bad("timeout in minutes and seconds", ("timeout_minutes", "timeout_seconds"),
        limits(timeout_minutes=1, timeout_seconds=60)),
    Bad("text for a number", ("limits.max_trials", "many"), limits(max_trials="many")),
    Bad("a section that is no mapping", ("limits", "3"), {"limits": 3}),
    Bad("several at once", ("3 problems", "limits.max_trials", "n_cross_validations", "target"),
        {"limits": {"max_trials": 0}, "target": "y", "n_cross_validations": -1}),
    Bad("gate on an unknown metric", ("registration.gate", "acuracy", "accuracy"),
        {"registration": {"gate": {"acuracy": 0.9}}}),
    Bad("reserved alias", ("registration.aliases", "latest"), {"registration": {"aliases": ["latest"]}}),
    Bad("datastore of a workspace", ("training_data.path", "azureml:", "download"),
        {"training_data": {"type": "mltable", "path": "azureml:bank:1"}}),
]  # fmt: skip


def write(folder: Path, case: Bad) -> None:
    """A job file and its tables, with the mistake in it."""
    job = {
        "task": "classification", "training_data": "train.csv", "target_column_name": "y", "primary_metric": "accuracy",
        "limits": {"max_trials": 1}, "training": {"allowed_training_algorithms": FAST},
    }  # fmt: skip
    for name, content in ({"train.csv": csv()} | case.files).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    values = {key: value for key, value in (job | case.job).items() if value is not None}
    (folder / "job.yml").write_text(write_yaml(values), encoding="utf-8")


def automl(*arguments: object) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def assert_refused(result: Result, *says: str) -> str:
    """Exit code 2 and one message with all that it must say; returned for a reader."""
    message = result.stderr
    assert result.exit_code == 2, result.output + repr(result.exception)
    assert "Traceback" not in message
    assert message.count("error: ") == 1
    for text in says:
        assert text in message
    return message


@pytest.mark.parametrize("case", [*TABLES, *SETTINGS], ids=lambda case: case.name)
def test_a_mistake_is_named_before_anything_is_trained(
    case: Bad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, case)
    assert_refused(automl("run", "job.yml", "--output", "run", "--verbosity", "error"), *case.says)
    assert not list(tmp_path.glob("run/*trials*"))
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("case", [TABLES[7], TABLES[0], SETTINGS[0]], ids=lambda case: case.name)
def test_a_real_process_ends_in_the_same_way(case: Bad, tmp_path: Path) -> None:
    write(tmp_path, case)
    ran = subprocess.run(
        [AUTOML, "run", "job.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("error: ")
    assert all(text in ran.stderr for text in case.says)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the artifacts of a finished search and its model, a job file and its table."""
    folder = tmp_path_factory.mktemp("made")
    write(folder, Bad("none", ()))
    job = Job.from_file(folder / "job.yml")
    job.set_limits(max_trials=1)
    run_line(job.inputs(), str(folder / "run"), job.sections(), line=LINE[:4])
    (folder / "run" / "job.yml").write_text(job.to_yaml())
    return folder


COMMANDS = {
    "run nowhere.yml": ("nowhere.yml", "no such file"),
    "run .": ("folder",),
    "run broken.yml": ("broken.yml", "line 2"),
    "run list.yml": ("list.yml", "mapping"),
    "run empty.yml": ("empty.yml", "empty"),
    "run latin.yml": ("latin.yml", "UTF-8"),
    "run job.yml --set limits.max_trials": ("limits.max_trials", "key=value"),
    "run job.yml --set limits.max_trails=3": ("max_trails", "'max_trials'"),
    "run job.yml --resume --fresh": ("--resume", "--fresh"),
    "run --resume": ("--output",),
    "run --resume --output nowhere": ("nowhere", "job.yml", "automl run"),
    "run job.yml --output job.yml": ("job.yml", "a file is in the way"),
    "run job.yml --output job.yml/run": ("job.yml", "a file is in the way"),
    "run job.yml --output foreign": ("foreign/checked_data", "not empty"),
    "run job.yml --output nothing://x": ("nothing://x",),
    "demo --trials 0": ("limits.max_trials", "found 0"),
    "component serch_trials": ("'serch_trials'", "'search_trials'"),
    "component featurize_data": ("checked_data",),
    "component featurize_data --input checked_data": ("--input", "NAME=ADDRESS"),
    "component featurize_data --input checked=x": ("'checked'", "'checked_data'"),
    "component featurize_data --input checked_data=x --input checked_data=y": ("twice", "x", "y"),
    "component featurize_data --input checked_data=unmarked {outputs}": ("checked_data", "unmarked", "marker"),
    "component featurize_data --input checked_data=nowhere {outputs}": ("checked_data", "nowhere"),
    "component featurize_data --input checked_data=run/trials {outputs}": ("checked_data", "run/trials", "uri_folder"),
    "component featurize_data --input checked_data=run/features {outputs}": ("run/features", "'features'"),
    "component featurize_data --input checked_data=run/checked_data {outputs} --set limits.max_trials=3": (
        "featurize_data", "'limits'", "featurization"),
    "component featurize_data --input checked_data=run/checked_data {outputs} --settings nowhere.yml": ("nowhere.yml",),
    "spec serch_trials": ("'serch_trials'", "'search_trials'"),
    "predict unmarked train.csv --output p.csv": ("unmarked", "best_model"),
    "predict nowhere train.csv --output p.csv": ("nowhere",),
    "predict run/featurizer train.csv --output p.csv": ("run/featurizer", "featurizer"),
    "predict run/best_model nowhere.csv --output p.csv": ("nowhere.csv",),
    "predict run/best_model other.csv --output p.csv": ("other.csv", "'colour'", "did you mean 'color'"),
    "predict run/best_model train.csv --output p.xlsx": ("p.xlsx", ".parquet"),
    "predict run/best_model train.csv --output job.yml/p.csv": ("job.yml", "a file is in the way"),
    "predict run/best_model train.csv --output full.csv": ("full.csv", "the disk is full"),
    "predict run/best_model train.csv --output folder.csv": ("folder.csv", "a folder is in the way of a file"),
    "predict run empty.csv --output p.csv": ("empty.csv", "no rows"),
    "predict models:/run train.csv --output p.csv": ("models:/run", "models:/<name>/<version>"),
    "show nowhere --json": ("nowhere", "no run"),
    "register run --trial 99": ("99",),
    "model run": ("trial", "metric"),
    "model run --trial 99": ("99",),
    "model run --metric acuracy": ("acuracy", "'accuracy'"),
    "model nowhere --trial 1": ("nowhere",),
    "test run": ("test_data",),
    "test run --data other.csv": ("'colour'",),
    "test run --data nowhere.csv": ("nowhere.csv",),
    "log unmarked": ("unmarked", "no run"),
    "register unmarked": ("unmarked", "no run"),
    "register run --alias latest": ("aliases", "'latest'"),
    "register run --name a/b": ("model_name", "'a/b'"),
    "register run --set gates.accuracy=1": ("gates", "'gate'"),
    "show unmarked": ("unmarked", "no run"),
}  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_cannot_be_done(line: str, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    (made / "broken.yml").write_text("task: classification\n  target: [y\n")
    (made / "list.yml").write_text("- task\n")
    (made / "empty.yml").write_text("# nothing\n")
    (made / "latin.yml").write_bytes("task: größe\n".encode("latin-1"))
    (made / "other.csv").write_text(csv(header=["size", "color", "price", "y"]))
    (made / "empty.csv").write_text(csv([]))
    (made / "folder.csv").mkdir(exist_ok=True)
    for folder in ("foreign/checked_data", "unmarked"):
        (made / folder).mkdir(parents=True, exist_ok=True)
        (made / folder / "notes.txt").write_text("mine\n")
    if not (made / "full.csv").is_symlink():
        (made / "full.csv").symlink_to("/dev/full")
    outputs = "--output features=f --output featurizer=g"
    assert_refused(automl(*line.format(outputs=outputs).split()), *COMMANDS[line])
    assert (made / "foreign" / "checked_data" / "notes.txt").exists()


@pytest.mark.parametrize("kilobytes", [8, 64, 160])
def test_a_full_disk(kilobytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        monkeypatch.chdir(tmp_path)
        write(tmp_path, Bad("none", ()))
        said = assert_refused(
            automl("run", "job.yml", "--output", "disk/run", "--verbosity", "error"), "disk/run"
        )
        assert "the disk is full; make room or give another --output" in said
        assert not list(disk.glob("run/*trials*"))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_large_table_in_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 200_001
    frame = pd.DataFrame(np.arange(rows * 50, dtype="float32").reshape(rows, 50) % 1009).rename(columns=str)
    frame.assign(y=np.arange(rows) % 2).to_parquet(tmp_path / "large.parquet")
    monkeypatch.chdir(tmp_path)
    changes = {
        "training_data": "large.parquet",
        "validation_data_size": 0.1,
        "featurization": {"mode": "off"},
    }
    changes |= limits(max_trials=1, timeout_minutes=60, strict=True)
    write(tmp_path, Bad("none", (), changes))
    said = assert_refused(
        automl("run", "job.yml", "--output", "run"), "limits.timeout_minutes", "10,000,000 cells"
    )
    assert "200001 rows x 50 columns" in said
    search = ["component", "search_trials", "--settings", "job.yml", "--input", "features=run/features"]
    search += ["--set", "limits={max_trials: 1, timeout_seconds: 1}"]  # not strict, and ended by its second
    warned = automl(*search, "--output", "trials=trials", "--verbosity", "warning")
    assert "warning: 200001 rows x 50 columns" in warned.stderr


LABELS = np.array(["often"] * 55 + ["half"] * 40 + ["thrice"] * 3 + ["once", "one"])
NUMBER = np.where(LABELS == "often", 1.0, 0.0) + np.sin(np.arange(len(LABELS)))
ODD_NAMES = ["", " ", "two words", "größe", "1", "index", "level_0", '"quoted"', "a,b", "x[0]", "<b>", "{j}", "a:b",
             "tab\tname", "line\nname", "prediction", "proba_half", "=SUM(A1)", "x" * 300]  # fmt: skip
DIRT = {
    "infinite": np.where(np.arange(100) % 10 == 0, np.inf, NUMBER),
    "minus_infinite": np.where(np.arange(100) % 11 == 0, -np.inf, NUMBER),
    "mixed": [str(i) if i % 2 else f"v{i % 5}" for i in range(100)],
    "null": [None] * 100,
    "constant": ["same"] * 100,
    "truth": NUMBER > 0.5,
    "truth_with_gaps": pd.array([None if i % 9 == 0 else i % 2 == 0 for i in range(100)], dtype="boolean"),
    "date": pd.date_range("2024-01-01", periods=100),
    "zoned": pd.date_range("2024-01-01", periods=100, tz="Europe/Vienna"),
    "date_as_text": [f"{day:%d.%m.%Y}" for day in pd.date_range("2024-01-01", periods=100)],
    "duration": pd.to_timedelta(np.arange(100), unit="h"),
    "decimal": [Decimal(i) / 4 for i in range(100)],
    "bytes": [b"ab", b"cd"] * 50,
    "category": pd.Categorical(["a", "b", None, "d"] * 25),
    "huge": NUMBER * 1e300,
    "emoji": ["😀", "🤖", "x", None] * 25,
    "long": ["word " * 50 + str(i % 7) for i in range(100)],
}
FOUND = {
    "rare-classes": ("once", "one", "thrice"),
    "unusual-values": ("infinite", "minus_infinite"),
    "constant-features": ("null", "constant"),
    "column-names": ("x[0]", "<b>", "a,b"),
    "missing-values": ("emoji", "truth_with_gaps"),
}


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Path:
    """A finished run on a table with everything in it that is ordinary dirt."""
    folder = tmp_path_factory.mktemp("dirty")
    frame = pd.DataFrame(DIRT | {name: NUMBER + i for i, name in enumerate(ODD_NAMES)}).assign(y=LABELS)
    frame.sample(frac=1, random_state=0).to_parquet(folder / "dirt.parquet", index=False)
    algorithms = [
        "light_gbm",
        "xg_boost_classifier",
        "cat_boost",
        "hist_gradient_boosting",
        "logistic_regression",
    ]
    changes = {
        "training_data": "dirt.parquet", "n_cross_validations": 3, "primary_metric": "log_loss", "seed": 1,
        "registration": {"enabled": False},
        "training": {"allowed_training_algorithms": algorithms, "enable_stack_ensemble": False},
    } | limits(max_trials=4, max_cores_per_trial=1)  # fmt: skip
    write(folder, Bad("none", (), changes))
    shutil.copy(mlflow_template, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        result = automl("run", "job.yml", "--output", "run")
    assert result.exit_code == 0, result.output
    return folder


class TestOrdinaryDirtIsNoError:
    def test_every_algorithm_has_a_score(self, dirty: Path) -> None:
        trials = Run(dirty / "run").trials
        assert set(trials["status"]) == {"Completed"}, trials[["algorithm", "error"]].to_dict("records")
        assert len(trials) == 4

    @pytest.mark.parametrize("code", FOUND)
    def test_a_finding_tells_of_it(self, dirty: Path, code: str) -> None:
        finding = Run(dirty / "run").guardrails.set_index("code").loc[code]
        assert finding["status"] in ("Done", "Alerted")
        assert all(name in finding["summary"] for name in FOUND[code]), finding["summary"]

    def test_the_model_predicts_such_rows(self, dirty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(dirty)
        result = automl("predict", "run/best_model", "dirt.parquet", "--output", "p.parquet")
        assert result.exit_code == 0, result.output
        made = pd.read_parquet("p.parquet")
        assert list(made) == ["prediction", *(f"proba_{label}" for label in sorted(set(LABELS)))]
        right = made["prediction"] == pd.read_parquet("dirt.parquet")["y"]
        assert right.mean() > 0.85
        np.testing.assert_allclose(made.iloc[:, 1:].sum(axis=1), 1, atol=1e-6)

    def test_regression(
        self, dirty: Path, tmp_path: Path, mlflow_server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(dirty)
        changes = [
            "task=regression", "primary_metric=r2_score", "target_column_name='two words'", "n_cross_validations=3",
            "training.allowed_training_algorithms=[elastic_net, xg_boost_regressor, decision_tree]",
            "limits.max_trials=3",
        ]  # fmt: skip
        options = [text for change in changes for text in ("--set", change)]
        result = automl("run", "job.yml", "--output", tmp_path / "run", *options)
        assert result.exit_code == 0, result.output
        assert Run(tmp_path / "run").ensemble["score"] > 0.5
