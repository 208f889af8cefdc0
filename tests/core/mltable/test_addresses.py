"""Addresses: which files they stand for, on which file system, and what is refused."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from automl_components.core import mltable
from automl_components.core.errors import DataError
from automl_components.core.mltable.addresses import absolute, files_of


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server of tmp_path, on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("address", "base", "expected"),
    [
        ("a.csv", "/data", "/data/a.csv"),
        ("./x/../a.csv", "/data/", "/data/a.csv"),
        ("../a.csv", "/data/t", "/data/a.csv"),
        ("/a.csv", "/data", "/a.csv"),
        ("file:///a.csv", "/data", "/a.csv"),
        ("a.csv", "memory://t/u", "memory://t/u/a.csv"),
        ("./../*.csv", "s3://box/t", "s3://box/*.csv"),
        ("/a.csv", "s3://box/t", "/a.csv"),
        ("s3://box/a.csv", "/data", "s3://box/a.csv"),
        ("wasbs://box@acc.blob.core.windows.net/x/a.csv", "", "abfss://box@acc.dfs.core.windows.net/x/a.csv"),
        ("wasb://box@acc.blob.core.windows.net", "", "abfss://box@acc.dfs.core.windows.net"),
        ("abfss://box@acc.dfs.core.windows.net/a.csv", "", "abfss://box@acc.dfs.core.windows.net/a.csv"),
    ],
)
def test_absolute(address: str, base: str, expected: str) -> None:
    assert absolute(address, base) == expected


@pytest.mark.parametrize("address", ["azureml://datastores/x/paths/a.csv", "azureml:credit-data:1"])
def test_azureml_is_refused_with_a_remedy(address: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give the storage's own address instead, such as abfss://"):
        mltable.from_delimited_files([{"file": address}]).to_arrow()
    with pytest.raises(DataError, match="azureml addresses can only be resolved inside Azure"):
        mltable.load(address)


def test_items_in_their_order_files_by_name(tmp_path: Path) -> None:
    for name in (
        "b.csv",
        "a.csv",
        "x/c.csv",
        "_SUCCESS",
        ".a.csv.crc",
        "x/_tmp/d.csv",
        "MLTable",
        "x/.hidden/e.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    def names(*items: tuple[str, str]) -> list[str]:
        return [
            Path(file.address).relative_to(tmp_path).as_posix() for file in files_of(items, str(tmp_path))
        ]

    assert names(("folder", ".")) == ["a.csv", "b.csv", "x/c.csv"]
    assert names(("file", "b.csv"), ("folder", "x"), ("file", "b.csv")) == ["b.csv", "x/c.csv", "b.csv"]
    assert names(("pattern", "*.csv")) == ["a.csv", "b.csv"]
    assert names(("pattern", "./*")) == ["a.csv", "b.csv"]
    assert names(("pattern", "**/*.csv")) == ["a.csv", "b.csv", "x/c.csv"]
    assert names(("pattern", "x/_tmp/*")) == ["x/_tmp/d.csv"]
    assert names(("pattern", "*/_tmp/*")) == ["x/_tmp/d.csv"]
    assert names(("pattern", "[ab].csv")) == ["a.csv", "b.csv"]
    assert names(("pattern", "?.csv")) == ["a.csv", "b.csv"]
    assert names(("pattern", "[a-a].csv")) == ["a.csv"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (("file", "none.csv"), r"none\.csv: there is no such file"),
        (("file", "x"), "x: is a folder; name it as `folder`"),
        (("folder", "none"), "none: there is no such folder"),
        (("folder", "x"), "x: the folder holds no data files"),
        (("pattern", "*.parquet"), r"\*\.parquet: no file matches this pattern"),
        (("file", "nonsense://a.csv"), "nonsense://a.csv: .*nonsense"),
    ],
)
def test_what_is_not_there(tmp_path: Path, item: tuple[str, str], message: str) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(DataError, match=message):
        files_of([item], str(tmp_path))


def test_the_web(web: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n1,"x\ny"\n')
    table = mltable.from_delimited_files([{"file": f"{web}/a.csv"}], include_path_column=True)
    assert table.to_arrow().to_pylist() == [{"Path": f"{web}/a.csv", "a": 1, "b": "x\ny"}]
    (tmp_path / "MLTable").write_text("paths: [{file: ./a.csv}]\ntransformations: [read_delimited]\n")
    assert mltable.load(web).to_arrow().num_rows == 1
    with pytest.raises(DataError, match=r"none\.csv: there is no such file"):
        mltable.from_delimited_files([{"file": f"{web}/none.csv"}]).to_arrow()
    with pytest.raises(DataError, match=r"^http.*a\.csv: (there is no such file|cannot be read)"):
        mltable.from_delimited_files([{"file": "http://127.0.0.1:9/a.csv"}]).to_arrow()


def test_patterns_at_the_root(memory: object) -> None:
    memory.pipe_file("/a.csv", b"a\n1\n")  # type: ignore[attr-defined]
    memory.pipe_file("/box/b.csv", b"a\n1\n")  # type: ignore[attr-defined]
    assert [file.address for file in files_of([("pattern", "memory://*.csv")])] == ["memory://a.csv"]
    assert [file.address for file in files_of([("pattern", "memory://b*/*.csv")])] == ["memory://box/b.csv"]
    with pytest.raises(DataError, match="no file matches"):
        files_of([("pattern", "/*.nothing")])


def test_passwords_are_not_told() -> None:
    with pytest.raises(DataError) as caught:
        files_of([("file", "nonsense://me:secret@host/a.csv")])
    assert "secret" not in str(caught.value)
