"""The featurizer: raw rows to typed, label-free features, the same in training and at prediction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import hstack

from automl_components.core.errors import DataError, SettingsError, nearest
from automl_components.engine.columns import detect_purposes, dtype_purposes, purpose_name, unique_names
from automl_components.engine.matrix import FeatureMatrix, FeatureSchema
from automl_components.engine.purposes import ColumnInfo
from automl_components.engine.raw import RawColumns, columns_at_once
from automl_components.engine.recipe import Feature, JointRecipe, Recipe, Seen, Step
from automl_components.engine.repairs import TITLES as REPAIRS
from automl_components.engine.repairs import Repair
from automl_components.engine.slots import plan, plan_joint
from automl_components.engine.wishes import Wish, read_wishes
from automl_components.transformers import Fitted, transformer_name

MODES = ("auto", "off", "custom")
BLOCKS = ("numeric", "codes", "sparse")


class Featurizer(Fitted):
    """Learns from training rows, without their label, how raw columns become numbers.

    In the modes ``auto`` and ``custom`` (auto with the user's changes; they are taken in ``auto`` too):

    - Numeric columns keep their gaps as NaN, which trees learn from and dense learners fill by themselves;
      where at least 1 percent is missing, ``<column>_WASNULL`` marks it. An imputer that is asked for is
      really applied.
    - Categories become codes by frequency, rare ones together; above 5,000 levels hash buckets and a count.
    - Dates become their parts, and where there are several the time between them.
    - Texts become n-grams, the leading components of these, and statistics; lists a column for every item.
    - Columns with nothing to learn from are dropped, and prediction does not need them.

    ``off`` adds nothing: numbers pass as they are, a date is one number, anything else becomes codes
    (learners take numbers only), and only columns without any value are dropped.

    Parameters
    ----------
    mode : str
        ``"auto"``, ``"off"`` or ``"custom"``.
    blocked_transformers : sequence of str
        Transformers not to use, in any casing.
    column_name_and_types : mapping of column to str
        Purposes declared by the user: Numeric, Boolean, Categorical, CategoricalHash, DateTime, Text, List,
        Hashes, Ignore.
    transformer_params : mapping
        Azure's shape, see :func:`automl_components.engine.wishes.read_wishes`.
    drop_columns : sequence of str
        Columns to leave out.
    optional_columns : sequence of str
        Columns that prediction data may lack altogether; they then count as missing in every row.
    repairs : sequence of mapping
        What guardrails decided to repair in columns, see :mod:`automl_components.engine.repairs`; not with ``off``.

    Attributes
    ----------
    columns_ : list of str
        Raw columns that prediction needs; those of ``optional_columns_`` it may lack.
    schema_ : FeatureSchema
        Engineered names; also ``names_`` (list), ``feature_map_`` (engineered name to raw column) and
        ``sources_`` (to all raw columns it comes from).
    levels_ : dict of str to list of str
        The levels behind the codes of each category column.
    purposes_ : dict of str to str
        What each raw column was taken for.
    summary_ : list of dict
        Azure's transparency table: RawFeatureName, TypeDetected, Dropped, EngineeredFeatureCount,
        Tranformations (Azure's spelling); and Reason and Confidence.
    """

    def __init__(
        self,
        mode: str = "auto",
        blocked_transformers: Sequence[str] = (),
        column_name_and_types: Mapping[str, str] | None = None,
        transformer_params: Mapping[str, Any] | None = None,
        drop_columns: Sequence[str] = (),
        optional_columns: Sequence[str] = (),
        repairs: Sequence[Repair] = (),
    ) -> None:
        if mode not in MODES:
            raise SettingsError(f"featurization: unknown mode {mode!r}{nearest(str(mode), MODES)}")
        if mode == "off" and (blocked_transformers or column_name_and_types or transformer_params):
            raise SettingsError("featurization: mode 'off' takes no changes; use mode 'custom'")
        self.mode = mode
        self.blocked_transformers = [transformer_name(name) for name in blocked_transformers]
        declared = {str(column): purpose for column, purpose in (column_name_and_types or {}).items()}
        self.column_name_and_types = {c: purpose_name(purpose, c) for c, purpose in declared.items()}
        self.transformer_params = dict(transformer_params or {})
        self.drop_columns = [str(column) for column in drop_columns]
        self.optional_columns = [str(column) for column in optional_columns]
        self.repairs = [dict(repair) for repair in repairs]
        read_wishes(self.transformer_params, self.blocked_transformers)

    def fit(
        self,
        frame: pd.DataFrame,
        known: Mapping[str, ColumnInfo] | None = None,
        weights: np.ndarray | None = None,
    ) -> Featurizer:
        """Learn from the training rows (feature columns only).

        ``known`` is what columns of these very rows were detected as already; columns that are declared or dropped are
        not looked up there, and the mode ``off`` needs none.

        SettingsError when a setting names a column that is not there or cannot be used so; DataError when two
        columns share a name, there is no row, or not one column has something to learn from.
        """
        self.fit_transform(frame, known, weights)
        return self

    def fit_transform(
        self,
        frame: pd.DataFrame,
        known: Mapping[str, ColumnInfo] | None = None,
        weights: np.ndarray | None = None,
    ) -> FeatureMatrix:
        """Learn from the rows and give their features; each column is read once. Errors as :meth:`fit`.

        What imputers fill in follows the ``weights`` of the rows. Levels, n-grams and their rarity count rows: they say
        what occurs, and learners weigh what it means.
        """
        frame = frame.set_axis(unique_names(frame), axis="columns")
        if frame.empty:
            raise DataError(f"nothing to learn from: {len(frame)} rows, {len(frame.columns)} feature columns")
        wishes = read_wishes(self.transformer_params, self.blocked_transformers)
        self._check_columns(list(frame.columns), wishes)
        infos = self._detect(frame, known or {})
        self._check_dropped(infos, wishes)
        self.__dict__.pop("_placed", None)
        made = self._learn(RawColumns(frame, list(infos)), infos, wishes, weights)
        self.purposes_ = {name: info.purpose for name, info in infos.items()}
        used = {name for recipe in self.recipes_ for name in recipe.columns}
        self.columns_ = [name for name in infos if name in used]
        self.optional_columns_ = [name for name in self.columns_ if name in self.optional_columns]
        self.schema_ = self._schema()
        self.summary_ = self._summary(infos)
        if not self.schema_.names:
            seen = "; ".join(f"{name}: {info.purpose}, {info.reason}" for name, info in infos.items())
            raise DataError(f"no column to learn from ({seen}); column_name_and_types can keep one")
        blocks = _Blocks(len(frame), self.schema_, self._places())
        while made:  # each is let go as soon as it is in its place
            blocks.put([made.pop(0)])
        return blocks.matrix()

    def transform(self, frame: pd.DataFrame, seen: Seen | None = None) -> FeatureMatrix:
        """The features of raw rows, with or without columns that training did not use, in any order.

        An optional column that is not there counts as missing in every row. ``seen`` is called for every column
        that is read, see :mod:`automl_components.engine.unread`. DataError when another column that is needed
        is missing, or there twice.
        """
        raw = RawColumns(frame, self.columns_, self.optional_columns_)
        blocks = _Blocks(len(frame), self.schema_, self._places())
        shared = {name for joint in self.joints_ for name in joint.columns}
        repaired: dict[str, pd.Series] = {}
        for recipe in self.recipes_:
            values, given = recipe.encode(raw, seen)
            blocks.put(given)
            repaired |= {name: values[name] for name in recipe.columns if name in shared}
        for joint in self.joints_:
            blocks.put(joint.encode(repaired))
        return blocks.matrix()

    def to_frame(self, matrix: FeatureMatrix) -> pd.DataFrame:
        """The features as a table: float32, categories (named levels), and sparse float32 columns."""
        parts = [pd.DataFrame(matrix.numeric, columns=list(self.schema_.numeric))]
        levels = self.levels_
        coded = {n: pd.Categorical.from_codes(matrix.codes[:, i], levels[n]) for i, n in enumerate(levels)}
        parts.append(pd.DataFrame(coded, index=parts[0].index))
        if matrix.sparse is not None:
            parts.append(pd.DataFrame.sparse.from_spmatrix(matrix.sparse, columns=list(self.schema_.sparse)))
        return pd.concat(parts, axis="columns")

    @property
    def names_(self) -> list[str]:
        """All engineered names: numeric, codes, sparse."""
        return list(self.schema_.names)

    @property
    def sources_(self) -> dict[str, list[str]]:
        """Raw columns that every engineered name comes from; several for the difference of two dates."""
        raw = [feature.sources for kind in BLOCKS for feature in self.features(kind)]
        return dict(zip(self.schema_.names, raw, strict=True))

    def features(self, kind: str) -> list[Feature]:
        """The features of one kind in the order of the schema: that of the raw columns, then of their steps."""
        made, places = self._made(kind), self._places()[kind]
        return [made[at] for at in np.argsort(places, kind="stable")]

    def _made(self, kind: str) -> list[Feature]:
        """The same in the order in which they are made."""
        return [feature for line in (*self.recipes_, *self.joints_) for feature in line.features(kind)]

    def _places(self) -> dict[str, np.ndarray]:
        """For each kind of block where the features go, in the order in which they are made."""
        if "_placed" not in self.__dict__:
            rank = {name: at for at, name in enumerate(self.columns_)}
            self._placed = {}
            for kind in BLOCKS:
                alone = [rank[f.sources[0]] for recipe in self.recipes_ for f in recipe.features(kind)]
                joint = [len(rank) for line in self.joints_ for _ in line.features(kind)]
                self._placed[kind] = np.argsort(np.argsort([*alone, *joint], kind="stable"), kind="stable")
        return self._placed

    @property
    def feature_map_(self) -> dict[str, str]:
        """Raw column of every engineered name; the first one where it comes from several."""
        return {name: sources[0] for name, sources in self.sources_.items()}

    @property
    def levels_(self) -> dict[str, list[str]]:
        """The levels behind the codes of each category column."""
        levels = [levels for recipe in self.recipes_ for levels in recipe.levels()]
        return dict(zip(self.schema_.codes, levels, strict=True))

    def _check_columns(self, names: list[str], wishes: Sequence[Wish]) -> None:
        given = {
            "drop_columns": self.drop_columns,
            "optional_columns": self.optional_columns,
            "column_name_and_types": list(self.column_name_and_types),
        }
        given["transformer_params"] = [column for wish in wishes for column in wish.fields]
        known = set(names)
        for setting, columns in given.items():
            for column in columns:
                if column not in known:
                    raise SettingsError(f"{setting}: there is no column {column!r}{nearest(column, names)}")

    def _detect(self, frame: pd.DataFrame, known: Mapping[str, ColumnInfo]) -> dict[str, ColumnInfo]:
        kept = frame.drop(columns=self.drop_columns)
        declared = {c: p for c, p in self.column_name_and_types.items() if c in kept.columns}
        off = self.mode == "off"
        found = dtype_purposes(kept) if off else detect_purposes(kept, declared, known)
        return {name: found.get(name, ColumnInfo("Ignore", "in drop_columns")) for name in frame.columns}

    def _check_dropped(self, infos: Mapping[str, ColumnInfo], wishes: Sequence[Wish]) -> None:
        for wish in wishes:
            for name in wish.fields:
                if infos[name].dropped:
                    raise SettingsError(
                        f"transformer_params: {wish.transformer!r} is asked for on column {name!r}, which is left "
                        f"out: {infos[name].purpose} ({infos[name].reason}); declare a type in column_name_and_types"
                    )

    def _learn(
        self,
        raw: RawColumns,
        infos: Mapping[str, ColumnInfo],
        wishes: Sequence[Wish],
        weights: np.ndarray | None,
    ) -> list[tuple[str, Any]]:
        """Fit the recipes of single columns, then those of several; kind and array of all features they give."""
        off, blocked = self.mode == "off", self.blocked_transformers
        asked: dict[str, list[Repair]] = {}
        for repair in self.repairs:
            asked.setdefault(repair["column"], []).append(repair)
        joints = [] if off else plan_joint(infos, wishes, blocked)
        shared = {name for joint in joints for name in joint.columns}
        at_once = columns_at_once(len(raw.index))
        recipes, made = plan(infos, wishes, blocked, asked, off=off, at_once=at_once), []
        repaired: dict[str, pd.Series] = {}
        for recipe in recipes:
            values, blocks = recipe.fit(raw, weights)
            made += blocks
            repaired |= {name: values[name] for name in recipe.columns if name in shared}
        fitted = [joint.fit(repaired) for joint in joints]
        self.joints_: list[JointRecipe] = [joint for joint in fitted if joint.step.transformer.names]
        used = {name for joint in self.joints_ for name in joint.columns}
        used |= {
            name for recipe in recipes for kind in BLOCKS for f in recipe.features(kind) for name in f.sources
        }
        self.recipes_: list[Recipe] = []
        for recipe in recipes:
            if kept := [name for name in recipe.columns if name in used]:
                self.recipes_.append(recipe if len(kept) == len(recipe.columns) else recipe.keep(kept))
        return made + [block for joint in self.joints_ for block in joint.encode(repaired)]

    def _schema(self) -> FeatureSchema:
        taken: set[str] = set()
        names: dict[str, list[str]] = {}
        for kind in BLOCKS:
            names[kind] = []
            for name in (feature.name for feature in self.features(kind)):
                while name in taken:  # a raw column may be named like a feature made from another
                    name += "_"
                taken.add(name)
                names[kind].append(name)
        levels = [len(levels) for recipe in self.recipes_ for levels in recipe.levels()]
        return FeatureSchema.from_dict({**names, "levels": levels})

    def _summary(self, infos: Mapping[str, ColumnInfo]) -> list[dict[str, Any]]:
        counts = Counter(self.feature_map_.values())
        steps: dict[str, list[Step]] = {}
        for recipe in self.recipes_:
            steps |= recipe.steps_of_columns()
        repairs = {r.columns[0]: [REPAIRS[one["action"]] for one in r.repairs] for r in self.recipes_}
        for joint in self.joints_:
            for name in joint.columns:
                steps[name].append(joint.step)
        nothing = "; no transformer is left that gives something"
        return [
            {
                "RawFeatureName": name,
                "TypeDetected": info.purpose,
                "Dropped": "No" if name in steps else "Yes",
                "EngineeredFeatureCount": counts[name],
                "Tranformations": repairs.get(name, []) + [step.title for step in steps.get(name, ())],
                "Reason": info.reason + ("" if name in steps or info.dropped else nothing),
                "Confidence": round(info.confidence, 4),
            }
            for name, info in infos.items()
        ]


class _Blocks:
    """The arrays of a feature matrix while they are filled; ``places`` are the columns' in the order of filling."""

    def __init__(self, rows: int, schema: FeatureSchema, places: Mapping[str, np.ndarray]) -> None:
        self.schema, self.places = schema, places
        self.dense = {
            "numeric": np.empty((rows, len(schema.numeric)), dtype=np.float32),
            "codes": np.empty((rows, len(schema.codes)), dtype=np.int32),
        }
        self.at = dict.fromkeys(self.dense, 0)
        self.sparse: list[Any] = []

    def put(self, blocks: Sequence[tuple[str, Any]]) -> None:
        """Kind and array of each."""
        for kind, block in blocks:
            if kind == "sparse":
                self.sparse.append(block)
                continue
            end = self.at[kind] + block.shape[1]
            places = self.places[kind][self.at[kind] : end]
            ordered = len(places) > 0 and bool((np.diff(places) == 1).all())
            self.dense[kind][:, slice(places[0], places[-1] + 1) if ordered else places] = block
            self.at[kind] = end

    def matrix(self) -> FeatureMatrix:
        """All of them."""
        joined = hstack(self.sparse, format="csr", dtype=np.float32) if self.sparse else None
        return FeatureMatrix(self.dense["numeric"], self.dense["codes"], joined, self.schema)
