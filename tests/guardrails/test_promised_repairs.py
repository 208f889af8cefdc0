"""What findings promise to repair is repaired: recorded in the finding, kept in the recipe, replayed later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from automl_components import flavor, stages
from automl_components.core.errors import SettingsError
from automl_components.core.settings import FeaturizationSettings
from automl_components.core.settings.featurization import REPAIRS
from automl_components.core.tables import read_table
from automl_components.guardrails import GUARDRAILS

ROWS = 240
AT = np.arange(ROWS)


def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    hired = pd.Series(pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 2000, ROWS), unit="D"))
    return pd.DataFrame(
        {
            "pdays": np.where(AT % 9 == 0, 999, AT % 28),
            "answer": np.where(AT % 10 == 0, 98, np.where(AT % 11 == 0, 99, 1 + AT % 5)),
            "hired": hired.mask(AT % 13 == 0, pd.Timestamp("1900-01-01")),
            "city": rng.choice(["Vienna", "Graz", "GRAZ", "vienna"], ROWS),
            "gender": rng.choice(["m", "M", "f"], ROWS),
            "age": np.where(AT == 7, 300, rng.integers(18, 80, ROWS)),
            "job": rng.choice(["clerk", "nurse", "unknown"], ROWS),
            "kind": rng.choice(["oak", "elm"], ROWS),
        }
    )


def run(folder: Path, repairs: Any = None, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Findings by code and the repairs in the recipe by column."""
    featurization = {**more, **({} if repairs is None else {"repairs": repairs})}
    stages.validate_data(
        output=folder, training_data=table(), task="classification", target_column_name="kind",
        featurization=featurization,
    )  # fmt: skip
    stages.featurize_data(output=folder, checked_data=folder / "checked_data", featurization=featurization)
    report = json.loads((folder / "guardrail_report" / "findings.json").read_text())
    recipe = yaml.safe_load((folder / "featurizer" / "recipe.yml").read_text())
    done = {name: column["repairs"] for name, column in recipe["columns"].items() if "repairs" in column}
    return {one["code"]: one for one in report}, done


def promised(findings: dict[str, Any]) -> set[str]:
    return {
        repair["column"]
        for one in findings.values()
        for repair in one["repairs"]
        if repair["action"] in ("missing", "merged")
    }


def test_by_default_what_is_certain_is_repaired(tmp_path):
    findings, done = run(tmp_path)
    assert promised(findings) == set(done) == {"pdays", "hired", "city"}
    assert done["pdays"] == [{"action": "missing", "values": [999.0], "rows": 27}]
    sentinels = findings["sentinel-values"]
    assert sentinels["status"] == "Alerted"  # several codes of one column may differ in what they mean
    assert {
        "column": "pdays",
        "action": "missing",
        "rows": 27,
        "values": [999.0],
        "to": None,
        "beyond": None,
    } in (sentinels["repairs"])
    assert "{sentinel-values: [answer]}" in sentinels["remedy"]
    merged = [one for one in findings["category-variants"]["repairs"] if one["to"] in ("Graz", "GRAZ")]
    assert {*merged[0]["values"], merged[0]["to"]} == {"Graz", "GRAZ"}
    assert findings["missing-words"]["status"] == findings["absurd-values"]["status"] == "Alerted"


def test_repairs_are_replayed_at_prediction(tmp_path):
    run(tmp_path)
    featurizer = flavor.load_featurizer(tmp_path / "featurizer")
    rows = table().head(3).assign(pdays=[999, 5, 999], city=["GRAZ", "graz", "Graz"], hired="1900-01-01")
    given = featurizer.to_frame(featurizer.transform(rows))
    assert (
        given["pdays"].isna().tolist() == given["pdays_WASNULL"].astype(bool).tolist() == [True, False, True]
    )
    assert given["city"].nunique() == 1
    assert given["hired_Year"].isna().all()


def test_all_of_it_on_request(tmp_path):
    findings, done = run(tmp_path, "all")
    assert promised(findings) == set(done) == {"pdays", "answer", "hired", "city", "gender", "age", "job"}
    assert {findings[code]["status"] for code in REPAIRS} == {"Done"}
    assert findings["absurd-values"]["repairs"][0]["beyond"] == [0.0, 130.0]


def test_columns_on_request(tmp_path):
    choices = {"sentinel-values": "answer", "category-variants": "none", "missing-words": ["job"]}
    findings, done = run(tmp_path, choices)
    assert promised(findings) == set(done) == {"answer", "job"}
    assert "'pdays'" in findings["sentinel-values"]["remedy"]


@pytest.mark.parametrize("settings", [{"repairs": "none"}, {"repairs": False}, {"mode": "off"}])
def test_nothing_is_called_done_that_is_not(tmp_path, settings):
    findings, done = run(tmp_path, **settings)
    assert not done
    assert not promised(findings)
    assert {findings[code]["status"] for code in REPAIRS} == {"Alerted"}
    assert all(findings[code]["remedy"] and not findings[code]["repairs"] for code in REPAIRS)


def test_done_has_its_repairs_by_column(tmp_path):
    findings, _ = run(tmp_path, "all")
    for code in REPAIRS:
        assert {one["column"] for one in findings[code]["repairs"]} <= set(table())
        assert all(one["rows"] > 0 for one in findings[code]["repairs"])


def test_another_target_gives_the_same_features(tmp_path):
    """Neither purposes nor repairs look at what is to be learnt."""
    made = []
    for name, frame in (("a", table()), ("b", table().assign(kind=lambda one: one["kind"].to_numpy()[::-1]))):
        folder = tmp_path / name
        stages.validate_data(
            output=folder, training_data=frame, task="classification", target_column_name="kind"
        )
        stages.featurize_data(output=folder, checked_data=folder / "checked_data")
        features = read_table(folder / "features")
        made.append(features[[column for column in features if not column.startswith("_automl")]])
    pd.testing.assert_frame_equal(*made)
    assert len(made[0].columns) > 10


def test_every_repair_is_that_of_a_guardrail():
    assert set(REPAIRS) <= set(GUARDRAILS)


@pytest.mark.parametrize(
    ("repairs", "message"),
    [
        ("some", "featurization.repairs: found 'some'; should be auto, all, none"),
        (
            {"sentinels": "all"},
            "featurization.repairs.sentinels: found 'sentinels'; did you mean 'sentinel-values'",
        ),
        ({"sentinel-values": {"a": 1}}, "should be auto, all, none, or a list of columns"),
    ],
)
def test_wrong_settings_are_refused(repairs, message):
    with pytest.raises(SettingsError) as caught:
        FeaturizationSettings(repairs=repairs)
    assert message in str(caught.value)


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match="no column 'pday'; did you mean 'pdays'"):
        run(tmp_path, {"sentinel-values": ["pday"]})


def test_off_takes_no_repairs():
    with pytest.raises(SettingsError, match="repairs: has no effect with mode off"):
        FeaturizationSettings(mode="off", repairs="all")
