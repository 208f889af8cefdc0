"""YAML files and dotted overrides: what is read, what is refused and where, and what is written."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automl_components.core.errors import SettingsError
from automl_components.core.settings import (
    apply_overrides,
    as_mapping,
    assign,
    flatten,
    parse_override,
    parse_yaml,
    read_mapping,
    write_yaml,
)

TEXTS = st.text(max_size=12)
TRAPS = ["off", "no", "y", "on", "1e3", "012", "\x85", "1:30", "2024-01-31", "null", "~", "<<", "0x1F", ".5"]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.sampled_from(TRAPS)
)
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(TEXTS, one, max_size=3), max_leaves=8
)
KEYS = st.text(st.characters(categories=["Ll"]), min_size=1, max_size=3)
NESTED = st.recursive(
    st.integers() | st.text(max_size=3), lambda one: st.dictionaries(KEYS, one, min_size=1, max_size=3)
)


class TestReading:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("off", "off"),
            ("no", "no"),
            ("on", "on"),
            ("y", "y"),
            ("true", True),
            ("False", False),
            ("012", "012"),
            ("1:30", "1:30"),
            ("2024-01-31", "2024-01-31"),
            ("1_000", "1_000"),
            ("17", 17),
            ("-3", -3),
            ("1e3", 1000.0),
            ("1.5E-2", 0.015),
            (".5", 0.5),
            ("5.", 5.0),
            ("-.inf", -math.inf),
            ("~", None),
            ("", None),
            ("'true'", "true"),
            ("1.2.3", "1.2.3"),
        ],
    )
    def test_scalars_are_those_of_yaml_1_2(self, text, value):
        found = parse_yaml(f"key: {text}")["key"]
        assert found == value
        assert type(found) is type(value)

    def test_anchors_and_merges(self):
        text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n"
        assert parse_yaml(text)["b"] == {"x": 1, "y": 3}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a: 1\nb: 2\na: 3\n", "job.yml, line 3, column 1: the key 'a' is given twice, first on line 1"),
            ("limits:\n  x: 1\n  x: 2\n", "job.yml, line 3, column 3: the key 'x' is given twice"),
            ("a: 1\n\tb: 2\n", "job.yml, line 2, column 1: a tab; YAML is indented by spaces"),
            ("a:\n  - b\n  c: 1\n", "job.yml, line 3, column 3: .*check the indentation"),
            ("a: [1, 2\n", "job.yml, line 2"),
            ("a: *nobody\n", "job.yml, line 1, column 4: found undefined alias"),
            (
                "a: !!python/object/apply:os.system ['true']\n",
                "job.yml, line 1, .*could not determine",
            ),
            ("a: 1\n---\nb: 2\n", "job.yml, line 2"),
            ("? [a]\n: 1\n", "job.yml, line 1, .*unhashable"),
            ("a: \x00\n", "job.yml: "),
            ("[" * 3000, "job.yml: nested too deeply|job.yml, line"),
        ],
    )
    def test_what_is_no_yaml(self, text, message):
        with pytest.raises(SettingsError, match=message):
            parse_yaml(text, "job.yml")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "the file is empty"),
            (b"# only a comment\n", "the file is empty"),
            (b"- a\n- b\n", "found a list; should be a mapping"),
            (b"just text", "found a str; should be a mapping"),
            (b"a: \xff\xfe", "not UTF-8 at byte 3"),
            (b"1: a\n", "found the key 1; keys are text"),
        ],
    )
    def test_files_that_are_no_settings(self, tmp_path, content, message):
        file = tmp_path / "job.yml"
        file.write_bytes(content)
        with pytest.raises(SettingsError, match=rf"job\.yml: {message}"):
            read_mapping(file)

    def test_no_file(self, tmp_path):
        with pytest.raises(SettingsError, match=r"job\.yml: there is no such file"):
            read_mapping(tmp_path / "job.yml")
        with pytest.raises(SettingsError, match="that is a folder; give a file in it"):
            read_mapping(tmp_path)

    def test_byte_order_mark(self, tmp_path):
        (tmp_path / "job.yml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
        assert read_mapping(tmp_path / "job.yml") == {"a": 1, "b": 2}

    def test_remote_file(self):
        import fsspec

        with fsspec.open("memory://settings-test/job.yml", "w") as stream:
            stream.write("a: 1")
        assert read_mapping("memory://settings-test/job.yml") == {"a": 1}
        with pytest.raises(SettingsError, match="there is no such file"):
            read_mapping("memory://settings-test/other.yml")

    def test_as_mapping(self):
        assert as_mapping({"a": 1}) == {"a": 1}
        with pytest.raises(SettingsError, match="found a NoneType"):
            as_mapping(None)


class TestWriting:
    @given(st.dictionaries(TEXTS, VALUES, max_size=4))
    def test_what_is_written_is_read_back(self, value):
        assert parse_yaml(write_yaml(value)) == (value or {})

    @given(st.dictionaries(TEXTS, VALUES, max_size=4))
    def test_a_yaml_1_1_reader_reads_the_same(self, value):
        assert yaml.safe_load(write_yaml(value)) == value

    def test_order_is_kept(self):
        assert write_yaml({"b": 1, "a": {"z": 1, "y": 2}}) == "b: 1\na:\n  z: 1\n  y: 2\n"


class TestOverrides:
    @pytest.mark.parametrize(
        ("text", "path", "value"),
        [
            ("limits.max_trials=10", "limits.max_trials", 10),
            ("a=b=c", "a", "b=c"),
            ("a=", "a", None),
            ("featurization=off", "featurization", "off"),
            (
                "training.blocked_models=[svm, knn]",
                "training.blocked_models",
                ["svm", "knn"],
            ),
            ("registration.gate={accuracy: {min: 0.8}}", "registration.gate", {"accuracy": {"min": 0.8}}),
            ("training_data=data.csv", "training_data", "data.csv"),
            (" seed = 3", "seed", 3),
        ],
    )
    def test_one(self, text, path, value):
        assert parse_override(text) == (path, value)

    @pytest.mark.parametrize("text", ["max_trials", "=3", ".a=3", "a..b=3", "a.=3", ""])
    def test_what_is_none(self, text):
        with pytest.raises(SettingsError, match=r"should be key=value, such as limits\.max_trials=10"):
            parse_override(text)

    def test_a_value_that_is_no_yaml(self):
        with pytest.raises(SettingsError, match=r"--set a, line 1"):
            parse_override("a=[1")

    def test_assign_leaves_the_original(self):
        original = {"limits": {"max_trials": 3}, "seed": 1}
        changed = assign(original, "limits.max_trials", 5)
        assert changed == {"limits": {"max_trials": 5}, "seed": 1}
        assert original == {"limits": {"max_trials": 3}, "seed": 1}

    def test_assign_makes_levels(self):
        assert assign({"limits": None}, "limits.max_trials", 5) == {"limits": {"max_trials": 5}}
        assert assign({}, "a.b.c", 1) == {"a": {"b": {"c": 1}}}

    def test_assign_into_a_value(self):
        with pytest.raises(SettingsError, match="featurization is 'off', so 'mode' cannot be set inside it"):
            assign({"featurization": "off"}, "featurization.mode", "auto")

    def test_in_order(self):
        assert apply_overrides({}, ["a=1", "a=2", "b.c=3"]) == {"a": 2, "b": {"c": 3}}

    @given(NESTED)
    def test_assigning_what_was_flattened_gives_the_same(self, value):
        nested = value if isinstance(value, dict) else {"a": value}
        rebuilt: dict = {}
        for path, one in flatten(nested).items():
            rebuilt = assign(rebuilt, path, one)
        assert rebuilt == nested
