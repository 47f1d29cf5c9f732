"""A slice of the sweep `power`: the power fails in the middle of a sync, on real file systems."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from tests.reliability import power
from tests.reliability.power import POWER, Volume

STRIDE = 61


@functools.cache
def _missing(file_system: str) -> str | None:
    return power.missing(file_system)


@pytest.fixture
def file_system(request: pytest.FixtureRequest) -> str:
    """The name of one that this machine can make and mount."""
    if reason := _missing(request.param):
        pytest.skip(reason)
    return str(request.param)


@pytest.mark.parametrize("file_system", power.FILE_SYSTEMS, indirect=True)
def test_a_cut_takes_what_was_not_brought_to_the_disk(file_system: str, tmp_path: Path) -> None:
    """Else the sweep would find nothing wrong, however careless the product was."""
    with Volume(tmp_path, file_system) as volume:
        kept, lost = volume.mount / "kept", volume.mount / "lost"
        kept.write_text("old")
        lost.write_text("old")
        volume.sync()
        with lost.with_name("lost.new").open("w") as file:
            file.write("new")
        lost.with_name("lost.new").replace(lost)
        with kept.open("w") as file:
            file.write("new")
            file.flush()
            os.fsync(file.fileno())
        (volume.mount / "afterwards").write_text("new")
        volume.cut()
        volume.restart()
        assert kept.read_text() == "new"
        assert not (volume.mount / "afterwards").exists() or (volume.mount / "afterwards").read_text() != "new"


@pytest.mark.slow
@pytest.mark.parametrize("file_system", power.FILE_SYSTEMS, indirect=True)
def test_after_a_power_cut_nothing_is_torn_and_nothing_that_was_reported_is_lost(file_system: str) -> None:
    """Cuts spread over a changing sync; `make sweep-power` cuts at every call of more commands."""
    found = POWER.run([f"{file_system}/change"], every=STRIDE)
    assert not found.wrong
    assert found.runs.total() > found.missed
