"""What the worktrees of a repository do to each other through the one `info/exclude` that all of them read: whose lines
hide here what is not ours, and what of ours git shows for another one's sake.

All of it blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from harnesssync_orchestrator.core.desired import link_hash, short_hash
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.markers import marker_path
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files import git, whereabouts
from harnesssync_orchestrator.files.exclude import pattern
from harnesssync_orchestrator.files.exclude_block import Exclude, path_of
from harnesssync_orchestrator.files.exclude_theirs import theirs_in
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.state import load_ledger
from harnesssync_orchestrator.service.start import Start


def _worktrees(shared: Path) -> dict[str, Path]:
    """All that a repository has, by their ids, also one that is not at the place of git's record, or not now."""
    return {project_id(str(root)): root for root in git.worktrees(shared)}


def others(start: Start, shared: Path, seen: Exclude) -> dict[str, Path]:
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


def ours_in(start: Start, ledger: Ledger, worktree: str, root: Path, lines: Mapping[bytes, str]) -> frozenset[bytes]:
    """Which of some lines, with their paths, stand for what we have in a worktree of the repository, by its id and
    root; `ledger` is that of this one. Where nobody can tell, nothing is ours: it is shown, unless its own section has
    it. What a person keeps or edits is theirs, and so is a folder, which may hold more than we put there."""
    if worktree != start.project.id:
        try:
            ledger, _ = load_ledger(start.engine.layout.project_dir(worktree) / whereabouts.LEDGER, set_aside=False)
        except StateError:
            return frozenset()
    whole = {at.path: each for at, each in ledger.entries.items() if not at.pointer and each.created and not each.kept}
    beside = {marker_path(path) for path, entry in whole.items() if entry.method is Method.COPY}
    ours = beside | {address.path for address in ledger.made if not address.pointer}
    return frozenset(
        line
        for line, path in lines.items()
        if path in ours or (path in whole and _is_as_left(f"{root}/{path}", whole[path]))
    )


def _is_as_left(path: str, entry: Entry) -> bool:
    try:
        if os.path.islink(path):  # noqa: PTH114 - a text already
            return entry.method is Method.SYMLINK and link_hash(os.readlink(path)) == entry.digest  # noqa: PTH115
        return short_hash(Looked().read(path)) == entry.digest
    except OSError:
        return False


def of_ours(ledger: Ledger) -> frozenset[str]:
    """The lines of all that we still have there."""
    return patterns(address.path for address in (*ledger.entries, *ledger.made))


def covered_now(start: Start, plan: Plan, ledger: Ledger) -> tuple[str, ...]:
    """What is not ours here, and git does not show, since a line of another worktree has the same name. A sync shows
    it."""
    if plan.stops or (shared := start.repository) is None:
        return ()
    try:
        seen = start.exclude()
        if not seen.covered(start.project.path):
            return ()
        theirs = frozenset(map(pattern, plan.theirs))
        sections = {name.decode("ascii", "replace"): each for name, each in seen.sections.items()}
        own = {project_id(start.project.path): Path(start.project.path)}
        sections |= {start.project.id: replace(seen.own, lines=seen.own.lines | frozenset(map(pattern, plan.exclude)))}
        found = theirs_in(own, sections, asker=f"{shared} info/exclude", ours=partial(ours_in, start, ledger), paths={})
        return uncovered(seen, theirs.union(*found.values()))
    except StateError:
        return ()  # told when it is to be changed


def uncovered(before: Exclude, theirs: frozenset[bytes]) -> tuple[str, ...]:
    """The paths of what was hidden `before` by lines of other worktrees, and is not, now that it is known as theirs."""
    return tuple(path_of(os.fsdecode(line)) for line in sorted((theirs & before.covering) - before.private_elsewhere))


def notes_about(start: Start, seen: Exclude) -> tuple[str, ...]:
    """What is told of the other worktrees of a repository: what git hides for them, or shows. Raises StateError."""
    return (*_hidden_all_the_same(seen), *_shown_all_the_same(start, seen))


def notes_now(start: Start) -> tuple[str, ...]:
    """The same, for who only looks."""
    try:
        return notes_about(start, start.exclude())
    except StateError:
        return ()  # told when it is to be changed


def _shown_all_the_same(start: Start, seen: Exclude) -> tuple[str, ...]:
    """Sentences about outputs that git shows, since another worktree has something else under that name."""
    if start.repository is None or not (shown := seen.shown_for):
        return ()
    roots = {name: str(root) for name, root in others(start, start.repository, seen).items()}
    return tuple(
        f"git shows {', '.join(lines)} here, since you have something of your own there in "
        f"{roots.get(name, 'another worktree')}, which must not be hidden. git worktree remove wants --force here"
        for name, lines in sorted(shown.items())
    )


def _hidden_all_the_same(seen: Exclude) -> tuple[str, ...]:
    """A sentence about what is not ours, and git does not show, since another worktree keeps something private under
    that name. Raises StateError."""
    if not (lines := seen.hidden_elsewhere):
        return ()
    why = "since another worktree keeps something private under that name"
    then = "A switch to a branch that has such a file replaces yours: commit it, or keep a copy"
    return (f"git does not show that you have {', '.join(lines)} here, {why}. {then}",)
