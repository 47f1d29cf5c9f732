"""A slice of the sweep `filesystems`: those that differ most from what is common, where they can be mounted."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.reliability.filesystems import REPOSITORY, Found, lacks, steps, write_path
from tests.reliability.mounting import KINDS, Kind

SLICE = ("exfat", "folding")
LINKING = "tests/files/test_link.py::test_link_native_leads_to_the_source"


def kind_of(name: str) -> Kind:
    """One that can be mounted here."""
    [kind] = [kind for kind in KINDS if kind.name == name]
    if (reason := kind.missing()) is not None:
        pytest.skip(reason)
    return kind


@pytest.mark.slow
@pytest.mark.parametrize("name", SLICE)
def test_a_project_lives_its_whole_life_on_another_file_system(name: str) -> None:
    """Without links, permissions, or a difference between names: `make sweep-filesystems` takes all kinds."""
    assert {step: wrong for step, wrong in steps(kind_of(name)).items() if wrong} == {}


@pytest.mark.slow
def test_links_are_copies_where_there_are_none() -> None:
    """The tests of links on exFAT: those that need what it lacks are skipped, and counted; all others hold."""
    kind = kind_of("exfat")
    assert lacks(kind) == []
    wrong, skipped = write_path(kind, ["link", "cleanup"])
    assert wrong == []
    assert skipped["no links"] > 10


def test_what_is_said_to_be_missing_has_to_be_missing() -> None:
    """Else a slip in the list would skip tests that could run."""
    kind = kind_of("tmpfs")
    assert lacks(kind) == []
    assert lacks(replace(kind, lacks=("links",))) == ["links are said to be missing, and are there"]


@pytest.mark.parametrize(("options", "told"), [((), "1 passed"), (("--lacking", "links"), "1 skipped")])
def test_a_test_is_skipped_only_where_somebody_says_so(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    """What a test needs changes nothing by itself."""
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-o", f"cache_dir={tmp_path}", *options, LINKING]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1].startswith(told)) == (0, True), done.stdout


def test_skipped_tests_are_told() -> None:
    """With their number and the reasons, beside what was looked at."""
    found = Found(checks={"x:a": [], "x:b": ["wrong"]}, skipped={"no links": 3, "no links, no modes": 1})
    assert str(found) == "2 checks, 1 wrong (4 tests skipped, 3: no links; 1: no links, no modes)"
