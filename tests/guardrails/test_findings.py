"""Reports of the guardrails: their schema, what stops a run, what is muted, what is sampled, what a page shows."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ConfigDict, TypeAdapter, with_config

from automl_components import stages
from automl_components.core.errors import GuardrailError, SettingsError
from automl_components.guardrails import GUARDRAILS, Facts, Finding, Repair, guardrail_code
from automl_components.guardrails.findings import SEVERITIES, muted, report_rows, report_schema, stopping
from automl_components.job import Job
from automl_components.run import Run

ROWS = 240


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    width, height = rng.normal(size=(2, ROWS))
    frame = pd.DataFrame({"width": width, "height": height, "plant": "north"})
    frame["kind"] = np.where(width + height + rng.normal(0, 0.5, ROWS) > 0, "oak", "elm")
    frame.loc[::10, "height"] = None
    return frame


def validate(folder: Path, frame: pd.DataFrame | None = None, **settings: Any) -> list[dict[str, Any]]:
    stages.validate_data(
        output=folder,
        training_data=table() if frame is None else frame,
        task="classification",
        target_column_name="kind",
        **settings,
    )
    return json.loads((folder / "guardrail_report" / "findings.json").read_text())


def found(code: str, severity: str = "warning", status: str = "Alerted") -> Finding:
    return Finding(code, code.title(), status, "Seen.", severity, {"rows": 3})


def test_a_real_report_follows_the_schema(tmp_path):
    report = validate(tmp_path)
    strict = with_config(ConfigDict(extra="forbid"))(Finding)
    findings = TypeAdapter(list[strict]).validate_json(json.dumps(report), strict=True)
    assert len(findings) > 20
    assert {one.code for one in findings} <= set(GUARDRAILS)
    with pytest.raises(ValueError, match="unexpected"):
        TypeAdapter(list[strict]).validate_python([{**report[0], "colour": "red"}])


def test_the_shipped_schema_is_that_of_the_dataclass():
    shipped = files("automl_components.guardrails").joinpath("findings.schema.json").read_text()
    assert json.loads(shipped) == report_schema(), "write it again: json.dumps(report_schema(), indent=1)"


def test_equal_runs_have_equal_reports(tmp_path):
    validate(tmp_path / "a")
    validate(tmp_path / "b")
    one, other = (tmp_path / run / "guardrail_report" / "findings.json" for run in "ab")
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("named", ["constant-features", "Constant_Features"])
def test_fail_on_a_code_stops_the_run_with_the_finding(tmp_path, named):
    job = {"task": "classification", "training_data": "t.csv", "target_column_name": "kind"}
    settings = Job.from_mapping({**job, "guardrails": {"fail_on": named}}).guardrails
    assert settings.fail_on == ("constant-features",)
    with pytest.raises(GuardrailError) as caught:
        validate(tmp_path, guardrails=settings)
    assert "constant-features" in str(caught.value)
    assert "'plant'" in str(caught.value)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "checked_data").exists()
    assert f"guardrail_report is in {tmp_path / 'guardrail_report'}" in str(caught.value)
    report = json.loads((tmp_path / "guardrail_report" / "findings.json").read_text())
    assert "constant-features" in {one["code"] for one in report if one["status"] == "Done"}
    assert Run(tmp_path).has("guardrail_report")
    assert not list(tmp_path.glob(".*draft*"))
    validate(tmp_path)  # and a run that passes takes its place
    assert (tmp_path / "checked_data").exists()


def test_columns_that_are_dropped_are_of_no_concern(tmp_path):
    leaking = table().assign(code=lambda frame: frame["kind"].map({"oak": 1, "elm": 2}))
    report = {one["code"]: one for one in validate(tmp_path / "a", leaking)}
    assert report["target-leakage"]["details"]["formulas"][0]["columns"] == ["code"]
    featurization = {"drop_columns": ["code", "plant"]}
    report = {one["code"]: one for one in validate(tmp_path / "b", leaking, featurization=featurization)}
    assert report["target-leakage"]["status"] == report["constant-features"]["status"] == "Passed"


def test_a_muted_finding_stays_in_the_report_and_stops_nothing(tmp_path, caplog):
    caplog.set_level(logging.INFO, "automl_components")
    guardrails = {"mute": {"constant-features": "one plant so far"}, "fail_on": ["error"]}
    report = {one["code"]: one for one in validate(tmp_path, guardrails=guardrails)}
    assert report["constant-features"]["muted"] == "one plant so far"
    assert report["missing-values"]["muted"] is None
    assert "Missing feature values" in caplog.text
    assert "Constant features" not in caplog.text


def test_a_severity_means_heavier_ones_too():
    findings = [found("a", "info", "Done"), found("b"), found("c", "error"), found("d", "error", "Passed")]
    for severity, stopped in zip(SEVERITIES, ["abc", "bc", "c"], strict=True):
        assert "".join(one.code for one in stopping(findings, [severity])) == stopped
    assert stopping(muted(findings, {"c": "known", "d": "known"}), ["error", "c"]) == []
    assert muted(findings, {"d": "known"})[3].muted is None  # a check that passed has nothing to silence


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fail_on": ["target-leakag"]}, "guardrails.fail_on: no guardrail 'target-leakag'; did you mean"),
        ({"mute": {"drifts": "x"}}, "guardrails.mute: no guardrail 'drifts'; did you mean 'drift'"),
        ({"mute": {"drift": "x"}, "fail_on": "drift"}, "'drift' is in fail_on, too"),
        ({"mute": {"drift": ""}}, "should not be empty"),
        ({"silence": []}, "guardrails.silence: unknown"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(values, message):
    job = {
        "task": "classification",
        "training_data": "t.csv",
        "target_column_name": "kind",
        "guardrails": values,
    }
    with pytest.raises(SettingsError) as caught:
        Job.from_mapping(job)
    assert message in str(caught.value)


def test_codes_are_found_in_any_casing_and_severities_where_asked():
    assert guardrail_code("Target_Leakage") == "target-leakage"
    assert guardrail_code("ERROR", severities=True) == "error"
    with pytest.raises(SettingsError, match="no guardrail 'error'"):
        guardrail_code("error")


def test_rows_of_a_page_begin_with_what_asks_for_attention():
    findings = [
        found("fine", "info", "Passed"),
        found("done", "info", "Done"),
        replace(found("sampled", "error"), rows_seen=100, rows=5_000),
        replace(found("quiet", "error"), muted="known"),
        found("odd"),
    ]
    rows = report_rows([one.to_dict() for one in findings])
    assert [row["code"] for row in rows] == ["sampled", "odd", "done", "fine", "quiet"]
    assert rows[0]["seen"] == "Seen. (100 of 5,000 rows were looked at.)"
    assert rows[0]["figures"] == [("rows", 3)]
    known = replace(found("done"), repairs=(Repair("x", "missing", 3, (999.0,)),))
    assert report_rows([known])[0]["figures"][1:] == [
        ("repairs", [{"column": "x", "action": "missing", "rows": 3, "values": (999.0,)}])
    ]
    assert "fail_on: [odd]" in rows[1]["how"]
    assert (rows[4]["muted"], rows[3]["how"]) == ("known", "")


def test_a_sample_keeps_order_and_rows_together():
    rows = 5_000
    frame = pd.DataFrame({"x": np.arange(rows)})
    facts = Facts(frame, pd.Series(np.arange(rows)), "regression", {"x": "Numeric"}, {}, test=frame.head(50),
                  weights=np.arange(rows), sides=np.arange(rows)[:, None])  # fmt: skip
    seen = facts.sampled(300)
    assert (len(seen.frame), seen.rows, len(seen.test)) == (300, rows, 50)
    assert seen.frame["x"].is_monotonic_increasing
    for part in (seen.target, seen.weights, seen.sides[:, 0], seen.values("x")):
        assert np.array_equal(np.asarray(part), seen.frame["x"])
    assert facts.sampled(300) is seen
    assert facts.sampled(rows) is facts
    wide = replace(facts, frame=pd.DataFrame(np.zeros((rows, 1_000))).add_prefix("x"), test=None)
    assert len(wide.sampled(rows).frame) == 2_000
