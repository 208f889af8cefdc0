"""What is refused as a DAG is built, what the provider says of itself, and what parsing costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from automl_components import Output, component
from automl_components.core.artifacts import uri_folder
from automl_components.core.errors import SettingsError

DAGS = Path(__file__).parents[2] / "dags"
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("airflow_home")]

JOB = {"task": "classification", "training_data": "/data/t.csv", "target_column_name": "y"}
SETTINGS = {"task": "classification", "target_column_name": "y"}


@pytest.fixture
def dag() -> Any:
    from airflow.sdk import DAG

    with DAG("built", schedule=None) as made:
        yield made


def refused(words: str) -> Any:
    return pytest.raises(SettingsError, match=words)


def test_an_unknown_component_is_refused_with_the_nearest_one(dag: Any) -> None:
    from airflow_provider import ComponentOperator

    with refused("task 'search': no component 'search_trial'; did you mean 'search_trials'"):
        ComponentOperator(task_id="search", component="search_trial")


def test_inputs_are_checked(dag: Any) -> None:
    from airflow_provider import ComponentOperator, FeaturizeDataOperator, SearchTrialsOperator

    with refused("task 'f': featurize_data has no input 'checked'; did you mean 'checked_data'"):
        ComponentOperator(task_id="f", component="featurize_data", inputs={"checked": "x"})
    with refused("task 'g': featurize_data needs its input 'checked_data'"):
        FeaturizeDataOperator(task_id="g")  # type: ignore[call-arg]
    features = FeaturizeDataOperator(task_id="features", checked_data="/data/checked_data")
    with refused("task 'features' has no output 'feature'; did you mean 'features'"):
        features.outputs["feature"]
    with refused("task 't': input 'features': task 'features' has no output 'feature'"):
        SearchTrialsOperator(task_id="t", features=features.output["feature"], settings=SETTINGS)
    with refused(r"'z': input 'features': it is task 'features' itself; give its .outputs\[...\] of"):
        SearchTrialsOperator(task_id="z", features=features, settings=SETTINGS)
    with refused(r"(?s)task_id: w.*featurs: did you mean 'features'\?.*limit: did you mean 'limits'\?"):
        SearchTrialsOperator(task_id="w", featurs="x", limit={}, settings=SETTINGS)
    with refused("task 'u': input 'features': task 'features' has several outputs"):
        SearchTrialsOperator(task_id="u", features=features.output, settings=SETTINGS)
    with refused(
        "task 'v': input 'features' is a mltable; task 'features' makes 'featurizer', a mlflow_model"
    ):
        SearchTrialsOperator(task_id="v", features=features.outputs["featurizer"], settings=SETTINGS)


def test_settings_are_checked_and_templates_wait(dag: Any) -> None:
    from airflow_provider import AutoMLOperator, SearchTrialsOperator, automl_task_group

    with refused("task 's': limits.max_trial: unknown; did you mean 'max_trials'"):
        SearchTrialsOperator(task_id="s", features="x", limits={"max_trial": 3}, settings=SETTINGS)
    with refused("task 'j': limits.max_trials: found 'many'"):
        AutoMLOperator(task_id="j", job=JOB | {"limits": {"max_trials": "many"}})
    with refused("task group 'g': trainings: unknown; did you mean 'training'"):
        automl_task_group(JOB | {"trainings": {}}, group_id="g")
    with refused("task group 'h': test_data_size: decides which tasks there are"):
        automl_task_group(JOB | {"test_data_size": "{{ params.share }}"}, group_id="h")
    with refused("stage_args for 'serch_trials'"):
        automl_task_group(JOB, group_id="i", stage_args={"serch_trials": {}})
    with refused(r"there is no such file"):
        AutoMLOperator(task_id="k", job="nowhere.yml")
    named = {"allowed_training_algorithms": ["light_gbn"]}
    with refused("task group 'm': training.*: unknown algorithm 'light_gbn'; did you mean 'light_gbm'"):
        automl_task_group(JOB | {"training": named}, group_id="m")
    with refused("task 'n': training.*: unknown algorithm 'light_gbn'"):
        SearchTrialsOperator(task_id="n", features="x", training=named, settings=SETTINGS)
    AutoMLOperator(task_id="o", job=JOB | {"task": "{{ params.task }}", "training": named})
    later = {"max_trials": "{{ params.trials }}", "timeout_minutes": "{{ var.value.minutes }}"}
    SearchTrialsOperator(task_id="t", features="x", limits=later, settings=SETTINGS)
    AutoMLOperator(task_id="l", job="{{ params.job }}")


def test_tasks_are_wired_through_nested_values(dag: Any) -> None:
    from airflow.sdk import task

    from airflow_provider import SearchTrialsOperator

    @task
    def trials() -> int:
        return 3

    search = SearchTrialsOperator(
        task_id="s", features="x", limits={"max_trials": trials()}, settings=SETTINGS
    )
    assert search.upstream_task_ids == {"trials"}


def test_a_mapped_operator_waits_for_what_each_of_its_tasks_takes(dag: Any) -> None:
    from airflow_provider import FeaturizeDataOperator, SearchTrialsOperator

    features = FeaturizeDataOperator(task_id="features", checked_data="x")
    search = SearchTrialsOperator.partial(
        task_id="s", features=features.outputs["features"], settings=SETTINGS
    ).expand(limits=[{"max_trials": 1}, {"max_trials": 2}])
    assert search.upstream_task_ids == {"features"}
    with refused("task 't': input 'features' is a mltable; task 'features' makes 'featurizer'"):
        SearchTrialsOperator.partial(task_id="t", features=features.outputs["featurizer"])


def test_two_tasks_do_not_write_the_same_artifact(dag: Any) -> None:
    from airflow_provider import FeaturizeDataOperator

    FeaturizeDataOperator(task_id="one", checked_data="x")
    with refused("task 'two': it writes 'features', and so does task 'one'; give one a folder="):
        FeaturizeDataOperator(task_id="two", checked_data="x")
    FeaturizeDataOperator(task_id="three", checked_data="x", folder="three")


def test_a_component_of_the_dag_file_itself_is_refused(dag: Any) -> None:
    from airflow_provider import ComponentOperator

    @component(version="1")
    def local_one(note_of_its_own: Output[uri_folder]) -> None:
        """Not importable."""

    with refused("task 'x': local_one: a child process cannot import it"):
        ComponentOperator(task_id="x", component=local_one)


def test_the_group_is_the_job_stage_by_stage(dag: Any) -> None:
    from airflow_provider import automl_task_group, model_asset
    from automl_components.pipeline import LINE

    group = automl_task_group(JOB | {"test_data_size": 0.2, "experiment_name": "bank"}, retries=2)
    assert [*group.stages] == [stage.name for stage in LINE]
    assert dag.task_dict["automl.search_trials"].upstream_task_ids == {"automl.featurize_data"}
    assert dag.task_dict["automl.search_trials"].retries == 2
    assert "automl.evaluate_model" in dag.task_dict["automl.log_run"].upstream_task_ids
    assert group.stages["register_model"].outlets == [model_asset("bank")]
    without = automl_task_group(JOB | {"registration": {"enabled": False}}, group_id="small")
    assert not {"evaluate_model", "register_model"} & set(without.stages)


def test_values_of_another_shape_are_refused(dag: Any) -> None:
    from airflow.sdk import task

    from airflow_provider import ComponentOperator, FeaturizeDataOperator, SearchTrialsOperator

    @task
    def settings() -> dict[str, Any]:
        return SETTINGS

    with refused("task 'a': component is 3; give a component, or the name of one"):
        ComponentOperator(task_id="a", component=3)  # type: ignore[arg-type]
    with refused("task 'b': inputs: found .*; should be a mapping of names to values"):
        ComponentOperator(task_id="b", component="featurize_data", inputs=["checked_data"])  # type: ignore[arg-type]
    with refused(r"task 'c': input 'checked_data' is 5; give an address, or another task's outputs\[...\]"):
        FeaturizeDataOperator(task_id="c", checked_data=5)  # type: ignore[arg-type]
    with refused("task 'd': input 'checked_data' is a _TaskDecorator; give an address"):
        FeaturizeDataOperator(task_id="d", checked_data=settings)  # type: ignore[arg-type]
    with refused("task 'e': settings is no mapping that 'limits' could join"):
        SearchTrialsOperator(task_id="e", features="x", settings=settings(), limits={"max_trials": 2})
    with refused("task 'f': environment: 'A' is a int; give a text"):
        FeaturizeDataOperator(task_id="f", checked_data="x", environment={"A": 1})
    with refused(r"task 'g': root s3://\*\*\*@b/x holds credentials"):
        FeaturizeDataOperator(task_id="g", checked_data="x", root="s3://key:secret@b/x")
    with refused("task 'h': folder '../h' leads out of the run's own folder"):
        FeaturizeDataOperator(task_id="h", checked_data="x", folder="../h")
    ComponentOperator(task_id="i", component="featurize_data", inputs="{{ params.inputs }}", folder="i")  # type: ignore[arg-type]


def test_a_single_stage_of_a_job_is_checked_like_the_job(dag: Any) -> None:
    from airflow_provider import SearchTrialsOperator

    with refused("task 'a': limts: unknown; did you mean 'limits'"):
        SearchTrialsOperator(task_id="a", features="x", job=JOB | {"limts": {}})
    with refused("task 'b': .*nowhere.yml: there is no such file"):
        SearchTrialsOperator(task_id="b", features="x", job="nowhere.yml")
    with refused("task 'c': limits.max_trial: unknown"):
        SearchTrialsOperator(task_id="c", features="x", job=JOB, overrides={"limits.max_trial": 1})
    with refused("task 'd': overrides are for a job"):
        SearchTrialsOperator(task_id="d", features="x", settings=SETTINGS, overrides={"limits.max_trials": 1})


def test_what_a_whole_job_or_a_group_makes_is_known(dag: Any) -> None:
    from airflow_provider import AutoMLOperator, EvaluateModelOperator, automl_task_group

    whole = AutoMLOperator(task_id="whole", job=JOB)
    with refused("task 'a': input 'best_model': task 'whole' has no output 'best_modl'"):
        EvaluateModelOperator(
            task_id="a", best_model=whole.output["best_modl"], test_data="x", settings=SETTINGS
        )
    with refused("task 'b': input 'best_model' is a mlflow_model; task 'whole' makes 'report'"):
        EvaluateModelOperator(
            task_id="b", best_model=whole.outputs["report"], test_data="x", settings=SETTINGS
        )
    group = automl_task_group(JOB)
    with refused("task group 'automl' has no output 'best_modl'; did you mean 'best_model'"):
        group.outputs["best_modl"]
    with refused("task group 'automl' has no stage 'search'; did you mean 'search_trials'"):
        group.stages["search"]
    with refused("task group 'h': stage_args: found .*; should be a mapping"):
        automl_task_group(JOB, group_id="h", stage_args=["search_trials"])  # type: ignore[arg-type]


def test_gates_are_checked(dag: Any) -> None:
    from airflow_provider import FeaturizeDataOperator, GuardrailGateOperator

    features = FeaturizeDataOperator(task_id="features", checked_data="x")
    with refused("task 'a': input 'guardrail_report' is a uri_folder; task 'features' makes 'features'"):
        GuardrailGateOperator(task_id="a", report=features.outputs["features"])
    with refused("task 'b': codes is 'class-balance'; give a list of codes"):
        GuardrailGateOperator(task_id="b", report={}, codes="class-balance")
    with refused("task 'c': report is 'x'; give outputs"):
        GuardrailGateOperator(task_id="c", report="x")

    with refused("task 'g': severity is 'eror'; did you mean 'error'"):
        GuardrailGateOperator(task_id="g", report={}, severity="eror")  # type: ignore[arg-type]


def test_what_editors_know_of_the_operators_is_true() -> None:
    import airflow_provider.operators
    from airflow_provider.stubs import stub

    text = Path(airflow_provider.operators.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert text == stub(), "run: python -m airflow_provider.stubs"


def test_every_component_has_an_operator_with_its_own_words() -> None:
    import airflow_provider
    from airflow_provider.operators import __all__ as names
    from automl_components.pipeline import LINE

    assert len(names) == len(LINE)
    for stage in LINE:
        cls = getattr(airflow_provider, "".join(map(str.capitalize, stage.name.split("_"))) + "Operator")
        assert cls.__doc__ == stage.description
    assert {*names, "AutoMLOperator", "automl_task_group"} <= {*dir(airflow_provider)}


def test_airflow_lists_the_provider() -> None:
    command = [
        sys.executable,
        "-m",
        "airflow",
        "providers",
        "get",
        "automl-components",
        "--full",
        "-o",
        "json",
    ]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert told[0]["name"] == "AutoML Components"
    assert "airflow_provider.hooks.StoreHook" in str(told)


def test_every_dag_file_is_imported() -> None:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    assert len({Path(dag.fileloc).name for dag in bag.dags.values()}) == 5


PARSING = """
import sys, time
sys.path.append({dags!r})
import airflow.sdk, airflow.sdk.exceptions, airflow.providers.standard.operators.python
from airflow.sdk import BaseOperator, TaskGroup, BaseHook, BaseBranchOperator, Asset, dag, task
before = time.process_time()
import penguins_task_group
first = time.process_time() - before
for name in ("penguins_by_hand", "penguins_retrain", "penguins_by_year", "penguins_scoring"):
    __import__(name)
heavy = {{"numpy", "pandas", "sklearn", "scipy", "mlflow", "lightgbm", "xgboost", "catboost", "optuna", "pyarrow"}}
print(first, sorted(heavy & set(sys.modules)))
"""


def test_parsing_is_cheap_and_loads_no_machine_learning() -> None:
    """At most 0.1 s on an idle machine for the first file; twice that, since this one is shared with other tests."""
    command = [sys.executable, "-c", PARSING.format(dags=str(DAGS))]
    for _ in range(2):  # the first time may have to compile
        done = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[-2]
    seconds, _, loaded = done.partition(" ")
    assert loaded == "[]"
    assert float(seconds) < 0.2


def test_the_readmes_dag_is_a_dag(tmp_path: Path) -> None:
    import re

    from airflow.dag_processing.dagbag import DagBag

    readme = (DAGS.parent / "README.md").read_text(encoding="utf-8")
    blocks = {
        kind: re.findall(rf"^```{kind}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
        for kind in ("python", "yaml")
    }
    (tmp_path / "job.yml").write_text(blocks["yaml"][0])
    (tmp_path / "bank.py").write_text(next(block for block in blocks["python"] if "airflow" in block))
    bag = DagBag(str(tmp_path))
    assert bag.import_errors == {}
    assert "automl.register_model" in bag.dags["bank"].task_dict
