"""Keeping a project's outputs out of git: which lines of `info/exclude` are its own, and of its `.gitignore`, where a
person wants them there; and how they come there. What is private is in `info/exclude` in any case.

All of it blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.markers import marker_path
from harnesssync_orchestrator.core.plan import EditDocument, MakeLink, Plan
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files import git, whereabouts
from harnesssync_orchestrator.files.discovery.inheritance import HIDING
from harnesssync_orchestrator.files.exclude import path_of, pattern, update_exclude
from harnesssync_orchestrator.files.exclude_block import (
    NOTHING,
    Exclude,
    Section,
)
from harnesssync_orchestrator.files.gitignore import update_gitignore
from harnesssync_orchestrator.service.start import Start

EXCLUDE_S = 5.0
"""How long is waited at most for another sync, of another worktree, to have changed `info/exclude`."""


class ToHide(NamedTuple):
    """Paths: those that git should not show, the `private` ones among them, and `theirs` in the places of outputs."""

    paths: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()

    @property
    def lines(self) -> frozenset[bytes]:
        """What the paths are hidden by."""
        return frozenset(map(pattern, self.paths))

    def only(self, is_hidden: Callable[[str], bool]) -> ToHide:
        """The same, but for paths that are not hidden."""
        return self._replace(paths=tuple(filter(is_hidden, self.paths)))


@dataclass(slots=True)
class Hiding:
    """What one sync keeps out of git, under the project's lock. `notes` tell what of a person's git does not show
    either; `shown` are outputs that were there already, and that it showed."""

    start: Start
    notes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    _only: ToHide | None = None
    _has_looked: bool = False

    def hide(self, plan: Plan, ledger: Ledger, gone: Collection[str], *, before: bool) -> None:
        """Let git show what it should with a plan, but for what is `gone` by now. What is hidden `before` the plan is
        carried out stays so. Raises StateError, LockTimeoutError."""
        look = cache(self.start.exclude)  # the file is read once, if at all
        secret = _still_private(self.start, plan, look)
        wanted = ToHide(
            (*(path for path in plan.exclude if path not in gone), *markers(plan, ledger), *secret),
            (*plan.private, *secret),
            tuple(path for path in plan.theirs if path not in secret),
        )
        if not self.start.hides:  # it was switched off: what is private was hidden before that, or never
            private = look().own.private
            wanted = wanted.only(lambda path: path in secret or pattern(path) in private)
        if wanted == self._only:
            return
        listed = look().own.lines | self.start.gitignore().lines
        if not self._has_looked:
            self.shown, self._has_looked = _not_listed(self.start, plan, listed), True
        kept = replace(look().own, lines=listed, theirs=frozenset()) if before else NOTHING
        seen = _hide(self.start, wanted, look(), kept=kept, tidy=True)
        self._only = wanted if kept.lines <= wanted.lines else None
        self.notes = _hidden_all_the_same(seen)


def _hide(start: Start, wanted: ToHide, seen: Exclude, *, kept: Section, tidy: bool = False) -> Exclude:
    """Let just what is `wanted`, and what is `kept`, stand in the project's section of `info/exclude`, which was `seen`
    a moment ago, or in its `.gitignore`; the rest as `update_exclude` has it. Gives what `info/exclude` says then.

    To be `tidy` also takes away the sections of worktrees that are gone. Raises StateError, LockTimeoutError.
    """
    shared, place = start.repository, start.engine.exclude
    if shared is None:
        return seen
    present = {start.project.id: Path(start.project.path), **_others(start, shared, seen)} if tidy else None
    secret = frozenset(map(pattern, wanted.private)) | kept.private
    public = (wanted.lines | kept.lines) - secret if place == "gitignore" else frozenset[bytes]()
    here = wanted if place == "info" else wanted.only(lambda path: pattern(path) in secret)
    update = partial(
        update_exclude,
        shared,
        start.project.id,
        here.paths,
        lock=start.engine.layout.exclude_lock(shared),
        timeout=min(EXCLUDE_S, start.options.lock_timeout_s),
        worktrees=present,
        private=here.private,
        theirs=here.theirs,
    )
    if public != start.gitignore().lines:
        # What moves from the one file to the other is hidden by both for a moment.
        both = replace(seen.own, lines=seen.own.lines | kept.lines & secret, private=seen.own.private | kept.private)
        seen = update(kept=both, seen=seen) or seen
    update_gitignore(Path(start.project.path), public, note=start.gitignore_note)
    if place != "info":
        kept = replace(kept, lines=kept.lines & secret)
    return update(kept=kept, seen=seen) or seen


def _still_private(start: Start, plan: Plan, look: Callable[[], Exclude]) -> tuple[str, ...]:
    """The paths that were hidden since what we wrote there is private, and where that may still be: somebody has edited
    it, or has moved the project, so that no ledger knows of it. Raises StateError."""
    shared = start.repository
    if shared is None:
        return ()
    unsettled = {conflict.address.path for conflict in plan.conflicts} | {kept.address.path for kept in plan.kept}
    edits = (operation for operation in plan.operations if isinstance(operation, EditDocument))
    taken_out = {address.path for address in (*plan.forget, *(each for edit in edits for each in edit.forget))}
    theirs = [path for path in plan.theirs if path in unsettled or path not in taken_out]
    if not theirs:
        return ()
    lines = look().private_once(lambda: _others(start, shared, look()).keys())
    return tuple(sorted(path for path in theirs if pattern(path) in lines)) if lines else ()


def lines_of_what_is_there(start: Start, lines: Iterable[str]) -> frozenset[str]:
    """Those of some lines in the place of which anything stands."""
    root = start.project.path
    return frozenset(line for line in lines if os.path.lexists(f"{root}/{path_of(line)}"))


def hide_lines(
    start: Start, lines: Iterable[str], *, private: Iterable[str], theirs: Iterable[str], everything: bool
) -> None:
    """Let just these lines stand there, some of them `private`; and, unless `everything` goes, what is `theirs` besides
    what it says of that so far. Raises StateError, LockTimeoutError."""
    seen, wanted = start.exclude(), frozenset(map(os.fsencode, lines))
    before = frozenset[bytes]() if everything else seen.own.theirs
    kept = Section(wanted, wanted & frozenset(map(os.fsencode, private)), before)
    _hide(start, ToHide(theirs=tuple(theirs)), seen, kept=kept)


def _hidden_all_the_same(seen: Exclude) -> tuple[str, ...]:
    """A sentence about what is not ours, and git does not show, since another worktree keeps something private under
    that name. Raises StateError."""
    if not (lines := seen.hidden_elsewhere):
        return ()
    why = "since another worktree keeps something private under that name"
    then = "A switch to a branch that has such a file replaces yours: commit it, or keep a copy"
    return (f"git does not show that you have {', '.join(lines)} here, {why}. {then}",)


def shown_by_git(start: Start, plan: Plan) -> tuple[str, ...]:
    """Outputs that are there already, and that git should not show any more; somebody took their lines away."""
    return _not_listed(start, plan, map(os.fsencode, start.hidden_lines()))


def _not_listed(start: Start, plan: Plan, listed: Iterable[bytes]) -> tuple[str, ...]:
    if not start.hides or plan.stops:
        return ()
    made = {operation.path for operation in plan.operations}
    hidden = frozenset(listed)
    return tuple(path for path in plan.exclude if path not in made and pattern(path) not in hidden)


def had_outputs(start: Start) -> bool:
    """Do git's own files say that outputs of ours are here, of which no ledger is left?"""
    shared = start.repository
    if shared is None:
        return False
    try:
        seen = start.exclude()
        return seen.lists_anything(_others(start, shared, seen)) or (
            start.gitignore_note.exists() and bool(start.gitignore().lines)
        )
    except StateError:
        return False  # told when it is to be changed


def markers(plan: Plan, ledger: Ledger) -> list[str]:
    """The paths of the markers beside copies, those that are to be made included, but for those that a file of ours
    hides besides."""
    copies = {each.path: each.unlisted for each in plan.operations if isinstance(each, MakeLink) and each.copied}
    entries = ledger.entries.items()
    copies |= {address.path: entry.unlisted for address, entry in entries if entry.method is Method.COPY}
    hides = Address(HIDING) in ledger.entries or any(each.path == HIDING for each in plan.operations)
    return [marker_path(path) for path, is_unlisted in sorted(copies.items()) if not (is_unlisted and hides)]


def _worktrees(shared: Path) -> dict[str, Path]:
    """All that a repository has, by their ids, also one that is not at the place of git's record, or not now."""
    return {project_id(str(root)): root for root in git.worktrees(shared)}


def _others(start: Start, shared: Path, seen: Exclude) -> dict[str, Path]:
    """The same, and those that were moved by the ids of their earlier places as well, under which their sections stand
    until they are synced; but not this one, which has its own by then. Raises StateError."""
    known = _worktrees(shared)
    if {name.decode("ascii", "replace") for name in seen.sections} <= known.keys():
        return known
    roots = [root for root in known.values() if str(root) != start.project.path]
    before = {root: whereabouts.moved_from(start.engine.layout, str(root)) for root in roots}
    return {**{project_id(path): root for root, path in before.items() if path}, **known}


def patterns(paths: Iterable[str]) -> frozenset[str]:
    """The lines by which outputs and the markers beside them are hidden from git."""
    return frozenset(os.fsdecode(pattern(each)) for path in paths for each in (path, marker_path(path)))
