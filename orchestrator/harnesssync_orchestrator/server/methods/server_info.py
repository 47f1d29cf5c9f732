"""`server.info`: which protocol is spoken here, and which methods there are."""

from __future__ import annotations

import os

from harnesssync_orchestrator.protocol.messages import PROTOCOL_VERSION
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.snapshot import encode


async def answer(context: Context) -> bytes:
    """`{"version", "protocol", "capabilities", "pid", "project"}`; `project` is null on the control socket."""
    return encode(
        {
            "version": context.supervisor.version,
            "protocol": PROTOCOL_VERSION,
            "capabilities": sorted(context.allowed),
            "pid": os.getpid(),
            "project": context.scope,
        }
    )
