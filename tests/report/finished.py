"""Contents of report pages, as folders of finished runs would give them: real charts of made-up predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from automl_components.core.artifacts import Marker
from automl_components.engine import charts
from automl_components.guardrails.findings import Finding, report_rows
from automl_components.report import Contents
from automl_components.report.contents import Evaluation

FINDINGS = (
    Finding("near-constant", "Near-constant features", "Done", "1 column.", "info", {"columns": ["a"]}, "Kept."),
    Finding("class-balance", "Class balancing detection", "Alerted", "Class 'yes' is rare.", "warning",
            {"ratio": 0.1269, "counts": list(range(40)), "by_class": {"no": 9, "yes": 1}}, None, "Give weights."),
    Finding("leakage", "Target leakage", "Alerted", "x gives y away.", "error", {}, None, "Drop x."),
    Finding("drift", "Drift", "Alerted", "Old rows.", "warning", {}, None, "Look.", muted="known since May"),
    Finding("memory", "Memory issues detection", "Passed", "It fits."),
)  # fmt: skip


def classification(labels: tuple[Any, ...] = ("no", "yes"), rows: int = 600, **changes: Any) -> Contents:
    """A finished classification with these classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(len(labels), size=rows)
    logits = rng.normal(size=(rows, len(labels))) + 2.0 * np.eye(len(labels))[y]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    metrics = {"AUC_weighted": 0.91, "accuracy": 0.88, "log_loss": 0.31, "f1_score_macro": 0.85}
    if len(labels) == 2:
        metrics |= {"AUC_binary": 0.91, "average_precision_score_binary": 0.8}
    drawn = charts.classification_charts(y, proba, np.array(labels, dtype=object))
    facts = {"rows": rows, "scored_rows": rows, "overlap_rows": 0, "target": "y"}
    made = run("classification", "AUC_weighted", list(labels), Evaluation(facts, metrics, drawn))
    return replace(made, **changes)


def regression(**changes: Any) -> Contents:
    """A finished regression."""
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, 100.0, size=500)
    drawn = charts.regression_charts(y, y + rng.normal(scale=20, size=500))
    metrics = {"r2_score": 0.91, "root_mean_squared_error": 20.0, "median_absolute_error": 13.5}
    test = Evaluation({"rows": 500, "scored_rows": 500, "overlap_rows": 0, "target": "y"}, metrics, drawn)
    return replace(run("regression", "r2_score", None, test), **changes)


def run(task: str, metric: str, classes: list[Any] | None, test: Evaluation) -> Contents:
    """What both tasks have: nine trials of which one failed, a vote of two."""
    trials = [trial(number, 0.80 + 0.01 * (number % 5)) for number in range(1, 9)]
    failure = {
        "type": "ValueError",
        "message": "cannot read /home/ann/x/oof.npy at s3://key:secret@b/x",
        "stage": "fit",
    }
    trials.append({**trial(9, None), "status": "Failed", "error": failure})
    board = [entry(1, "voting_ensemble", "VotingEnsemble", metric, 0.86)]
    board += [
        entry(n + 1, str(t["number"]), t["pipeline"], metric, t["score"]) for n, t in enumerate(trials, 1)
    ]
    board[-1] |= {"status": "Failed", "accuracy": None}
    return Contents(
        name="bank",
        findings=report_rows(FINDINGS),
        columns=[column(name) for name in ("age", "job", "when")] + [column("id", dropped=True)],
        features=[{"columns": ["job"], "title": "OneHotEncoder", "names": [f"job_{n}" for n in range(30)]}],
        search={"task": task, "primary_metric": metric, "seed": 7, "greater_is_better": True, "rows": 2000,
                "stop_reason": "max_trials: 9 trials were run", "positive_label": None,
                "skipped": [{"name": "svm", "reason": "too slow above 20,000 rows"}]},
        trials=trials,
        board=board,
        best={"kind": "voting_ensemble", "members": [4, 3], "weights": [0.75, 0.25],
              "pipelines": ["LightGBM", "CatBoost"], "primary_metric": metric, "score": 0.86,
              "metrics": {metric: 0.86, "accuracy": 0.87}, "rows": 2000},
        model={"task": task, "target": "y", "columns": ["age", "job", "when"], "classes": classes},
        test=test,
        steps={"trials": marker("trials", "search_trials"), "best_model": marker("best_model", "build_ensemble")},
        settings={"task": task, "seed": 7, "limits": {"max_trials": 9}},
        registration={"model_name": "bank", "gate": {"accuracy": 0.8}, "champion_alias": "champion"},
    )  # fmt: skip


def trial(number: int, score: float | None) -> dict[str, Any]:
    """A record of the journal."""
    return {"number": number, "algorithm": "light_gbm", "pipeline": "LightGBM", "status": "Completed", "score": score,
            "seconds": 1.5, "error": None}  # fmt: skip


def entry(rank: int, name: str, pipeline: str, metric: str, score: float | None) -> dict[str, Any]:
    """A row of the leaderboard."""
    return {"rank": float(rank), "trial": name, "pipeline": pipeline, "status": "Completed", metric: score,
            "algorithm": "light_gbm", "accuracy": 0.8}  # fmt: skip


def column(name: str, *, dropped: bool = False) -> dict[str, Any]:
    """A row of the featurization summary."""
    kept = {"EngineeredFeatureCount": 2, "Tranformations": ["Imputer", "Numeric"], "TypeDetected": "Numeric"}
    lost = {"EngineeredFeatureCount": 0, "Tranformations": [], "TypeDetected": "Hashes"}
    row = {
        "RawFeatureName": name,
        "Dropped": "Yes" if dropped else "No",
        "Reason": "dtype int64",
        "Confidence": 1.0,
    }
    return row | (lost if dropped else kept)


def marker(name: str, component: str) -> Marker:
    """What made an artifact."""
    inputs = {"training_data": {"path": "/home/ann/bank/train.parquet", "digest": "ab" * 32}}
    return Marker(
        type="mlflow_model" if name == "best_model" else "uri_folder", name=name, component=component, version="1",
        fingerprint="0", files={"MLmodel": (2048, "cd" * 32)}, inputs=inputs, seconds=12.5,
        libraries={"python": "3.11.7", "lightgbm": "4.7.0"}, created="2026-01-31T12:00:00+00:00",
    )  # fmt: skip
