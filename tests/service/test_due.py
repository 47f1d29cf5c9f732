"""When a project is to be synced, and why, by a clock that the test turns."""

from __future__ import annotations

import math

import pytest

from harnesssync_orchestrator.config import WatchSettings
from harnesssync_orchestrator.service.due import MOST_CHANGED, Due, Reason

SETTINGS = WatchSettings(settle_ms=100, max_settle_ms=1000, rescan_s=300)


@pytest.fixture
def due() -> Due:
    """Of a project whose first sync has begun."""
    made = Due(SETTINGS)
    made.begin()
    return made


def assert_due(earliest: tuple[Reason, float], reason: Reason, at: float) -> None:
    assert earliest[0] is reason
    assert earliest[1] == pytest.approx(at)


def test_the_first_sync_is_due_at_once_and_then_none() -> None:
    """Until something happens."""
    due = Due(SETTINGS)
    assert due.earliest(fails=False) == (Reason.START, -math.inf)
    due.begin()
    assert due.earliest(fails=False)[1] == math.inf


def test_edits_are_due_when_they_pause_or_have_gone_on_for_long(due: Due) -> None:
    """The last edit counts, up to the longest wait since the first."""
    due.signal(["/a"], 10.0)
    due.signal(["/b"], 10.01)
    assert_due(due.earliest(fails=False), Reason.WATCH, 10.11)
    due.signal(["/b"], 10.5)
    assert_due(due.earliest(fails=False), Reason.WATCH, 10.6)
    due.signal(["/a"], 10.99)
    assert_due(due.earliest(fails=False), Reason.WATCH, 11.0)
    assert due.begin() == frozenset({"/a", "/b"})
    assert due.earliest(fails=False)[1] == math.inf
    assert due.begin() == frozenset()


@pytest.mark.parametrize(("paths", "at"), [(["/a"], 10.015), ([f"/{each}" for each in range(9)], 10.1), ([], 10.1)])
def test_an_edit_by_itself_is_due_soon(due: Due, paths: list[str], at: float) -> None:
    """What a storm of edits begins with is not: many paths at once, or more than anybody could tell."""
    due.signal(paths, 10.0)
    assert_due(due.earliest(fails=False), Reason.WATCH, at)


def test_an_edit_that_two_watchers_tell_of_is_one(due: Due) -> None:
    """An edit right after it is another."""
    due.signal(["/a"], 10.0)
    due.signal(["/a"], 10.005)
    assert_due(due.earliest(fails=False), Reason.WATCH, 10.015)
    due.signal(["/a"], 10.02)
    assert_due(due.earliest(fails=False), Reason.WATCH, 10.12)


def test_a_rescan_is_due_when_nothing_else_is(due: Due) -> None:
    """Should an event get lost."""
    due.rescan(10.0)
    assert due.earliest(fails=False) == (Reason.TIMER, 310.0)
    due.signal(["/a"], 20.0)
    assert due.earliest(fails=False)[0] is Reason.WATCH


def test_what_fails_waits_for_its_retry_however_much_is_edited(due: Due) -> None:
    """And for the edits to settle, should they come right before it."""
    due.retry(15.0)
    due.rescan(10.0)
    assert due.earliest(fails=True) == (Reason.RETRY, 15.0)
    due.signal(["/a"], 12.0)
    assert due.earliest(fails=True) == (Reason.RETRY, 15.0)
    due.signal(["/a"], 14.95)
    due.begin()
    due.retry(15.0)
    due.signal(["/a"], 14.95)
    assert_due(due.earliest(fails=True), Reason.RETRY, 15.0)


def test_more_paths_than_a_loop_could_have_are_not_kept(due: Due) -> None:
    """A checkout changes a hundred thousand of them: then anything may have changed, as without any path."""
    due.signal([f"/{each}" for each in range(MOST_CHANGED)], 10.0)
    assert len(due.begin()) == MOST_CHANGED
    for number in range(3):
        due.signal([f"/{number}/{each}" for each in range(MOST_CHANGED)], 10.0)
    assert due.begin() is None
    due.signal(["/a"], 10.0)
    due.signal([], 10.0)
    assert due.begin() is None


def test_what_was_written_is_looked_at_again_after_a_rest(due: Due) -> None:
    """Unless something else is due before, which answers to that too."""
    due.confirm(20.0)
    assert due.earliest(fails=False) == (Reason.CONFIRM, 20.0)
    due.begin()
    assert due.earliest(fails=False)[1] == math.inf
