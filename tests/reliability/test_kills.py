"""A slice of the sweep `kill`: a deterministic stride over the places where a command can die."""

from __future__ import annotations

import pytest
from tests.reliability import injection
from tests.reliability.kills import KILLS

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))

STRIDE = 71


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["change", "copies-change", "undo", "unlink", "import"])
def test_a_run_that_is_killed_leaves_nothing_torn_and_the_next_one_puts_everything_right(scene: str) -> None:
    """Before and after a call that changes something, and the next run too: `make sweep-kill` takes all of them."""
    found = KILLS.run([scene], every=STRIDE)
    assert not found.wrong
    assert found.runs.total() > found.missed
