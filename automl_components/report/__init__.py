"""The report page: a finished run as one HTML file that needs nothing else, for people, printers and screen readers.

::

    contents.py   the plain values that the run's folders hold
    headline.py, findings.py, leaderboard.py, columns.py, testing.py, provenance.py
                  a section each: from contents to what its template takes, or None where there is nothing to say
    page/         a template for each section, the page around them, its style
    drawing.py    charts as SVG in the page's own colours

A new section is a function and a template, and its line in :data:`SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.report.columns import columns
from automl_components.report.contents import Contents, read_contents
from automl_components.report.findings import findings
from automl_components.report.headline import headline
from automl_components.report.leaderboard import leaderboard
from automl_components.report.provenance import provenance
from automl_components.report.testing import testing

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["SECTIONS", "Contents", "Section", "read_contents", "render"]


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, which is also its template's name, its title, and what fills it."""

    anchor: str
    title: str
    fill: Callable[[Contents], Mapping[str, Any] | None]


SECTIONS = (
    Section("findings", "Guardrail findings", findings),
    Section("test", "Test run", testing),
    Section("leaderboard", "Leaderboard", leaderboard),
    Section("features", "Features", columns),
    Section("provenance", "Provenance", provenance),
)


def render(contents: Contents) -> str:
    """The page as HTML: one file, no scripts, nothing loaded from anywhere."""
    filled = [(section, section.fill(contents)) for section in SECTIONS]
    return (
        _environment()
        .get_template("index.html.jinja")
        .render(
            contents=contents,
            head=headline(contents),
            sections=[(s, values) for s, values in filled if values is not None],
        )
    )


@cache
def _environment() -> Environment:
    """Templates that escape everything, refuse unknown names, and print no character that would steer a browser."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from automl_components import __version__
    from automl_components.report import words

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "page"), autoescape=True, undefined=StrictUndefined,
        finalize=words.printable, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "score": words.score,
        "share": words.share,
        "short": words.short,
        "duration": words.duration,
    }
    made.globals["version"] = __version__
    return made
