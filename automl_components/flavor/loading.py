"""Model folders read back, without MLflow and without running their code; and what MLflow's loader gets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import ArtifactError, SettingsError, nearest
from automl_components.flavor.trust import restore

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from automl_components.engine.features import Featurizer
    from automl_components.engine.predictor import Predictor

FORMAT = 3
"""Number of the layout of files and objects; raised whenever a class that a model keeps has other attributes.

1: an object for each raw column. 2: columns of numbers share their objects. 3: forests are arrays.
"""
DATA = Path("data", "model")
METHODS = ("predict", "predict_proba")


def load_model(path: Path | str, *, trusted: Sequence[str] = ()) -> Predictor:
    """The predictor of a model folder. Nothing of MLflow is imported and no code of the folder is run.

    Parameters
    ----------
    trusted : sequence of str
        Further types that may be restored, as dotted names.

    Raises
    ------
    ArtifactError
        The folder is not one of our models, is damaged, or has another format than this version's.
    TrustError
        The file holds types of other packages, or functions; the message names them.
    """
    predictor: Predictor = _read(Path(path) / DATA, "predictor", trusted)
    return predictor


def load_featurizer(path: Path | str, *, trusted: Sequence[str] = ()) -> Featurizer:
    """The featurizer of a ``featurizer`` folder; parameters and errors as :func:`load_model`."""
    featurizer: Featurizer = _read(Path(path) / DATA, "featurizer", trusted)
    return featurizer


def predictor_metadata(path: Path | str) -> dict[str, Any]:
    """What ``model.json`` of a model folder says, without loading the model; errors as :func:`load_model`."""
    return _facts(Path(path) / DATA)


def _facts(folder: Path) -> dict[str, Any]:
    file = folder / "model.json"
    try:
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        version, _ = int(facts["format"]), str(facts["kind"])
    except FileNotFoundError:
        top = folder.parents[1]
        hint = f"; did you mean {top / 'best_model'}?" if (top / "best_model").is_dir() else ""
        what = "holds no model of automl-components" if top.exists() else "is not there"
        raise ArtifactError(
            f"{top} {what}{hint or '; give the folder best_model of a run, which holds an MLmodel file'}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"no model of automl-components: {file} is missing or damaged ({type(error).__name__}); give the "
            "folder best_model or featurizer of a run, which holds an MLmodel file"
        ) from None
    if version != FORMAT:
        other = facts.get("automl_components", "unknown")
        change = "upgrade to that version" if version > FORMAT else "train it again, install that version"
        raise ArtifactError(
            f"{file} has format {version}, written by automl-components {other}; this version reads format {FORMAT} "
            f"alone: {change}, or load it with mlflow.pyfunc in an environment without automl-components: the folder "
            "brings its code"
        )
    return facts


def _read(folder: Path, kind: str, trusted: Sequence[str] = ()) -> Any:
    from automl_components.engine.features import Featurizer
    from automl_components.engine.predictor import Predictor

    found = _facts(folder)["kind"]
    if found != kind:
        raise ArtifactError(f"{folder} holds a {found}, not a {kind}")
    restored = restore(folder / "model.skops", trusted)
    wanted = Predictor if kind == "predictor" else Featurizer
    if not isinstance(restored, wanted):
        raise ArtifactError(
            f"{folder / 'model.skops'} holds a {type(restored).__name__}, not a {wanted.__name__}"
        )
    return restored


def _load_pyfunc(path: str) -> _Scorer | _Transformer:
    """MLflow's entry point: ``path`` is the folder with ``model.json``."""
    folder = Path(path)
    if _facts(folder)["kind"] == "featurizer":
        return _Transformer(_read(folder, "featurizer"))
    return _Scorer(_read(folder, "predictor"))


class _Scorer:
    """What MLflow calls for a predictor."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def predict(
        self, rows: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> np.ndarray | pd.DataFrame:
        import pandas as pd

        method = (params or {}).get("method", "predict")
        if method not in METHODS:
            raise SettingsError(f"unknown method {method!r}{nearest(str(method), METHODS)}")
        if method == "predict":
            return self.predictor.predict(rows)
        proba = self.predictor.predict_proba(rows)
        return pd.DataFrame(proba, columns=self.predictor.proba_names, index=rows.index)


class _Transformer:
    """What MLflow calls for a featurizer: float32 numbers, categories, sparse float32 columns."""

    def __init__(self, featurizer: Featurizer) -> None:
        self.featurizer = featurizer

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self.featurizer.to_frame(self.featurizer.transform(rows)).set_axis(rows.index, axis="index")
