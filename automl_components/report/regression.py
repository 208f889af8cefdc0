"""Charts of a regression's test run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from automl_components.report.contents import Contents
from automl_components.report.drawing import COLOURS, DOTS, Drawing, Key, draw
from automl_components.report.words import plural, score, share

LARGEST = 90.0  # area in points of the dot of the fullest bin
TAIL = 0.002  # share of the rows at either end that the histogram of residuals leaves out


def drawings(contents: Contents, charts: Mapping[str, Any]) -> Iterator[Drawing]:
    """Predicted against true, and residuals, as far as they are there."""
    assert contents.test is not None
    if (bins := charts.get("predicted_vs_true")) and bins["true"]:
        yield predicted_against_true(bins, contents.test.metrics)
    if (bars := charts.get("residuals")) and sum(bars["counts"]):
        yield residuals(bars, contents.test.metrics)


def predicted_against_true(bins: Mapping[str, Any], metrics: Mapping[str, float]) -> Drawing:
    """Mean prediction by true value with its spread; dots grow with their rows."""
    true, mean, spread = bins["true"], bins["predicted"], [s or 0.0 for s in bins["std"]]
    low = [m - s for m, s in zip(mean, spread, strict=True)]
    high = [m + s for m, s in zip(mean, spread, strict=True)]
    ends = (min(*true, *low), max(*true, *high)) if len(true) > 1 else (min(true + low), max(true + high))
    fullest = max(bins["counts"])

    def plot(axes: Any) -> None:
        axes.set(xlabel="True value")
        axes.plot(ends, ends, color=COLOURS["muted"], linewidth=1, linestyle=DOTS)
        axes.fill_between(true, low, high, color=COLOURS["accent"], alpha=0.16, linewidth=0)
        axes.plot(true, mean, color=COLOURS["accent"], linewidth=2)
        axes.scatter(
            true,
            mean,
            s=[max(6.0, LARGEST * n / fullest) for n in bins["counts"]],
            color=COLOURS["accent"],
            linewidths=0,
        )

    note = leaning(bins)
    return Drawing(
        "Predicted against true", draw(plot, alt=f"Mean prediction by true value. {note}", left=0.13),
        [Key("mean prediction, dots grow with their rows", "accent", "dot"),
         Key("plus and minus one standard deviation", "accent", "band"), Key("perfect", "muted", "dotted")],
        note, y="Predicted value",
    )  # fmt: skip


def leaning(bins: Mapping[str, Any]) -> str:
    """Whether the ends of the range are pulled towards the middle, as they mostly are."""
    true, mean = bins["true"], bins["predicted"]
    if len(true) < 3:
        return ""
    first, last = mean[0] - true[0], mean[-1] - true[-1]
    text = "The smallest true values are predicted {} on average, the largest {}."
    return text.format(beside(first), beside(last))


def beside(difference: float) -> str:
    """An error with its direction."""
    return f"{score(abs(difference))} too {'high' if difference > 0 else 'low'}"


def residuals(bars: Mapping[str, Any], metrics: Mapping[str, float]) -> Drawing:
    """Histogram of prediction minus truth, without the outermost bins where few rows stretch it."""
    first, last = middle(bars["counts"])
    counts, edges = bars["counts"][first:last], bars["edges"][first : last + 1]
    outside = sum(bars["counts"]) - sum(counts)

    def plot(axes: Any) -> None:
        axes.set(xlabel="Prediction minus truth")
        axes.bar(edges[:-1], counts, width=edges[1] - edges[0], align="edge",
                 color=COLOURS["accent"], alpha=0.75, linewidth=0)  # fmt: skip
        axes.axvline(0, color=COLOURS["ink"], linewidth=1)

    half = metrics.get("median_absolute_error")
    note = f"Half of the predictions are within {score(half)} of the truth. " if half is not None else ""
    if bars["mean"] is not None:
        note += (
            f"On average they are {beside(bars['mean'])}." if bars["mean"] else "On average they are right."
        )
    if outside:
        part = share(outside / sum(bars["counts"]))
        note += f" {plural(round(outside), 'row')} ({part}) with larger errors not drawn."
    return Drawing(
        "Residuals",
        draw(plot, alt=f"Histogram of prediction minus truth. {note}", left=0.13),
        (),
        note,
        y="Rows",
    )


def middle(counts: list[float]) -> tuple[int, int]:
    """First and last (exclusive) bin without the tails that hold next to nothing."""
    allowed = TAIL * sum(counts)
    first, last, left, right = 0, len(counts), 0.0, 0.0
    while last - first > 3 and left + counts[first] <= allowed:
        left += counts[first]
        first += 1
    while last - first > 3 and right + counts[last - 1] <= allowed:
        right += counts[last - 1]
        last -= 1
    return first, last
