"""Markers and addresses of artifacts: what is written is read, what is secret stays out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_components.core.artifacts import (
    MARKER,
    Input,
    Marker,
    Output,
    digest_file,
    digest_of,
    list_files,
    redacted,
)
from automl_components.core.errors import ArtifactError

MADE = Marker(
    type="mltable", name="features", component="featurize_data", version="2", fingerprint="f" * 64,
    files={"MLTable": (3, "a" * 64), "deep/data.parquet": (5, "b" * 64)}, settings={"task": {"seed": 1}},
    inputs={"checked_data": {"path": "runs/x", "digest": "c"}}, libraries={"python": "3.11"}, seconds=1.5,
    created="2026-01-31T12:00:00+00:00",
)  # fmt: skip


def test_a_marker_is_read_as_it_was_written() -> None:
    assert Marker.from_json(MADE.to_json(), "here") == MADE
    assert json.loads(MADE.to_json())["digest"] == MADE.digest


def test_the_digest_is_of_names_and_contents_only() -> None:
    from dataclasses import replace

    assert replace(MADE, seconds=9.0, component="other").digest == MADE.digest
    assert replace(MADE, files={**MADE.files, "MLTable": (3, "d" * 64)}).digest != MADE.digest
    assert replace(MADE, files={"other": (3, "a" * 64)}).digest != MADE.digest


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", "{}", '{"files": 3}', '{"files": {"a": 1}}', '{"type": "mltable", "files": {}}',
     json.dumps({**json.loads(MADE.to_json()), "later": 1}), MADE.to_json()[:-9]],
)  # fmt: skip
def test_what_is_no_marker_is_refused_by_name(text: str) -> None:
    with pytest.raises(ArtifactError, match=r"^runs/x/_artifact\.json: not a marker file of this version"):
        Marker.from_json(text, f"runs/x/{MARKER}")


def test_references_know_the_four_types() -> None:
    assert Input(path=Path("a/b")).path == "a/b"
    assert Output(type="mlflow_model", path="m").local == Path("m")
    with pytest.raises(ArtifactError, match=r"unknown artifact type 'table'; known: mltable, mlflow_model"):
        Input(type="table", path="x")


def test_files_are_listed_with_size_and_sha(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name, text in (("b", "two"), ("deep/a", "x"), (MARKER, "{}"), ("deep/" + MARKER, "{}")):
        (tmp_path / name).write_text(text)
    listed = list_files(tmp_path)
    assert list(listed) == ["b", f"deep/{MARKER}", "deep/a"]  # only its own marker is left out
    assert listed["b"] == (3, hashlib.sha256(b"two").hexdigest())


def test_a_large_file_is_read_in_pieces(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9_000  # more than two pieces
    (tmp_path / "f").write_bytes(data)
    assert digest_file(tmp_path / "f") == hashlib.sha256(data).hexdigest()


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans())))
def test_a_digest_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("s3://key:secret@bucket/run", "s3://***@bucket/run"),
        ("s3://key:sec/ret@bucket/run", "s3://***@bucket/run"),
        ("ftp://me:p@ss@host/a", "ftp://***@host/a"),
        ("https://token@host/a.csv", "https://***@host/a.csv"),
        ("https://host:8080/a@b/c", "https://host:8080/a@b/c"),
        (
            "https://x.blob.core.windows.net/c/a.csv?sv=1&sig=secret",
            "https://x.blob.core.windows.net/c/a.csv?***",
        ),
        ("simplecache::s3://key:secret@bucket/a", "simplecache::s3://***@bucket/a"),
        ("abfss://box@account.dfs.core.windows.net/a", "abfss://box@account.dfs.core.windows.net/a"),
        ("wasbs://box@account.blob.core.windows.net/a", "wasbs://box@account.blob.core.windows.net/a"),
        ("s3://bucket/mail@host/run", "s3://bucket/mail@host/run"),
        ("s3://bucket/data-?.csv", "s3://bucket/data-?.csv"),
        ("runs/me:x@home/a?b=c", "runs/me:x@home/a?b=c"),
    ],
)
def test_what_is_secret_is_not_shown(address: str, shown: str) -> None:
    assert redacted(address) == shown
    assert redacted(shown) == shown


@given(
    st.sampled_from(["s3", "gs", "https", "ftp"]),
    st.text("abcXYZ019%_-", min_size=1),
    st.text("abcXYZ019%_-+/=", min_size=1).filter(lambda word: not word[0].isdigit()),
)
def test_no_password_survives(scheme: str, user: str, password: str) -> None:
    assert redacted(f"{scheme}://{user}:{password}@host/path") == f"{scheme}://***@host/path"
