"""The page as a document: whole, self-contained, safe, readable for everybody, the same each time."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import finished
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_components import report
from automl_components.guardrails.findings import Finding, report_rows
from automl_components.report import Contents, render
from automl_components.report.contents import Evaluation
from automl_components.report.words import printable

VOID = {"meta", "link", "br", "hr", "path", "use"}
KNOWN = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "a",
        "header",
        "main",
        "nav",
        "section",
        "footer",
    ),
    *(
        "div",
        "p",
        "b",
        "i",
        "em",
        "span",
        "q",
        "small",
        "strong",
        "h1",
        "h2",
        "h3",
        "code",
        "pre",
        "time",
        "article",
    ),
    *("ol", "ul", "li", "dl", "dt", "dd", "details", "summary", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "path", "defs", "clippath", "rect", "use", "text"),
}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\u202e$\\frac$"


class Page(HTMLParser):
    """Tags that are balanced, and what is in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


PAGES = {
    "binary": finished.classification,
    "multi-class": lambda: finished.classification(("a", "b", "c", 4)),
    "regression": finished.regression,
    "untested": lambda: finished.classification(test=None),
}


@pytest.fixture(scope="module", params=PAGES)
def html(request: pytest.FixtureRequest) -> str:
    return render(PAGES[request.param]())


def test_it_is_one_whole_document(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!doctype html>")
    assert {tag for tag, _ in page.tags} <= KNOWN
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [attributes.get("href") or "" for _, attributes in page.tags if "href" in attributes]
    assert all(link.removeprefix("#") in ids for link in links if link != "data:,")
    assert len(html.encode()) < 300_000


def test_it_loads_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org/)", html)
    for tag, attributes in page.tags:
        assert "src" not in attributes
        assert not [name for name in attributes if name.startswith("on")], tag


def test_everybody_can_read_it(html: str) -> None:
    page = Page(html)
    assert page.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    charts = page.all("svg")
    assert all(chart["role"] == "img" and len(chart["aria-label"] or "") > 20 for chart in charts)
    assert all("scope" in cell for cell in page.all("th"))
    assert all(
        attributes.get("aria-label") for attributes in page.all("div") if attributes.get("role") == "region"
    )


def test_the_same_run_is_the_same_page(html: str, request: pytest.FixtureRequest) -> None:
    render(finished.regression())
    name = request.node.callspec.params["html"]
    assert render(PAGES[name]()) == html


def theme(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text))


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_stands_out_in_light_in_dark_and_on_paper() -> None:
    css = (Path(report.__file__).parent / "page" / "style.css").read_text()
    light, dark, paper = map(theme, re.findall(r":root \{(.*?)\}", css, re.DOTALL))
    assert light.keys() == dark.keys() == paper.keys()
    for colours in (light, dark, paper):
        pairs = [
            (text, ground) for text in ("ink", "muted", "accent") for ground in ("paper", "card", "soft")
        ]
        pairs += [
            ("accent", "accent-soft"),
            ("warn", "warn-soft"),
            ("warn", "card"),
            ("good", "good-soft"),
            ("bad", "card"),
        ]
        for text, ground in pairs:
            assert contrast(colours[text], colours[ground]) >= 4.5, (
                text,
                ground,
                colours[text],
                colours[ground],
            )
        for line in [name for name in colours if name.startswith("line")]:
            assert contrast(colours[line], colours["card"]) >= 3, line


def evil() -> Contents:
    """Foreign text wherever a user can put some."""
    found = Finding(
        EVIL, EVIL, "Alerted", EVIL, "warning", {EVIL: EVIL, "list": [EVIL], "map": {EVIL: EVIL}}, EVIL, EVIL
    )
    made = finished.classification((EVIL, f"{EVIL}2", f"{EVIL}3"))
    failed = {**finished.trial(10, None), "status": "Failed", "error": {"message": EVIL}}
    assert made.test is not None
    return replace(
        made, name=EVIL, description=EVIL,
        findings=report_rows([found, replace(found, status="Passed"), replace(found, muted=EVIL)]),
        columns=[{**finished.column(EVIL), "Reason": EVIL, "TypeDetected": EVIL, "Tranformations": [EVIL]}],
        features=[{"columns": [EVIL], "title": EVIL, "names": [EVIL]}], model={**made.model, "target": EVIL},
        search={**made.search, "stop_reason": EVIL, "skipped": [{"name": EVIL, "reason": EVIL}]},
        trials=[*made.trials, failed], board=[{**row, "pipeline": EVIL, EVIL: 0.5} for row in made.board],
        best={**made.best, "primary_metric": EVIL, "pipelines": [EVIL, EVIL], "metrics": {EVIL: 0.5}},
        test=Evaluation(made.test.facts, {**made.test.metrics, EVIL: 0.5}, made.test.charts),
        settings={"training": {EVIL: EVIL}},
        registration={"model_name": EVIL, "gate": {EVIL: 1}, "champion_alias": EVIL},
        steps={name: replace(marker, component=EVIL, inputs={EVIL: {"path": EVIL, "digest": EVIL}},
                             libraries={EVIL: EVIL}) for name, marker in made.steps.items()},
    )  # fmt: skip


def test_what_users_write_stays_text() -> None:
    html = render(evil())
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= KNOWN
    assert not re.search(r"<script|<img|\u202e", html)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") > 30
    assert "{{ 7*7 }}" in page.text


anything = st.text(st.characters(codec=None), max_size=60)


@settings(max_examples=40, deadline=None)
@given(anything, anything, anything)
def test_any_text_can_be_written_and_read_back(target: str, column: str, stop: str) -> None:
    made = finished.regression(test=None, trials=[], columns=[finished.column(column)])
    html = render(
        replace(made, model={**made.model, "target": target}, search={**made.search, "stop_reason": stop})
    )
    text = Page(html.encode().decode()).text
    for one in (target, column, stop):
        assert printable(one).strip() in text


def test_many_of_everything_are_cut_with_a_note() -> None:
    made = finished.classification(tuple(f"class {n:03d}" for n in range(200)), rows=3000)
    trials = [finished.trial(n, 0.5 + n / 1000) for n in range(1, 400)]
    board = [finished.entry(n, str(n), "LightGBM", "AUC_weighted", 0.9) for n in range(1, 400)]
    columns = [finished.column(f"column {n}", dropped=n % 9 == 0) for n in range(1000)]
    html = render(replace(made, trials=trials, board=board, columns=columns))
    assert len(html.encode()) < 600_000
    text = Page(html).text
    assert "940 more columns are not shown" in text
    assert "389 more in leaderboard.csv" in text
    assert "the 12 of 200 that are found least" in text
    assert "Most frequent confusions" in text
    assert 'class="matrix' not in html


def test_only_what_is_needed_is_imported() -> None:
    """Charts are drawn without a window system and without state that plots of the user would share."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import finished; from automl_components.report import render; "
        "render(finished.classification()); "
        "print([m for m in ('matplotlib.pyplot', 'mlflow', 'tkinter', 'sklearn') if m in sys.modules])"
    )
    fixtures = str(Path(finished.__file__).parent)
    done = subprocess.run([sys.executable, "-c", code, fixtures], capture_output=True, text=True, check=True)
    assert "matplotlib.pyplot" not in done.stdout
    assert "mlflow" not in done.stdout


def test_the_users_own_plots_stay_as_they_are() -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 31, "text.usetex": True, "svg.fonttype": "path"}):
        before = dict(mpl.rcParams)
        html = render(finished.regression())
        assert dict(mpl.rcParams) == before
    assert html == render(finished.regression())


def test_whatever_is_missing_is_left_out_or_said() -> None:
    made = finished.classification()
    assert made.test is not None
    only = replace(
        made, findings=[], columns=[], features=[], steps={}, settings={}, registration={}, trials=made.trials[:1],
        board=made.board[:1],
        best={**made.best, "kind": "trial", "members": [1], "weights": [1.0], "pipelines": ["LightGBM"]},
        search={"task": "classification"}, test=Evaluation({"rows": 20}),
    )  # fmt: skip
    page = Page(render(only))
    sections = [attributes.get("id") for attributes in page.all("section")]
    assert sections == ["next", "test", "leaderboard", "provenance"]
    assert "The test rows had no target" in page.text
    assert "automl register ." in page.text
    assert not page.all("svg")
