"""Work in threads: a thread that hangs lends its place, and has it back when it is back."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial

import anyio
import pytest

from harnesssync_orchestrator.config import LimitSettings
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.limits import Limits

pytestmark = pytest.mark.anyio

Until = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a thread to hang after a moment."""
    monkeypatch.setattr(threads, "HANGS_S", 0.02)


@contextmanager
def ending(mount: threading.Event) -> Generator[None]:
    """What hangs is let go in the end, whatever happens: no thread can be stopped."""
    try:
        yield
    finally:
        mount.set()


async def test_what_hangs_keeps_nobody_waiting(until: Until) -> None:
    """Nor does it a second time: each of them lends its place."""
    limiter, mount = anyio.CapacityLimiter(1), threading.Event()
    async with anyio.create_task_group() as group:
        with ending(mount):
            for _ in range(3):
                group.start_soon(partial(threads.run_sync, mount.wait, limiter=limiter))
            assert await threads.run_sync(lambda: "healthy", limiter=limiter) == "healthy"
            await until(lambda: limiter.total_tokens == 4, "a place lent by each of them")
    assert (limiter.total_tokens, limiter.borrowed_tokens) == (1, 0)


async def test_what_does_not_hang_lends_nothing() -> None:
    """The bound holds, whoever waits."""
    limiter = anyio.CapacityLimiter(2)
    at_once: list[float] = []
    for _ in range(20):
        await threads.run_sync(lambda: at_once.append(limiter.borrowed_tokens), limiter=limiter)
    assert (limiter.total_tokens, set(at_once)) == (2, {1})


async def test_only_so_many_places_are_lent(monkeypatch: pytest.MonkeyPatch, until: Until) -> None:
    """Threads that are never back must not become ever more."""
    monkeypatch.setattr(threads, "MOST_LENT", 2)
    limiter, mount = anyio.CapacityLimiter(1), threading.Event()
    async with anyio.create_task_group() as group:
        with ending(mount):
            for _ in range(5):
                group.start_soon(partial(threads.run_sync, mount.wait, limiter=limiter))
            await until(lambda: limiter.borrowed_tokens == 3, "three that hang")
            await anyio.sleep(0.1)
            assert (limiter.borrowed_tokens, limiter.statistics().tasks_waiting) == (3, 2)
    assert limiter.total_tokens == 1


async def test_a_sync_whose_thread_hangs_lends_its_place_among_the_syncs(until: Until) -> None:
    """The next project begins, though only one may be synced at a time."""
    limits, mount = Limits.create(LimitSettings(projects=1, hashing=1)), threading.Event()
    bounds = (limits.unhurried, limits.projects, limits.hashing)
    begun, before = list[str](), [bound.total_tokens for bound in bounds]

    async def sync(name: str, work: Callable[[], object]) -> None:
        async with limits.place(urgent=False) as place:
            begun.append(name)
            await threads.run_sync(work, limiter=place.limits.hashing)

    async with anyio.create_task_group() as group:
        with ending(mount):
            group.start_soon(sync, "hung", mount.wait)
            await until(lambda: begun == ["hung"], "the first")
            await sync("healthy", lambda: None)
            assert begun == ["hung", "healthy"]
    assert [bound.total_tokens for bound in bounds] == before


async def test_a_sync_lends_its_one_place_once_however_many_of_its_threads_hang(until: Until) -> None:
    """It has no more than that."""
    limits, mount = Limits.create(LimitSettings(projects=1, linking=4)), threading.Event()
    before = limits.projects.total_tokens

    async with limits.place(urgent=False) as place, anyio.create_task_group() as group:
        with ending(mount):
            for _ in range(4):
                group.start_soon(partial(threads.run_sync, mount.wait, limiter=place.limits.linking))
            await until(lambda: limits.linking.total_tokens == 8, "four that hang")
            assert limits.projects.total_tokens == before + 1
    assert (limits.projects.total_tokens, limits.linking.total_tokens) == (before, 4)


async def test_what_is_cancelled_while_it_hangs_is_waited_for_and_gives_back_what_it_lent() -> None:
    """A thread can't be stopped."""
    limiter, mount = anyio.CapacityLimiter(1), threading.Event()
    with anyio.move_on_after(0.05):
        async with anyio.create_task_group() as group:
            group.start_soon(partial(threads.run_sync, mount.wait, limiter=limiter))
            await threads.run_sync(partial(threading.Timer(0.2, mount.set).start), limiter=limiter)
            await anyio.sleep(1)
    assert (limiter.total_tokens, limiter.borrowed_tokens) == (1, 0)
