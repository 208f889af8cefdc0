"""Job files and job objects: Azure's examples, refusals, setters, factories, round trips."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_components import automl
from automl_components.core.artifacts import Input, Output
from automl_components.core.errors import SettingsError
from automl_components.core.settings import LimitsSettings, ProblemsError
from automl_components.job import SECTIONS, Job, top_level_keys

LEAST = {"task": "classification", "training_data": "train.csv", "target_column_name": "y"}

# The facts of the classification job of Azure's how-to page (2023-08), its two unbuilt options switched off.
CLASSIFICATION = """
$schema: https://azuremlsdk2.blob.core.windows.net/preview/0.0.1/autoMLJob.schema.json
type: automl

experiment_name: <my_exp_name>
description: A classification AutoML job
task: classification

training_data:
    path: "./train_data"
    type: mltable

compute: azureml:<my_compute_name>
primary_metric: accuracy
target_column_name: y
n_cross_validations: 5
enable_model_explainability: False

tags:
    <my_custom_tag>: <My custom value>

limits:
    timeout_minutes: 600
    trial_timeout_minutes: 20
    max_trials: 5
    enable_early_termination: True

training:
    blocked_training_algorithms: ["logistic_regression"]
    enable_onnx_compatible_models: False
"""

# The same page's job with custom featurization, its broken indentation mended.
FEATURIZATION = """
$schema: https://azuremlsdk2.blob.core.windows.net/preview/0.0.1/autoMLJob.schema.json
type: automl
experiment_name: exp
task: classification
training_data:
    path: "./train_data"
    type: mltable
compute: azureml:cluster
primary_metric: accuracy
target_column_name: y
n_cross_validations: 5
featurization:
    mode: custom
    column_name_and_types:
        CHMIN: Categorical
    blocked_transformers: ["label_encoder"]
    transformer_params:
        imputer:
            - fields: ["CACH", "PRP"]
              parameters:
                strategy: most_frequent
limits:
    # limit settings
training:
    # training settings
"""


def make(**values):
    return Job.from_mapping({**LEAST, **values})


def written(folder, text, name="job.yml"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def same(one, other):
    return (
        one.to_mapping() == other.to_mapping()
        and one.sections() == other.sections()
        and one.facts == other.facts
        and one.inputs() == other.inputs()
    )


class TestAzuresExamples:
    def test_classification(self, tmp_path):
        job = Job.from_file(written(tmp_path, CLASSIFICATION))
        assert job.task.task == "classification"
        assert job.task.primary_metric == "accuracy"
        assert job.task.target_column_name == "y"
        assert job.splits.n_cross_validations == 5
        assert job.inputs() == {"training_data": str(tmp_path / "train_data")}
        assert job.limits.max_trials == 5
        assert job.limits.seconds == 36000
        assert job.limits.trial_seconds == 1200
        assert job.training.blocked_training_algorithms == ("logistic_regression",)
        assert job.facts.tags == {"<my_custom_tag>": "<My custom value>"}
        assert job.facts.experiment_name == "<my_exp_name>"
        assert job.notes() == ["compute is for Azure; the job runs on this machine"]

    def test_what_its_original_asks_for_beyond_this_version(self, tmp_path):
        """The page switches both on; Azure refuses the first at that place, here both are still to come."""
        with pytest.raises(ProblemsError) as caught:
            Job.from_file(written(tmp_path, CLASSIFICATION.replace("False", "True")))
        assert caught.value.problems == [
            "enable_model_explainability: not supported yet: explanations of the best model; "
            "remove it or set it to false, here or by --set",
            "training.enable_onnx_compatible_models: not supported yet: ONNX export; "
            "remove it or set it to false, here or by --set",
        ]

    def test_featurization(self, tmp_path):
        job = Job.from_file(written(tmp_path, FEATURIZATION))
        assert job.featurization.mode == "custom"
        assert job.featurization.column_name_and_types == {"CHMIN": "Categorical"}
        assert job.featurization.blocked_transformers == ("label_encoder",)
        (imputer,) = job.featurization.transformer_params["imputer"]
        assert imputer.fields == ("CACH", "PRP")
        assert imputer.parameters == {"strategy": "most_frequent"}
        assert job.limits == LimitsSettings()

    def test_broken_indentation_of_the_original_names_the_line(self, tmp_path):
        broken = FEATURIZATION.replace("              parameters", "            parameters")
        line = broken.splitlines().index("            parameters:") + 1
        with pytest.raises(SettingsError, match=rf"job\.yml, line {line}, column 13: .*indentation"):
            Job.from_file(written(tmp_path, broken))

    def test_swapped_sections_of_the_pipeline_example(self):
        with pytest.raises(ProblemsError) as caught:
            make(training={"max_trials": 1}, limits={"enable_stack_ensemble": False})
        assert sorted(caught.value.problems) == [
            "limits.enable_stack_ensemble: unknown here; it belongs in 'training'",
            "training.max_trials: unknown here; it belongs in 'limits'",
        ]

    def test_pipeline(self, tmp_path):
        text = "type: pipeline\nsettings: {default_compute: azureml:c}\njobs: {a: {type: automl}}\n"
        with pytest.raises(ProblemsError) as caught:
            Job.from_file(written(tmp_path, text))
        assert len(caught.value.problems) == 1
        assert "not supported yet: type 'pipeline'" in str(caught.value)

    def test_distributed(self):
        with pytest.raises(ProblemsError) as caught:
            make(training={"training_mode": "distributed"}, limits={"max_nodes": 4})
        assert len(caught.value.problems) == 2
        assert all("not supported yet" in problem for problem in caught.value.problems)

    def test_bank_marketing_with_three_tables(self, tmp_path):
        text = """
type: automl
experiment_name: dpv2-cli-automl-classifier-experiment
compute: azureml:cpu-cluster
task: classification
log_verbosity: debug
primary_metric: accuracy
target_column_name: "y"
training_data: {path: "./training-mltable-folder", type: mltable}
validation_data: {path: "./validation-mltable-folder", type: mltable}
test_data: {path: "./test-mltable-folder", type: mltable}
limits: {timeout_minutes: 180, max_trials: 40, enable_early_termination: true}
featurization: {mode: auto}
training: {enable_stack_ensemble: false, enable_vote_ensemble: true}
"""
        job = Job.from_file(written(tmp_path, text))
        assert list(job.inputs()) == ["training_data", "validation_data", "test_data"]
        assert job.log_verbosity == "debug"

    def test_python_of_2023(self):
        job = automl.classification(
            compute="cluster",
            experiment_name="exp",
            training_data=Input(type="mltable", path="./data/training-mltable-folder"),
            target_column_name="y",
            primary_metric="accuracy",
            n_cross_validations=5,
            enable_model_explainability=False,
            tags={"my_custom_tag": "My custom value"},
            outputs={"best_model": Output(type="mlflow_model")},
        )
        assert job.set_limits(timeout_minutes=600, trial_timeout_minutes=20, max_trials=5) is None
        assert job.set_training(blocked_training_algorithms=["logistic_regression"]) is None
        assert job.limits.given() == {"timeout_minutes": 600, "trial_timeout_minutes": 20, "max_trials": 5}
        assert job.facts.outputs["best_model"].type == "mlflow_model"

    def test_python_of_2022(self):
        job = automl.classification(training_data="t.csv", target_column_name="y")
        job.set_limits(timeout=600, trial_timeout=20, max_trials=5, enable_early_termination=True)
        job.set_training(blocked_models=["LogisticRegression"])
        assert job.limits.timeout_minutes == 600
        assert job.training.blocked_training_algorithms == ("logistic_regression",)

    def test_python_with_featurization(self):
        job = automl.regression(training_data="t.csv", target_column_name="ERP")
        job.set_featurization(
            mode="custom",
            transformer_params={
                "imputer": [
                    automl.ColumnTransformer(fields=["CACH"], parameters={"strategy": "most_frequent"}),
                    automl.ColumnTransformer(fields=["PRP"], parameters={"strategy": "most_frequent"}),
                ]
            },
            blocked_transformers=["LabelEncoding"],
            column_name_and_types={"CHMIN": "Categorical"},
        )
        assert job.featurization.blocked_transformers == ("label_encoder",)
        assert len(job.featurization.transformer_params["imputer"]) == 2


class TestReading:
    def test_least(self):
        job = make()
        assert job.task.primary_metric == "AUC_weighted"

    def test_every_stage_finds_its_sections(self):
        """A stage that looked for another name would run with defaults."""
        from automl_components.pipeline import LINE

        sections = make().sections()
        for stage in LINE:
            for name, section in stage.settings.items():
                assert isinstance(sections.get(name), section), f"{stage.name} needs {name}"

    def test_names_for_mlflow(self):
        job = make(experiment_name="e", tags={"a": 1}, compute="local", cache=False)
        assert job.sections()["run"].given() == {"experiment_name": "e", "tags": {"a": "1"}}

    @pytest.mark.parametrize("key", ["task", "training_data", "target_column_name"])
    def test_what_is_required(self, key):
        with pytest.raises(SettingsError, match=f"^{key}: missing; it is required"):
            Job.from_mapping({name: value for name, value in LEAST.items() if name != key})

    def test_all_problems_of_a_file_at_once(self, tmp_path):
        text = "task: clasification\ntraning_data: x\nlimit: {}\nlimits: {max_trials: 0}\nseed: -1\n"
        with pytest.raises(SettingsError) as caught:
            Job.from_file(written(tmp_path, text))
        lines = str(caught.value).splitlines()
        assert lines[0].endswith("job.yml: 6 problems")
        assert {line.split(":")[0].strip() for line in lines[1:]} == {
            "task",
            "traning_data",
            "limit",
            "limits.max_trials",
            "seed",
            "target_column_name",
        }
        assert "  traning_data: unknown; did you mean 'training_data'?" in lines
        assert "  limit: unknown; did you mean 'limits'?" in lines

    def test_a_key_of_a_section_at_the_top(self):
        with pytest.raises(SettingsError, match=r"^max_trials: unknown here; it belongs in 'limits'$"):
            make(max_trials=3)

    @pytest.mark.parametrize("value", [None, [], "job", 3])
    def test_no_mapping(self, value):
        with pytest.raises(SettingsError, match=r"should be a mapping"):
            Job.from_mapping(value)

    def test_a_section_of_the_wrong_kind(self):
        with pytest.raises(SettingsError, match=r"^limits: found 3; should be a mapping"):
            make(limits=3)

    def test_featurization_as_one_word(self):
        assert make(featurization="off").featurization.mode == "off"

    def test_bare_off_in_a_file(self, tmp_path):
        text = "task: regression\ntraining_data: t.csv\ntarget_column_name: y\nfeaturization: {mode: off}\n"
        assert Job.from_file(written(tmp_path, text)).featurization.mode == "off"

    def test_labels_and_columns_that_yaml_1_1_would_change(self, tmp_path):
        text = "task: classification\ntraining_data: t.csv\ntarget_column_name: on\npositive_label: yes\n"
        job = Job.from_file(written(tmp_path, text))
        assert (job.task.target_column_name, job.task.positive_label) == ("on", "yes")

    def test_remote_file(self):
        import fsspec

        with fsspec.open("memory://job-test/jobs/job.yml", "w") as stream:
            stream.write("task: regression\ntraining_data: ../train.csv\ntarget_column_name: y\n")
        job = Job.from_file("memory://job-test/jobs/job.yml")
        assert job.inputs()["training_data"].startswith("memory://job-test/")

    def test_overrides(self, tmp_path, monkeypatch):
        (tmp_path / "here").mkdir()
        (tmp_path / "jobs").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        file = written(tmp_path / "jobs", CLASSIFICATION)
        job = Job.from_file(
            file, ["limits.max_trials=10", "seed=7", "training_data=data.csv", "featurization=off"]
        )
        assert (job.limits.max_trials, job.limits.timeout_minutes, job.task.seed) == (10, 600, 7)
        assert job.inputs()["training_data"] == str(tmp_path / "here" / "data.csv")
        job = Job.from_file(file, ["training_data.path=other.csv", "test_data=s3://b/t.csv"])
        assert job.inputs()["training_data"] == str(tmp_path / "here" / "other.csv")
        assert job.inputs()["test_data"] == "s3://b/t.csv"
        with pytest.raises(SettingsError, match=r"limits\.max_trial: unknown; did you mean 'max_trials'"):
            Job.from_file(file, ["limits.max_trial=10"])


class TestAgreement:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"validation_data": "v.csv", "n_cross_validations": 3}, "n_cross_validations: validation_data"),
            (
                {"validation_data": "v.csv", "validation_data_size": 0.1},
                "validation_data_size: validation_data",
            ),
            (
                {"validation_data": "v.csv", "cv_split_column_names": ["a"]},
                "cv_split_column_names: validation_data",
            ),
            ({"validation_data": "v.csv", "group_column_name": "g"}, "group_column_name: validation_data"),
            ({"test_data": "t.csv", "test_data_size": 0.1}, "test_data_size: test_data is given, too"),
            ({"cv_split_column_names": ["y"]}, "cv_split_column_names: 'y' is the target"),
            ({"group_column_name": "y"}, "group_column_name: 'y' is the target"),
            ({"split_time_column_name": "y"}, "split_time_column_name: 'y' is the target"),
            ({"featurization": {"drop_columns": ["y"]}}, r"featurization\.drop_columns: 'y' is the target"),
            ({"featurization": {"column_name_and_types": {"y": "Text"}}}, "'y' is the target"),
        ],
    )
    def test_contradictions(self, values, message):
        with pytest.raises(SettingsError, match=message):
            make(**values)

    @pytest.mark.parametrize(
        "values",
        [
            {"validation_data": "v.csv", "test_data_size": 0.1, "group_column_name": "g"},
            {"validation_data": "v.csv", "test_data": "t.csv"},
            {"n_cross_validations": 5, "validation_data_size": 0.1, "test_data_size": 0.1},
            {"cv_split_column_names": ["a", "b"], "test_data": "t.csv"},
        ],
    )
    def test_what_goes_together(self, values):
        make(**values)


class TestNames:
    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("auc_weighted", "AUC_weighted"),
            ("AUCWeighted", "AUC_weighted"),
            ("F1ScoreMacro", "f1_score_macro"),
        ],
    )
    def test_metric_in_any_casing(self, given, name):
        assert make(primary_metric=given).task.primary_metric == name

    def test_every_metric_of_the_catalog_may_be_primary(self):
        from automl_components.metrics import METRICS

        for metric in METRICS.values():
            for text in (metric.name, metric.name.upper(), metric.name.replace("_", "")):
                job = make(task=metric.task, primary_metric=text)
                assert job.task.primary_metric == metric.name

    def test_own_metric(self):
        path = "sklearn.metrics:cohen_kappa_score"
        assert make(primary_metric=path).task.primary_metric == path
        with pytest.raises(
            SettingsError, match=r"^primary_metric: custom metric 'no.such:thing' cannot be loaded"
        ):
            make(primary_metric="no.such:thing")

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"primary_metric": "acuracy"}, "^primary_metric: unknown metric 'acuracy'.*'accuracy'"),
            (
                {"primary_metric": "auc"},
                "^primary_metric: unknown metric 'auc' for classification; did you mean 'AUC_binary', 'AUC_macro', "
                "'AUC_micro' or 'AUC_weighted'\\?; automl list metrics prints all",
            ),
            (
                {"primary_metric": "nonsense"},
                "; known: AUC_binary, .* and 14 more; automl list metrics prints all",
            ),
            ({"primary_metric": "r2_score"}, "^primary_metric: metric 'r2_score' is for regression"),
            (
                {"training": {"allowed_training_algorithms": ["lightgbmm"]}},
                r"^training\.allowed_training_algorithms: .*'lightgbmm'; did you mean 'light_gbm'",
            ),
            (
                {"training": {"blocked_training_algorithms": ["elastic_net"]}},
                r"^training\.blocked_training_algorithms: algorithm 'elastic_net' is for regression",
            ),
            (
                {"training": {"stack_ensemble_settings": {"stack_meta_learner_type": "ElasticNet"}}},
                r"^training\.stack_ensemble_settings: .*'elastic_net' is for regression",
            ),
            (
                {"training": {"stack_ensemble_settings": {"stack_meta_learner_kwargs": {"depth": 3}}}},
                r"^training\.stack_ensemble_settings: .*'depth'",
            ),
            ({"selection": {"metric": "acc"}}, r"^selection\.metric: unknown metric 'acc'"),
            ({"registration": {"gate": {"acc": 1}}}, r"^registration\.gate\.acc: unknown metric 'acc'"),
            (
                {"registration": {"gate": {"accuracy": 1, "Accuracy": 1}}},
                r"registration\.gate: .* named twice",
            ),
            (
                {"featurization": {"blocked_transformers": ["tf_idff"]}},
                r"^featurization.blocked_transformers: unknown transformer 'tf_idff'; did you mean 'tf_idf'",
            ),
            (
                {"featurization": {"transformer_params": {"Imputr": [{}]}}},
                r"^featurization.transformer_params: unknown transformer 'Imputr'; did you mean 'imputer'",
            ),
            (
                {
                    "featurization": {
                        "transformer_params": {"imputer": [{"parameters": {"strategy": "mode"}}]}
                    }
                },
                r"^featurization.transformer_params: .*unknown strategy 'mode'",
            ),
            (
                {"featurization": {"transformer_params": {"imputer": [{"parameters": {"strateg": "mean"}}]}}},
                r"^featurization.transformer_params: .*'strateg'; did you mean 'strategy'",
            ),
        ],
    )
    def test_unknown_names(self, values, message):
        with pytest.raises(SettingsError, match=message):
            make(**values)

    def test_algorithms_of_three_generations(self):
        job = make(
            training={
                "allowed_training_algorithms": ["LightGBM", "lgbm_classifier", "light_gbm", "kNN", "DT"]
            }
        )
        assert job.training.allowed_training_algorithms == ("light_gbm", "knn", "decision_tree")

    @pytest.mark.parametrize("task", ["classification", "regression"])
    def test_all_blocked(self, task):
        from automl_components.algorithms import ALGORITHMS

        names = [name for name, algorithm in ALGORITHMS.items() if task in algorithm.estimators]
        with pytest.raises(SettingsError, match=r"all are blocked; leave at least one"):
            make(task=task, training={"blocked_training_algorithms": names})
        make(task=task, training={"blocked_training_algorithms": names[1:]})

    @pytest.mark.parametrize(
        "name",
        [
            "text_target_encoder",
            "one_hot_encoder",
            "cat_target_encoder",
            "tf_idf",
            "wo_e_target_encoder",
            "label_encoder",
            "word_embedding",
            "naive_bayes",
            "count_vectorizer",
            "hash_one_hot_encoder",
        ],
    )
    def test_every_transformer_of_azure_may_be_blocked(self, name):
        camel = "".join(part.title() for part in name.split("_"))
        for text in (name, camel, name.upper()):
            job = make(featurization={"blocked_transformers": [text]})
            assert job.featurization.blocked_transformers == (name,)

    def test_transformer_in_two_casings(self):
        entry = [{"fields": ["a"], "parameters": {"strategy": "mean"}}]
        other = [{"fields": ["b"], "parameters": {"strategy": "mean"}}]
        with pytest.raises(SettingsError, match=r"a name is given twice"):
            make(featurization={"transformer_params": {"imputer": entry, "Imputer": other}})


class TestSetters:
    def test_a_refused_change_changes_nothing(self):
        job = make(limits={"max_trials": 3})
        before = job.to_mapping()
        for change in (
            lambda: job.set_limits(max_trials=0),
            lambda: job.set_limits(max_trails=4),
            lambda: job.set_training(allowed_training_algorithms=["nope"]),
            lambda: job.set_featurization(mode="of"),
            lambda: job.set_registration(gate={"nope": 1}),
            lambda: job.set_selection(trial=1, metric="accuracy"),
            lambda: job.set_data(training_data="a.csv", target_column_name="z", validation_data_size=2),
        ):
            with pytest.raises(SettingsError):
                change()
        assert job.to_mapping() == before

    def test_calls_add_up(self):
        job = make()
        job.set_limits(max_trials=3, timeout_minutes=5)
        job.set_limits(timeout_seconds=20, exit_score=0.9)
        assert job.limits.given() == {"max_trials": 3, "timeout_seconds": 20, "exit_score": 0.9}
        job.set_training(allowed_training_algorithms=["LightGBM"], enable_stack_ensemble=False)
        job.set_training(blocked_training_algorithms=["SVM"])
        assert job.training.given() == {
            "blocked_training_algorithms": ["svm"],
            "enable_stack_ensemble": False,
        }

    def test_data(self):
        job = make(n_cross_validations=5)
        frame = pd.DataFrame({"x": [1, 2], "z": [1, 2]})
        job.set_data(training_data=frame, target_column_name="z", weight_column_name="w", test_data_size=0.2)
        assert job.inputs()["training_data"] is frame
        assert (job.task.target_column_name, job.task.weight_column_name) == ("z", "w")
        assert (job.splits.n_cross_validations, job.splits.test_data_size) == (5, 0.2)
        with pytest.raises(SettingsError, match=r"n_cross_validations: validation_data already settles"):
            job.set_data(training_data=frame, target_column_name="z", validation_data=frame)

    def test_data_one_at_a_time(self):
        job = make(n_cross_validations=5)
        job.set_data(test_data="test.csv")
        job.set_data(target_column_name="z")
        job.set_data(training_data="/data/other.csv")
        assert list(job.inputs()) == ["training_data", "test_data"]
        assert job.inputs()["training_data"] == "/data/other.csv"
        assert (job.task.target_column_name, job.splits.n_cross_validations) == ("z", 5)

    @pytest.mark.parametrize(
        ("method", "wrong", "message"),
        [
            ("set_data", "tets_data", "tets_data: unknown; did you mean 'test_data'?"),
            ("set_data", "max_trials", "max_trials: unknown here; it belongs in 'limits'"),
            ("set_limits", "max_trails", "limits.max_trails: unknown; did you mean 'max_trials'?"),
            ("set_training", "enable_vote", "'enable_vote_ensemble'"),
            (
                "set_featurization",
                "blocked",
                "featurization.blocked: unknown; did you mean 'blocked_transformers'?",
            ),
            ("set_selection", "trail", "selection.trail: unknown; did you mean 'trial'?"),
            ("set_registration", "model", "registration.model: unknown; did you mean 'model_name'?"),
        ],
    )
    def test_a_misspelt_argument(self, method, wrong, message):
        with pytest.raises(SettingsError) as caught:
            getattr(make(), method)(**{wrong: "x"})
        assert message in str(caught.value)

    def test_stack_settings(self):
        job = make()
        job.set_training(
            stack_ensemble_settings=automl.StackEnsembleSettings(stack_meta_learner_type="LightGBMClassifier")
        )
        assert job.training.stack_ensemble_settings.stack_meta_learner_type == "light_gbm_classifier"

    def test_registration(self):
        job = make()
        job.set_registration(
            model_name="bank", aliases=["challenger"], gate={"auc_weighted": 0.9, "LogLoss": {"max": 1}}
        )
        assert list(job.registration.gate) == ["AUC_weighted", "log_loss"]
        assert job.sections()["registration"].model_name == "bank"

    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ({}, "bank"),
            ({"name": "run1"}, "bank"),
            ({"training_data": pd.DataFrame({"y": [1]})}, "automl-classification"),
            ({"training_data": {"path": "s3://b/my:bank/train/*.parquet"}}, "my-bank"),
            ({"name": "run1", "experiment_name": "a/b:c'"}, "a-b-c-"),
            ({"registration": {"model_name": "m"}, "experiment_name": "e"}, "m"),
        ],
    )
    def test_registered_name(self, values, name):
        job = make(**{"training_data": "data/bank.csv", **values})
        assert job.sections()["registration"].model_name == name

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            ("data/bank.csv", "bank"),
            ("bank/training_data", "bank"),
            ("bank/training-mltable-folder/", "bank"),
            ("https://host/data/bank.csv?sig=secret", "bank"),
            ("bank/data/part-*.csv", "bank"),
            ("data/training_bank.csv.gz", "training_bank"),
        ],
    )
    def test_an_unnamed_job_has_the_experiment_of_its_data(self, data, name, monkeypatch):
        """One experiment for all unnamed jobs, and one registered model, would mix models of different tables."""
        job = make(training_data=data)
        monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        sections = job.sections()
        assert (sections["run"].experiment_name, sections["registration"].model_name) == (name, name)
        assert make(training_data=data, experiment_name="e").sections()["run"].experiment_name == "e"
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from outside")
        assert job.sections()["run"].experiment_name is None

    def test_a_stage_alone_finds_the_same_experiment(self, monkeypatch):
        from automl_components.pipeline import find, settings_of

        monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        for values in ({}, {"experiment_name": "e"}):
            job = make(training_data="/data/bank.csv", **values)
            for stage in map(find, ("log_run", "register_model")):
                settled = settings_of(stage, job.to_mapping())["run"]
                assert settled.experiment_name == job.sections()["run"].experiment_name

    @pytest.mark.parametrize(
        ("method", "section"),
        [
            ("set_limits", "limits"),
            ("set_training", "training"),
            ("set_featurization", "featurization"),
            ("set_selection", "selection"),
            ("set_registration", "registration"),
        ],
    )
    def test_a_setter_takes_every_field_of_its_section(self, method, section):
        accepted = set(inspect.signature(getattr(Job, method)).parameters)
        fields = set(SECTIONS[section].model_fields)
        assert (
            fields - accepted - {"ensemble_model_download_timeout_minutes"} == set()
        )  # Azure's shorter name

    def test_azures_arguments(self):
        """The keyword arguments of azure-ai-ml 1.35.2."""
        data = "training_data target_column_name weight_column_name validation_data validation_data_size "
        data += "n_cross_validations cv_split_column_names test_data test_data_size"
        wanted = {
            Job.set_data: data,
            Job.set_limits: "enable_early_termination exit_score max_concurrent_trials max_cores_per_trial "
            "max_nodes max_trials timeout_minutes trial_timeout_minutes",
            Job.set_training: "enable_onnx_compatible_models enable_dnn_training enable_model_explainability "
            "enable_stack_ensemble enable_vote_ensemble stack_ensemble_settings "
            "ensemble_model_download_timeout allowed_training_algorithms blocked_training_algorithms "
            "training_mode",
            Job.set_featurization: "blocked_transformers column_name_and_types dataset_language "
            "transformer_params mode enable_dnn_featurization",
            automl.classification: data + " primary_metric enable_model_explainability",
            automl.regression: data + " primary_metric enable_model_explainability",
        }
        for function, names in wanted.items():
            missing = set(names.split()) - set(inspect.signature(function).parameters)
            assert not missing, function.__name__


class TestFactories:
    @pytest.mark.parametrize("factory", [automl.classification, automl.regression])
    def test_a_misspelt_argument(self, factory):
        with pytest.raises(ProblemsError) as caught:
            factory(traning_data="t.csv", target_column_name="y", primry_metric="accuracy")
        assert sorted(caught.value.problems) == [
            "primry_metric: unknown; did you mean 'primary_metric'?",
            "traning_data: unknown; did you mean 'training_data'?",
        ]
        with pytest.raises(ProblemsError) as caught:
            factory()
        assert sorted(caught.value.problems) == ["target_column_name: missing; it is required"]

    @pytest.mark.parametrize("factory", [automl.classification, automl.regression])
    def test_the_same_job_as_a_file(self, factory):
        job = factory(
            training_data="t.csv",
            target_column_name="y",
            validation_data_size=0.1,
            seed=3,
            group_column_name="g",
            display_name="Run",
            limits={"max_trials": 4},
            cache=False,
        )
        other = Job.from_mapping(
            {
                "task": factory.__name__,
                "training_data": {"type": "mltable", "path": "t.csv"},
                "target_column_name": "y",
                "validation_data_size": 0.1,
                "seed": 3,
                "group_column_name": "g",
                "display_name": "Run",
                "limits": {"max_trials": 4},
                "cache": False,
            }
        )
        assert same(job, other)

    def test_sections_as_objects(self):
        job = automl.regression(
            training_data="t.csv", target_column_name="y", limits=LimitsSettings(max_trials=4)
        )
        assert job.limits.max_trials == 4

    def test_unknown_argument(self):
        with pytest.raises(SettingsError, match=r"^primary_metrics: unknown; did you mean 'primary_metric'"):
            automl.classification(training_data="t.csv", target_column_name="y", primary_metrics="accuracy")

    def test_explanations_are_not_there_yet(self):
        with pytest.raises(SettingsError, match=r"^enable_model_explainability: not supported yet"):
            automl.classification(training_data="t", target_column_name="y", enable_model_explainability=True)

    def test_positive_label(self):
        job = automl.classification(training_data="t.csv", target_column_name="y", positive_label=1)
        assert job.task.positive_label == 1


class TestWriting:
    def test_only_what_was_given(self):
        mapping = make(limits={"max_trials": 3}).to_mapping()
        assert mapping == {
            "type": "automl",
            "task": "classification",
            "target_column_name": "y",
            "training_data": {"type": "mltable", "path": str(Path("train.csv").absolute())},
            "limits": {"max_trials": 3},
        }

    def test_a_table_in_memory_has_no_file(self):
        job = make(training_data=pd.DataFrame({"y": [1]}))
        with pytest.raises(
            SettingsError, match=r"training_data: a table in memory has no place in a job file"
        ):
            job.to_yaml()

    @pytest.mark.parametrize("text", [CLASSIFICATION, FEATURIZATION])
    def test_azures_examples_round_trip(self, tmp_path, text):
        job = Job.from_file(written(tmp_path, text))
        (tmp_path / "elsewhere").mkdir()
        assert same(Job.from_file(written(tmp_path / "elsewhere", job.to_yaml())), job)

    def test_default_output(self):
        assert make().default_output("jobs/bank.yml") == "runs/bank"
        assert make(name="run1").default_output("jobs/bank.yml") == "runs/run1"
        assert make().default_output() == "runs/classification"


def optional(**strategies):
    return st.fixed_dictionaries({}, optional=strategies)


text = st.text(min_size=1, max_size=8).filter(lambda s: s not in ("y", "w"))
number = st.floats(0.001, 1e6)
share = st.floats(0.01, 0.99)
names = st.lists(
    st.sampled_from(["svm", "LightGBM", "kNN", "decision_tree"]), min_size=1, max_size=3, unique=True
)
limits = optional(
    max_trials=st.integers(1, 10**6),
    timeout_minutes=number,
    trial_timeout_minutes=number,
    max_concurrent_trials=st.integers(1, 64),
    max_cores_per_trial=st.integers(1, 64) | st.just(-1),
    enable_early_termination=st.booleans(),
    exit_score=st.floats(-1, 1),
    max_nodes=st.just(1),
    strict=st.booleans(),
)
training = optional(
    blocked_training_algorithms=names,
    enable_vote_ensemble=st.booleans(),
    enable_stack_ensemble=st.booleans(),
    ensemble_iterations=st.integers(1, 99),
    training_mode=st.sampled_from(["auto", "NonDistributed"]),
    stack_ensemble_settings=optional(
        stack_meta_learner_type=st.sampled_from(["None", "LogisticRegressionCV"]),
        stack_meta_learner_train_percentage=share,
    ),
)
featurization = st.sampled_from(["off", "auto"]) | optional(
    mode=st.sampled_from(["auto", "custom"]),
    column_name_and_types=st.dictionaries(
        text, st.sampled_from(["numeric", "Categorical", "DateTime"]), max_size=2
    ),
    blocked_transformers=st.just(["TfIdf"]),
)
registration = optional(
    enabled=st.booleans(),
    description=st.text(max_size=8),
    tags=st.dictionaries(text, st.text(max_size=5) | st.integers(), max_size=2),
    aliases=st.just(["champion"]),
    gate=st.dictionaries(
        st.sampled_from(["accuracy", "LogLoss"]), share | optional(min=share), max_size=2
    ).filter(lambda gate: {} not in gate.values()),
)
jobs = st.fixed_dictionaries(
    {
        "task": st.just("Classification"),
        "training_data": st.just("train.csv"),
        "target_column_name": st.just("y"),
    },
    optional={
        "experiment_name": text,
        "tags": st.dictionaries(text, text | st.integers() | st.booleans(), max_size=3),
        "primary_metric": st.sampled_from(["auc_weighted", "F1ScoreMacro", "log_loss"]),
        "positive_label": st.text(max_size=5) | st.integers() | st.booleans() | st.floats(-9, 9),
        "weight_column_name": st.just("w"),
        "seed": st.integers(0, 2**32 - 1),
        "n_cross_validations": st.integers(2, 99) | st.just("auto"),
        "validation_data_size": share,
        "test_data_size": share,
        "group_column_name": text,
        "cache": st.booleans(),
        "compute": text,
        "limits": limits,
        "training": training,
        "featurization": featurization,
        "registration": registration,
    },
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@given(jobs)
def test_every_job_survives_its_file(tmp_path, mapping):
    job = Job.from_mapping(mapping)
    again = Job.from_file(written(tmp_path, job.to_yaml()))
    assert same(again, job)
    assert again.to_yaml() == job.to_yaml()


def test_top_level_keys_are_distinct():
    keys = top_level_keys()
    assert len(keys) == len(set(keys))


def test_no_heavy_library_is_loaded_for_a_job():
    """An orchestrator reads job files while it parses DAGs."""
    code = (
        "import sys; from automl_components import automl; "
        "job = automl.regression(training_data='t.csv', target_column_name='y'); job.to_yaml(); "
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'mlflow', 'optuna', 'pyarrow', 'rich', 'lightgbm'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
