"""Files and folders that have been opened: what they are is asked of them, and no longer of the way there.

Whoever may write in a repository may exchange a folder for a link between a look and what follows from it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Collection
from contextlib import suppress

OPEN_FLAGS: int = os.O_RDONLY | sum(
    getattr(os, name, 0)  # no system has all of them
    for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
)
"""Non-blocking, because opening a named pipe otherwise waits for a writer, perhaps forever."""

BY_DESCRIPTOR: bool = os.stat in os.supports_dir_fd and os.listdir in os.supports_fd and os.scandir in os.supports_fd
"""Can folders be opened, and what is in them be asked for by that?"""

NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_FOLDER_FLAGS: int = OPEN_FLAGS | getattr(os, "O_DIRECTORY", 0) | NO_LINK
_SYSTEM: str = sys.platform
_GET_PATH = 50
"""`F_GETPATH` of macOS."""


class OutsideError(OSError):
    """A file lies outside the folders that the caller allows: a folder on the way was exchanged for a link."""


def open_folder(path: str, status: os.stat_result) -> int | None:
    """A descriptor of a folder that had this status a moment ago, which is to be closed; None where folders have none.

    Raises OutsideError if something else is there now. No context manager: a walk opens thousands.
    """
    if not BY_DESCRIPTOR:
        return None
    descriptor = os.open(path, _FOLDER_FLAGS)
    if not os.path.samestat(os.fstat(descriptor), status):
        os.close(descriptor)
        raise OutsideError(errno.EXDEV, "it was exchanged while it was read", path)
    return descriptor


def require_file_within(path: str, status: os.stat_result, within: Collection[str]) -> None:
    """Raise OutsideError unless a file that had this status a moment ago lies in one of the folders `within`.

    One that can't be opened is not read by anybody else here either.
    """
    if not BY_DESCRIPTOR:
        return
    try:
        descriptor = os.open(path, OPEN_FLAGS | NO_LINK)
    except PermissionError:
        return
    try:
        if not os.path.samestat(os.fstat(descriptor), status):
            raise OutsideError(errno.EXDEV, "it was exchanged while it was read", path)
        place_within(descriptor, path, status, within)
    finally:
        os.close(descriptor)


def require_within(descriptor: int | None, path: str, status: os.stat_result, within: Collection[str]) -> None:
    """Raise OutsideError unless what was opened lies in one of the folders `within`; none means anywhere."""
    if within:  # the place is not asked for without need: this is called for each file that is read
        place_within(descriptor, path, status, within)


def place_within(descriptor: int | None, path: str, status: os.stat_result, within: Collection[str]) -> str:
    """Where what was opened lies. Raises OutsideError unless that is in one of the folders `within`; none means
    anywhere."""
    place = place_of(descriptor, path, status)
    if within and not any(is_within(place, folder) for folder in within):
        raise OutsideError(errno.EXDEV, "it was exchanged for a link that leads out", path)
    return place


def is_within(path: str, folder: str) -> bool:
    """Is `path` `folder` itself or below it? Both absolute and resolved."""
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def place_of(descriptor: int | None, path: str, status: os.stat_result) -> str:
    """The real path of an open file or folder, as the system knows it; else as it is now, and empty if something else
    is there."""
    with suppress(OSError):
        if descriptor is None:
            return os.path.realpath(path)
        if _SYSTEM == "linux":
            return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - see the top
        if _SYSTEM == "darwin":
            import fcntl  # noqa: PLC0415 - not everywhere

            return os.fsdecode(fcntl.fcntl(descriptor, _GET_PATH, bytes(1024)).rstrip(b"\0"))
    real = os.path.realpath(path)
    return real if os.path.samestat(os.stat(real), status) else ""  # noqa: PTH116 - see the top
