"""The folder of a finished run as stages leave it, written by hand: four trials, an ensemble, a test run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_components.core.artifacts import MARKER, Marker, list_files

CREATED = "2026-01-31T12:00:00+00:00"


def write_run(folder: Path, model: Path, *, tested: bool = True) -> dict[str, Path]:
    """Artifacts by name."""
    made = {}
    task = {"task": "classification", "target_column_name": "y", "primary_metric": "AUC_weighted", "seed": 0}
    made["guardrail_report"] = put(
        folder / "guardrail_report", {"findings.json": [{"code": "x"}]}, "validate_data"
    )
    made["trials"] = put(
        folder / "trials",
        {"search.json": {"task": task["task"], "primary_metric": "AUC_weighted", "stop_reason": "max_trials"},
         "journal.jsonl": "".join(json.dumps(record) + "\n" for record in journal())},
        "search_trials", {"task": task, "limits": {"max_trials": 4, "exit_score": None}},
    )  # fmt: skip
    board = (
        "rank,trial,pipeline,status,AUC_weighted,algorithm,accuracy\n"
        "1,voting_ensemble,VotingEnsemble,Completed,0.93,voting_ensemble,0.91\n"
        '2,1,"MinMaxScaler, kNN",Completed,0.9,knn,0.88\n'
        "3,2,LightGBM,Failed,,light_gbm,\n"
    )
    best = {
        "kind": "voting_ensemble", "members": [1, 4], "weights": [0.5, 0.5], "score": 0.93,
        "metrics": {"AUC_weighted": 0.93, "accuracy": 0.91},
    }  # fmt: skip
    inputs = {"trials": {"path": "s3://bucket/runs/bank/trials", "digest": "0"}}
    made["leaderboard"] = put(
        folder / "leaderboard", {"leaderboard.csv": board, "ensemble.json": best}, "build_ensemble"
    )
    shutil.copytree(model, folder / "best_model")
    made["best_model"] = put(
        folder / "best_model", {}, "build_ensemble", {"task": task}, inputs, "mlflow_model"
    )
    if tested:
        metrics = {
            "metrics.json": {"AUC_weighted": 0.9, "accuracy": 0.85, "log_loss": 0.4},
            "report.json": {"rows": 60},
        }
        made["test_report"] = put(folder / "test_report", metrics, "evaluate_model")
    return made


def journal() -> list[dict[str, Any]]:
    """Lines of a search's journal."""
    common = {"seed": 7, "fit_s": 0.5, "predict_s": 0.1, "peak_mb": 120.0, "rounds": [], "error": None}
    done = {"status": "Completed", "fold_scores": [0.88, 0.92], "seconds": 1.5}
    lost = {"score": None, "metrics": {}, "fold_scores": [], "seconds": 0.5}
    failure = {"type": "ValueError", "message": "bad input s3://key:secret@b/x", "stage": "fit"}
    return [
        {**common, **done, "number": 1, "algorithm": "knn", "pipeline": "MinMaxScaler, kNN",
         "params": {"n_neighbors": 5, "scaler": "min_max"}, "score": 0.9,
         "metrics": {"AUC_weighted": 0.9, "accuracy": 0.88}},
        {**common, **lost, "number": 2, "algorithm": "light_gbm", "pipeline": "", "status": "Failed",
         "params": {"max_depth": None}, "error": failure},
        {**common, **lost, "number": 3, "algorithm": "svm", "pipeline": "SVM", "status": "TimedOut",
         "params": {}},
        {**common, **done, "number": 4, "algorithm": "light_gbm", "pipeline": "LightGBM",
         "params": {"num_leaves": 31}, "score": 0.89, "metrics": {"AUC_weighted": 0.89}, "rounds": [10, 12]},
    ]  # fmt: skip


def put(
    folder: Path,
    files: Mapping[str, Any],
    component: str,
    settings: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    kind: str = "uri_folder",
) -> Path:
    """Files (text, or JSON values) with the marker of the component that would have written them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name).write_text(value if isinstance(value, str) else json.dumps(value))
    marker = Marker(
        type=kind, name=folder.name, component=component, version="1", fingerprint="0",
        files=list_files(folder), settings=settings or {}, inputs=inputs or {}, created=CREATED,
    )  # fmt: skip
    (folder / MARKER).write_text(marker.to_json())
    return folder
