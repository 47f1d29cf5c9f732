"""`stop`: end the supervisor, after what is in hand."""

from __future__ import annotations

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"stopping": true}`. The connection closes when it has stopped."""
    context.supervisor.stop("request")
    return encode({"stopping": True})
