"""Runs of components: what is refused before any work, how inputs arrive, what decides about reuse."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from automl_components.core import storage
from automl_components.core.artifacts import Input, Output, mltable, uri_file, uri_folder
from automl_components.core.component import COMPONENTS, Component, component
from automl_components.core.errors import ArtifactError, DataError, SettingsError
from automl_components.core.settings import Settings
from automl_components.core.tables import read_table


class Facts(Settings):
    inline: ClassVar[bool] = True
    factor: int
    word: str = "a"


class Ends(Settings):
    section: ClassVar[str] = "ends"
    rounds: int = 3


class Body:
    """What the component of these tests does; a test may replace ``work``. ``calls`` counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.work: Callable[..., None] = self.write
        self.seen: dict[str, Any] = {}

    def __call__(self, **arguments: Any) -> None:
        self.calls += 1
        self.seen = arguments
        self.work(**arguments)

    def write(
        self, scaled: Output[mltable], notes: Output[uri_folder], rows: Any, facts: Facts, **_: Any
    ) -> None:
        from automl_components.core.tables import write_mltable

        write_mltable(read_table(rows.path) * facts.factor, scaled.local)
        (notes.local / "deep").mkdir(exist_ok=True)
        (notes.local / "deep" / "note.txt").write_text(facts.word)


@pytest.fixture(autouse=True)
def _registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOML_CACHE", str(tmp_path / "cache"))
    before = dict(COMPONENTS)
    yield
    COMPONENTS.clear()
    COMPONENTS.update(before)


@pytest.fixture
def body() -> Body:
    return Body()


def make(body: Body, **options: Any) -> Component:
    @component(**options)
    def scale_rows(
        rows: Input[mltable],
        scaled: Output[mltable],
        notes: Output[uri_folder],
        *,
        facts: Facts,
        ends: Ends,
        extra: Input[uri_file] | None = None,
    ) -> None:
        """Multiply every row.

        By a factor.
        """
        body(rows=rows, scaled=scaled, notes=notes, facts=facts, ends=ends, extra=extra)

    return scale_rows


@pytest.fixture
def scale(body: Body) -> Component:
    return make(body)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n1,2\n3,4\n")
    return path


def left(folder: Path) -> list[str]:
    """Everything in a folder, hidden things included."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("inputs", "outputs", "settings", "says"),
        [
            ({"row": "a"}, {}, {}, r"scale_rows has no input 'row'; did you mean 'rows'\?"),
            ({}, {}, {}, r"scale_rows needs its input 'rows' \(mltable\)"),
            ({"rows": None}, {}, {}, r"scale_rows needs its input 'rows'"),
            ({"rows": "a"}, {"note": "b"}, {}, r"scale_rows has no output 'note'; did you mean 'notes'\?"),
            ({"rows": "a"}, {"scaled": "b"}, {}, r"scale_rows needs its output 'notes' \(uri_folder\)"),
            ({"rows": "a"}, {"scaled": "b", "notes": None}, {}, r"needs its output 'notes'"),
            ({"rows": "rows.csv"}, {"scaled": "b", "notes": "c"}, {"end": Ends()}, "did you mean 'ends'"),
            ({"rows": "rows.csv"}, {"scaled": "b", "notes": "c"}, {}, r"factor: missing"),
            ({"rows": "rows.csv"}, {"scaled": "b", "notes": "b/"}, {"facts": Facts(factor=2)}, r"'(scaled|notes)'"),
            ({"rows": "b/rows"}, {"scaled": "b", "notes": "c"}, {"facts": Facts(factor=2)}, r"input 'rows'"),
        ],
    )  # fmt: skip
    def test_wrong_names_are_refused_before_any_work(
        self, scale: Component, body: Body, csv: Path, inputs: Any, outputs: Any, settings: Any, says: str
    ) -> None:
        with pytest.raises(SettingsError, match=says):
            scale.run(inputs, outputs, settings)
        assert body.calls == 0
        assert left(csv.parent) == ["rows.csv"]

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ({"factr": 2}, r"scale_rows: unknown argument 'factr'; did you mean 'factor'\?"),
            ({"factor": "many"}, r"factor: found 'many'"),
            ({"factor": 2, "ends": {"round": 1}}, r"ends.round: unknown; did you mean 'rounds'\?"),
            ({"factor": 2, "ends": Facts(factor=1)}, r"ends"),
            ({}, r"factor: missing"),
            ({"factor": 2, "facts": {"factor": 2}}, r"'facts' .* no section of its own"),
        ],
    )
    def test_wrong_settings_are_refused_with_the_nearest_name(
        self, scale: Component, body: Body, csv: Path, arguments: Any, says: str
    ) -> None:
        with pytest.raises(SettingsError, match=says):
            scale(rows=csv, output="run", **arguments)
        assert body.calls == 0

    @pytest.mark.parametrize(
        ("value", "error", "says"),
        [
            ("nowhere.csv", ArtifactError, r"input 'rows': nothing at nowhere.csv"),
            (
                Input(type="mlflow_model", path="rows.csv"),
                ArtifactError,
                r"input 'rows'.*mlflow_model.*mltable",
            ),
            (5, (SettingsError, DataError), r"int"),
        ],
    )
    def test_a_wrong_input_is_refused(
        self, scale: Component, body: Body, csv: Path, value: Any, error: Any, says: str
    ) -> None:
        with pytest.raises(error, match=says):
            scale(rows=value, factor=2, output="run")
        assert body.calls == 0


class TestWhatComponentsMake:
    """The input ``scaled`` is what another component writes."""

    @pytest.fixture
    def read(self) -> Component:
        @component()
        def read_scaled(scaled: Input[mltable], report: Output[uri_folder]) -> None:
            (report.local / "n.txt").write_text(str(len(read_table(scaled.path))))

        return read_scaled

    @pytest.fixture
    def made(self, scale: Component, csv: Path) -> Path:
        return scale(rows=csv, factor=2, output="run")["scaled"].local

    def test_it_is_taken_from_the_reference_that_wrote_it(
        self, scale: Component, read: Component, csv: Path
    ) -> None:
        made = read(scaled=scale(rows=csv, factor=2, output="run").scaled, output="run")
        assert (made.report.local / "n.txt").read_text() == "2"

    def test_a_marker_of_garbage_is_refused(self, read: Component, made: Path) -> None:
        for text in ("", "[]", '{"type": "mltable"}', "\0"):
            (made / "_artifact.json").write_text(text)
            with pytest.raises(ArtifactError, match="not a marker file"):
                read(scaled=made, output="run")

    def test_a_table_in_memory_is_no_replacement(self, read: Component, scale: Component) -> None:
        with pytest.raises(
            SettingsError, match="input 'scaled' must be the folder that a component wrote, not DataF"
        ):
            read(scaled=pd.DataFrame({"x": [1]}), output="run")


class TestInputs:
    def test_one_that_may_not_be_read_is_named_without_its_password(self) -> None:
        refusal = r"^input 'rows': no permission to read s3://\*\*\*@box/rows \(box/rows\)$"
        with pytest.raises(ArtifactError, match=refusal), storage.reading("rows", "s3://me:secret@box/rows"):
            raise PermissionError(errno.EACCES, "denied", "box/rows")

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
    def test_a_file_without_permission_is_an_input_and_no_output_that_fails(
        self, scale: Component, body: Body, csv: Path
    ) -> None:
        csv.chmod(0)
        with pytest.raises(ArtifactError, match="input 'rows': no permission to read"):
            scale(rows=csv, factor=2, output="run")
        assert body.calls == 0

    def test_a_file_a_folder_a_frame_and_a_reference_are_the_same_table(
        self, scale: Component, body: Body, csv: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "a.csv").write_text(csv.read_text())
        ways = [
            csv, str(csv), "rows.csv", f"file://{csv}", tmp_path / "folder", f"{tmp_path}/folder/", "folder/*.csv",
            Input(type="mltable", path=str(csv)), pd.read_csv(csv),
        ]  # fmt: skip
        for number, way in enumerate(ways):
            made = scale(rows=way, factor=2, output=f"run{number}")
            assert read_table(made.scaled.path).to_dict("list") == {"x": [2, 6], "y": [4, 8]}
            assert body.seen["extra"] is None

    def test_a_frame_is_not_changed_and_leaves_nothing_behind(
        self, scale: Component, body: Body, tmp_path: Path
    ) -> None:
        frame = pd.DataFrame({"x": [1, 2]})
        made = scale(rows=frame, factor=2, output="run")
        assert frame["x"].tolist() == [1, 2]
        assert not Path(body.seen["rows"].path).exists()
        marker = storage.read_marker(made.scaled.path)
        assert marker is not None
        assert marker.inputs["rows"]["path"] == "DataFrame"

    def test_a_file_is_given_as_a_file(self, scale: Component, body: Body, csv: Path) -> None:
        scale(rows=csv, extra=csv, factor=2, output="run")
        assert body.seen["extra"] == Input(type="uri_file", path=str(csv))

    def test_trailing_slashes_change_nothing(self, scale: Component, body: Body, csv: Path) -> None:
        first = scale.run({"rows": csv}, {"scaled": "run/s/", "notes": "run/n//"}, {"facts": Facts(factor=2)})
        assert sorted(path.name for path in Path("run").iterdir()) == ["n", "s"]
        again = scale.run(
            {"rows": csv}, {"scaled": "run/s", "notes": "run/n"}, {"facts": Facts(factor=2)}, reuse=True
        )
        assert (first.reused, again.reused, body.calls) == (False, True, 1)


class TestReuse:
    def run(self, scale: Component, csv: Path, **changes: Any) -> bool:
        return scale(**{"rows": csv, "factor": 2, "output": "run", "reuse": True} | changes).reused

    def test_other_input_bytes_settings_or_inputs_are_other_work(
        self, scale: Component, body: Body, csv: Path
    ) -> None:
        self.run(scale, csv)
        assert not self.run(scale, csv, factor=3)
        assert not self.run(scale, csv, factor=3, ends={"rounds": 4})
        assert not self.run(scale, csv, factor=3, ends={"rounds": 4}, extra=csv)
        csv.write_text("x,y\n1,2\n3,5\n")
        assert not self.run(scale, csv, factor=3, ends={"rounds": 4})
        assert self.run(scale, csv, factor=3, ends={"rounds": 4})
        assert read_table("run/scaled")["y"].tolist() == [6, 15]

    def test_outputs_that_changed_places_are_not_taken_for_each_other(self, body: Body, csv: Path) -> None:
        @component()
        def twins(rows: Input[mltable], one: Output[uri_folder], two: Output[uri_folder]) -> None:
            (one.local / "f").write_text("1")
            (two.local / "f").write_text("2")

        twins.run({"rows": csv}, {"one": "a", "two": "b"}, {}, reuse=True)
        assert not twins.run({"rows": csv}, {"one": "b", "two": "a"}, {}, reuse=True).reused
        assert Path("a/f").read_text() == "2"


class TestBodies:
    """Whatever the body does, an output is whole or as it was before."""

    def test_a_table_without_its_file_is_not_published(self, scale: Component, body: Body, csv: Path) -> None:
        def no_mltable(scaled: Output[mltable], notes: Output[uri_folder], **_: Any) -> None:
            (scaled.local / "data.parquet").write_text("")
            (notes.local / "note").write_text("")

        body.work = no_mltable
        with pytest.raises(RuntimeError, match="left its output 'scaled' without MLTable"):
            scale(rows=csv, factor=2, output="run")

    def test_a_new_output_replaces_the_whole_old_one(self, scale: Component, body: Body, csv: Path) -> None:
        scale(rows=csv, factor=2, output="run")

        def other_file(notes: Output[uri_folder], **rest: Any) -> None:
            body.write(notes=notes, **rest)
            (notes.local / "deep" / "note.txt").rename(notes.local / "new.txt")

        body.work = other_file
        scale(rows=csv, factor=2, output="run")
        assert [name for name in left(Path("run/notes")) if name.endswith(".txt")] == ["new.txt"]
        assert sorted(path.name for path in Path("run").iterdir()) == ["notes", "scaled"]


def test_a_marker_tells_the_time_of_all_stages_before(tmp_path):
    @component(version="1")
    def first(made: Output[uri_folder]) -> None:
        time.sleep(0.05)
        (made.local / "a").write_text("a")

    @component(version="1")
    def second(made: Input[uri_folder], last: Output[uri_folder]) -> None:
        time.sleep(0.02)
        (last.local / "b").write_text("b")

    one, two = str(tmp_path / "made"), str(tmp_path / "last")
    first.run({}, {"made": one}, {})
    second.run({"made": one}, {"last": two}, {})
    marker = storage.read_marker(two)
    assert marker is not None
    assert storage.elapsed(one) >= 0.05
    assert storage.elapsed(two) == pytest.approx(storage.elapsed(one) + marker.seconds, abs=0.002)
    assert storage.elapsed(str(tmp_path)) == 0
