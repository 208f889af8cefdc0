"""Data files as UTF-8 streams for Arrow: compression, encodings, delimiters of two characters."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from automl_components.core.errors import DataError
from automl_components.core.mltable.addresses import File

CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".br": "brotli"}
UNIT = "\x1f"  # ASCII's unit separator: stands for a delimiter of two characters while Arrow reads


@contextmanager
def raw(file: File) -> Iterator[Any]:
    """The file's bytes, decompressed by the ending of its name, as a ``pyarrow.NativeFile``."""
    import pyarrow as pa

    if file.is_local:
        try:
            source = pa.OSFile(file.path)
        except OSError as error:
            raise DataError(f"{file}: cannot be read ({error})") from None
    else:
        source = pa.PythonFile(file.open(), mode="r")
    with source:
        codec = _codec(file.path)
        if codec is None:
            yield source
        else:
            with pa.CompressedInputStream(source, codec) as plain:
                yield plain


def _codec(path: str) -> str | None:
    return next((codec for ending, codec in CODECS.items() if path.lower().endswith(ending)), None)


def is_compressed(file: File) -> bool:
    """Whether the file's name says that it is compressed."""
    return _codec(file.path) is not None


@contextmanager
def text(file: File, encoding: str, delimiter: str = ",") -> Iterator[Any]:
    """The file as UTF-8, a delimiter of two characters replaced by ``UNIT``.

    Parameters
    ----------
    encoding : str
        Python's name of the file's encoding.
    """
    import pyarrow as pa

    with raw(file) as stream:
        if encoding not in {"utf-8", "utf-8-sig"}:  # Arrow itself skips the mark of the latter
            stream = pa.transcoding_input_stream(stream, encoding, "utf-8")
        if len(delimiter) == 2:
            stream = pa.TransformInputStream(stream, _replacing(delimiter.encode(), file))
        yield stream


def _replacing(delimiter: bytes, file: File) -> Callable[[Any], bytes]:
    held = b""

    def replace(chunk: Any) -> bytes:
        nonlocal held
        data = held + bytes(chunk)
        if UNIT.encode() in data:
            raise DataError(
                f"{file}: holds the control character U+001F, which cannot be told from the delimiter "
                f"{delimiter.decode()!r}; use a delimiter of one character"
            )
        data = data.replace(delimiter, UNIT.encode())
        # half a delimiter may end this chunk; at the end of the file the chunk is empty
        held = data[-1:] if chunk and data.endswith(delimiter[:1]) else b""
        return data[: len(data) - len(held)]

    return replace


def check_encoding(file: File, encoding: str) -> None:
    """Raise a DataError that names byte, line and remedy if the file is not text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, read = 1, 0
    with raw(file) as stream:
        while True:
            chunk = stream.read(1 << 20)
            mark = _mark(chunk) if not read else ""
            if mark and mark != encoding.replace("-", ""):
                raise DataError(f"{file}: is not {encoding}: it begins as {mark}; say encoding: {mark}")
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                bad = error.object[error.start]
                line += error.object[: error.start].count(b"\n")
                raise DataError(
                    f"{file}: is not {encoding}: byte 0x{bad:02x} on line {line}; save it as UTF-8, or say in an "
                    "MLTable file how it was saved, such as encoding: windows1252"
                ) from None
            if not chunk:
                return
            line += chunk.count(b"\n")
            read += len(chunk)


def _mark(start: bytes) -> str:
    for mark, name in ((codecs.BOM_UTF32_LE, "utf32"), (codecs.BOM_UTF32_BE, "utf32"),
                       (codecs.BOM_UTF16_LE, "utf16"), (codecs.BOM_UTF16_BE, "utf16")):  # fmt: skip
        if start.startswith(mark):
            return name
    return ""


def tail(file: File, length: int = 64) -> bytes:
    """The last bytes of a file that is not compressed."""
    with raw(file) as stream:
        stream.seek(max(0, stream.size() - length))
        return bytes(stream.read())
