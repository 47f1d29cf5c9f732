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


class _Loan:
    """One more place in a bound, for as long as any of some threads hangs."""

    def __init__(self, bound: anyio.CapacityLimiter) -> None:
        self._bound = bound
        self._hanging = 0
        self._is_given = False

    def give(self) -> None:
        self._hanging += 1
        lent = _counts()
        if not self._is_given and lent.get(id(self._bound), 0) < MOST_LENT:
            self._is_given = True
            lent[id(self._bound)] = lent.get(id(self._bound), 0) + 1
            self._bound.total_tokens += 1

    def take_back(self) -> None:
        self._hanging -= 1
        if self._is_given and not self._hanging:
            self._is_given = False
            self._bound.total_tokens -= 1
            _counts()[id(self._bound)] -= 1


_held: ContextVar[tuple[_Loan, ...]] = ContextVar("held", default=())
_unbounded: RunVar[anyio.CapacityLimiter] = RunVar("unbounded")
_lent: RunVar[dict[int, int]] = RunVar("lent")


async def run_sync(work: Callable[[], T], *, limiter: anyio.CapacityLimiter) -> T:
    """`anyio.to_thread.run_sync`, in a place of `limiter` that is lent while the work hangs."""
    holder = object()
    await limiter.acquire_on_behalf_of(holder)
    loans = (_Loan(limiter), *_held.get())
    hangs = False

    def lend() -> None:
        nonlocal hangs
        hangs = True
        for loan in loans:
            loan.give()

    timer = asyncio.get_running_loop().call_later(HANGS_S, lend)
    try:
        return await anyio.to_thread.run_sync(work, limiter=_threads())
    finally:
        timer.cancel()
        if hangs:
            for loan in loans:
                loan.take_back()
        limiter.release_on_behalf_of(holder)


@contextmanager
def holding(bounds: Iterable[anyio.CapacityLimiter]) -> Generator[None]:
    """Around what this task does in a place of each of these: it is lent as long as any of its threads hangs."""
    token = _held.set((*_held.get(), *map(_Loan, bounds)))
    try:
        yield
    finally:
        _held.reset(token)


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
