"""`diff`: what a sync would do."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.methods.sync import reports
from harnesssync_orchestrator.service.engine import Options


async def answer(context: Context) -> bytes:
    """`{"projects": [report…]}`, as a dry run. Nothing is written, and what is published stays."""
    options = Options(dry_run=True, lock_timeout_s=context.supervisor.lock_timeout_s)
    return await reports(context.supervisor, context.projects(), options)
