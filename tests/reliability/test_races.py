"""A slice of the sweep `races`: a deterministic stride over the moments at which somebody else acts."""

from __future__ import annotations

import pytest
from tests.reliability import injection
from tests.reliability.races import RACES, SKILL, Way, check
from tests.reliability.sweeping import Case

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))

STRIDE = 1999


@pytest.mark.slow
@pytest.mark.parametrize("scene", [scene.name for scene in RACES.scenes])
def test_nothing_escapes_and_no_edit_is_lost_whenever_somebody_acts(scene: str) -> None:
    """Edits of outputs, and links in the place of folders: `make sweep-races` takes every moment of a run."""
    found = RACES.run([scene], every=STRIDE)
    assert not found.wrong
    assert found.runs.total() > found.missed


def test_a_source_that_is_swapped_while_it_is_read_removes_nothing() -> None:
    """What it may have made stays, so a document has what is new and what was to go. That is no harm."""
    with injection.Runner() as runner, RACES.staged(RACES.scene("copies-change"), runner) as stage:
        calls = enumerate(Way.of(stage).calls, 1)
        at = next(number for number, (_, path) in calls if path.startswith(SKILL))
        assert check(stage, Case("copies-change", "swap source", at)) == []


def test_an_edit_of_a_copy_while_an_undo_looks_at_it_stays() -> None:
    """Two looks at one copy told of it as of ours, and then took the edit for what was to go."""
    with injection.Runner() as runner, RACES.staged(RACES.scene("copies-undo"), runner) as stage:
        calls = enumerate(Way.of(stage).calls, 1)
        looks = [at for at, call in calls if call == ("opendir", "project/.agents/skills/pdf/scripts")]
        assert looks
        for at in looks:
            stage.before.restore()
            assert check(stage, Case("copies-undo", "save last", at)) == []
