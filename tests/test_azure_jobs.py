"""Job files as people write them for Azure: each is accepted as it is, or refused in one clear line a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from automl_components.core.settings import ProblemsError
from automl_components.job import Job

SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/autoMLJob.schema.json\ntype: automl\n"
DATA = "training_data: {type: mltable, path: ./training-mltable-folder}\ntarget_column_name: y\n"
CLUSTER = "compute: azureml:cpu-cluster\n"
CLASSIFICATION = f"{SCHEMA}task: classification\nprimary_metric: accuracy\n{DATA}"
REGRESSION = f"{SCHEMA}task: regression\nprimary_metric: r2_score\n{DATA}"
LATER = "; remove it or set it to false, here or by --set"
EXPLAIN = f"enable_model_explainability: not supported yet: explanations of the best model{LATER}"


@dataclass(frozen=True)
class File:
    """A job file, what it means here, or why it is refused; and what makes a refused one run as it is."""

    name: str
    text: str
    means: dict[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    runs_with: tuple[str, ...] = ()


FILES = [
    File("least", CLASSIFICATION, {"task.primary_metric": "accuracy", "limits.max_trials": 1000}),
    File("cluster, five folds, tags",
         CLASSIFICATION + CLUSTER + """
experiment_name: bank
description: A classification job
n_cross_validations: 5
tags: {team: risk, year: 2023}
limits: {timeout_minutes: 600, trial_timeout_minutes: 20, max_trials: 5, enable_early_termination: True}
training: {blocked_training_algorithms: ["logistic_regression"]}
""", {"splits.n_cross_validations": 5, "limits.seconds": 36000.0, "facts.tags": {"team": "risk", "year": "2023"},
      "training.blocked_training_algorithms": ("logistic_regression",)}),
    File("serverless with three tables", CLASSIFICATION + """
log_verbosity: debug
validation_data: {path: ./validation-mltable-folder, type: mltable}
test_data: {path: ./test-mltable-folder, type: mltable}
limits: {timeout_minutes: 180, max_trials: 40, max_concurrent_trials: 5, exit_score: 0.92}
featurization:
  mode: custom
  transformer_params:
    imputer:
      - fields: ["job"]
        parameters: {strategy: most_frequent}
training: {enable_model_explainability: true, allowed_training_algorithms: [gradient_boosting, logistic_regression]}
resources: {instance_type: Standard_E4s_v3, instance_count: 6}
queue_settings: {job_tier: standard}
""", {"limits.max_concurrent_trials": 5, "limits.exit_score": 0.92,
      "training.allowed_training_algorithms": ("gradient_boosting", "logistic_regression")},
         (f"training.{EXPLAIN}",), ("training.enable_model_explainability=false",)),
    File("explanations at the top, as the documents have it",
         CLASSIFICATION + "enable_model_explainability: True\n", {}, (EXPLAIN,),
         ("enable_model_explainability=false",)),
    File("explanations switched off", CLASSIFICATION + "training: {enable_model_explainability: false}\n"),
    File("ONNX and deep learning", CLASSIFICATION + """
training: {enable_onnx_compatible_models: True, enable_dnn_training: True}
featurization: {mode: auto, enable_dnn_featurization: true}
""", {}, (f"training.enable_onnx_compatible_models: not supported yet: ONNX export{LATER}",
          f"training.enable_dnn_training: not supported yet: deep neural networks{LATER}",
          f"featurization.enable_dnn_featurization: not supported yet: neural text features{LATER}"),
         ("training={}", "featurization.enable_dnn_featurization=false")),
    File("all off", CLASSIFICATION + """
training:
  enable_onnx_compatible_models: False
  enable_dnn_training: False
  enable_model_explainability: False
  enable_stack_ensemble: False
  enable_vote_ensemble: True
featurization: {mode: off}
""", {"training.enable_stack_ensemble": False, "featurization.mode": "off"}),
    File("regression with every algorithm of the enum", REGRESSION + CLUSTER + """
n_cross_validations: auto
training:
  allowed_training_algorithms: [ElasticNet, GradientBoosting, DecisionTree, KNN, LassoLars, SGD, RandomForest,
                                ExtremeRandomTrees, LightGBM, XGBoostRegressor]
""", {"splits.n_cross_validations": "auto", "task.primary_metric": "r2_score"}),
    File("classification with every algorithm of the enum", CLASSIFICATION + """
training:
  blocked_training_algorithms: [logistic_regression, sgd, multinomial_naive_bayes, bernoulli_naive_bayes, svm,
                                linear_svm, knn, decision_tree, random_forest, extreme_random_trees, light_gbm,
                                gradient_boosting, xg_boost_classifier]
"""),
    File("stack ensemble to the last setting", CLASSIFICATION + """
training:
  enable_stack_ensemble: true
  ensemble_model_download_timeout_minutes: 5
  stack_ensemble_settings:
    stack_meta_learner_type: LogisticRegressionCV
    stack_meta_learner_train_percentage: 0.3
    stack_meta_learner_kwargs: {max_iter: 500}
""", {"training.stack_ensemble_settings.stack_meta_learner_type": "logistic_regression_cv"}),
    File("empty sections and lists", CLASSIFICATION + """
limits:
training:
  blocked_training_algorithms: []
featurization:
""", {"training.blocked_training_algorithms": ()}),
    File("sizes, weights, positive label, all cores", CLASSIFICATION + """
validation_data_size: 0.2
test_data_size: 0.1
weight_column_name: w
positive_label: "yes"
limits: {max_cores_per_trial: -1, max_nodes: 1}
""", {"splits.test_data_size": 0.1, "task.positive_label": "yes", "limits.max_cores_per_trial": -1}),
    File("split columns", REGRESSION + "cv_split_column_names: [cv1, cv2]\n",
         {"splits.cv_split_column_names": ("cv1", "cv2")}),
    File("identity, services, output, what Azure wrote itself", CLASSIFICATION + """
name: brave_dog_1
display_name: first
identity: {type: user_identity}
services: {}
environment_variables: {A: 1}
properties: {a: b}
outputs: {best_model: {type: mlflow_model, mode: rw_mount}}
id: azureml:/subscriptions/1
status: Completed
creation_context: {created_by: Ann}
""", {"facts.display_name": "first", "facts.environment_variables": {"A": "1"}}),
    File("types of columns", REGRESSION + """
featurization:
  mode: custom
  column_name_and_types: {CHMIN: Categorical, ERP: Numeric}
  blocked_transformers: [label_encoder]
""", {"featurization.column_name_and_types": {"CHMIN": "Categorical", "ERP": "Numeric"}}),
    File("data in a workspace", CLASSIFICATION.replace("./training-mltable-folder", "azureml:bank@latest"), {},
         ("training_data.path: 'azureml:bank@latest' is in an Azure workspace, which is not reached from here; "
          "download the data and give the local path, or give the storage's own address (abfs://, https://, ...)",),
         ("training_data=bank.csv",)),
    File("a node of a pipeline", CLASSIFICATION.replace(
        "{type: mltable, path: ./training-mltable-folder}", "${{parent.inputs.train}}"), {},
         ("training_data.path: found '${{parent.inputs.train}}', which only a pipeline job can fill in; give the path "
          "of the data",), ("training_data=bank.csv",)),
    File("a pipeline", "type: pipeline\njobs: {train: {type: automl, task: classification}}\n", {},
         ("type: not supported yet: type 'pipeline'; put the body of its automl node into a file of its own",)),
    File("sections swapped", CLASSIFICATION + "training: {max_trials: 1}\nlimits: {enable_vote_ensemble: False}\n", {},
         ("limits.enable_vote_ensemble: unknown here; it belongs in 'training'",
          "training.max_trials: unknown here; it belongs in 'limits'")),
    File("layout of the preview of 2022", SCHEMA + """
task: regression
target_column_name: ERP
training_data: t.csv
data: {training: {data: {type: mltable, path: ./t}}}
""", {}, ("data: the layout of Azure's preview of 2022; its parts are keys of the job now: training_data, "
          "validation_data, test_data, target_column_name, n_cross_validations, validation_data_size, "
          "test_data_size",)),
    File("distributed", CLASSIFICATION + """
training: {allowed_training_algorithms: ["LightGBM"], training_mode: distributed}
limits: {max_nodes: 4}
""", {}, ("limits.max_nodes: not supported yet: distributed mode (max_nodes 4); remove it or set it to 1",
          "training.training_mode: not supported yet: training_mode 'distributed'; use 'non_distributed'")),
    *(File(f"task {task}", f"{SCHEMA}task: {task}\n{DATA}{more}", {},
           (f"task: not supported yet: task '{task}'; this version does classification and regression",))
      for task, more in {
          "forecasting": "forecasting: {time_column_name: day, forecast_horizon: 20}\n",
          "text_classification": "featurization: {dataset_language: eng}\n",
          "text_ner": "", "text_classification_multilabel": "",
          "image_classification": "sweep: {sampling_algorithm: random}\nsearch_space: [{model_name: vitb16r224}]\n",
          "image_object_detection": "training_parameters: {model_name: yolov5}\n",
          "image_instance_segmentation": "", "image_classification_multilabel": ""}.items()),
]  # fmt: skip


def read(folder: Path, file: File, *overrides: str) -> Job:
    """The job of a file that lies in a folder."""
    (folder / "job.yml").write_text(file.text, encoding="utf-8")
    return Job.from_file(folder / "job.yml", overrides)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_accepted_as_it_is_or_refused_in_a_line(file: File, tmp_path: Path) -> None:
    if file.refused:
        with pytest.raises(ProblemsError) as caught:
            read(tmp_path, file)
        assert sorted(caught.value.problems) == sorted(file.refused)
        if not file.runs_with:
            return
    job = read(tmp_path, file, *file.runs_with)
    for path, value in file.means.items():
        found: Any = job
        for name in path.split("."):
            found = getattr(found, name)
        assert found == value, path


@pytest.mark.parametrize("file", [one for one in FILES if not one.refused], ids=lambda file: file.name)
def test_nothing_of_an_accepted_file_is_lost(file: File, tmp_path: Path) -> None:
    """Every key that has a value is kept, or a note says that it changes nothing here."""
    job, given = read(tmp_path, file), yaml.safe_load(file.text)
    kept, notes = job.to_mapping(), " ".join(job.notes())
    lost = {key for key, value in given.items() if value not in (None, {}) and key not in kept}
    assert not {key for key in lost if key not in notes}
