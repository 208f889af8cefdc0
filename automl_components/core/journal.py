"""A journal: one JSON object a line, appended and flushed, that survives being killed between any two bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """An append-only list of records in a file.

    A last line that was cut off by a kill is dropped when the file is opened again, so a reader never sees half a
    record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[dict[str, Any]] = []
        if path.exists():
            self._load()

    def _load(self) -> None:
        data, good = self.path.read_bytes(), 0
        for line in data.splitlines(keepends=True):
            try:
                if not line.endswith(b"\n"):
                    break
                self.records.append(json.loads(line))
            except ValueError:
                break
            good += len(line)
        if good < len(data):
            with self.path.open("r+b") as stream:
                stream.truncate(good)

    def append(self, record: dict[str, Any]) -> None:
        """Add a record; when this returns it is on disk."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record, sort_keys=True) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.records.append(record)
