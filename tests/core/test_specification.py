"""The printed component YAML: Azure's shape, and a command line that this package's own parser takes."""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any, ClassVar, Literal

import pytest
import yaml
from click.testing import CliRunner
from pydantic import Field

from automl_components.__main__ import main
from automl_components.cli.components import component as command
from automl_components.core.artifacts import Input, Output, mlflow_model, mltable, uri_folder
from automl_components.core.component import COMPONENTS, Component, component
from automl_components.core.settings import Settings, apply_overrides
from automl_components.pipeline import LINE, settings_of

AZURE = {
    "$schema": str, "type": str, "name": str, "display_name": str, "version": str, "description": str,
    "is_deterministic": bool, "inputs": dict, "outputs": dict, "environment": str, "command": str,
}  # fmt: skip
PORTS = {"mltable", "mlflow_model", "uri_folder", "uri_file"}
VALUES: dict[str, type | tuple[type, ...]] = {
    "integer": int, "number": (int, float), "boolean": bool, "string": str,
}  # fmt: skip
FACTS = {"task": "classification", "target_column_name": "my target"}


class Depth(Settings):
    section: ClassVar[str] = "deep"
    rounds: Annotated[int, Field(gt=0, le=9)] = 3
    share: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    how: Literal["fast", "slow"] = "fast"
    names: tuple[str, ...] = ()
    either: int | str = 5
    needed: bool


class Flat(Settings):
    inline: ClassVar[bool] = True
    title: str


@pytest.fixture
def example() -> Any:
    @component(version="7", external=True)
    def spec_example(
        rows: Input[mltable],
        model: Output[mlflow_model],
        notes: Output[uri_folder],
        *,
        depth: Depth,
        flat: Flat,
        more: Input[uri_folder] | None = None,
    ) -> None:
        """First line.

        And more.
        """

    yield spec_example
    del COMPONENTS["spec_example"]


def test_everything_comes_from_the_signature(example: Component) -> None:
    assert example.spec() == {
        "$schema": "https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json",
        "type": "command",
        "name": "spec_example",
        "display_name": "Spec example",
        "version": "7",
        "description": "First line.\n\nAnd more.",
        "is_deterministic": False,
        "inputs": {
            "rows": {"type": "mltable"},
            "more": {"type": "uri_folder", "optional": True},
            "deep.rounds": {"type": "integer", "min": 1, "max": 9, "optional": True, "default": 3},
            "deep.share": {"type": "number", "min": 0.5, "optional": True},
            "deep.how": {"type": "string", "enum": ["fast", "slow"], "optional": True, "default": "fast"},
            "deep.names": {"type": "string", "optional": True},
            "deep.either": {"type": "string", "optional": True, "default": "5"},
            "deep.needed": {"type": "boolean"},
            "title": {"type": "string"},
        },
        "outputs": {"model": {"type": "mlflow_model"}, "notes": {"type": "uri_folder"}},
        "environment": "azureml:automl-components@latest",
        "command": (
            "automl component spec_example --input rows=${{inputs.rows}} $[[--input more=${{inputs.more}}]] "
            "--output model=${{outputs.model}} --output notes=${{outputs.notes}} "
            "$[[--set deep.rounds=${{inputs.deep.rounds}}]] $[[--set deep.share=${{inputs.deep.share}}]] "
            "$[[--set 'deep.how=${{inputs.deep.how}}']] $[[--set 'deep.names=${{inputs.deep.names}}']] "
            "$[[--set 'deep.either=${{inputs.deep.either}}']] --set deep.needed=${{inputs.deep.needed}} "
            "--set 'title=${{inputs.title}}'"
        ),
    }


@pytest.mark.parametrize("stage", LINE, ids=lambda stage: stage.name)
class TestEveryStage:
    def test_the_printed_yaml_has_azures_shape(self, stage: Component) -> None:
        done = CliRunner().invoke(main, ["spec", stage.name])
        assert done.exit_code == 0
        loaded = yaml.safe_load(done.stdout)
        assert loaded == stage.spec()
        assert {key: type(value) for key, value in loaded.items()} == AZURE
        assert loaded["type"] == "command"
        assert loaded["is_deterministic"] is not stage.external
        assert re.fullmatch(r"[a-z0-9_]+", loaded["name"])
        for name, entry in loaded["inputs"].items():
            assert set(entry) <= {"type", "optional", "default", "enum", "min", "max", "description"}, name
            assert re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", name)
            assert entry["type"] in PORTS | set(VALUES)
            values = [*entry.get("enum", []), *([entry["default"]] if "default" in entry else [])]
            assert all(isinstance(value, VALUES[entry["type"]]) for value in values), name
            if "default" in entry and "enum" in entry:
                assert entry["default"] in entry["enum"], name
            assert entry["type"] in PORTS or len(entry["description"]) > 3, name
        assert all(
            entry.keys() == {"type"} and entry["type"] in PORTS for entry in loaded["outputs"].values()
        )

    def test_the_command_uses_every_input_once_and_brackets_the_optional_ones(self, stage: Component) -> None:
        spec = stage.spec()
        used = re.findall(r"\$\{\{(inputs|outputs)\.([\w.]+)\}\}", spec["command"])
        assert sorted(used) == sorted(
            [("inputs", n) for n in spec["inputs"]] + [("outputs", n) for n in spec["outputs"]]
        )
        bracketed = set(re.findall(r"\$\[\[[^\]]*inputs\.([\w.]+)\}\}'?\]\]", spec["command"]))
        assert bracketed == {name for name, entry in spec["inputs"].items() if entry.get("optional")}

    def test_our_command_line_takes_the_command(self, stage: Component) -> None:
        spec = stage.spec()
        given = {name: entry.get("default") for name, entry in spec["inputs"].items()} | {
            name: value for name, value in FACTS.items() if name in spec["inputs"]
        }
        text = re.sub(
            r"\$\[\[(.*?inputs\.([\w.]+)\}\}'?)\]\]",
            lambda m: m[1] if given[m[2]] is not None else "",
            spec["command"],
        )
        text = re.sub(r"\$\{\{inputs\.([\w.]+)\}\}", lambda m: str(given[m[1]]), text)
        program, verb, name, *words = shlex.split(text)
        assert (program, verb, name) == ("automl", "component", stage.name)
        parsed = command.make_context("component", [name, *words]).params
        assert {pair.partition("=")[0] for pair in parsed["outputs"]} == set(stage.outputs)
        assert {pair.partition("=")[0] for pair in parsed["inputs"]} <= set(stage.inputs)
        sections = settings_of(stage, apply_overrides({}, parsed["overrides"]))
        assert set(sections) == set(stage.settings)
        if "task" in sections:
            assert sections["task"].target_column_name == "my target"  # type: ignore[attr-defined]
