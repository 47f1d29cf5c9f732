"""Which worktrees a repository has that nobody registered, and which of those that were found so are there no more.

A person gives a repository once. From then on its linked worktrees are what git's own records say
(gitrepository-layout: `worktrees/<name>/gitdir`). A record counts only where the worktree points back to it: a folder
that somebody unpacked can name any repository.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.git import RECORDS
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.registered import Registered, RegistryEntry
from harnesssync_orchestrator.files.roots import is_gone
from harnesssync_orchestrator.files.whereabouts import moved_from

TELLS = "gitdir"
"""The file in a record that says where the worktree is."""
YOUNG_S = 5.0
"""A record of which nothing more has come by then will stay as it is until git prunes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is to be registered, and what to be forgotten.

    `new` are roots, with the common folder of their repository; those of them that were `moved` were at another one
    before. `gone` are ids of projects. `unready` says that git is at
    work at a record: it is to be looked at again in a moment.
    """

    new: Mapping[str, str]
    gone: frozenset[str]
    moved: Mapping[str, str] = field(default_factory=dict)
    unready: bool = False

    @property
    def is_nothing(self) -> bool:
        return not self.new and not self.gone


class Worktrees:
    """Looks at repositories, and again only at those whose records have changed. Blocking; for one thread at a time.
    Without `follow`, only at whether what was found in a root is there."""

    def __init__(self, layout: Layout, *, follow: bool = True) -> None:
        self._layout = layout
        self._follow = follow
        self._known: dict[str, tuple[object, tuple[str, ...]]] = {}

    def look(self, registered: Registered) -> Found:
        """Compare git's records with what is registered. What can't be read now says nothing."""
        leaders = registered.leaders if self._follow else {}
        new: dict[str, str] = {}
        moved: dict[str, str] = {}
        unready: set[str] = set()
        for common, leader in leaders.items():
            roots, complete = self._roots(common)
            if not complete:
                unready.add(common)
            for root in roots:
                if project_id(root) in registered.projects or root in leader.left_out:
                    continue
                before = moved_from(self._layout, root)
                if before in leader.left_out:
                    continue
                new[root] = common
                if before and project_id(before) in registered.projects:
                    moved[root] = before
        found = {each: entry for each, entry in registered.projects.items() if entry.found and self._follow}
        # While a record is being written anew, the worktree that it tells of may be on its way.
        gone = {each for each, row in found.items() if row.common_dir not in unready and self._is_gone(row, leaders)}
        gone |= {each for each, entry in registered.projects.items() if entry.root and is_gone(entry.path, entry.root)}
        gone -= {project_id(before) for before in moved.values()}
        return Found(new=new, gone=frozenset(gone), moved=moved, unready=bool(unready))

    def _roots(self, common: str) -> tuple[tuple[str, ...], bool]:
        """The roots of all worktrees that the repository acknowledges, and whether all its records are complete."""
        mark = _mark(common)
        known = self._known.get(common)
        if known is not None and known[0] == mark:
            return known[1], True
        told = _told(common)
        acknowledged = tuple(str(root) for _, root in told if root is not None and _is_of(common, root))
        # git makes the record first, and then, bit by bit, what it tells of.
        complete = not any(str(root) not in acknowledged and _is_young(record) for record, root in told)
        if complete:
            self._known[common] = (mark, acknowledged)
        return acknowledged, complete

    def _is_gone(self, entry: RegistryEntry, leaders: Mapping[str, RegistryEntry]) -> bool:
        if entry.common_dir not in leaders:
            return True
        try:
            return git.repository(Path(entry.path)) != Path(entry.common_dir)
        except OSError:
            return False


def folders(commons: Iterable[str]) -> frozenset[str]:
    """The folders in which a record comes or goes, or comes to tell of another place: those of the records, or, where
    there are none yet, those in which they will be made."""
    watched: set[str] = set()
    for common in commons:
        records = f"{common}/{RECORDS}"
        try:
            watched.update((records, *(f"{records}/{name}" for name in os.listdir(records))))  # noqa: PTH208
        except OSError:
            watched.add(common)
    return frozenset(watched)


def tells_of_records(path: str) -> bool:
    """Does a change at this path, in one of those folders, concern a record? git's other files change all the time."""
    folder, _, name = path.rpartition("/")
    above, _, record = folder.rpartition("/")
    return RECORDS in {name, record} or (name == TELLS and above.endswith(f"/{RECORDS}"))


def _told(common: str) -> list[tuple[Path, Path | None]]:
    """The records, each with the root that it tells of, None where it does not say yet."""
    folder = Path(common)
    main = [(folder, folder.parent)] if folder.name == ".git" else []
    return [*main, *git.records(folder)]


def _is_of(common: str, root: Path) -> bool:
    """Does the repository acknowledge this worktree, and the worktree it?"""
    try:
        return git.repository(root) == Path(common)
    except OSError:
        return False


def _is_young(record: Path) -> bool:
    for written in (record / TELLS, record):
        with suppress(OSError):
            if abs(time.time() - written.stat().st_mtime) < YOUNG_S:
                return True
    return False


def _mark(common: str) -> object:
    """What changes with the records: when one comes or goes, or is written anew because its worktree was moved."""
    records = f"{common}/{RECORDS}"
    try:
        names = sorted(os.listdir(records))  # noqa: PTH208 - names alone
    except OSError:
        return ()
    return tuple((name, _written_ns(f"{records}/{name}/{TELLS}")) for name in names)


def _written_ns(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns  # noqa: PTH116 - for each worktree
    except OSError:
        return 0
