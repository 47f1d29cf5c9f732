"""Whether what a watcher tells of is nothing but our own writing, which still stands as we left it.

Digests are compared and not signatures: between our write and a look at it somebody may have edited the file, and the
look would take that for ours.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping

from harnesssync_orchestrator.core.desired import link_hash
from harnesssync_orchestrator.files.hashing import hash_file

FOLDER = "/"
"""Stands for the digest of a folder that was made: of what comes into it later the watcher tells by itself."""


def is_echo(changed: Collection[str], written: Mapping[str, str | None]) -> bool:
    """Is each path that changed among those `written`, and has the digest that it was given (None: it is gone)?

    Paths are absolute. No path at all stands for anything, and is no echo. Blocking: all of them are read.
    """
    return bool(changed) and all(path in written and _is_as_left(path, written[path]) for path in changed)


def _is_as_left(path: str, digest: str | None) -> bool:
    """Nothing is decided by it but that there is nothing to do: what the folders above lead to need not be checked."""
    try:
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            return digest == FOLDER
        if stat.S_ISLNK(status.st_mode):
            return link_hash(os.readlink(path)) == digest  # noqa: PTH115 - as elsewhere in `files`
        return hash_file(path) == digest if stat.S_ISREG(status.st_mode) else False
    except (FileNotFoundError, NotADirectoryError):
        return digest is None
    except (OSError, ValueError):
        return False
