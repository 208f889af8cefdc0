"""The command line as a user meets it: every command really run, its exit codes, what it prints and what not."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result
from penguins import table, write_job

from automl_components.__main__ import main
from automl_components.pipeline import LINE
from automl_components.run import Run

AUTOML = str(Path(sys.executable).with_name("automl"))
COMMANDS = ["run", "demo", "component", "spec", "predict", "model", "test", "log", "register", "show", "list"]
QUICK = {"allowed_training_algorithms": ["logistic_regression", "decision_tree", "knn"]}
SPECIES = ["Adelie", "Chinstrap", "Gentoo"]
OWN_METRIC = """\
import logging
import warnings

warnings.warn("a warning of somebody else's module")
logging.getLogger("somebody.else").warning("a log line of somebody else's module")

def score(y_true, y_pred):
    return float((y_true == y_pred).mean())
"""


def automl(*arguments: object) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(*arguments: object) -> Result:
    """A command that must succeed, and say nothing of the kind of a traceback or a warning."""
    result = automl(*arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert "Traceback" not in result.output
    assert "Warning" not in result.output
    return result


def quick_job(path: Path, **changes: Any) -> Path:
    """A job file that is done in a moment: a handful of cheap trials."""
    settings = {"limits": {"max_trials": 3, "max_cores_per_trial": 1}, "training": QUICK} | changes
    return write_job(path, **settings)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Path:
    """A folder with a job, a finished run of it, and an MLflow database, all made by a real command."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copy(mlflow_template, folder / "mlflow.db")
    quick_job(folder / "job.yml")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    command = [AUTOML, "run", "job.yml", "--output", "run", "--set", "registration.aliases=[first]"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (folder / "out.txt").write_text(ran.stdout)
    (folder / "err.txt").write_text(ran.stderr)
    return folder


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder as the working folder."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
    return place


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_of_each_command_teaches(self, command: str) -> None:
        text = done(command, "--help").stdout
        assert f"automl {command}" in text or f"main {command}" in text
        silent = [
            one.name
            for one in main.commands[command].params
            if isinstance(one, click.Option) and not one.help
        ]
        assert silent == []

    def test_lists_every_command_in_the_order_of_work(self) -> None:
        text = done("-h").stdout
        listed = [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.strip()]
        assert listed == COMMANDS
        assert "..." not in text.partition("Commands:")[2]  # every line says what it has to say

    def test_is_quick_since_it_loads_nothing_heavy(self) -> None:
        code = (
            "import sys\n"
            "from automl_components.__main__ import main\n"
            "main(['--help'], standalone_mode=False)\n"
            "heavy = {'pandas', 'numpy', 'sklearn', 'mlflow', 'pyarrow', 'rich', 'pydantic', 'fsspec', 'yaml'}\n"
            "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert ran.stderr.split() == []

    def test_version(self) -> None:
        assert version("automl-components") in done("--version").stdout

    def test_as_a_module(self) -> None:
        command = [sys.executable, "-m", "automl_components", "spec", "validate_data"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        assert yaml.safe_load(ran.stdout)["name"] == "validate_data"

    def test_a_mistyped_command_is_named(self) -> None:
        result = automl("predcit")
        assert result.exit_code == 2
        assert "predict" in result.stderr


class TestRun:
    def test_ends_with_where_everything_is(self, here: Path) -> None:
        out = (here / "out.txt").read_text()
        assert "Leaderboard" in out
        assert "best model" in out
        assert "Test metrics" in out
        for line in out.splitlines():
            label, _, path = line.partition(" ")
            if label in ("model", "leaderboard", "findings", "test", "predictions"):
                assert Path(path.removeprefix("report").strip()).exists(), line
        assert "penguins version 1, models:/penguins/1" in out

    def test_tells_in_plain_lines_and_nothing_of_libraries(self, here: Path) -> None:
        err = (here / "err.txt").read_text()
        assert "trial 1 of 3" in err
        assert "best so far" in err
        foreign = [line for line in err.splitlines() if not line[:8].replace(":", "").isdigit()]
        assert foreign == []

    def test_takes_set_and_keeps_the_job(self, here: Path) -> None:
        job = yaml.safe_load((here / "run" / "job.yml").read_text())
        assert job["registration"] == {"aliases": ["first"]}
        assert job["limits"]["max_trials"] == 3

    def test_again_keeps_what_is_unchanged(self, here: Path) -> None:
        before = Run(here / "run").registration
        result = done("run", "--resume", "--output", "run")
        for stage in LINE:
            assert f"{stage.name}: {'started' if stage.external else 'unchanged, reused'}" in result.stderr
        assert "Created version" not in result.output  # MLflow's own words
        assert Run(here / "run").registration["version"] == before["version"]

    def test_fresh_and_quiet_and_with_an_own_metric(
        self, tmp_path: Path, mlflow_server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", list(sys.path))
        (tmp_path / "own_metric_of_main.py").write_text(OWN_METRIC)
        quick_job(
            tmp_path / "mine.yml", primary_metric="own_metric_of_main:score", test_data_size=None,
            registration={"enabled": False}, limits={"max_trials": 1},
        )  # fmt: skip
        result = done("run", "mine.yml", "--verbosity", "error")
        assert result.output == ""
        run = Run(tmp_path / "runs" / "mine")
        assert "no test run give test_data or test_data_size" in done("show", run.folder).stdout
        assert run.leaderboard["own_metric_of_main.score"].between(0.5, 1).all()
        stamp = (run.path("trials") / "_artifact.json").stat().st_mtime_ns
        assert "unchanged" not in done("run", "mine.yml", "--fresh", "--verbosity", "info").stderr
        assert (run.path("trials") / "_artifact.json").stat().st_mtime_ns > stamp
        again = done("run", "mine.yml", "--resume", "--verbosity", "warning")
        assert again.output == ""

    def test_an_unreachable_server_costs_only_the_logging(
        self, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree("run", tmp_path / "run")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        result = automl("run", "--resume", "--output", tmp_path / "run")
        assert result.exit_code == 1
        assert f"automl log {tmp_path / 'run'}" in result.stderr
        assert "Leaderboard" in result.stdout
        assert "Traceback" not in result.output

    def test_demo(self, tmp_path: Path, mlflow_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        result = done("demo", "--trials", 1)
        assert "registered  penguins version 1" in result.stdout
        assert re.search(r"MLflow: (1 trial|\d+ trials) logged to", result.stderr)
        assert Run("runs/demo").metrics["AUC_weighted"] > 0.9
        again = done("demo", "--trials", 1)
        assert "MLflow: this run is there already, reused" in again.stderr
        assert "penguins version 1 is this very model, reused" in again.stderr
        assert "logged to" not in again.stderr
        assert "registered penguins" not in again.stderr


class TestComponent:
    def test_alone_lists_the_stages_with_their_wiring(self) -> None:
        text = done("component").stdout
        for stage in LINE:
            assert stage.name in text
            assert ", ".join(stage.inputs) in text

    def test_every_stage_in_a_process_of_its_own_gives_the_same_run(self, here: Path, tmp_path: Path) -> None:
        made: set[str] = set()
        for stage in LINE:
            arguments: list[object] = ["component", stage.name, "--settings", "run/job.yml"]
            for name in stage.inputs:
                if name in made:
                    arguments += ["--input", f"{name}={tmp_path / name}"]
                elif name == "training_data":
                    job = yaml.safe_load((here / "run" / "job.yml").read_text())
                    arguments += ["--input", f"{name}={job[name]['path']}"]
            for name in stage.outputs:
                arguments += ["--output", f"{name}={tmp_path / name}"]
            result = done(*arguments)
            assert all(f"{name}: {tmp_path / name}" in result.stdout for name in stage.outputs)
            made |= set(stage.outputs)
        for file in ("leaderboard/leaderboard.csv", "test_report/metrics.json", "trials/search.json"):
            same = [path.read_text() for path in (tmp_path / file, here / "run" / file)]
            assert same[0].split('"trial_seconds"')[0] == same[1].split('"trial_seconds"')[0], file

    def test_reuse(self, here: Path, tmp_path: Path) -> None:
        features = here / "run" / "features"
        arguments = [
            "component", "search_trials", "--input", f"features={features}", "--output", f"trials={tmp_path}/trials",
            "--settings", "job.yml", "--set", "limits.max_trials=1",
        ]  # fmt: skip
        assert "trial 1 of 1" in done(*arguments, "--reuse").stderr
        assert "unchanged, reused" in done(*arguments, "--reuse").stderr
        assert "trial 1 of 1" in done(*arguments).stderr
        assert done(*arguments, "--verbosity", "error").output == ""

    def test_a_setting_of_another_stage(self, here: Path, tmp_path: Path) -> None:
        result = automl(
            "component", "featurize_data", "--input", "checked_data=run/checked_data", "--output",
            f"features={tmp_path}/f", "--output", f"featurizer={tmp_path}/g", "--set", "limits.max_trials=3",
        )  # fmt: skip
        assert result.exit_code == 2
        assert "featurize_data has no setting 'limits'" in result.stderr

    @pytest.mark.parametrize("stage", LINE, ids=lambda stage: stage.name)
    def test_spec(self, stage: Any) -> None:
        spec = yaml.safe_load(done("spec", stage.name).stdout)
        assert spec["name"] == stage.name
        assert set(stage.inputs) <= set(spec["inputs"])
        assert set(spec["outputs"]) == set(stage.outputs)
        assert f"automl component {stage.name}" in spec["command"]


class TestPredict:
    @pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
    def test_files(self, here: Path, tmp_path: Path, ending: str) -> None:
        rows, output = tmp_path / "rows.csv", tmp_path / "new" / f"predictions.{ending}"
        table().drop(columns="species").sample(frac=1, axis=1, random_state=0).head(20).to_csv(
            rows, index=False
        )
        result = done("predict", "run/best_model", rows, "--output", output)
        assert "20 predictions" in result.stderr
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet}.get(
            ending, lambda p: pd.read_json(p, lines=True)
        )
        made = read(output)
        assert list(made) == ["prediction", *(f"proba_{name}" for name in SPECIES)]
        expected = Run("run").predict(rows)
        assert list(made["prediction"]) == list(expected["prediction"])
        pd.testing.assert_frame_equal(made.iloc[:, 1:], expected.iloc[:, 1:], check_dtype=False)

    @pytest.mark.parametrize(
        "model", ["run", "models:/penguins/1", "models:/penguins@first", "runs:/{run_id}/best_model"]
    )
    def test_addresses(self, here: Path, tmp_path: Path, model: str) -> None:
        made = []
        for address in ("run/best_model", model.format(**Run("run").tracking)):
            done("predict", address, here / "run" / "checked_data", "--output", tmp_path / "p.csv")
            made.append((tmp_path / "p.csv").read_text())
        assert made[0] == made[1]

    def test_values_that_cannot_be_read_are_counted(self, here: Path, tmp_path: Path) -> None:
        rows = table().drop(columns="species").head(50).astype({"body_mass_g": object})
        rows.loc[:6, "body_mass_g"] = "heavy"
        rows.to_csv(tmp_path / "rows.csv", index=False)
        arguments = ["predict", "run", tmp_path / "rows.csv", "--output", tmp_path / "p.csv"]
        told = "warning: column 'body_mass_g': 7 of 50 values are no numbers and count as missing, such as 'heavy'"
        assert told in done(*arguments).stderr
        assert told in done(*arguments, "--verbosity", "warning").stderr
        assert done(*arguments, "--verbosity", "error").output == ""

    def test_an_ending_that_cannot_be_written_is_refused_first(self, here: Path) -> None:
        result = automl("predict", "no model", "no table", "--output", "p.xlsx")
        assert result.exit_code == 2
        assert "p.xlsx: end the name in one of .csv" in result.stderr

    @pytest.mark.parametrize(
        ("model", "says"),
        [("models:/pengins/1", "did you mean 'penguins'"), ("models:/penguins@frist", "aliases: first"),
         ("models:/penguins/99", "it has versions: 1"), ("models:penguins", "models:/<name>/<version>"),
         ("runs:/0123/best_model", "not found")],
    )  # fmt: skip
    def test_an_address_without_a_model(self, here: Path, model: str, says: str) -> None:
        result = automl("predict", model, here / "run" / "checked_data", "--output", "p.csv")
        assert result.exit_code == 2
        assert model in result.stderr
        assert says in result.stderr

    @pytest.mark.parametrize(
        ("labels", "dtype"), [([10, 20], "int64"), ([False, True], "bool"), ([1.5, 2.5], "float64")]
    )
    def test_labels_come_back_in_their_type(
        self, labels: list[Any], dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        frame = (
            table()
            .assign(y=[labels[name == "Gentoo"] for name in table()["species"]])
            .drop(columns="species")
        )
        frame.to_parquet("t.parquet")
        quick_job(
            tmp_path / "job.yml", training_data="t.parquet", target_column_name="y", limits={"max_trials": 1}
        )
        for stage in LINE[:4]:
            names = [
                name for name in stage.inputs if name not in ("training_data", "validation_data", "test_data")
            ]
            inputs = [f"{name}={name}" for name in names] + ["training_data=t.parquet"] * (stage is LINE[0])
            options = [text for one in inputs for text in ("--input", one)]
            options += [text for name in stage.outputs for text in ("--output", f"{name}={name}")]
            done("component", stage.name, "--settings", "job.yml", *options)
        done("predict", "best_model", "t.parquet", "--output", "p.parquet", "--verbosity", "error")
        made = pd.read_parquet("p.parquet")
        assert str(made["prediction"].dtype) == dtype
        assert list(made)[1:] == [f"proba_{label}" for label in labels]
        assert (made["prediction"] == frame["y"]).mean() > 0.9


class TestLater:
    def test_model_of_any_trial(self, here: Path, tmp_path: Path) -> None:
        shutil.copytree("run", tmp_path / "run")
        by_number = done("model", tmp_path / "run", "--trial", 2).stdout.strip()
        by_metric = done("model", tmp_path / "run", "--metric", "accuracy", "--verbosity", "error")
        assert by_metric.stderr == ""
        for path in (by_number, by_metric.stdout.strip()):
            assert (Path(path) / "MLmodel").exists()
        done("predict", by_number, here / "run" / "checked_data", "--output", tmp_path / "p.csv")

    def test_test(self, here: Path, tmp_path: Path) -> None:
        again = done("test", "run", "--output", tmp_path / "again")
        assert "accuracy" in again.stdout
        metrics = json.loads((tmp_path / "again" / "test_report" / "metrics.json").read_text())
        assert metrics == Run("run").metrics
        table().drop(columns="species").to_csv(tmp_path / "new.csv", index=False)
        unknown = done("test", "run", "--data", tmp_path / "new.csv", "--output", tmp_path / "new")
        assert "accuracy" not in unknown.stdout  # without a target: predictions only
        assert f"predictions: {tmp_path / 'new' / 'predictions'}" in unknown.stdout

    def test_log(self, here: Path) -> None:
        facts = Run("run").path("tracking") / "tracking.json"
        before = json.loads(facts.read_text())["run_id"]
        assert f"run {before}" in done("log", "run").stdout  # logged once, however often

    def test_register_with_alias_and_gate(self, here: Path, tmp_path: Path) -> None:
        import mlflow

        shutil.copytree("run", tmp_path / "run")
        client = mlflow.MlflowClient()
        result = done(
            "register",
            tmp_path / "run",
            "--name",
            "gated",
            "--alias",
            "champion",
            "--set",
            "gate.accuracy=0.5",
        )
        assert "registered gated version 1: models:/gated/1" in result.stdout
        assert str(client.get_model_version_by_alias("gated", "champion").version) == "1"
        refused = automl("register", tmp_path / "run", "--name", "other", "--set", "gate.accuracy=1.01")
        assert refused.exit_code == 1
        assert "accuracy" in refused.stderr
        assert "1.01" in refused.stderr
        assert not client.search_model_versions("name = 'other'")
        trial = done("register", tmp_path / "run", "--name", "gated", "--trial", 2, "--verbosity", "error")
        assert trial.output == ""
        version = client.get_model_version("gated", "2")
        assert version.tags["trial"] == "2"
        assert version.run_id == Run("run").tracking["trials"]["2"]
        assert client.get_run(version.run_id).data.tags["mlflow.parentRunId"] == Run("run").tracking["run_id"]
        assert client.get_model_version("gated", "1").run_id == Run("run").tracking["run_id"]

    def test_show(self, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("COLUMNS", raising=False)  # which parallel tests set
        text = done("show", "run").stdout
        assert all(line == line.rstrip() for line in text.splitlines())
        assert max(len(line) for line in text.splitlines()) > 200  # a row is one line, however long
        for finding in Run("run").guardrails.to_dict("records"):
            assert finding["title"] in text
            assert finding["status"] in text
        assert "Leaderboard" in text
        assert "Test metrics" in text
        search = Run("run").search
        assert f"Search: {search['statuses']['Completed']} completed" in text
        assert f"ended by {search['stop_reason']}" in text
        listed = done("show", "run", "--trials").stdout
        for trial in Run("run").trials.to_dict("records"):
            assert re.search(
                rf"^ *{trial['number']} .* {trial['seconds']:.1f} +{trial['peak_mb']:.0f}", listed, re.M
            )
        shutil.copytree("run", tmp_path / "run", ignore=shutil.ignore_patterns("best_model", "test_report"))
        unfinished = done("show", tmp_path / "run").stdout
        assert f"not finished; go on with: automl run --resume --output {tmp_path / 'run'}" in unfinished
        assert "Leaderboard" in unfinished
        assert "Test metrics" not in unfinished

    def test_show_for_a_program(self, here: Path, tmp_path: Path) -> None:
        run = Run("run")
        facts = json.loads(done("show", "run", "--json").stdout)
        assert facts["finished"]
        assert facts["test_metrics"] == run.metrics
        assert [row["trial"] for row in facts["leaderboard"]] == list(run.leaderboard["trial"])
        assert [row["code"] for row in facts["findings"]] == list(run.guardrails["code"])
        assert facts["search"]["stop_reason"] == run.search["stop_reason"]
        assert [trial["seconds"] for trial in facts["trials"]] == list(run.trials["seconds"])
        assert facts["best_model"]["kind"] == run.ensemble["kind"]
        assert facts["registration"]["model_uri"] == "models:/penguins/1"
        assert facts["tracking"]["run_id"] == run.tracking["run_id"]
        assert facts["places"]["best_model"] == run.best_model
        left = ("best_model", "leaderboard", "test_report", "tracking", "registration")
        shutil.copytree("run", tmp_path / "run", ignore=shutil.ignore_patterns(*left))
        facts = json.loads(done("show", tmp_path / "run", "--json").stdout)
        assert not facts["finished"]
        assert len(facts["leaderboard"]) == 3
        assert [facts[name] for name in ("best_model", "test_metrics", "tracking")] == [None, {}, None]

    @pytest.mark.parametrize(
        ("catalog", "some"),
        [("algorithms", "light_gbm"), ("metrics", "AUC_weighted"), ("guardrails", "class-balance"),
         ("transformers", "tf_idf"), ("components", "search_trials")],
    )  # fmt: skip
    def test_list(self, catalog: str, some: str) -> None:
        assert some in done("list", catalog).stdout


class TestErrors:
    def test_one_message_and_with_debug_its_traceback(self, tmp_path: Path) -> None:
        for verbosity in ("info", "error", "debug"):
            result = automl("run", tmp_path / "none.yml", "--verbosity", verbosity)
            assert result.exit_code == 2
            assert result.stderr.count("error: ") == 1
            assert ("Traceback" in result.stderr) == (verbosity == "debug")
            assert result.stdout == ""

    def test_a_failed_run_is_no_mistake_of_the_user(
        self, tmp_path: Path, mlflow_server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", list(sys.path))
        (tmp_path / "broken_metric.py").write_text(
            "def score(y_true, y_pred):\n    raise ValueError('no\\n[way]')\n"
        )
        quick_job(tmp_path / "job.yml", primary_metric="broken_metric:score", limits={"max_trials": 2})
        result = automl("run", "job.yml", "--output", "run")
        assert result.exit_code == 1
        assert "no trial produced a model" in result.stderr
        assert "custom metric 'broken_metric:score' failed at" in result.stderr
        assert f"{tmp_path / 'broken_metric.py'}, line 2: ValueError: no" in result.stderr
        assert "--fresh" in result.stderr
        assert "Traceback" not in result.stderr

    def test_interrupted(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def stop(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Run, "log", stop)
        result = automl("log", "run")
        assert result.exit_code == 130
        assert result.stderr == "interrupted\n"

    def test_colours_only_where_they_are_wanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = {}
        for wish in ("", "1"):
            monkeypatch.setenv("NO_COLOR", wish)
            shown[wish] = CliRunner().invoke(main, ["spec", "nothing"], color=True).stderr
        assert "\x1b[31m" in shown[""]
        assert "\x1b" not in shown["1"]

    def test_closed_output(self, here: Path) -> None:
        for command in ("show run", "component", "list metrics", "spec search_trials"):
            line = f"{AUTOML} {command} | head -1"
            ran = subprocess.run(line, shell=True, cwd=here, capture_output=True, text=True, check=False)
            assert ran.stderr == ""
            assert ran.stdout.count("\n") == 1

    def test_levels_of_libraries_are_left_alone(self, here: Path) -> None:
        before = [logging.getLogger(name).level for name in ("mlflow", "alembic", "automl_components")]
        done("show", "run")
        assert before == [
            logging.getLogger(name).level for name in ("mlflow", "alembic", "automl_components")
        ]


def test_a_run_that_a_guardrail_stops_shows_the_report(tmp_path):
    job = quick_job(tmp_path / "job.yml", guardrails={"fail_on": ["missing-values"]})
    folder = tmp_path / "run"
    result = automl("run", job, "--output", folder)
    assert result.exit_code == 1
    assert "Findings" in result.stdout
    assert str(folder / "guardrail_report" / "findings.json") in result.stdout.replace("\n", "")
    assert f"guardrail_report is in {folder / 'guardrail_report'}" in result.stderr
    shown = done("show", folder)
    assert "missing-values" in shown.output
    assert not Run(folder).has("checked_data")
