"""The systems that benchmarks/quality.py compares: how each is called, and what its environment needs.

quality.py starts this file as a process, with the system's own Python: ``python peers.py SYSTEM FOLDER``. The
folder holds ``train.parquet``, ``test.parquet`` (without the target) and ``task.json``; the process adds
``predictions.parquet`` and ``timing.json``. A new system is one function and one line of ``PEERS``.

Each system optimises the metric that it is scored with and is otherwise called as its documentation does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

LEAST_ROWS = (
    1000  # so many are predicted at least, the test rows again and again: a few say nothing about speed
)
Predict = Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Task:
    """What a system is given. ``kind`` is binary, multiclass or regression; classes are 0, 1, 2, ..."""

    kind: str
    target: str
    seconds: float
    cores: int
    seed: int
    folder: Path

    @property
    def train(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "train.parquet")

    @property
    def train_parts(self) -> tuple[pd.DataFrame, pd.Series]:
        return self.train.drop(columns=self.target), self.train[self.target]

    def one_of(self, binary: str, multiclass: str, regression: str) -> str:
        return {"binary": binary, "multiclass": multiclass, "regression": regression}[self.kind]


class Fitted(NamedTuple):
    """``predict`` gives values of shape (rows,), or probabilities (rows, C) in the order of ``classes``."""

    predict: Predict
    classes: Sequence[Any] | None
    version: str


def ours(task: Task) -> Fitted:
    """The whole pipeline, from the file to a registered model."""
    import automl_components
    from automl_components import automl, load_model

    job = (automl.regression if task.kind == "regression" else automl.classification)(
        training_data=str(task.folder / "train.parquet"), target_column_name=task.target, seed=task.seed,
        primary_metric=task.one_of("AUC_weighted", "log_loss", "root_mean_squared_error"),
        experiment_name="quality",
    )  # fmt: skip
    job.set_limits(timeout_minutes=task.seconds / 60, max_cores_per_trial=task.cores)
    model = load_model(job.run(task.folder / "run", verbosity="info").folder)
    predict = model.predict if model.classes is None else model.predict_proba
    return Fitted(predict, model.classes, automl_components.__version__)


def lightgbm(task: Task) -> Fitted:
    """LightGBM as it comes, text as categories: what any search has to beat."""
    import lightgbm

    train, y = task.train_parts
    plain = pd.api.types.is_numeric_dtype
    levels = {name: train[name].astype("category").cat.categories for name in train if not plain(train[name])}

    def matrix(frame: pd.DataFrame) -> pd.DataFrame:
        columns = {c: pd.Categorical(frame[c], levels[c]) if c in levels else frame[c] for c in train}
        return pd.DataFrame(dict(enumerate(columns.values())), index=frame.index)

    make = lightgbm.LGBMRegressor if task.kind == "regression" else lightgbm.LGBMClassifier
    model = make(n_jobs=task.cores, random_state=task.seed, verbose=-1).fit(matrix(train), y)
    if task.kind == "regression":
        return Fitted(lambda frame: model.predict(matrix(frame)), None, lightgbm.__version__)
    return Fitted(lambda frame: model.predict_proba(matrix(frame)), model.classes_, lightgbm.__version__)


def flaml(task: Task) -> Fitted:
    import flaml

    train, y = task.train_parts
    model = flaml.AutoML()
    model.fit(
        train, y, task="regression" if task.kind == "regression" else "classification",
        metric=task.one_of("roc_auc", "log_loss", "rmse"), time_budget=task.seconds, n_jobs=task.cores,
        seed=task.seed, verbose=1, log_file_name="",
    )  # fmt: skip
    if task.kind == "regression":
        return Fitted(model.predict, None, flaml.__version__)
    return Fitted(model.predict_proba, model.classes_, flaml.__version__)


def autogluon(preset: str) -> Callable[[Task], Fitted]:
    """AutoGluon with one of its presets. It has no seed to set: its models' seeds are fixed."""

    def fit(task: Task) -> Fitted:
        from autogluon.tabular import TabularPredictor, __version__

        model = TabularPredictor(
            label=task.target, problem_type=task.kind, path=str(task.folder / "autogluon"),
            eval_metric=task.one_of("roc_auc", "log_loss", "root_mean_squared_error"),
        )  # fmt: skip
        model.fit(task.train, presets=preset, time_limit=task.seconds, num_cpus=task.cores, num_gpus=0)
        if task.kind == "regression":
            return Fitted(model.predict, None, __version__)
        return Fitted(model.predict_proba, model.class_labels, __version__)

    return fit


def mljar(task: Task) -> Fitted:
    from supervised import __version__
    from supervised.automl import AutoML

    train, y = task.train_parts
    model = AutoML(
        mode="Compete", results_path=str(task.folder / "mljar"), total_time_limit=int(task.seconds),
        ml_task=task.one_of("binary_classification", "multiclass_classification", "regression"),
        eval_metric=task.one_of("auc", "logloss", "rmse"), n_jobs=task.cores, random_state=task.seed,
        explain_level=0,
    )  # fmt: skip
    if task.kind == "regression":
        model.fit(train, y)
        return Fitted(model.predict, None, __version__)
    classes = sorted(y.unique())
    model.fit(train, y.astype(str))
    columns = [f"prediction_{label}" for label in classes]
    return Fitted(lambda frame: model.predict_all(frame)[columns], classes, __version__)


class Peer(NamedTuple):
    """``environment`` is the name of its folder; None is the environment that quality.py itself runs in."""

    fit: Callable[[Task], Fitted]
    environment: str | None = None
    requirements: tuple[str, ...] = ()


# without AutoGluon's neural networks, which need PyTorch: pip install 'autogluon.tabular[all]' into "ag" adds them
AUTOGLUON = ("autogluon.tabular[catboost,lightgbm,xgboost]>=1.5", "pyarrow>=15")
PEERS = {
    "ours": Peer(ours),
    "lightgbm": Peer(lightgbm),
    "flaml": Peer(flaml, "flaml", ("flaml[automl]>=2.5", "pyarrow>=15")),
    "autogluon_medium": Peer(autogluon("medium_quality"), "ag", AUTOGLUON),
    "autogluon_best": Peer(autogluon("best_quality"), "ag", AUTOGLUON),
    "mljar": Peer(mljar, "mljar", ("mljar-supervised>=1.1.18", "pyarrow>=15")),
}


def main(system: str, folder: Path) -> None:
    """Fit on the training rows, predict the test rows, write both files."""
    task = Task(**json.loads((folder / "task.json").read_text()), folder=folder)
    started = time.perf_counter()
    fitted = PEERS[system].fit(task)
    fit_s = time.perf_counter() - started
    test = pd.read_parquet(folder / "test.parquet")
    rows = pd.concat([test] * -(-LEAST_ROWS // len(test)), ignore_index=True)
    started = time.perf_counter()
    predicted = fitted.predict(rows)
    predict_s = time.perf_counter() - started
    table = pd.DataFrame(getattr(predicted, "to_numpy", lambda: predicted)()).head(len(test))
    table.columns = ["value"] if fitted.classes is None else [str(int(label)) for label in fitted.classes]
    table.to_parquet(folder / "predictions.parquet")
    timing = {"fit_s": fit_s, "rows_per_s": len(rows) / predict_s, "version": fitted.version}
    (folder / "timing.json").write_text(json.dumps(timing))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
