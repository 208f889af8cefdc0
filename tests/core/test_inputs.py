"""Where a job's tables come from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_components.core.artifacts import Input
from automl_components.core.errors import SettingsError
from automl_components.core.inputs import DataInput, read_input


def test_relative_paths_start_at_the_base_folder(tmp_path):
    found = read_input("training_data", "./data/train", str(tmp_path))
    assert found.path == str(tmp_path / "data" / "train")
    assert read_input("training_data", "../x.csv", str(tmp_path / "jobs")).path == str(tmp_path / "x.csv")


def test_without_a_base_folder_at_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_input("training_data", "x.csv").path == str(tmp_path / "x.csv")


def test_relative_to_a_remote_folder():
    found = read_input("training_data", "./data/../train.csv", "s3://bucket/jobs")
    assert found.path == "s3://bucket/jobs/train.csv"


@pytest.mark.parametrize(
    "path", ["s3://bucket/x", "https://example.org/x.csv", "memory://x", "file:///x", "/x.csv"]
)
def test_addresses_and_absolute_paths_stay(path):
    assert read_input("training_data", path, "/somewhere").path == path


def test_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert read_input("training_data", "~/x.csv", "/jobs").path == "/home/someone/x.csv"


@pytest.mark.parametrize(
    "value",
    [
        {"type": "mltable", "path": "/d", "mode": "ro_mount"},
        Input(type="mltable", path="/d", mode="ro_mount"),
        {"type": "MLTable", "path": "/d", "mode": "RoMount"},
    ],
)
def test_azures_input(value):
    assert read_input("training_data", value) == DataInput(type="mltable", path="/d", mode="ro_mount")


def test_paths_and_tables():
    assert read_input("training_data", Path("/d")).path == "/d"
    frame = pd.DataFrame({"a": [1]})
    assert read_input("training_data", frame) is frame


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "training_data: found a int; should be a path"),
        ([1], "training_data: found a list"),
        ({"type": "mltable"}, r"training_data\.path: missing"),
        ({"path": "x", "typ": "mltable"}, r"training_data\.typ: unknown; did you mean 'type'"),
        ({"path": "x", "type": "mltabel"}, r"training_data\.type: found 'mltabel'; did you mean 'mltable'"),
        ({"path": "x", "mode": "fly"}, r"training_data\.mode: found 'fly'"),
        ("azureml:data:1", r"training_data\.path: 'azureml:data:1' is in an Azure workspace.*local path"),
        ("azureml://datastores/a/paths/b", "is in an Azure workspace"),
        ({"path": "x", "datastore": "workspaceblobstore"}, "is in an Azure workspace"),
        ("${{parent.inputs.data}}", "only a pipeline job can fill in"),
        ("", r"training_data\.path: found ''"),
    ],
)
def test_refusals(value, message):
    with pytest.raises(SettingsError, match=message):
        read_input("training_data", value)


def test_notes():
    assert read_input("training_data", "x").notes() == []
    (note,) = read_input("training_data", {"path": "x", "path_on_compute": "/mnt/x"}).notes()
    assert "path_on_compute '/mnt/x' has no effect" in note
