"""What the catalog's estimates of memory, and its smaller fits, have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl_components.algorithms import Shape


def trees_a_round(shape: Shape) -> int:
    """Trees that a boosting adds in a round: one for each class where there are more than two."""
    return shape.classes if shape.classes > 2 else 1


def lower(
    params: Mapping[str, Any], name: str, usual: int, least: int, value: int | None = None
) -> dict[str, Any] | None:
    """The parameters with one of them lower: ``value``, or by default half of it; None where it is at its least.

    Parameters
    ----------
    usual : int
        The estimator's own value, where the parameter is not given.
    least : int
        It is never made lower than this.

    >>> lower({"num_leaves": 50}, "num_leaves", 31, 8)
    {'num_leaves': 25}
    >>> lower({"num_leaves": 8}, "num_leaves", 31, 8) is None
    True
    """
    now = params.get(name, usual)
    wanted = max(least, now // 2 if value is None else value)
    return {**params, name: wanted} if wanted < now else None
