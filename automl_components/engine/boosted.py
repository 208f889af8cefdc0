"""Fitted boosting models in their libraries' own file formats: read when they first predict, written as they are."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np


class Boosted:
    """A model of a boosting library.

    Parameters
    ----------
    content : bytes
        As the library writes it.
    probabilities : bool
        Whether it is a classification.
    model : object, optional
        The same, as the library holds it.

    Attributes
    ----------
    n_jobs : int
        Threads that predicting may use.
    """

    library: ClassVar[str] = ""

    def __init__(self, content: bytes, probabilities: bool, model: Any = None) -> None:
        self.content, self.probabilities = np.frombuffer(content, dtype=np.uint8), probabilities
        self.n_jobs = 1
        if model is not None:
            self.model = model

    @cached_property
    def model(self) -> Any:
        """As the library holds it; read from its content on first use."""
        return self._read(self.content.tobytes())

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "model"}

    def _read(self, content: bytes) -> Any:
        raise AttributeError(f"{type(self).__name__} reads no files")

    def predict(self, X: Any) -> np.ndarray:
        """Values of a regression, shape (n,); of a classification the probabilities, shape (n, classes), or (n,) of the
        second of two classes."""
        raise AttributeError(f"{type(self).__name__} predicts nothing")


class LightGBMModel(Boosted):
    """A ``lightgbm.Booster``, as text, up to its best round."""

    library = "lightgbm"

    @classmethod
    def of(cls, booster: Any, probabilities: bool) -> LightGBMModel:
        """Of a fitted booster."""
        return cls(booster.model_to_string().encode(), probabilities, booster)

    def _read(self, content: bytes) -> Any:
        from lightgbm import Booster

        return Booster(model_str=content.decode())

    def predict(self, X: Any) -> np.ndarray:
        """See :meth:`Boosted.predict`."""
        return np.asarray(self.model.predict(X, num_threads=self.n_jobs))


class XGBoostModel(Boosted):
    """An ``xgboost.Booster``, as UBJSON."""

    library = "xgboost"

    @classmethod
    def of(cls, booster: Any, probabilities: bool) -> XGBoostModel:
        """Of a fitted booster."""
        return cls(bytes(booster.save_raw("ubj")), probabilities, booster)

    def _read(self, content: bytes) -> Any:
        from xgboost import Booster

        booster = Booster()
        booster.load_model(bytearray(content))
        return booster

    def predict(self, X: Any) -> np.ndarray:
        """See :meth:`Boosted.predict`."""
        self.model.set_param({"nthread": self.n_jobs})
        return np.asarray(self.model.inplace_predict(X))


class CatBoostModel(Boosted):
    """A ``catboost.CatBoost``, in its binary format."""

    library = "catboost"

    @classmethod
    def of(cls, model: Any, probabilities: bool) -> CatBoostModel:
        """Of a fitted model."""
        return cls(model._serialize_model(), probabilities, model)

    def _read(self, content: bytes) -> Any:
        from catboost import CatBoost

        return CatBoost().load_model(blob=content)

    def predict(self, X: Any) -> np.ndarray:
        """See :meth:`Boosted.predict`."""
        kind = "Probability" if self.probabilities else "RawFormulaVal"
        return np.asarray(self.model.predict(X, prediction_type=kind, thread_count=self.n_jobs))


LIBRARIES = {kind.__name__: kind.library for kind in (LightGBMModel, XGBoostModel, CatBoostModel)}
"""The library that each kind of model needs."""
