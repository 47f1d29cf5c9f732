"""`pause`: let projects not be synced by themselves."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"projects": [{"id", "path", "scope", "paused"}…]}`. A sync that is asked for still takes place."""
    rows = []
    for project in context.projects():
        paused = await context.supervisor.registration.pause(project, paused=True)
        rows.append({"id": project, "path": paused.path, "scope": paused.scope.value, "paused": True})
    return encode({"projects": rows})
