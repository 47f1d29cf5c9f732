"""Which folders a project wants watched: of its source, and of its outputs."""

from __future__ import annotations

import os
import stat

from harnesssync_orchestrator.files.reading import Looked

_INDEX = f"{os.sep}.git{os.sep}index"
"""Of a main checkout: git writes it, and what lies beside it, with nearly every command."""


def folders_to_watch(looked: Looked, root: str) -> frozenset[str]:
    """The folders in which a change would change the source: the root, those of files that were read, and those that
    hold nothing but configuration; for what was missing the nearest folder above it that exists.

    The other folders of a worktree were searched for instructions too, but there are too many to watch them all.
    """
    folders = {root}
    for path, signature in looked.seen.items():
        if path.endswith(_INDEX):
            continue
        if signature is not None and stat.S_ISDIR(signature.mode):
            if not path.startswith(root + "/") or "/.claude" in path[len(root) :]:
                folders.add(path)
            continue
        folder = os.path.dirname(path)  # noqa: PTH120 - for every file of a source
        while folder not in folders and folder in looked.seen and looked.seen[folder] is None:
            folder = os.path.dirname(folder)  # noqa: PTH120
        folders.add(folder)
    return frozenset(folder for folder in folders if _is_folder(folder, looked))


def folders_of_outputs(looked: Looked, root: str, ledger: str) -> frozenset[str]:
    """The folders in which a change would be drift: those that hold outputs, as far as they are there, and that of the
    ledger, in which another process may record what a person decided.

    `looked` is what was looked at to observe the outputs, inside of copied folders too. git's own files are not among
    what is watched: they change with every command.
    """
    below, of_git = root.rstrip("/") + "/", f"{root.rstrip('/')}/.git/"
    folders = {os.path.dirname(ledger)}  # noqa: PTH120 - as above
    for path in looked.seen:
        if path.startswith(below) and not path.startswith(of_git):
            folders.add(path.rpartition("/")[0])
    return frozenset(folder for folder in folders if os.path.isdir(folder))  # noqa: PTH112 - as above


def _is_folder(path: str, looked: Looked) -> bool:
    signature = looked.seen.get(path)
    return (signature is not None and stat.S_ISDIR(signature.mode)) or os.path.isdir(path)  # noqa: PTH112
