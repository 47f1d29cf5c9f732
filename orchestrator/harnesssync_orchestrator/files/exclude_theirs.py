"""What stands in worktrees of a repository where a line of another one hides it from git, and is not ours: git replaces
what it ignores without a word, so that it must be shown, also in a worktree that nobody syncs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.exclude_block import Section, path_of
from harnesssync_orchestrator.files.tracked import ask_tracked

Ours = Callable[[str], Collection[bytes]]
"""The lines of what is ours in a worktree, by its id, whether they hide it there or not."""


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

    What is noted there already stays, if it is still there. It takes a look at each path that a worktree does not hide
    itself, and asks git where something stands at one.
    """
    lines = frozenset[bytes]().union(*(section.lines for section in sections.values()))
    found: dict[str, frozenset[bytes]] = {}
    for root, names in _by_roots(worktrees).items():
        mine = [sections[name] for name in names if name in sections]
        noted = frozenset[bytes]().union(*(section.theirs for section in mine))
        at = {line: paths.get(line) or path_of(os.fsdecode(line)) for line in lines.difference(*_lines(mine))}
        there = _standing(root, at)
        if not (there or noted) or (folder := _git_dir(root)) is None:
            continue
        tracked, _ = ask_tracked(root, tuple(there.values()), top=root, index=folder / "index", asker=asker)
        untracked = frozenset(line for line, path in there.items() if path not in tracked)
        is_ours = frozenset(line for name in names for line in ours(name)) if untracked - noted else frozenset()
        found.update(dict.fromkeys(names, untracked - (is_ours - noted)))
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


def _lines(sections: Collection[Section]) -> list[frozenset[bytes]]:
    return [section.lines for section in sections]


def _git_dir(root: Path) -> Path | None:
    try:
        return git.git_dir(root)
    except OSError:
        return None


__all__ = ["Ours", "theirs_in"]
