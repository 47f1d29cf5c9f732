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
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.discovery.inheritance import HIDING
from harnesssync_orchestrator.files.exclude import pattern, update_exclude
from harnesssync_orchestrator.files.exclude_block import NOTHING, Exclude, Section, path_of
from harnesssync_orchestrator.files.gitignore import update_gitignore
from harnesssync_orchestrator.service.beside import notes_about, others, ours_in, uncovered
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
    either, and what it shows of ours; `shown` are outputs that were there already, and that it showed, `covered` what
    is not ours, and it did not show."""

    start: Start
    notes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
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
        seen = _hide(self.start, ledger, wanted, look(), kept=kept)
        self._only = wanted if kept.lines <= wanted.lines else None
        self.covered = self.covered or uncovered(look(), seen.own.theirs)
        self.notes = notes_about(self.start, seen)


def _hide(start: Start, ledger: Ledger, wanted: ToHide, seen: Exclude, *, kept: Section) -> Exclude:
    """Let just what is `wanted`, and what is `kept`, stand in the project's section of `info/exclude`, which was `seen`
    a moment ago, or in its `.gitignore`; the rest as `update_exclude` has it, of all worktrees that there are. Gives
    what `info/exclude` says then. Raises StateError, LockTimeoutError.
    """
    shared, place = start.repository, start.engine.exclude
    if shared is None:
        return seen
    present = {start.project.id: Path(start.project.path), **others(start, shared, seen)}
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
        ours=partial(ours_in, start, ledger),
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
    lines = look().private_once(lambda: others(start, shared, look()).keys())
    return tuple(sorted(path for path in theirs if pattern(path) in lines)) if lines else ()


def lines_of_what_is_there(start: Start, lines: Iterable[str]) -> frozenset[str]:
    """Those of some lines in the place of which anything stands."""
    root = start.project.path
    return frozenset(line for line in lines if os.path.lexists(f"{root}/{path_of(line)}"))


def hide_lines(
    start: Start,
    ledger: Ledger,
    lines: Iterable[str],
    *,
    private: Iterable[str],
    theirs: Iterable[str],
    everything: bool,
) -> None:
    """Let just these lines stand there, some of them `private`, and what is `theirs` besides what it says of that so
    far; if `everything` goes, as far as that is still there and another worktree hides it. Raises StateError,
    LockTimeoutError."""
    seen, wanted = start.exclude(), frozenset(map(os.fsencode, lines))
    before, noted = seen.own.theirs, tuple(theirs)
    if everything:
        before = frozenset(map(os.fsencode, lines_of_what_is_there(start, map(os.fsdecode, before)))) & seen.elsewhere
        noted = tuple(path for path in noted if pattern(path) in seen.elsewhere)
    kept = Section(wanted, wanted & frozenset(map(os.fsencode, private)), before)
    _hide(start, ledger, ToHide(theirs=noted), seen, kept=kept)


def shown_by_git(start: Start, plan: Plan) -> tuple[str, ...]:
    """Outputs that are there already, and that git should not show any more; somebody took their lines away."""
    hidden = start.hidden()
    return _not_listed(start, plan, hidden.lines if hidden is not None else ())


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
        return seen.lists_anything(others(start, shared, seen)) or (
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
