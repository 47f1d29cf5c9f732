"""How much there is in a project, before anything of it is read."""

from __future__ import annotations

import os
from contextlib import suppress

MOST = 5_000
"""Files and folders, which take some milliseconds to count. The first sync of as many takes some tens of them."""


def is_small(root: str) -> bool:
    """Are there no more than so many files and folders in a worktree? Those of git's own do not count, nor what a link
    leads to; what can't be read is not counted either. Blocking."""
    counted, folders = 0, [root]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                counted += 1
                if counted > MOST:
                    return False
                if entry.name != ".git" and entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return True
