"""How models lie on disk: MLflow model folders that a person, a server or ``automl predict`` can load.

::

    best_model/
      MLmodel                  MLflow's description: loader, signature, environment
      data/model/model.json    what it is: format, task, target, classes, raw columns, metadata
      data/model/model.skops   the fitted objects; the file names their types, and holds no code
      code/automl_components/  the modules of this package that predicting needs, and no others
      requirements.txt, conda.yaml, python_env.yaml, input_example.json, ...

``mlflow.pyfunc.load_model(folder).predict(rows)`` gives labels or values as an array of shape (rows,), as
MLflow's scoring server and its evaluation expect; with ``params={"method": "predict_proba"}`` it gives a
DataFrame with a column ``proba_<class>`` a class. A featurizer folder gives a DataFrame of features.

Every input of the signature is required and of MLflow's type ``any``. Its other types refuse what a model
can read here: ``double`` refuses 64-bit integers, ``long`` missing values, ``string`` categories, and each of
them a batch in which that column happens to be all null.
"""

from __future__ import annotations

import ast
import json
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import ArtifactError, SettingsError, TrustError, nearest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from mlflow.models import Model, ModelSignature

    from automl_components.engine.features import Featurizer
    from automl_components.engine.predictor import Predictor

FORMAT = 1
"""Version of the layout; raised when a reader of the former one would misread it."""
DATA = Path("data", "model")
METHODS = ("predict", "predict_proba")
EXAMPLE_ROWS = 5

PACKAGES = ("automl_components", "sklearn", "lightgbm", "xgboost", "catboost", "numpy", "scipy")
"""Packages whose types are loaded without being named by the caller ..."""
PASSIVE = {"DTypeNode", "ObjectNode", "SparseMatrixNode", "TreeNode"}
"""... where skops only gives an object its state back. Functions, methods, constructor calls and foreign
containers are not covered: in each of those packages there are functions that run what they are given."""
REQUIRED = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops")
BOOSTERS = ("catboost", "lightgbm", "xgboost")


def save_model(
    predictor: Predictor,
    path: Path,
    *,
    input_example: pd.DataFrame,
    metadata: Mapping[str, Any] | None = None,
    mlflow_model: Model | None = None,
) -> None:
    """Write a predictor as an MLflow model folder.

    Parameters
    ----------
    path : Path
        Absent, or an empty folder.
    input_example : DataFrame
        A few raw rows; the first five are kept, and of them only the columns that the model uses.
    metadata : mapping
        JSON values, kept in ``model.json`` and in ``MLmodel``.
    mlflow_model : mlflow.models.Model, optional
        Given by ``mlflow.models.Model.log(flavor=automl_components.flavor, ...)``.
    """
    classes = predictor.classes
    facts = {
        "kind": "predictor",
        "task": predictor.task,
        "target": predictor.target,
        "classes": None if classes is None else classes.tolist(),
        "columns": predictor.columns,
        "description": predictor.description,
    }
    _save(predictor, path, facts, _label_type(classes), input_example, metadata, mlflow_model)


def save_featurizer(
    featurizer: Featurizer,
    path: Path,
    *,
    input_example: pd.DataFrame,
    metadata: Mapping[str, Any] | None = None,
    mlflow_model: Model | None = None,
) -> None:
    """Write a fitted featurizer as an MLflow model folder; parameters as :func:`save_model`."""
    columns = list(featurizer.columns_)
    facts = {"kind": "featurizer", "columns": columns, "schema": featurizer.schema_.to_dict()}
    _save(featurizer, path, facts, None, input_example, metadata, mlflow_model)


def load_model(path: Path | str, *, trusted: Sequence[str] = ()) -> Predictor:
    """The predictor of a model folder. Nothing of MLflow is imported and no code of the folder is run.

    Parameters
    ----------
    trusted : sequence of str
        Further types that may be restored, as dotted names.

    Raises
    ------
    ArtifactError
        The folder is not one of our models, is damaged, or was written by a newer version.
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


# ---------------------------------------------------------------------------------------------- loading


def _facts(folder: Path) -> dict[str, Any]:
    file = folder / "model.json"
    try:
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        version = int(facts["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"no model of automl-components: {file} is missing or damaged ({type(error).__name__}); give the "
            "folder best_model or featurizer of a run, which holds an MLmodel file"
        ) from None
    if version > FORMAT:
        raise ArtifactError(
            f"{file} has format {version}, this version reads up to {FORMAT}: upgrade automl-components to "
            f"{facts.get('automl_components', 'a newer version')}, or use mlflow.pyfunc.load_model, which "
            "brings the model's own code"
        )
    return facts


def _read(folder: Path, kind: str | None, trusted: Sequence[str]) -> Any:
    from automl_components.engine.features import Featurizer
    from automl_components.engine.predictor import Predictor

    facts = _facts(folder)
    if kind is not None and facts["kind"] != kind:
        raise ArtifactError(f"{folder} holds a {facts['kind']}, not a {kind}")
    restored = _restore(folder / "model.skops", trusted)
    wanted = Predictor if facts["kind"] == "predictor" else Featurizer
    if not isinstance(restored, wanted):
        raise ArtifactError(
            f"{folder / 'model.skops'} holds a {type(restored).__name__}, not a {wanted.__name__}"
        )
    return restored


def _restore(file: Path, trusted: Sequence[str]) -> Any:
    """The object in a skops file, if every type in it is harmless or was named by the caller."""
    import skops.io

    try:
        vouched = {*_passive_types(file), *trusted}
        refused = sorted(set(skops.io.get_untrusted_types(file=file)) - vouched)
        if not refused:
            return skops.io.load(file, trusted=sorted(vouched))
    except ImportError as error:
        raise ArtifactError(
            f"{file} needs the package {error.name}: install it with pip install -r requirements.txt, "
            "the file beside MLmodel"
        ) from None
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"cannot read {file} ({type(error).__name__}: {error}); it is damaged, or was written with other "
            "versions of the packages in requirements.txt beside MLmodel"
        ) from error
    named = ", ".join(refused)
    raise TrustError(
        f"{file} holds types that nobody vouched for: {named}. Only if you know who made the file and what "
        f"they do, name them: load_model(path, trusted={tuple(refused)!r})"
    )


def _passive_types(file: Path) -> set[str]:
    """Types of the trusted packages that the file uses in passive places only."""
    loaders: dict[str, set[str]] = {}
    for name, loader in _nodes(file):
        loaders.setdefault(name, set()).add(loader)
    return {name for name, used in loaders.items() if name.split(".")[0] in PACKAGES and used <= PASSIVE}


def _nodes(file: Path) -> Iterator[tuple[str, str]]:
    """Type and skops loader of every node of a skops file."""
    with zipfile.ZipFile(file) as archive:
        stack: list[Any] = [json.loads(archive.read("schema.json"))]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "__loader__" in value:
                yield f"{value['__module__']}.{value['__class__']}", str(value["__loader__"])
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


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
        return pd.DataFrame(
            self.predictor.predict_proba(rows), columns=self.predictor.proba_names, index=rows.index
        )


class _Transformer:
    """What MLflow calls for a featurizer: float32 numbers, categories, sparse float32 columns."""

    def __init__(self, featurizer: Featurizer) -> None:
        self.featurizer = featurizer

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self.featurizer.to_frame(self.featurizer.transform(rows)).set_axis(rows.index, axis="index")


def _load_pyfunc(path: str) -> _Scorer | _Transformer:
    """MLflow's entry point: ``path`` is the folder with ``model.json``."""
    restored = _read(Path(path), None, ())
    return _Scorer(restored) if hasattr(restored, "members") else _Transformer(restored)


# ----------------------------------------------------------------------------------------------- saving


def _save(
    model: Any,
    path: Path,
    facts: dict[str, Any],
    output: str | None,
    input_example: pd.DataFrame,
    metadata: Mapping[str, Any] | None,
    mlflow_model: Model | None,
) -> None:
    import skops.io

    from automl_components import __version__

    metadata = json.loads(json.dumps(dict(metadata or {}), default=str))
    facts = {"format": FORMAT, "automl_components": __version__, **facts, "metadata": metadata}
    with tempfile.TemporaryDirectory() as staging:
        data, code = Path(staging, DATA.name), Path(staging, "automl_components")
        data.mkdir()
        (data / "model.json").write_text(json.dumps(facts, indent=1, default=str) + "\n", encoding="utf-8")
        # the fast level: forests shrink to a quarter, writing and reading cost no more than a plain copy
        skops.io.dump(model, data / "model.skops", compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        types = {name for name, _ in _nodes(data / "model.skops")}
        _copy_code(types, code)
        with _own_warnings_of_mlflow():
            import mlflow.pyfunc
            from mlflow.models import Model

            mlflow_model = mlflow_model or Model()
            mlflow_model.signature = _signature(facts["columns"], output)
            mlflow.pyfunc.save_model(
                path=str(path),
                loader_module="automl_components.flavor",
                data_path=str(data),
                code_paths=[str(code)],
                input_example=_example(input_example, facts["columns"]),
                pip_requirements=_requirements(types),
                metadata=metadata,
                mlflow_model=mlflow_model,
            )
    for stray in ("uv.lock", "pyproject.toml", ".python-version"):
        # MLflow copies them from a uv project in the working folder, which has nothing to do with the model
        Path(path, stray).unlink(missing_ok=True)


@contextmanager
def _own_warnings_of_mlflow() -> Iterator[None]:
    with warnings.catch_warnings():
        # its own type hints, each time it is imported
        warnings.filterwarnings("ignore", message=".*type hint", category=UserWarning)
        # it compares column names with a range, which pandas 3 deprecates
        warnings.filterwarnings("ignore", message="Operation with range", category=DeprecationWarning)
        yield


def _signature(columns: Sequence[str], output: str | None) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    inputs = Schema([ColSpec(type=AnyType(), name=column) for column in columns])
    if output is None:
        return ModelSignature(inputs=inputs)
    params = ParamSchema([ParamSpec(name="method", dtype="string", default="predict")])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec(type=output)]), params=params)


def _example(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    return rows.head(EXAMPLE_ROWS).rename(columns=str)[list(columns)].reset_index(drop=True)


def _label_type(classes: np.ndarray | None) -> str:
    kind = "f" if classes is None else classes.dtype.kind
    return {"b": "boolean", "i": "long", "u": "long", "f": "double", "M": "datetime"}.get(kind, "string")


def _requirements(types: Iterable[str]) -> list[str]:
    """What the model needs to predict, pinned to the installed versions; boosters only where it holds one."""
    from importlib.metadata import version

    used = {name.split(".")[0] for name in types}
    # a local version such as 2.1+cpu is in no index
    return [f"{name}=={version(name).split('+')[0]}" for name in (*REQUIRED, *sorted(used & set(BOOSTERS)))]


def _copy_code(types: Iterable[str], target: Path) -> None:
    """Copy the modules that define ``types`` and the loader, and whatever they import of this package."""
    root = Path(__file__).resolve().parent
    waiting = {"automl_components.flavor", *(name.rpartition(".")[0] for name in types)}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        parts = name.split(".")
        if name in seen or parts[0] != "automl_components":
            continue
        seen.add(name)
        waiting.add(name.rpartition(".")[0])
        place = root.joinpath(*parts[1:])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if not file.is_file():  # the last part names an attribute of a module, not a module
            continue
        copy = target / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        waiting.update(_imported(ast.parse(file.read_text(encoding="utf-8"))))


def _imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports at run time, inside functions too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from _imported(node)
