"""One sync of one project, top to bottom.

    lock → has anything changed? → recover → let git settle → survey and plan → link and record → remember

All plans and all conflict checks come before the first write. Nothing changed means no write at all.
"""

from __future__ import annotations

from harnesssync_orchestrator.core.plan import HaltReason
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.service.engine import Engine, Options, SyncResult
from harnesssync_orchestrator.service.run import Run


async def sync(project: Project, engine: Engine, options: Options | None = None) -> SyncResult:
    """Sync one project, or, with `dry_run`, say what a sync would do.

    Raises LockTimeoutError when somebody else syncs it, StateError when its ledger can't be used, and OSError when a
    file of ours can't be written. What goes wrong with one output, item or target is part of the report.
    """
    options = options or Options()
    lock_file = engine.layout.sync_lock(project.id)
    held = engine.locks.held(project.id, lock_file, options.lock_timeout_s, only_to_look=options.dry_run)
    async with held:
        run = await Run.begin(project, engine, options)
        if (remembered := await run.unchanged()) is not None:
            return run.still(remembered)
        await run.recover()
        if not await run.git_settles():
            return run.halted(HaltReason.GIT_BUSY)
        seen = await run.survey()
        if options.dry_run:
            return run.planned(seen)
        outcome = await run.link(seen)
        await run.keep_from_git(seen)
        await run.remember(seen, outcome)
        return run.finished(seen, outcome)


__all__ = ["Engine", "Options", "SyncResult", "sync"]
