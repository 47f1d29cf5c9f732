"""Pauses grow from one second to a minute, and are not the same for all."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.service.backoff import Backoff


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_delays_double_up_to_a_minute(chance: float) -> None:
    """Whatever the chance, never below a second, never above sixty, never shorter than before."""
    backoff = Backoff(random=lambda: chance)
    delays = [backoff.fail() for _ in range(12)]
    assert delays == sorted(delays)
    assert delays[0] == 1.0
    assert 1.0 <= min(delays)
    assert 30.0 <= delays[-1] <= 60.0


def test_delays_are_spread_out() -> None:
    """A hundred projects that fail at once do not return at once."""
    delays = set()
    for _ in range(100):
        backoff = Backoff(failures=6)
        delays.add(backoff.fail())
    assert len(delays) > 50
    assert max(delays) - min(delays) > 5


def test_success_begins_anew() -> None:
    backoff = Backoff(random=lambda: 0.999)
    for _ in range(5):
        backoff.fail()
    backoff.succeed()
    assert backoff.fail() < 2.0


def test_a_year_of_failures_is_no_overflow() -> None:
    assert Backoff(failures=10**6, random=lambda: 0.0).fail() == 30.0
