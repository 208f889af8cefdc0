"""Events: listeners hear every event of their block, the log has a line for each that says something."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from automl_components.core.events import emit, listening


class Heard(list[tuple[str, dict[str, Any]]]):
    def __call__(self, kind: str, facts: dict[str, Any]) -> None:
        self.append((kind, facts))


def test_a_listener_hears_kind_message_level_and_facts() -> None:
    heard = Heard()
    with listening(heard):
        emit("trial", "trial 1: 0.5", number=1, level=logging.WARNING)
    assert heard == [("trial", {"number": 1, "message": "trial 1: 0.5", "level": logging.WARNING})]


def test_listeners_are_nested_and_end_with_their_block() -> None:
    outer, inner = Heard(), Heard()
    with listening(outer):
        emit("one")
        with listening(inner):
            emit("two")
        emit("three")
    emit("four")
    assert [kind for kind, _ in outer] == ["one", "two", "three"]
    assert [kind for kind, _ in inner] == ["two"]


def test_a_block_that_fails_ends_its_listener_too() -> None:
    heard = Heard()
    with pytest.raises(ZeroDivisionError), listening(heard):
        _ = 1 / 0
    emit("after")
    assert heard == []


def test_another_thread_has_its_own_listeners() -> None:
    heard = Heard()
    with listening(heard):
        thread = threading.Thread(target=emit, args=("elsewhere",))
        thread.start()
        thread.join()
    assert heard == []


def test_the_log_has_one_plain_line_for_each_message(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="automl_components"):
        emit("note", "hello 100 %", anything=1)
        emit("note", "careful", level=logging.WARNING)
        emit("silent", number=3)
        emit("note", "details", level=logging.DEBUG)
    assert [(r.levelname, r.getMessage(), r.event) for r in caplog.records] == [
        ("INFO", "hello 100 %", "note"),
        ("WARNING", "careful", "note"),
    ]
