"""The main chart of a test run as a picture inside markdown: the ROC curve, or predicted against true values."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from automl_components.core import storage

WIDTH, HEIGHT, LEFT, BOTTOM = 480, 320, 56, 40
GREY = "#888"  # Prefect's page is light or dark, and a picture does not know which
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#b07aa1")
LINES = 5
"""Classes with a line of their own."""

Line = tuple[str, Sequence[float], Sequence[float]]


def picture(address: str) -> str:
    """The chart of a ``test_report``; empty where its rows had no target."""
    text = storage.read_text(storage.join(address, "charts.json"))
    if text is None:
        return ""
    charts = json.loads(text)
    if roc := charts.get("roc"):
        title, x, y, lines = "ROC curve", roc["x"], roc["y"], list(_roc(roc["lines"]))
    elif regression := charts.get("predicted_vs_true"):
        title, x, y = "Predicted against true values", "True value", "Mean prediction"
        lines = [("prediction", regression["true"], regression["predicted"])]
    else:
        return ""
    if not lines:
        return ""
    svg = base64.b64encode(draw(x, y, lines).encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{svg})"


def _roc(lines: Sequence[dict[str, Any]]) -> Iterator[Line]:
    """The mean over classes, and the first classes."""
    for line in lines:
        if line["kind"] == "macro":
            yield "mean over classes", line["x"], line["y"]
    for line in [one for one in lines if one["kind"] == "class"][:LINES]:
        yield str(line["label"]), line["x"], line["y"]


def draw(x_title: str, y_title: str, lines: Sequence[Line]) -> str:
    """Lines, the diagonal, and both axes with their ends, as an SVG file."""
    xs = [value for _, line_x, _ in lines for value in line_x]
    ys = [value for _, _, line_y in lines for value in line_y]
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys), max(ys)
    right, top = WIDTH - 12, 28
    down = HEIGHT - BOTTOM

    def across(value: float) -> float:
        return LEFT + (right - LEFT) * (value - low_x) / ((high_x - low_x) or 1)

    def up(value: float) -> float:
        return down - (down - top) * (value - low_y) / ((high_y - low_y) or 1)

    low, high = max(low_x, low_y), min(high_x, high_y)
    parts = [
        f'<path d="M{LEFT} {top}V{down}H{right}" fill="none" stroke="{GREY}"/>',
        f'<path d="M{across(low):.1f} {up(low):.1f}L{across(high):.1f} {up(high):.1f}" stroke="{GREY}" '
        'stroke-dasharray="4"/>',
        _text(LEFT, HEIGHT - 24, f"{low_x:.4g}"), _text(right, HEIGHT - 24, f"{high_x:.4g}", "end"),
        _text(LEFT - 6, down, f"{low_y:.4g}", "end"), _text(LEFT - 6, top + 8, f"{high_y:.4g}", "end"),
        _text((LEFT + right) / 2, HEIGHT - 8, x_title, "middle"), _text(LEFT, top - 12, y_title),
    ]  # fmt: skip
    for number, (label, line_x, line_y) in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in zip(line_x, line_y, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        height = down - 12 - 16 * (len(lines) - 1 - number)
        parts.append(_text(right - 8, height, label[:40], "end", colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
        f'font-size="12">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = GREY) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
