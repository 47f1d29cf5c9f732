"""`history`: the transactions that can still be taken back."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"projects": [{"id", "path", "history": [transaction…], "problems"}…]}`, newest first."""
    return encode({"projects": [await context.supervisor.history(each) for each in context.projects()]})
