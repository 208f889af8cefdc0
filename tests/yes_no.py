"""A small table with two classes, and real models of it: one that predicts well and one that does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from automl_components import flavor
from automl_components.engine.features import Featurizer
from automl_components.engine.learner import Learner
from automl_components.engine.predictor import Predictor


def table(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    """Rows whose label follows from x, with some noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    label = np.where(x + rng.normal(scale=0.3, size=rows) > 0, "yes", "no")
    return pd.DataFrame({"x": x, "noise": rng.normal(size=rows), "y": label})


def make_model(folder: Path, column: str, *, rows: pd.DataFrame | None = None) -> Path:
    """A model that looks at one column only: ``x`` predicts well, ``noise`` does not."""
    data = table() if rows is None else rows
    classes, codes = np.unique(data["y"], return_inverse=True)
    featurizer = Featurizer(drop_columns=[c for c in ("x", "noise") if c != column])
    X = featurizer.fit_transform(data.drop(columns="y"))
    learner = Learner("decision_tree", "classification", {"max_depth": 2}, X.schema, len(classes))
    learner.fit(X, codes.astype(np.int32))
    made = Predictor(featurizer, [learner], [1.0], task="classification", target="y", classes=classes)
    return save(made, folder, data)


def make_regression(folder: Path, column: str) -> Path:
    """A model of x itself: from x, or from noise."""
    data = table()
    featurizer = Featurizer(drop_columns=[c for c in ("x", "noise") if c != column])
    X = featurizer.fit_transform(data.drop(columns="y"))
    learner = Learner("decision_tree", "regression", {"max_depth": 3}, X.schema).fit(X, data["x"].to_numpy())
    return save(Predictor(featurizer, [learner], [1.0], task="regression", target="y"), folder, data)


def save(made: Predictor, folder: Path, data: pd.DataFrame) -> Path:
    """As ``build_ensemble`` saves the model of trial 1."""
    facts = {"kind": "trial", "members": [1], "pipelines": ["DecisionTree"]}
    flavor.save_model(made, folder, input_example=data.drop(columns="y").head(2), metadata=facts)
    return folder
