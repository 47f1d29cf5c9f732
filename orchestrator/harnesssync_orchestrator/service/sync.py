"""One sync of one project, top to bottom.

    lock → its place among those in flight → is it paused? → has anything changed? → whose is it? → recover →
    let git settle → survey and plan → adopt edits → keep what is there → keep from git → link and record → remember

All plans and all conflict checks come before the first write. Nothing changed means no write at all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.halts import HaltReason
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.trust import Standing
from harnesssync_orchestrator.files import echo
from harnesssync_orchestrator.files.extent import is_small
from harnesssync_orchestrator.files.turns import in_turn
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.engine import Engine, Options, SyncResult
from harnesssync_orchestrator.service.going import is_going
from harnesssync_orchestrator.service.start import Start

if TYPE_CHECKING:
    from harnesssync_orchestrator.service.run import Run

HALF_WRITTEN = frozenset({HaltReason.SOURCE_UNPARSABLE, HaltReason.SOURCE_EMPTIED})
"""What a source looks like for a moment, while a program that has emptied a file writes it."""
WRITTEN_S = 0.1
"""After so long it is no such moment."""


async def sync(project: Project, engine: Engine, options: Options | None = None) -> SyncResult:
    """Sync one project, or, with `dry_run`, say what a sync would do.

    Raises LockTimeoutError when somebody else syncs it, StateError when its ledger can't be used, and OSError when a
    file of ours can't be read. What goes wrong with one output, item or target is part of the report.
    """
    options = options or Options()
    lock_file = engine.layout.sync_lock(project.id)
    held = engine.locks.held(project.id, lock_file, options.lock_timeout_s, only_to_look=options.dry_run)
    # The place among the syncs in flight comes second: whoever waits for another process's lock takes nobody's.
    async with held, engine.in_place(urgent=options.urgent, new=await _is_small(project, engine, options)) as mine:
        return await _in_its_place(project, mine, options.up_to_date())


async def _is_small(project: Project, engine: Engine, options: Options) -> bool:
    """Is it new, and soon done?"""
    if not options.new or options.urgent:
        return False
    return await threads.run_sync(partial(is_small, project.path), limiter=engine.limits.urgent)


async def _in_its_place(project: Project, engine: Engine, options: Options) -> SyncResult:
    begun = await threads.run_sync(partial(in_turn, _begin, project, engine, options), limiter=engine.limits.hashing)
    if isinstance(begun, SyncResult):
        return begun
    run, start = begun, begun.start
    if start.trust.standing is Standing.FOREIGN:
        return run.halted(HaltReason.FOREIGN_OWNER)
    if not await run.git_settles():
        return run.halted(HaltReason.GIT_BUSY)
    seen = await run.survey()
    if options.automatic and seen.plan.halt in HALF_WRITTEN:
        await engine.without_place(WRITTEN_S)
        seen = await run.survey()
    if options.automatic and seen.plan.drift[Drift.MISSING] and await is_going(run, seen):
        return run.halted(HaltReason.GIT_BUSY)
    seen = await run.adopt(seen)
    if options.dry_run:
        return await run.planned(seen)
    seen = await run.write(seen)
    await run.remember(seen)
    return run.finished(seen)


async def is_echo(project: Project, engine: Engine, changed: frozenset[str]) -> bool:
    """Has nothing changed but what the last sync wrote itself, and is that as it left it? Then there is nothing to do.

    Asked without the project's lock and without a place among the syncs in flight: nothing is done about it.
    """
    own = engine.memories.of(project.id, engine.layout).unconfirmed
    if own is None or not changed <= own.keys():
        return False
    return await threads.run_sync(partial(in_turn, echo.is_echo, changed, own), limiter=engine.limits.ledgers)


def _begin(project: Project, engine: Engine, options: Options) -> Run | SyncResult:
    """What there is to do; the result, if that is nothing. Blocking."""
    start = Start.load_now(project, engine, options)
    if (result := start.nothing_to_do()) is not None:
        return result
    # What reads and writes takes as long to import as a whole sync of a project in which nothing has changed.
    from harnesssync_orchestrator.service.run import Run  # noqa: PLC0415 - see above

    run = Run.begin(start)
    if start.trust.standing is not Standing.FOREIGN:
        run.recover()
        run.look()
    return run


__all__ = ["Engine", "Options", "SyncResult", "is_echo", "sync"]
