"""MLTable files: what they may say, and that saving keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automl_components.core import mltable
from automl_components.core.errors import DataError, SettingsError
from automl_components.core.mltable.definition import from_mapping, from_yaml
from automl_components.core.settings import parse_yaml

EVERYTHING = """\
$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
- file: ./a.csv
- folder: ../data
- pattern: memory://box/**/[ab]?.csv
transformations:
- read_delimited:
    delimiter: ;
    header: all_files_different_headers
    support_multi_line: true
    empty_as_string: true
    encoding: utf8 bom
    include_path_column: true
    path_column: source
    partition_size: 1000
    infer_column_types:
      sample_size: 200
      column_type_overrides:
      - columns: [a, b]
        column_type: string
- keep_columns: [a, b, c, timestamp, off]
- drop_columns: {pattern: ^_, ignore_case: true, invert: false}
- convert_column_types:
  - columns: a
    column_type: int
  - columns: {pattern: day$}
    column_type:
      datetime:
        formats: ['%d/%m/%Y']
        date_constant: null
  - columns: off
    column_type: {boolean: {true_values: ['yes'], false_values: ['no'], mismatch_as: error}}
- filter: col("temperature") > 32 and col("location") == "UK"
- skip: 10
- take_random_sample: {probability: 0.5, seed: 1394}
- sample: {sampler: random_percent, sampler_arguments: {seed: 1, probability: 0.9, probability_lower_bound: 0.1}}
- select_partitions: [0, 2]
- extract_columns_from_partition_format: /puYear={year}/{timestamp2:yyyy/MM}
- take: 200
traits:
  index_columns: a
  timestamp_column: timestamp
metadata:
  owner: {name: Ada, since: 2020-01-01}
  limits: [1, 2.5, null, true, 'no']
  null_note: null
"""


def save(table: mltable.MLTable, folder: Path) -> str:
    table.save(folder)
    return (folder / "MLTable").read_text()


def test_everything_survives_load_and_save(tmp_path: Path) -> None:
    (tmp_path / "MLTable").write_text(EVERYTHING)
    first = mltable.load(tmp_path)
    text = save(first, tmp_path)
    expected = parse_yaml(EVERYTHING)
    expected["traits"]["index_columns"] = ["a"]
    assert parse_yaml(text) == expected
    assert yaml.safe_load(text) == expected  # no reader of YAML 1.1 takes a name or a date for something else
    second = mltable.load(tmp_path)
    assert second == first
    assert save(second, tmp_path) == text
    assert first.traits.index_columns == ("a",)
    assert first.traits.timestamp_column == "timestamp"
    assert first.metadata["owner"]["name"] == "Ada"
    assert first.partition_keys == ["year", "timestamp2"]
    assert first.paths == [
        {"file": "./a.csv"},
        {"folder": "../data"},
        {"pattern": "memory://box/**/[ab]?.csv"},
    ]


def test_bare_names_and_the_odd_format(tmp_path: Path) -> None:
    (tmp_path / "MLTable").write_text(
        "paths: [{file: a.parquet}]\n"
        "transformations:\n- read_parquet\n- extract_columns_from_partition_format: {timestamp:yyyy/MM/dd}\n"
        "- extract_columns_from_partition_format: {partition_format: '/{a}/'}\n"
    )
    table = mltable.load(tmp_path)
    assert table.partition_keys == ["timestamp", "a"]
    assert save(table, tmp_path / "b").splitlines()[:4] == [
        "type: mltable",
        "paths:",
        "- file: ../a.parquet",
        "transformations:",
    ]
    assert mltable.load(tmp_path / "b").definition.steps == table.definition.steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"MLTable: found a NoneType; should be a mapping"),
        ("- a", r"MLTable: found a list; should be a mapping"),
        ("paths: [", r"MLTable, line 1"),
        ("type: mltable", r"MLTable: paths: missing"),
        ("paths: []", r"MLTable: paths: missing"),
        ("paths: [{file: a}]\ntype: uri_folder", r"type: found 'uri_folder'"),
        (
            "paths: [{file: a}]\ntransformation: []",
            r"unknown key 'transformation'; did you mean 'transformations'",
        ),
        ("paths: [{file: a}]\npaths: [{file: b}]", r"line 2, column 1: the key 'paths' is given twice"),
        (
            "query_source: {connection: x, query: y}",
            r"query_source is not supported yet; export the query to files",
        ),
        (
            "paths: [{file: a, folder: b}]",
            r"paths\[0\]: give exactly one of file, folder and pattern, found \['file', 'folder'\]",
        ),
        ("paths: [{}]", r"paths\[0\]: give exactly one of file, folder and pattern, found none"),
        ("paths: [{files: a}]", r"paths\[0\]: unknown key 'files'; did you mean 'file'"),
        ("paths: [a.csv]", r"paths\[0\]: found 'a.csv'; should be a mapping"),
        (
            "paths: [{file: a}]\ntraits: {timestamp: t}",
            r"traits: unknown key 'timestamp'; did you mean 'timestamp_column'",
        ),
        ("paths: [{file: a}]\nmetadata: x", r"metadata: found 'x'"),
        (
            "paths: [{file: a}]\ntransformations: [read_csv]",
            r"transformations\[0\]: unknown transformation 'read_csv'",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {delimeter: ','}}]",
            r"transformations\[0\]\.read_delimited: unknown key 'delimeter'; did you mean 'delimiter'",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {encoding: ebcdic}}]",
            r"transformations\[0\]\.read_delimited\.encoding: found 'ebcdic'",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {header: maybe}}]",
            r"header: found 'maybe'; known: all_files",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {support_multi_line: 'yes'}}]",
            r"support_multi_line: found 'yes'",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {partition_size: 0}}]",
            r"partition_size: found 0",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {include_path_column: false, path_column: p}}]",
            r"path_column names a column that include_path_column: false leaves out",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {column_type_overrides: []}}]",
            r"unknown key 'column_type_overrides'",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_delimited: {infer_column_types: {sample_size: 0}}}]",
            r"read_delimited\.infer_column_types\.sample_size: found 0",
        ),
        (
            "paths: [{file: a}]\ntransformations:\n"
            "- read_delimited: {infer_column_types: {column_type_overrides: [{columns: a}]}}",
            r"column_type_overrides\[0\]\.column_type: missing",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{read_parquet: {columns: [a]}}]",
            r"read_parquet: unknown key 'columns'",
        ),
        (
            "paths: [{file: a}]\ntransformations: [read_parquet, read_delimited]",
            r"transformations\[1\]\.read_delimited: read_parquet reads the files already",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{take: 1}, read_parquet]",
            r"transformations\[1\]\.read_parquet: a reader comes first",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{take: 1, skip: 2}]",
            r"a transformation is one name with its arguments",
        ),
        (
            "paths: [{file: a}]\ntransformations: [take]",
            r"transformations\[0\]\.take: found None; should be a number of rows",
        ),
        ("paths: [{file: a}]\ntransformations: [{filter: 'n >'}]", r"transformations\[0\]\.filter: 'n >'"),
        (
            "paths: [{file: a}]\ntransformations: [{convert_column_types: {columns: a, column_type: int}}]",
            r"convert_column_types: found .*should be a list of mappings",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{convert_column_types: [{columns: a, column_type: integer}]}]",
            r"convert_column_types\[0\]\.column_type: unknown column type 'integer'; did you mean 'int'",
        ),
        (
            "paths: [{file: a}]\ntransformations: [{convert_column_types: [{column: a, column_type: int}]}]",
            r"convert_column_types\[0\]: unknown key 'column'; did you mean 'columns'",
        ),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "MLTable").write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        mltable.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/MLTable")


def test_no_file(tmp_path: Path, memory: object) -> None:
    for place in (tmp_path, tmp_path / "none", "memory://none"):
        with pytest.raises(DataError, match="MLTable: there is no such file"):
            mltable.load(place)
    (tmp_path / "MLTable").write_bytes(b"paths: [\xff]")
    with pytest.raises(DataError, match="MLTable: is not UTF-8 at byte 8"):
        mltable.load(tmp_path)


def test_the_file_itself_may_be_named(tmp_path: Path, memory: object) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "MLTable").write_text("paths: [{file: ./a.csv}]\ntransformations: [read_delimited]\n")
    for place in (tmp_path, f"{tmp_path}/", tmp_path / "MLTable", f"file://{tmp_path}"):
        assert mltable.load(place).to_arrow().to_pydict() == {"a": [1]}
    memory.pipe_file("/t/MLTable", (tmp_path / "MLTable").read_bytes())  # type: ignore[attr-defined]
    memory.pipe_file("/t/a.csv", b"a\n2\n")  # type: ignore[attr-defined]
    for remote in ("memory://t", "memory://t/MLTable"):
        assert mltable.load(remote).to_arrow().to_pydict() == {"a": [2]}


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=6)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    NAMES,
    st.sampled_from(["no", "off", "1e3", "2020-01-01", "~", "", " x ", "a: b", "null", "1_000", "012"]),
)
FREE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
STEPS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"keep_columns": st.lists(NAMES, max_size=3, unique=True) | NAMES}),
        st.fixed_dictionaries({"drop_columns": st.just({"pattern": "^a", "invert": True})}),
        st.fixed_dictionaries({"take": st.integers(0, 2**40)}),
        st.fixed_dictionaries(
            {"take_random_sample": st.fixed_dictionaries({"probability": st.floats(0, 1)})}
        ),
        st.fixed_dictionaries({"filter": NAMES.map(lambda name: f"col({name!r}) > 1")}),
        st.fixed_dictionaries(
            {
                "convert_column_types": st.lists(
                    st.fixed_dictionaries(
                        {
                            "columns": NAMES,
                            "column_type": st.sampled_from(
                                [
                                    "int",
                                    "string",
                                    {"datetime": {"formats": "%Y", "date_constant": None}},
                                    {"boolean": None},
                                ]
                            ),
                        }
                    ),
                    max_size=2,
                )
            }
        ),
    ),
    max_size=4,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["file", "folder", "pattern"]), NAMES, min_size=1, max_size=1),
        min_size=1,
        max_size=3,
    ),
    STEPS,
    st.dictionaries(NAMES, FREE, max_size=3),
    st.sampled_from([{}, {"timestamp_column": "t"}, {"index_columns": ["a", "b"]}]),
)
def test_any_definition_survives(paths: Any, steps: Any, metadata: Any, traits: Any) -> None:
    values = {
        "paths": paths,
        "transformations": ["read_parquet", *steps],
        "metadata": metadata,
        "traits": traits,
    }
    first = from_mapping(values)
    text = first.to_yaml()
    second = from_yaml(text)
    assert second == first
    assert second.to_yaml() == text
    assert second.metadata == metadata
    assert [step.given for step in second.steps[1:]] == [next(iter(step.values())) for step in steps]
