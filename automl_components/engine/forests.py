"""Forests as a few arrays: hundreds of trees as objects of their own take seconds to write and to read."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np


class Trees:
    """The trees of a fitted scikit-learn ensemble, as they are written.

    Attributes
    ----------
    shape : tuple of int
        Of the ensemble's ``estimators_``; a list has one dimension.
    first : DecisionTreeClassifier or DecisionTreeRegressor
        The first tree's estimator without its ``tree_``: the others differ in their seed only.
    seeds : list
        ``random_state`` of each tree; of boosted trees the generator that they share.
    counts, depths : int array, shape (trees,)
        Nodes and depth of each tree.
    sizes : tuple
        Arguments of ``sklearn.tree._tree.Tree``: features, classes by output, outputs.
    nodes, values : array
        Of all trees, one after the other.
    """

    def __init__(self, estimators: Any) -> None:
        found = np.asarray(estimators, dtype=object)
        self.shape, flat = found.shape, list(found.ravel())
        self.first = _without_tree(flat[0])
        shared = all(one.random_state is flat[0].random_state for one in flat)
        self.seeds = [flat[0].random_state] if shared else [one.random_state for one in flat]
        states = [one.tree_.__getstate__() for one in flat]
        self.sizes = flat[0].tree_.__reduce__()[1]
        self.counts = np.array([state["node_count"] for state in states])
        self.depths = np.array([state["max_depth"] for state in states])
        self.nodes = np.concatenate([state["nodes"] for state in states])
        self.values = np.concatenate([state["values"] for state in states])

    def grown(self) -> Any:
        """The estimators again, in an array of ``shape``."""
        from sklearn.tree._tree import Tree

        flat, ends = [], np.cumsum(self.counts)
        seeds = self.seeds * (len(ends) // len(self.seeds))
        for seed, depth, count, end in zip(seeds, self.depths, self.counts, ends, strict=True):
            one, part = copy.copy(self.first), slice(end - count, end)
            one.random_state, one.tree_ = seed, Tree(*self.sizes)
            one.tree_.__setstate__(
                {
                    "max_depth": int(depth),
                    "node_count": int(count),
                    "nodes": self.nodes[part],
                    "values": self.values[part],
                }
            )
            flat.append(one)
        made = np.empty(len(flat), dtype=object)
        made[:] = flat
        return made.reshape(self.shape)


def packed(estimator: Any) -> Any:
    """A copy of an ensemble whose trees are :class:`Trees`; anything else as it is."""
    trees = getattr(estimator, "estimators_", None)
    flat = list(np.asarray(trees, dtype=object).ravel()) if isinstance(trees, (list, np.ndarray)) else []
    if not flat or any(not hasattr(one, "tree_") for one in flat):
        return estimator
    known = _facts(flat[0])
    if any(_facts(one) != known for one in flat):
        return estimator
    made = copy.copy(estimator)
    made.estimators_ = Trees(trees)
    return made


def unpacked(estimator: Any) -> Any:
    """The reverse of :func:`packed`."""
    trees = getattr(estimator, "estimators_", None)
    if isinstance(trees, Trees):
        grown = trees.grown()
        estimator.estimators_ = grown.tolist() if grown.ndim == 1 else grown
    return estimator


def _without_tree(estimator: Any) -> Any:
    bare = copy.copy(estimator)
    del bare.tree_
    return bare


def _facts(estimator: Any) -> dict[str, Any]:
    """What trees of one ensemble have in common."""
    state = {name: value for name, value in vars(estimator).items() if name not in ("tree_", "random_state")}
    plain = {name: getattr(value, "tolist", lambda value=value: value)() for name, value in state.items()}
    return {**plain, "": repr((type(estimator), estimator.tree_.__reduce__()[1]))}
