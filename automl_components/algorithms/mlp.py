"""Multilayer perceptron for tables: smooth where trees are steps; up to some ten thousand rows it adds most to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automl_components.algorithms import Algorithm, Shape, Task
from automl_components.algorithms.sizes import lower
from automl_components.algorithms.spaces import choice, integer, real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

EPOCHS = ((5_000, 64), (20_000, 32))
"""Rows up to which there are so many epochs; above, 16: each has more steps."""


def defaults(task: Task, shape: Shape) -> dict[str, Any]:
    """Three layers of 128 units, and the learning rates of RealMLP-TD-S. It scales its inputs itself."""
    epochs = next((count for rows, count in EPOCHS if shape.rows <= rows), 16)
    return {
        "scaler": "none", "hidden": 128, "layers": 3, "epochs": epochs,
        "learning_rate": 0.04 if task == "classification" else 0.07,
    }  # fmt: skip


def space(task: Task, shape: Shape) -> dict[str, BaseDistribution]:
    """The size of the layers and the learning rate."""
    smoothing = {"label_smoothing": choice(0.0, 0.05)} if task == "classification" else {}
    return {
        "hidden": choice(64, 128, 256),
        "layers": integer(2, 3),
        "learning_rate": real(0.01, 0.1),
        **smoothing,
    }


def memory(task: Task, shape: Shape, params: Mapping[str, Any]) -> float:
    """Weights with what Adam remembers of them, and the targets."""
    inputs, hidden = 2.0 * shape.columns, params["hidden"]
    weights = hidden * (inputs + params["layers"] * hidden + shape.classes)
    return 4 * (8 * weights + shape.rows * max(1, shape.classes))


def smaller(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Smaller layers."""
    return lower(params, "hidden", 128, 32)


MLP = Algorithm(
    name="mlp",
    title="MLP",
    estimators={
        "classification": "automl_components.engine.perceptron:PerceptronClassifier",
        "regression": "automl_components.engine.perceptron:PerceptronRegressor",
    },
    view="dense",
    defaults=defaults,
    space=space,
    rank=25,
    aliases=("multi_layer_perceptron", "neural_network", "MLPClassifier", "MLPRegressor"),
    sparse=False,
    max_rows=50_000,
    copies=2.0,
    memory=memory,
    smaller=smaller,
)
