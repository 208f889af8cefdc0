"""Predictors and featurizers written as MLflow model folders, with the code and the versions they need."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import ArtifactError
from automl_components.engine.boosted import LIBRARIES
from automl_components.flavor.loading import DATA, FORMAT
from automl_components.flavor.trust import nodes

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from mlflow.models import Model, ModelSignature

    from automl_components.engine.features import Featurizer
    from automl_components.engine.predictor import Predictor

EXAMPLE_ROWS = 5
TYPES_IN_MLMODEL = 1000
LOADER = "automl_components.flavor"
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
        JSON values, kept in ``model.json`` and in ``MLmodel``; ``column_types`` is added, in ``MLmodel`` only
        where there are at most 1,000 columns.
    mlflow_model : mlflow.models.Model, optional
        Given by ``mlflow.models.Model.log(flavor=automl_components.flavor, ...)``.

    Raises
    ------
    ArtifactError
        The folder exists and is not empty.
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

    if Path(path).exists() and any(Path(path).iterdir()):
        raise ArtifactError(f"cannot write a model to {path}: the folder is not empty; give another one")
    metadata = {**(metadata or {}), "column_types": types_of(model, input_example)}
    metadata = json.loads(json.dumps(metadata, default=_plain))
    facts = {"format": FORMAT, "automl_components": __version__, **facts, "metadata": metadata}
    with tempfile.TemporaryDirectory() as staging:
        data, code = Path(staging, DATA.name), Path(staging, "automl_components")
        data.mkdir()
        (data / "model.json").write_text(json.dumps(facts, indent=1, default=_plain) + "\n", encoding="utf-8")
        # the fast level: forests shrink to a quarter, writing and reading cost no more than a plain copy
        skops.io.dump(model, data / "model.skops", compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        types = {name for name, _ in nodes(data / "model.skops")}
        _copy_code(types, code)
        with _own_warnings_of_mlflow():
            import mlflow.pyfunc
            from mlflow.models import Model

            mlflow_model = mlflow_model or Model()
            optional = getattr(model, "featurizer", model).optional_columns_
            mlflow_model.signature = _signature(facts["columns"], optional, output)
            with _errors_of_the_system():
                mlflow.pyfunc.save_model(
                    path=str(path),
                    loader_module=LOADER,
                    data_path=str(data),
                    code_paths=[str(code)],
                    input_example=_example(input_example, facts["columns"]),
                    pip_requirements=_requirements(types),
                    metadata=_of_mlflow(metadata),
                    mlflow_model=mlflow_model,
                )
    for stray in ("uv.lock", "pyproject.toml", ".python-version"):
        # MLflow copies them from a uv project in the working folder, which has nothing to do with the model
        Path(path, stray).unlink(missing_ok=True)


def _of_mlflow(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Without the types of thousands of columns: MLflow writes its YAML twice, at a second for ten thousand lines."""
    few = len(metadata["column_types"]) <= TYPES_IN_MLMODEL
    return {key: value for key, value in metadata.items() if few or key != "column_types"}


def _plain(value: Any) -> Any:
    """What JSON does not know: NumPy's numbers and arrays as Python's, anything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


@contextmanager
def _own_warnings_of_mlflow() -> Iterator[None]:
    with warnings.catch_warnings():
        # its own type hints, each time it is imported
        warnings.filterwarnings("ignore", message=".*type hint", category=UserWarning)
        # it compares column names with a range, which pandas 3 deprecates
        warnings.filterwarnings("ignore", message="Operation with range", category=DeprecationWarning)
        yield


@contextmanager
def _errors_of_the_system() -> Iterator[None]:
    """Raise a full disk as the OSError that it is; MLflow takes it for advice about the code that it copies."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        number = re.search(r"\[Errno (\d+)\]", str(error.__cause__))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def _signature(columns: Sequence[str], optional: Sequence[str], output: str | None) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    inputs = Schema([ColSpec(AnyType(), column, required=column not in optional) for column in columns])
    if output is None:
        return ModelSignature(inputs=inputs)
    params = ParamSchema([ParamSpec(name="method", dtype="string", default="predict")])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec(type=output)]), params=params)


def types_of(model: Predictor | Featurizer, rows: pd.DataFrame) -> dict[str, str]:
    """What each raw column was learned as, such as ``"Numeric (int64)"``: its purpose, and its dtype in ``rows``."""
    featurizer = getattr(model, "featurizer", model)
    dtypes = {str(name): str(dtype) for name, dtype in rows.dtypes.items()}
    return {name: f"{featurizer.purposes_[name]} ({dtypes[name]})" for name in featurizer.columns_}


def _example(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The first rows; cells that MLflow cannot write as JSON, such as decimals and durations, as numbers or text."""
    example = rows.head(EXAMPLE_ROWS).rename(columns=str)[list(columns)].reset_index(drop=True)
    odd = {name: column for name, column in example.items() if column.dtype.kind in "Om"}
    return example.assign(**{name: column.astype(object).map(_writable) for name, column in odd.items()})


def _writable(cell: Any) -> Any:
    if cell is None or isinstance(cell, (str, bytes, bool, int, float, list, dict)) or hasattr(cell, "dtype"):
        return cell
    if cell != cell:  # NaT
        return None
    if isinstance(cell, timedelta):
        return cell.total_seconds()  # as the model reads it
    return float(cell) if isinstance(cell, Decimal) else str(cell)


def _label_type(classes: np.ndarray | None) -> str:
    kind = "f" if classes is None else classes.dtype.kind
    return {"b": "boolean", "i": "long", "u": "long", "f": "double", "M": "datetime"}.get(kind, "string")


def _requirements(types: Iterable[str]) -> list[str]:
    """What the model needs to predict, pinned to the installed versions; boosters only where it holds one."""
    from importlib.metadata import version

    used = {LIBRARIES.get(name.rpartition(".")[2], name.split(".")[0]) for name in types}
    # a local version such as 2.1+cpu is in no index
    return [f"{name}=={version(name).split('+')[0]}" for name in (*REQUIRED, *sorted(used & set(BOOSTERS)))]


def _copy_code(types: Iterable[str], target: Path) -> None:
    """Copy the modules that define ``types`` and the loader, and whatever they import of this package."""
    root = Path(__file__).resolve().parents[1]
    waiting = {LOADER, *(name.rpartition(".")[0] for name in types)}
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
