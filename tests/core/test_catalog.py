"""Catalogs: entries are found in the modules of a package, ordered, unique, and asked for by name."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from automl_components.core.catalog import Catalog
from automl_components.core.errors import SettingsError

ENTRY = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Fruit:
    name: str
    rank: int = 0
"""
_numbers = itertools.count()


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Catalog]]:
    """Make a catalog of a new package with these modules, by name."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def make(**modules: str) -> Catalog:
        package = f"fruits_{next(_numbers)}"
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(ENTRY)
        for name, text in modules.items():
            (tmp_path / package / f"{name}.py").write_text(f"from {package} import Fruit\n{text}\n")
        return Catalog(package, __import__(package).Fruit, "fruit")

    yield make
    for name in set(sys.modules) - before:
        if name.startswith("fruits_"):
            del sys.modules[name]


def test_entries_are_found_and_ordered_by_rank_then_name(catalog: Callable[..., Catalog]) -> None:
    found = catalog(
        b="PEAR = Fruit('pear', 2)\nFIG = Fruit('fig')", a="PLUM = Fruit('plum', 2)\nNUMBER = 3", c=""
    )
    assert list(found) == ["fig", "pear", "plum"]
    assert len(found) == 3
    assert found["pear"].rank == 2
    assert "pear" in found
    assert "apple" not in found
    assert (found.get("fig"), found.get("apple"), found.get("apple", 3)) == (found["fig"], None, 3)


def test_one_entry_that_another_module_imports_is_one(catalog: Callable[..., Catalog]) -> None:
    found = catalog(a="PEAR = Fruit('pear')", b="from .a import PEAR\nSAME = PEAR")
    assert list(found) == ["pear"]


def test_two_entries_of_one_name_are_a_mistake(catalog: Callable[..., Catalog]) -> None:
    found = catalog(a="PEAR = Fruit('pear', 1)", b="OTHER = Fruit('pear', 2)")
    with pytest.raises(RuntimeError, match=r"two entries of fruits_\d+ are named 'pear'"):
        list(found)


def test_an_unknown_name_is_refused_with_the_nearest_one(catalog: Callable[..., Catalog]) -> None:
    found = catalog(a="PEAR = Fruit('pear')\nFIG = Fruit('fig')")
    with pytest.raises(SettingsError, match=r"^unknown fruit 'paer'; did you mean 'pear'\?$"):
        found["paer"]
    with pytest.raises(SettingsError, match=r"^unknown fruit 'xyz'; known: fig, pear$"):
        found["xyz"]


def test_nothing_is_imported_before_it_is_used(catalog: Callable[..., Catalog]) -> None:
    found = catalog(broken="raise RuntimeError('imported')")
    assert found.noun == "fruit"
    with pytest.raises(RuntimeError, match="imported"):
        len(found)


def test_the_catalogs_of_this_package_are_whole() -> None:
    from automl_components.algorithms import ALGORITHMS
    from automl_components.guardrails import GUARDRAILS
    from automl_components.transformers import TRANSFORMERS

    for catalog in (ALGORITHMS, GUARDRAILS, TRANSFORMERS):
        assert len(catalog) > 5
        assert all(catalog[name].name == name for name in catalog)
