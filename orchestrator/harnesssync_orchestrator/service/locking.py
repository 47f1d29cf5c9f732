"""One sync of a project at a time: a lock inside the process, and a file lock between processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from harnesssync_orchestrator.errors import LockTimeoutError
from harnesssync_orchestrator.files.locks import FileLock

FIRST_WAIT_S = 0.002
LONGEST_WAIT_S = 0.05


class ProjectLocks:
    """The locks of all projects of this process, by project id. Never nested, and taken before any limiter."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    @asynccontextmanager
    async def held(
        self, project_id: str, file: Path, timeout_s: float, *, only_to_look: bool = False
    ) -> AsyncIterator[None]:
        """Hold both locks. Raises LockTimeoutError with the holder's pid after `timeout_s` seconds, and OSError.

        The file lock is tried again and again instead of waited for: a thread that waits could not be cancelled.
        Whoever is `only_to_look` makes no file for it: where there is none yet, nobody has ever synced.
        """
        lock, file_lock, wait_s = self._locks[project_id], FileLock(file), FIRST_WAIT_S
        deadline = anyio.current_time() + timeout_s
        try:
            lock.acquire_nowait()
        except anyio.WouldBlock:
            await _acquire(lock, timeout_s, file)
        try:
            if only_to_look and not file.exists():  # noqa: ASYNC240 - one look, as quick as taking the lock
                yield
                return
            while not file_lock.try_acquire():
                if anyio.current_time() >= deadline:
                    raise file_lock.timed_out(timeout_s)
                await anyio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            try:
                yield
            finally:
                file_lock.release()
        finally:
            lock.release()


async def _acquire(lock: anyio.Lock, timeout_s: float, file: Path) -> None:
    with anyio.move_on_after(timeout_s) as waiting:
        await lock.acquire()
    if waiting.cancelled_caught:
        raise LockTimeoutError(
            f"a sync of this project has been running for {timeout_s:g} s",
            path=str(file),
            hint="Wait for it to end, or allow more time",
        )
