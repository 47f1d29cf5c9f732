"""Threads that work on small files take turns, for all of them need the interpreter.

Each system call gives the interpreter away. Where another thread waits for it, the one that called only gets it back
after a switch of threads, which takes longer than most calls do: four small syncs side by side take longer than the
same four one after another. So one thread works while the others wait here, and lets the next one in whenever it waits
for something that takes long and is not the interpreter, a disk or another process.

A turn is a courtesy and no lock: nothing relies on it. Whoever has waited for `PATIENCE_S` goes ahead without one, so
that neither a file system that hangs nor a project of thousands of files keeps the others waiting.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 0.03
"""The others in flight, at most a few, have had their turns by then, unless one of them takes long."""

_turn = threading.Lock()
_own = threading.local()


def in_turn(work: Callable[..., T], *arguments: object) -> T:
    """Do some work when it is this thread's turn."""
    if getattr(_own, "has_turn", False):
        return work(*arguments)
    _begin()
    try:
        return work(*arguments)
    finally:
        _end()


@contextmanager
def waiting() -> Generator[None]:
    """Around what waits for something else than the interpreter: the others may have their turns meanwhile."""
    if not getattr(_own, "has_turn", False):
        yield
        return
    _end()
    try:
        yield
    finally:
        _begin()


def fsync(descriptor: int) -> None:
    """`os.fsync`, in the turns of others. Raises OSError."""
    with waiting():
        os.fsync(descriptor)


def _begin() -> None:
    _own.has_turn = _turn.acquire(timeout=PATIENCE_S)


def _end() -> None:
    if _own.has_turn:
        _own.has_turn = False
        _turn.release()
