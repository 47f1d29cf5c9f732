"""A slice of the sweep `filesystems`: those that differ most from what is common, where they can be mounted."""

from __future__ import annotations

import pytest
from tests.reliability.filesystems import steps
from tests.reliability.mounting import KINDS

SLICE = ("exfat", "folding")


@pytest.mark.slow
@pytest.mark.parametrize("name", SLICE)
def test_a_project_lives_its_whole_life_on_another_file_system(name: str) -> None:
    """Without links, permissions, or a difference between names: `make sweep-filesystems` takes all kinds."""
    [kind] = [kind for kind in KINDS if kind.name == name]
    if (reason := kind.missing()) is not None:
        pytest.skip(reason)
    assert {step: wrong for step, wrong in steps(kind).items() if wrong} == {}
