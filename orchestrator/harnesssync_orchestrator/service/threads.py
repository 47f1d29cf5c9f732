"""Work in threads, some at a time. What hangs does not count: a file system that answers no more keeps its own projects
waiting, and nobody else's.

A call to the system that hangs can't be ended from here, nor can the thread that made it be used for anything else. So
its place is lent to whoever waits, until it is back.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

HANGS_S = 3.0
"""What takes longer in a thread is taken to hang. A look at a hundred thousand files may take as long: that one more
works beside it meanwhile does no harm."""

MOST_LENT = 32
"""So many places of one bound are lent at most: threads that are never back must not become ever more."""

T = TypeVar("T")

_held: ContextVar[tuple[anyio.CapacityLimiter, ...]] = ContextVar("held", default=())
_unbounded: RunVar[anyio.CapacityLimiter] = RunVar("unbounded")
_lent: RunVar[dict[int, int]] = RunVar("lent")


async def run_sync(work: Callable[[], T], *, limiter: anyio.CapacityLimiter) -> T:
    """`anyio.to_thread.run_sync`, in a place of `limiter` that is lent while the work hangs."""
    holder = object()
    await limiter.acquire_on_behalf_of(holder)
    loan = _Loan((limiter, *_held.get()))
    timer = asyncio.get_running_loop().call_later(HANGS_S, loan.give)
    try:
        return await anyio.to_thread.run_sync(work, limiter=_threads())
    finally:
        timer.cancel()
        loan.take_back()
        limiter.release_on_behalf_of(holder)


@contextmanager
def holding(bounds: Iterable[anyio.CapacityLimiter]) -> Generator[None]:
    """Around what this task does in a place of each of these: they are lent with its threads."""
    token = _held.set((*_held.get(), *bounds))
    try:
        yield
    finally:
        _held.reset(token)


class _Loan:
    """One more place in each of some bounds, for as long as a thread hangs."""

    def __init__(self, bounds: Iterable[anyio.CapacityLimiter]) -> None:
        self._bounds = tuple(bounds)
        self._given: list[anyio.CapacityLimiter] = []

    def give(self) -> None:
        lent = _counts()
        for bound in self._bounds:
            if lent.get(id(bound), 0) < MOST_LENT:
                lent[id(bound)] = lent.get(id(bound), 0) + 1
                bound.total_tokens += 1
                self._given.append(bound)

    def take_back(self) -> None:
        while self._given:
            bound = self._given.pop()
            bound.total_tokens -= 1
            _counts()[id(bound)] -= 1


def _threads() -> anyio.CapacityLimiter:
    """Of the event loop that runs: no bound, for who asks for a thread has a place already."""
    try:
        return _unbounded.get()
    except LookupError:
        _unbounded.set(anyio.CapacityLimiter(math.inf))
        return _unbounded.get()


def _counts() -> dict[int, int]:
    try:
        return _lent.get()
    except LookupError:
        _lent.set({})
        return _lent.get()
