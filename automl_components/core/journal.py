"""A journal: one JSON object a line, appended and flushed, that survives being killed between any two bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """An append-only list of records in a file.

    Only whole lines count. What follows them, a last line that a kill or a full disk cut off, is never read and is
    overwritten by the next record. Opening changes nothing, so a journal can be read while another process writes it.

    Parameters
    ----------
    path : Path
        The file need not exist; the first record makes it.

    Attributes
    ----------
    records : list of dict
        Those that were there, and those that have been appended since.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[dict[str, Any]] = []
        self._end = 0  # bytes of whole records
        if path.exists():
            self._load()

    def _load(self) -> None:
        for line in self.path.read_bytes().split(b"\n")[:-1]:
            try:
                record = json.loads(line)
            except ValueError:
                break
            if not isinstance(record, dict):
                break
            self.records.append(record)
            self._end += len(line) + 1

    def append(self, record: dict[str, Any]) -> None:
        """Add a record; when this returns it is on disk.

        Raises
        ------
        OSError
            The disk is full, say. The journal is as before, and the next record is whole again.
        """
        line = json.dumps(record, sort_keys=True).encode() + b"\n"
        with self.path.open("r+b" if self.path.exists() else "wb") as stream:
            stream.truncate(self._end)
            stream.seek(self._end)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        self._end += len(line)
        self.records.append(record)
