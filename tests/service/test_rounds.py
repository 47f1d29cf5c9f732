"""Few of many at a time."""

from __future__ import annotations

from harnesssync_orchestrator.service.rounds import Rounds


def test_everything_has_its_turn() -> None:
    """Also where the last round is not full, and where some have gone since."""
    rounds = Rounds(most=4)
    assert [rounds.some(range(10)) for _ in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]]
    assert rounds.some(range(3)) == [0, 1, 2]
    seen = {one for _ in range(5) for one in rounds.some(range(13))}
    assert seen == set(range(13))
