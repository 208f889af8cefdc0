"""What a featurizer says of itself: Azure's summary, where features come from, the recipe as YAML."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components import formats
from automl_components.engine.features import Featurizer
from automl_components.engine.transparency import engineered_features, featurization_summary, recipe_of

MEDIANS: list[float] = []


@pytest.fixture(scope="module")
def fitted():
    """A featurizer of one column of every sort, one of them dropped."""
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, 120), unit="D")
    frame = pd.DataFrame(
        {
            "start": start,
            "end": start + pd.to_timedelta(rng.integers(1, 99, 120), unit="h"),
            "size": np.where(rng.random(120) < 0.2, np.nan, rng.normal(size=120)),
            "paid": [f"{value:.2f} kg".replace(".", ",") for value in rng.uniform(0, 9, 120)],
            "city": rng.choice(["Graz", "Linz", "Wien"], 120),
            "note": [" ".join(rng.choice(["good", "bad", "late", "fine", "lost"], 6)) for _ in range(120)],
            "same": 1,
        }
    )
    MEDIANS.append(frame["size"].median())
    params = {"imputer": [{"fields": ["size"], "parameters": {"strategy": "median"}}]}
    return Featurizer("custom", transformer_params=params, optional_columns=["size"]).fit(frame)


def test_the_summary_has_azures_shape(fitted):
    rows = featurization_summary(fitted)
    azure = {"RawFeatureName", "TypeDetected", "Dropped", "EngineeredFeatureCount", "Tranformations"}
    assert all(azure <= set(row) for row in rows)
    assert [row["Dropped"] for row in rows] == ["No"] * 6 + ["Yes"]
    assert rows[0]["Tranformations"] == ["DateTimeFeatures", "DateDifferences"]
    assert sum(row["EngineeredFeatureCount"] for row in rows) == len(fitted.names_)


def test_every_engineered_feature_is_listed_once_with_its_columns(fitted):
    rows = engineered_features(fitted)
    assert [name for row in rows for name in row["names"]] == fitted.names_
    difference = next(row for row in rows if row["transformer"] == "date_differences")
    assert difference["names"] == ["end_minus_start"]
    assert difference["sources"] == [["end", "start"]]
    assert fitted.sources_["end_minus_start"] == ["end", "start"]
    assert fitted.feature_map_["end_minus_start"] == "end"


def test_the_recipe_is_readable_yaml(fitted):
    recipe = recipe_of(fitted)
    assert yaml.safe_load(yaml.safe_dump(recipe)) == recipe
    size = recipe["columns"]["size"]["steps"]
    assert size[0] == {
        "transformer": "imputer",
        "parameters": {"strategy": "median"},
        "learned": {"value": pytest.approx(MEDIANS[0])},
    }
    assert recipe["columns"]["paid"]["read"] == {"decimal": ",", "unit": "kg"}
    assert recipe["columns"]["city"]["steps"][0]["learned"]["levels"] == fitted.levels_["city"]
    words = recipe["columns"]["note"]["steps"][0]["features"]
    assert len(words["first"]) == 8
    assert words["count"] == sum(name.startswith(("note_word_", "note_char_")) for name in fitted.names_)
    assert recipe["several_columns"][0]["columns"] == ["start", "end"]
    assert recipe["dropped"] == {"same": "Constant: one value, 1"}
    assert recipe["optional_columns"] == ["size"]


def test_files_of_a_featurizers_folder(fitted, tmp_path):
    formats.write_featurization(fitted, tmp_path)
    told = formats.read_featurization(tmp_path)
    assert told == {"summary": featurization_summary(fitted), "features": engineered_features(fitted)}
    assert yaml.safe_load((tmp_path / "recipe.yml").read_text(encoding="utf-8")) == recipe_of(fitted)


def test_the_recipe_of_very_many_columns_has_a_line_for_each(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(30, formats.LINES)) * 1e-9).add_prefix("gene: ")
    frame["note"] = rng.choice(['ä "quoted"', "no: 1"], 30)
    fitted = Featurizer().fit(frame)
    formats.write_featurization(fitted, tmp_path)
    text = (tmp_path / "recipe.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == recipe_of(fitted)
    assert len(text.splitlines()) < formats.LINES + 20


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_values_are_a_line_of_yaml(value):
    assert yaml.safe_load(f"value: {formats._flow(value)}") == {"value": value}
