"""A duel: two models on the same rows by the same metric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import ArtifactError, GateError
from automl_components.tracking.gate import Duel

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Contestant:
    """What a model says of some rows: for classification probabilities (n, C) with their C labels."""

    predictions: np.ndarray
    classes: np.ndarray | None
    certain: bool = False
    """Whether the probabilities are only labels, as 0 and 1."""


def duel(
    challenger: Path,
    champion: Path,
    rows: pd.DataFrame,
    *,
    metric: str,
    target: str,
    weight: str | None,
    positive_label: Any,
    version: str,
) -> Duel:
    """Score two model folders on the rows whose target is a class that one of them knows.

    A class that a model does not know has probability 0 in its eyes.

    Parameters
    ----------
    challenger : Path
        A model of this package.
    champion : Path
        Any MLflow model; one of another make gives labels, no probabilities.

    Raises
    ------
    DataError
        The rows lack the target, or a column that a model uses.
    GateError
        The champion cannot be judged by this metric.
    """
    import numpy as np

    from automl_components import flavor
    from automl_components.core.errors import DataError
    from automl_components.engine.scoring import Scorer
    from automl_components.engine.target import known_targets

    if target not in rows:
        raise DataError(
            f"the test rows have no column {target!r}: without it the champion cannot be compared"
        )
    task = flavor.predictor_metadata(challenger)["task"]
    pair = [_ask(folder, rows.drop(columns=target), task) for folder in (challenger, champion)]
    classes = _union([one.classes for one in pair if one.classes is not None])
    scorer = Scorer(metric, task, classes=classes, positive_label=positive_label)
    if scorer.metric.needs_proba and pair[1].certain:
        raise GateError(
            f"the champion (version {version}) gives labels only, {scorer.metric.name} needs probabilities: "
            "they cannot be compared, nothing was registered. Choose a metric of labels, such as accuracy"
        )
    known, y = known_targets(rows[target], classes)
    weights = rows.loc[known, weight].to_numpy(float) if weight in rows else None
    scores = [scorer.score(y, _aligned(one, classes)[known], weights) for one in pair]
    return Duel(
        metric=scorer.metric.name,
        greater_is_better=scorer.metric.greater_is_better,
        challenger=scores[0],
        champion=scores[1],
        version=version,
        rows=int(np.sum(known)),
    )


def _ask(folder: Path, rows: pd.DataFrame, task: str) -> Contestant:
    from automl_components import flavor

    try:
        flavor.predictor_metadata(folder)
    except ArtifactError:
        return _ask_stranger(folder, rows, task)
    model = flavor.load_model(folder)
    if model.task != task:
        raise GateError(f"the champion's task is {model.task}, this one's is {task}; nothing was registered")
    return Contestant(
        model.predict_proba(rows) if task == "classification" else model.predict(rows), model.classes
    )


def _ask_stranger(folder: Path, rows: pd.DataFrame, task: str) -> Contestant:
    """A model that this package did not write: predictions by MLflow alone."""
    import mlflow.pyfunc
    import numpy as np

    predictions = np.asarray(mlflow.pyfunc.load_model(str(folder)).predict(rows)).reshape(len(rows), -1)[:, 0]
    if task == "regression":
        return Contestant(predictions.astype(float), None)
    classes = np.unique(predictions)
    return Contestant((predictions[:, None] == classes).astype(float), classes, certain=True)


def _union(classes: list[np.ndarray]) -> np.ndarray | None:
    """All labels in order; as text where their types do not compare."""
    import numpy as np

    if not classes:
        return None
    kinds = {"n" if labels.dtype.kind in "iuf" else labels.dtype.kind for labels in classes}
    return np.unique(
        np.concatenate([labels if len(kinds) == 1 else labels.astype(str) for labels in classes])
    )


def _aligned(one: Contestant, classes: np.ndarray | None) -> np.ndarray:
    """Probabilities with a column for each of all classes."""
    import numpy as np

    if classes is None or one.classes is None:
        return one.predictions
    full = np.zeros((len(one.predictions), len(classes)))
    full[:, np.searchsorted(classes, one.classes.astype(classes.dtype))] = one.predictions
    return full
