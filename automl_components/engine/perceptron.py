"""A multilayer perceptron for tables, in NumPy: small, and smooth where trees are steps, so that it adds to them.

The recipe is that of RealMLP-TD-S (Holzmueller and others, 2024, arXiv 2407.04491): robust scaling that is cut
smoothly, a learnt scale for each input, layers in the neural tangent parametrisation, Adam with few memories, a
learning rate that goes up and down four times. It is made smaller here, for two cores and less than a minute.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from automl_components.transformers.imputer import quantile

if TYPE_CHECKING:
    from automl_components.engine.boosters import Rows, Stopper

STEPS, BATCHES = 16, (16, 256)
"""Steps that an epoch should have at least, and the least and most rows of a batch."""
CYCLES = 15.0
"""The learning rate of the share t of the training is 0.5 - 0.5 cos(2 pi log2(1 + 15 t)): four cycles."""
BETAS, EPSILON = (0.9, 0.95), 1e-8
SCALE_RATE, BIAS_RATE = 6.0, 0.1
"""Learning rates of the inputs' scales and of the biases, in units of that of the weights."""
SELU = (1.6732632423543772, 1.0507009873554805)
QUARTILES = (0.25, 0.5, 0.75)
CHUNK = 1 << 14
"""Rows that are predicted at once."""


class Network:
    """The weights of a perceptron, and what they make of rows.

    Attributes
    ----------
    sizes : list of int
        Inputs, hidden units of each layer, outputs.
    weights : float32 array, shape (all of them,)
        The inputs' scales, then matrix and biases of each layer.
    scaling : RobustScaling
    classifies : bool
    bounds : tuple of float
        Predicted values of a regression stay between them.
    """

    def __init__(
        self,
        sizes: list[int],
        weights: np.ndarray,
        scaling: RobustScaling,
        classifies: bool,
        bounds: tuple[float, float],
    ) -> None:
        self.sizes, self.weights, self.scaling = sizes, weights, scaling
        self.classifies, self.bounds = classifies, bounds

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Probabilities, shape (n, classes), or values, shape (n,)."""
        parts = [self.judge(self.scaling(X[at : at + CHUNK])) for at in range(0, max(1, len(X)), CHUNK)]
        return np.concatenate(parts)

    def judge(self, scaled: np.ndarray) -> np.ndarray:
        """The same for rows that are scaled already."""
        found = outputs(views(self.weights, self.sizes), scaled).astype(np.float64)
        return softmax(found) if self.classifies else np.clip(found[:, 0], *self.bounds)


class RobustScaling:
    """Columns without their median, divided by the distance of their quartiles and cut smoothly.

    Where more than half of a column is one value, half of its range takes the place of that distance.
    """

    def __init__(self, X: np.ndarray, weight: np.ndarray | None = None) -> None:
        if weight is None:
            found = np.quantile(X, QUARTILES, axis=0)
        else:
            found = np.array([[quantile(column, weight, share) for column in X.T] for share in QUARTILES])
        low, self.center, high = found.astype(np.float32)
        spread = np.where(high > low, high - low, np.ptp(X, axis=0) / 2)
        self.factor = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0).astype(np.float32)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """x / sqrt(1 + (x / 3)^2) of the scaled x, as float32: near 0 as it is, never beyond 3."""
        X = (np.asarray(X, dtype=np.float32) - self.center) * self.factor
        cut: np.ndarray = X / np.sqrt(1 + np.square(X / np.float32(3)))
        return cut


class Perceptron(BaseEstimator):
    """An unfitted perceptron; :class:`PerceptronClassifier` and :class:`PerceptronRegressor` are to be used.

    Parameters
    ----------
    hidden : int
        Units of each hidden layer.
    layers : int
        Hidden layers.
    epochs : int
        Passes over the training rows that the learning rate is planned for.
    learning_rate : float
    label_smoothing : float
        Share of each label that is dealt out to all classes.
    random_state : int
    """

    classifies: ClassVar[bool]

    def __init__(
        self,
        hidden: int = 128,
        layers: int = 3,
        epochs: int = 64,
        learning_rate: float = 0.04,
        label_smoothing: float = 0.0,
        random_state: int = 0,
    ) -> None:
        self.hidden, self.layers, self.epochs, self.learning_rate = hidden, layers, epochs, learning_rate
        self.label_smoothing, self.random_state = label_smoothing, random_state

    def train(self, train: Rows, valid: Rows | None, stopper: Stopper) -> Network:
        """Fit on rows, with the weights of the epoch that did best on validation rows, or else of the last.

        Parameters
        ----------
        train, valid : Rows
            float matrices; targets are class codes from 0 on, or float values.
        stopper : Stopper
            Told of each epoch's validation loss; says when to stop.
        """
        # one thread, so that sums are made in the same order wherever the fit runs
        with threadpool_limits(1):
            return self._train(train, valid, stopper)

    def _train(self, train: Rows, valid: Rows | None, stopper: Stopper) -> Network:
        rng = np.random.default_rng(self.random_state)
        targets = self._targets(train)
        scaling, weight = RobustScaling(train.X, train.weight), _column(train.weight)
        X = scaling(train.X)
        sizes = [X.shape[1], *[self.hidden] * self.layers, targets.shape[1]]
        flat, rates = initial(sizes, rng)
        bounds = (0.0, 0.0) if self.classifies else (float(np.min(train.y)), float(np.max(train.y)))
        judge = None if valid is None else _Judge(valid, scaling(valid.X))
        batch = int(np.clip(len(X) // STEPS, *BATCHES))
        steps = max(1, len(X) // batch)
        adam, kept = _Adam(flat, rates * np.float32(self.learning_rate)), flat.copy()
        step, total = 0, steps * self.epochs
        for _ in range(self.epochs):
            order = rng.permutation(len(X))
            for k in range(steps):
                rows = order[k * batch : (k + 1) * batch]
                step += 1
                slope = gradient(
                    views(flat, sizes), X[rows], targets[rows], None if weight is None else weight[rows],
                    sizes, classifies=self.classifies,
                )  # fmt: skip
                adam.step(slope, 0.5 - 0.5 * np.cos(2 * np.pi * np.log2(1 + CYCLES * step / total)))
            network = Network(sizes, flat, scaling, self.classifies, bounds)
            stop = stopper(None if judge is None else judge(network))
            if stopper.best == stopper.round:
                kept[:] = flat
            if stop:
                break
        return Network(sizes, kept, scaling, self.classifies, bounds)

    def _targets(self, train: Rows) -> np.ndarray:
        """What the outputs should be, float32, shape (n, outputs)."""
        if not self.classifies:
            return np.asarray(train.y, dtype=np.float32)[:, None]
        classes = int(np.max(train.y)) + 1
        hot = np.eye(classes, dtype=np.float32)[np.asarray(train.y, dtype=np.int64)]
        return hot * np.float32(1 - self.label_smoothing) + np.float32(self.label_smoothing / classes)


class PerceptronClassifier(Perceptron):
    """Cross-entropy of a softmax."""

    classifies = True


class PerceptronRegressor(Perceptron):
    """Squared error."""

    classifies = False


class _Judge:
    """The loss of a network on validation rows."""

    def __init__(self, valid: Rows, scaled: np.ndarray) -> None:
        self.y, self.weight, self.scaled = valid.y, valid.weight, scaled

    def __call__(self, network: Network) -> float:
        found, y = network.judge(self.scaled), self.y
        if network.classifies:
            losses = -np.log(np.maximum(found[np.arange(len(y)), np.asarray(y, dtype=np.int64)], 1e-7))
        else:
            losses = (found - y) ** 2
        return float(np.average(losses, weights=self.weight))


class _Adam:
    """Adam (Kingma and Ba, 2015) on one vector, in place."""

    def __init__(self, weights: np.ndarray, rates: np.ndarray) -> None:
        self.weights, self.rates, self.count = weights, rates, 0
        self.mean, self.square = np.zeros_like(weights), np.zeros_like(weights)

    def step(self, slope: np.ndarray, factor: float) -> None:
        self.count += 1
        first, second = BETAS
        self.mean *= np.float32(first)
        self.mean += np.float32(1 - first) * slope
        self.square *= np.float32(second)
        self.square += np.float32(1 - second) * slope * slope
        size = np.sqrt(self.square * np.float32(1 / (1 - second**self.count)))
        size += np.float32(EPSILON)
        self.weights -= np.float32(factor / (1 - first**self.count)) * self.rates * self.mean / size


def initial(sizes: list[int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Weights to start from, and their learning rates, in units of that of the matrices; the last layer starts at 0."""
    flat, rates = (fill(len_of(sizes), dtype=np.float32) for fill in (np.zeros, np.ones))
    (scales, *layers), (scale_rates, *layer_rates) = views(flat, sizes), views(rates, sizes)
    scales[:], scale_rates[:] = 1, SCALE_RATE
    for number, ((matrix, bias), (_, bias_rates)) in enumerate(zip(layers, layer_rates, strict=True)):
        bias_rates[:] = BIAS_RATE
        if number < len(layers) - 1:
            matrix[:] = rng.standard_normal(matrix.shape, dtype=np.float32)
            bias[:] = rng.standard_normal(bias.shape, dtype=np.float32)
    return flat, rates


def views(flat: np.ndarray, sizes: list[int]) -> list[Any]:
    """The scales, and matrix and biases of each layer, as views of the vector of all."""
    found: list[Any] = [flat[: sizes[0]]]
    at = sizes[0]
    for fan_in, fan_out in pairwise(sizes):
        middle, end = at + fan_in * fan_out, at + fan_in * fan_out + fan_out
        found.append((flat[at:middle].reshape(fan_in, fan_out), flat[middle:end]))
        at = end
    return found


def outputs(layers: list[Any], X: np.ndarray) -> np.ndarray:
    """What the last layer says of rows, shape (n, outputs)."""
    scales, *rest = layers
    found = X * scales
    for number, (matrix, bias) in enumerate(rest):
        found = found @ matrix * _scale(matrix) + bias
        if number < len(rest) - 1:
            found = selu(found)[0]
    return found


def gradient(
    layers: list[Any],
    X: np.ndarray,
    targets: np.ndarray,
    weight: np.ndarray | None,
    sizes: list[int],
    *,
    classifies: bool,
) -> np.ndarray:
    """Of the mean loss of a batch by all weights, as the weights lie."""
    scales, *rest = layers
    seen, slopes = [X * scales], []
    for number, (matrix, bias) in enumerate(rest):
        found = seen[-1] @ matrix * _scale(matrix) + bias
        if number < len(rest) - 1:
            found, slope = selu(found)
            seen.append(found)
            slopes.append(slope)
    back = (softmax(found) if classifies else found) - targets
    back *= np.float32((1.0 if classifies else 2.0) / len(X)) * (1 if weight is None else weight)
    flat = np.empty(len_of(sizes), dtype=scales.dtype)
    scale_slope, *rest_slopes = views(flat, sizes)
    for number in reversed(range(len(rest))):
        (matrix, _), (matrix_slope, bias_slope) = rest[number], rest_slopes[number]
        np.matmul(seen[number].T, back, out=matrix_slope)
        matrix_slope *= _scale(matrix)
        back.sum(axis=0, out=bias_slope)
        back = back @ matrix.T * _scale(matrix)
        if number:
            back *= slopes[number - 1]
    np.einsum("ij,ij->j", back, X, out=scale_slope)
    return flat


def selu(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scaled exponential linear unit (Klambauer and others, 2017), and its slope."""
    alpha, factor = np.float32(SELU[0] * SELU[1]), np.float32(SELU[1])
    below = alpha * np.exp(np.minimum(values, 0))
    positive = values > 0
    return np.where(positive, factor * values, below - alpha), np.where(positive, factor, below)


def softmax(values: np.ndarray) -> np.ndarray:
    """Probabilities of the rows of logits."""
    found = np.exp(values - values.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    return found


def len_of(sizes: list[int]) -> int:
    """Number of weights."""
    return sizes[0] + sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairwise(sizes))


def _scale(matrix: np.ndarray) -> np.float32:
    return np.float32(1 / np.sqrt(len(matrix)))


def _column(weight: np.ndarray | None) -> np.ndarray | None:
    return None if weight is None else np.asarray(weight, dtype=np.float32)[:, None]
