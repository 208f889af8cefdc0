"""How search spaces are written and drawn from; optuna's distributions describe them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from optuna.distributions import (
        BaseDistribution,
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    from automl_components.algorithms import Algorithm, Shape, Task

SCALERS = (
    "StandardScaler",
    "MinMaxScaler",
    "MaxAbsScaler",
    "RobustScaler",
    "PCA",
    "TruncatedSVD",
    "Normalizer",
)
"""Azure's preprocessing steps, searched together with the model; the first is the default."""


def real(low: float, high: float, *, log: bool = True) -> FloatDistribution:
    """A real number in [low, high], on a logarithmic scale unless said otherwise."""
    from optuna.distributions import FloatDistribution

    return FloatDistribution(low, high, log=log)


def integer(low: int, high: int, *, log: bool = False) -> IntDistribution:
    """An integer in [low, high]; ``high`` is raised to ``low`` where the data is too small for it."""
    from optuna.distributions import IntDistribution

    return IntDistribution(low, max(low, high), log=log)


def choice(*options: str | float | bool | None) -> CategoricalDistribution:
    """One of the options."""
    from optuna.distributions import CategoricalDistribution

    return CategoricalDistribution(options)


def scaler() -> CategoricalDistribution:
    """The preprocessing step of a ``"dense"`` view."""
    return choice(*SCALERS)


def suggest(algorithm: Algorithm, task: Task, shape: Shape, rng: np.random.Generator) -> dict[str, Any]:
    """Complete parameters of one trial: the defaults, with every searched one drawn at random.

    The draw depends on ``rng`` only; values are plain Python numbers, strings and booleans.
    """
    drawn = {name: _draw(space, rng) for name, space in algorithm.space(task, shape).items()}
    return {**algorithm.defaults(task, shape), **drawn}


STEP = 0.2
"""Standard deviation of a step to a neighbour, as a share of the range (on its scale)."""
JUMP = 0.2
"""Probability that a neighbour has another choice of a categorical parameter."""


def neighbour(
    algorithm: Algorithm, task: Task, shape: Shape, params: dict[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    """Complete parameters near the given ones: every searched number takes a step, most choices stay."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    near = dict(params)
    for name, space in algorithm.space(task, shape).items():
        step, jump = rng.normal(0, STEP), rng.random()
        now = params.get(name)
        if isinstance(space, CategoricalDistribution) or not isinstance(now, (int, float)):  # "sqrt", say
            near[name] = _draw(space, rng) if jump < JUMP or name not in params else now
        elif isinstance(space, (FloatDistribution, IntDistribution)):
            value = min(space.high, max(space.low, now))
            if space.log:
                value *= (space.high / space.low) ** step
            else:
                value += (space.high - space.low) * step
            value = min(space.high, max(space.low, value))
            near[name] = round(value) if isinstance(space, IntDistribution) else float(value)
    return near


def corners(algorithm: Algorithm, task: Task, shape: Shape) -> tuple[dict[str, Any], dict[str, Any]]:
    """Complete parameters at the two ends of the space: all lowest (first), all highest (last)."""
    defaults, space = algorithm.defaults(task, shape), algorithm.space(task, shape)
    ends = {name: _ends(distribution) for name, distribution in space.items()}
    low, high = ({name: pair[i] for name, pair in ends.items()} for i in (0, 1))
    return {**defaults, **low}, {**defaults, **high}


def _ends(space: BaseDistribution) -> tuple[Any, Any]:
    from optuna.distributions import CategoricalDistribution

    if isinstance(space, CategoricalDistribution):
        return space.choices[0], space.choices[-1]
    return space.low, space.high


def _draw(space: BaseDistribution, rng: np.random.Generator) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(space, CategoricalDistribution):
        return space.choices[int(rng.integers(len(space.choices)))]
    if isinstance(space, FloatDistribution):
        if space.log:
            value = math.exp(rng.uniform(math.log(space.low), math.log(space.high)))
            return min(space.high, max(space.low, value))
        return float(rng.uniform(space.low, space.high))
    if not isinstance(space, IntDistribution):
        raise TypeError(f"cannot draw from {type(space).__name__}")
    if (
        space.log
    ):  # every integer owns the half unit around it, so both ends are drawn as often as they should
        exact = math.exp(rng.uniform(math.log(space.low - 0.5), math.log(space.high + 0.5)))
        return min(space.high, max(space.low, round(exact)))
    return int(rng.integers(space.low, space.high + 1))
