"""Which folders a project wants watched."""

from __future__ import annotations

import os
import stat

from harnesssync_orchestrator.files.reading import Looked


def folders_to_watch(looked: Looked, root: str) -> frozenset[str]:
    """The folders in which a change would change the source: the root, those of files that were read, and those that
    hold nothing but configuration; for what was missing the nearest folder above it that exists.

    The other folders of a worktree were searched for instructions too, but there are too many to watch them all.
    """
    folders = {root}
    for path, signature in looked.seen.items():
        if signature is not None and stat.S_ISDIR(signature.mode):
            if not path.startswith(root + "/") or "/.claude" in path[len(root) :]:
                folders.add(path)
            continue
        folder = os.path.dirname(path)  # noqa: PTH120 - for every file of a source
        while folder not in folders and folder in looked.seen and looked.seen[folder] is None:
            folder = os.path.dirname(folder)  # noqa: PTH120
        folders.add(folder)
    return frozenset(folder for folder in folders if _is_folder(folder, looked))


def _is_folder(path: str, looked: Looked) -> bool:
    signature = looked.seen.get(path)
    return (signature is not None and stat.S_ISDIR(signature.mode)) or os.path.isdir(path)  # noqa: PTH112
