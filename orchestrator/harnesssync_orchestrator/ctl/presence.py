"""Which folders are gone, told in time: a file system that hangs keeps nobody waiting."""

from __future__ import annotations

import _thread
import os
import time

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Iterable

PATIENCE_S = 1.0
"""For all of them: a thousand take a hundredth of it."""
_HANGS_S = 0.2
"""So long after one has been looked at, the others are not left to wait for it."""


def missing(paths: Iterable[str]) -> frozenset[str]:
    """Those of the paths at which nothing is. Of what could not be looked at in time, nobody can say so.

    A look that hangs can't be ended: it is left behind in its thread, and another one goes on with the rest.
    """
    waiting, gone = list(paths), list[str]()
    deadline = time.monotonic() + PATIENCE_S
    while (left := deadline - time.monotonic()) > 0:
        done = _thread.allocate_lock()
        done.acquire()
        _thread.start_new_thread(_look, (waiting, gone, done))
        if done.acquire(timeout=min(left, _HANGS_S)):
            break
    return frozenset(gone)


def _look(waiting: list[str], gone: list[str], done: _thread.LockType) -> None:
    while waiting:
        try:
            path = waiting.pop()
        except IndexError:  # another thread took the last one
            break
        if not os.path.exists(path):  # noqa: PTH110 - pathlib takes longer to import than a status takes to answer
            gone.append(path)
    done.release()
