"""Which repositories lie in the folders that a person named, and use Claude Code. Blocking.

A scan goes down from each of these folders until it comes to a project, and never into one: not into its submodules,
its dependencies, or what somebody unpacked there. It follows no link, and leaves out what is hidden.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.files import git

SIGNS = ("CLAUDE.md", "CLAUDE.local.md", ".claude", ".mcp.json")
"""What Claude Code reads of a project, by the names in its folder. Most clones have none, and are let be."""
NEVER = frozenset({"node_modules"})
"""Folders of many folders, in which nobody works."""
BARE = ("HEAD", "objects", "refs")
"""What a repository without a worktree consists of (gitrepository-layout)."""

_TELLS_NOTHING = (OSError, ValueError, RuntimeError)
"""What a path may be answered with: a NUL in it is a ValueError, a loop of links a RuntimeError (up to Python 3.12)."""

YOUNG_S = 5.0
"""A repository that was begun since then may be about to get its files."""
CLONING_S = 600.0
"""One without an index, or with a locked one, is still being cloned, if it was begun since then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """`found` are the repositories that use Claude Code, each with the root it was found in; `unready` those that git
    may still be making. `folders` are where others may come: the roots, and where repositories lie. `unreadable` are
    roots that tell nothing, with the reason."""

    found: Mapping[str, str]
    unready: Mapping[str, str]
    folders: frozenset[str]
    unreadable: Mapping[str, str]


def scan(roots: Sequence[str], *, depth: int, leave: Collection[str] = ()) -> Scanned:
    """Look through these folders (resolved), `depth` levels down. What is to `leave` is neither found nor entered, but
    for a root itself."""
    found: dict[str, str] = {}
    unready: dict[str, str] = {}
    folders = set(roots)
    unreadable: dict[str, str] = {}
    for root in roots:
        try:
            for repository in _repositories(root, depth, leave):
                folders.add(os.path.dirname(repository) if repository != root else root)  # noqa: PTH120 - for each
                if uses_claude_code(repository):
                    found.setdefault(repository, root)
                elif is_young(repository):
                    unready.setdefault(repository, root)
        except OSError as error:
            unreadable[root] = error.strerror or str(error)
    return Scanned(found=found, unready=unready, folders=frozenset(folders), unreadable=unreadable)


def uses_claude_code(repository: str) -> bool:
    """Is there anything that Claude Code reads, in a main worktree of the user's own, or one of a bare repository?"""
    if not any(os.path.lexists(f"{repository}/{sign}") for sign in SIGNS):
        return False
    try:
        is_own = os.lstat(repository).st_uid == os.getuid()
        common = git.repository(Path(repository))
        return is_own and common is not None and (common == Path(repository, ".git") or git.is_bare(common))
    except _TELLS_NOTHING:  # at the next look it may be told; one that is made up hides no other
        return False


def is_young(repository: str) -> bool:
    """May git still be making it, or about to fill it?"""
    try:
        folder = git.git_dir(Path(repository)) or f"{repository}/.git"
        age_s = abs(time.time() - os.stat(f"{folder}/HEAD").st_mtime)  # noqa: PTH116 - for each repository
    except _TELLS_NOTHING:
        return False
    is_busy = os.path.lexists(f"{folder}/index.lock") or not os.path.lexists(f"{folder}/index")
    return age_s < (CLONING_S if is_busy else YOUNG_S)


def is_gone(repository: str, root: str) -> bool:
    """Is a repository that was found in a root not there any more? Where what is left of its path is an empty folder,
    or the root is gone too, that is not known: a disk may not be mounted there now."""
    try:
        if git.repository(Path(repository)) is not None:
            return False
        folder = Path(repository)
        while folder != Path(root) and not folder.exists():
            folder = folder.parent
        return any(folder.iterdir())
    except _TELLS_NOTHING:
        return False


def _repositories(root: str, depth: int, leave: Collection[str]) -> Iterator[str]:
    """Raises OSError when the root itself can't be read."""
    inner = [(root, 0)]
    while inner:
        folder, level = inner.pop()
        if folder not in leave and os.path.lexists(f"{folder}/.git") and not _only_names_one(folder):
            yield folder
            continue
        if level == depth:  # what lies in it is too deep
            continue
        try:
            inner += [(path, level + 1) for path in _below(folder) if path not in leave]
        except OSError:
            if folder == root:
                raise


def _only_names_one(folder: str) -> bool:
    """Does `.git` name a bare repository, whose worktrees lie in the folder or elsewhere?"""
    try:
        return git.bare_repository(Path(folder)) is not None
    except _TELLS_NOTHING:
        return False


def _below(folder: str) -> list[str]:
    """The folders in a folder that a project may lie in. Raises OSError."""
    names: set[str] = set()
    below: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            names.add(entry.name)
            if entry.name.startswith(".") or entry.name in NEVER:
                continue
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
    return [] if names.issuperset(BARE) else below
