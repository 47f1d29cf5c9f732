"""A slice of the sweep `load`: few projects, edited for a few seconds."""

from __future__ import annotations

import sys

import pytest
from tests.reliability import load


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc")
def test_scale_no_edit_is_missed_while_many_projects_are_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every edit arrives in all of its outputs, and nothing piles up: `make sweep-load` does so for ten minutes.

    How long an edit takes is a matter of the sweep, which has the machine for itself.
    """
    monkeypatch.setattr(load, "PATIENCE_S", 60.0)
    with load.ground() as folder:
        outcome = load.run(folder, projects=20, rate=10, seconds=6)
    growth, descriptors = outcome.growth
    assert (outcome.edits, outcome.missed) == (60, [])
    assert len(outcome.latencies) == 60
    assert outcome.complaints == []
    assert descriptors <= 8
    assert growth <= 16 << 20
