"""The end of a sync: one more look at what was written, which is kept, so that the next sync only has to see that
everything still looks the same.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from harnesssync_orchestrator.errors import HarnessSyncError, StateError
from harnesssync_orchestrator.files import whereabouts
from harnesssync_orchestrator.files.hashing import RACY_NS
from harnesssync_orchestrator.files.marking import marks_to_note
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.service.survey import Survey

if TYPE_CHECKING:
    from harnesssync_orchestrator.service.run import Run


async def remember(run: Run, seen: Survey) -> None:
    """Look once more at what was written, and keep that look, if then nothing is left to do.

    The wait before the look lets the clock of the file system tick: a change right after ours then shows. A sync that
    nobody asked for does not wait: it leaves the look to a later one, since one edit often follows another.
    """
    if not may_be_remembered(run, seen) or run.start.memory.unconfirmed is not None or run.looking.has_recalled:
        return
    if not run.outcome.done:
        await run.start.in_thread(_keep, run, seen)
        return
    await run.engine.without_place(2 * RACY_NS / 1e9)  # the file system's clock ticks
    again = await run.start.in_thread(_look_again, run, seen)
    if again is not None:
        # Sources that were written a moment before they were read: what they say now, they will still say later.
        source = await run.looking.source()
        if (source.digest, source.problems) == (again.source.digest, again.source.problems):
            await run.start.in_thread(_keep_later, run, again)


def note_whereabouts(run: Run) -> None:
    """Note where the worktree is, to know it again when it is moved, and which repository its approvals are for, where
    that was not noted. Blocking. What fails is tried again."""
    _note_marks(run)
    try:
        whereabouts.note(run.engine.layout, run.project.path)
    except OSError as error:
        message = f"where it is can't be noted, to know it again after a move: {error.strerror or error}"
        hint = "Make room there, and give yourself the right to write; then sync again"
        place = str(run.engine.layout.whereabouts_dir)
        run.outcome.fail(StateError(message, code="state_unwritable", path=place, hint=hint), path=place)


def _note_marks(run: Run) -> None:
    """Nobody is waited for, and nothing is told: the approval holds all the same."""
    layout = run.engine.layout
    with suppress(OSError, HarnessSyncError):
        if found := marks_to_note(run.project, run.start.repository):
            Registry(layout.registry_file, layout.registry_lock).note_marks(found, timeout=0)


def may_be_remembered(run: Run, seen: Survey) -> bool:
    """Did it go well, for all targets, and was everything known that it went by?"""
    unanswered = any(problem.code == "git_failed" for problem in seen.problems)
    return not (run.outcome.failures or run.start.options.targets or seen.plan.halt or unanswered)


def _look_again(run: Run, seen: Survey) -> Survey | None:
    """Keep this look, or give it back where the sources have to be looked at once more before."""
    hidden, theirs = seen.plan.exclude, seen.plan.theirs
    seen = run.looking.again(seen, run.ledger)
    if run.looking.outputs.uncertain:
        return None
    if (seen.plan.exclude, seen.plan.theirs) != (hidden, theirs):
        run.keep_from_git(seen)  # a merged file is ours alone again, without somebody's edit of a key
    return None if _keep(run, seen) else seen


def _keep_later(run: Run, seen: Survey) -> None:
    run.looking.watch_sources()
    _keep(run, seen)


def _keep(run: Run, seen: Survey) -> bool:
    """Keep what was seen, if nothing is left to do. False if it may have changed meanwhile: then it is not kept."""
    notes = (*seen.consent(run.start.targets), *run.hiding.notes)
    footprint = run.looking.footprint(seen, notes, run.outcome.paths(run.root))
    if not seen.plan.is_empty or _would_halt(run, seen):
        return True
    if not footprint.settled:
        return False
    try:
        run.start.memory.save(footprint)
    except OSError as error:
        folder = run.engine.layout.project_dir(run.project.id)
        run.notes.append(
            f"Another process may have to read everything again, since nothing can be kept in {folder}: "
            f"{error.strerror or error}. Make room there, and give yourself the right to write"
        )
    return True


def _would_halt(run: Run, seen: Survey) -> bool:
    """May a sync that is not confirmed have something else to say?"""
    hides = any(problem.hides for problem in seen.source.problems)
    return run.start.options.confirmed and (hides or bool(seen.plan.conflicts))
