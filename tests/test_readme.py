"""The README's examples, run as they stand on a small table."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from penguins import table

from automl_components.__main__ import main as commands
from automl_components.job import Job

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_server: str) -> pd.DataFrame:
    """A folder with ``data/bank.csv``: the penguins, whose target is called y."""
    frame = table().rename(columns={"species": "y"})
    (tmp_path / "data").mkdir()
    frame.to_csv(tmp_path / "data" / "bank.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return frame


def test_the_job_file_is_a_job(bank: pd.DataFrame) -> None:
    (text,) = blocks("yaml")
    job = Job.from_mapping(yaml.safe_load(text))
    assert job.limits.max_trials == 20
    assert job.inputs()["training_data"] == str(Path("data/bank.csv").absolute())


def test_the_python_examples_run(bank: pd.DataFrame) -> None:
    first, second = blocks("python")[:2]  # the others need Airflow or Prefect
    quick = first.replace('["svm"]', '["svm", "cat_boost", "gradient_boosting"]').replace(
        "max_trials=20", "max_trials=3"
    )
    names = {"frame": bank, "new_rows": bank.drop(columns="y").head(3)}
    exec(compile(quick, "README.md", "exec"), names)
    assert len(names["run"].leaderboard) == 5
    exec(compile(second, "README.md", "exec"), {"frame": bank})
    assert Path("runs/bank/features/MLTable").is_file()


def test_every_command_of_the_readme_is_one(bank: pd.DataFrame) -> None:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    used = [shlex.split(line)[1:] for line in lines if line.startswith("automl ")]
    assert len(used) >= 8
    for name, *arguments in used:
        command = commands.get_command(None, name)
        assert command is not None, name
        known = {option for parameter in command.params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= known


def test_the_shell_examples_run(bank: pd.DataFrame, tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    Path("job.yml").write_text(text)
    bank.to_csv("data.csv", index=False)
    bank.drop(columns="y").to_csv("new_rows.csv", index=False)
    automl = str(Path(sys.executable).with_name("automl"))
    quick = [
        "--set",
        "limits.max_trials=2",
        "--set",
        "training={allowed_training_algorithms: [light_gbm, knn]}",
    ]
    for command in (
        ["run", "job.yml", "--output", "runs/bank", "--set", "training_data=data.csv", *quick],
        ["show", "runs/bank"],
        ["predict", "runs/bank", "new_rows.csv", "--output", "predictions.parquet"],
        ["register", "runs/bank", "--alias", "champion", "--set", "gate.AUC_weighted=0.9"],
        ["predict", "models:/bank@champion", "new_rows.csv", "--output", "predictions.csv"],
    ):
        done = subprocess.run([automl, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    made = pd.read_parquet("predictions.parquet")
    assert list(made) == ["prediction", "proba_Adelie", "proba_Chinstrap", "proba_Gentoo"]
    assert (made["prediction"] == bank["y"]).mean() > 0.9
