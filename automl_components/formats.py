"""The folders of a run that are more than one table: how checked_data, features and trials lie on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core import storage
from automl_components.core.artifacts import redacted
from automl_components.core.errors import ArtifactError
from automl_components.core.journal import Journal
from automl_components.core.tables import read_table, write_mltable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from automl_components.engine.features import Featurizer
    from automl_components.engine.matrix import FeatureMatrix
    from automl_components.engine.problem import Problem
    from automl_components.engine.purposes import ColumnInfo
    from automl_components.engine.trial import TrialResult

SPLIT = "_automl_split_"
TARGET = "_automl_target"
WEIGHT = "_automl_weight"
GROUP = "_automl_group"
TEST = "test"
EXAMPLE_ROWS = 3
COLUMNS = "columns.json"
LINES = 500
"""Columns from which a recipe has a line for each."""


def write_json(path: Path, value: Any) -> None:
    """A JSON file a person can read: the whole of it, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=1, sort_keys=False, default=str) + "\n", encoding="utf-8")
    os.replace(part, path)


def _write_rows(path: Path, tables: Mapping[str, Sequence[Any]]) -> None:
    """The same for lists of rows, a line each: an indented text takes json a second for ten thousand of them."""
    told = [
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row, default=str) for row in rows) + "\n]"
        for name, rows in tables.items()
    ]
    path.write_text("{\n" + ",\n".join(told) + "\n}\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class CheckedData:
    """Rows, types and target settled, folds fixed.

    Attributes
    ----------
    frame : DataFrame
        Feature columns of the training and validation rows.
    target : array, shape (n,)
        int32 codes of ``classes``, or float64.
    classes : list
        Original labels, sorted; empty for regression.
    splits : int8 array, shape (n, k)
    weights : float64 array, shape (n,), or None
    groups : int64 array, shape (n,), or None
        What stays together in folds: codes of the group column, or ranks of the time column.
    facts : mapping
        ``task``, ``target`` (column name), ``weight``, ``group``, ``time``, ``splits`` (what was decided and
        why), ``repairs`` (of columns, for the featurizer), ``personal`` (columns that seem to hold personal data),
        ``personal_texts`` (columns of texts with such in them), ...
    test : DataFrame or None
        The rows that ``test_data_size`` cut off first, as they came, with their target.
    columns : mapping of column to ColumnInfo
        What feature columns were detected as in these rows, so that nobody needs to look again; not of columns
        whose purpose the user declared or that are dropped, nor of those that a file may hold in another form.
    """

    frame: pd.DataFrame
    target: np.ndarray
    classes: list[Any]
    splits: np.ndarray
    weights: np.ndarray | None
    facts: Mapping[str, Any]
    test: pd.DataFrame | None = None
    columns: Mapping[str, ColumnInfo] = field(default_factory=dict)
    groups: np.ndarray | None = None

    def labels(self) -> np.ndarray | None:
        """The classes as an array in their own type; None for regression."""
        import numpy as np

        return np.asarray(self.classes) if self.classes else None

    def example(self) -> pd.DataFrame:
        """A few feature rows for others to see: of personal data only the shape."""
        from automl_components.guardrails.personal_data import masked_rows

        whole, texts = (self.facts.get(key, ()) for key in ("personal", "personal_texts"))
        return masked_rows(self.frame.head(EXAMPLE_ROWS), whole, texts)

    def words_to_hide(self) -> dict[str, frozenset[str]]:
        """By column of texts with personal data in it: the words that are shown to nobody."""
        from automl_components.core.masks import words_of_addresses

        texts = self.facts.get("personal_texts", ())
        return {name: words_of_addresses(self.frame[name]) for name in texts}


def write_checked(data: CheckedData, folder: Path) -> None:
    """Write ``checked_data``: the feature columns, target codes, weights and split columns in one table."""
    write_mltable(_with_reserved(data.frame, data), folder)
    write_json(folder / "checked.json", {**data.facts, "classes": data.classes})
    write_json(folder / COLUMNS, _described(data))
    if data.test is not None:
        write_mltable(data.test, folder / TEST)


def read_checked(folder: Path) -> CheckedData:
    """The inverse of :func:`write_checked`."""
    facts = _facts(folder / "checked.json", "checked_data")
    frame, target, weights, splits, groups = _without_reserved(read_table(folder))
    classes = facts.pop("classes")
    test = read_table(folder / TEST) if (folder / TEST).exists() else None
    columns = _columns(folder, frame)
    return CheckedData(frame, target, classes, splits, weights, facts, test, columns, groups)


def _described(data: CheckedData) -> dict[str, dict[str, Any]]:
    """For each column its dtype and what it was detected as; what is as usual is left out."""
    usual = {"confidence": 1.0, "decimal": ".", "unit": "", "formats": (), "timezone": None}
    told = {}
    for name, dtype in data.frame.dtypes.items():
        if name in data.columns:
            info = asdict(data.columns[name])
            kept = {key: value for key, value in info.items() if key not in usual or value != usual[key]}
            told[str(name)] = {"dtype": str(dtype), **kept}
    return told


def _columns(folder: Path, frame: pd.DataFrame) -> dict[str, ColumnInfo]:
    """What columns were detected as, where they came back from the file in their own dtype and are no mere objects."""
    from automl_components.engine.purposes import ColumnInfo

    dtypes = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    told = read_json(folder / COLUMNS) if (folder / COLUMNS).exists() else {}
    found = {}
    for name, facts in told.items():
        dtype, formats = facts.pop("dtype"), tuple(facts.pop("formats", ()))
        if dtypes.get(name) == dtype != "object":
            found[name] = ColumnInfo(**facts, formats=formats)
    return found


def write_features(matrix: FeatureMatrix, checked: CheckedData, folder: Path) -> None:
    """Write ``features``: numbers and category codes as a table, sparse columns beside it in SciPy's format."""
    import pandas as pd
    from scipy.sparse import save_npz

    schema = matrix.schema
    numeric = pd.DataFrame(matrix.numeric, columns=list(schema.numeric))
    codes = pd.DataFrame(matrix.codes, columns=list(schema.codes))
    frame = pd.concat([numeric, codes], axis=1)
    write_mltable(_with_reserved(frame, checked), folder)
    if matrix.sparse is not None:
        save_npz(folder / "sparse.npz", matrix.sparse, compressed=False)
    facts = {**checked.facts, "classes": checked.classes, "schema": schema.to_dict()}
    write_json(folder / "features.json", facts)


def write_featurization(
    featurizer: Featurizer,
    folder: Path,
    personal: Sequence[str] = (),
    hidden: Mapping[str, Collection[str]] = {},
) -> None:
    """Write beside a featurizer what it does: ``featurization.json`` for reports, ``recipe.yml`` for people.

    What was learnt from ``personal`` columns is left out, and their values in names of features are masked; of texts
    only long numbers and the ``hidden`` words.
    """
    from automl_components.engine import transparency

    told = {
        "summary": transparency.featurization_summary(featurizer),
        "features": transparency.engineered_features(featurizer, personal, hidden),
    }
    _write_rows(folder / "featurization.json", told)
    recipe = _recipe_text(transparency.recipe_of(featurizer, personal, hidden))
    (folder / "recipe.yml").write_text(recipe, encoding="utf-8")


def _recipe_text(recipe: dict[str, Any]) -> str:
    """The recipe as YAML; of very many columns each on a line of its own, since PyYAML would take seconds."""
    import yaml

    def dumped(part: Mapping[str, Any]) -> str:
        text: str = yaml.dump(
            part, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, allow_unicode=True,
            width=110, default_flow_style=None,
        )  # fmt: skip
        return text

    if len(recipe["columns"]) < LINES:
        return dumped(recipe)
    columns = [f"  {_flow(name)}: {_flow(told)}\n" for name, told in recipe["columns"].items()]
    rest = {name: part for name, part in recipe.items() if name != "columns"}
    return "".join(["columns:\n", *columns, dumped(rest)])


def _flow(value: Any) -> str:
    """Plain values as one line of YAML.

    >>> _flow({"fill": [1e-05, float("inf"), None, True], "say": "yes: \\"no\\""})
    '{"fill": [1.0e-05, .inf, null, true], "say": "yes: \\\\"no\\\\""}'
    """
    if isinstance(value, str):
        plain = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain) + '"'
    if isinstance(value, float):
        text = repr(value) if value - value == 0 else f"{value:+}".replace("+", "").replace("nan", ".nan")
        text = text.replace("inf", ".inf")
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value)


def read_featurization(folder: Path) -> dict[str, Any]:
    """What a ``featurizer`` folder says of itself.

    ``summary``: one row a raw column, in Azure's shape; ``features``: one row for each transformer of a
    column, with the names of its features (see :mod:`automl_components.engine.transparency`).
    """
    return _facts(folder / "featurization.json", "featurizer")


def read_problem(folder: Path, *, primary_metric: str, positive_label: Any, seed: int) -> Problem:
    """The learning problem that ``features`` holds."""
    import numpy as np
    from scipy.sparse import load_npz

    from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
    from automl_components.engine.problem import Problem

    facts = _facts(folder / "features.json", "features")
    schema = FeatureSchema.from_dict(facts["schema"])
    frame, target, weights, splits, groups = _without_reserved(read_table(folder))
    numeric = np.ascontiguousarray(frame[list(schema.numeric)].to_numpy(np.float32))
    codes = np.ascontiguousarray(frame[list(schema.codes)].to_numpy(np.int32))
    sparse = load_npz(folder / "sparse.npz").tocsr() if schema.sparse else None
    return Problem(
        task=facts["task"], features=FeatureMatrix(numeric, codes, sparse, schema), target=target, splits=splits,
        primary_metric=primary_metric, classes=facts["classes"], weights=weights, positive_label=positive_label,
        seed=seed, groups=groups, ordered=facts.get("time") is not None,
    )  # fmt: skip


def read_findings(report: Path, leaderboard: Path | None = None) -> list[dict[str, Any]]:
    """What the guardrails found; with the leaderboard of the finished search, as that left it."""
    from automl_components.guardrails.class_balance import settled

    found: list[dict[str, Any]] = read_json(report / "findings.json")
    if leaderboard is None:
        return found
    return settled(found, read_json(leaderboard / "ensemble.json").get("choices", {}).get("class_weights"))


def reasons(ensemble: Mapping[str, Any]) -> dict[str, str]:
    """Why the best model is made as it is, by what was decided: of the facts in ``ensemble.json``."""
    told = {**ensemble.get("choices", {}), **ensemble.get("finish", {})}
    return {name.replace("_", " "): one["reason"] for name, one in told.items() if one}


def read_trials(folder: Path) -> list[TrialResult]:
    """The results in ``trials`` that count, by number: those up to the trial that ended the search."""
    from automl_components.engine.trial import TrialResult

    last = read_json(folder / "search.json")["trials"]
    results = (TrialResult(**record) for record in Journal(folder / "journal.jsonl").records)
    return sorted((result for result in results if result.number <= last), key=lambda result: result.number)


@dataclass(frozen=True)
class Executed:
    """What a finished run did: its trials, their plan with the script that repeats them, and its ensembles.

    Attributes
    ----------
    results : list of TrialResult
    plan : mapping
        ``plan.json``: the plan, and ``"trials"``, the completed ones.
    search : mapping
        ``search.json``: task, metric, number of splits.
    ensembles : mapping
        What :attr:`automl_components.engine.assembly.Assembly.executed` was.
    """

    results: list[TrialResult]
    plan: Mapping[str, Any]
    search: Mapping[str, Any]
    ensembles: Mapping[str, Any]


def read_executed(address: str) -> Executed:
    """What the finished run at an address did; ArtifactError where there is none, or an earlier version made it."""
    places = {}
    for name in ("trials", "leaderboard"):
        place = storage.join(address, name)
        marker = storage.read_marker(place)
        if marker is None:
            raise ArtifactError(
                f"limits.replay: {redacted(address)} has no {name}; only a finished run can be repeated"
            )
        places[name] = storage.localise(place, marker)
    plan, best = (
        read_json(places["trials"] / "plan.json"),
        read_json(places["leaderboard"] / "ensemble.json"),
    )
    if "executed" not in best or any("parts" not in record for record in plan["trials"]):
        raise ArtifactError(
            f"limits.replay: {redacted(address)} was made by a version that kept no script; run it again"
        )
    return Executed(
        read_trials(places["trials"]), plan, read_json(places["trials"] / "search.json"), best["executed"]
    )


def _facts(path: Path, name: str) -> dict[str, Any]:
    if not path.is_file():
        raise ArtifactError(
            f"{path.parent} is not {name}: it has no {path.name}; run the step that makes it again"
        )
    facts: dict[str, Any] = read_json(path)
    return facts


def _with_reserved(frame: pd.DataFrame, checked: CheckedData) -> pd.DataFrame:
    """A table of the rows of ``checked``, with what goes with them."""
    import pandas as pd

    reserved = {TARGET: checked.target} | {f"{SPLIT}{k}": column for k, column in enumerate(checked.splits.T)}
    others = {WEIGHT: checked.weights, GROUP: checked.groups}
    reserved |= {name: values for name, values in others.items() if values is not None}
    return pd.concat([frame.reset_index(drop=True), pd.DataFrame(reserved)], axis=1)


def _without_reserved(
    frame: pd.DataFrame,
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray | None, np.ndarray, np.ndarray | None]:
    import numpy as np

    target = frame[TARGET].to_numpy()
    weights = frame[WEIGHT].to_numpy(np.float64) if WEIGHT in frame else None
    columns = sorted((c for c in frame if c.startswith(SPLIT)), key=lambda c: int(c.removeprefix(SPLIT)))
    splits = frame[columns].to_numpy(np.int8)
    groups = frame[GROUP].to_numpy(np.int64) if GROUP in frame else None
    reserved = [TARGET, WEIGHT, GROUP, *columns]
    return frame.drop(columns=reserved, errors="ignore"), target, weights, splits, groups
