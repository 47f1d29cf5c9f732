"""Locks between processes: `flock` on a file of ours, held by an open descriptor, free the moment its holder dies.

The lock is the only proof of ownership; whether the file exists and what it says proves nothing. We never remove lock
files: two processes could then hold "the" lock on two files of one name. Others may, and so a lock that is held for
life has a `guard` as well, and its holder looks from time to time whether it still is the lock (`FileLock.keep`).
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import final

from harnesssync_orchestrator.errors import LockTimeoutError
from harnesssync_orchestrator.files.guard import Guard, name_of
from harnesssync_orchestrator.files.holders import holder, leave_pid
from harnesssync_orchestrator.files.store import make_private

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_FIRST_WAIT_S = 0.001
_LONGEST_WAIT_S = 0.02


@final
class FileLock:
    """An exclusive lock on a file, which is made if it is missing, in a private folder.

    One object is held once at a time; two objects exclude each other, also within a process. May be acquired in one
    thread and released in another. Not to be kept over a `fork`: the child would hold it too.

    With `guarded`, the folder of all that is ours, nobody else gets the lock even if the file, or that folder, is
    removed while it is held (on Linux).
    """

    def __init__(self, path: Path, *, guarded: Path | None = None) -> None:
        self.path = path
        self._guarded = guarded
        self._guard: Guard | None = None
        self._guarding: int | None = None
        self._root: tuple[int, int] | None = None
        self.in_doubt = False
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it. Raises OSError if the file can't be made or opened."""
        if self._descriptor is not None:
            return False
        make_private(self.path.parent)
        while True:
            descriptor = _opened(self.path)
            try:
                locked = _lock(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            if not locked:
                os.close(descriptor)
                return False
            if _is_still(self.path, descriptor):
                break
            os.close(descriptor)  # somebody put another file there: the lock on this one excludes nobody
        if not self._take_guard():
            _unlock(descriptor)
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        self._root = self._folder_of_all()
        leave_pid(descriptor)
        return True

    def _folder_of_all(self) -> tuple[int, int] | None:
        """The device and inode of the guarded folder; None if it is gone."""
        try:
            status = None if self._guarded is None else self._guarded.stat()
        except FileNotFoundError:
            return None
        return None if status is None else (status.st_dev, status.st_ino)

    def _take_guard(self) -> bool:
        """Is there no process that holds a lock of this name on a file that was removed?"""
        if self._guarded is None:
            return True
        guard = Guard(name_of(self.path, self._guarded))
        self._guarding = guard.take()
        if self._guarding is not None:
            return False
        self._guard = guard
        return True

    def keep(self) -> bool:
        """Is this still the lock? One whose file was removed is taken anew, in the folder that is there.

        False when it can't be: all that is ours was removed, also if a sync has made the folder again, or somebody else
        was quicker. A file that is missing for the
        first time is only `in_doubt`: whoever is just removing the whole folder shall not find new files in it.
        Raises OSError.
        """
        descriptor = self._descriptor  # another thread may release it meanwhile
        if descriptor is None:
            return False
        if self._guard is not None:
            self._guard.keep()
        if _is_still(self.path, descriptor):
            self.in_doubt = False
            return True
        if self._folder_of_all() != self._root:
            return False
        if not self.in_doubt and not os.path.lexists(self.path):
            self.in_doubt = True
            return True
        if not self.path.parent.is_dir():
            return False
        new = FileLock(self.path)
        if not new.try_acquire():
            return False
        os.close(descriptor)
        self._descriptor = new._descriptor
        self.in_doubt = False
        return True

    @property
    def holder(self) -> int | None:
        """The process that was in the way of the last `try_acquire`, or None if it is not known."""
        return self._guarding or holder(self.path)

    def acquire(self, timeout: float = 0.0, *, cancelled: threading.Event | None = None) -> None:
        """Take the lock within `timeout` seconds. Blocks its thread; `cancelled` ends the wait early.

        Raises LockTimeoutError, which names the holder, and OSError.
        """
        deadline = time.monotonic() + timeout
        wait = _FIRST_WAIT_S
        while not self.try_acquire():
            left = deadline - time.monotonic()
            if left <= 0 or (cancelled is not None and cancelled.is_set()):
                raise self.timed_out(timeout)
            time.sleep(min(wait, left))
            wait = min(wait * 2, _LONGEST_WAIT_S)

    def timed_out(self, timeout: float) -> LockTimeoutError:
        """The error that tells who holds the lock, for those who wait by themselves with `try_acquire`."""
        pid = self.holder
        who = f"process {pid}" if pid is not None else "another process"
        waited = f" after {timeout:g} s" if timeout > 0 else ""
        return LockTimeoutError(
            f"{who} still holds the lock{waited}",
            path=str(self.path),
            hint="Wait for it to end, or allow more time",
        )

    def release(self) -> None:
        """Give the lock back. Nothing happens if it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if self._guard is not None:
            self._guard.release()
            self._guard = None
        if descriptor is not None:
            _unlock(descriptor)
            os.close(descriptor)

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@contextmanager
def held(path: Path, timeout: float = 0.0) -> Generator[FileLock]:
    """Hold the lock on a file, for the length of a `with`. Raises LockTimeoutError and OSError."""
    lock = FileLock(path)
    lock.acquire(timeout)
    try:
        yield lock
    finally:
        lock.release()


def _opened(path: Path) -> int:
    """The lock file, open; made if it is missing, for us alone and so that we may open it again."""
    descriptor = os.open(path, _OPEN, 0o600)
    if os.name != "nt" and os.fstat(descriptor).st_mode & 0o600 != 0o600:  # the mask of the process took it away
        os.fchmod(descriptor, 0o600)
    return descriptor


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


if sys.platform == "win32":

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # a byte that is not there can be locked, and none is in the way
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in {errno.EACCES, errno.EDEADLK}:
                return False
            raise
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        # Not left to `close`: a child forked at the wrong moment shares the lock, and this ends it for both.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
