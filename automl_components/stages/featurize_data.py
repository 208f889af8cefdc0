"""The component that turns checked rows into features, without looking at the target."""

from __future__ import annotations

from automl_components.core.artifacts import Input, Output, mlflow_model, mltable
from automl_components.core.component import component
from automl_components.core.settings import FeaturizationSettings


@component(version="4")
def featurize_data(
    checked_data: Input[mltable],
    features: Output[mltable],
    featurizer: Output[mlflow_model],
    *,
    featurization: FeaturizationSettings,
) -> None:
    """Type, repair, drop, encode and expand columns, as far as no label is needed.

    What is repaired was decided by ``validate_data``: its findings say so, and ``checked_data`` carries it.

    ``featurizer`` does the same to new rows; its ``recipe.yml`` says how, its ``featurization.json`` has Azure's
    summary of each raw column and the origin of each feature. Whatever looks at the target is part of a learner
    and is fitted inside each split.
    """
    from automl_components import flavor, formats
    from automl_components.engine.features import Featurizer

    checked = formats.read_checked(checked_data.local)
    fitted = Featurizer(
        mode=featurization.mode, blocked_transformers=featurization.blocked_transformers,
        column_name_and_types=dict(featurization.column_name_and_types),
        transformer_params={
            name: [entry.model_dump() for entry in entries]
            for name, entries in featurization.transformer_params.items()
        },
        drop_columns=featurization.drop_columns, optional_columns=featurization.optional_columns,
        repairs=checked.facts.get("repairs", ()),
    )  # fmt: skip
    matrix = fitted.fit_transform(checked.frame, checked.columns, checked.weights)
    formats.write_features(matrix, checked, features.local)
    flavor.save_featurizer(fitted, featurizer.local, input_example=checked.example())
    formats.write_featurization(
        fitted, featurizer.local, checked.facts.get("personal", ()), checked.words_to_hide()
    )
