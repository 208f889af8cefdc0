"""An operator for each component. Made by `python -m airflow_provider.stubs`; do not edit."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from airflow.sdk import XComArg

from airflow_provider.component import ComponentOperator
from automl_components.core.component import Component

Artifact: TypeAlias = XComArg | Mapping[str, Any] | str
"""Another task's `outputs[...]`, what a task returned, or an address."""
Section: TypeAlias = Mapping[str, Any] | XComArg | str
"""A section of a job file."""
Value: TypeAlias = XComArg | str
"""A template, or what another task returns."""

__all__ = [
    "BuildEnsembleOperator",
    "EvaluateModelOperator",
    "FeaturizeDataOperator",
    "LogRunOperator",
    "RegisterModelOperator",
    "SearchTrialsOperator",
    "ValidateDataOperator",
    "WriteReportOperator",
]

def operator_class(component: Component) -> type[ComponentOperator]: ...

class ValidateDataOperator(ComponentOperator):
    """Check the tables, fix the splits, and report what the guardrails find.

    Everything that would make the later steps fail is refused here, before any training: the message names the
    column, the rows and the remedy; and what ``guardrails.fail_on`` names stops the run here, with the report.
    ``checked_data`` holds the rows that can be learnt from with their splits, and, where ``test_data_size`` is given,
    the rows that were cut off first for the test run; its ``columns.json`` says what each column was detected as, so
    that ``featurize_data`` need not look again.

    Parameters
    ----------
    training_data : mltable
    validation_data : mltable, optional
    test_data : mltable, optional
    task
        Kind of learning task.
    target_column_name
        Column to be predicted.
    primary_metric
        What ranks the trials: a metric of the catalog, or 'package.module:function'. Default: AUC_weighted, or
        normalized_root_mean_squared_error for regression.
    positive_label
        The class that binary metrics judge.
    weight_column_name
        Column of sample weights; not a feature.
    seed
        Seed of everything random.
    n_cross_validations
        Number of folds or of Monte Carlo splits; auto: by the number of rows.
    validation_data_size
        Share of the training rows for validation.
    cv_split_column_names
        Columns that are one split each: 1 train, 0 validation.
    test_data_size
        Share of all rows cut off first, for the test run.
    group_column_name
        Rows with equal values stay on one side of a split.
    split_time_column_name
        Column by whose order rows are split.
    split_rule
        What decides where nothing is asked for. auto: 10 folds below 1,000 rows, 5 up to 40,000, 3 up to
        60,000, then one split; azure: 10, then 3 up to 20,000, then one split.
    featurization
        Section with mode, blocked_transformers, column_name_and_types, transformer_params, drop_columns,
        optional_columns, repairs, enable_dnn_featurization, dataset_language.
    guardrails
        Section with fail_on, mute.

    Outputs
    -------
    checked_data : mltable
    guardrail_report : uri_folder
    """

    def __init__(
        self,
        *,
        task_id: str,
        training_data: Artifact | None = None,
        validation_data: Artifact | None = None,
        test_data: Artifact | None = None,
        task: Any = None,
        target_column_name: Any = None,
        primary_metric: Any = None,
        positive_label: Any = None,
        weight_column_name: Any = None,
        seed: int | Value | None = None,
        n_cross_validations: Any = None,
        validation_data_size: float | Value | None = None,
        cv_split_column_names: Any = None,
        test_data_size: float | Value | None = None,
        group_column_name: Any = None,
        split_time_column_name: Any = None,
        split_rule: Any = None,
        featurization: Section | None = None,
        guardrails: Section | None = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...

class FeaturizeDataOperator(ComponentOperator):
    """Type, repair, drop, encode and expand columns, as far as no label is needed.

    What is repaired was decided by ``validate_data``: its findings say so, and ``checked_data`` carries it.

    ``featurizer`` does the same to new rows; its ``recipe.yml`` says how, its ``featurization.json`` has Azure's
    summary of each raw column and the origin of each feature. Whatever looks at the target is part of a learner
    and is fitted inside each split.

    Parameters
    ----------
    checked_data : mltable
    featurization
        Section with mode, blocked_transformers, column_name_and_types, transformer_params, drop_columns,
        optional_columns, repairs, enable_dnn_featurization, dataset_language.

    Outputs
    -------
    features : mltable
    featurizer : mlflow_model
    """

    def __init__(
        self,
        *,
        task_id: str,
        checked_data: Artifact,
        featurization: Section | None = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...

class SearchTrialsOperator(ComponentOperator):
    """Train algorithms on every split, within the limits.

    Every fit runs in a worker process; a failure is recorded and survived. ``trials`` holds a journal (what ran, what
    it cost, how it scored), a leaderboard, the plan as it was made and carried out, and for each trial out-of-fold
    predictions and the fitted learners. Killed and started again, it goes on after its last finished fit.

    With ``limits.replay`` the completed trials of a finished run are repeated instead of a search, with the parameters,
    the boosting rounds and the splits that really ran: the same model, although a clock ended that run.

    Parameters
    ----------
    features : mltable
    task
        Kind of learning task.
    target_column_name
        Column to be predicted.
    primary_metric
        What ranks the trials: a metric of the catalog, or 'package.module:function'. Default: AUC_weighted, or
        normalized_root_mean_squared_error for regression.
    positive_label
        The class that binary metrics judge.
    weight_column_name
        Column of sample weights; not a feature.
    seed
        Seed of everything random.
    limits
        Section with max_trials, timeout_minutes, timeout_seconds, trial_timeout_minutes, max_concurrent_trials,
        max_cores_per_trial, max_memory_mb, max_prediction_ms_per_row, enable_early_termination, exit_score,
        replay, max_nodes, strict.
    training
        Section with allowed_training_algorithms, blocked_training_algorithms, enable_vote_ensemble,
        enable_stack_ensemble, stack_ensemble_settings, ensemble_iterations, refit,
        ensemble_model_download_timeout_minutes, enable_model_explainability, enable_onnx_compatible_models,
        enable_dnn_training, training_mode.
    featurization
        Section with mode, blocked_transformers, column_name_and_types, transformer_params, drop_columns,
        optional_columns, repairs, enable_dnn_featurization, dataset_language.

    Outputs
    -------
    trials : uri_folder
    """

    def __init__(
        self,
        *,
        task_id: str,
        features: Artifact,
        task: Any = None,
        target_column_name: Any = None,
        primary_metric: Any = None,
        positive_label: Any = None,
        weight_column_name: Any = None,
        seed: int | Value | None = None,
        limits: Section | None = None,
        training: Section | None = None,
        featurization: Section | None = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...

class BuildEnsembleOperator(ComponentOperator):
    """Combine trials by voting and stacking, choose the best, and make it one model.

    With ``selection.trial`` (a number) or ``selection.metric`` (the best by any metric) the model is that trial
    alone. With ``limits.replay`` the ensembles are those of the run that is repeated. Under cross-validation a member
    is the mean of the learners of its folds; otherwise, or with
    ``training.refit: always``, it is fitted again on all rows, as far as the time allows.

    Parameters
    ----------
    checked_data : mltable
    features : mltable
    featurizer : mlflow_model
    trials : uri_folder
    task
        Kind of learning task.
    target_column_name
        Column to be predicted.
    primary_metric
        What ranks the trials: a metric of the catalog, or 'package.module:function'. Default: AUC_weighted, or
        normalized_root_mean_squared_error for regression.
    positive_label
        The class that binary metrics judge.
    weight_column_name
        Column of sample weights; not a feature.
    seed
        Seed of everything random.
    limits
        Section with max_trials, timeout_minutes, timeout_seconds, trial_timeout_minutes, max_concurrent_trials,
        max_cores_per_trial, max_memory_mb, max_prediction_ms_per_row, enable_early_termination, exit_score,
        replay, max_nodes, strict.
    training
        Section with allowed_training_algorithms, blocked_training_algorithms, enable_vote_ensemble,
        enable_stack_ensemble, stack_ensemble_settings, ensemble_iterations, refit,
        ensemble_model_download_timeout_minutes, enable_model_explainability, enable_onnx_compatible_models,
        enable_dnn_training, training_mode.
    selection
        Section with trial, metric.

    Outputs
    -------
    best_model : mlflow_model
    leaderboard : uri_folder
    """

    def __init__(
        self,
        *,
        task_id: str,
        checked_data: Artifact,
        features: Artifact,
        featurizer: Artifact,
        trials: Artifact,
        task: Any = None,
        target_column_name: Any = None,
        primary_metric: Any = None,
        positive_label: Any = None,
        weight_column_name: Any = None,
        seed: int | Value | None = None,
        limits: Section | None = None,
        training: Section | None = None,
        selection: Section | None = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...

class EvaluateModelOperator(ComponentOperator):
    """Predict test rows; with their target known, compute every metric and the charts.

    The rows are ``test_data``, or those that ``test_data_size`` cut off (in ``checked_data``). Where ``checked_data``
    is given, test rows that were also training rows are counted and reported. Without a target there are predictions
    only.

    Parameters
    ----------
    best_model : mlflow_model
    checked_data : mltable, optional
    test_data : mltable, optional
    task
        Kind of learning task.
    target_column_name
        Column to be predicted.
    primary_metric
        What ranks the trials: a metric of the catalog, or 'package.module:function'. Default: AUC_weighted, or
        normalized_root_mean_squared_error for regression.
    positive_label
        The class that binary metrics judge.
    weight_column_name
        Column of sample weights; not a feature.
    seed
        Seed of everything random.

    Outputs
    -------
    test_report : uri_folder
    predictions : mltable
    """

    def __init__(
        self,
        *,
        task_id: str,
        best_model: Artifact,
        checked_data: Artifact | None = None,
        test_data: Artifact | None = None,
        task: Any = None,
        target_column_name: Any = None,
        primary_metric: Any = None,
        positive_label: Any = None,
        weight_column_name: Any = None,
        seed: int | Value | None = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...

class WriteReportOperator(ComponentOperator):
    """Write the report page: findings, test charts, leaderboard, features and provenance in one HTML file.

    ``index.html`` needs nothing else, runs no script and can be mailed or printed. Without ``test_report`` it says so.

    Parameters
    ----------
    guardrail_report : uri_folder
    featurizer : mlflow_model
    trials : uri_folder
    leaderboard : uri_folder
    best_model : mlflow_model
    test_report : uri_folder, optional
    experiment_name
        MLflow experiment; by default MLFLOW_EXPERIMENT_NAME, else the name of the training data.
    name
        Name of the run; by default its folder's name.
    display_name
        Name of the run where people look at it; by default its name.
    description
        Description of the run.
    tags
        Tags of the run.
    properties
        Further tags of the run.
    registration
        Section with enabled, model_name, description, tags, aliases, gate, champion_alias.

    Outputs
    -------
    report : uri_folder
    """

    def __init__(
        self,
        *,
        task_id: str,
        guardrail_report: Artifact,
        featurizer: Artifact,
        trials: Artifact,
        leaderboard: Artifact,
        best_model: Artifact,
        test_report: Artifact | None = None,
        experiment_name: Any = None,
        name: Any = None,
        display_name: Any = None,
        description: Any = None,
        tags: Any = None,
        properties: Any = None,
        registration: Section | None = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...

class LogRunOperator(ComponentOperator):
    """Log a finished run to MLflow: a parent run, a nested run for each trial, reports, metrics, the model.

    The server is what ``MLFLOW_TRACKING_URI`` names, by default the database ``mlflow.db`` in the working
    folder. However often this is started, a run is logged once; what an interrupted attempt left out is
    added.

    Parameters
    ----------
    guardrail_report : uri_folder
    trials : uri_folder
    leaderboard : uri_folder
    best_model : mlflow_model
    test_report : uri_folder, optional
    report : uri_folder, optional
    experiment_name
        MLflow experiment; by default MLFLOW_EXPERIMENT_NAME, else the name of the training data.
    name
        Name of the run; by default its folder's name.
    display_name
        Name of the run where people look at it; by default its name.
    description
        Description of the run.
    tags
        Tags of the run.
    properties
        Further tags of the run.

    Outputs
    -------
    tracking : uri_folder
    """

    def __init__(
        self,
        *,
        task_id: str,
        guardrail_report: Artifact,
        trials: Artifact,
        leaderboard: Artifact,
        best_model: Artifact,
        test_report: Artifact | None = None,
        report: Artifact | None = None,
        experiment_name: Any = None,
        name: Any = None,
        display_name: Any = None,
        description: Any = None,
        tags: Any = None,
        properties: Any = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...

class RegisterModelOperator(ComponentOperator):
    """Register a model in MLflow's registry, if the gate lets it through.

    The gate wants every metric of ``test_report`` within its bounds, and a better score than the champion's
    on the same test rows: ``test_data``, or those that ``test_data_size`` cut off (in ``checked_data``). A
    refusal changes nothing in the registry. With ``tracking`` the version belongs to the run that was logged; the
    model of another trial than the best belongs to that trial's run.

    Parameters
    ----------
    best_model : mlflow_model
    tracking : uri_folder, optional
    test_report : uri_folder, optional
    checked_data : mltable, optional
    test_data : mltable, optional
    task
        Kind of learning task.
    target_column_name
        Column to be predicted.
    primary_metric
        What ranks the trials: a metric of the catalog, or 'package.module:function'. Default: AUC_weighted, or
        normalized_root_mean_squared_error for regression.
    positive_label
        The class that binary metrics judge.
    weight_column_name
        Column of sample weights; not a feature.
    seed
        Seed of everything random.
    experiment_name
        MLflow experiment; by default MLFLOW_EXPERIMENT_NAME, else the name of the training data.
    name
        Name of the run; by default its folder's name.
    display_name
        Name of the run where people look at it; by default its name.
    description
        Description of the run.
    tags
        Tags of the run.
    properties
        Further tags of the run.
    registration
        Section with enabled, model_name, description, tags, aliases, gate, champion_alias.

    Outputs
    -------
    registration : uri_folder
    """

    def __init__(
        self,
        *,
        task_id: str,
        best_model: Artifact,
        tracking: Artifact | None = None,
        test_report: Artifact | None = None,
        checked_data: Artifact | None = None,
        test_data: Artifact | None = None,
        task: Any = None,
        target_column_name: Any = None,
        primary_metric: Any = None,
        positive_label: Any = None,
        weight_column_name: Any = None,
        seed: int | Value | None = None,
        experiment_name: Any = None,
        name: Any = None,
        display_name: Any = None,
        description: Any = None,
        tags: Any = None,
        properties: Any = None,
        registration: Section | None = None,
        settings: Section | None = None,
        job: Mapping[str, Any] | str | None = None,
        overrides: Section | None = None,
        **kwargs: Any,
    ) -> None: ...
