"""Turns keep threads out of each other's way, and nobody waits for one that takes long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harnesssync_orchestrator.files import turns
from harnesssync_orchestrator.files.turns import in_turn, waiting


def test_one_works_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    monkeypatch.setattr(turns, "PATIENCE_S", 30.0)
    at_work: list[int] = []
    most: list[int] = []

    def work(number: int) -> int:
        at_work.append(number)
        most.append(len(at_work))
        time.sleep(0.001)
        at_work.remove(number)
        return number

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda number: in_turn(work, number), range(20)))
    assert done == list(range(20))
    assert max(most) == 1


def test_whoever_waits_for_something_else_lets_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its turn again afterwards."""
    monkeypatch.setattr(turns, "PATIENCE_S", 30.0)
    worked = threading.Event()

    def wait() -> bool:
        with waiting():
            return worked.wait(30)

    with ThreadPoolExecutor(2) as threads:
        waits = threads.submit(in_turn, wait)
        threads.submit(in_turn, worked.set)
        assert waits.result(30)


def test_nobody_waits_for_a_turn_that_does_not_end() -> None:
    """A file system may hang."""
    hangs, ends = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        ends.wait(30)

    with ThreadPoolExecutor(2) as threads:
        hanging = threads.submit(in_turn, hang)
        assert hangs.wait(30)
        assert threads.submit(in_turn, lambda: "done").result(10) == "done"
        ends.set()
        hanging.result(10)


def test_a_turn_ends_with_an_error() -> None:
    """The next one need not wait for its patience to end."""

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        in_turn(fail)
    assert in_turn(turns._turn.locked)
    assert not turns._turn.locked()
