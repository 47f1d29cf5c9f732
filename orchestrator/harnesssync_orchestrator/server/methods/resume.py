"""`resume`: go on with projects that were paused or have halted."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.methods.sync import reports
from harnesssync_orchestrator.service.engine import Options


async def answer(context: Context) -> bytes:
    """`{"projects": [report…]}` of syncs that a person has confirmed: what halted them is done now."""
    projects = context.projects()
    for project in projects:
        await context.supervisor.registration.pause(project, paused=False)
    options = Options(confirmed=True, lock_timeout_s=context.supervisor.lock_timeout_s)
    return await reports(context.supervisor, projects, options)
