"""The report page: a finished run as one HTML file that needs nothing else, for people, printers and screen readers.

::

    contents.py   the plain values that the run's folders hold
    headline.py, findings.py, leaderboard.py, columns.py, testing.py, provenance.py
                  a section each: `fill` makes of contents what its template takes, or None for nothing to say
    page/         a template for each section, the page around them, its style
    drawing.py    charts as SVG in the page's own colours

A new section is a module and a template, and its line in :data:`SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.report import columns, findings, headline, leaderboard, provenance, testing
from automl_components.report.contents import Contents, read_contents

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
    Section("findings", "Guardrail findings", findings.fill),
    Section("test", "Test run", testing.fill),
    Section("leaderboard", "Leaderboard", leaderboard.fill),
    Section("features", "Features", columns.fill),
    Section("provenance", "Provenance", provenance.fill),
)


def render(contents: Contents) -> str:
    """The page as HTML: one file, no scripts, nothing loaded from anywhere."""
    sections = [(section, values) for section in SECTIONS if (values := section.fill(contents)) is not None]
    template = _environment().get_template("index.html.jinja")
    return template.render(contents=contents, head=headline.fill(contents), sections=sections)


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
