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


@dataclass(frozen=True)
class Shape:
    """What a default may depend on: the size of the training data, never its content."""

    rows: int
    columns: int
    classes: int = 0
    sparse: bool = False


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
    max_rows : int or None
        Above this many rows it is left out unless it is asked for by name.
    by_default : bool
        Whether it takes part when no list of allowed algorithms is given.
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
    max_rows: int | None = None
    by_default: bool = True
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def missing_packages(self) -> tuple[str, ...]:
        """Import names of the optional packages that are not installed."""
        return tuple(p for p in self.packages if importlib.util.find_spec(p) is None)

    def estimator_class(self, task: str) -> type:
        """The estimator's class for ``task``; imports its library."""
        module, _, name = self.estimators[task].partition(":")
        found: type = getattr(importlib.import_module(module), name)
        return found


ALGORITHMS: Catalog[Algorithm] = Catalog("automl_components.algorithms", Algorithm, "algorithm")
