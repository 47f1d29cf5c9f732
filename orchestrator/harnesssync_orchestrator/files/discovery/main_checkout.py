"""The main checkout of a linked worktree, and what of the worktree is only lent by it.

Sources: gitrepository-layout(5). What is lent is a link to the same place in the main checkout, or, where there are no
links, a marked copy: ours, or one that a person made by hand.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.files.copying import is_exactly, read_marker
from harnesssync_orchestrator.files.place import Place, is_link
from harnesssync_orchestrator.files.reading import Looked

_MAX_POINTER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class MainCheckout:
    """`path` is the main checkout of the linked worktree `worktree`; both are absolute."""

    path: str
    worktree: str

    @classmethod
    def of(cls, worktree: str, looked: Looked) -> MainCheckout | None:
        """None if it is no linked worktree, or its main checkout is bare or gone.

        Reads the files that git keeps for it: `.git` of a linked worktree names its folder below the common directory,
        whose `commondir` leads there; the main checkout holds the common directory as `.git`. That folder's `gitdir`
        has to lead back to the worktree.
        """
        pointer = _first_line(Path(worktree, ".git"), looked)
        if pointer is None or not pointer.startswith("gitdir:"):
            return None
        git_dir = Path(worktree, pointer.removeprefix("gitdir:").strip())
        common = _first_line(git_dir / "commondir", looked)
        if common is None:
            return None
        common_dir = Path(os.path.normpath(git_dir / common))
        if common_dir.name != ".git" or not common_dir.is_dir():
            return None
        # A folder that somebody unpacked can name any repository; only what that knows itself is its worktree.
        back = _first_line(git_dir / "gitdir", looked)
        if back is None or os.path.realpath(Path(git_dir, back).parent) != os.path.realpath(worktree):
            return None
        checkout = str(common_dir.parent)
        return cls(path=checkout, worktree=worktree) if checkout != worktree else None

    def counterpart(self, path: str) -> str:
        """Where in the main checkout lies what `path` is in the worktree."""
        return self.path + path[len(self.worktree) :]

    def lends(self, path: str, looked: Looked) -> bool:
        """Does `path` in the worktree lead to its counterpart, itself or by a folder above it? That need not be there.

        Raises OSError if that can't be known.
        """
        status = looked.lstat(path)
        if status is None:
            return False
        if looked.real(path) == looked.real(self.counterpart(path)):
            return True
        if is_link(status):
            return False
        place = Place.by_path(Path(path))
        marker = read_marker(place)
        if marker is None or marker.source != os.path.realpath(self.counterpart(path)):
            return False
        return is_exactly(place, marker.digest)  # an edited copy is a person's


def _first_line(path: Path, looked: Looked) -> str | None:
    try:
        content = looked.read(str(path), _MAX_POINTER_BYTES)
    except OSError:  # no such worktree: a directory, nothing, or nothing that we may read
        return None
    return os.fsdecode(content).split("\n", 1)[0].rstrip("\r")
