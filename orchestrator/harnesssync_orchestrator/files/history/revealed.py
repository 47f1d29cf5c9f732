"""What git would see of credentials, if files came back that a record holds."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path

from harnesssync_orchestrator.core.plan import Operation, Restore
from harnesssync_orchestrator.core.secrets import find
from harnesssync_orchestrator.core.stood import StoodFile
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files import asking_git, git
from harnesssync_orchestrator.files.exclude import pattern
from harnesssync_orchestrator.files.history.pack import PACK, Pack
from harnesssync_orchestrator.files.reading import Looked


def revealed(root: Path, packed: Path, operations: Iterable[Operation], lines: Collection[str]) -> frozenset[str]:
    """The paths of outputs below `root` that git sees, and in which a credential would be that is not there now.

    `packed` is the folder of the record that they come back from, `lines` are those of `info/exclude` that come back
    before. What was a person's alone comes back in any case. Where git gives no answer it may see all. Blocking.
    """
    restoring = [each for each in operations if isinstance(each, Restore) and isinstance(each.before, StoodFile)]
    ours = [each.path for each in restoring if any(entry.created for entry in each.record.values())]
    top = git.worktree_root(root) if ours else None
    if top is None:
        return frozenset()
    paths = sorted(_with_credentials(root, packed, ours))
    if not paths:
        return frozenset()
    tracked, problems = asking_git.tracked(root, paths, top=top)
    if problems:
        return frozenset(paths)
    said, problems = asking_git.ignored(root, paths)
    hidden = said.hidden | {path for path in paths if os.fsdecode(pattern(path)) in lines} - said.shown
    return frozenset(paths) - (frozenset() if problems else hidden - tracked)


def _with_credentials(root: Path, packed: Path, paths: Iterable[str]) -> Iterable[str]:
    """Those in which a credential was that is not in what stands there now."""
    try:
        with closing(Pack(packed / PACK)) as pack:
            return [path for path in paths if _credentials(pack.content(path), path) - _credentials_in(root, path)]
    except ApplyError:
        return []  # which whoever restores them tells


def _credentials_in(root: Path, path: str) -> frozenset[str]:
    try:
        return _credentials(Looked().read(str(root / path)), path)
    except OSError:
        return frozenset()


def _credentials(content: bytes, path: str) -> frozenset[str]:
    text = content.decode("utf-8", "replace")
    return frozenset(text[each.start : each.end] for each in find(text, by_name=not path.endswith(".md")))
