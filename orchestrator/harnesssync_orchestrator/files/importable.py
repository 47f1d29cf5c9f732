"""Looking for the files of another harness that are to be brought over. Nothing outside of the root is read.

Links are not followed: what they lead to is brought over from where it is, and many of them are our own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from harnesssync_orchestrator.core.import_planning import NOTHING, Stands
from harnesssync_orchestrator.core.importing import Readable
from harnesssync_orchestrator.files.place import is_link
from harnesssync_orchestrator.files.reading import Looked

MOST_ENTRIES = 100_000
"""Entries of folders that are looked at for one import: enough for any repository, and an end for hostile ones."""

_NOT_ENTERED = frozenset({".git", "node_modules", "__pycache__"})


@dataclass
class Finding:
    """What was found, by path below the root with `/`: files, links (with their text), and why others can't be read."""

    root: str
    files: dict[str, Readable] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    entries: int = 0


def find(root: str, patterns: Sequence[str]) -> Finding:
    """Every file that one of the patterns fits (`core.importing.fits`). Blocking; raises nothing for what is there.

    `**` does not enter folders that are hidden, where it stands first, nor worktrees in the worktree.
    """
    finding = Finding(root)
    # What may be anywhere comes last: it takes most of the entries that may be looked at.
    for pattern in sorted(patterns, key=lambda pattern: pattern.startswith("**")):
        for path in _expanded(finding, "", pattern.split("/"), first=True):
            if path not in finding.files:
                _read(finding, path)
    return finding


def _expanded(finding: Finding, folder: str, parts: list[str], *, first: bool) -> Iterator[str]:
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _expanded(finding, folder, rest, first=False)
        for name, kind in _entries(finding, folder):
            inner = f"{folder}/{name}" if folder else name
            hidden = first and name.startswith(".")
            if kind == "folder" and not hidden and name not in _NOT_ENTERED and not _is_worktree(finding, inner):
                yield from _expanded(finding, inner, parts, first=first)
            elif kind == "link" and not first:
                _note(finding, inner)
        return
    has_magic = any(sign in head for sign in "*?[")
    names = [(head, _kind(finding, folder, head))] if not has_magic else list(_entries(finding, folder))
    for name, kind in names:
        if has_magic and not fnmatchcase(name, head):
            continue
        path = f"{folder}/{name}" if folder else name
        if kind == "link":
            _note(finding, path)
        elif kind == "folder" and rest:
            yield from _expanded(finding, path, rest, first=False)
        elif kind == "file" and not rest:
            yield path


def _entries(finding: Finding, folder: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(f"{finding.root}/{folder}" if folder else finding.root) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            finding.unreadable[folder] = error.strerror or str(error)
        return
    for name in names:
        finding.entries += 1
        if finding.entries > MOST_ENTRIES:
            finding.unreadable[folder] = f"there are more than {MOST_ENTRIES} entries: the rest was not looked at"
            return
        yield name, _kind(finding, folder, name)


def _kind(finding: Finding, folder: str, name: str) -> str:
    path = f"{folder}/{name}" if folder else name
    try:
        status = os.lstat(f"{finding.root}/{path}")
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return "nothing"
    except OSError as error:
        finding.unreadable[path] = error.strerror or str(error)
        return "nothing"
    if is_link(status):
        return "link"
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    return "file" if stat.S_ISREG(status.st_mode) else "nothing"


def _is_worktree(finding: Finding, folder: str) -> bool:
    return os.path.lexists(f"{finding.root}/{folder}/.git")


def _note(finding: Finding, path: str) -> None:
    try:
        finding.links[path] = os.readlink(f"{finding.root}/{path}")  # noqa: PTH115 - as text, and not as a path
    except OSError:
        finding.links[path] = ""


def _read(finding: Finding, path: str) -> None:
    full = f"{finding.root}/{path}"
    try:
        executable = bool(os.lstat(full).st_mode & stat.S_IXUSR)
        finding.files[path] = Readable(Looked().read(full, within=(finding.root,)), executable)
    except OSError as error:
        finding.unreadable[path] = error.strerror or str(error)


def stands(root: str, path: str) -> Stands:
    """What stands at a destination below the root. Blocking."""
    full, real = f"{root}/{path}", os.path.realpath(f"{root}/{path}")
    leads_to = "" if real == full or not real.startswith(f"{root}/") else real[len(root) + 1 :]
    parts = path.split("/")
    for depth in range(1, len(parts)):
        folder = "/".join(parts[:depth])
        try:
            status = os.lstat(f"{root}/{folder}")
        except FileNotFoundError:
            return NOTHING
        except OSError as error:
            return Stands(blocked=error.strerror or str(error))
        if not stat.S_ISDIR(status.st_mode) or is_link(status):
            reason = f"{folder} above it is a link or no folder, and nothing is written through it"
            return Stands(blocked=reason, leads_to=leads_to)
    try:
        status = os.lstat(full)
        if is_link(status):
            return Stands(blocked="a link stands there", leads_to=leads_to)
        if stat.S_ISDIR(status.st_mode):
            found = find(root, [f"{path}/**/*"])
            unread = {**found.unreadable, **found.links}
            return (
                Stands(blocked="a folder stands there that holds links, or can't be read")
                if unread
                else Stands(files={name[len(path) + 1 :]: file.content for name, file in found.files.items()})
            )
        return Stands(content=Looked().read(full, within=(root,)))
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        return Stands(blocked=error.strerror or str(error))
