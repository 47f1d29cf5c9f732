"""What stands in worktrees of a repository where a line of another one hides it from git, and is not ours: git replaces
what it ignores without a word, so that it must be shown, also in a worktree that nobody syncs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.asking_git import with_untracked
from harnesssync_orchestrator.files.exclude_block import Section, path_of
from harnesssync_orchestrator.files.tracked import ask_tracked

Ours = Callable[[str, Path, Mapping[bytes, str]], frozenset[bytes]]
"""Which of some lines stand for what is ours in a worktree, whether they hide it there or not: by its id and its root,
of lines with their paths."""


def nothing(_worktree: str, _root: Path, _lines: Mapping[bytes, str]) -> frozenset[bytes]:
    """Where nothing is ours."""
    return frozenset()


def theirs_in(
    worktrees: Mapping[str, Path],
    sections: Mapping[str, Section],
    *,
    asker: str,
    ours: Ours,
    paths: Mapping[bytes, str],
) -> dict[str, frozenset[bytes]]:
    """What is not ours in these worktrees, by their ids, where a section of another one hides it, and neither git
    tracks it nor the worktree hides it itself. `sections` are all that there are, by ids; a worktree that was moved has
    its own under an earlier id until it is synced. `paths` are those of lines, as far as they are known. Where nobody
    can look, nothing is said.

    What is noted there already stays, if it is still there, whoever hides it by now. It takes a look at each path that
    a worktree does not hide itself, and asks git where something stands at one. A folder counts as tracked if all in it
    is.
    """
    lines = frozenset[bytes]().union(*(section.lines for section in sections.values()))
    found: dict[str, frozenset[bytes]] = {}
    for root, names in _by_roots(worktrees).items():
        mine = [sections[name] for name in names if name in sections]
        noted = frozenset[bytes]().union(*(section.theirs for section in mine))
        looked_for = (lines | noted).difference(*_lines(mine))
        at = {line: paths.get(line) or path_of(os.fsdecode(line)) for line in looked_for}
        there = _standing(root, at)
        if not (there or noted) or (folder := _git_dir(root)) is None:
            continue
        tracked, _ = ask_tracked(root, tuple(there.values()), top=root, index=folder / "index", asker=asker)
        whole = tracked - with_untracked(root, [path for path in tracked if _is_folder(f"{root}/{path}")])
        untracked = {line: path for line, path in there.items() if path not in whole}
        new = {line: path for line, path in untracked.items() if line not in noted}
        is_ours = frozenset(line for name in names for line in ours(name, root, new)) if new else frozenset()
        found.update(dict.fromkeys(names, frozenset(untracked) - is_ours))
    return found


def _by_roots(worktrees: Mapping[str, Path]) -> dict[Path, list[str]]:
    roots: dict[Path, list[str]] = {}
    for name, root in worktrees.items():
        roots.setdefault(root, []).append(name)
    return roots


def _standing(root: Path, at: Mapping[bytes, str]) -> dict[bytes, str]:
    """The lines in whose place something stands, with their paths. Where nobody syncs most folders are missing: each is
    looked at once."""
    folders = {path: path.rpartition("/")[0] for path in at.values()}
    present = {folder for folder in {*folders.values()} if os.path.isdir(f"{root}/{folder}")}  # noqa: PTH112 - of many
    return {
        line: path
        for line, path in sorted(at.items())
        if folders[path] in present and os.path.lexists(f"{root}/{path}")
    }


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114 - as above


def _lines(sections: Collection[Section]) -> list[frozenset[bytes]]:
    return [section.lines for section in sections]


def _git_dir(root: Path) -> Path | None:
    try:
        return git.git_dir(root)
    except OSError:
        return None


__all__ = ["Ours", "nothing", "theirs_in"]
