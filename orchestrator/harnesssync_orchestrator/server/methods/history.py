"""`history`: the transactions that can still be taken back."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"projects": [{"id", "path", "history": [transaction…]}…]}`, newest first."""
    supervisor = context.supervisor
    projects = [
        {"id": identifier, "path": supervisor.path_of(identifier), "history": await supervisor.history(identifier)}
        for identifier in context.projects()
    ]
    return encode({"projects": projects})
