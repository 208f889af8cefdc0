"""The catalog of learners, one file each: where the estimator lives, how it starts, what may be searched."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from automl_components.core.catalog import Catalog

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Task = Literal["classification", "regression"]
View = Literal["tree", "dense", "nonnegative", "binary"]
Categories = Literal["codes", "positions", "frame"]

BALANCED = "balanced"
"""The ``"class_weight"`` of a trial whose classes all weigh the same: scikit-learn's word."""


@dataclass(frozen=True)
class Shape:
    """What a default may depend on: the size of the training data, never its content.

    Attributes
    ----------
    rows, columns : int
        Size of the training data; ``columns`` counts all engineered columns.
    classes : int
        Number of classes; 0 for regression.
    sparse : bool
        Whether there is a sparse block (n-grams, hashed categories).
    categories : int
        Number of category columns.
    """

    rows: int
    columns: int
    classes: int = 0
    sparse: bool = False
    categories: int = 0


def _no_more(task: Task, shape: Shape, params: Mapping[str, Any]) -> float:
    return 0.0


def _not_smaller(params: Mapping[str, Any]) -> dict[str, Any] | None:
    return None


@dataclass(frozen=True)
class Algorithm:
    """One entry of the catalog.

    Attributes
    ----------
    name : str
        Azure's v2 name where it has one, in snake case, such as ``"light_gbm"``.
    title : str
        What a leaderboard prints: Azure's v1 name, such as ``"LightGBM"``.
    estimators : mapping of task to str
        Dotted path ``"module:Class"`` of a scikit-learn compatible estimator for each task it can do.
    view : str
        What the learner is fed: ``"tree"`` (category codes, missing values kept), ``"dense"`` (imputed,
        scaled, one-hot), ``"nonnegative"`` (scaled to [0, 1], one-hot) or ``"binary"``
        (nonnegative, then thresholded).
    defaults : callable (task, shape) -> dict
        Parameters of the first trial.
    space : callable (task, shape) -> dict of str to optuna distribution
        What later trials draw from; a key is a parameter of the estimator, or ``"scaler"`` for the
        view's scaling step.
    rank : int
        Position in the order of first trials: strong, diverse and cheap first.
    aliases : tuple of str
        Other names users know it by: v1, 2018, estimator class. Case and ``_`` do not matter.
    packages : tuple of str
        Import names of optional packages; when one is absent the algorithm is skipped with a reason.
    weights : bool
        Whether ``fit`` takes ``sample_weight``.
    sparse : bool
        Whether the estimator takes a sparse matrix; where not, it gets the leading components of the sparse
        block.
    missing : bool
        View ``"tree"`` only: whether the estimator takes NaN; where not, medians are imputed.
    categories : str
        View ``"tree"`` only: how categories reach the estimator. ``"codes"``: as numbers; ``"positions"``: as
        numbers, and the estimator is told which columns they are; ``"frame"``: as categorical columns of a
        DataFrame.
    min_rows, max_rows : int or None
        Outside of these numbers of rows it is left out unless it is asked for by name.
    copies : float
        How often a fit holds the matrix that it is fed, that one not counted.
    memory : callable (task, shape, params) -> float
        Bytes of its model and its workspace, beyond those copies.
    smaller : callable (params) -> dict or None
        The next smaller fit, for where memory is short; None where it cannot be made smaller.
    fixed : mapping
        Parameters that are always passed, whatever the trial: verbosity, determinism.
    """

    name: str
    title: str
    estimators: Mapping[str, str]
    view: View
    defaults: Callable[[Task, Shape], dict[str, Any]]
    space: Callable[[Task, Shape], dict[str, BaseDistribution]]
    rank: int = 100
    aliases: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    weights: bool = True
    sparse: bool = True
    missing: bool = True
    categories: Categories = "codes"
    min_rows: int | None = None
    max_rows: int | None = None
    copies: float = 3.0
    memory: Callable[[Task, Shape, Mapping[str, Any]], float] = _no_more
    smaller: Callable[[Mapping[str, Any]], dict[str, Any] | None] = _not_smaller
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def describe(self, params: Mapping[str, Any]) -> str:
        """The trial as a leaderboard prints it: the preprocessing step and the model.

        >>> ALGORITHMS["logistic_regression"].describe({"scaler": "PCA", "C": 1.0})
        'PCA, LogisticRegression'
        >>> ALGORITHMS["light_gbm"].describe({"num_leaves": 31})
        'LightGBM'
        >>> ALGORITHMS["light_gbm"].describe({"class_weight": "balanced"})
        'balanced LightGBM'
        """
        steps = {"nonnegative": "MinMaxScaler", "binary": "Binarizer", "tree": "none"}
        step = steps.get(self.view) or params.get("scaler", "StandardScaler")
        step = "TargetEncoder" if params.get("encodings") else step
        title = f"{BALANCED} {self.title}" if params.get("class_weight") == BALANCED else self.title
        return title if step == "none" else f"{step}, {title}"

    def balances(self, task: str) -> bool:
        """Whether balanced class weights may improve it: boosting and linear models, which they make look elsewhere.

        The leaves of deep trees are the same with them.
        """
        return task == "classification" and (self.stops_early(task) or self.name == "logistic_regression")

    def boosts(self, task: str) -> bool:
        """Whether validation rows choose its boosting rounds, so that ``n_estimators`` is only their cap."""
        return self.estimators[task].partition(":")[0] in ("lightgbm", "xgboost", "catboost")

    def stops_early(self, task: str) -> bool:
        """Whether validation rows choose its rounds: of a boosting, or the epochs of a network."""
        return self.boosts(task) or self.name == "mlp"

    def missing_packages(self) -> tuple[str, ...]:
        """Import names of the optional packages that are not installed."""
        return tuple(p for p in self.packages if importlib.util.find_spec(p) is None)

    def estimator_class(self, task: str) -> type:
        """The estimator's class for ``task``; imports its library."""
        module, _, name = self.estimators[task].partition(":")
        found: type = getattr(importlib.import_module(module), name)
        return found


ALGORITHMS: Catalog[Algorithm] = Catalog("automl_components.algorithms", Algorithm, "algorithm")
