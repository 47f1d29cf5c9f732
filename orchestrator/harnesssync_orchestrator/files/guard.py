"""A name that the kernel keeps: what a removed lock file can't free.

A lock on a file is a lock on what the file was: if somebody removes it, or the whole folder, a second process makes
another one and holds a lock as good as the first. On Linux a socket may be bound to a name that is no file (unix(7),
"abstract"); it can't be removed, and is gone the moment its last holder is. It is the second half of a lock that is
held for life. Other systems have nothing like it; there the file alone counts.

Any user can take any such name. One that is held by somebody else is therefore no reason to refuse.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

WAITING = 64
"""How many may ask who holds a name before `Guard.keep` is called again."""


class Guard:
    """A name, held from a successful `take` until `release`, or until the process ends."""

    def __init__(self, name: str) -> None:
        self._address = f"\0{name}"
        self._socket: socket.socket | None = None

    def take(self) -> int | None:
        """Take the name. None if it is ours now, or can't be had for another reason than a process of this user that
        holds it: else the id of that process, 0 if it is not known. Raises nothing."""
        if sys.platform != "linux":
            return None
        mine = socket.socket(socket.AF_UNIX)
        try:
            mine.bind(self._address)
            mine.listen(WAITING)
        except OSError as error:
            mine.close()
            return self._holder() if error.errno == errno.EADDRINUSE else None
        mine.setblocking(False)
        self._socket = mine
        return None

    def keep(self) -> None:
        """Let go those who asked who holds the name. To be called now and then."""
        if self._socket is not None:
            with suppress(OSError):
                while True:
                    self._socket.accept()[0].close()

    def release(self) -> None:
        """Give the name back. Nothing happens if it is not held."""
        mine, self._socket = self._socket, None
        if mine is not None:
            # Not left to `close`: a child that was forked at the wrong moment has the socket too, and this ends it.
            with suppress(OSError):
                mine.shutdown(socket.SHUT_RDWR)
            mine.close()

    def _holder(self) -> int | None:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.setblocking(False)
            try:
                asking.connect(self._address)
            except BlockingIOError:
                return 0  # so many ask that it does not come to answer: it is stopped, perhaps
            except OSError:
                return None  # it is just being given back
            pid, uid, _ = struct.unpack("3i", asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return pid if uid == os.getuid() else None


def name_of(path: Path, root: Path) -> str:
    """The name that stands for `path`, which is below the folder `root`, however that is spelled.

    Made of what is left when `root` itself is removed: the folder that it is in, by device and inode, so that two
    containers with a network in common but each with a home of its own don't get in each other's way. Raises OSError.
    """
    real = root.resolve()
    status = real.parent.stat()
    inside = os.path.relpath(path, root)
    text = f"{os.getuid()}\0{status.st_dev}\0{status.st_ino}\0{real.name}\0{inside}"
    return "harnesssync-" + hashlib.sha256(os.fsencode(text)).hexdigest()[:32]
