"""A learning problem: features, target, weights, splits and the metric; and how trial processes share it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from automl_components.algorithms import Shape
from automl_components.engine.draws import deal, stretches
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.engine.scoring import Scorer
from automl_components.guardrails.class_balance import IMBALANCED_AT


@dataclass(frozen=True)
class Problem:
    """What every trial of a search works on.

    Attributes
    ----------
    task : str
        ``"classification"`` or ``"regression"``.
    features : FeatureMatrix
        n rows.
    target : array, shape (n,)
        int32 codes 0 .. C-1, or float64.
    splits : int8 array, shape (n, k)
        One column a split: 1 = train, 0 = validation, -1 = neither.
    primary_metric : str
        A name of the catalog, or the dotted path of a custom metric.
    classes : list
        Original labels in the order of the codes; empty for regression.
    weights : float64 array, shape (n,), or None
    groups : int64 array, shape (n,), or None
        Rows of one number stay together in all folds, also those inside of a fit: codes of the group column, or ranks
        in time.
    ordered : bool
        Whether ``groups`` are ranks in time.
    positive_label : label or None
    seed : int
    """

    task: str
    features: FeatureMatrix
    target: np.ndarray
    splits: np.ndarray
    primary_metric: str
    classes: list[Any] = field(default_factory=list)
    weights: np.ndarray | None = None
    positive_label: Any = None
    seed: int = 0
    groups: np.ndarray | None = None
    ordered: bool = False

    @property
    def shape(self) -> Shape:
        """What defaults and search spaces may depend on."""
        schema = self.features.schema
        return Shape(
            self.features.rows, len(schema.names), len(self.classes), bool(schema.sparse), len(schema.codes)
        )  # fmt: skip

    @property
    def bags(self) -> bool:
        """Whether each row is validated by exactly one split and trains in all others, and there are several.

        Only then the learners of the splits, averaged, have seen every row, and none is as old as an early window.
        """
        return self.splits.shape[1] > 1 and bool(
            ((self.splits == 0).sum(axis=1) == 1).all() and (self.splits >= 0).all()
        )

    @property
    def imbalanced(self) -> bool:
        """Whether the smallest class has at most a fifth of the rows of the largest, as the guardrail counts."""
        counts = np.bincount(self.target) if self.classes else np.ones(1)
        return bool(counts.min() <= IMBALANCED_AT * counts.max())

    @property
    def weighs_classes(self) -> bool:
        """Whether balanced class weights are worth a trial: not for the loss of probabilities, which they distort."""
        return self.imbalanced and self.scorer().metric.name != "log_loss"

    @property
    def out_of_fold_shape(self) -> tuple[int, ...]:
        """Shape of the out-of-fold predictions: (n, C) probabilities, or (n,)."""
        n = self.features.rows
        return (n, len(self.classes)) if self.task == "classification" else (n,)

    @property
    def target_range(self) -> tuple[float, float] | None:
        """Smallest and largest target, which normalized metrics are normalized by; None for classification."""
        return None if self.classes else (float(self.target.min()), float(self.target.max()))

    def scorer(self) -> Scorer:
        """The metrics of this problem, with the range of its target."""
        low, high = self.target_range or (None, None)
        return Scorer(
            self.primary_metric, self.task, classes=np.asarray(self.classes) if self.classes else None,
            positive_label=self.positive_label, y_min=low, y_max=high,
        )  # fmt: skip

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions of the training and the validation rows of each split."""
        for column in self.splits.T:
            yield np.flatnonzero(column == 1), np.flatnonzero(column == 0)

    def rows(self, positions: np.ndarray) -> tuple[FeatureMatrix, np.ndarray, np.ndarray | None]:
        """Features, target and weights of some rows."""
        weights = None if self.weights is None else self.weights[positions]
        return self.features.take(positions), self.target[positions], weights

    def together(self, positions: np.ndarray) -> np.ndarray | None:
        """What of some rows stays together in folds of them: groups, or stretches of time; None for each its own."""
        if self.groups is None:
            return None
        codes = self.groups[positions]
        return stretches(codes) if self.ordered else codes

    def parts_of(self, positions: np.ndarray, count: int) -> np.ndarray:
        """The part of each of these rows for whatever is fitted on some and judged on the others.

        Whole splits where there are several and each row is validated by one; otherwise at most ``count`` parts, dealt
        by class, groups and times together.
        """
        validated = self.splits[positions] == 0
        if validated.shape[1] > 1 and (validated.sum(axis=1) == 1).all():
            parts: np.ndarray = validated.argmax(axis=1)
            return parts
        strata = self.target[positions] if self.classes else np.zeros(len(positions))
        rng = np.random.default_rng(self.seed)
        return deal(strata.astype(np.int64), count, rng, self.together(positions))

    def share(self, folder: Path) -> None:
        """Write the arrays where trial processes map them into memory instead of copying them."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"numeric": self.features.numeric, "codes": self.features.codes, "target": self.target,
                  "splits": self.splits}  # fmt: skip
        if self.weights is not None:
            arrays["weights"] = self.weights
        if self.groups is not None:
            arrays["groups"] = self.groups
        if (sparse := self.features.sparse) is not None:
            arrays |= {"data": sparse.data, "indices": sparse.indices, "indptr": sparse.indptr}
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", np.ascontiguousarray(array))
        classes = np.asarray(self.classes)
        facts = {
            "task": self.task, "schema": self.features.schema.to_dict(), "primary_metric": self.primary_metric,
            "classes": classes.tolist(), "positive_label": self.positive_label, "seed": self.seed,
            "ordered": self.ordered,
        }  # fmt: skip
        (folder / "problem.json").write_text(json.dumps(facts, default=str), encoding="utf-8")

    @classmethod
    def attach(cls, folder: Path) -> Problem:
        """The inverse of :meth:`share`, on memory maps."""
        facts = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
        schema = FeatureSchema.from_dict(facts.pop("schema"))

        def load(name: str) -> np.ndarray:
            return np.load(folder / f"{name}.npy", mmap_mode="r")

        sparse = None
        if schema.sparse:
            parts = (load("data"), load("indices"), load("indptr"))
            sparse = csr_matrix(parts, shape=(len(parts[2]) - 1, len(schema.sparse)), copy=False)
        features = FeatureMatrix(load("numeric"), load("codes"), sparse, schema)
        given = {name: load(name) for name in ("weights", "groups") if (folder / f"{name}.npy").exists()}
        return cls(features=features, target=load("target"), splits=load("splits"), **given, **facts)
