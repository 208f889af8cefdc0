"""The sections of a job file: every field, every refusal, and what the messages say."""

from __future__ import annotations

import enum
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_components.core.errors import SettingsError
from automl_components.core.settings import (
    Bounds,
    ColumnTransformer,
    FeaturizationSettings,
    JobFacts,
    LimitsSettings,
    ProblemsError,
    RegistrationSettings,
    SelectionSettings,
    Settings,
    SplitSettings,
    StackEnsembleSettings,
    TaskSettings,
    TrainingSettings,
    fold,
    match,
)
from automl_components.core.settings.featurization import PURPOSES
from automl_components.core.settings.training import META_LEARNERS

ALL = [
    TaskSettings,
    SplitSettings,
    LimitsSettings,
    TrainingSettings,
    FeaturizationSettings,
    SelectionSettings,
    RegistrationSettings,
    JobFacts,
]
FACTS = {"task": "classification", "target_column_name": "y"}


def casings(names):
    """One of the names, with any casing and with or without its underscores."""

    def varied(name):
        parts = st.lists(st.booleans(), min_size=len(name), max_size=len(name))
        return parts.map(
            lambda flags: "".join(c.upper() if up else c.lower() for c, up in zip(name, flags, strict=True))
        ).flatmap(lambda text: st.sampled_from([text, text.replace("_", ""), text.replace("_", "-")]))

    return st.sampled_from(list(names)).flatmap(lambda name: varied(name).map(lambda text: (name, text)))


class TestEverySection:
    @pytest.mark.parametrize("section", ALL)
    def test_unknown_key_is_refused(self, section):
        with pytest.raises(SettingsError, match=r"zzz_nothing: unknown"):
            section.read({**(FACTS if section is TaskSettings else {}), "zzz_nothing": 1})

    @pytest.mark.parametrize("section", ALL)
    def test_is_frozen(self, section):
        one = section(**FACTS) if section is TaskSettings else section()
        with pytest.raises(ValueError, match=r"frozen"):
            setattr(one, next(iter(section.model_fields)), 1)

    @pytest.mark.parametrize("section", ALL)
    def test_none_means_not_given(self, section):
        given = dict.fromkeys(section.keys())
        given |= FACTS if section is TaskSettings else {}
        assert section.read(given) == section.read(FACTS if section is TaskSettings else None)

    @pytest.mark.parametrize("section", ALL)
    def test_every_field_is_described(self, section):
        theirs = {"schema_uri", "type", "resources", "queue_settings", "identity", "services"}
        theirs |= {"environment_id", "id", "status", "creation_context", "log_files"}
        missing = [n for n, f in section.model_fields.items() if not f.description and n not in theirs]
        assert not missing

    @pytest.mark.parametrize("section", [s for s in ALL if s.section])
    def test_something_else_than_a_mapping(self, section):
        with pytest.raises(SettingsError, match=rf"^{section.section}: found \[1\]; should be a mapping"):
            section.read([1])

    def test_keys_of_inline_sections_do_not_overlap(self):
        keys = [key for section in ALL if section.inline for key in section.keys()]  # noqa: SIM118
        assert len(keys) == len(set(keys))


class TestMessages:
    def test_nearest_key_with_full_path(self):
        with pytest.raises(SettingsError) as caught:
            LimitsSettings(max_trial=3)
        assert str(caught.value) == "limits.max_trial: unknown; did you mean 'max_trials'?"

    def test_nearest_key_in_a_nested_mapping(self):
        with pytest.raises(SettingsError) as caught:
            TrainingSettings(stack_ensemble_settings={"stack_meta_learner_typ": "none"})
        assert str(caught.value) == (
            "training.stack_ensemble_settings.stack_meta_learner_typ: unknown; "
            "did you mean 'stack_meta_learner_type'?"
        )

    def test_nearest_key_inside_a_list(self):
        with pytest.raises(SettingsError) as caught:
            FeaturizationSettings(transformer_params={"imputer": [{"fields": ["a"]}, {"field": ["b"]}]})
        assert str(caught.value) == (
            "featurization.transformer_params.imputer[1].field: unknown; did you mean 'fields'?"
        )

    def test_key_of_another_section(self):
        """Azure's own pipeline example has these two swapped."""
        with pytest.raises(
            SettingsError, match=r"training\.max_trials: unknown here; it belongs in 'limits'"
        ):
            TrainingSettings(max_trials=1)
        with pytest.raises(SettingsError, match=r"limits\.enable_vote_ensemble: .* belongs in 'training'"):
            LimitsSettings(enable_vote_ensemble=False)
        with pytest.raises(SettingsError, match=r"limits\.seed: unknown here; it belongs at the top level"):
            LimitsSettings(seed=1)

    def test_all_problems_at_once(self):
        with pytest.raises(ProblemsError) as caught:
            LimitsSettings.read({"max_trials": 0, "timeout_minutes": -5, "max_tials": 3}, source="job.yml")
        assert str(caught.value).splitlines() == [
            "job.yml: 3 problems",
            "  limits.max_trials: found 0; should be greater than or equal to 1",
            "  limits.timeout_minutes: found -5; should be greater than 0",
            "  limits.max_tials: unknown; did you mean 'max_trials'?",
        ]
        assert len(caught.value.problems) == 3

    def test_missing_key(self):
        with pytest.raises(SettingsError, match=r"^target_column_name: missing; it is required$"):
            TaskSettings(task="regression")

    def test_long_values_are_cut(self):
        with pytest.raises(SettingsError) as caught:
            LimitsSettings(max_trials="x" * 500)
        assert len(str(caught.value)) < 250

    def test_an_object_is_given_back(self):
        limits = LimitsSettings(max_trials=3)
        assert LimitsSettings.read(limits) is limits


class TestUpdated:
    def test_none_leaves_a_value(self):
        limits = LimitsSettings(max_trials=3, exit_score=0.9)
        assert limits.updated(max_trials=4, exit_score=None).given() == {"max_trials": 4, "exit_score": 0.9}

    def test_alternatives_replace_each_other(self):
        limits = LimitsSettings(timeout_minutes=3)
        assert limits.updated(timeout_seconds=5).given() == {"timeout_seconds": 5.0}
        training = TrainingSettings(allowed_training_algorithms=["svm"]).updated(blocked_models=["knn"])
        assert training.given() == {"blocked_training_algorithms": ["knn"]}

    def test_both_alternatives_at_once(self):
        with pytest.raises(SettingsError, match=r"are both given"):
            TrainingSettings().updated(
                allowed_training_algorithms=["svm"], blocked_training_algorithms=["knn"]
            )

    def test_defaults_stay_unset(self):
        assert SplitSettings().updated().given() == {}


class TestTask:
    def test_defaults(self):
        """Azure's YAML says AUC_weighted, its factory accuracy; here it is AUC_weighted everywhere."""
        assert TaskSettings(**FACTS).primary_metric == "AUC_weighted"
        regression = TaskSettings(task="regression", target_column_name="y")
        assert regression.primary_metric == "normalized_root_mean_squared_error"
        assert (regression.seed, regression.positive_label, regression.weight_column_name) == (0, None, None)

    def test_default_metric_is_not_given(self):
        assert TaskSettings(**FACTS).given() == FACTS

    @given(casings(["classification", "regression"]))
    def test_task_in_any_casing(self, pair):
        name, text = pair
        assert TaskSettings(task=text, target_column_name="y").task == name

    @pytest.mark.parametrize(
        "task",
        [
            "forecasting",
            "Forecasting",
            "text_ner",
            "TextNER",
            "text_classification",
            "TextClassificationMultilabel",
            "image_classification",
            "image_classification_multilabel",
            "image_object_detection",
            "ImageInstanceSegmentation",
        ],
    )
    def test_later_tasks(self, task):
        with pytest.raises(SettingsError, match=r"^task: not supported yet: task"):
            TaskSettings(task=task, target_column_name="y")

    def test_unknown_task(self):
        with pytest.raises(SettingsError, match=r"'clasification'; did you mean 'classification'"):
            TaskSettings(task="clasification", target_column_name="y")

    @pytest.mark.parametrize("task", [None, 3, ["classification"]])
    def test_task_of_another_kind(self, task):
        with pytest.raises(SettingsError, match=r"^task: "):
            TaskSettings.read({"task": task, "target_column_name": "y"})

    @pytest.mark.parametrize("name", ["accuracy", "AUC_weighted", "AUC weighted", "NormMacroRecall"])
    @pytest.mark.parametrize(
        "path", ["package.module:function", "module:function", "package.module.function"]
    )
    def test_metrics_by_name_and_by_path(self, name, path):
        assert TaskSettings(**FACTS, primary_metric=name).primary_metric == name
        assert TaskSettings(**FACTS, primary_metric=path).primary_metric == path

    @pytest.mark.parametrize(
        "metric", ["", "1st", "a:b:c", "os.system('x')", ".a", "a.", "a/b.py:f", ":f", 3]
    )
    def test_metrics_that_cannot_be(self, metric):
        with pytest.raises(SettingsError, match=r"^primary_metric: "):
            TaskSettings(**FACTS, primary_metric=metric)

    @pytest.mark.parametrize("label", ["yes", 1, 0, 2.5, True, False])
    def test_positive_label_keeps_its_type(self, label):
        kept = TaskSettings(**FACTS, positive_label=label).positive_label
        assert kept == label
        assert type(kept) is type(label)

    def test_positive_label_must_be_one_label_of_a_class(self):
        with pytest.raises(SettingsError, match=r"should be one label"):
            TaskSettings(**FACTS, positive_label=["a"])
        with pytest.raises(SettingsError, match=r"a regression has no classes"):
            TaskSettings(task="regression", target_column_name="y", positive_label=1)

    def test_column_names(self):
        assert TaskSettings(task="regression", target_column_name=5).target_column_name == "5"
        with pytest.raises(SettingsError, match=r"put it in quotes"):
            TaskSettings(task="regression", target_column_name=True)
        with pytest.raises(SettingsError, match=r"should not be empty"):
            TaskSettings(task="regression", target_column_name="")
        with pytest.raises(SettingsError, match=r"weight_column_name: 'y' is the target column"):
            TaskSettings(**FACTS, weight_column_name="y")

    @pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "x"])
    def test_seeds_that_cannot_be(self, seed):
        with pytest.raises(SettingsError, match=r"^seed: "):
            TaskSettings(**FACTS, seed=seed)


class TestSplits:
    def test_defaults(self):
        splits = SplitSettings()
        assert splits.n_cross_validations is None
        assert splits.validation_data_size is None
        assert splits.cv_split_column_names == ()
        assert splits.test_data_size is None
        assert splits.group_column_name is None
        assert splits.split_time_column_name is None

    @pytest.mark.parametrize(
        ("value", "folds"), [(2, 2), (10, 10), ("5", 5), ("auto", "auto"), ("Auto", "auto")]
    )
    def test_folds(self, value, folds):
        assert SplitSettings(n_cross_validations=value).n_cross_validations == folds

    @pytest.mark.parametrize("value", [1, 0, -3, "1", "-3", 2.5, True, "many", [3]])
    def test_folds_that_cannot_be(self, value):
        with pytest.raises(SettingsError, match=r"^n_cross_validations: found"):
            SplitSettings(n_cross_validations=value)

    @pytest.mark.parametrize("key", ["validation_data_size", "test_data_size"])
    @pytest.mark.parametrize("value", [0, 1, 1.5, -0.1, True, "much", math.nan, math.inf, 1000])
    def test_sizes_outside(self, key, value):
        with pytest.raises(SettingsError, match=f"^{key}: found"):
            SplitSettings(**{key: value})

    @given(st.floats(0, 1, exclude_min=True, exclude_max=True))
    def test_sizes_inside(self, value):
        assert SplitSettings(test_data_size=value, validation_data_size=value).test_data_size == value

    @pytest.mark.parametrize(
        "other",
        [
            {"n_cross_validations": 3},
            {"validation_data_size": 0.1},
            {"test_data_size": 0.1},
            {"group_column_name": "g"},
            {"split_time_column_name": "t"},
        ],
    )
    def test_split_columns_stand_alone(self, other):
        with pytest.raises(SettingsError, match=f"cv_split_column_names: .* remove {next(iter(other))}"):
            SplitSettings(cv_split_column_names=["a"], **other)

    def test_split_columns(self):
        assert SplitSettings(cv_split_column_names="a").cv_split_column_names == ("a",)
        assert SplitSettings(cv_split_column_names=["a", "b"]).cv_split_column_names == ("a", "b")
        with pytest.raises(SettingsError, match=r"'a' is listed twice"):
            SplitSettings(cv_split_column_names=["a", "a"])
        with pytest.raises(SettingsError, match=r"a name or a list of names"):
            SplitSettings(cv_split_column_names={"a": 1})

    def test_time_or_groups(self):
        with pytest.raises(SettingsError, match=r"remove group_column_name"):
            SplitSettings(group_column_name="g", split_time_column_name="t")

    def test_monte_carlo(self):
        splits = SplitSettings(n_cross_validations=7, validation_data_size=0.2)
        assert (splits.n_cross_validations, splits.validation_data_size) == (7, 0.2)


class TestLimits:
    def test_defaults_are_azures(self):
        limits = LimitsSettings()
        assert limits.max_trials == 1000
        assert limits.timeout_minutes == 8640
        assert limits.trial_timeout_minutes == 43200
        assert limits.max_concurrent_trials == 1
        assert limits.max_cores_per_trial == -1  # the YAML reference's, not the SDK's
        assert limits.enable_early_termination is True
        assert (limits.exit_score, limits.max_nodes, limits.strict) == (None, None, False)
        assert (limits.seconds, limits.trial_seconds) == (518400, 2592000)
        assert limits.concurrent is None
        assert LimitsSettings(max_concurrent_trials=3).concurrent == 3

    def test_time_in_minutes_and_seconds(self):
        assert LimitsSettings(timeout_minutes=1.5).seconds == 90
        assert LimitsSettings(timeout_seconds=30).seconds == 30
        assert LimitsSettings(trial_timeout_minutes=0.5).trial_seconds == 30
        with pytest.raises(
            SettingsError, match=r"^limits: timeout_minutes and timeout_seconds are both given"
        ):
            LimitsSettings(timeout_minutes=1, timeout_seconds=60)

    @pytest.mark.parametrize(
        ("key", "values"),
        [
            ("max_trials", [0, -1, 1.5, True, "x", math.inf]),
            ("max_concurrent_trials", [0, -1, True]),
            ("max_cores_per_trial", [0, "0", -2, 1.5, True]),
            ("timeout_minutes", [0, -5, True, "x", math.inf, math.nan]),
            ("timeout_seconds", [0, -5, math.inf]),
            ("trial_timeout_minutes", [0, -5, True]),
            ("exit_score", [True, math.inf, math.nan, "x"]),
            ("enable_early_termination", ["perhaps", 2]),
            ("strict", ["perhaps"]),
            ("max_nodes", [0, -1]),
        ],
    )
    def test_values_that_cannot_be(self, key, values):
        for value in values:
            with pytest.raises(SettingsError, match=rf"^limits\.{key}: found"):
                LimitsSettings(**{key: value})

    def test_distributed_mode_is_not_there_yet(self):
        assert LimitsSettings(max_nodes=1).max_nodes == 1
        with pytest.raises(SettingsError, match=r"limits\.max_nodes: not supported yet: distributed mode"):
            LimitsSettings(max_nodes=4)

    def test_numbers_in_quotes(self):
        assert LimitsSettings(max_trials="7", exit_score="0.9").exit_score == 0.9

    def test_former_names(self):
        limits = LimitsSettings(timeout=600, trial_timeout=20, max_concurrent_iterations=4)
        assert (limits.timeout_minutes, limits.trial_timeout_minutes) == (600, 20)
        assert limits.max_concurrent_trials == 4
        with pytest.raises(SettingsError, match=r"limits: timeout is another name of timeout_minutes"):
            LimitsSettings(timeout=600, timeout_minutes=600)

    def test_threads(self, monkeypatch):
        monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
        assert LimitsSettings().threads == 8
        assert LimitsSettings(max_concurrent_trials=3).threads == 2
        assert LimitsSettings(max_concurrent_trials=20).threads == 1
        assert LimitsSettings(max_cores_per_trial=3).threads == 3
        assert LimitsSettings(max_cores_per_trial=30).threads == 8


class TestTraining:
    def test_defaults(self):
        training = TrainingSettings()
        assert training.enable_vote_ensemble is True
        assert training.enable_stack_ensemble is True
        assert training.allowed_training_algorithms == training.blocked_training_algorithms == ()
        assert training.stack_ensemble_settings == StackEnsembleSettings()
        assert training.stack_ensemble_settings.stack_meta_learner_type == "none"
        assert training.stack_ensemble_settings.stack_meta_learner_train_percentage is None
        assert training.stack_ensemble_settings.stack_meta_learner_kwargs == {}
        assert training.ensemble_iterations == 25
        assert training.training_mode == "auto"

    @pytest.mark.parametrize(
        "key", ["enable_model_explainability", "enable_onnx_compatible_models", "enable_dnn_training"]
    )
    def test_what_is_not_there_yet(self, key):
        assert getattr(TrainingSettings(**{key: False}), key) is False
        for value in (True, "true", "Yes"):
            with pytest.raises(SettingsError, match=rf"^training\.{key}: not supported yet: .*; remove it"):
                TrainingSettings(**{key: value})

    @given(casings(["auto", "non_distributed"]))
    def test_training_mode_in_any_casing(self, pair):
        assert TrainingSettings(training_mode=pair[1]).training_mode == pair[0]

    def test_training_mode_of_an_enum(self):
        class Mode(str, enum.Enum):
            one = "NonDistributed"
            many = "Distributed"

        assert TrainingSettings(training_mode=Mode.one).training_mode == "non_distributed"
        with pytest.raises(SettingsError, match=r"training_mode: not supported yet: .* 'non_distributed'"):
            TrainingSettings(training_mode=Mode.many)

    @given(casings(META_LEARNERS))
    def test_meta_learners_in_any_casing(self, pair):
        name, text = pair
        assert StackEnsembleSettings(stack_meta_learner_type=text).stack_meta_learner_type == name

    @pytest.mark.parametrize("share", [0, 1, 20, -0.5])
    def test_meta_learner_share(self, share):
        with pytest.raises(
            SettingsError, match=r"stack_ensemble_settings\.stack_meta_learner_train_percentage"
        ):
            TrainingSettings(stack_ensemble_settings={"stack_meta_learner_train_percentage": share})

    def test_meta_learner_arguments(self):
        stack = StackEnsembleSettings(stack_meta_learner_kwargs={"C": 0.1, "l1_ratios": (0, 1)})
        assert stack.stack_meta_learner_kwargs == {"C": 0.1, "l1_ratios": [0, 1]}
        with pytest.raises(SettingsError, match=r"stack_meta_learner_kwargs"):
            StackEnsembleSettings(stack_meta_learner_kwargs={"C": object()})

    def test_allowed_and_blocked(self):
        with pytest.raises(SettingsError, match=r"are both given; remove one"):
            TrainingSettings(allowed_training_algorithms=["svm"], blocked_training_algorithms=["knn"])
        with pytest.raises(SettingsError, match=r"the list is empty"):
            TrainingSettings(allowed_training_algorithms=[])
        training = TrainingSettings(allowed_training_algorithms="svm", blocked_training_algorithms=[])
        assert training.allowed_training_algorithms == ("svm",)

    def test_former_names(self):
        training = TrainingSettings(blocked_models=["LogisticRegression"], enable_voting_ensemble=False)
        assert training.blocked_training_algorithms == ("LogisticRegression",)
        assert training.enable_vote_ensemble is False
        assert TrainingSettings(allowed_algorithms=["svm"]).allowed_training_algorithms == ("svm",)
        assert TrainingSettings(blacklist_algos=["kNN"]).blocked_training_algorithms == ("kNN",)

    def test_download_timeout_is_noted(self):
        assert TrainingSettings().notes() == []
        (note,) = TrainingSettings(ensemble_model_download_timeout=5).notes()
        assert "ensemble_model_download_timeout_minutes has no effect" in note
        with pytest.raises(SettingsError, match=r"should be greater than 0"):
            TrainingSettings(ensemble_model_download_timeout_minutes=0)

    def test_ensemble_iterations(self):
        assert TrainingSettings(ensemble_iterations=3).ensemble_iterations == 3
        with pytest.raises(SettingsError, match=r"ensemble_iterations"):
            TrainingSettings(ensemble_iterations=0)


class TestFeaturization:
    @pytest.mark.parametrize(
        ("value", "mode"), [("auto", "auto"), ("Off", "off"), (False, "off"), ("CUSTOM", "custom")]
    )
    def test_mode(self, value, mode):
        """Bare ``off`` is false in YAML 1.1; Azure refuses it, here it is the mode."""
        assert FeaturizationSettings(mode=value).mode == mode
        assert FeaturizationSettings.read(value).mode == mode

    @pytest.mark.parametrize("value", ["of", "on", True, 3])
    def test_modes_that_cannot_be(self, value):
        with pytest.raises(SettingsError, match=r"^featurization\.mode: found"):
            FeaturizationSettings(mode=value)

    @given(casings(PURPOSES))
    def test_purposes_in_any_casing(self, pair):
        name, text = pair
        assert FeaturizationSettings(column_name_and_types={"a": text}).column_name_and_types == {"a": name}

    def test_purposes_are_those_of_the_engine(self):
        from automl_components.engine.columns import DECLARABLE

        assert set(PURPOSES) == set(DECLARABLE)

    def test_unknown_purpose(self):
        with pytest.raises(
            SettingsError, match=r"column_name_and_types\.CHMIN: .* did you mean 'Categorical'"
        ):
            FeaturizationSettings(column_name_and_types={"CHMIN": "Categoric"})

    def test_transformer_params(self):
        one = ColumnTransformer(fields=["CACH"], parameters={"strategy": "most_frequent"})
        settings = FeaturizationSettings(transformer_params={"imputer": [one]})
        again = FeaturizationSettings(
            transformer_params={"imputer": [{"fields": "CACH", "parameters": {"strategy": "most_frequent"}}]}
        )
        assert settings.transformer_params == again.transformer_params == {"imputer": (one,)}

    def test_column_transformer_alone(self):
        assert ColumnTransformer().fields == ()
        with pytest.raises(SettingsError, match=r"^field: unknown; did you mean 'fields'"):
            ColumnTransformer(field=["a"])

    def test_label_encoding_of_azures_examples(self):
        assert FeaturizationSettings(blocked_transformers=["LabelEncoding"]).blocked_transformers == (
            "label_encoder",
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"blocked_transformers": ["tf_idf"]},
            {"column_name_and_types": {"a": "Text"}},
            {"transformer_params": {"imputer": [{}]}},
        ],
    )
    def test_off_takes_no_changes(self, change):
        key = next(iter(change))
        with pytest.raises(SettingsError, match=f"{key}: has no effect with mode off"):
            FeaturizationSettings(mode="off", **change)
        assert FeaturizationSettings(**change).mode == "auto"

    def test_dropped_columns(self):
        assert FeaturizationSettings(mode="off", drop_columns="id").drop_columns == ("id",)
        with pytest.raises(SettingsError, match=r"'a' is in drop_columns, too"):
            FeaturizationSettings(drop_columns=["a"], column_name_and_types={"a": "Text"})
        with pytest.raises(SettingsError, match=r"optional_columns: 'a' is in drop_columns, too"):
            FeaturizationSettings(drop_columns=["a"], optional_columns="a")

    def test_what_is_not_there_yet(self):
        with pytest.raises(SettingsError, match=r"not supported yet: neural text features"):
            FeaturizationSettings(enable_dnn_featurization=True)
        with pytest.raises(
            SettingsError, match=r"not supported yet: dataset_language '\w+', on which only neural"
        ):
            FeaturizationSettings(dataset_language="deu")


class TestSelection:
    def test_default(self):
        assert SelectionSettings().is_default
        assert not SelectionSettings(trial=3).is_default
        assert not SelectionSettings(metric="accuracy").is_default

    def test_one_choice(self):
        with pytest.raises(SettingsError, match=r"^selection: trial and metric are both given"):
            SelectionSettings(trial=3, metric="accuracy")
        with pytest.raises(SettingsError, match=r"^selection\.trial: found 0"):
            SelectionSettings(trial=0)


class TestRegistration:
    def test_defaults(self):
        settings = RegistrationSettings()
        assert settings.enabled is True
        assert (settings.model_name, settings.description, settings.champion_alias) == (None, None, None)
        assert (settings.tags, settings.aliases, settings.gate) == ({}, (), {})

    def test_gate(self):
        gate = RegistrationSettings(gate={"accuracy": 0.8, "log_loss": {"max": 0.4}}).gate
        assert gate == {"accuracy": 0.8, "log_loss": Bounds(max=0.4)}

    @pytest.mark.parametrize(
        ("bound", "message"),
        [
            ({"mim": 1}, r"registration\.gate\.accuracy: mim: unknown; did you mean 'min'"),
            ({}, r"registration\.gate\.accuracy: give min, max or both"),
            ({"min": 2, "max": 1}, "min 2.0 is greater than max 1.0"),
            ({"min": "x"}, "min: found 'x'"),
            (True, "should be a number, or min and max"),
            ([1], "should be a number, or min and max"),
            (math.nan, r"registration\.gate\.accuracy"),
        ],
    )
    def test_bounds_that_cannot_be(self, bound, message):
        with pytest.raises(SettingsError, match=message):
            RegistrationSettings(gate={"accuracy": bound})

    @pytest.mark.parametrize("name", ["a/b", "a:b", ""])
    def test_model_names_that_cannot_be(self, name):
        with pytest.raises(SettingsError, match=r"^registration\.model_name: "):
            RegistrationSettings(model_name=name)

    @pytest.mark.parametrize("alias", ["latest", "Latest", "v3", "V12", "a b", "a/b"])
    def test_aliases_that_cannot_be(self, alias):
        """The same rule as MLflow's."""
        from mlflow.exceptions import MlflowException
        from mlflow.utils import validation

        with pytest.raises(SettingsError, match=r"^registration\.aliases: found"):
            RegistrationSettings(aliases=["champion", alias])
        with pytest.raises(SettingsError, match=r"^registration\.champion_alias: found"):
            RegistrationSettings(champion_alias=alias)
        theirs = (
            validation._validate_model_alias_name_reserved
            if fold(alias) == alias.lower()
            else validation._validate_model_alias_name
        )
        with pytest.raises(MlflowException):
            theirs(alias)

    def test_aliases(self):
        assert RegistrationSettings(aliases="champion").aliases == ("champion",)
        assert RegistrationSettings(aliases=["a", "b-1_c"]).aliases == ("a", "b-1_c")


class TestJobFacts:
    def test_azures_common_fields(self):
        facts = JobFacts.read(
            {
                "$schema": "https://example.org/autoMLJob.schema.json",
                "type": "automl",
                "name": "run",
                "display_name": "Run",
                "experiment_name": "exp",
                "description": "text",
                "tags": {"year": 2024, "final": True, "who": "me"},
                "properties": {"a": 1},
                "compute": "azureml:cpu-cluster",
                "environment_variables": {"A": 1},
                "environment_id": "azureml:env:1",
                "outputs": {"best_model": {"type": "mlflow_model", "mode": "rw_mount"}},
                "resources": {"instance_type": "Standard_DS3", "instance_count": 1, "shm_size": "2g"},
                "queue_settings": {"job_tier": "standard", "priority": "medium"},
                "identity": {"type": "UserIdentity"},
                "services": {"Studio": {"endpoint": "https://example.org"}},
                "log_verbosity": "Debug",
            }
        )
        assert facts.schema_uri == "https://example.org/autoMLJob.schema.json"
        assert facts.tags == {"year": "2024", "final": "True", "who": "me"}
        assert facts.environment_variables == {"A": "1"}
        assert facts.log_verbosity == "debug"
        assert facts.identity.type == "user_identity"
        assert facts.given()["$schema"] == facts.schema_uri
        noted = " ".join(facts.notes())
        for name in ("compute", "resources", "queue_settings", "identity", "services", "environment_id"):
            assert f"{name} is for Azure" in noted

    def test_defaults(self):
        facts = JobFacts()
        assert (facts.log_verbosity, facts.cache, facts.type) == ("info", True, "automl")
        assert facts.notes() == []
        assert JobFacts(compute="local").notes() == []

    def test_read_only_fields_of_a_downloaded_job(self):
        facts = JobFacts.read(
            {"id": "x", "status": "Completed", "creation_context": {}, "log_files": {"a": "b"}}
        )
        assert len(facts.notes()) == 4
        assert "status was written by Azure and is ignored" in facts.notes()

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"type": "pipeline"}, "^type: not supported yet: type 'pipeline'; put the body"),
            ({"type": "command"}, "^type: found 'command'; only 'automl' jobs"),
            ({"outputs": {"model": {"type": "mlflow_model"}}}, r"^outputs\.model: unknown output"),
            ({"outputs": {"best_model": {"type": "uri_folder"}}}, "always an 'mlflow_model'"),
            ({"outputs": {"best_model": {"path": "x"}}}, "written to best_model in the run's folder"),
            ({"outputs": {"best_model": {"name": "x"}}}, r"registration\.model_name"),
            ({"resources": {"instance_typ": "x"}}, r"resources\.instance_typ: .* 'instance_type'"),
            ({"queue_settings": {"tier": "x"}}, r"queue_settings\.tier: unknown"),
            ({"identity": {"type": "me"}}, r"identity\.type: found 'me'"),
            ({"log_verbosity": "loud"}, "log_verbosity: found 'loud'; known: critical, debug"),
            ({"tags": ["a"]}, "^tags: found"),
            ({"tags": {"a": [1]}}, r"^tags\.a: found"),
            ({"enable_model_explainability": True}, "^enable_model_explainability: not supported yet"),
        ],
    )
    def test_refusals(self, values, message):
        with pytest.raises(SettingsError, match=message):
            JobFacts.read(values)

    def test_output_object(self):
        class Output:
            type, mode, path, name, version = "mlflow_model", None, None, None, None

        assert JobFacts(outputs={"best_model": Output()}).outputs["best_model"].type == "mlflow_model"


@given(st.text(max_size=20), st.lists(st.text(max_size=8), max_size=4))
def test_match_finds_a_name_if_and_only_if_it_is_there(name, options):
    found = match(name, options)
    assert (found is not None) == (fold(name) in {fold(option) for option in options})
    assert found is None or fold(found) == fold(name)


def test_a_new_section_needs_no_registration():
    """What a section is called is enough for other sections to point at it."""

    class Forecast(Settings):
        section = "forecast_of_this_test"
        horizon_of_this_test: int = 1

    with pytest.raises(SettingsError, match=r"it belongs in 'forecast_of_this_test'"):
        LimitsSettings(horizon_of_this_test=3)
    del Forecast


def test_what_went_before_counts_against_the_limit_but_leaves_half_of_it():
    limits = LimitsSettings(timeout_seconds=60)
    assert limits.after(0) == 60
    assert limits.after(4.5) == 55.5
    assert limits.after(1000) == 30
