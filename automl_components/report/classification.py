"""The charts of a classification's test run: how well its probabilities rank, and how true they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automl_components.report.contents import Contents
from automl_components.report.drawing import COLOURS, DOTS, SERIES, Drawing, Key, draw
from automl_components.report.words import score, share, short

Line = Mapping[str, Any]

CLASS_LINES = 6  # classes that have a line of their own; of more, the weakest by ROC


@dataclass(frozen=True)
class Shape:
    """How one chart of lines looks: its ends, the line of chance, and the sentence that reads a line."""

    name: str
    title: str
    note: Callable[[Line, str, Mapping[str, float]], str]
    chance: Sequence[tuple[float, float]] = ((0, 0), (1, 1))
    markers: bool = False
    square: bool = True


def drawings(contents: Contents, charts: Mapping[str, Any]) -> Iterator[Drawing]:
    """ROC, precision-recall, calibration, gains and lift, as far as they are there."""
    assert contents.test is not None
    weakest = weakest_classes(charts.get("roc", {}).get("lines", ()))
    for shape in SHAPES:
        lines = selected(charts.get(shape.name, {}).get("lines", ()), contents.positive, weakest)
        if lines:
            if shape.name == "precision_recall":
                shape = replace(shape, chance=guessing(charts, contents.positive))
            if shape.markers:  # ten points of one class of many are no more than noise
                lines = lines[:1]
            yield drawing(shape, charts[shape.name], lines, contents.test.metrics)


def guessing(charts: Mapping[str, Any], positive: Any) -> Sequence[tuple[float, float]]:
    """The precision of naming rows at random: the share of the positive class; nothing for several classes."""
    matrix = charts.get("confusion_matrix", {"classes": (), "counts": ()})
    totals = dict(zip(matrix["classes"], map(sum, matrix["counts"]), strict=True))
    if positive not in totals or not sum(totals.values()):
        return ()
    part = totals[positive] / sum(totals.values())
    return (0, part), (1, part)


def selected(lines: Sequence[Line], positive: Any, weakest: Sequence[Any]) -> list[tuple[Line, str, str]]:
    """Lines with their names and colours: of two classes the positive one, else the mean over classes and a few."""
    by_class = {line["label"]: line for line in lines if line["kind"] == "class"}
    if positive in by_class:
        return [(by_class[positive], f"class {short(positive, 40)}", "accent")]
    found = [(line, "mean over classes", "ink") for line in lines if line["kind"] == "macro"]
    few = (
        list(by_class) if len(by_class) <= CLASS_LINES else [label for label in weakest if label in by_class]
    )
    return found + [
        (by_class[label], short(label, 40), colour) for label, colour in zip(few, SERIES, strict=False)
    ]


def weakest_classes(lines: Sequence[Line]) -> list[Any]:
    """The classes with the smallest area under their ROC curve."""
    by_class = [line for line in lines if line["kind"] == "class"]
    return [line["label"] for line in sorted(by_class, key=area)[:CLASS_LINES]]


def drawing(
    shape: Shape,
    chart: Mapping[str, Any],
    lines: Sequence[tuple[Line, str, str]],
    metrics: Mapping[str, float],
) -> Drawing:
    """One chart of lines; the first one leads, and is what the note reads."""

    (first, name, colour), *others = lines

    def plot(axes: Any) -> None:
        axes.set(xlabel=chart["x"], xlim=(0, 1))
        if shape.chance:
            axes.plot(*zip(*shape.chance, strict=True), color=COLOURS["muted"], linewidth=1, linestyle=DOTS)
        for line, _, ink in reversed(others):
            axes.plot(line["x"], line["y"], color=COLOURS[ink], linewidth=1.3)
        marker = {"marker": "o", "markersize": 5, "clip_on": False} if shape.markers else {}
        axes.plot(first["x"], first["y"], color=COLOURS[colour], linewidth=2.2, **marker)
        axes.set_ylim(0, 1.005 if shape.square else None)

    note = shape.note(first, name, metrics)
    keys = [Key(label, ink) for _, label, ink in lines]
    if shape.chance:
        keys.append(Key("perfect" if shape.markers else "chance", "muted", "dotted"))
    alt = f"{shape.title}: {chart['y']} by {chart['x'].lower()}. {note}"
    return Drawing(shape.title, draw(plot, alt=alt), keys, note, y=chart["y"])


def area(line: Line) -> float:
    """The area under a line."""
    import numpy as np

    x, y = np.array(line["x"], float), np.array(line["y"], float)
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def reached(line: Line, at: float) -> float:
    """The height of a line."""
    import numpy as np

    return float(np.interp(at, line["x"], line["y"]))


def of_roc(line: Line, name: str, metrics: Mapping[str, float]) -> str:
    """The area under the curve in words."""
    if line["kind"] == "class":
        found, who = metrics.get("AUC_binary", area(line)), "the chance that a row of this class"
    else:
        found, who = metrics.get("AUC_macro", area(line)), "on average, the chance that a row of a class"
    return f"Area {score(found)}: {who} is ranked above another row."


def of_precision(line: Line, name: str, metrics: Mapping[str, float]) -> str:
    """Average precision, and what half of the positives cost."""
    found = metrics.get(f"average_precision_score_{'binary' if line['kind'] == 'class' else 'macro'}")
    half = f"Finding half of the positives, {share(reached(line, 0.5))} of those named are right."
    return half if found is None else f"Average precision {score(found)}. {half}"


def of_calibration(line: Line, name: str, metrics: Mapping[str, float]) -> str:
    """How far the predicted probabilities are off, by rows."""
    rows = line.get("rows") or [1] * len(line["x"])
    off = sum(n * abs(x - y) for n, x, y in zip(rows, line["x"], line["y"], strict=True)) / (sum(rows) or 1)
    return f"Predicted probabilities are off by {100 * off:.1f} percentage points on average."


def of_gains(line: Line, name: str, metrics: Mapping[str, float]) -> str:
    """What the first tenth of the rows holds."""
    return (
        f"The tenth of the rows with the highest scores holds {share(reached(line, 0.1))} of the positives."
    )


def of_lift(line: Line, name: str, metrics: Mapping[str, float]) -> str:
    """What the first tenth of the rows is worth."""
    times = reached(line, 0.1)
    return f"The tenth of the rows with the highest scores holds {times:.1f} times as many positives as a random tenth."


SHAPES = (
    Shape("roc", "ROC", of_roc),
    Shape("precision_recall", "Precision and recall", of_precision, chance=()),
    Shape("calibration", "Calibration", of_calibration, markers=True),
    Shape("cumulative_gains", "Cumulative gains", of_gains),
    Shape("lift", "Lift", of_lift, chance=((0, 1), (1, 1)), square=False),
)
