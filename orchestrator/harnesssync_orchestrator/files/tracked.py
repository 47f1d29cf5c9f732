"""What git tracks, asked again only when its index has changed: starting git takes longer than all else that is done
for one edit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.files import asking_git
from harnesssync_orchestrator.files.hashing import is_racy
from harnesssync_orchestrator.files.reading import Signature

_Asked = tuple[Path, tuple[str, ...], Signature | None]
_KNOWN: dict[tuple[str, Path], tuple[_Asked, frozenset[str]]] = {}
"""The last answer of git to each asker about each index, and what was asked when the index was which."""
MOST_KNOWN = 1024


def ask_tracked(
    root: Path, paths: Sequence[str], *, top: Path, index: Path, asker: str
) -> tuple[frozenset[str], tuple[Problem, ...]]:
    """As `asking_git.tracked`, of paths below `root` in the worktree `top` with this index. `asker` is the worktree for
    which this is asked, always about much the same."""
    looked_ns = time.time_ns()
    try:
        there = Signature.of(index.lstat())
    except OSError:
        there = None
    asked = (root, tuple(paths), there)
    known = _KNOWN.get((asker, index))
    if known is not None and known[0] == asked:
        return known[1], ()
    tracked, problems = asking_git.tracked(root, paths, top=top)
    if not problems and (there is None or not is_racy(there, looked_ns)):
        if len(_KNOWN) >= MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[asker, index] = (asked, tracked)
    return tracked, problems
