"""A slice of the sweep `errno`: a deterministic stride over the calls that can fail, and with what."""

from __future__ import annotations

import pytest
from tests.reliability import injection
from tests.reliability.errnos import ERRNOS

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))

STRIDE = 461


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["change", "removal", "undo", "add"])
def test_a_call_that_fails_loses_nothing_and_is_told(scene: str) -> None:
    """The exit code says it, and the next run puts everything right: `make sweep-errno` lets every call fail."""
    found = ERRNOS.run([scene], every=STRIDE)
    assert not found.wrong
    assert found.runs.total() > found.missed
