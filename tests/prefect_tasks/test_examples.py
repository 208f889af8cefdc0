"""The example flows, run as they are, on the built-in data and without a network."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FLOWS = Path(__file__).parents[2] / "flows"


@pytest.fixture
def here(prefect: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an MLflow database of its own, and the examples to be imported."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{prefect}/mlflow.db")
    monkeypatch.setattr(sys, "path", [*sys.path, str(FLOWS)])
    return prefect


def test_by_hand(here: Path) -> None:
    from penguins_by_hand import penguins_by_hand

    made = penguins_by_hand(trials=1)
    assert made["test_report"]["facts"]["metrics"]["log_loss"] < 1
    assert len(list((here / "runs" / "search_trials").glob("*/trials"))) == 2


def test_by_year(here: Path) -> None:
    from penguins_by_year import penguins_by_year

    scores = penguins_by_year(trials=1)
    assert list(scores) == ["penguins-2007", "penguins-2008", "penguins-2009"]
    assert min(scores.values()) > 0.8


def test_retrain(here: Path) -> None:
    from penguins_retrain import penguins_retrain

    assert penguins_retrain(day=date(2026, 1, 5), trials=1) == "version 1 is the new champion"
    assert penguins_retrain(day=date(2026, 6, 1), trials=1).startswith(("the champion stays", "version 2"))
