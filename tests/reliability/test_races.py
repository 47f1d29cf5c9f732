"""A slice of the sweep `races`: a deterministic stride over the moments at which somebody else acts."""

from __future__ import annotations

import pytest
from tests.reliability import injection
from tests.reliability.races import RACES

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))

STRIDE = 811


@pytest.mark.slow
@pytest.mark.parametrize("scene", [scene.name for scene in RACES.scenes])
def test_nothing_escapes_and_no_edit_is_lost_whenever_somebody_acts(scene: str) -> None:
    """Edits of outputs, and links in the place of folders: `make sweep-races` takes every moment of a run."""
    found = RACES.run([scene], every=STRIDE)
    assert not found.wrong
    assert found.runs.total() > found.missed
