"""Whether what a watcher tells of is nothing but our own writing, which still stands as we left it.

Digests are compared and not signatures: between our write and a look at it somebody may have edited the file, and the
look would take that for ours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from harnesssync_orchestrator.files.folder import Folder

FOLDER = "/"
"""Stands for the digest of a folder that was made: of what comes into it later the watcher tells by itself."""


def is_echo(changed: Collection[str], written: Mapping[str, str | None]) -> bool:
    """Is each path that changed among those `written`, and has the digest that it was given (None: it is gone)?

    Paths are absolute. No path at all stands for anything, and is no echo. Blocking: all of them are read.
    """
    return bool(changed) and all(path in written and _is_as_left(path, written[path]) for path in changed)


def _is_as_left(path: str, digest: str | None) -> bool:
    place = Path(path)
    try:
        folder = Folder.root(place.parent)
    except FileNotFoundError:
        return digest is None
    except OSError:
        return False
    try:
        return folder.digest(place.name) == digest
    except IsADirectoryError:
        return digest == FOLDER and place.is_dir()
    except OSError:
        return False
    finally:
        folder.close()
