"""Who holds a lock: for messages alone, since by the time that it is told it may be somebody else.

Linux tells it, elsewhere the holder leaves its number in the file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_KERNEL_LOCKS = Path("/proc/locks")


def holder(path: Path) -> int | None:
    """The process that holds a lock, for messages: None if nobody does, or the system does not tell.

    Takes nothing and makes nothing. Linux (`/proc/locks`) remembers who took the lock, which may be gone and have left
    it to a child, and its number to a stranger: so what is told is a process that has the file open.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    try:
        lines = _KERNEL_LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return _pid_left_in(path)
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    likely: int | None = None
    for line in lines:
        # 3: FLOCK  ADVISORY  WRITE 4711 fd:00:2362132 0 EOF; a waiting one has "->" after the number
        fields = line.split()
        if len(fields) < 6 or fields[1] != "FLOCK" or not fields[4].isdecimal() or fields[4] == "0":
            continue
        where, _, inode = fields[5].rpartition(":")
        if inode != str(status.st_ino):
            continue
        likely = int(fields[4])
        if where == device:  # some file systems (btrfs, overlay) show another device number to stat
            break
    if likely is None or _has_open(likely, status) is not False:
        return likely
    return next((pid for pid in _processes() if _has_open(pid, status)), None)


def _processes() -> list[int]:
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal()]


def _has_open(pid: int, file: os.stat_result) -> bool | None:
    """Has a process this file open? None if the system does not let us look."""
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - there may be hundreds
    except PermissionError:
        return None
    except OSError:
        return False
    for descriptor in descriptors:
        with suppress(OSError):
            found = os.stat(f"/proc/{pid}/fd/{descriptor}")  # noqa: PTH116 - see above
            if (found.st_dev, found.st_ino) == (file.st_dev, file.st_ino):
                return True
    return False


def leave_pid(descriptor: int) -> None:
    """Where the system can't tell who holds a lock, the file does. Elsewhere nothing is written: a sync that has
    nothing to do shall leave no trace."""
    if _KERNEL_LOCKS.exists():
        return
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())


def _pid_left_in(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
