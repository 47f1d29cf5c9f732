"""`status`: what is published. No lock is taken and no disk is read."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context


async def answer(context: Context) -> bytes:
    """`{"supervisor", "projects": [report + {"status": "running"}…]}`, of one project or of all."""
    return context.supervisor.board.status(context.project())
