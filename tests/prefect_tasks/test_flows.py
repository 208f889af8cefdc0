"""A job as a Prefect flow: its parameters, a whole run, what the page shows, what stays secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from penguins import job_mapping, table
from prefect import flow, get_client
from prefect.artifacts import Artifact
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.exceptions import ParameterTypeError
from pydantic import SecretStr

from automl_components import Run
from automl_components.core.errors import SettingsError
from automl_components.job import Job
from prefect_tasks import Workspace, automl_flow, automl_subflow
from prefect_tasks.parameters import with_parameters

QUICK = job_mapping(
    limits={"max_trials": 2, "max_cores_per_trial": 1},
    training={"allowed_training_algorithms": ["knn", "decision_tree"], "enable_stack_ensemble": False},
    n_cross_validations=None, validation_data_size=0.2,
)  # fmt: skip


def defaults(made: Any, **changes: Any) -> dict[str, Any]:
    parameters = made.fn.__signature__.parameters.values()
    return {one.name: one.default for one in parameters} | changes


def test_mistakes_are_refused_when_the_flow_is_made() -> None:
    with pytest.raises(SettingsError, match=r"limits\.max_trial: unknown; did you mean 'max_trials'"):
        automl_flow(job_mapping(limits={"max_trial": 3}))
    with pytest.raises(
        SettingsError, match="flow penguins: task_options: no component 'serch_trials'; did you mean"
    ):
        automl_flow(QUICK, task_options={"serch_trials": {}})
    with pytest.raises(SettingsError, match=r"task_options of search_trials: .*'retrys'"):
        automl_flow(QUICK, task_options={"search_trials": {"retrys": 2}})
    with pytest.raises(SettingsError, match="job is a int; give a Job, a mapping"):
        automl_flow(3)  # type: ignore[arg-type]


def test_a_workspace_takes_what_it_knows_and_shows_no_secret() -> None:
    with pytest.raises(ValueError, match="no field 'storage'; did you mean 'storage_root'"):
        Workspace(storage="s3://bucket")
    with pytest.raises(ValueError, match=r"s3://\*\*\*@bucket holds credentials") as told:
        Workspace(storage_root="s3://key:secret@bucket")
    assert "key:secret" not in str(told.value)


def test_the_parameters_are_the_keys_of_a_job_file_with_its_values() -> None:
    made = automl_flow(QUICK, name="my penguins")
    assert (made.fn.__name__, made.fn.__module__) == ("my_penguins", __name__)
    form = made.parameters.properties
    assert form["training_data"]["default"] == QUICK["training_data"]
    assert form["limits"]["default"]["max_trials"] == 2
    assert form["primary_metric"]["default"] == "log_loss"
    assert form["seed"]["description"] == "Seed of everything random."
    assert made.parameters.definitions["LimitsSettings"]["properties"]["max_trials"]["ge"] == 1
    for name in ("folder", "workspace", "refresh"):
        assert name in form
    json.dumps(made.serialize_parameters(defaults(made)))


def test_wrong_parameters_are_refused_by_prefect(prefect: Path) -> None:
    made = automl_flow(QUICK)
    with pytest.raises(ParameterTypeError, match=r"limits\.max_trials"):
        made(limits={"max_trials": "many"})
    with pytest.raises(ParameterTypeError, match="max_trial"):
        made(limits={"max_trial": 2})


def test_parameters_replace_what_the_job_says() -> None:
    job = Job.from_mapping(QUICK)
    made = automl_flow(job)
    assert with_parameters(job, defaults(made)).to_mapping() == job.to_mapping()
    shown = json.loads(json.dumps(made.serialize_parameters(defaults(made))))
    typed = made.validate_parameters(shown)  # as a form sends it: every value
    assert with_parameters(job, typed).sections()["limits"].max_trials == 2
    typed = made.validate_parameters(
        defaults(made, limits={"timeout_minutes": 3}, seed=1, validation_data_size=None)
    )
    changed = with_parameters(job, typed)
    assert (changed.limits.timeout_minutes, changed.limits.max_trials, changed.task.seed) == (3, 2, 1)
    assert changed.splits.validation_data_size is None


def shown(client: Any, run_id: Any) -> dict[str, Artifact]:
    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
    )
    return {one.key: one for one in found}


def test_a_whole_job_runs_is_shown_and_is_cached(prefect: Path) -> None:
    secret = "hunter-2-secret"
    space = Workspace(
        storage_root=str(prefect / "store"), mlflow_tracking_uri=SecretStr(f"sqlite:///{prefect}/mlflow.db"),
        environment={"A_PASSWORD": secret}, web_address="https://files.example/runs",
    )  # fmt: skip
    space.save("test", overwrite=True)
    made = automl_flow(QUICK, name="quick")
    with get_client(sync_client=True) as client:
        first = made(workspace=Workspace.load("test"), return_state=True)
        run = client.read_flow_run(first.state_details.flow_run_id)
        references = first.result()
        folder = Path(references["best_model"]["path"]).parent
        assert folder.parent == prefect / "store"
        assert set(Run(folder).leaderboard["trial"]) >= {"1", "2"}
        assert references["registration"]["facts"]["version"] == "1"
        pages = shown(client, run.id)
        assert {
            "quick-findings", "quick-leaderboard", "quick-summary", "quick-search-trials-progress", "quick-report",
        } <= set(pages)  # fmt: skip
        assert pages["quick-search-trials-progress"].data == 100
        assert "data:image/svg+xml;base64," in pages["quick-summary"].data
        assert "## Guardrails" in pages["quick-summary"].data
        assert f"https://files.example/runs/{folder.name}/report/index.html" in pages["quick-report"].data
        everything = [
            run.model_dump_json(),
            json.dumps(references),
            *(one.model_dump_json() for one in pages.values()),
        ]
        everything += [file.read_text() for file in (prefect / "results").iterdir()]
        assert not any(secret in text for text in everything)
        second = made(workspace=space, return_state=True)
        runs = client.read_task_runs()
    states = {
        one.name.rpartition("-")[0]: one.state_name
        for one in runs
        if one.flow_run_id == second.state_details.flow_run_id
    }
    assert states["search_trials"] == states["build_ensemble"] == states["write_report"] == "Cached"
    assert states["register_model"] == "Completed"  # it asks the server, which has this very model
    assert second.result()["best_model"] == references["best_model"]
    assert second.result()["registration"]["facts"]["version"] == "1"


def test_a_subflow_takes_a_table_of_the_flow_around_it(prefect: Path) -> None:
    job = Job.from_mapping(QUICK)
    job.set_registration(enabled=False)

    @flow
    def around() -> Any:
        return automl_subflow(job, name="inner", training_data=table().head(60), target_column_name="spices")

    state = around(return_state=True)
    assert "did you mean 'species'" in state.message


def test_the_readmes_flows_are_flows(prefect: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = {
        k: re.findall(rf"^```{k}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE) for k in ("python", "yaml")
    }
    (prefect / "data").mkdir()
    table().rename(columns={"species": "y"}).to_csv(prefect / "data" / "bank.csv", index=False)
    (prefect / "job.yml").write_text(blocks["yaml"][0])
    names: dict[str, Any] = {"__name__": "readme"}
    exec(next(block for block in blocks["python"] if "prefect" in block), names)
    assert names["bank"].parameters.properties["limits"]["default"]["max_trials"] == 20
    assert set(names["by_hand"]()) == {"features", "featurizer"}
