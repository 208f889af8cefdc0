"""What Prefect's page shows, without a server: the summary's chart and tables."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from xml.etree import ElementTree

from prefect_tasks.artifacts import _best, markdown
from prefect_tasks.charts import draw, picture

HOSTILE = "<script>|</script>"


def svg(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def test_a_roc_curve_is_drawn_whatever_the_classes_are_called(tmp_path: Path) -> None:
    line = {"x": [0, 0.5, 1], "y": [0, 0.8, 1]}
    lines = [{"kind": "class", "label": HOSTILE, **line}, {"kind": "macro", "label": None, **line}]
    (tmp_path / "charts.json").write_text(json.dumps({"roc": {"x": "x", "y": "y", "lines": lines}}))
    head, _, data = picture(str(tmp_path)).partition(";base64,")
    assert head == "![ROC curve](data:image/svg+xml"
    root = svg(base64.b64decode(data.rstrip(")")).decode())
    assert HOSTILE in [one.text for one in root]
    assert len([one for one in root if one.tag.endswith("polyline")]) == 2


def test_a_regression_is_drawn_and_nothing_without_a_target(tmp_path: Path) -> None:
    assert picture(str(tmp_path)) == ""
    chart = {"true": [1.0, 2.0], "predicted": [1.5, 1.5]}
    (tmp_path / "charts.json").write_text(json.dumps({"predicted_vs_true": chart}))
    assert "Predicted against true values" in picture(str(tmp_path))


def test_points_lie_where_they_belong() -> None:
    root = svg(draw("x", "y", [("one", [0, 1], [0, 10])]))
    points = next(one for one in root if one.tag.endswith("polyline")).attrib["points"]
    assert points == "56.0,280.0 468.0,28.0"
    svg(draw("x", "y", [("flat", [1, 1], [2, 2])]))


def test_markdown_cannot_be_broken_out_of() -> None:
    assert markdown([{"a": HOSTILE + "\n[x](y)"}]).splitlines()[2] == r"| \<script\>\|\</script\> \[x\](y) |"
    assert markdown([]) == ""


def test_the_best_is_named() -> None:
    assert _best({"kind": "trial", "members": [3]}) == "Trial 3"
    assert _best({"kind": "voting_ensemble", "members": [1, 4]}) == "Voting ensemble of trials 1, 4"
