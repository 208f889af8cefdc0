"""Charts as SVG that is part of the page: its colours are the page's, its text is ours alone.

What users name (classes, columns) is in the page around a chart, never in it: Matplotlib reads ``$`` as mathematics and
warns of letters that its font lacks.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from automl_components.report.words import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SERIES = ("line1", "line2", "line3", "line4", "line5", "line6", "line7", "line8")
"""Colours that tell lines apart, in their order."""
COLOURS = {
    name: f"#0a0b{number:02x}"
    for number, name in enumerate(("ink", "muted", "grid", "accent", "soft", *SERIES))
}
"""Stand-ins: Matplotlib wants a colour, the page wants ``var(--name)``, which differs by light, dark and paper."""
DOTS, DASHES = (0, (2, 3)), (0, (5, 3))
SIZE = (6.6, 4.1)  # inches of 72 units; in a column of the page a unit is about a pixel
WIDE = (14.4, 4.0)
STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none", "text.parse_math": False, "font.size": 11, "axes.unicode_minus": True,
    "axes.edgecolor": COLOURS["muted"], "axes.linewidth": 0.8, "axes.labelcolor": COLOURS["muted"],
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "xtick.color": COLOURS["muted"], "ytick.color": COLOURS["muted"], "ytick.left": False, "xtick.major.size": 3,
    "axes.grid": True, "axes.grid.axis": "y", "grid.color": COLOURS["grid"], "grid.linewidth": 0.8,
    "axes.axisbelow": True, "path.simplify": True, "path.simplify_threshold": 0.2,
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """One entry of a chart's legend: what is drawn in which colour, and how."""

    label: str
    colour: str
    shape: str = "line"  # line, dashed, dotted, dot, ring, edge, band


@dataclass(frozen=True)
class Drawing:
    """A chart with what belongs around it: title, legend, a sentence that reads it, the title of its y axis."""

    title: str
    svg: Markup
    keys: Sequence[Key] = ()
    note: str = ""
    y: str = ""


def draw(
    plot: Callable[[Axes], None], *, alt: str, size: tuple[float, float] = SIZE, left: float = 0.11
) -> Markup:
    """The SVG element of what ``plot`` draws into its axes, the same bytes each time; ``alt`` says it in words."""
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    alt = printable(alt)
    with style.context(["default", {**STYLE, "svg.hashsalt": alt}]):
        figure = Figure(figsize=size)
        FigureCanvasSVG(figure)
        axes = figure.add_axes((left, 0.14, 0.98 - left, 0.83))
        plot(axes)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace("-", "\N{MINUS SIGN}"))
        stream = io.StringIO()
        figure.savefig(
            stream,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        )
    return _inlined(stream.getvalue(), alt)


def _inlined(svg: str, alt: str) -> Markup:
    """The element alone, scaled by the page, in its colours and letters, without names that charts would share."""
    body = svg[svg.index("<svg") :]
    box = re.search(r'viewBox="[^"]+"', body)
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<defs>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body[body.index(">") + 1 :])
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r"\s*\n\s*", " ", body).replace("xlink:href", "href")
    for name, stand_in in COLOURS.items():
        body = body.replace(stand_in, f"var(--{name})")
    return Markup(f'<svg role="img" aria-label="{escape(alt)}" {box and box.group()}>{body.strip()}')  # noqa: S704 - no text of users in it
