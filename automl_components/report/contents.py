"""What the page is made from: the plain values that a finished run's folders hold."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automl_components import flavor, formats
from automl_components.core import storage
from automl_components.core.journal import Journal
from automl_components.guardrails.findings import report_rows

if TYPE_CHECKING:
    from pathlib import Path

    from automl_components.core.artifacts import Input, Marker

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """The test run: ``facts`` has its numbers of rows; metrics and charts are empty where the target was unknown."""

    facts: Record
    metrics: Mapping[str, float] = field(default_factory=dict)
    charts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contents:
    """A finished run.

    Attributes
    ----------
    name, description : str
        What the run is called, and what is said of it.
    settings : mapping
        What the job asked for beyond defaults, under the keys of a job file.
    registration : mapping
        How the model is to be registered; empty where it is not.
    findings : sequence of mappings
        What the guardrails found, as ``guardrails.findings.report_rows`` gives it.
    columns : sequence of mappings
        The featurization summary, one raw column each; empty where the featurizer has none.
    features : sequence of mappings
        For each transformer of a column: ``columns``, ``title``, and the ``names`` of its features.
    search : mapping
        Task, metric, stop reason and the like.
    trials : sequence of mappings
        The journal's records that count, by number.
    board : sequence of mappings
        The leaderboard's rows, best first; numbers are floats or None.
    best : mapping
        How the best model is put together.
    model : mapping
        What the model itself says: target, columns, classes.
    test : Evaluation or None
    steps : mapping of artifact to Marker
        What made each artifact that was read.
    """

    name: str
    findings: Sequence[Record]
    columns: Sequence[Record]
    search: Record
    trials: Sequence[Record]
    board: Sequence[Record]
    best: Record
    model: Record
    test: Evaluation | None = None
    steps: Mapping[str, Marker] = field(default_factory=dict)
    description: str = ""
    settings: Record = field(default_factory=dict)
    registration: Record = field(default_factory=dict)
    features: Sequence[Record] = ()

    @property
    def metric(self) -> str:
        """The primary metric."""
        return str(self.best["primary_metric"])

    @property
    def greater_is_better(self) -> bool:
        """Whether a greater score is the better one."""
        return bool(self.search.get("greater_is_better", True))

    @property
    def chosen(self) -> str:
        """The best model as the leaderboard names it: a trial's number or a kind of ensemble."""
        return str(self.best["members"][0]) if self.best["kind"] == "trial" else str(self.best["kind"])

    @property
    def alerts(self) -> list[Record]:
        """Findings that were left to the user, but for those that the job mutes."""
        return [row for row in self.findings if row["state"] == "Alerted" and not row["muted"]]

    @property
    def classes(self) -> list[Any]:
        """The labels of a classification; empty for a regression."""
        return list(self.model.get("classes") or ())

    @property
    def positive(self) -> Any:
        """Of two classes the one that charts are about; None where there are more, or none."""
        if len(self.classes) != 2:
            return None
        wanted = self.search.get("positive_label")
        return next((label for label in self.classes if str(label) == str(wanted)), self.classes[1])


def read_contents(
    guardrail_report: Input[Any],
    featurizer: Input[Any],
    trials: Input[Any],
    leaderboard: Input[Any],
    best_model: Input[Any],
    test_report: Input[Any] | None = None,
    **told: Any,
) -> Contents:
    """The contents of these folders, without loading the model; ``told`` are the fields that no folder holds."""
    given = (guardrail_report, featurizer, trials, leaderboard, best_model, test_report)
    folders = [folder for folder in given if folder is not None]
    markers = {folder: storage.read_marker(folder.path) for folder in folders}
    summary = featurizer.local / "featurization.json"
    told_of = formats.read_json(summary) if summary.exists() else {}
    search = formats.read_json(trials.local / "search.json")
    last = search.get("trials")
    records = [
        r for r in Journal(trials.local / "journal.jsonl").records if last is None or r["number"] <= last
    ]
    return Contents(
        findings=report_rows(formats.read_findings(guardrail_report.local, leaderboard.local)),
        columns=told_of.get("summary", ()),
        features=told_of.get("features", ()),
        search=search,
        trials=sorted(records, key=lambda record: record["number"]),
        board=read_board(leaderboard.local / "leaderboard.csv"),
        best=formats.read_json(leaderboard.local / "ensemble.json"),
        model=flavor.predictor_metadata(best_model.local),
        test=None if test_report is None else read_test(test_report.local),
        steps={marker.name: marker for marker in markers.values() if marker is not None},
        **told,
    )


def read_test(folder: Path) -> Evaluation:
    """The test run of a ``test_report`` folder."""
    parts = {name: folder / f"{name}.json" for name in ("metrics", "charts")}
    found = {name: formats.read_json(path) for name, path in parts.items() if path.exists()}
    return Evaluation(formats.read_json(folder / "report.json"), **found)


def read_board(path: Path) -> list[dict[str, Any]]:
    """The rows of ``leaderboard.csv``; what is a metric is a float, or None where it is undefined."""
    words = {"trial", "pipeline", "status", "algorithm", "note"}
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            {name: text if name in words else float(text) if text else None for name, text in row.items()}
            for row in csv.DictReader(stream)
        ]
