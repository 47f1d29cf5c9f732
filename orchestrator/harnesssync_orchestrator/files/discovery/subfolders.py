"""Which folders of a worktree have instructions of their own: a walk that stays out of what is not the project's."""

from __future__ import annotations

import os

from harnesssync_orchestrator.files.discovery.reader import Reader

MAX_FOLDERS = 50_000
"""Folders that are looked into at most, so that a project on a home directory or a disk stays possible."""

MAX_DEPTH = 32

PRUNED = frozenset({"node_modules", "bower_components", "__pycache__", "site-packages"})
"""Folders of installed packages: their instructions are for their own developers."""

_SIGNS = frozenset({"CLAUDE.md", "CLAUDE.local.md", ".claude"})
_FOREIGN = frozenset({".git", "pyvenv.cfg"})
"""What marks a folder as another repository or worktree, or as a virtual environment."""


def find_instructed_folders(root: str, reader: Reader) -> list[str]:
    """The folders below `root` that hold a `CLAUDE.md`, `CLAUDE.local.md` or `.claude`, as paths below it with `/`.

    Sorted, parents first. Hidden folders, installed packages, virtual environments, other repositories and whatever
    a link leads to are not entered. Every folder is recorded, so that new instructions are noticed.
    """
    found: list[str] = []
    waiting: list[tuple[str, str, int]] = [(root, "", 0)]
    seen = 0
    while waiting:
        folder, relative, depth = waiting.pop()
        seen += 1
        if seen > MAX_FOLDERS:
            reader.report(
                "project_too_large",
                f"the project has more than {MAX_FOLDERS} folders; instructions in the others are not read",
                root,
                "Register the folder that you work in.",
                hides=True,
            )
            break
        names, inner = _look(folder, reader)
        if relative:
            if not _FOREIGN.isdisjoint(names):
                continue
            if not _SIGNS.isdisjoint(names):
                found.append(relative)
        if depth < MAX_DEPTH:
            prefix = f"{relative}/" if relative else ""
            waiting.extend((f"{folder}{os.sep}{name}", prefix + name, depth + 1) for name in inner)
    return sorted(found)


def _look(folder: str, reader: Reader) -> tuple[set[str], list[str]]:
    """What tells something about the folder, and the folders in it that are to be entered."""
    names: set[str] = set()
    inner: list[str] = []
    try:
        reader.looked.lstat(folder)
        with os.scandir(folder) as found:
            entries = list(found)
        reader.looked.listed.setdefault(folder, tuple(entry.name for entry in entries))
        for entry in entries:
            name = entry.name
            if name in _SIGNS or name in _FOREIGN:
                names.add(name)
            elif name[0] != "." and name not in PRUNED and entry.is_dir(follow_symlinks=False):
                inner.append(name)
    except OSError:
        return set(), []  # gone meanwhile, or not ours to read: nobody's instructions can be there for Claude Code
    inner.sort(reverse=True)
    return names, inner
