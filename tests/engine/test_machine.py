"""Free memory: a container's limit counts, of either version of control groups, its own and those above it."""

import psutil
import pytest

from automl_components.engine.machine import free_memory

GB = 2**30
V2 = ("memory.max", "memory.current", "inactive_file")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


@pytest.fixture
def groups(tmp_path):
    """A function: write one control group, and say that this process is in it."""

    def write(version, path, most, used, cache=0, *, member=True):
        names, base = (V2, tmp_path) if version == 2 else (V1, tmp_path / "memory")
        folder = base / path.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / names[0]).write_text(f"{most}\n")
        (folder / names[1]).write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cache}\n")
        if member:
            line = f"0::{path}" if version == 2 else f"5:devices:/\n4:memory,hugetlb:{path}"
            (tmp_path / "self").write_text(f"{line}\n")
        return tmp_path, tmp_path / "self"

    return write


@pytest.fixture(autouse=True)
def _machine(monkeypatch):
    memory = psutil.virtual_memory()._replace(available=16 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)


def test_without_control_groups_it_is_the_machine(tmp_path):
    assert free_memory(tmp_path, tmp_path / "none") == 16 * GB


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("path", ["/", "/box/job"])
def test_a_limit_counts_without_page_cache(groups, version, path):
    assert free_memory(*groups(version, path, 4 * GB, 3 * GB, 1 * GB)) == 2 * GB
    assert free_memory(*groups(version, path, 4 * GB, 5 * GB)) == 0
    assert free_memory(*groups(version, path, 64 * GB, 3 * GB)) == 16 * GB


def test_no_limit_is_the_machine(groups):
    assert free_memory(*groups(2, "/box", "max", GB)) == 16 * GB
    assert free_memory(*groups(1, "/box", 9223372036854771712, GB)) == 16 * GB


@pytest.mark.parametrize("version", [1, 2])
def test_the_limit_of_a_group_above_counts(groups, version):
    groups(version, "/pod", 3 * GB, 2 * GB, member=False)
    assert free_memory(*groups(version, "/pod/box", 8 * GB, GB)) == GB


def test_this_machine_has_some():
    assert 0 < free_memory() <= 16 * GB
