"""Two renames that the standard library lacks: one that never replaces anything, and one that exchanges two names.

Linux has both as `renameat2` (since 3.15; glibc 2.28), macOS as `renameatx_np` (since 10.12). Some file systems and
all of Windows have neither: then these functions say so, and their callers compare before they replace.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable

# Linux: RENAME_NOREPLACE, RENAME_EXCHANGE. macOS: RENAME_EXCL, RENAME_SWAP.
_EXCLUSIVE, _EXCHANGE = (4, 2) if sys.platform == "darwin" else (1, 2)

_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def rename_exclusively(source: str, destination: str, *, dir_fd: int | None) -> bool:
    """Rename within one folder. False if this system or file system can't do it without replacing.

    Raises FileExistsError if anything stands at `destination`, OSError for whatever else is wrong.
    """
    return _rename(source, destination, dir_fd, _EXCLUSIVE)


def exchange(first: str, second: str, *, dir_fd: int | None) -> bool:
    """Exchange two names of one folder in one step, so that neither is missing at any moment.

    False if this system or file system can't. Raises FileNotFoundError if one of them is missing.
    """
    return _rename(first, second, dir_fd, _EXCHANGE)


def _rename(source: str, destination: str, dir_fd: int | None, flag: int) -> bool:
    call = _system_call()
    if call is None or dir_fd is None:
        return False
    code = call(dir_fd, os.fsencode(source), dir_fd, os.fsencode(destination), flag)
    if code == 0:
        return True
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), source, None, destination)


@functools.cache
def _system_call() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """The call as a function that gives 0 or an error number; None where there is none."""
    if sys.platform not in {"linux", "darwin"}:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    function = getattr(library, "renameatx_np" if sys.platform == "darwin" else "renameat2", None)
    if function is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    function.restype = ctypes.c_int

    def call(source_fd: int, source: bytes, destination_fd: int, destination: bytes, flag: int) -> int:
        return 0 if function(source_fd, source, destination_fd, destination, flag) == 0 else ctypes.get_errno()

    return call
