"""A fitted model by its address: a run's folder, a model's folder, or what MLflow logged or registered."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from automl_components import flavor
from automl_components.core import storage
from automl_components.core.errors import ArtifactError

if TYPE_CHECKING:
    from automl_components.engine.predictor import Predictor

MLFLOW = ("models:", "runs:")


def load_model(address: str | Path) -> Predictor:
    """The model at an address, ready for ``predict``, ``predict_proba`` and ``predict_table``.

    Known types only are restored, and no code of the model's files is run.

    Parameters
    ----------
    address : path or address
        A run's folder (its best model) or a ``best_model`` folder, local or at any fsspec address; or one of
        MLflow's: ``models:/name/3``, ``models:/name@alias``, ``models:/<id>``, ``runs:/<run>/best_model``, on
        the server that ``MLFLOW_TRACKING_URI`` names.

    Raises
    ------
    ArtifactError
        There is no model of this package at that address.
    TrackingError
        The MLflow server does not answer.
    """
    address = str(address)
    if not address.startswith(MLFLOW):
        best = storage.join(address, "best_model")
        found = best if storage.read_marker(best) is not None else address
        return flavor.load_model(storage.localise(found, storage.read_marker(found)))
    from automl_components import tracking

    with TemporaryDirectory(prefix="automl-") as scratch:
        folder = tracking.fetch_model(address, Path(scratch))
        try:
            return flavor.load_model(folder)
        except ArtifactError as error:
            raise ArtifactError(str(error).replace(str(folder), address)) from None
